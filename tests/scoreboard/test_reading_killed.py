"""Whatever ends a scoreboard, and when: the tables are those of a reader whom nobody disturbed."""

import random
import threading
import time
from functools import cache
from pathlib import Path

import pytest

from handlers.exits import Exit
from handlers.scoreboard import database
from tests.handlers.simulate.fold import perform
from tests.scoreboard.feed import Feed
from tests.scoreboard.postgresql import PostgreSQL
from tests.scoreboard.running import (
    BoardProcess,
    Running,
    await_full,
    await_that,
    running,
    settings_of,
    stands,
)
from tests.scoreboard.stored import Tables, assert_same, tables

KILLS = 3


@cache
def facts() -> tuple[bytes, ...]:
    return tuple(perform(5, 8, 200).values)


def finished(feed: Feed, url: str, other_url: str) -> tuple[Tables, Tables]:
    """Let a scoreboard read to the end; return its tables and those of an undisturbed reader."""
    expected = feed.undisturbed(other_url)
    with running(settings_of(feed, url, scoreboard_lock_seconds=10)):
        await_full(url, feed, {int(row[1]): int(row[2]) for row in expected["offsets"]})
        await_that(lambda: stands(url, feed).gaps == 0)
    return tables(url), expected


def test_killed_at_random_moments_while_facts_come(
    feed: Feed, database_url: str, other_url: str, tmp_path: Path
) -> None:
    chance = random.Random(7)
    written = threading.Thread(target=_write_slowly, args=(feed, facts()))
    written.start()
    more = {"BATON_SCOREBOARD_BATCH_FACTS_MAX": "100", "BATON_SCOREBOARD_LINGER_SECONDS": "0.02"}

    for _ in range(KILLS):
        board = BoardProcess(feed, database_url, tmp_path, **more)
        board.await_saying("reading from")
        time.sleep(chance.uniform(0.0, 0.8))
        board.kill()
    written.join()

    assert_same(*finished(feed, database_url, other_url))


def test_a_second_one_by_mistake_writes_nothing_and_ends(
    feed: Feed, database_url: str, other_url: str, tmp_path: Path
) -> None:
    half = len(facts()) // 2
    feed.commit(facts()[:half])
    first = BoardProcess(feed, database_url, tmp_path)
    first.await_saying("reading from")

    second = BoardProcess(feed, database_url, tmp_path, BATON_SCOREBOARD_LOCK_SECONDS="1")
    code = second.ended()
    feed.commit(facts()[half:])
    first_code = first.stop()

    assert code == Exit.DATABASE
    assert "another scoreboard writes to this database already" in second.said
    assert first_code == Exit.OK, first.said
    assert_same(*finished(feed, database_url, other_url))


def test_a_second_one_that_waits_goes_on_where_the_first_was_killed(
    feed: Feed, database_url: str, other_url: str, tmp_path: Path
) -> None:
    feed.commit(facts(), size=200)
    first = BoardProcess(feed, database_url, tmp_path, BATON_SCOREBOARD_BATCH_FACTS_MAX="100")
    first.await_saying("reading from")
    second = BoardProcess(feed, database_url, tmp_path)
    second.await_saying("waiting for its end")

    first.kill()
    second.await_saying("reading from")
    code = second.stop()

    assert code == Exit.OK, second.said
    assert_same(*finished(feed, database_url, other_url))


def test_a_server_that_goes_away_ends_it_and_loses_nothing(
    feed: Feed,
    postgresql: PostgreSQL,
    other_url: str,
    caplog: pytest.LogCaptureFixture,
) -> None:
    url = postgresql.database()
    half = len(facts()) // 2
    feed.commit(facts()[:half])
    board = Running(settings_of(feed, url))
    await_that(lambda: bool(board.board.address) and any(stands(url, feed).offsets.values()))

    postgresql.stop()
    try:
        feed.commit(facts()[half:])
        ended = board.ended()
        started = Running(settings_of(feed, url)).ended()
    finally:
        postgresql.start()

    assert ended is Exit.DATABASE
    assert started is Exit.DATABASE
    assert "the scoreboard's database fails: " in caplog.text
    assert_same(*finished(feed, url, other_url))


def test_a_file_that_cannot_be_written_ends_it_and_loses_nothing(
    feed: Feed,
    sqlite_url: str,
    other_url: str,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    monkeypatch.setattr(database, "BUSY_MS", 300)
    half = len(facts()) // 2
    feed.commit(facts()[:half])
    board = Running(settings_of(feed, sqlite_url))
    await_that(lambda: bool(board.board.address) and any(stands(sqlite_url, feed).offsets.values()))

    engine = database.writing(database.place_of(sqlite_url))
    with engine.begin():
        feed.commit(facts()[half:])
        ended = board.ended()
    engine.dispose()

    assert ended is Exit.DATABASE
    assert "the scoreboard's database fails: database is locked" in caplog.text
    assert_same(*finished(feed, sqlite_url, other_url))


def _write_slowly(feed: Feed, log: tuple[bytes, ...]) -> None:
    """Write a log in small transactions, some of which come to nothing."""
    for at in range(0, len(log), 50):
        feed.abort(log[at + 50 : at + 60])
        feed.commit(log[at : at + 50], size=25)
        time.sleep(0.05)
