"""The play's three ends at the broker: what it appends, how far Baton has read, what sales hears.

Ends of ``lead.signals`` are those of the delivery reports. Baton has caught up when its group's
committed offsets have reached them. Its facts are committed with the offsets, but a cluster ends
a transaction partition by partition: one may show its facts a moment after the offsets. So the
ears go by the ends of the output topics as they are written, open transactions included, and
read up to there as readers of committed records.
"""

import json
import time
from collections.abc import Callable, Iterable
from typing import Any, Final

from confluent_kafka import (
    Consumer,
    IsolationLevel,
    KafkaError,
    KafkaException,
    Message,
    Producer,
    TopicPartition,
)
from confluent_kafka.admin import AdminClient, OffsetSpec

from events.clients import (
    Properties,
    admin_config,
    consumer_config,
    producer_config,
    reader_config,
    reason_of,
)
from events.topics import Topics
from handlers.simulate.play import TICK_KEY, Placed
from handlers.simulate.sales import Heard
from schemas.times import parse_time

STALLED_SECONDS: Final = 60.0
"""Nothing read for so long: then nobody is reading."""
_FLUSH_SECONDS: Final = 30.0
_ASK_SECONDS: Final = 15.0
_PAUSE_SECONDS: Final = 0.004
_CONSUME_MAX: Final = 10_000


class SimulationError(Exception):
    """The play cannot go on; the text is one sentence."""


class Log:
    """Appends records to ``lead.signals`` with their own timestamps, and knows where they went."""

    def __init__(self, properties: Properties, topic: str) -> None:
        self.ends: dict[int, int] = {}
        self.ticks = 0
        self._topic = topic
        self._failed: KafkaError | None = None
        self._producer = Producer(producer_config({"linger.ms": "1"} | dict(properties)))

    def append(self, stream: Iterable[Placed]) -> int:
        """Append records in their order and return how many, once all are in the log."""
        count = 0
        for placed in stream:
            self._append(placed)
            self.ticks += placed.record.key == TICK_KEY
            count += 1
        if self._producer.flush(_FLUSH_SECONDS):
            raise SimulationError(f"{self._topic} took no records for {_FLUSH_SECONDS:.0f} s")
        if self._failed is not None:
            raise SimulationError(f"{self._topic} did not take a record: {self._failed.str()}")
        return count

    def _append(self, placed: Placed) -> None:
        record = placed.record
        while True:
            try:
                self._producer.produce(
                    self._topic,
                    key=record.key,
                    value=record.value,
                    headers=[*record.headers],
                    partition=placed.partition,
                    timestamp=record.at,
                    on_delivery=self._delivered,
                )
            except BufferError:
                self._producer.poll(_PAUSE_SECONDS)  # Full: wait until some are delivered.
                continue
            return

    def _delivered(self, error: KafkaError | None, message: Message) -> None:
        if error is not None:
            self._failed = error
            return
        partition, offset = message.partition(), message.offset()
        if partition is not None and offset is not None:
            self.ends[partition] = max(self.ends.get(partition, 0), offset + 1)


class Baton:
    """How far the worker group has read; it is asked, never joined."""

    def __init__(self, properties: Properties, group: str, topic: str) -> None:
        self._group, self._topic = group, topic
        # Asking as a reader of committed records waits, a tenth of a second at a time, for every
        # transaction that is open. What is asked for is what is committed, either way.
        self._asker = Consumer(
            consumer_config(properties, group) | {"isolation.level": "read_uncommitted"}
        )
        self._trouble: str | None = None
        self.progress = 0

    def close(self) -> None:
        """Close the connection."""
        self._asker.close()

    def await_read(self, ends: dict[int, int], meanwhile: Callable[[], object]) -> None:
        """Return once the group has committed all offsets up to these ends.

        ``meanwhile`` is what is done between two looks; it takes a moment.
        """
        wanted = [TopicPartition(self._topic, partition) for partition in ends]
        moved_at = time.monotonic()
        while True:
            meanwhile()
            committed = self._committed(wanted)
            if all(place.offset >= ends[place.partition] for place in committed):
                return
            progress = sum(max(0, place.offset) for place in committed)
            if progress != self.progress:
                self.progress, moved_at = progress, time.monotonic()
            elif time.monotonic() - moved_at > STALLED_SECONDS:
                raise SimulationError(self._stalled())

    def _committed(self, wanted: list[TopicPartition]) -> list[TopicPartition]:
        """Ask for the committed offsets; a coordinator that moves or loads has none to tell."""
        try:
            committed = self._asker.committed(wanted, timeout=_ASK_SECONDS)
        except KafkaException as error:
            self._trouble = reason_of(error)
            return [TopicPartition(place.topic, place.partition, -1) for place in wanted]
        self._trouble = None
        return committed

    def _stalled(self) -> str:
        if self._trouble is not None:
            return f"the group {self._group} cannot be asked: {self._trouble}"
        return (
            f"no worker of the group {self._group} has read on for {STALLED_SECONDS:.0f} s; "
            "start one with `baton worker`, or use --worker"
        )


