"""Reads a topic whole, as any consumer sees it."""

import uuid
from collections.abc import Sequence
from typing import cast

from confluent_kafka import Consumer, Message, TopicPartition

from events.clients import Properties


def records_of(config: Properties, topic: str, count: int, seconds: float = 20) -> list[Message]:
    """The first ``count`` records of a topic that is never read twice by one group."""
    consumer = Consumer(
        dict(config) | {"group.id": f"t-{uuid.uuid4().hex}", "auto.offset.reset": "earliest"}
    )
    # Assigned, not subscribed: joining a group takes seconds, and nothing is shared here.
    partitions = consumer.list_topics(topic, timeout=10).topics[topic].partitions
    consumer.assign([TopicPartition(topic, partition, 0) for partition in partitions])
    found: list[Message] = []
    for _ in range(int(seconds * 10)):
        message = consumer.poll(0.1)
        if message is not None and message.error() is None:
            found.append(message)
        if len(found) >= count:
            break
    consumer.close()
    return found


def headers_of(message: Message) -> Sequence[tuple[str, bytes | None]]:
    """The headers of a consumed record: a list of bytes, whatever the stubs allow besides."""
    return cast("Sequence[tuple[str, bytes | None]]", message.headers() or [])
