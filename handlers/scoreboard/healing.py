"""Healing gaps: a partition in which a lead's fact was missed is read again, from its start.

What is found takes its place in the story, and what had waited for it is told. What is found
nowhere is given up: the story goes on without, and that is counted.
"""

import asyncio
import logging
from collections.abc import Collection, Mapping
from typing import Final

from handlers.scoreboard.again import read_again
from handlers.scoreboard.metrics import BoardMetrics
from handlers.scoreboard.news import LEADS_MAX, Change, News
from handlers.scoreboard.projection import Received
from handlers.scoreboard.taking import Gapped, WriterThread
from handlers.scoreboard.writer import Writer

log: Final = logging.getLogger("baton.scoreboard")

LOOK_SECONDS: Final = 0.5
REST_SECONDS: Final = 10.0
"""Between two readings of everything, so that many gaps one after the other cost one reading."""


class Healer:
    """Looks for missing facts."""

    def __init__(
        self,
        kafka: Mapping[str, str],
        topic: str,
        writer: Writer,
        thread: WriterThread,
        metrics: BoardMetrics,
        news: News,
    ) -> None:
        self._kafka = kafka
        self._topic = topic
        self._writer = writer
        self._thread = thread
        self._metrics = metrics
        self._news = news

    async def heal_all(self, gapped: Gapped) -> None:
        """Heal what is noted there, again and again.

        Raises DatabaseError, and what reading a topic from the side may raise.
        """
        while True:
            healed = await self._heal_some(gapped)
            await asyncio.sleep(REST_SECONDS if healed else LOOK_SECONDS)

    async def _heal_some(self, gapped: Gapped) -> bool:
        """Heal what is noted now; say whether there was anything."""
        noted = dict(gapped)
        gapped.clear()
        for partition, lead_ids in noted.items():
            if not await self._heal(partition, lead_ids):
                gapped.setdefault(partition, set()).update(lead_ids)
        return bool(noted)

    async def _heal(self, partition: int, lead_ids: Collection[str]) -> bool:
        """Read a partition again; False: more was written meanwhile than was read."""
        loop = asyncio.get_running_loop()
        found = 0

        def fill_in(chunk: list[Received]) -> None:
            nonlocal found
            writing = asyncio.run_coroutine_threadsafe(
                self._thread.do(self._writer.fill_in, chunk), loop
            )
            found += writing.result().facts

        log.info("reading again", extra={"partition": partition, "leads": len(lead_ids)})
        end = await asyncio.to_thread(
            read_again, self._kafka, self._topic, partition, lead_ids, fill_in
        )
        self._metrics.healed(found)
        leapt = await self._thread.do(self._writer.leap, partition, lead_ids, end)
        if leapt is None:
            return False
        told = {"partition": partition, "facts": found, "leads": len(lead_ids), "nowhere": leapt}
        (log.error if leapt else log.info)("missing facts were looked for", extra=told)
        leads = frozenset(lead_ids) if len(lead_ids) <= LEADS_MAX else None
        self._news.tell(Change(found, leads, self._writer.now()))
        return True