class Ears:
    """What Baton tells sales: committed facts of ``lead.handovers`` and ``lead.recycles``."""

    def __init__(self, properties: Properties, topics: Topics, partitions: int) -> None:
        self._admin = AdminClient(admin_config(properties))
        self._places = [
            TopicPartition(topic, partition)
            for topic in (topics.handovers, topics.recycles)
            for partition in range(partitions)
        ]
        # A fetch that waits for records is not woken by the end of a transaction alone.
        quick = {"fetch.wait.max.ms": "10"} | dict(properties)
        self._consumer = Consumer(reader_config(quick, name="baton-simulation"))
        self._facts: list[Heard] = []
        self._heard_to = self._ends()
        self._consumer.assign(
            [TopicPartition(topic, p, end) for (topic, p), end in self._heard_to.items()]
        )

    def close(self) -> None:
        """Close the connection."""
        self._consumer.close()

    def attend(self) -> bool:
        """Take in what is told within a moment; return whether anything was."""
        message = self._consumer.poll(_PAUSE_SECONDS)
        if message is None:
            return False
        self._take(message)
        for one in self._consumer.consume(_CONSUME_MAX, 0):
            self._take(one)
        return True

    def listen(self) -> list[Heard]:
        """Return what was told since the last time, up to the present ends."""
        ends = self._ends()
        heard_at = time.monotonic()
        while any(self._heard_to[place] < end for place, end in ends.items()):
            if self.attend():
                heard_at = time.monotonic()
            elif time.monotonic() - heard_at > STALLED_SECONDS:
                raise SimulationError("the handovers cannot be read: the cluster does not answer")
        facts, self._facts = self._facts, []
        return facts

    def _take(self, message: Message) -> None:
        error, offset = message.error(), message.offset() or 0
        place = (str(message.topic()), int(message.partition() or 0))
        if error is None:
            self._facts.append(heard(message.value() or b""))
            self._heard_to[place] = offset + 1
        elif error.code() == KafkaError._PARTITION_EOF:  # noqa: SLF001 - its only name
            self._heard_to[place] = max(self._heard_to[place], offset)
        elif not error.retriable():
            raise SimulationError(f"the handovers cannot be read: {error.str()}")

    def _ends(self) -> dict[tuple[str, int], int]:
        return ends_of(self._admin, self._places)


def ends_of(admin: AdminClient, places: list[TopicPartition]) -> dict[tuple[str, int], int]:
    """Return where each partition ends at present, what is not committed yet included."""
    give_up_at = time.monotonic() + _ASK_SECONDS
    while True:
        try:
            return _ends_asked(admin, places)
        except KafkaException as error:
            # A topic that was made just now may not have a leader everywhere yet.
            if time.monotonic() > give_up_at:
                raise SimulationError(f"the cluster does not answer: {reason_of(error)}") from error
            time.sleep(_PAUSE_SECONDS)


def _ends_asked(admin: AdminClient, places: list[TopicPartition]) -> dict[tuple[str, int], int]:
    asked = admin.list_offsets(
        {place: OffsetSpec.latest() for place in places},  # type: ignore[no-untyped-call]  # the client's
        isolation_level=IsolationLevel.READ_UNCOMMITTED,
        request_timeout=_ASK_SECONDS,
    )
    return {
        (place.topic, place.partition): future.result().offset for place, future in asked.items()
    }


def heard(value: bytes) -> Heard:
    """Read a fact's message as far as sales needs it."""
    event: dict[str, Any] = json.loads(value)
    data = event["data"]
    kind = event["type"].removeprefix("lead.").removesuffix(".v1")
    return Heard(kind, event["subject"], data["seq"], parse_time(event["time"]), data)
