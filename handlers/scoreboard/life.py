"""One life of the scoreboard's app, from joining the group to leaving it.

One loop reads, serves the page and looks after things; everything that writes runs in one thread,
since one connection may write.
"""

import asyncio
import logging
import threading
import time
from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from typing import Any, Final

from aiokafka.errors import KafkaError
from sqlalchemy import Engine

from events.clients import reason_of
from events.topics import Topics
from handlers.exits import Exit, Stop
from handlers.scoreboard.app import BoardApp, Reading, build
from handlers.scoreboard.broker import Broker
from handlers.scoreboard.database import DatabaseError
from handlers.scoreboard.healing import Healer
from handlers.scoreboard.metrics import BoardMetrics
from handlers.scoreboard.news import News
from handlers.scoreboard.standing import Offsets, Standing
from handlers.scoreboard.taking import READING_ERRORS, Taker, WriterThread
from handlers.scoreboard.watching import Watched
from handlers.scoreboard.writer import Writer
from handlers.settings import Settings

log: Final = logging.getLogger("baton.scoreboard")

LOOK_SECONDS: Final = 1.0
"""Between two looks at where reading stands, and whether a rebuild was asked for."""
POLL_SECONDS: Final = 0.1
ANSWER_SECONDS_MAX: Final = 10.0
"""How long a broker may take to say where a partition ends."""
END_SECONDS_MAX: Final = 8.0
"""How long the end may take in good order."""
LIVE_SECONDS_MAX: Final = 60.0
SHARED_SECONDS_MAX: Final = 30.0
"""How long another member may hold partitions: a predecessor's session may have to end first."""


