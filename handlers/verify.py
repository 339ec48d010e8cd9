"""Recomputing what was decided, from the log alone, and comparing it byte by byte.

The definitions and the time are in the log, so the facts are a function of it. For each partition
all of ``lead.signals`` up to the group's committed offset is folded once more, in a store of its
own, and every record that the fold tells is held against the next one that lies in the topic: key,
value, headers and timestamp. Workers may go on meanwhile: nothing is joined and nothing written.
"""

import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Final

from confluent_kafka import OFFSET_BEGINNING, Consumer, KafkaException, TopicPartition

from events.clients import consumer_config, reason_of
from events.topics import Topics
from handlers.batch import Fold, Limits, Place, Rules
from handlers.cache import LeadCache
from handlers.cluster import Cluster
from handlers.exits import Exit, Stop
from handlers.partition import Ledger
from handlers.policies import PolicyShelf
from handlers.reading import Record as Read
from handlers.reading import TopicReader
from handlers.records import Headers, Record, adoption_in
from handlers.settings import Settings
from handlers.store import Identity, Memory, PartitionStore
from lifecycle.policy import Policy

SLICE_RECORDS: Final = 5_000
ANSWER_SECONDS: Final = 30.0
_BYTES_SHOWN_MAX: Final = 8_000

Advance = Callable[[int], object]
"""Told how many more records are done."""


@dataclass(frozen=True, slots=True)
class Verified:
    """What was recomputed and found equal."""

    partitions: int
    signals: int
    records: int
    """Facts, copies and refusals compared."""


class DifferentError(Exception):
    """The first record that differs; its text shows both in full."""


@dataclass(frozen=True, slots=True)
class Told:
    """A record as it is compared."""

    key: bytes | None
    value: bytes | None
    headers: tuple[tuple[str, bytes | None], ...]
    timestamp: int

    def shown(self) -> str:
        """Return the record for people, its value cut at a bound."""
        value = (self.value or b"")[:_BYTES_SHOWN_MAX].decode("utf-8", "backslashreplace")
        headers = ", ".join(f"{name}={held!r}" for name, held in self.headers) or "none"
        return (
            f"  key       {self.key!r}\n  timestamp {self.timestamp}\n"
            f"  headers   {headers}\n  value     {value}"
        )


class Comparison:
    """An outlet of a fold that holds what is told against what lies in the topics."""

    def __init__(self, kafka: dict[str, str], topics: Topics, partition: int) -> None:
        self._partition = partition
        self._readers = ExitStack()
        self._found: dict[str, Iterator[Read]] = {}
        self.compared = 0
        for topic in (topics.lifecycle, topics.handovers, topics.recycles, topics.refusals):
            starts = {partition: OFFSET_BEGINNING}
            reader = self._readers.enter_context(TopicReader(kafka, topic, starts=starts))
            self._found[topic] = reader.until_end()

    def close(self) -> None:
        """Close the readers."""
        self._readers.close()

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
        found = self._found.get(topic)
        if found is None:
            return
        expected = Told(key, value, tuple(headers or ()), timestamp)
        record = next(found, None)
        if record is None:
            raise DifferentError(
                f"{topic}, partition {partition}, ends where the log says:\n{expected.shown()}"
            )
        actual = Told(record.key, record.value, tuple(record.headers), record.timestamp)
        if actual != expected:
            raise DifferentError(
                f"{record.place} differs.\nThe log says:\n{expected.shown()}\n"
                f"The topic has:\n{actual.shown()}"
            )
        self.compared += 1


def targets(settings: Settings, topics: Topics, count: int) -> dict[int, int]:
    """Return the group's committed offset of each partition that has one."""
    places = [TopicPartition(topics.signals, number) for number in range(count)]
    with closing(Consumer(consumer_config(settings.kafka, settings.group))) as member:
        try:
            found = member.committed(places, timeout=ANSWER_SECONDS)
        except KafkaException as error:
            raise Stop(
                Exit.ERROR, f"the group's offsets cannot be read: {reason_of(error)}"
            ) from error
    return {place.partition: place.offset for place in found if place.offset > 0}


