"""From the log into inboxes, and from the inboxes a batch: within limits on messages and bytes."""

import logging
import time
from collections.abc import Callable, Sequence
from typing import Final

from confluent_kafka import Consumer, KafkaError, KafkaException

from handlers.exits import Exit, Stop
from handlers.owned import Owned
from handlers.ownership import Ownership
from handlers.records import Record, record_of
from handlers.settings import Settings

log: Final = logging.getLogger("baton.worker")

CHUNK_MESSAGES: Final = 1_000
"""Polled at once, so that large messages cannot pile up far past the limit on bytes."""

PREFETCHED: Final = {
    "queued.min.messages": "10000",
    "queued.max.messages.kbytes": "16384",
    "fetch.queue.backoff.ms": "5",
}
"""What the client may hold of each partition besides: two batches, not the 100,000 messages that
it would by itself; and it has to look soon whether there is room again, not after a second."""
IDLE_SECONDS: Final = 0.05
"""How long to wait for a first message before the loop looks after everything else."""


def fill(
    consumer: Consumer,
    ownership: Ownership,
    settings: Settings,
    last_at: float,
    monotonic: Callable[[], float] = time.monotonic,
) -> None:
    """Read into the inboxes until there is a batch, or nothing to make one of for a while.

    A batch begins no sooner than the linger after the last one did (``last_at``, monotonic
    seconds): whoever comes after a pause is taken at once, a steady trickle makes so many
    transactions a second and no more, and under load, where a batch takes longer than that,
    nobody waits. Raises Stop when somebody took this member's place, KafkaException for what
    will not pass.
    """
    room = settings.batch_messages_max
    space = settings.batch_bytes_max
    for owned in ownership.flowing():
        if not owned.held_up:
            room -= len(owned.inbox)
    work_is_there = any(owned.inbox and owned.awaiting is None for owned in ownership.flowing())
    begin_at = 0.0 if work_is_there else last_at + settings.linger_seconds
    while True:
        if work_is_there:
            wanted = max(1, min(room, CHUNK_MESSAGES))
            messages = consumer.consume(wanted, max(begin_at - monotonic(), 0))
        else:
            # Asked for more, the client would wait for all of them or the whole time.
            wanted = 1
            messages = consumer.consume(wanted, IDLE_SECONDS)
            work_is_there = True
        for message in messages:
            error = message.error()
            if error is not None:
                _raise_unless_passing(error)
                continue
            target = ownership.find(message.partition())
            if target is None:
                continue
            record = record_of(message)
            target.inbox.append(record)
            room -= 1
            space -= len(record.value or b"") + len(record.key or b"")
        if len(messages) < wanted or room <= 0 or space <= 0:
            return


def put_together(
    flowing: Sequence[Owned], messages_max: int, bytes_max: int
) -> dict[Owned, list[Record]]:
    """Return the records of the next batch, by partition, within its limits.

    A record larger than the limit is a batch by itself. They stay in the inboxes until they are
    committed.
    """
    batch = {}
    room, space = messages_max, bytes_max
    for owned in flowing:
        if owned.awaiting is not None or not owned.inbox:
            continue
        if owned.ticking:
            batch[owned] = [owned.inbox[0]]
            continue
        records: list[Record] = []
        for record in owned.inbox:
            size = len(record.value or b"") + len(record.key or b"")
            if room <= 0 or (size > space and (batch or records)):
                break
            records.append(record)
            room -= 1
            space -= size
        if records:
            batch[owned] = records
    return batch


def _raise_unless_passing(error: KafkaError) -> None:
    if _is_fenced(error):
        raise Stop(
            Exit.FENCED,
            "another worker joined the group under this worker's name, which is its place there "
            "(BATON_STATIC_MEMBERSHIP): give each worker a BATON_WORKER_NAME of its own",
        )
    # Whoever was held up too long has lost its partitions, is told so, and joins again.
    passing = error.retriable() or error.code() == KafkaError._MAX_POLL_EXCEEDED  # noqa: SLF001 - its only name
    if error.fatal() or not passing:
        raise KafkaException(error)
    log.warning("reading is interrupted: %s", error.str())


def _is_fenced(error: KafkaError) -> bool:
    """Say whether somebody took this member's place; of a fatal error only the text says which."""
    fenced = KafkaError.FENCED_INSTANCE_ID
    return error.code() == fenced or KafkaError(fenced).str() in error.str()
