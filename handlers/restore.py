"""Bringing a partition's leads to this worker, in slices, while other partitions flow.

What to restore to is asked first (``handlers.asking``): the group's committed offset, then the end
of ``lead.state``. That is read, committed records only, until the reader's own end-of-partition
position is at or past the end.

The store that is there already is a start if it is a copy of this very topic, of this encoding,
not ahead of its end, and young enough that no tombstone it has yet to read can have been
forgotten. Else it is wiped: the changelog holds everything.

A partition that no definition was adopted in reads ahead until it finds the first one, which is
in force for what lies before it as well.
"""

import logging
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, cast

from confluent_kafka import (
    OFFSET_BEGINNING,
    Consumer,
    KafkaError,
    Message,
    TopicPartition,
)
from confluent_kafka.admin import AdminClient

from events.clients import Properties, reader_config
from events.codec import REPLAY
from events.state import UnreadableStateError
from events.topics import DAY_MS, Topics
from events.wall_clock import WallClock
from handlers.asking import Questions, Start, Steps, raise_unless_passing
from handlers.batch import check_partition_count, in_force
from handlers.cache import LeadCache
from handlers.exits import Exit, Stop
from handlers.faults import Point, Reach, undisturbed
from handlers.folding import Place
from handlers.partition import COUNTS_KEY, TAKEN, InForce
from handlers.policies import PolicyShelf
from handlers.records import adoption_in, has_header, record_of
from handlers.store import UNKNOWN, Header, Identity, Memory, PartitionStore, StoreError
from lifecycle.policy import Policy

_IMPATIENT: Final = {"fetch.wait.max.ms": 10, "fetch.error.backoff.ms": 50}
_IN_LARGE_PIECES: Final = {
    "max.partition.fetch.bytes": 4_000_000,
    "queued.min.messages": 20_000,
    "queued.max.messages.kbytes": 16_384,
    "fetch.queue.backoff.ms": 2,
}
"""How the client reads ahead while a slice is stored: enough for the next one, and no more."""

log: Final = logging.getLogger("baton.restore")

