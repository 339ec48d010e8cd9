"""News of committed batches for the pages that are open: who listens hears that there is more.

News say that something changed, never what the numbers are now: a page asks the database. So
a listener that is slow loses nothing when what waits for it is put together into one.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Final

LISTENERS_MAX: Final = 500
"""Open pages that may listen at once; each is an open connection."""
LEADS_MAX: Final = 1_000
"""Leads that one piece of news names at most; beyond that it says that any may have changed."""


@dataclass(frozen=True, slots=True)
class Change:
    """What a committed batch, or several, changed."""

    facts: int
    """New facts."""
    leads: frozenset[str] | None
    """Ids of the leads they are about; None: too many to name."""
    committed_at: int
    """When the last of it was committed, in ms since the epoch."""

    def touches(self, lead_id: str) -> bool:
        """Say whether this lead may have changed."""
        return self.leads is None or lead_id in self.leads

    def and_then(self, later: "Change") -> "Change":
        """Both changes as one."""
        leads = None if self.leads is None or later.leads is None else self.leads | later.leads
        if leads is not None and len(leads) > LEADS_MAX:
            leads = None
        return Change(self.facts + later.facts, leads, later.committed_at)


class TooManyListenersError(Exception):
    """Nobody more may listen; the text is a sentence."""


class Listener:
    """What one listener has not heard yet."""

    def __init__(self) -> None:
        self._waiting: Change | None = None
        self._ended = False
        self._woken = asyncio.Event()

    async def get(self) -> Change | None:
        """Wait for what is new, all of it as one change; None: there will be nothing more."""
        await self._woken.wait()
        change, self._waiting = self._waiting, None
        if not self._ended:
            self._woken.clear()
        return change

    def put(self, change: Change) -> None:
        """Add a change to what waits."""
        self._waiting = change if self._waiting is None else self._waiting.and_then(change)
        self._woken.set()

    def end(self) -> None:
        """Say that nothing more comes."""
        self._ended = True
        self._woken.set()


class News:
    """Tells every listener of one event loop. Not for other threads."""

    def __init__(self) -> None:
        self._listeners: set[Listener] = set()
        self._ended = False

    def tell(self, change: Change) -> None:
        """Tell all who listen."""
        for listener in self._listeners:
            listener.put(change)

    def end(self) -> None:
        """Send everybody home: the process is about to end."""
        self._ended = True
        for listener in self._listeners:
            listener.end()

    @asynccontextmanager
    async def listen(self) -> AsyncIterator[Listener]:
        """Listen from here on, until the block ends. Raises TooManyListenersError."""
        if len(self._listeners) >= LISTENERS_MAX:
            raise TooManyListenersError(f"{LISTENERS_MAX} pages listen already.")
        listener = Listener()
        if self._ended:
            listener.end()
        self._listeners.add(listener)
        try:
            yield listener
        finally:
            self._listeners.discard(listener)
