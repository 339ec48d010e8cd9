"""What a scoreboard does with what it finds in the log, and what it says of it."""

import json
import threading
from functools import cache

import pytest
from sqlalchemy import Connection

from handlers.exits import Exit
from handlers.scoreboard import life, writer
from handlers.scoreboard.projection import Applied, Received, project
from handlers.scoreboard.service import Scoreboard, rebuild_by_other
from handlers.scoreboard.standing import Standing
from handlers.scoreboard.writer import Writer
from tests.handlers.simulate.fold import perform
from tests.scoreboard.feed import Feed
from tests.scoreboard.running import (
    Running,
    await_full,
    await_that,
    no_pages,
    running,
    settings_of,
    stands,
)
from tests.scoreboard.stored import assert_same, tables


@cache
def facts() -> tuple[bytes, ...]:
    return tuple(perform(3, 4, 60).values)


def story() -> list[bytes]:
    """The facts of the lead that has most to tell."""
    by_lead: dict[str, list[bytes]] = {}
    for fact in facts():
        by_lead.setdefault(json.loads(fact)["subject"], []).append(fact)
    return max(by_lead.values(), key=len)


def ends(feed: Feed, url: str) -> dict[int, int]:
    return {int(row[1]): int(row[2]) for row in feed.undisturbed(url)["offsets"]}


def metric(board: Running, name: str) -> float:
    lines = board.get("/metrics")[1].splitlines()
    return float(next(line.split()[-1] for line in lines if line.startswith(name)))


def test_a_missed_fact_is_found_by_reading_again(
    feed: Feed, sqlite_url: str, other_url: str
) -> None:
    feed.commit(facts()[:400])
    expected = feed.undisturbed(other_url)
    forget(feed, sqlite_url, story()[2])

    with running(settings_of(feed, sqlite_url)) as board:
        await_that(lambda: metric(board, "baton_scoreboard_healed_facts_total") == 1)
        await_that(lambda: stands(sqlite_url, feed).gaps == 0)

    assert_same(tables(sqlite_url), expected)


def test_a_fact_that_is_nowhere_is_given_up_and_counted(feed: Feed, sqlite_url: str) -> None:
    feed.commit([fact for fact in story() if fact is not story()[2]])

    with running(settings_of(feed, sqlite_url)) as board:
        await_that(lambda: stands(sqlite_url, feed).leapt == 1)
        await_that(lambda: metric(board, "baton_scoreboard_leapt_leads") == 1)

    (lead,) = tables(sqlite_url)["leads"]
    assert lead[2] == len(story())
    assert stands(sqlite_url, feed).gaps == 0


def test_what_is_no_fact_is_kept_beside_and_told(
    feed: Feed, sqlite_url: str, caplog: pytest.LogCaptureFixture
) -> None:
    feed.commit(facts()[:20])
    feed.write(b"l-1", b"{broken")
    feed.write(b"l-1", None)
    feed.write(b"l-1", facts()[0].replace(b"lead.arrived.v1", b"lead.new_in_2030.v9"))
    feed.commit(facts()[20:40])

    with running(settings_of(feed, sqlite_url)) as board:
        await_that(lambda: len(tables(sqlite_url)["facts"]) == 40)
        await_that(lambda: metric(board, "baton_scoreboard_unreadable_records") == 3)
        counted = metric(board, 'baton_scoreboard_facts_total{kind="unreadable"}')

    kept = {(row[3], row[4]) for row in tables(sqlite_url)["unreadable"]}
    assert counted == 3
    assert (b"l-1", b"{broken") in kept
    assert "records are no facts, and are set aside" in caplog.text


