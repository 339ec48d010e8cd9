"""Fault 1: SIGKILL at fifty points, those that hurt most among them; readers cannot tell."""

import shutil
from collections import Counter
from pathlib import Path
from random import Random

import pytest

from deploy.kafka import Kafka
from events.topics import Topics
from handlers.faults import Point
from tests.e2e.harness import Follower, Site, append, await_that, worker
from tests.e2e.reference import recent
from tests.faults.lives import (
    KILLED,
    assert_undisturbed,
    await_end,
    filled,
    old_records,
    static,
    taken,
)
from tests.faults.tried import tried

SEED = 4
KILLS = 50
BATCH = 10
AT_LEAST = 3
"""Kills at each point."""
HALF = 0.5


@tried("a worker killed at eight points of its loop", KILLS)
def test_fifty_kills_leave_no_trace_in_what_readers_see(
    kafka: Kafka, topics: Topics, tmp_path: Path
) -> None:
    chance = Random(SEED)
    store, older = tmp_path / "store", tmp_path / "older"
    old, log = old_records(recent().log), recent().log
    site = filled(kafka, topics, log[:old])
    with worker(site, store, properties=static("w1")) as one:
        await_end(site, [one])
        assert one.stop() == 0
    shutil.copytree(store, older)
    append(site, log[old:])
    struck: Counter[str] = Counter()
    kept: Counter[bool] = Counter()
    points = [*Point] * (KILLS // len(Point) + 1)
    chance.shuffle(points)

    for number, point in enumerate(points[:KILLS]):
        fresh = False
        count = chance.choice((1, 2, 3))
        if point in {Point.RESTORING, Point.RESTORED}:
            # All leads so far have to come from the changelog, or those since the older copy.
            fresh = chance.random() < HALF
            count = 1
            shutil.rmtree(store)
            if not fresh:
                shutil.copytree(older, store)
        # How far a life goes at most: the story has to last for all of them.
        end = old + (len(log) - old) * (number + 1) // (KILLS + 2)
        ended_at, said = life(site, store, f"{point}:{count}:kill", end)
        struck[ended_at] += 1
        kept["restoring in full" not in said] += not fresh
    with worker(site, store, properties=static("w1")) as one:
        await_end(site, [one])
        assert one.stop() == 0

    assert_undisturbed(site)
    assert struck.total() == KILLS
    assert min(struck[point] for point in Point) >= AT_LEAST, struck
    assert kept[True] > kept.total() * HALF, kept


def life(site: Site, directory: Path, fault: str, end: int) -> tuple[str, str]:
    """One life; returns where it ended, and what it said: ``anywhere`` is as far as it may come."""
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
            return "anywhere", one.child.tail()
        if code != KILLED:
            pytest.fail(f"{fault}: ended with {code}\n{one.child.tail()}")
        return fault.partition(":")[0], one.child.tail()
