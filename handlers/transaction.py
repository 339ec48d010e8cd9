"""The producer's life: one Kafka transaction a batch, and what each kind of error leads to.

- A commit that may be retried is retried, and nothing else: after a time-out nobody knows whether
  it took place, and an abort could tear apart what is committed already. Sending the offsets is no
  commit yet: when that fails, the transaction is aborted.
- What calls for an abort is aborted, and ``Aborted`` tells the caller to take the batch again
  from its first offsets: the client does not rewind by itself.
- A fatal error means that this producer was fenced, by another worker of the same name or because
  its transaction ran past the time-out. The process ends and its supervisor starts a new one.
"""

import logging
import os
import threading
import time
from collections.abc import Callable, Sequence
from typing import Final, NoReturn

from confluent_kafka import KafkaError, KafkaException, Message, Producer, TopicPartition

from events.access import is_not_allowed
from events.clients import Properties, producer_config
from events.topics import Topics
from handlers.exits import Exit, Stop
from handlers.faults import Point, Reach, undisturbed
from handlers.partition import COUNTS_KEY
from handlers.records import Headers

log: Final = logging.getLogger("baton.transaction")

TIMEOUT_MS: Final = 10_000
"""``transaction.timeout.ms``: what a dead worker's transaction holds up its successor."""
LINGER_MS: Final = 100
"""What is put waits so long for company, so that little is sent often no more; a commit waits for
nobody: it sends at once whatever is left."""
ATTEMPT_SECONDS: Final = 5.0
OVERDUE_SECONDS: Final = 2 * TIMEOUT_MS / 1000
"""A call that should have ended long ago, and whose transaction has."""
CONFLICT_PAUSE_SECONDS: Final = 0.1
"""Between two tries that the client turns away at once, for it is still busy with the first."""
BEGUN_SECONDS_MAX: Final = 1.0
"""How long an abort waits until the coordinator has begun what it aborts."""
INIT_SECONDS_MAX: Final = 60.0
ABORTS_MAX: Final = 20
"""Aborts in a row after which going on would be going round in circles."""


class Aborted(Exception):  # noqa: N818 - it is no error of the program
    """The transaction was aborted; nothing of the batch took place."""


