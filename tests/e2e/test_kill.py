"""A worker ended by SIGKILL at any moment and started again: nobody can tell from what it wrote."""

import time
from pathlib import Path
from random import Random

from deploy.kafka import Kafka
from events.topics import Topics
from tests.e2e.harness import (
    Follower,
    RunningWorker,
    Site,
    Views,
    append,
    assert_comes_to,
    await_read,
    await_that,
    counted,
    site_of,
    views,
    worker,
)
from tests.e2e.reference import define, story

SEED = 3
KILLS = 10
SOON = {"session.timeout.ms": "1500", "heartbeat.interval.ms": "400"}
"""How soon the group gives a dead member's partitions to the next."""


def test_ten_kills_leave_no_trace_in_what_readers_see(
    kafka: Kafka, topics: Topics, tmp_path: Path
) -> None:
    chance = Random(SEED)
    site = filled(kafka, topics)
    moments = sorted(chance.randrange(len(story().log) * 9 // 10) for _ in range(KILLS))

    for number, moment in enumerate(moments):
        # Now and then the local store is lost as well.
        directory = tmp_path / ("store" if chance.random() < 0.7 else f"store-{number}")
        # Small batches: the story has to last for ten workers.
        with worker(
            site, directory, properties=SOON, batch_messages_max=120, tick_leads_max=20
        ) as one:
            await_taken(site, moment, one)
            await_moment(chance.uniform(0, 0.15), one)
            one.kill()
    with Follower(site) as follower:
        assert sum(follower.committed().values()) < len(story().log), "killed when all was done"
    with worker(site, tmp_path / "store", properties=SOON) as one:
        await_read(site, counted(story().log), [one])
        assert one.stop() == 0

    assert_comes_to(site, undisturbed(kafka, Topics(topics.prefix + "calm."), tmp_path))
    assert_comes_to(site, story().views)


def undisturbed(kafka: Kafka, topics: Topics, tmp_path: Path) -> Views:
    """What one worker writes that nobody ends."""
    site = filled(kafka, topics)
    with worker(site, tmp_path / "calm", "calm") as one:
        await_read(site, counted(story().log), [one])
    assert_comes_to(site, story().views)
    return views(site)


def filled(kafka: Kafka, topics: Topics) -> Site:
    """A site with the whole story in its log."""
    site = site_of(kafka, topics)
    define(site)
    append(site, story().log)
    return site


def await_taken(site: Site, count: int, one: RunningWorker) -> None:
    """Return once so many records are committed."""
    with Follower(site) as follower:
        await_that(lambda: sum(follower.committed().values()) > count, 60, f"{count} taken", [one])


def await_moment(seconds: float, one: RunningWorker) -> None:
    """Let the worker come to any point of its batch."""
    until = time.monotonic() + seconds
    await_that(lambda: time.monotonic() >= until, 5, "a moment", [one])
