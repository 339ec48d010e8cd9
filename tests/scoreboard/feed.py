"""A log of facts on a broker, written as a worker does: in transactions, some of them aborted."""

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from confluent_kafka import Consumer, Producer, TopicPartition

from deploy.kafka import Kafka
from events.clients import consumer_config, producer_config
from events.partitioner import partition_of
from events.topics import Topics, create
from handlers.reading import TopicReader
from handlers.scoreboard.projection import Received
from handlers.scoreboard.writer import Writer
from schemas.policy import canonical, digest, shipped_text
from tests.scoreboard.stored import Tables, tables

PARTITIONS = 2
TRANSACTION_FACTS = 40


@dataclass
class Feed:
    """The topics of one test, and a producer that writes facts to them."""

    kafka: Kafka
    topics: Topics
    partitions: int = PARTITIONS
    _producer: Producer = field(init=False)

    def __post_init__(self) -> None:
        create(self.properties, self.topics, partitions=self.partitions)
        self._producer = Producer(
            producer_config(self.properties, transactional_id=f"{self.topics.prefix}feed")
        )
        self._producer.init_transactions()
        self._producer.begin_transaction()
        self._producer.produce(
            self.topics.policies, key=digest(shipped_text()), value=canonical(shipped_text())
        )
        self._producer.commit_transaction()

    @property
    def properties(self) -> dict[str, str]:
        return dict(self.kafka.client_properties)

    def commit(self, facts: Sequence[bytes], size: int = TRANSACTION_FACTS) -> None:
        """Write facts, so many a transaction."""
        for at in range(0, len(facts), size):
            self._producer.begin_transaction()
            self._produce((_lead(fact), fact) for fact in facts[at : at + size])
            self._producer.commit_transaction()

    def abort(self, facts: Iterable[bytes]) -> None:
        """Write facts that never become true."""
        self._producer.begin_transaction()
        self._produce((_lead(fact), fact) for fact in facts)
        self._producer.flush()
        self._producer.abort_transaction()

    def write(self, key: bytes, value: bytes | None) -> None:
        """Write any record."""
        self._producer.begin_transaction()
        self._produce([(key, value)])
        self._producer.commit_transaction()

    def _produce(self, records: Iterable[tuple[bytes, bytes | None]]) -> None:
        for key, value in records:
            self._producer.produce(
                self.topics.lifecycle,
                key=key,
                value=value,
                partition=partition_of(key, self.partitions),
            )

    def commit_group(self, group: str, offset: int) -> None:
        """Let a group say that it read every partition up to this offset."""
        consumer = Consumer(consumer_config(self.properties, group))
        places = [
            TopicPartition(self.topics.lifecycle, partition, offset)
            for partition in range(self.partitions)
        ]
        consumer.commit(offsets=places, asynchronous=False)
        consumer.close()

    def group_offsets(self, group: str) -> dict[int, int]:
        """What a group says it has read."""
        consumer = Consumer(consumer_config(self.properties, group))
        asked = [
            TopicPartition(self.topics.lifecycle, partition) for partition in range(self.partitions)
        ]
        found = {one.partition: one.offset for one in consumer.committed(asked, timeout=10)}
        consumer.close()
        return found

    def undisturbed(self, url: str) -> Tables:
        """The tables that somebody makes who reads the log in peace, from start to end."""
        writer = Writer(url, self.topics.lifecycle, lambda: 0)
        writer.open(0)
        writer.keep_policies({digest(shipped_text()): canonical(shipped_text())})
        with TopicReader(self.properties, self.topics.lifecycle) as reader:
            batch = [
                Received(record.partition, record.offset, record.key, record.value)
                for record in reader.until_end()
            ]
            writer.apply(batch)
            writer.go_on(reader.ends)
        writer.close()
        return tables(url)


def _lead(fact: bytes) -> bytes:
    subject: str = json.loads(fact)["subject"]
    return subject.encode()
