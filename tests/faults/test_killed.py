"""Fault 1: SIGKILL at fifty points, those that hurt most among them; readers cannot tell."""

from collections import Counter
from pathlib import Path
from random import Random

import pytest

from deploy.kafka import Kafka
from events.topics import Topics
from handlers.faults import Point
from tests.e2e.harness import Follower, Site, await_that, worker
from tests.e2e.reference import recent
from tests.faults.lives import (
    KILLED,
    assert_undisturbed,
    await_end,
    filled,
    static,
    taken,
)
from tests.faults.tried import tried

SEED = 4
KILLS = 50
BATCH = 60
AT_LEAST = 3
"""Kills at each point."""


@tried("a worker killed at eight points of its loop", KILLS)
def test_fifty_kills_leave_no_trace_in_what_readers_see(
    kafka: Kafka, topics: Topics, tmp_path: Path
) -> None:
    chance = Random(SEED)
    site = filled(kafka, topics)
    struck: Counter[str] = Counter()
    points = [*Point] * (KILLS // len(Point) + 1)
    chance.shuffle(points)

    for number, point in enumerate(points[:KILLS]):
        directory = tmp_path / "store"
        if point in {Point.RESTORING, Point.RESTORED} and chance.random() < 0.5:
            # Nothing local is left: the leads so far have to come from the changelog.
            directory = tmp_path / f"store-{number}"
        count = chance.choice((1, 2, 3)) if point not in {Point.RESTORING, Point.RESTORED} else 1
        # How far a life goes at most: the story has to last for all of them.
        end = len(recent().log) * (number + 1) // (KILLS + 2)
        struck[life(site, directory, f"{point}:{count}:kill", end)] += 1
    with worker(site, tmp_path / "store", properties=static("w1")) as one:
        await_end(site, [one])
        assert one.stop() == 0

    assert_undisturbed(site)
    assert struck.total() == KILLS
    assert min(struck[point] for point in Point) >= AT_LEAST, struck


def life(site: Site, directory: Path, fault: str, end: int) -> str:
    """One life; returns the point it ended at, or ``anywhere`` if it came as far as it may."""
    with (
        Follower(site) as follower,
        worker(
            site,
            directory,
            properties=static("w1"),
            batch_messages_max=BATCH,
            tick_leads_max=1,
            fault=fault,
        ) as one,
    ):
        await_that(lambda: one.child.exited() is not None or taken(site, follower) > end, 60, fault)
        code = one.child.exited()
        if code is None:
            one.kill()
            return "anywhere"
        if code != KILLED:
            pytest.fail(f"{fault}: ended with {code}\n{one.child.tail()}")
        return fault.partition(":")[0]
