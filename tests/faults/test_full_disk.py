"""Fault 7: no room left where the local state is; nothing is committed that is not there."""

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from deploy.kafka import Kafka
from events.topics import Topics
from handlers.exits import Exit
from tests.e2e.harness import append, await_read, ends_of
from tests.faults.lives import Crew, agreed, assert_undisturbed, await_story, pieces, static
from tests.faults.tried import tried

ROOM = "8m"


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A directory on a disk of its own that is soon full; needs the right to mount one."""
    folder = tmp_path / "disk"
    folder.mkdir()
    mounting = ["mount", "-t", "tmpfs", "-o", f"size={ROOM}", "tmpfs", str(folder)]
    if os.geteuid() != 0:
        pytest.skip("a small disk can be mounted by root alone")
    done = subprocess.run(mounting, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        pytest.skip(f"no small disk can be mounted here: {done.stderr.strip()}")
    try:
        yield folder
    finally:
        subprocess.run(["umount", str(folder)], check=True)  # noqa: S607 - wherever it is


@tried("the disk of the local state is full", 2)
def test_a_full_disk_stops_the_worker_and_room_lets_it_go_on(
    kafka: Kafka, topics: Topics, small_disk: Path
) -> None:
    site = agreed(kafka, topics)
    first, second, third = pieces(3)
    ballast = small_disk / "ballast"
    with Crew(site, small_disk, batch_messages_max=200, tick_leads_max=30) as crew:
        one = crew.start("w1", static("w1"))
        await_read(site, ends_of(first, append(site, first)), [one])

        # Full while it works.
        fill(ballast)
        append(site, second)
        assert crew.bury("w1") == Exit.ERROR, crew.last_words
        assert "no room left for the local store" in crew.last_words, crew.last_words
        # And still full when it is started again.
        one = crew.start("w1", static("w1"))
        assert crew.bury("w1") == Exit.ERROR, crew.last_words
        assert "no room left for the local store" in crew.last_words, crew.last_words

        ballast.unlink()
        crew.start("w1", static("w1"))
        append(site, third)
        await_story(site, crew.workers)
        assert crew.stop("w1") == Exit.OK

    assert_undisturbed(site)


def fill(file: Path) -> None:
    """Write until nothing fits any more."""
    with file.open("wb", buffering=0) as ballast:
        for size in (65_536, 4_096):
            try:
                while True:
                    ballast.write(bytes(size))
            except OSError:
                continue