Install = Callable[[BoardApp, Engine, Settings, News, Callable[[str, int, float], None]], None]
"""Puts pages onto the app's server: they read by the engine, listen to the news, and are timed."""


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What a life finds in place."""

    settings: Settings
    broker: Broker
    partitions: int
    """Of ``lead.lifecycle``."""
    writer: Writer
    readers: Engine
    metrics: BoardMetrics
    install: Install
    serves: Callable[[str], None]
    """Told where the page is served, once it is."""


class Life:
    """What goes on in one event loop: made and lived in there."""

    def __init__(self, around: Surroundings) -> None:
        settings = around.settings
        self._around = around
        self._writer = around.writer
        self._thread = WriterThread()
        self._watched = Watched(around.metrics, self._live)
        self._news = News()
        topics = Topics(settings.topics_prefix)
        shared = (self._writer, self._thread, around.metrics, self._news)
        self._taker = Taker(settings.kafka, topics.policies, *shared, self._fail)
        self._healer = Healer(settings.kafka, topics.lifecycle, *shared)
        self._outcome: asyncio.Future[bool] = asyncio.get_running_loop().create_future()
        self._answers = True
        self._tasks: set[asyncio.Task[None]] = set()
        self._was_empty = not any(self._writer.offsets.values())
        self._came_round_at = time.monotonic()
        self._whole_at = time.monotonic()
        self._app = self._built(topics.lifecycle)

    async def live(self, stop: threading.Event, *, until_full: bool) -> bool:
        """Read and serve until it is over; return whether the tables have to be made again.

        Raises Stop when it cannot go on.
        """
        try:
            self._begin(self._await_stop(stop))
            self._begin(self._run_app())
            self._begin(self._look_after(until_full=until_full))
            return await self._outcome
        finally:
            await self._end()

    # Beginning and end.

    def _built(self, topic: str) -> BoardApp:
        around = self._around
        settings = around.settings
        reading = Reading(
            topic=topic,
            group=settings.scoreboard_group,
            member=f"scoreboard-{self._writer.identity}",
            batch_facts_max=settings.scoreboard_batch_facts_max,
            linger_seconds=settings.scoreboard_linger_seconds,
            stored_offsets=self._stored_offsets,
            take=self._taker.take,
            host=settings.scoreboard_host,
            port=settings.scoreboard_port,
        )
        app = build(reading, around.broker)
        around.install(app, around.readers, settings, self._news, around.metrics.page)
        self._watched.register(app.server)
        return app

    async def _run_app(self) -> None:
        app, settings = self._app, self._around.settings
        await self._taker.read_definitions(())
        serving = asyncio.create_task(self._tell_address())
        try:
            await app.start()
        except OSError as error:
            raise Stop(
                Exit.ERROR,
                f"the page cannot be served on {settings.scoreboard_host}:"
                f"{settings.scoreboard_port}: {error.strerror or error}",
            ) from error
        finally:
            serving.cancel()
        await _until(lambda: app.should_stop)
        raise Stop(Exit.ERROR, f"reading from Kafka failed: {app.crash_reason!r}")

    async def _tell_address(self) -> None:
        # The app is served long before it has joined the group, and only then has started.
        await _until(lambda: self._app.address is not None)
        self._around.serves(self._app.address or "")

    async def _await_stop(self, stop: threading.Event) -> None:
        await _until(stop.is_set)
        self._settle(again=False)

    def _begin(self, work: Coroutine[Any, Any, None]) -> None:
        """Run something for as long as this life lasts; its error ends it."""

        async def running() -> None:
            try:
                await work
            except Stop as end:
                self._fail(end)
            except DatabaseError as error:
                self._fail(Stop(Exit.DATABASE, str(error)))
            except READING_ERRORS as error:
                self._fail(Stop(Exit.ERROR, reason_of(error)))
            except KafkaError as error:
                self._fail(Stop(Exit.ERROR, f"reading from Kafka failed: {error}"))
            except Exception as error:
                log.exception("the scoreboard cannot go on")
                self._fail(Stop(Exit.ERROR, f"an unexpected {type(error).__name__}"))

        task = asyncio.create_task(running())
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def _fail(self, end: Stop) -> None:
        if not self._outcome.done():
            self._outcome.set_exception(end)

    def _settle(self, *, again: bool) -> None:
        if not self._outcome.done():
            self._outcome.set_result(again)

    async def _end(self) -> None:
        self._news.end()
        self._watched.ready = (False, "stopping")
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        try:
            await asyncio.wait_for(self._app.stop(), END_SECONDS_MAX)
        except TimeoutError:
            log.warning("it took too long to leave in good order")
        self._app.end()
        self._thread.end()

    # Looking after.

    async def _look_after(self, *, until_full: bool) -> None:
        self._taker.gapped |= await self._thread.do(self._writer.gapped)
        self._begin(self._healer.heal_all(self._taker.gapped))
        while True:
            self._came_round_at = time.monotonic()
            stands = await self._look()
            if stands.rebuild_asked:
                self._settle(again=True)
            elif until_full and stands.is_full:
                self._settle(again=False)
            await asyncio.sleep(LOOK_SECONDS)

    async def _look(self) -> Standing:
        """Note how far reading is, for the page and for machines."""
        if self._is_reading():
            await self._thread.do(self._writer.go_on, self._app.done(self._writer.offsets))
            ends = await self._ends()
            if ends:
                await self._note(ends)
        stands = await self._thread.do(self._writer.standing)
        self._around.metrics.stands(stands)
        self._watched.ready = (self._is_reading() and self._answers, self._sentence(stands))
        return stands

    async def _ends(self) -> Offsets:
        """Ask where the topic ends; nothing while no broker says so, which is no reason to end."""
        try:
            ends = await asyncio.wait_for(self._app.ends(), ANSWER_SECONDS_MAX)
        except (TimeoutError, KafkaError) as error:
            if self._answers:
                log.warning("the cluster does not answer: %s", error or "no word for too long")
            self._answers = False
            return {}
        self._answers = True
        return ends

    def _live(self) -> tuple[bool, str]:
        still = time.monotonic() - self._came_round_at
        return still < LIVE_SECONDS_MAX, f"the loop came round {still:.1f} s ago"

    async def _note(self, ends: Offsets) -> None:
        """Note where the topic ends, and whether the tables are being filled from its start."""
        await self._thread.do(self._writer.note_ends, ends)
        if self._was_empty and any(ends.values()):
            await self._thread.do(self._writer.begin_filling, ends)
        self._was_empty = False
        filling = (await self._thread.do(self._writer.standing)).filling
        if filling is not None and filling.done >= filling.total:
            await self._thread.do(self._writer.end_filling)
            log.info("all that was there is in the tables", extra={"records": filling.total})

    def _is_reading(self) -> bool:
        """Say whether every partition is ours, and raise Stop when others keep some."""
        assigned = self._app.assigned()
        now = time.monotonic()
        if not self._app.has_joined or len(assigned) >= self._around.partitions:
            self._whole_at = now
        elif now - self._whole_at > SHARED_SECONDS_MAX:
            group = self._around.settings.scoreboard_group
            raise Stop(
                Exit.ERROR,
                f"only {len(assigned)} of {self._around.partitions} partitions are left for this "
                f"scoreboard: another one, with another database, reads in the group {group}; "
                "give each database a BATON_SCOREBOARD_GROUP of its own",
            )
        return self._app.has_joined and len(assigned) >= self._around.partitions

    def _sentence(self, stands: Standing) -> str:
        if not self._app.has_joined:
            return f"joining the group {self._around.settings.scoreboard_group}"
        if not self._answers:
            return "the cluster does not answer"
        if stands.filling is not None:
            return f"reading what is there: {stands.filling.share:.1%}"
        return f"reading, {sum(stands.lag.values())} records behind"

    async def _stored_offsets(self) -> Offsets:
        return self._writer.offsets


async def _until(condition: Callable[[], bool]) -> None:
    """Wait for what tells nobody when it happens: a flag of another thread, or of a library."""
    while not condition():  # noqa: ASYNC110 - as said
        await asyncio.sleep(POLL_SECONDS)