class Transactions:
    """One transactional producer, and the ``Outlet`` of the folds."""

    def __init__(
        self,
        properties: Properties,
        transactional_id: str,
        topics: Topics,
        *,
        giving_up: Callable[[], bool],
        reach: Reach = undisturbed,
    ) -> None:
        own = {"transaction.timeout.ms": TIMEOUT_MS, "linger.ms": LINGER_MS, **properties}
        self._producer = Producer(producer_config(own, transactional_id=transactional_id))
        self._produce = self._producer.produce
        self._state_topic = topics.state
        self._giving_up = giving_up
        self._reach = reach
        self._aborts = 0
        self._aborting = False
        self._over = False
        """This producer can neither let out what was put nor abort it any more."""
        self.positions: dict[int, int] = {}
        """Partition to the offset in ``lead.state`` behind the last batch's records."""

    def init(self) -> None:
        """Fence whoever had this transactional id before, and end its transaction."""
        deadline = time.monotonic() + INIT_SECONDS_MAX
        while True:
            try:
                self._producer.init_transactions(ATTEMPT_SECONDS)
            except KafkaException as error:
                reason: KafkaError = error.args[0]
                if reason.fatal():
                    raise _fatal(reason) from error
                if not reason.retriable() or time.monotonic() > deadline or self._giving_up():
                    raise
            else:
                return

    def begin(self) -> None:
        """Begin a transaction."""
        self.positions.clear()
        self._guard(self._producer.begin_transaction)
        self._guard(lambda: self._reach(Point.BEGUN))

    def put(
        self,
        topic: str,
        partition: int,
        key: bytes | None,
        value: bytes | None,
        headers: Headers | None,
        timestamp: int,
    ) -> None:
        """Send one record within the transaction. Raises Aborted, Stop or KafkaException."""
        told = headers if headers is None or isinstance(headers, list) else [*headers]
        # The last of its partition's batch: behind it the local store is up to date.
        last = key == COUNTS_KEY and topic == self._state_topic
        delivered = self._delivered if last else None
        while True:
            try:
                # By position: partition, who is told of the delivery (twice the same), timestamp,
                # headers.
                self._produce(topic, value, key, partition, delivered, None, timestamp, told)
            except BufferError:
                self._producer.poll(0.05)
            except KafkaException as error:
                self._fail(error)
            else:
                return

    def serve(self) -> None:
        """Let the client do what it wants to do meanwhile."""
        self._producer.poll(0)

    def commit(self, offsets: Sequence[TopicPartition], member: object) -> None:
        """Commit what was put, together with the input's offsets, in the name of ``member``.

        ``member`` is the group metadata that was taken with the batch: committing with fresh
        metadata would let a worker commit for partitions that it has lost meanwhile.
        """
        producer = self._producer
        self._guard(lambda: self._reach(Point.FOLDED))
        self._guard(
            lambda: self._send(list(offsets), member),
            starts_over=True,
        )
        self._guard(lambda: self._reach(Point.SENT))
        self._retry(lambda: producer.commit_transaction(ATTEMPT_SECONDS))
        producer.poll(0)
        self._aborts = 0

    def _send(self, offsets: list[TopicPartition], member: object) -> None:
        # The client does not keep this call's time-out while the group's coordinator is away
        # (librdkafka 5456 and 5511, met with 2.16): nobody but the process can end the waiting.
        overdue = threading.Timer(OVERDUE_SECONDS, _end_overdue)
        overdue.daemon = True
        overdue.start()
        try:
            self._producer.send_offsets_to_transaction(offsets, member, ATTEMPT_SECONDS)
        finally:
            overdue.cancel()

    def abort(self) -> None:
        """Abort the open transaction; a producer that was fenced has none left to abort.

        While the coordinator still ends the last one it has not begun this one, whatever was put:
        asked to abort it, it answers that there is none, which is fatal to the client (librdkafka
        2.16). So what was put is let out first; nobody waits for it who cannot have it.
        """
        if self._over:
            return
        self._producer.flush(BEGUN_SECONDS_MAX)
        self._retry(lambda: self._producer.abort_transaction(ATTEMPT_SECONDS))

    def _delivered(self, error: KafkaError | None, message: Message) -> None:
        partition, offset = message.partition(), message.offset()
        if error is None and partition is not None and offset is not None:
            self.positions[partition] = offset + 1

    def _retry(self, act: Callable[[], object]) -> None:
        busy_since: float | None = None
        while True:
            try:
                act()
            except KafkaException as error:
                reason: KafkaError = error.args[0]
                if not reason.retriable() or self._giving_up():
                    self._fail(error)
                if reason.code() != KafkaError._CONFLICT:  # noqa: SLF001 - its only name
                    busy_since = None
                    log.warning("the cluster does not answer, trying again: %s", reason.str())
                    continue
                # The client has not let go of the last call. It may never: a producer that was
                # fenced meanwhile has been seen to say nothing else (librdkafka 2.16).
                if busy_since is None:
                    busy_since = time.monotonic()
                    log.warning("the client is busy with the last try: %s", reason.str())
                elif time.monotonic() - busy_since > OVERDUE_SECONDS:
                    self._end(error)
                time.sleep(CONFLICT_PAUSE_SECONDS)
            else:
                return

    def _guard(self, act: Callable[[], object], *, starts_over: bool = False) -> None:
        try:
            act()
        except KafkaException as error:
            # Before the commit an abort is always right, and sending again may wait for ever.
            self._fail(error, starts_over=starts_over and error.args[0].retriable())

    def _end(self, error: KafkaException) -> NoReturn:
        self._over = True
        raise _fatal(error.args[0]) from error

    def _fail(self, error: KafkaException, *, starts_over: bool = False) -> NoReturn:
        """Raise what this error calls for, after the abort that it may call for."""
        reason: KafkaError = error.args[0]
        # Producing after a fatal error is told by its code alone, without the mark.
        if reason.fatal() or reason.code() == KafkaError._FATAL:  # noqa: SLF001 - its only name
            self._end(error)
        # Producing into a transaction that the broker has ended is told as a wrong state only;
        # what ended it, and whether the producer was fenced meanwhile, the abort tells.
        ended = reason.code() == KafkaError._STATE  # noqa: SLF001 - its only name
        calls_for_abort = reason.txn_requires_abort() or starts_over
        if not calls_for_abort and (not ended or self._aborting):
            raise error
        self._aborts += 1
        self._aborting = True
        try:
            self.abort()
        finally:
            self._aborting = False
        if self._aborts > ABORTS_MAX:
            raise Stop(
                Exit.ERROR,
                f"{self._aborts} transactions in a row were aborted, the last one because: "
                f"{reason.str()}",
            ) from error
        raise Aborted(reason.str()) from error


def _end_overdue() -> None:
    """End the process as one that was fenced: by now its transaction is over its time."""
    log.critical(
        "the Kafka client did not answer for %.0f s while it sent offsets: this worker ends, for "
        "its transaction has timed out; the next start goes on from what is committed.",
        OVERDUE_SECONDS,
    )
    os._exit(Exit.FENCED)


def _fatal(reason: KafkaError) -> Stop:
    if is_not_allowed(reason):
        return Stop(
            Exit.ERROR,
            f"this user may not write as this worker does ({reason.str()}): `baton acls worker` "
            "says what a worker has to be allowed",
        )
    return Stop(
        Exit.FENCED,
        f"this worker's producer was fenced ({reason.str()}): another worker runs under the same "
        "BATON_WORKER_NAME, or a transaction took longer than transaction.timeout.ms",
    )