def verify(
    settings: Settings,
    rules: Rules,
    advance: Advance,
    *,
    until: dict[int, int],
    partition_count: int,
) -> Verified:
    """Recompute the partitions up to the given offsets; raises DifferentError at the first."""
    topics = Topics(settings.topics_prefix)
    shelf = PolicyShelf(settings.kafka, topics.policies)
    shelf.start()
    signals = records = 0
    try:
        for number, end in sorted(until.items()):
            place = Place(topics, number, partition_count)
            with tempfile.TemporaryDirectory(prefix="baton-verify-") as folder:
                done = _verify_partition(settings, place, end, shelf, rules, Path(folder), advance)
            signals += done[0]
            records += done[1]
    finally:
        shelf.stop()
    return Verified(len(until), signals, records)


def _verify_partition(
    settings: Settings,
    place: Place,
    end: int,
    shelf: PolicyShelf,
    rules: Rules,
    folder: Path,
    advance: Advance,
) -> tuple[int, int]:
    cache = LeadCache(settings.cache_leads_max)
    store = PartitionStore(folder / "store", Memory(), cache)
    store.begin(Identity("verify", place.topics.state, place.partition))
    comparison = Comparison(settings.kafka, place.topics, place.partition)
    try:
        taken = _fold_all(settings, place, end, shelf, rules, store, comparison, advance)
        return taken, comparison.compared
    finally:
        comparison.close()
        store.close()


def _fold_all(  # noqa: PLR0913, PLR0917 - as above
    settings: Settings,
    place: Place,
    end: int,
    shelf: PolicyShelf,
    rules: Rules,
    store: PartitionStore,
    comparison: Comparison,
    advance: Advance,
) -> int:
    policy = _first_policy(settings, place, end, shelf)
    # What was committed had not crossed its limits; today's settings must not cross them now.
    limits = Limits(
        tick_leads_max=SLICE_RECORDS,
        failed_max=sys.maxsize,
        refusal_rate_max=1.0,
        refusal_rate_min_messages=sys.maxsize,
        refusal_bytes_max=settings.refusal_bytes_max,
    )
    taken = 0
    with _signals(settings, place) as reader:
        found = _until(reader, end)
        held: list[Record] = []
        while held := held or list(islice(found, SLICE_RECORDS)):
            fold = Fold(
                place,
                store,
                Ledger(store.state, store.read),
                policy,
                lambda version: shelf.wait_for(version, ANSWER_SECONDS),
                rules,
                limits,
                comparison,
            )
            fold.run(held)
            if fold.awaiting is not None:
                raise Stop(Exit.ERROR, f"{place.topics.policies} has no definition {fold.awaiting}")
            store.apply(fold.changes, fold.ledger.changes(), fold.ledger.state(), taken)
            policy = fold.policy
            taken += fold.taken
            advance(fold.taken)
            held = held[fold.taken :]
    return taken


def _signals(settings: Settings, place: Place) -> TopicReader:
    starts = {place.partition: OFFSET_BEGINNING}
    return TopicReader(settings.kafka, place.topics.signals, starts=starts)


def _until(reader: TopicReader, end: int) -> Iterator[Record]:
    for read in reader.until_end():
        if read.offset >= end:
            return
        yield Record(read.offset, read.timestamp, read.key, read.value, read.headers)


def _first_policy(settings: Settings, place: Place, end: int, shelf: PolicyShelf) -> Policy:
    """Return the partition's first definition, which is in force for what lies before it too."""
    with _signals(settings, place) as reader:
        for read in reader.until_end():
            adopted = adoption_in(read.key, read.value, read.headers, read.timestamp)
            if adopted is not None:
                policy = shelf.wait_for(adopted.digest, ANSWER_SECONDS)
                if policy is not None:
                    return policy
                raise Stop(
                    Exit.ERROR, f"{place.topics.policies} has no definition {adopted.digest}"
                )
    raise Stop(
        Exit.ERROR,
        f"no definition was adopted in partition {place.partition} of {place.topics.signals}, "
        f"yet {end} offsets of it are committed",
    )


def partition_count(settings: Settings) -> int:
    """Return the partition count of ``lead.signals``; raises Stop if topics do not fit."""
    return Cluster(settings.kafka, Topics(settings.topics_prefix)).check_topics()
