"""The scoreboard's page over a played company, served on a free loopback port by a thread."""

import asyncio
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from aiohttp import web
from sqlalchemy import Engine, delete, insert

from handlers.scoreboard import database
from handlers.scoreboard.news import Change, News
from handlers.scoreboard.projection import Received, project
from handlers.scoreboard.tables import FACTS, METADATA, OFFSETS, POLICIES
from handlers.scoreboard.web.guarding import PageTimes
from handlers.scoreboard.web.installing import UNMEASURED, serve_on
from handlers.settings import Settings
from schemas.policy import canonical, digest, shipped_text
from tests.scoreboard.played import board as in_memory

TOPIC = "lead.lifecycle"
BATCH_FACTS = 2_000


def played() -> tuple[bytes, ...]:
    """Return the facts of a company's weeks, each lead's in their order; played once for all."""
    return in_memory().facts


class Board:
    """A database file that facts are told into as the writer does it, and read by pages."""

    def __init__(self, file: Path) -> None:
        place = database.place_of(f"sqlite:///{file}")
        self._writer = database.writing(place)
        self.engine: Engine = database.reading(place)
        self._next = 0
        with self._writer.begin() as connection:
            database.prepare(connection)
            text = shipped_text()
            version = {"version": digest(text), "body": canonical(text)}
            connection.execute(insert(POLICIES).values(version))

    def tell(self, facts: Sequence[bytes]) -> int:
        """Write facts in one transaction each batch; return how many are told so far."""
        for start in range(0, len(facts), BATCH_FACTS):
            batch = facts[start : start + BATCH_FACTS]
            received = [
                Received(0, self._next + place, None, value) for place, value in enumerate(batch)
            ]
            with self._writer.begin() as connection:
                project(connection, received)
                self._next += len(batch)
                newest = connection.execute(FACTS.select().order_by(FACTS.c.at.desc()).limit(1))
                at = newest.one().at
                connection.execute(delete(OFFSETS))
                row = {"topic": TOPIC, "partition": 0, "next_offset": self._next, "newest_at": at}
                connection.execute(insert(OFFSETS).values(row))
        return self._next

    def drop_tables(self) -> None:
        """Take everything away under the page's feet."""
        METADATA.drop_all(self._writer)

    def note(self, name: str, value: str) -> None:
        """Let ``meta`` say something."""
        with self._writer.begin() as connection:
            database.put(connection, name, value)

    def close(self) -> None:
        """Let go of the file."""
        self._writer.dispose()
        self.engine.dispose()


@dataclass(frozen=True, slots=True)
class Served:
    """A running page."""

    url: str
    board: Board
    _news: News
    _loop: asyncio.AbstractEventLoop

    def tell(self, facts: Sequence[bytes]) -> None:
        """Write facts, and let open pages hear of it."""
        self.board.tell(facts)
        self._loop.call_soon_threadsafe(self._news.tell, Change(len(facts), None, 0))


@contextmanager
def serve(
    board: Board, settings: Settings | None = None, on_page: PageTimes = UNMEASURED
) -> Iterator[Served]:
    """Serve a board until the block ends."""
    loop = asyncio.new_event_loop()
    news = News()
    runner: web.AppRunner | None = None

    async def start() -> int:
        nonlocal runner
        server = web.Application()
        serve_on(server, board.engine, settings or Settings(), news, on_page)
        runner = web.AppRunner(server, access_log=None, shutdown_timeout=1)
        await runner.setup()
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        return int(runner.addresses[0][1])

    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()
    try:
        port = asyncio.run_coroutine_threadsafe(start(), loop).result(10)
        yield Served(f"http://127.0.0.1:{port}", board, news, loop)
    finally:
        loop.call_soon_threadsafe(news.end)
        if runner is not None:
            asyncio.run_coroutine_threadsafe(runner.cleanup(), loop).result(10)
        loop.call_soon_threadsafe(loop.stop)
        thread.join(10)
        loop.close()
