"""What was refused: finding it again, and sending it once more.

Nothing is ever taken out of ``lead.refusals``; it is a log. A refusal is known by its origin, the
place of the refused record in ``lead.signals``, and all outputs of a partition have its number, so
one partition of ``lead.refusals`` is enough to find it.

Re-driving sends the original bytes again with the header ``baton-redrive: n + 1``, which counts as
part of the event's id. What became of a record is known for sure once the workers' group has
committed past it: outputs and offsets are one transaction, so if it was refused again, the refusal
that names it as its origin can be read by then.
"""

import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Final

from confluent_kafka import (
    OFFSET_BEGINNING,
    Consumer,
    IsolationLevel,
    KafkaException,
    TopicPartition,
)

from events.clients import reader_config, reason_of
from events.partitioner import partition_of
from events.refusals import REDRIVE, REROUTED, Origin, Refusal
from events.topics import Topics, partition_count
from handlers.follow import refusal_of
from handlers.reading import (
    ANSWER_SECONDS_MAX,
    Headers,
    ReadingError,
    Record,
    TopicReader,
    latest_offsets,
)
from handlers.recording import Sender

POLL_SECONDS: Final = 0.3


class RefusalsError(Exception):
    """A refusal cannot be found or sent again; the text is one sentence."""


@dataclass(frozen=True, slots=True)
class Found:
    """A refusal and its record."""

    record: Record
    refusal: Refusal

    @property
    def place(self) -> tuple[int, int]:
        """Partition and offset of the refused record."""
        return self.refusal.origin.partition, self.refusal.origin.offset


@dataclass(slots=True)
class Group:
    """The refusals of one reason: how many, and the newest of them."""

    count: int = 0
    newest: deque[Found] = field(default_factory=deque)


@dataclass(frozen=True, slots=True)
class Redriven:
    """What became of a refusal that was sent again."""

    found: Found
    partition: int
    offset: int
    outcome: str
    """``applied``, ``refused`` or ``waiting``"""
    again: Refusal | None = None
    """The new refusal, if it was refused again."""


def parse_place(text: str) -> tuple[int, int]:
    """Read ``partition:offset`` or ``topic:partition:offset``. Raises RefusalsError."""
    parts = text.split(":")
    if len(parts) in (2, 3) and parts[-1].isdecimal() and parts[-2].isdecimal():
        return int(parts[-2]), int(parts[-1])
    raise RefusalsError(f"{text!r} is not a place like 3:17 or lead.signals:3:17.")


def by_reason(kafka: Mapping[str, str], topics: Topics, newest_max: int) -> dict[str, Group]:
    """Count the refusals by reason, most frequent first, and keep the newest few of each."""
    groups: dict[str, Group] = {}
    with TopicReader(kafka, topics.refusals) as reader:
        for found in _found(reader.until_end()):
            group = groups.setdefault(found.refusal.reason, Group(newest=deque(maxlen=newest_max)))
            group.count += 1
            group.newest.append(found)
    return dict(sorted(groups.items(), key=lambda item: (-item[1].count, item[0])))


def at_place(kafka: Mapping[str, str], topics: Topics, place: tuple[int, int]) -> list[Found]:
    """Return the refusals of the record that lies at a place of ``lead.signals``."""
    with TopicReader(kafka, topics.refusals, starts={place[0]: OFFSET_BEGINNING}) as reader:
        return [found for found in _found(reader.until_end()) if found.place == place]


def choose(
    kafka: Mapping[str, str],
    topics: Topics,
    *,
    reason: str | None,
    places: Sequence[tuple[int, int]],
    limit: int,
) -> list[Found]:
    """Return the refusals of a reason or at places, one for each refused record.

    Raises RefusalsError when a place has none, or when there are more than ``limit``.
    """
    chosen: dict[tuple[int, int], Found] = {}
    with TopicReader(kafka, topics.refusals) as reader:
        for found in _found(reader.until_end()):
            if found.place in places or found.refusal.reason == reason:
                chosen[found.place] = found
            if len(chosen) > limit:
                raise RefusalsError(f"There are more than {limit:,} such refusals.")
    missing = [place for place in places if place not in chosen]
    if missing:
        raise RefusalsError(f"Nothing was refused at {missing[0][0]}:{missing[0][1]}.")
    return list(chosen.values())


def redrive(
    kafka: Mapping[str, str],
    topics: Topics,
    group: str,
    chosen: Sequence[Found],
    wait_seconds: float,
) -> list[Redriven]:
    """Send refused records again, wait for the workers, and say what became of each."""
    starts = _ends(kafka, topics.refusals)
    sent = _send(kafka, topics, chosen)
    ends: dict[int, int] = {}
    for partition, offset in sent:
        ends[partition] = max(offset + 1, ends.get(partition, 0))
    deadline = time.monotonic() + wait_seconds
    committed = _await_committed(kafka, topics.signals, group, ends, deadline)
    again = _refused_since(kafka, topics.refusals, starts, ends, deadline)
    return [
        _outcome(found, place, committed, again) for found, place in zip(chosen, sent, strict=True)
    ]


