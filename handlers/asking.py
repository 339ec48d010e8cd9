"""What a restore asks of the cluster, in this order: where the group stands, and where to read to.

1. The group's committed offset of ``lead.signals``. Asking waits for a dead owner's transaction.
2. The end of ``lead.state`` as its *high watermark*. The default answer, the last stable offset,
   is held back by an open transaction: states that belong to the committed offset may lie
   behind it.

Brokers come and go, so each question is asked again until it is answered; in between, whoever asks
may turn to something else, or give up.
"""

from collections.abc import Callable, Generator
from dataclasses import dataclass
from typing import Final, TypeVar, cast

from confluent_kafka import Consumer, IsolationLevel, KafkaError, KafkaException, TopicPartition
from confluent_kafka.admin import AdminClient, OffsetSpec

from events.topics import Topics

T = TypeVar("T")
Steps = Generator[bool, None, T]
"""Slices of work: False where there is nothing to do but wait; returns what it was for."""

ASK_SECONDS: Final = 0.5
"""How long the group may think about its offset while other restores wait for their turn."""
ANSWER_SECONDS: Final = 2.0
"""How long one question to the cluster may keep a cancelled restore from ending."""
_LATEST: Final = OffsetSpec.latest()  # type: ignore[no-untyped-call]
_EARLIEST: Final = OffsetSpec.earliest()  # type: ignore[no-untyped-call]


@dataclass(frozen=True, slots=True)
class Start:
    """Where reading ``lead.signals`` goes on."""

    offset: int
    committed: bool
    """The group said so; False: it never committed anything, and this is the log's beginning."""


@dataclass(frozen=True, slots=True)
class Questions:
    """What there is to ask about one partition."""

    asker: Consumer
    admin: AdminClient
    topics: Topics
    partition: int
    say: Callable[[str], None]
    """Told what is waited for."""

    def start(self) -> Steps[Start]:
        """Ask where the group stands; waits for transactions that are still open to end."""
        wanted = TopicPartition(self.topics.signals, self.partition)
        while True:
            try:
                found = self.asker.committed([wanted], timeout=ASK_SECONDS)[0]
                if found.error is not None:
                    raise_unless_passing(found.error)
                elif found.offset >= 0:
                    return Start(found.offset, committed=True)
                else:
                    first = self.admin.list_offsets(
                        {wanted: _EARLIEST}, request_timeout=ANSWER_SECONDS
                    )[wanted]
                    offset = cast("int", first.result().offset)
                    if offset >= 0:
                        return Start(offset, committed=False)
            except KafkaException as error:
                raise_unless_passing(error.args[0])
            self.say("waiting for the committed offset")
            yield False

    def changelog_end(self) -> Steps[int]:
        """Ask where ``lead.state`` ends, what is not committed yet included."""
        wanted = TopicPartition(self.topics.state, self.partition)
        while True:
            answer = self.admin.list_offsets(
                {wanted: _LATEST},
                isolation_level=IsolationLevel.READ_UNCOMMITTED,
                request_timeout=ANSWER_SECONDS,
            )[wanted]
            try:
                end = cast("int", answer.result().offset)
                # Where the leader is just changing, the client may answer with no offset and no
                # error (librdkafka 2.16, met by `make chaos`).
                if end >= 0:
                    return end
            except KafkaException as error:
                raise_unless_passing(error.args[0])
            self.say("waiting for the end of the changelog")
            yield False


def raise_unless_passing(error: KafkaError) -> None:
    """Let a restore wait for what passes, such as a broker that is being replaced."""
    passing = {
        KafkaError._TIMED_OUT,  # noqa: SLF001 - its only name
        KafkaError._TRANSPORT,  # noqa: SLF001 - likewise
        KafkaError._ALL_BROKERS_DOWN,  # noqa: SLF001 - likewise
        KafkaError._WAIT_COORD,  # noqa: SLF001 - likewise
        # What list_offsets says while nobody leads the partition (met by `make chaos`).
        KafkaError._NOENT,  # noqa: SLF001 - likewise
        KafkaError.REQUEST_TIMED_OUT,
        KafkaError.NOT_COORDINATOR,
        KafkaError.COORDINATOR_NOT_AVAILABLE,
        KafkaError.COORDINATOR_LOAD_IN_PROGRESS,
        KafkaError.LEADER_NOT_AVAILABLE,
        KafkaError.NOT_LEADER_FOR_PARTITION,
        # The leader changed, and one side has not heard of it (met by `make chaos`).
        KafkaError.FENCED_LEADER_EPOCH,
        KafkaError.UNKNOWN_LEADER_EPOCH,
        KafkaError.UNSTABLE_OFFSET_COMMIT,
    }
    if error.code() not in passing and not error.retriable():
        raise KafkaException(error)
