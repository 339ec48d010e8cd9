"""Fault 2: members that join, leave, fall silent and come back; nothing is told twice."""

from pathlib import Path
from random import Random

from deploy.kafka import Kafka
from events.topics import Topics
from handlers.exits import Exit
from tests.e2e.harness import RunningWorker, Sent, append, await_read, await_that, ends_of, site_of
from tests.e2e.reference import define, recent
from tests.faults.lives import (
    Crew,
    assert_undisturbed,
    await_halt,
    await_story,
    go_on,
)

SEED = 9
CHANGES = 12
"""How often somebody joins or leaves."""
IMPATIENT = {"max.poll.interval.ms": "2000", "transaction.timeout.ms": "3000"}
SILENCES = (
    # Halted whole, or only the deciding thread, which is when the client leaves the group ...
    "applied:3:stop",
    "applied:3:pause",
    # ... with an open transaction that does not know its offsets, or does.
    "folded:3:stop",
    "folded:3:pause",
    "sent:3:stop",
    "sent:3:pause",
)


def pieces(count: int) -> list[list[Sent]]:
    """The story in so many pieces."""
    log = recent().log
    step = len(log) // count + 1
    return [list(log[at : at + step]) for at in range(0, len(log), step)]


def test_two_and_three_workers_join_and_leave_during_load(
    kafka: Kafka, topics: Topics, tmp_path: Path
) -> None:
    chance = Random(SEED)
    site = site_of(kafka, topics)
    define(site)
    with Crew(site, tmp_path, batch_messages_max=50, tick_leads_max=3) as crew:
        crew.start("w1")
        for piece in pieces(CHANGES):
            append(site, piece)
            away = sorted({"w1", "w2", "w3"} - crew.running.keys())
            if away and (len(crew.running) == 1 or chance.random() < 0.5):
                crew.start(chance.choice(away)).await_ready()
            else:
                assert crew.stop(chance.choice(sorted(crew.running))) == Exit.OK
        await_story(site, crew.workers)

    assert_undisturbed(site)


def test_a_worker_that_was_silent_too_long_tells_nothing_twice(
    kafka: Kafka, topics: Topics, tmp_path: Path
) -> None:
    site = site_of(kafka, topics)
    define(site)
    ends: dict[int, int] = {}
    with Crew(site, tmp_path, batch_messages_max=50, tick_leads_max=3) as crew:
        other = crew.start("w2")
        for piece, fault in zip(pieces(len(SILENCES)), SILENCES, strict=True):
            silent = crew.start("w1", IMPATIENT, fault=fault)
            silent.await_ready()
            other.await_ready()
            ends |= ends_of(piece, append(site, piece))
            halted = fault.endswith("stop")
            if halted:
                await_halt(silent)
            # The other takes over and comes to the end, whatever the silent one still holds.
            await_read(site, ends, [other])
            if halted:
                go_on(silent)
            await_back_or_gone(silent)
            if silent.child.exited() is None:
                assert crew.stop("w1") == Exit.OK
            else:
                assert crew.bury("w1") == Exit.FENCED, silent.child.tail()
        await_story(site, [other])

    assert_undisturbed(site)


def await_back_or_gone(one: RunningWorker) -> None:
    """Return once a worker was fenced and ended, or is a member that flows again."""

    def settled() -> bool:
        return one.child.exited() is not None or (
            "partitions lost" in one.child.tail() and one._get("/health/ready")[0] == 200
        )

    await_that(settled, 60, f"{one.name} back or gone")