def redriven_headers(headers: Headers | tuple[tuple[str, bytes | None], ...]) -> Headers:
    """Return the original's headers with the number of this re-drive."""
    number = 0
    for name, value in headers:
        if name == REDRIVE and value is not None and value.isdigit():
            number = max(number, int(value))
    kept = [(name, value) for name, value in headers if name not in {REDRIVE, REROUTED}]
    return [*kept, (REDRIVE, b"%d" % (number + 1))]


def _found(records: Iterable[Record]) -> Iterator[Found]:
    return (Found(record, refusal_of(record)) for record in records)


def _outcome(
    found: Found,
    place: tuple[int, int],
    committed: Mapping[int, int],
    again: Mapping[tuple[int, int], Refusal],
) -> Redriven:
    partition, offset = place
    if place in again:
        return Redriven(found, partition, offset, "refused", again[place])
    taken = committed.get(partition, -1) > offset
    return Redriven(found, partition, offset, "applied" if taken else "waiting")


def _send(
    kafka: Mapping[str, str], topics: Topics, chosen: Sequence[Found]
) -> list[tuple[int, int]]:
    """Send all of them and return where each lies now."""
    count = partition_count(kafka, topics.signals)
    sender = Sender(kafka)
    places: dict[int, tuple[int, int]] = {}

    def note(index: int) -> Callable[[int, int], None]:
        def delivered(partition: int, offset: int) -> None:
            places[index] = (partition, offset)

        return delivered

    for index, found in enumerate(chosen):
        original = _original(kafka, found)
        key = original.key
        partition = found.place[0] if key is None else partition_of(key, count)
        # Sent now, so stamped now: the past is closed, and the log's time only goes forward.
        one = replace(original, partition=partition, timestamp=-1)
        sender.send(topics.signals, one, redriven_headers(original.headers), note(index))
    sender.flush()
    return [places[index] for index in range(len(chosen))]


def _original(kafka: Mapping[str, str], found: Found) -> Record:
    """Return the refused record; one that was too large to keep whole is still in the log."""
    refusal = found.refusal
    if not refusal.truncated:
        return replace(found.record, headers=list(refusal.headers))
    origin = refusal.origin
    with TopicReader(kafka, origin.topic, starts={origin.partition: origin.offset}) as reader:
        first = next(reader.until_end(), None)
    if first is None or first.offset != origin.offset:
        raise RefusalsError(f"The original at {_text(origin)} is not in the log any more.")
    return first


def _text(origin: Origin) -> str:
    return f"{origin.topic}:{origin.partition}:{origin.offset}"


def _await_committed(
    kafka: Mapping[str, str], topic: str, group: str, ends: Mapping[int, int], deadline: float
) -> dict[int, int]:
    """Return the group's offsets, once they passed the ends or the time is over.

    Everything is sent by now, so a coordinator that moves or loads is asked again until then.
    """
    consumer = Consumer(reader_config(kafka, name=group))
    asked = [TopicPartition(topic, partition) for partition in ends]
    committed: dict[int, int] = {}
    try:
        while True:
            try:
                found = consumer.committed(asked, timeout=ANSWER_SECONDS_MAX)
                committed = {place.partition: place.offset for place in found}
            except KafkaException as error:
                if time.monotonic() > deadline:
                    text = f"{group} does not tell its offsets: {reason_of(error)}"
                    raise ReadingError(text) from error
            passed = all(committed.get(partition, -1) >= end for partition, end in ends.items())
            if passed or time.monotonic() > deadline:
                return committed
            time.sleep(POLL_SECONDS)
    finally:
        consumer.close()


def _refused_since(
    kafka: Mapping[str, str],
    topic: str,
    starts: Mapping[int, int],
    ends: Mapping[int, int],
    deadline: float,
) -> dict[tuple[int, int], Refusal]:
    """Return the refusals written since ``starts`` by their origin's partition and offset."""
    wanted = {partition: starts[partition] for partition in ends}
    targets = _high_watermarks(kafka, topic, wanted)
    while True:
        with TopicReader(kafka, topic, starts=wanted) as reader:
            again = {found.place: found.refusal for found in _found(reader.until_end())}
            # A dead worker's open transaction hides what was committed behind it, for a while.
            seen = all(reader.ends[p] >= target for p, target in targets.items())
        if seen or time.monotonic() > deadline:
            return again
        time.sleep(POLL_SECONDS)


def _ends(kafka: Mapping[str, str], topic: str) -> dict[int, int]:
    """Return where each partition ends now, as far as committed records go."""
    with TopicReader(kafka, topic) as reader:
        partitions = reader.partitions
    return latest_offsets(kafka, topic, partitions, IsolationLevel.READ_COMMITTED)


def _high_watermarks(
    kafka: Mapping[str, str], topic: str, partitions: Iterable[int]
) -> dict[int, int]:
    return latest_offsets(kafka, topic, partitions, IsolationLevel.READ_UNCOMMITTED)
