"""What a partition remembers besides its leads, and how a batch changes it.

It lives where the leads live, in ``lead.state`` and the local store, under keys that begin with
``~``, so that it moves with the partition and is committed with the batch that changed it:

- ``~policy``: the definition in force, who ticks, and the partition count it was adopted for;
- ``~tick``: how far the partition's time has come;
- ``~counts``: records, refusals and failures of the current minute of log time;
- ``~excluded/<lead id>``: a lead whose clocks could not be fired, until its next signal;
- ``~nominations/<person>``: a person's nominations by month (UTC), the newest months only.

All of it is a function of the log alone: nothing here depends on batches or on the wall clock.
What does is kept out of the values: each record of ``~counts`` in ``lead.state``, the last of its
batch, says in a header from which offset of ``lead.signals`` on nothing is in the states yet.
"""

import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any, Final, Literal

from events.state import UnreadableStateError

Ticks = Literal["owner", "external"]

POLICY_KEY: Final = b"~policy"
TICK_KEY: Final = b"~tick"
COUNTS_KEY: Final = b"~counts"
TAKEN: Final = "baton-taken"
"""The header that says so. Whoever restores holds it against the group's committed offset."""
EXCLUDED_PREFIX: Final = b"~excluded/"
NOMINATIONS_PREFIX: Final = b"~nominations/"

MINUTE_MS: Final = 60_000
MONTHS_MAX: Final = 3
"""Months of nominations kept a person: late records still find theirs."""


@dataclass(frozen=True, slots=True)
class InForce:
    """The definition in force in a partition."""

    digest: str
    ticks: Ticks
    partition_count: int


@dataclass(frozen=True, slots=True)
class Counts:
    """What came in the newest minute of log time; a record from an earlier one counts there."""

    minute: int = -1
    messages: int = 0
    refused: int = 0
    failed: int = 0


@dataclass(frozen=True, slots=True)
class PartitionState:
    """The committed state of a partition, without its leads and nominations."""

    in_force: InForce | None = None
    tick_at: int = 0
    counts: Counts = Counts()
    excluded: frozenset[str] = frozenset()


Change = tuple[bytes | None, int]
"""A new value (None: gone) and the timestamp of the record that caused it."""


class Ledger:
    """A partition's state while a batch is folded: begins as committed, ends as to be committed.

    ``read`` gives the committed value of a key.
    """

    def __init__(self, state: PartitionState, read: Callable[[bytes], bytes | None]) -> None:
        self._read = read
        self.in_force = state.in_force
        self.tick_at = state.tick_at
        self.excluded = set(state.excluded)
        self.minute = state.counts.minute
        self.messages = state.counts.messages
        self.refused = state.counts.refused
        self.failed = state.counts.failed
        self._counted_at: int | None = None
        self._changes: dict[bytes, Change] = {}

    def begin(self, timestamp: int) -> None:
        """Let the minute of a record begin, without counting the record: it is not done with."""
        self._counted_at = timestamp
        minute = timestamp // MINUTE_MS
        if minute > self.minute:
            self.minute = minute
            self.messages = self.refused = self.failed = 0

    def count_message(self, timestamp: int) -> None:
        """Count one record that was taken, whatever becomes of it."""
        if timestamp // MINUTE_MS > self.minute:
            self.begin(timestamp)
        self._counted_at = timestamp
        self.messages += 1

    def count_refused(self, timestamp: int) -> None:
        """Count one record as refused."""
        self.begin(timestamp)
        self.refused += 1

    def count_failed(self, timestamp: int) -> None:
        """Count one decision that failed."""
        self.begin(timestamp)
        self.failed += 1

    def adopt(self, in_force: InForce, timestamp: int) -> None:
        """Put a definition in force from here on."""
        self.in_force = in_force
        document = {
            "digest": in_force.digest,
            "partition_count": in_force.partition_count,
            "ticks": in_force.ticks,
        }
        self._changes[POLICY_KEY] = (_encode(document), timestamp)

    def tick(self, time: int, timestamp: int) -> None:
        """Let the partition's time come as far as ``time``; it never goes back."""
        if time > self.tick_at:
            self.tick_at = time
            self._changes[TICK_KEY] = (_encode({"time": time}), timestamp)

    def exclude(self, lead_id: str, timestamp: int) -> None:
        """Leave a lead out of the due index."""
        self.excluded.add(lead_id)
        self._changes[EXCLUDED_PREFIX + lead_id.encode()] = (b"{}", timestamp)

    def include(self, lead_id: str, timestamp: int) -> None:
        """Take a lead back into the due index."""
        self.excluded.discard(lead_id)
        self._changes[EXCLUDED_PREFIX + lead_id.encode()] = (None, timestamp)

    def nominations(self, person: str, timestamp: int) -> int:
        """How often this person has nominated in the month of ``timestamp``."""
        return self._nominations(person).get(_month(timestamp), 0)

    def nominate(self, person: str, timestamp: int) -> None:
        """Count one nomination of a person."""
        months = self._nominations(person)
        month = _month(timestamp)
        months[month] = months.get(month, 0) + 1
        newest = dict(sorted(months.items())[-MONTHS_MAX:])
        self._changes[NOMINATIONS_PREFIX + person.encode()] = (_encode(newest), timestamp)

    def state(self) -> PartitionState:
        """The state as it is now."""
        return PartitionState(
            in_force=self.in_force,
            tick_at=self.tick_at,
            counts=Counts(self.minute, self.messages, self.refused, self.failed),
            excluded=frozenset(self.excluded),
        )

    def changes(self) -> dict[bytes, Change]:
        """What differs from the committed state, by key."""
        if self._counted_at is None:
            return self._changes
        counts = {
            "failed": self.failed,
            "messages": self.messages,
            "minute": self.minute,
            "refused": self.refused,
        }
        return self._changes | {COUNTS_KEY: (_encode(counts), self._counted_at)}

    def _nominations(self, person: str) -> dict[str, int]:
        key = NOMINATIONS_PREFIX + person.encode()
        changed = self._changes.get(key)
        value = self._read(key) if changed is None else changed[0]
        return {} if value is None else dict(_decode(value))


def restored(entries: Iterable[tuple[bytes, bytes]]) -> PartitionState:
    """Return the state that a store's ``~`` entries tell.

    Raises UnreadableStateError where they are not as this release writes them.
    """
    try:
        return _restored(entries)
    except (ArithmeticError, LookupError, TypeError, ValueError) as error:
        message = f"not the state of a partition: {error!r}"
        raise UnreadableStateError(message) from error


def _restored(entries: Iterable[tuple[bytes, bytes]]) -> PartitionState:
    state = PartitionState()
    excluded = set()
    for key, value in entries:
        if key == POLICY_KEY:
            document = _decode(value)
            in_force = InForce(document["digest"], document["ticks"], document["partition_count"])
            state = replace(state, in_force=in_force)
        elif key == TICK_KEY:
            state = replace(state, tick_at=_decode(value)["time"])
        elif key == COUNTS_KEY:
            state = replace(state, counts=Counts(**_decode(value)))
        elif key.startswith(EXCLUDED_PREFIX):
            excluded.add(key[len(EXCLUDED_PREFIX) :].decode())
    return replace(state, excluded=frozenset(excluded))


def _month(timestamp: int) -> str:
    return datetime.fromtimestamp(timestamp / 1000, UTC).strftime("%Y-%m")


def _encode(document: dict[str, Any]) -> bytes:
    return json.dumps(document, separators=(",", ":"), sort_keys=True).encode()


def _decode(value: bytes) -> dict[str, Any]:
    document: dict[str, Any] = json.loads(value)
    return document
