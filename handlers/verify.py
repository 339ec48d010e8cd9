"""Recomputing what was decided, from the log alone, and comparing it byte by byte.

The definitions and the time are in the log, so the facts are a function of it. For each partition
all of ``lead.signals`` up to the group's committed offset is folded once more, in a store of its
own, and every record that the fold tells is held against the next one that lies in the topic: key,
value, headers and timestamp. Nothing else may lie there. Workers may go on meanwhile: nothing is
joined and nothing written.
"""

import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Final

from confluent_kafka import (
    OFFSET_BEGINNING,
    Consumer,
    IsolationLevel,
    KafkaException,
    TopicPartition,
)

from events.clients import consumer_config, reason_of
from events.codec import Tick
from events.topics import Topics
from handlers.batch import Fold
from handlers.cache import LeadCache
from handlers.cluster import Cluster
from handlers.comparison import Comparison, Scope, outputs
from handlers.exits import Exit, Stop
from handlers.folding import Limits, Place, Rules
from handlers.partition import Ledger
from handlers.policies import PolicyShelf
from handlers.reading import TopicReader, latest_offsets
from handlers.records import Headers, Record, adoption_in
from handlers.settings import Settings
from handlers.store import Identity, Memory, PartitionStore
from lifecycle.policy import Policy
from schemas.refusal import Refused

SLICE_RECORDS: Final = 5_000
ANSWER_SECONDS: Final = 30.0

Advance = Callable[[int], object]
"""Told how many more offsets of ``lead.signals`` are done."""


@dataclass(frozen=True, slots=True)
class Verified:
    """What was recomputed and found equal."""

    partitions: int
    signals: int
    records: int
    """Facts, copies and refusals compared."""


def partition_count(settings: Settings) -> int:
    """Return the partition count of ``lead.signals``; raises Stop if topics do not fit."""
    return Cluster(settings.kafka, Topics(settings.topics_prefix)).check_topics()


def scope(settings: Settings, topics: Topics, count: int) -> Scope:
    """Return what there is to compare now, while workers go on. Raises Stop and ReadingError.

    Facts and offsets are committed together, so the order of the questions matters: what lay in
    the outputs before the group was asked was decided of what it had committed by then (the answer
    waits for what is pending), and all that was decided of that lay there when it had answered.
    """
    settled = _ends(settings, topics, count, IsolationLevel.READ_COMMITTED)
    until = _committed(settings, topics, count)
    return Scope(until, settled, _ends(settings, topics, count, IsolationLevel.READ_UNCOMMITTED))


def _ends(
    settings: Settings, topics: Topics, count: int, isolation: IsolationLevel
) -> dict[tuple[str, int], int]:
    return {
        (topic, number): end
        for topic in outputs(topics)
        for number, end in latest_offsets(settings.kafka, topic, range(count), isolation).items()
    }


def _committed(settings: Settings, topics: Topics, count: int) -> dict[int, int]:
    places = [TopicPartition(topics.signals, number) for number in range(count)]
    with closing(Consumer(consumer_config(settings.kafka, settings.group))) as member:
        try:
            found = member.committed(places, timeout=ANSWER_SECONDS)
        except KafkaException as error:
            raise Stop(
                Exit.ERROR, f"the group's offsets cannot be read: {reason_of(error)}"
            ) from error
    for place in found:
        if place.error is not None:
            raise Stop(
                Exit.ERROR,
                f"the group's offset of partition {place.partition} cannot be read: "
                f"{place.error.str()}",
            )
    return {place.partition: place.offset for place in found if place.offset > 0}


def verify(
    settings: Settings, rules: Rules, scope: Scope, advance: Advance, count: int
) -> Verified:
    """Recompute all ``count`` partitions as far as told; raises DifferentError at the first."""
    topics = Topics(settings.topics_prefix)
    shelf = PolicyShelf(settings.kafka, topics.policies)
    shelf.start()
    signals = records = 0
    try:
        for number in range(count):
            with closing(Comparison(settings.kafka, topics, number, scope)) as comparison:
                place = Place(topics, number, count)
                again = _Again(settings, rules, place, shelf, comparison)
                signals += again.fold(scope.until.get(number, 0), advance)
                records += comparison.compared
    finally:
        shelf.stop()
    return Verified(len(scope.until), signals, records)


