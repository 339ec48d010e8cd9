"""``baton scoreboard`` as an operator runs it."""

import subprocess
import sys
from functools import cache
from pathlib import Path

from handlers.exits import Exit
from tests.handlers.simulate.fold import perform
from tests.scoreboard.feed import Feed
from tests.scoreboard.running import BoardProcess, await_that, environment_of, stands
from tests.scoreboard.stored import assert_same, tables

BATON = (sys.executable, "-c", "from handlers.cli import main; main()")
SECONDS_MAX = 60


@cache
def facts() -> tuple[bytes, ...]:
    return tuple(perform(3, 4, 60).values)


def baton(feed: Feed, url: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*BATON, *arguments],
        env=environment_of(feed, url),
        capture_output=True,
        text=True,
        timeout=SECONDS_MAX,
        check=False,
    )


def test_it_reads_serves_and_ends_in_good_order_and_is_rebuilt_meanwhile(
    feed: Feed, sqlite_url: str, tmp_path: Path
) -> None:
    feed.commit(facts())
    expected = feed.undisturbed(f"sqlite:///{tmp_path}/other.sqlite")
    board = BoardProcess(feed, sqlite_url, tmp_path)
    board.await_saying("all that was there is in the tables")
    await_that(lambda: stands(sqlite_url, feed).is_full)

    rebuilt = baton(feed, sqlite_url, "scoreboard", "rebuild")
    code = board.stop()

    assert rebuilt.returncode == Exit.OK, rebuilt.stderr
    assert code == Exit.OK, board.said
    assert board.said.count("all that was there is in the tables") == 2
    assert '"event": "the page is served"' in board.said
    assert_same(tables(sqlite_url), expected)


def test_rebuild_reads_by_itself_where_no_scoreboard_runs(
    feed: Feed, sqlite_url: str, tmp_path: Path
) -> None:
    feed.commit(facts())
    expected = feed.undisturbed(f"sqlite:///{tmp_path}/other.sqlite")

    rebuilt = baton(feed, sqlite_url, "scoreboard", "rebuild")

    assert rebuilt.returncode == Exit.OK, rebuilt.stderr
    assert_same(tables(sqlite_url), expected)


def test_a_database_that_cannot_be_reached_is_told_with_a_hint(feed: Feed) -> None:
    ended = baton(feed, "postgresql://baton@127.0.0.1:1/board", "scoreboard", "rebuild")

    assert ended.returncode == Exit.DATABASE
    assert "error: The scoreboard's database fails: " in ended.stderr
    assert "hint: 'baton settings' shows which database is used." in ended.stderr


def test_its_help_says_what_it_is_for(feed: Feed, sqlite_url: str) -> None:
    told = " ".join(baton(feed, sqlite_url, "scoreboard", "--help").stdout.split())

    assert "Read every fact into a database and serve the page" in told
    assert "baton scoreboard rebuild" in told