SLICE_RECORDS: Final = 10_000
SLICE_SECONDS: Final = 0.02
DISAGREEING_SECONDS_MAX: Final = 15.0
"""How long a broker that was cut off may take to notice; beyond it somebody has to look."""
STORE_AGE_MS_MAX: Final = 7 * DAY_MS // 2
"""Half of ``delete.retention.ms`` of ``lead.state``."""


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What every restore of a worker needs."""

    properties: Properties
    topics: Topics
    cluster: str
    state_topic_id: str
    partition_count: int
    directory: Path
    asker: Consumer
    """Asked for the group's committed offsets, and never a member of it: a member that polls on
    another thread would keep every question waiting."""
    admin: AdminClient
    shelf: PolicyShelf
    memory: Memory
    clock: WallClock
    reach: Reach = undisturbed


@dataclass(frozen=True, slots=True)
class Restored:
    """A partition that can flow."""

    partition: int
    store: PartitionStore
    cache: LeadCache
    start: int
    """Offset of ``lead.signals`` from which on to read."""
    policy: Policy
    in_force: InForce
    read: int
    """Records of ``lead.state`` read for it: none where the local store was up to date."""


@dataclass(slots=True)
class Restoration:
    """The restore of one partition. ``steps`` does it; each step is short."""

    partition: int
    around: Surroundings
    cache: LeadCache
    position: int = 0
    """How far ``lead.state`` has been read."""
    target: int = 0
    restored: Restored | None = None
    _read: int = 0
    _store: PartitionStore | None = None
    _said: set[str] = field(default_factory=set)

    def steps(self) -> Steps[None]:
        """Restore; yields after each slice, False when there is nothing to do but wait.

        Raises Stop when it cannot be done. Closing the iterator gives everything up.
        """
        try:
            start, store, count = yield from self._agreed()
            if not start.committed and count:
                taken = _header_of(store).taken
                raise Stop(
                    Exit.OFFSETS_LOST,
                    f"the group has no committed offset for partition {self.partition} of "
                    f"{self.around.topics.signals}, but {self.around.topics.state} holds leads: "
                    "reading from the start would count everything twice. Use the group that "
                    "wrote them, or give this one its offset back"
                    + (f": it is {taken}" if taken != UNKNOWN else ""),
                )
            force = store.state.in_force
            if force is None:
                force = yield from self._read_ahead(start.offset)
            check_partition_count(self._place(), force.partition_count)
            policy = yield from self._definition(force.digest)
            self.restored = Restored(
                self.partition, store, self.cache, start.offset, policy, force, self._read
            )
        finally:
            if self.restored is None and self._store is not None:
                self._store.close()

    # Where from and where to.

    def _agreed(self) -> Steps[tuple[Start, PartitionStore, int]]:
        """Return where to go on, and the states of that very offset, from nothing if need be.

        Both are asked of brokers, and one that was cut off may answer before it knows that it
        leads no more: then the offset, or the end of the changelog, is one of a while ago. States
        and offset are committed together, so what the states say of it has to be the same.
        """
        around = self.around
        questions = Questions(around.asker, around.admin, around.topics, self.partition, self._say)
        until: float | None = None
        store, count = None, 0
        while True:
            start = yield from questions.start()
            self.target = yield from questions.changelog_end()
            if store is None:
                store, count = yield from self._bring()
            else:
                count += yield from self._catch_up(store)
            taken = _header_of(store).taken
            # A release that did not say so yet left states all the same; no states were never
            # committed with an offset.
            unsaid = taken == UNKNOWN and count > 0
            if not start.committed or unsaid or taken == start.offset:
                return start, store, count
            until = until or time.monotonic() + DISAGREEING_SECONDS_MAX
            if time.monotonic() > until:
                raise Stop(
                    Exit.OFFSETS_LOST,
                    f"the group stands at offset {start.offset} of partition {self.partition} of "
                    f"{self.around.topics.signals}, but {self.around.topics.state} holds "
                    + (
                        "nothing: was it deleted?"
                        if taken == UNKNOWN
                        else f"the states of offset {taken}: going on would count twice, or leave "
                        f"out. Did somebody move the group's offsets? Set it to {taken}"
                    ),
                )
            self._say("the group's offset and the states are not of the same moment: asking again")
            yield False

    # The leads.

    def _bring(self) -> Steps[tuple[PartitionStore, int]]:
        """Return the whole store, and how many records the changelog had; from nothing if need be.

        What the changelog itself holds cannot be mended by reading it again.
        """
        store = self._store = self._open()
        try:
            return store, (yield from self._catch_up(store))
        except (StoreError, UnreadableStateError) as error:
            if isinstance(error, StoreError) and error.no_room:
                raise
            why = f"the local store is broken ({error})"
        store.close()
        store = self._store = self._open_empty(why)
        try:
            return store, (yield from self._catch_up(store))
        except UnreadableStateError as error:
            raise Stop(
                Exit.UNREADABLE_STATE,
                f"partition {self.partition} of {self.around.topics.state} holds what this "
                f"release cannot read ({error}): another release wrote it. Run that one, or see "
                "Roll back in docs/operations.md",
            ) from error

    def _open(self) -> PartitionStore:
        around = self.around
        path = around.directory / str(self.partition)
        identity = Identity(around.cluster, around.state_topic_id, self.partition)
        why: str | None
        try:
            store = PartitionStore(path, around.memory, self.cache)
            why = self._unfit(store, identity)
            if why is not None:
                store.close()
        except StoreError as error:
            if error.no_room:
                raise
            if error.in_use:
                raise Stop(
                    Exit.ERROR,
                    f"{path} is in use: another worker runs under the same BATON_WORKER_NAME "
                    "and BATON_STATE_DIR",
                ) from error
            why = f"the local store cannot be read ({error})"
        if why is not None:
            store = self._open_empty(why)
        return store

    def _open_empty(self, why: str) -> PartitionStore:
        around = self.around
        path = around.directory / str(self.partition)
        log.info("restoring in full: %s", why, extra={"partition": self.partition})
        store = PartitionStore.wiped(path, around.memory, self.cache)
        store.begin(Identity(around.cluster, around.state_topic_id, self.partition))
        return store

    def _unfit(self, store: PartitionStore, identity: Identity) -> str | None:
        header = store.header
        if header is None:
            return "there is no local store"
        if header.identity != identity:
            return "the local store is a copy of something else"
        if header.position > self.target:
            return "the local store is ahead of the changelog"
        if header.log_time < self.around.clock() - STORE_AGE_MS_MAX:
            return "the local store is too old"
        return None

    def _catch_up(self, store: PartitionStore) -> Steps[int]:
        """Read ``lead.state`` to its end; returns how many records it had, in the store or new."""
        header = _header_of(store)
        whole = self.position = header.position
        log_time, taken = header.log_time, header.taken
        if whole < self.target:
            for messages in self._changelog(whole or OFFSET_BEGINNING):
                if messages:
                    self._read += len(messages)
                    log_time = max(log_time, messages[-1].timestamp()[1])
                    taken = _taken_in(messages, taken)
                    if whole:
                        store.take(dict(_entries(messages)), self.position, log_time, taken)
                    else:
                        store.take_raw(_entries(messages))
                    self.around.reach(Point.RESTORING)
                yield bool(messages)
        if not whole:
            for _ in store.index(SLICE_RECORDS):
                yield True
        self.around.reach(Point.RESTORED)
        store.finish(self.position, log_time, taken)
        return whole + self._read

    def _changelog(self, start: int) -> Iterator[list[Message]]:
        """Slices of committed records of ``lead.state`` until its end is reached."""
        around = self.around
        # At the end a fetch waits for more: only its answer tells that this is the end.
        config = reader_config(
            {**around.properties, **_IMPATIENT, **_IN_LARGE_PIECES}, name="baton-restore"
        )
        with closing(Consumer(config)) as consumer:
            consumer.assign([TopicPartition(around.topics.state, self.partition, start)])
            while self.position < self.target:
                found = consumer.consume(SLICE_RECORDS, SLICE_SECONDS)
                messages = [message for message in found if message.error() is None]
                if messages:
                    self.position = _offset(messages[-1]) + 1
                if len(messages) < len(found):
                    self._meet(found)
                yield messages

    def _meet(self, found: Iterable[Message]) -> None:
        """Take what is no record: the end of the partition, or an error."""
        for message in found:
            error = message.error()
            if error is None:
                continue
            if error.code() == KafkaError._PARTITION_EOF:  # noqa: SLF001 - its only name
                # Markers of transactions are not delivered: only this tells of them.
                self.position = max(self.position, _offset(message))
            else:
                raise_unless_passing(error)

    # The definition.

    def _read_ahead(self, start: int) -> Steps[InForce]:
        """Find the first adoption at or behind ``start``."""
        around = self.around
        with closing(Consumer(reader_config(around.properties, name="baton-ahead"))) as consumer:
            consumer.assign([TopicPartition(around.topics.signals, self.partition, start)])
            while True:
                messages = consumer.consume(SLICE_RECORDS, SLICE_SECONDS)
                for message in messages:
                    error = message.error()
                    if error is None:
                        found = _adoption_in(message)
                        if found is not None:
                            return found
                    elif error.code() == KafkaError._PARTITION_EOF:  # noqa: SLF001 - its only name
                        self._say(
                            "no definition was ever adopted: waiting for "
                            "`baton policy adopt FILE --for-marketing NAME --for-sales NAME`"
                        )
                    else:
                        raise_unless_passing(error)
                yield len(messages) > 0

    def _definition(self, digest: str) -> Steps[Policy]:
        while True:
            policy = self.around.shelf.get(digest)
            if policy is not None:
                return policy
            yield False
            self._say(f"waiting for the definition {digest} in {self.around.topics.policies}")

    def _place(self) -> Place:
        return Place(self.around.topics, self.partition, self.around.partition_count)

    def _say(self, sentence: str) -> None:
        """Log what is waited for, once."""
        if sentence not in self._said:
            self._said.add(sentence)
            log.warning(sentence, extra={"partition": self.partition})


def check_grown(partitions: Iterable[int], around: Surroundings) -> None:
    """Raise Stop if a partition was not there when the worker started."""
    if any(number >= around.partition_count for number in partitions):
        raise Stop(
            Exit.PARTITION_COUNT,
            f"{around.topics.signals} has more partitions now than the {around.partition_count} "
            "that it had: leads would change partitions. A log with another count has to be "
            "replayed into a new topic",
        )


def _header_of(store: PartitionStore) -> Header:
    assert store.header is not None  # noqa: S101 - whoever opened it gave it one
    return store.header


def _taken_in(messages: Sequence[Message], before: int) -> int:
    """Return from which offset of the input on nothing is in the states, behind these records."""
    for message in reversed(messages):
        if message.key() == COUNTS_KEY:
            told = dict(message.headers() or []).get(TAKEN)
            return UNKNOWN if told is None else int(told)
    return before


def _entries(messages: Iterable[Message]) -> list[tuple[bytes, bytes | None]]:
    return [(message.key(), message.value()) for message in messages]  # type: ignore[misc]


def _offset(message: Message) -> int:
    return cast("int", message.offset())


def _adoption_in(message: Message) -> InForce | None:
    record = record_of(message)
    adopted = adoption_in(record.key, record.value, record.headers, record.timestamp)
    if adopted is None:
        return None
    return in_force(adopted, replayed=has_header(record.headers, REPLAY))