class _Again:
    """One partition, decided once more."""

    def __init__(
        self,
        settings: Settings,
        rules: Rules,
        place: Place,
        shelf: PolicyShelf,
        comparison: Comparison,
    ) -> None:
        self._settings = settings
        self._rules = rules
        self._place = place
        self._shelf = shelf
        self._comparison = comparison
        # What was committed had not crossed its limits; today's settings must not cross them now.
        self._limits = Limits(
            tick_leads_max=SLICE_RECORDS,
            failed_max=sys.maxsize,
            refusal_rate_max=1.0,
            refusal_rate_min_messages=sys.maxsize,
            refusal_bytes_max=settings.refusal_bytes_max,
        )

    def fold(self, end: int, advance: Advance) -> int:
        """Fold everything before an offset and compare; returns how many records that were."""
        taken = 0
        if end:
            with tempfile.TemporaryDirectory(prefix="baton-verify-") as folder:
                cache = LeadCache(self._settings.cache_leads_max)
                with closing(PartitionStore(Path(folder) / "store", Memory(), cache)) as store:
                    store.begin(Identity("verify", self._place.topics.state, self._place.partition))
                    policy = self._first_policy(end)
                    taken, policy = self._fold_before(end, store, policy, advance)
                    if not self._comparison.is_all_done():
                        self._fold_tick_at(end, store, policy)
        self._comparison.check_nothing_left()
        return taken

    def _fold_before(
        self, end: int, store: PartitionStore, policy: Policy, advance: Advance
    ) -> tuple[int, Policy]:
        taken = reached = 0
        with self._signals() as reader:
            found = _until(reader, end)
            held: list[Record] = []
            while held := held or list(islice(found, SLICE_RECORDS)):
                fold = self._fold_over(store, policy, self._comparison)
                fold.run(held)
                if fold.awaiting is not None:
                    raise self._lacks(fold.awaiting)
                store.apply(fold.changes, fold.ledger.changes(), fold.ledger.state(), taken)
                policy = fold.policy
                taken += fold.taken
                last, held = held[-1].offset, held[fold.taken :]
                upto = held[0].offset if held else last + 1
                advance(upto - reached)
                reached = upto
        advance(end - reached)
        return taken, policy

    def _fold_tick_at(self, end: int, store: PartitionStore, policy: Policy) -> None:
        """Compare what a tick has fired so far: its own offset is committed until it is done."""
        with self._signals(end) as reader:
            tick = next(_until(reader, end + 1), None)
        if tick is None or not self._is_tick(tick):
            return
        try:
            self._fold_over(store, policy, _WhatIsLeft(self._comparison)).run([tick])
        except _Enough:
            return

    def _fold_over(
        self, store: PartitionStore, policy: Policy, outlet: "Comparison | _WhatIsLeft"
    ) -> Fold:
        return Fold(
            self._place,
            store,
            Ledger(store.state, store.read),
            policy,
            lambda version: self._shelf.wait_for(version, ANSWER_SECONDS),
            self._rules,
            self._limits,
            outlet,
        )

    def _is_tick(self, record: Record) -> bool:
        try:
            found = self._rules.decode(record.key, record.value, record.headers, record.timestamp)
        except Refused:
            return False
        return isinstance(found, Tick)

    def _first_policy(self, end: int) -> Policy:
        """Return the partition's first definition, which is in force for what lies before too."""
        with self._signals() as reader:
            for read in reader.until_end():
                adopted = adoption_in(read.key, read.value, read.headers, read.timestamp)
                if adopted is not None:
                    policy = self._shelf.wait_for(adopted.digest, ANSWER_SECONDS)
                    if policy is None:
                        raise self._lacks(adopted.digest)
                    return policy
        raise Stop(
            Exit.ERROR,
            f"no definition was adopted in partition {self._place.partition} of "
            f"{self._place.topics.signals}, yet {end} offsets of it are committed",
        )

    def _signals(self, start: int = OFFSET_BEGINNING) -> TopicReader:
        starts = {self._place.partition: start}
        return TopicReader(self._settings.kafka, self._place.topics.signals, starts=starts)

    def _lacks(self, digest: str) -> Stop:
        return Stop(Exit.ERROR, f"{self._place.topics.policies} has no definition {digest}")


class _Enough(Exception):  # noqa: N818 - no error: the fold has told all that lies there
    """All that a tick has fired so far was compared."""


class _WhatIsLeft:
    """An outlet that compares as far as anything settled is left, and then has the fold end."""

    def __init__(self, comparison: Comparison) -> None:
        self._comparison = comparison

    def put(
        self,
        topic: str,
        partition: int,
        key: bytes | None,
        value: bytes | None,
        headers: Headers | None,
        timestamp: int,
    ) -> None:
        """Compare one record, if one is left in its topic; raises DifferentError and _Enough."""
        if self._comparison.is_done(topic):
            raise _Enough
        self._comparison.put(topic, partition, key, value, headers, timestamp)


def _until(reader: TopicReader, end: int) -> Iterator[Record]:
    for read in reader.until_end():
        if read.offset >= end:
            return
        yield Record(read.offset, read.timestamp, read.key, read.value, read.headers)
