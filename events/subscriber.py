"""For systems that act on what Baton decided: yields typed facts, each at least once.

A delivery is committed when the caller's block ends, and not if it raises: then the same one
comes again, at once in this process or later in another. So a block may run twice for one fact;
``delivery.seq`` counts a lead's facts, and what is not above the last one done is a repeat.
"""

import logging
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from types import TracebackType
from typing import Final, Self

from confluent_kafka import Consumer, KafkaError, KafkaException, Message, TopicPartition

from events.clients import Properties, consumer_config, reason_of
from events.topics import Topics
from schemas.outbound import Event, UnreadableFactError, parse
from schemas.outbound_parts import FactData

_TOPICS: Final = Topics()
_POLL_SECONDS: Final = 0.5
_COME_AGAIN: Final = frozenset(
    {
        KafkaError.ILLEGAL_GENERATION,
        KafkaError.REBALANCE_IN_PROGRESS,
        KafkaError.UNKNOWN_MEMBER_ID,
        KafkaError._ASSIGNMENT_LOST,  # noqa: SLF001 - librdkafka's own codes are named so
        KafkaError._STATE,  # noqa: SLF001 - likewise
    }
)
"""The partition went to another member meanwhile: there the delivery comes again."""
_PASSING: Final = frozenset(
    {
        KafkaError._MAX_POLL_EXCEEDED,  # noqa: SLF001 - likewise
        KafkaError._TRANSPORT,  # noqa: SLF001 - likewise
        KafkaError._ALL_BROKERS_DOWN,  # noqa: SLF001 - likewise
    }
)
"""The client mends these by itself: it joins again, or connects again."""

log: Final = logging.getLogger("baton.subscriber")


class SubscribeError(Exception):
    """The cluster will not give what was subscribed to."""


@dataclass(frozen=True, slots=True)
class Delivery:
    """One fact, and where it stood."""

    fact: Event[FactData]
    topic: str
    partition: int
    offset: int

    @property
    def lead_id(self) -> str:
        """The lead it is about."""
        return self.fact.subject

    @property
    def seq(self) -> int:
        """The fact's number within its lead: it rises, and a repeat has a number seen before."""
        return self.fact.data.seq

    @property
    def type(self) -> str:
        """What was decided, such as ``lead.handover.v1``."""
        return self.fact.type

    @property
    def data(self) -> FactData:
        """What was decided, as its type defines it."""
        return self.fact.data


class Subscriber:
    """Reads ``lead.handovers`` and ``lead.recycles``, or others of Baton's facts.

    Several processes of one ``group`` share the work. Only what Baton committed is seen. A fact
    of a type that this release does not know is left out with a warning and counted. A block
    that takes longer than ``max.poll.interval.ms`` (5 minutes) loses its partition, and the
    delivery comes again. Not for use by several threads at once.
    """

    def __init__(
        self,
        config: Properties,
        group: str,
        *,
        topics: Sequence[str] = (_TOPICS.handovers, _TOPICS.recycles),
    ) -> None:
        """Subscribe; a group that is new begins with the oldest fact."""
        self._consumer = Consumer(consumer_config(config, group))
        self._consumer.subscribe(list(topics))
        self.unreadable = 0
        """Facts left out so far."""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Leave the group."""
        self.close()

    def close(self) -> None:
        """Leave the group; what was not committed comes again."""
        self._consumer.close()

    @contextmanager
    def next(self, timeout_seconds: float | None = None) -> Iterator[Delivery | None]:
        """Wait for the next fact, and commit it when the block ends without an exception.

        Without a timeout it waits for ever; with one, the block gets None when nothing came.
        Raises SubscribeError, for a topic that is not there or may not be read, say.
        """
        delivery = self._await(timeout_seconds)
        if delivery is None:
            yield None
            return
        try:
            yield delivery
        except BaseException:
            self._rewind(delivery)
            raise
        self._commit(delivery)

    def _await(self, timeout_seconds: float | None) -> Delivery | None:
        left = timeout_seconds
        while left is None or left >= 0:
            # In slices: a signal to the process is only seen between two of them.
            wait = _POLL_SECONDS if left is None else min(left, _POLL_SECONDS)
            message = self._consumer.poll(wait)
            delivery = None if message is None else self._delivery_of(message)
            if delivery is not None:
                return delivery
            if left is not None and message is None:
                left = left - wait if left > wait else -1.0
        return None

    def _delivery_of(self, message: Message) -> Delivery | None:
        error = message.error()
        if error is not None:
            if error.code() in _PASSING or error.retriable():
                log.warning("reading goes on after: %s", error.str())
                return None
            raise SubscribeError(error.str())
        topic, partition, offset = _place_of(message)
        try:
            fact = parse(message.value() or b"")
        except UnreadableFactError as unreadable:
            self.unreadable += 1
            log.warning("left out %s[%d]@%d: %s", topic, partition, offset, unreadable)
            return None
        return Delivery(fact, topic, partition, offset)

    def _commit(self, delivery: Delivery) -> None:
        done = TopicPartition(delivery.topic, delivery.partition, delivery.offset + 1)
        try:
            self._consumer.commit(offsets=[done], asynchronous=False)
        except KafkaException as error:
            if error.args[0].code() not in _COME_AGAIN:
                raise SubscribeError(f"not committed: {reason_of(error)}") from error
            log.warning("%s comes again: its partition has moved", delivery.fact.id)

    def _rewind(self, delivery: Delivery) -> None:
        """Read the same fact again next: a later commit must not pass over it."""
        place = TopicPartition(delivery.topic, delivery.partition, delivery.offset)
        try:
            self._consumer.seek(place)
        except KafkaException as error:
            # Not ours any more: the group begins at its last commit, before this fact.
            log.warning("%s comes again elsewhere: %s", delivery.fact.id, reason_of(error))


def _place_of(message: Message) -> tuple[str, int, int]:
    topic, partition, offset = message.topic(), message.partition(), message.offset()
    if topic is None or partition is None or offset is None:
        raise SubscribeError("a record without its place in the log")
    return topic, partition, offset
