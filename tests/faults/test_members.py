"""Fault 2: members that join, leave, fall silent and come back; nothing is told twice."""

from pathlib import Path
from random import Random

from deploy.kafka import Kafka
from events.topics import Topics
from handlers.exits import Exit
from tests.e2e.harness import RunningWorker, append, await_read, await_that, ends_of
from tests.faults.lives import (
    Crew,
    agreed,
    assert_undisturbed,
    await_halt,
    await_seconds,
    await_story,
    go_on,
    pieces,
)
from tests.faults.tried import tried

SEED = 9
CHANGES = 8
"""How often somebody joins or leaves."""
IMPATIENT = {"max.poll.interval.ms": "2000", "transaction.timeout.ms": "3000"}
SILENT_SECONDS = 4.0
"""By then its session is over, its transaction, and the time that it has between two polls."""
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


@tried("workers join and leave under load", CHANGES)
def test_two_and_three_workers_join_and_leave_during_load(
    kafka: Kafka, topics: Topics, tmp_path: Path
) -> None:
    chance = Random(SEED)
    site = agreed(kafka, topics)
    with Crew(site, tmp_path, batch_messages_max=150, tick_leads_max=15) as crew:
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


@tried("a worker silent beyond its session", len(SILENCES))
def test_a_worker_that_was_silent_too_long_tells_nothing_twice(
    kafka: Kafka, topics: Topics, tmp_path: Path
) -> None:
    site = agreed(kafka, topics)
    ends: dict[int, int] = {}
    # Small batches: a piece of one partition has to take three of them, however fast they are.
    with Crew(site, tmp_path, batch_messages_max=40, tick_leads_max=15) as crew:
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
            await_seconds(SILENT_SECONDS, [other])
            await_read(site, ends, [other])
            if halted:
                go_on(silent)
            await_back_or_gone(silent)
            assert crew.stop("w1") in {Exit.OK, Exit.FENCED}, crew.last_words
        await_story(site, [other])

    assert_undisturbed(site)


def await_back_or_gone(one: RunningWorker) -> None:
    """Return once a worker was fenced and ended, or is a member that flows again."""

    def settled() -> bool:
        return one.child.exited() is not None or (
            "partitions lost" in one.child.tail() and one._get("/health/ready")[0] == 200
        )

    try:
        await_that(settled, 30, f"{one.name} back or gone")
    except AssertionError as error:
        raise AssertionError(f"{error}\n{one.child.tail()}") from error
