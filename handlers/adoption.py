"""Putting a definition in force: into ``lead.policies``, and into every partition of the log.

All of it is one transaction with one timestamp, under one fixed transactional id: either every
partition gets the definition or none, and a second adopter fences the first instead of
interleaving with it. From the offset of the message on, the definition is in force there.
"""

import time
import uuid
from dataclasses import dataclass
from typing import Final, Literal

from confluent_kafka import OFFSET_BEGINNING, KafkaError, KafkaException, Producer

from events.acls import adoption_id
from events.clients import Properties, producer_config, reason_of
from events.codec import encode_policy_adopted
from events.topics import Topics, partition_count
from events.wall_clock import now_ms
from handlers.reading import Record, TopicReader
from handlers.records import adoption_in
from schemas.policy import canonical, digest

Ticks = Literal["owner", "external"]

SOURCE: Final = "/baton/adoption"
TIMEOUT_SECONDS: Final = 30.0


class AdoptionError(Exception):
    """The definition could not be put in force; nothing of it was."""


@dataclass(frozen=True, slots=True)
class Adopted:
    """One adoption, as the log tells it."""

    digest: str
    at: int
    """The message's time: ms."""
    for_marketing: str
    for_sales: str
    reason: str
    ticks: str
    partition_count: int
    offset: int
    """In partition 0 of ``lead.signals``."""


def adopt(  # noqa: PLR0913 - what the log has to tell about an adoption
    properties: Properties,
    topics: Topics,
    policy_text: str | bytes,
    for_marketing: str,
    for_sales: str,
    reason: str,
    ticks: Ticks = "owner",
    *,
    at: int | None = None,
) -> str:
    """Put a definition in force in every partition and return its digest.

    ``at`` dates it (default: now); an import of history dates it before the history.
    Raises ``schemas.policy.PolicyError`` for a definition that does not hold, ``AdoptionError``
    when the cluster would not take it.
    """
    document, version = canonical(policy_text), digest(policy_text)
    count = partition_count(properties, topics.signals)
    if count == 0:
        raise AdoptionError(
            f"there is no topic {topics.signals}: run `baton topics create`, then adopt again"
        )
    when = now_ms() if at is None else at
    producer = Producer(producer_config(properties, transactional_id=adoption_id(topics)))
    event_id = str(uuid.uuid4())
    try:
        producer.init_transactions(TIMEOUT_SECONDS)
        producer.begin_transaction()
        producer.produce(topics.policies, key=version.encode(), value=document, timestamp=when)
        for partition in range(count):
            key, value, headers = encode_policy_adopted(
                digest=version,
                for_marketing=for_marketing,
                for_sales=for_sales,
                reason=reason,
                partition_count=count,
                ticks=ticks,
                time=when,
                id=event_id,
                source=SOURCE,
            )
            producer.produce(
                topics.signals,
                key=key,
                value=value,
                headers=[*headers],
                partition=partition,
                timestamp=when,
            )
        _commit(producer)
    except KafkaException as error:
        raise AdoptionError(f"the definition was not adopted: {reason_of(error)}") from error
    return version


def history(properties: Properties, topics: Topics) -> list[Adopted]:
    """Return who adopted what when, oldest first, as partition 0 of the log tells it."""
    return [
        adopted
        for record in _read(properties, topics.signals)
        if (adopted := _adoption_in(record)) is not None
    ]


def definition(properties: Properties, topics: Topics, version: str) -> bytes | None:
    """Return the definition of this digest from ``lead.policies``, None if it is not there."""
    found = None
    for record in _read(properties, topics.policies):
        if record.key == version.encode():
            found = record.value
    return found


def _commit(producer: Producer) -> None:
    """Commit; a commit that may be retried is, since an abort after it could tear it apart."""
    deadline = time.monotonic() + TIMEOUT_SECONDS
    while True:
        try:
            producer.commit_transaction(TIMEOUT_SECONDS)
        except KafkaException as error:
            kafka_error: KafkaError = error.args[0]
            if kafka_error.retriable() and time.monotonic() < deadline:
                continue
            if kafka_error.txn_requires_abort():
                producer.abort_transaction(TIMEOUT_SECONDS)
            raise
        return


def _read(properties: Properties, topic: str) -> list[Record]:
    """Return the control messages of partition 0: those whose key says that they are no lead's.

    For ``lead.policies`` that is every record of it.
    """
    kafka = {name: str(value) for name, value in properties.items()}
    with TopicReader(kafka, topic, starts={0: OFFSET_BEGINNING}) as reader:
        return [record for record in reader.until_end() if _is_control(record, topic)]


def _is_control(record: Record, topic: str) -> bool:
    return topic.endswith("lead.policies") or (record.key or b"").startswith(b"~")


def _adoption_in(record: Record) -> Adopted | None:
    decoded = adoption_in(record.key, record.value, record.headers, record.timestamp)
    if decoded is None:
        return None
    return Adopted(
        digest=decoded.digest,
        at=decoded.time,
        for_marketing=decoded.for_marketing,
        for_sales=decoded.for_sales,
        reason=decoded.reason,
        ticks=decoded.ticks,
        partition_count=decoded.partition_count,
        offset=record.offset,
    )
