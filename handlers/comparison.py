"""Holding what a fold tells against what lies in the topics, record by record.

Readers see committed records only, and an open transaction hides what was committed behind it. So
a record that is not there yet is waited for until the reader has come past everything that the
partition held when the comparison began; only what is not there then is missing.

The other way round, what lies in a topic has to be told by the fold. ``Scope.settled`` says up to
where that can be asked: what lies before it was decided of signals before ``Scope.until``.
"""

import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from typing import Final

from confluent_kafka import OFFSET_BEGINNING

from events.topics import Topics
from handlers.exits import Exit, Stop
from handlers.reading import Record, TopicReader
from handlers.records import Headers

OPEN_SECONDS_MAX: Final = 90.0
"""How long a transaction may stay open in front of a record that is compared."""
BYTES_SHOWN_MAX: Final = 64_000
BYTES_AROUND: Final = 1_000

Place = tuple[str, int]
"""A topic and the number of a partition."""


@dataclass(frozen=True, slots=True)
class Scope:
    """What is compared: everything that had been decided at one moment."""

    until: Mapping[int, int]
    """The group's committed offset of each partition that has one."""
    settled: Mapping[Place, int]
    """Of each output's partition: what lies before was decided of signals before ``until``."""
    ends: Mapping[Place, int]
    """Of the same: everything that was decided of signals before ``until`` lies before it."""


class DifferentError(Exception):
    """The first record that differs; its text shows both in full."""


@dataclass(frozen=True, slots=True)
class Told:
    """A record as it is compared."""

    key: bytes | None
    value: bytes | None
    headers: tuple[tuple[str, bytes | None], ...]
    timestamp: int

    def shown(self, at: int = 0) -> str:
        """Return the record for people; of a very long value, what stands around ``at``."""
        headers = ", ".join(f"{name}={held!r}" for name, held in self.headers) or "none"
        return (
            f"  key       {self.key!r}\n  timestamp {self.timestamp}\n"
            f"  headers   {headers}\n  value     {_shown(self.value, at)}"
        )

    def differs_from(self, other: "Told") -> str:
        """Say in which parts two records differ."""
        names = ("key", "timestamp", "headers")
        parts = [name for name in names if getattr(self, name) != getattr(other, name)]
        if self.value != other.value:
            parts.append(f"value, from its byte {self.first_difference(other)} on")
        return " and ".join(parts)

    def first_difference(self, other: "Told") -> int:
        """Return the first byte at which the values of two records differ."""
        mine, its = self.value or b"", other.value or b""
        pairs = enumerate(zip(mine, its, strict=False))
        return next((at for at, (a, b) in pairs if a != b), min(len(mine), len(its)))


class Comparison:
    """An outlet of a fold that compares what it is given with the next record that lies there."""

    def __init__(
        self, kafka: Mapping[str, str], topics: Topics, partition: int, scope: Scope
    ) -> None:
        self._scope = scope
        self._partition = partition
        self._open = ExitStack()
        self._lies: dict[str, _Lies] = {}
        self.compared = 0
        for topic in outputs(topics):
            starts = {partition: OFFSET_BEGINNING}
            reader = self._open.enter_context(TopicReader(kafka, topic, starts=starts))
            self._lies[topic] = _Lies(reader, partition, scope.ends.get((topic, partition), 0))

    def close(self) -> None:
        """Close the readers."""
        self._open.close()

    def put(
        self,
        topic: str,
        partition: int,
        key: bytes | None,
        value: bytes | None,
        headers: Headers | None,
        timestamp: int,
    ) -> None:
        """Compare one record; raises DifferentError. Reroutes and states are not outputs."""
        lies = self._lies.get(topic)
        if lies is None:
            return
        expected = Told(key, value, tuple(headers or ()), timestamp)
        record = lies.next()
        if record is None:
            raise DifferentError(
                f"{topic}, partition {partition}, ends where the log says:\n{expected.shown()}"
            )
        actual = _told(record)
        if actual != expected:
            at = expected.first_difference(actual)
            raise DifferentError(
                f"{record.place} differs in {expected.differs_from(actual)}.\n"
                f"The log says:\n{expected.shown(at)}\nThe topic has:\n{actual.shown(at)}"
            )
        self.compared += 1

    def is_done(self, topic: str) -> bool:
        """Say whether all that is settled in an output was told."""
        return topic in self._lies and self._left(topic) is None

    def is_all_done(self) -> bool:
        """Say whether all that is settled was told."""
        return all(map(self.is_done, self._lies))

    def check_nothing_left(self) -> None:
        """Raise DifferentError if a settled record lies there that nothing told."""
        for topic in self._lies:
            record = self._left(topic)
            if record is not None:
                raise DifferentError(
                    f"{record.place} lies there, and nothing in the log causes it:\n"
                    f"{_told(record).shown()}"
                )

    def _left(self, topic: str) -> Record | None:
        settled = self._scope.settled.get((topic, self._partition), 0)
        return self._lies[topic].before(settled)


class _Lies:
    """The records that lie in one partition, one after the other."""

    def __init__(self, reader: TopicReader, partition: int, end: int) -> None:
        self._reader = reader
        self._partition = partition
        self._end = end
        self._records: Iterator[Record] = reader.until_end()
        self._ahead: Record | None = None

    def next(self) -> Record | None:
        """Take the next record; None: there is none, and none is hidden. Raises Stop."""
        ahead, self._ahead = self._ahead, None
        if ahead is not None:
            return ahead
        deadline = time.monotonic() + OPEN_SECONDS_MAX
        while True:
            record = next(self._records, None)
            if record is not None or self._reader.ends[self._partition] >= self._end:
                return record
            if time.monotonic() > deadline:
                raise Stop(
                    Exit.ERROR,
                    f"a transaction has been open in partition {self._partition} of "
                    f"{self._reader.topic} for {OPEN_SECONDS_MAX:.0f} s, and hides what lies "
                    "behind it",
                )
            self._records = self._reader.until_end()

    def before(self, offset: int) -> Record | None:
        """Look at the next record, if it lies before an offset."""
        if self._ahead is None and offset:
            self._ahead = next(self._records, None)
        ahead = self._ahead
        return ahead if ahead is not None and ahead.offset < offset else None


def outputs(topics: Topics) -> tuple[str, ...]:
    """Return the topics whose records are compared."""
    return topics.lifecycle, topics.handovers, topics.recycles, topics.refusals


def _told(record: Record) -> Told:
    return Told(record.key, record.value, tuple(record.headers), record.timestamp)


def _shown(value: bytes | None, at: int) -> str:
    whole = value or b""
    if len(whole) <= BYTES_SHOWN_MAX:
        return whole.decode("utf-8", "backslashreplace")
    start, end = max(0, at - BYTES_AROUND), min(len(whole), at + BYTES_AROUND)
    part = whole[start:end].decode("utf-8", "backslashreplace")
    return f"(bytes {start} to {end} of {len(whole)}) {part}"
