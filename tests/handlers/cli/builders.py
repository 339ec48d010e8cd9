"""What the tests of the command put into topics, and a stand-in for a worker."""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Protocol

from confluent_kafka import Consumer, Message, Producer, TopicPartition

from events.clients import producer_config, reader_config
from events.refusals import Origin, write
from events.topics import Topics
from handlers.reading import Record, TopicReader, record_of
from tests.handlers.cli.conftest import PARTITIONS

LEAD = "lead-1"
AT = 1_772_442_000_000  # Monday, 2026-03-02T09:00:00Z


class Broker(Protocol):
    """Any broker that says how to reach it."""

    @property
    def client_properties(self) -> dict[str, str]:
        """What a client needs."""


def read(broker: Broker, topic: str) -> list[Record]:
    with TopicReader(broker.client_properties, topic) as reader:
        return list(reader.until_end())


def send(broker: Broker, topic: str, *records: Record) -> None:
    producer = Producer(producer_config(broker.client_properties))
    for one in records:
        producer.produce(
            topic,
            value=one.value,
            key=one.key,
            partition=one.partition,
            timestamp=one.timestamp,
            headers=list(one.headers),
        )
    assert producer.flush(30) == 0


def refusal(
    topics: Topics,
    offset: int,
    reason: str,
    value: bytes = b"{broken",
    bytes_max: int = 900_000,
) -> Record:
    content, headers = write(
        value,
        [("content-type", b"application/json"), ("traceparent", b"\xff")],
        reason=reason,
        detail="it is broken",
        origin=Origin(topics.signals, 1, offset),
        bytes_max=bytes_max,
    )
    return Record(topics.refusals, 1, 0, AT, LEAD.encode(), content, headers)


class StandInWorker:
    """Takes signals and commits; refuses again whatever is not JSON."""

    def __init__(self, broker: Broker, topics: Topics) -> None:
        self._broker = broker
        self._topics = topics
        config = reader_config(broker.client_properties, name=f"{topics.prefix}group")
        self._consumer = Consumer(config)
        starts = [TopicPartition(topics.signals, number, 0) for number in range(PARTITIONS)]
        self._consumer.assign(starts)
        self._consumer.commit(offsets=starts, asynchronous=False)

    def run(self, stop: threading.Event) -> None:
        while not stop.is_set():
            message = self._consumer.poll(0.1)
            if message is not None and message.error() is None:
                self._take(message)
        self._consumer.close()

    def _take(self, message: Message) -> None:
        partition, offset = message.partition() or 0, message.offset() or 0
        try:
            json.loads(message.value() or b"")
        except ValueError:
            content, headers = write(
                message.value(),
                record_of(message).headers,
                reason="not_json",
                detail="still broken",
                origin=Origin(self._topics.signals, partition, offset),
                bytes_max=900_000,
            )
            again = Record(self._topics.refusals, partition, 0, AT, message.key(), content, headers)
            send(self._broker, self._topics.refusals, again)
        done = [TopicPartition(self._topics.signals, partition, offset + 1)]
        self._consumer.commit(offsets=done, asynchronous=False)


@contextmanager
def working(broker: Broker, topics: Topics) -> Iterator[None]:
    stop = threading.Event()
    worker = StandInWorker(broker, topics)
    thread = threading.Thread(target=worker.run, args=(stop,))
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join()
