"""What a fold works with: its place, the functions and limits it is given, and what it leaves.

What is filled while a batch is folded is spelled out: the compiler freezes each data class.
"""

from collections import Counter
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import Protocol

from events.codec import PolicyAdopted, Tick
from events.topics import Topics
from handlers.cache import Held
from handlers.records import Headers
from lifecycle.decide import Decision
from lifecycle.facts import Fact
from lifecycle.lead import Lead
from lifecycle.policy import Policy
from lifecycle.signals import Signal


class Outlet(Protocol):
    """Where the fold tells what it decided; what was put first stands first in its partition."""

    def put(
        self,
        topic: str,
        partition: int,
        key: bytes | None,
        value: bytes | None,
        headers: Headers | None,
        timestamp: int,
    ) -> None:
        """Send one record."""


class Leads(Protocol):
    """The committed leads of one partition."""

    def cached(self, lead_id: str) -> Held | None:
        """Return a lead if it is in memory."""

    def load(self, lead_ids: Collection[str]) -> Mapping[str, Held]:
        """Return those leads that exist."""

    def due_until(
        self, to: int, count_max: int, skip: Collection[str]
    ) -> Iterable[tuple[int, str]]:
        """Due times and ids of leads that are due by ``to``, earliest first."""

    def read(self, key: bytes) -> bytes | None:
        """Return the value of a key that is no lead's."""


@dataclass(frozen=True, slots=True)
class Rules:
    """The pure functions that the fold is about; tests bring their own."""

    decode: Callable[
        [bytes | None, bytes | None, Headers | None, int], Signal | Tick | PolicyAdopted
    ]
    vet: Callable[[Signal, Policy], tuple[str, str] | None]
    decide: Callable[[Lead | None, Signal, Policy, int], Decision]
    advance: Callable[[Lead, int, int, Policy], Decision]
    next_due: Callable[[Lead], int | None]


@dataclass(frozen=True, slots=True)
class Limits:
    """What one batch, and one minute of log time, may hold."""

    tick_leads_max: int
    failed_max: int
    refusal_rate_max: float
    refusal_rate_min_messages: int
    refusal_bytes_max: int


@dataclass(frozen=True, slots=True)
class Place:
    """Which partition is folded, of which topics."""

    topics: Topics
    partition: int
    partition_count: int


class Change:
    """What a batch made of one lead."""

    __slots__ = ("before", "dirty", "due_at", "lead", "timestamp", "value")

    def __init__(
        self,
        lead: Lead,
        due_at: int | None,
        timestamp: int,
        before: Held | None,
        *,
        dirty: bool = True,
        value: bytes = b"",
    ) -> None:
        """Keep what the lead is now, and what it was."""
        self.lead = lead
        self.due_at = due_at
        self.timestamp = timestamp
        self.before = before
        self.dirty = dirty
        """The lead differs; False if only its place in the due index does."""
        self.value = value
        """The lead as bytes, once the fold is finished."""


class Tally:
    """What a batch did, for the metrics: counted in them only once it is committed."""

    __slots__ = (
        "caused_at",
        "facts",
        "refusals",
        "rerouted_to",
        "signals",
        "ticks",
        "unknown_codes",
        "unscored",
    )

    def __init__(self) -> None:
        """Begin with nothing."""
        self.signals: Counter[tuple[str, str]] = Counter()
        """By type and outcome."""
        self.refusals: Counter[str] = Counter()
        """By reason."""
        self.unscored: Counter[str] = Counter()
        """Activities that the policy does not name."""
        self.unknown_codes: Counter[tuple[str, str]] = Counter()
        """What sales heard and the policy has no code for, by list and code."""
        self.ticks = 0
        self.facts: list[Fact] = []
        self.caused_at: list[int] = []
        """Timestamps of the signals that caused facts."""
        self.rerouted_to: set[int] = set()
