"""Taking batches: into the database, with the definitions that they name, or not at all.

A record that cannot be told is set aside with the reason, whatever the reason is, and what
surrounds it is told: one bad record must neither stop the scoreboard nor be forgotten.
"""

import asyncio
import logging
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Final, TypeVar

from confluent_kafka import KafkaException

from events.access import NoAccessError
from events.clients import reason_of
from events.topics import TopicsError
from handlers.exits import Exit, Stop
from handlers.reading import ReadingError
from handlers.scoreboard.again import definitions
from handlers.scoreboard.database import DatabaseError
from handlers.scoreboard.metrics import BoardMetrics
from handlers.scoreboard.news import Change, News
from handlers.scoreboard.projection import Applied, Received
from handlers.scoreboard.writer import UnknownPolicyError, Writer

log: Final = logging.getLogger("baton.scoreboard")

READING_ERRORS: Final = (ReadingError, TopicsError, NoAccessError, KafkaException)
"""What reading a topic from the side may raise."""
TRIES_MAX: Final = 3
PAUSE_SECONDS: Final = 1.0
REASON_CHARACTERS_MAX: Final = 500

Gapped = dict[int, set[str]]
"""By partition: leads of whose facts one is missing."""

_T = TypeVar("_T")


class WriterThread:
    """The one thread that the writer works in."""

    def __init__(self) -> None:
        self._pool = ThreadPoolExecutor(1, thread_name_prefix="baton-scoreboard-writer")

    async def do(self, work: Callable[..., _T], *given: Any) -> _T:  # noqa: ANN401 - as `work` wants
        """Run something there, after what was asked for before."""
        return await asyncio.get_running_loop().run_in_executor(self._pool, work, *given)

    def end(self) -> None:
        """Wait until what runs there is done; nothing begins any more."""
        self._pool.shutdown(wait=True, cancel_futures=True)


class Taker:
    """Takes what the agent is given."""

    def __init__(
        self,
        kafka: Mapping[str, str],
        policies_topic: str,
        writer: Writer,
        thread: WriterThread,
        metrics: BoardMetrics,
        news: News,
        fail: Callable[[Stop], None],
    ) -> None:
        self._kafka = kafka
        self._policies_topic = policies_topic
        self._writer = writer
        self._thread = thread
        self._metrics = metrics
        self._news = news
        self._fail = fail
        self.gapped: Gapped = {}
        """Leads to look after, since a fact of theirs was missed."""

    async def take(self, batch: list[Received]) -> bool:
        """Write a batch; False: it could not be written, and the end is on its way."""
        try:
            with self._metrics.batch(len(batch)):
                await self._write(batch)
        except DatabaseError as error:
            self._fail(Stop(Exit.DATABASE, str(error)))
        except READING_ERRORS as error:
            self._fail(Stop(Exit.ERROR, reason_of(error)))
        else:
            return True
        return False

    async def read_definitions(self, wanted: Iterable[str]) -> None:
        """Read ``lead.policies`` into the database. Raises one of READING_ERRORS."""
        for left in reversed(range(TRIES_MAX)):
            try:
                found = await asyncio.to_thread(definitions, self._kafka, self._policies_topic)
                break
            except READING_ERRORS as error:
                if left == 0:
                    raise
                log.warning("the definitions cannot be read yet: %s", reason_of(error))
                await asyncio.sleep(PAUSE_SECONDS)
        await self._thread.do(self._writer.keep_policies, found, wanted)

    async def _write(self, batch: list[Received]) -> None:
        try:
            applied, change = await self._thread.do(self._writer.apply, batch)
        except DatabaseError:
            raise
        except UnknownPolicyError as unknown:
            await self.read_definitions(unknown.versions)
            await self._write(batch)
        except Exception as error:  # noqa: BLE001 - it is logged and kept with its record
            # A defect of ours meets a record: the others are told, and it is kept to be told.
            if len(batch) > 1:
                half = len(batch) // 2
                await self._write(batch[:half])
                await self._write(batch[half:])
            else:
                await self._set_aside(batch[0], error)
        else:
            self._told(applied, change)

    async def _set_aside(self, record: Received, error: Exception) -> None:
        place = {"partition": record.partition, "offset": record.offset}
        log.error("a fact cannot be told, and is set aside", extra=place, exc_info=error)
        reason = f"it cannot be told: {type(error).__name__}: {error}"[:REASON_CHARACTERS_MAX]
        await self._thread.do(self._writer.set_aside, record, reason)
        self._metrics.applied(Applied(unreadable=1))

    def _told(self, applied: Applied, change: Change) -> None:
        self._metrics.applied(applied)
        if applied.unreadable:
            log.error(
                "records are no facts, and are set aside", extra={"count": applied.unreadable}
            )
        if applied.gapped:
            log.warning("facts are missing", extra={"leads": len(applied.gapped)})
        for partition, lead_id in applied.gapped:
            self.gapped.setdefault(partition, set()).add(lead_id)
        if applied.facts:
            self._news.tell(change)
