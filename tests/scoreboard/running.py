"""A scoreboard that runs: in a thread, or as a process that can be killed."""

import os
import signal
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from handlers.exits import Exit
from handlers.scoreboard.service import Scoreboard
from handlers.scoreboard.standing import Standing, standing
from handlers.settings import Settings
from tests.scoreboard.feed import Feed
from tests.scoreboard.stored import reading

SECONDS_MAX = 60.0
BOARD = "import sys; from handlers.cli import main; sys.argv = ['baton', 'scoreboard']; main()"


def settings_of(feed: Feed, url: str, **more: object) -> Settings:
    """Settings of a scoreboard that reads this log into this database."""
    chosen: dict[str, object] = {
        "kafka": feed.properties,
        "topics_prefix": feed.topics.prefix,
        "scoreboard_database_url": url,
        "scoreboard_port": 0,
        "scoreboard_lock_seconds": 0,
    }
    return Settings(**chosen | more)  # type: ignore[arg-type]  # pydantic checks


def no_pages(*_: object) -> None:
    """Install nothing: what is read does not depend on pages."""


class Running:
    """A scoreboard in a thread."""

    def __init__(self, settings: Settings) -> None:
        self.board = Scoreboard(settings, install=no_pages)
        self.stopping = threading.Event()
        self.code: Exit | None = None
        self._thread = threading.Thread(target=self._run)
        self._thread.start()

    def _run(self) -> None:
        self.code = self.board.run(self.stopping)

    def get(self, path: str) -> tuple[int, str]:
        """Ask its web server."""
        self.board.serving.wait(SECONDS_MAX)
        try:
            with urllib.request.urlopen(f"{self.board.address}{path}", timeout=10) as answer:  # noqa: S310 - ours
                return answer.status, answer.read().decode()
        except urllib.error.HTTPError as error:
            with error:
                return error.code, error.read().decode()

    def stop(self) -> Exit | None:
        """End it in good order."""
        self.stopping.set()
        return self.ended()

    def ended(self) -> Exit | None:
        """Wait for its end."""
        self._thread.join(SECONDS_MAX)
        assert not self._thread.is_alive()
        return self.code


@contextmanager
def running(settings: Settings) -> Iterator[Running]:
    """Run one for the time of a block, and see it end well."""
    board = Running(settings)
    try:
        assert board.board.serving.wait(SECONDS_MAX)
        yield board
    finally:
        code = board.stop()
    assert code is Exit.OK


def await_that(condition: Callable[[], bool], what: str = "what was waited for") -> None:
    """Wait until something holds."""
    until = time.monotonic() + SECONDS_MAX
    while not condition():
        assert time.monotonic() < until, f"{what} did not come"
        time.sleep(0.05)


def stands(url: str, feed: Feed) -> Standing:
    """Where reading stands, as the database says."""
    with reading(url) as connection:
        return standing(connection, feed.topics.lifecycle)


def await_full(url: str, feed: Feed, ends: dict[int, int]) -> None:
    """Wait until all is in the tables up to these ends."""

    def is_full() -> bool:
        found = stands(url, feed).offsets
        return all(found.get(partition, 0) >= end for partition, end in ends.items())

    await_that(is_full, "the end of the log")


def environment_of(feed: Feed, url: str) -> dict[str, str]:
    """What a command has to be told to read this log into this database."""
    environment = {
        name: value for name, value in os.environ.items() if not name.startswith("BATON_")
    }
    environment |= {
        f"BATON_KAFKA__{name.upper().replace('.', '_')}": value
        for name, value in feed.properties.items()
    }
    return environment | {
        "BATON_TOPICS_PREFIX": feed.topics.prefix,
        "BATON_SCOREBOARD_DATABASE_URL": url,
        "BATON_SCOREBOARD_PORT": "0",
        "BATON_LOG_FORMAT": "json",
    }


class BoardProcess:
    """A scoreboard as an operator starts it."""

    def __init__(self, feed: Feed, url: str, folder: Path, **more: str) -> None:
        environment = environment_of(feed, url) | more
        self._path = folder / f"board-{time.monotonic_ns()}.log"
        with self._path.open("wb") as told:
            self._process = subprocess.Popen(
                [sys.executable, "-c", BOARD], env=environment, stderr=told, stdout=told
            )

    @property
    def said(self) -> str:
        """What it has logged."""
        return self._path.read_text()

    def await_saying(self, what: str) -> None:
        """Wait until it has logged something."""
        await_that(lambda: what in self.said or self._process.poll() is not None, what)
        assert what in self.said, self.said

    def kill(self) -> None:
        """End it as a power cut would."""
        self._process.kill()
        self._process.wait()

    def stop(self) -> int:
        """End it in good order, and return its exit code."""
        self._process.send_signal(signal.SIGTERM)
        return self.ended()

    def ended(self) -> int:
        """Wait for its end, and return its exit code."""
        try:
            return self._process.wait(SECONDS_MAX)
        except subprocess.TimeoutExpired:
            self.kill()
            raise
