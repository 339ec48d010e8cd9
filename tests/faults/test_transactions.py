"""Fault 5: transactions that somebody else ends, and a coordinator that does not answer."""

import os
import signal
import time
from pathlib import Path

from deploy.kafka import Kafka
from events.topics import Topics
from handlers.exits import Exit
from tests.e2e.harness import Follower, RunningWorker, append, await_that, counted
from tests.e2e.reference import recent
from tests.faults.lives import (
    Crew,
    agreed,
    assert_undisturbed,
    await_halt,
    await_seconds,
    await_story,
    filled,
    go_on,
    metric,
    pieces,
    supervised,
    taken,
)
from tests.faults.tried import tried

BATCH = 120
ABORTED = ("begun", "folded", "sent")
OVERDUE = ("begun", "folded", "ticking", "sent")
TWINS = 3
AWAY_SECONDS = 30.0


@tried("a transaction aborted under the worker", len(ABORTED))
def test_a_batch_whose_transaction_was_aborted_is_taken_again(
    kafka: Kafka, topics: Topics, tmp_path: Path
) -> None:
    site = filled(kafka, topics)
    with Crew(site, tmp_path, batch_messages_max=BATCH, tick_leads_max=30) as crew:
        for number, point in enumerate(ABORTED, start=1):
            one = crew.start("w1", fault=f"{point}:5:abort")
            await_aborted_and_going_on(one)
            if number < len(ABORTED):
                # In order: a successor that meets an open transaction is another test's matter.
                assert one.stop() == Exit.OK
                crew.bury("w1")
        await_story(site, crew.workers)

    assert_undisturbed(site)


def await_aborted_and_going_on(one: RunningWorker) -> None:
    """Return once it has committed again what was aborted once."""
    one.await_ready()
    aborted, taken_ = "baton_aborted_transactions_total", "baton_batch_messages_count"
    await_that(lambda: metric(one, aborted) == 1 and metric(one, taken_) > 4, 60, "going on", [one])


@tried("a transaction aborted under the worker", len(OVERDUE))
def test_a_transaction_that_took_too_long_fences_its_worker(
    kafka: Kafka, topics: Topics, tmp_path: Path
) -> None:
    site = filled(kafka, topics)
    hasty = {"transaction.timeout.ms": "1500", "session.timeout.ms": "20000"}
    with Crew(site, tmp_path, batch_messages_max=BATCH, tick_leads_max=30) as crew:
        for point in OVERDUE:
            one = crew.start("w1", hasty | {"group.instance.id": "w1"}, fault=f"{point}:3:stop")
            await_halt(one)
            # The broker looks for such transactions once a second.
            await_seconds(4)
            go_on(one)
            if await_fenced_or_going_on(one):
                crew.kill("w1")
            else:
                assert crew.bury("w1") == Exit.FENCED, crew.last_words
        crew.start("w1", {"group.instance.id": "w1"})
        await_story(site, crew.workers)

    assert_undisturbed(site)


def await_fenced_or_going_on(one: RunningWorker) -> bool:
    """Return whether it goes on: what it had not sent yet timed out, and was taken again."""

    def settled() -> bool:
        return one.child.exited() is not None or metric(one, "baton_batch_messages_count") > 3

    await_that(settled, 60, "fenced or going on")
    return one.child.exited() is None


@tried("a second worker of the same name", TWINS)
def test_a_worker_is_fenced_by_another_of_its_name_and_ends(
    kafka: Kafka, topics: Topics, tmp_path: Path
) -> None:
    site = agreed(kafka, topics)
    with (
        Crew(site, tmp_path / "one", batch_messages_max=BATCH) as crew,
        Crew(site, tmp_path / "two", batch_messages_max=BATCH) as other,
    ):
        crew.start("w1").await_ready()
        for number, piece in enumerate(pieces(TWINS)):
            # The one is in the middle of it when the other comes.
            old, new = (crew, other) if number % 2 == 0 else (other, crew)
            new.start("w1").await_ready()
            append(site, piece)
            assert old.bury("w1") == Exit.FENCED, old.last_words
        await_story(site, crew.workers + other.workers)

    assert_undisturbed(site)


@tried("the coordinator does not answer")
def test_a_coordinator_that_does_not_answer_is_waited_for_but_holds_up_no_end(
    kafka: Kafka, topics: Topics, tmp_path: Path
) -> None:
    site = filled(kafka, topics)
    with (
        Crew(site, tmp_path, batch_messages_max=20, tick_leads_max=30) as crew,
        Follower(site) as follower,
    ):
        one = crew.start("w1", {"group.instance.id": "w1"})
        crew.start("w2", {"group.instance.id": "w2"}).await_ready()
        await_that(lambda: taken(site, follower) > 300, 60, "started", [one])
        assert kafka.pid is not None
        os.kill(kafka.pid, signal.SIGSTOP)
        try:
            away_until = time.monotonic() + AWAY_SECONDS
            crew.start("w3")
            # Whoever is asked to end does, at work or while it starts, and waits for no answer.
            for name in ("w2", "w3"):
                await_log(crew.running[name])
                assert crew.stop(name) in {Exit.OK, Exit.ERROR, Exit.FENCED}, crew.last_words
                assert "Traceback" not in crew.last_words
            await_seconds(max(away_until - time.monotonic(), 0), [one])
        finally:
            os.kill(kafka.pid, signal.SIGCONT)
        # Its transaction is over time by then: it may have to end, and its supervisor starts it.
        await_that(
            lambda: taken(site, follower) > 300 or one.child.exited() is not None, 60, "an answer"
        )
        if one.child.exited() is not None:
            assert crew.bury("w1") == Exit.FENCED, crew.last_words
            crew.start("w1", {"group.instance.id": "w1"})
        supervised(crew, counted(recent().log))

    assert_undisturbed(site)


def await_log(one: RunningWorker) -> None:
    """Return once it has begun to listen, and to be heard: by then it minds its signals."""
    await_that(lambda: one._get("/health/live")[0] == 200, 30, "alive", [one])
