"""Reading a topic from the side: no group is joined, nothing is committed, nobody is disturbed.

What ``follow``, ``record``, ``explain`` and ``refusals`` stand on. A reader sees committed records
only, partition by partition in order; between partitions there is no order to keep.
"""

import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from types import TracebackType
from typing import Final, Self, cast

from confluent_kafka import (
    OFFSET_BEGINNING,
    OFFSET_END,
    Consumer,
    IsolationLevel,
    KafkaError,
    KafkaException,
    Message,
    TopicPartition,
)
from confluent_kafka.admin import AdminClient, OffsetSpec

from events.access import admitted
from events.clients import admin_config, reader_config, reason_of
from events.topics import TopicsError

POLL_SECONDS: Final = 0.2
FETCH_WAIT_MS: Final = 100
"""How long a broker ponders before it says that the end is reached; its default is 500."""
BATCH_MAX: Final = 1_000
ANSWER_SECONDS_MAX: Final = 15.0
LAST_POLLS_MAX: Final = 25
QUIET_POLLS: Final = 3
SILENCE_SECONDS_MAX: Final = 30.0
Headers = list[tuple[str, bytes | None]]


class ReadingError(Exception):
    """A topic cannot be read; the text is one sentence."""


@dataclass(frozen=True, slots=True)
class Record:
    """One record of a topic, as it lies there."""

    topic: str
    partition: int
    offset: int
    timestamp: int
    """ms; -1 where the record has none."""
    key: bytes | None
    value: bytes | None
    headers: Headers = field(default_factory=list)

    @property
    def place(self) -> str:
        """Where it lies: ``topic:partition:offset``."""
        return f"{self.topic}:{self.partition}:{self.offset}"


class TopicReader:
    """The records of one topic, or of some of its partitions, from the start or from now on.

    ``starts`` gives partition and first offset instead: only these partitions are read.
    """

    def __init__(
        self,
        kafka: Mapping[str, str],
        topic: str,
        *,
        from_start: bool = True,
        starts: Mapping[int, int] | None = None,
    ) -> None:
        self.topic = topic
        self.ends: dict[int, int] = {}
        """Where the end of each partition was when it was reached last."""
        admitted(kafka)
        self._consumer = Consumer(reader_config({"fetch.wait.max.ms": FETCH_WAIT_MS, **kafka}))
        try:
            self.partitions = _partitions(self._consumer, topic)
            start = OFFSET_BEGINNING if from_start else OFFSET_END
            if starts is not None:
                self.partitions = [p for p in self.partitions if p in starts]
            self._consumer.assign(
                [TopicPartition(topic, p, (starts or {}).get(p, start)) for p in self.partitions]
            )
        except BaseException:
            self._consumer.close()
            raise

    def __enter__(self) -> Self:
        """Return the reader itself; it is closed at the end."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Close the connection."""
        self._consumer.close()

    def until_end(self) -> Iterator[Record]:
        """Yield what there is, up to the end that each partition has when it is reached."""
        return self._read(until_end=True, stopped=lambda: False)

    def for_ever(self, stopped: Callable[[], bool] = lambda: False) -> Iterator[Record]:
        """Yield what there is and what comes, until ``stopped`` says so."""
        return self._read(until_end=False, stopped=stopped)

    def _read(self, *, until_end: bool, stopped: Callable[[], bool]) -> Iterator[Record]:
        silent_seconds = 0.0
        polls_left = LAST_POLLS_MAX
        quiet_polls = 0
        while not stopped():
            batch = self._consumer.consume(BATCH_MAX, timeout=POLL_SECONDS)
            silent_seconds = 0.0 if batch else silent_seconds + POLL_SECONDS
            for message in batch:
                if not self._is_end(message):
                    yield record_of(message)
            if not until_end:
                continue
            if len(self.ends) == len(self.partitions):
                # The embedded broker tells an end too early at times: the end is where nothing
                # follows it for a while either. Where something always does, it is far enough.
                polls_left -= 1
                quiet_polls = 0 if batch else quiet_polls + 1
                if quiet_polls == QUIET_POLLS or polls_left == 0:
                    return
            elif silent_seconds > SILENCE_SECONDS_MAX:
                text = f"{self.topic} did not answer for {SILENCE_SECONDS_MAX:.0f} s"
                raise ReadingError(text)

    def _is_end(self, message: Message) -> bool:
        """Note the end of a partition, and raise what is an error."""
        error = message.error()
        if error is None:
            return False
        if error.code() == KafkaError._PARTITION_EOF:  # noqa: SLF001 - its public name
            self.ends[_known(message.partition())] = _known(message.offset())
        elif not error.retriable():
            raise ReadingError(f"{self.topic} cannot be read: {error.str()}")
        return True


def record_of(message: Message) -> Record:
    """Return a message without its client's wrapping."""
    kind_and_time = message.timestamp()
    headers = cast("Headers", message.headers() or [])
    return Record(
        topic=str(message.topic()),
        partition=_known(message.partition()),
        offset=_known(message.offset()),
        timestamp=kind_and_time[1],
        key=message.key(),
        value=message.value(),
        headers=headers,
    )


def latest_offsets(
    kafka: Mapping[str, str], topic: str, partitions: Iterable[int], isolation: IsolationLevel
) -> dict[int, int]:
    """Return where partitions end now: committed records only, or with what is still open.

    Raises ReadingError if the cluster does not tell.
    """
    admin = AdminClient(admin_config(kafka))
    latest = OffsetSpec.latest()  # type: ignore[no-untyped-call]  # the client's
    asked = {TopicPartition(topic, partition): latest for partition in partitions}
    deadline = time.monotonic() + ANSWER_SECONDS_MAX
    while True:
        futures = admin.list_offsets(
            asked, isolation_level=isolation, request_timeout=ANSWER_SECONDS_MAX
        )
        try:
            found = {
                place.partition: future.result(timeout=2 * ANSWER_SECONDS_MAX).offset
                for place, future in futures.items()
            }
        except (KafkaException, TimeoutError) as error:
            raise ReadingError(f"{topic} does not tell its end: {reason_of(error)}") from error
        # Where the leader is just changing, the client may answer with no offset and no error.
        if min(found.values(), default=0) >= 0:
            return found
        if time.monotonic() > deadline:
            raise ReadingError(f"{topic} does not tell its end: nobody leads it")
        time.sleep(POLL_SECONDS)


def _partitions(consumer: Consumer, topic: str) -> list[int]:
    try:
        found = consumer.list_topics(topic, timeout=ANSWER_SECONDS_MAX).topics[topic]
    except KafkaException as error:
        raise TopicsError(f"the cluster does not answer: {reason_of(error)}") from error
    if not found.partitions:
        raise TopicsError(f"there is no topic {topic}")
    return sorted(found.partitions)


def _known(number: int | None) -> int:
    if number is None:
        raise ReadingError("the client gave a record without its place")
    return number