def test_a_fact_that_breaks_the_telling_is_set_aside_and_all_others_are_told(
    feed: Feed, sqlite_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    feed.commit(facts()[:40])
    bad = facts()[17]

    def breaks(connection: Connection, batch: list[Received]) -> Applied:
        if any(one.value == bad for one in batch):
            raise KeyError("a defect")
        return project(connection, batch)

    monkeypatch.setattr(writer, "project", breaks)
    with running(settings_of(feed, sqlite_url)):
        await_that(lambda: len(tables(sqlite_url)["facts"]) == 39)
        await_that(lambda: stands(sqlite_url, feed).is_full)
        await_that(lambda: stands(sqlite_url, feed).gaps == 0)

    ((*_, reason, _, value),) = tables(sqlite_url)["unreadable"]
    assert reason == "it cannot be told: KeyError: 'a defect'"
    assert value == bad


def test_a_definition_is_read_when_facts_name_it(feed: Feed, sqlite_url: str) -> None:
    with running(settings_of(feed, sqlite_url)):
        feed.commit(facts()[:10])
        await_that(lambda: len(tables(sqlite_url)["facts"]) == 10)

    assert len(tables(sqlite_url)["policies"]) == 1


def test_it_says_what_it_does_to_machines(feed: Feed, sqlite_url: str) -> None:
    feed.commit(facts()[:100])

    with running(settings_of(feed, sqlite_url)) as board:
        await_that(lambda: board.get("/health/ready") == (200, "reading, 0 records behind\n"))
        live = board.get("/health/live")
        read = board.get("/metrics")[1]

    assert live[0] == 200
    for line in (
        'baton_scoreboard_facts_total{kind="new"} 100.0',
        'baton_scoreboard_lag_records{partition="0"} 0.0',
        'baton_scoreboard_lag_records{partition="1"} 0.0',
        "baton_scoreboard_gap_leads 0.0",
        "baton_scoreboard_ready 1.0",
        "baton_scoreboard_filling_share 1.0",
    ):
        assert line in read.splitlines()
    assert "baton_scoreboard_batch_seconds_count" in read


def test_the_one_that_runs_rebuilds_and_says_how_far_it_is(
    feed: Feed, sqlite_url: str, other_url: str
) -> None:
    feed.commit(facts()[:400])
    expected = feed.undisturbed(other_url)
    settings = settings_of(feed, sqlite_url)
    told: list[Standing] = []

    with running(settings) as board:
        await_full(sqlite_url, feed, ends(feed, other_url))
        code = rebuild_by_other(settings, board.stopping, told.append)
        read = metric(board, 'baton_scoreboard_facts_total{kind="new"}')

    assert code is Exit.OK
    assert read == 2 * len(expected["facts"])
    assert told[0].rebuild_asked
    assert_same(tables(sqlite_url), expected)


def test_where_none_runs_whoever_asks_rebuilds_and_ends(
    feed: Feed, sqlite_url: str, other_url: str
) -> None:
    feed.commit(facts()[:200])
    expected = feed.undisturbed(other_url)
    settings = settings_of(feed, sqlite_url)
    stale = Writer(sqlite_url, feed.topics.lifecycle, lambda: 0)
    stale.open(0)
    stale.belong_to("a topic that is gone")
    stale.set_aside(Received(0, 50_000, b"k", b"v"), "left over")
    stale.close()
    running_alone = Scoreboard(settings, install=no_pages)

    asked = rebuild_by_other(settings, threading.Event(), lambda _: None)
    code = running_alone.run(threading.Event(), until_full=True, fresh=True)

    assert asked is None
    assert code is Exit.OK
    assert_same(tables(sqlite_url), expected)


def test_a_database_of_another_topic_is_left_alone(
    feed: Feed, sqlite_url: str, caplog: pytest.LogCaptureFixture
) -> None:
    stale = Writer(sqlite_url, feed.topics.lifecycle, lambda: 0)
    stale.open(0)
    stale.belong_to("a topic that is gone")
    stale.close()

    code = Running(settings_of(feed, sqlite_url)).ended()

    assert code is Exit.DATABASE
    assert "or run `baton scoreboard rebuild`" in caplog.text


def test_two_databases_in_one_group_are_told_apart(
    feed: Feed,
    sqlite_url: str,
    other_url: str,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    monkeypatch.setattr(life, "SHARED_SECONDS_MAX", 1.0)

    both = [Running(settings_of(feed, url)) for url in (sqlite_url, other_url)]
    await_that(lambda: any(one.code is not None for one in both))
    codes = {one.code for one in both if one.code is not None}
    for one in both:
        one.stop()

    assert codes == {Exit.ERROR}
    assert "give each database a BATON_SCOREBOARD_GROUP of its own" in caplog.text


@pytest.mark.parametrize(
    ("more", "sentence", "code"),
    [
        ({"scoreboard_host": "0.0.0.0"}, "would show the page to whoever", Exit.USAGE),  # noqa: S104
        ({"topics_prefix": "none-of-these."}, "there is no topic none-of-these.lead", Exit.ERROR),
    ],
)
def test_what_cannot_begin_says_why(
    feed: Feed,
    sqlite_url: str,
    more: dict[str, object],
    sentence: str,
    code: Exit,
    caplog: pytest.LogCaptureFixture,
) -> None:
    assert Running(settings_of(feed, sqlite_url, **more)).ended() is code
    assert sentence in caplog.text


def test_a_port_that_is_taken_is_told(
    feed: Feed, sqlite_url: str, other_url: str, caplog: pytest.LogCaptureFixture
) -> None:
    with running(settings_of(feed, sqlite_url)) as first:
        taken = int((first.board.address or "").rsplit(":", 1)[1])
        second = settings_of(feed, other_url, scoreboard_port=taken, scoreboard_group="another")
        code = Running(second).ended()

    assert code is Exit.ERROR
    assert f"the page cannot be served on 127.0.0.1:{taken}" in caplog.text


def forget(feed: Feed, url: str, missed: bytes) -> None:
    """Fill a database with all of the log but one fact, as if it had been stepped over."""
    feed.undisturbed(url)
    board = Writer(url, feed.topics.lifecycle, lambda: 0)
    board.open(0)
    known = tables(url)
    board.empty()
    rows = [row for row in known["facts"] if row[5] != missed]
    assert len(rows) == len(known["facts"]) - 1
    policies = {str(row[0]): bytes(row[1]) for row in known["policies"]}
    board.keep_policies(policies)
    partitions = {str(row[0]): int(row[1]) for row in known["leads"]}
    told = sorted(rows, key=lambda row: (str(row[0]), int(row[1])))
    board.apply([Received(partitions[str(row[0])], 0, None, bytes(row[5])) for row in told])
    board.go_on({int(row[1]): int(row[2]) for row in known["offsets"]})
    board.close()
