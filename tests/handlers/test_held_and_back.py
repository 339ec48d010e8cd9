"""A partition that went to somebody else while it was held is read from when it comes back."""

import time
from pathlib import Path

from confluent_kafka import Consumer, Message, Producer

from deploy.kafka import Kafka
from events.clients import consumer_config, producer_config
from events.topics import Topics, create
from handlers.cache import LeadCache
from handlers.ownership import Ownership
from handlers.partition import InForce
from handlers.restore import Restored
from handlers.restorer import Restorer
from schemas.policy import shipped
from tests.handlers.test_leaving import around, store_in

SECONDS_MAX = 20.0


class Done(Restorer):
    """Has one partition ready each time it is asked."""

    def __init__(self, directory: Path) -> None:
        super().__init__()
        self._directory = directory
        self._times = 0

    def finished(self) -> list[Restored]:
        """Give partition 0, to be read from its beginning."""
        self._times += 1
        policy = shipped()
        force = InForce(digest=policy.version, partition_count=1, ticks="owner")
        store = store_in(self._directory / str(self._times), 0)
        return [Restored(0, store, LeadCache(10), 0, policy, force, 0)]


def first_message(consumer: Consumer) -> Message | None:
    deadline = time.monotonic() + SECONDS_MAX
    while time.monotonic() < deadline:
        for message in consumer.consume(1, 0.2):
            assert message.error() is None
            return message
    return None


def test_a_partition_that_was_held_when_it_went_flows_when_it_is_back(
    kafka: Kafka, tmp_path: Path
) -> None:
    topics = Topics("held.")
    create(kafka.client_properties, topics, partitions=1)
    producer = Producer(producer_config(kafka.client_properties))
    producer.produce(topics.signals, b"{}", b"l-1")
    assert producer.flush(SECONDS_MAX) == 0
    consumer = Consumer(consumer_config(kafka.client_properties, "held.baton"))
    surroundings = around(tmp_path)
    ownership = Ownership(consumer, surroundings, cache_leads_max=10)
    ownership._topic = topics.signals
    ownership._restorer = Done(tmp_path)
    ownership.take_restored()
    assert first_message(consumer) is not None

    ownership.hold(ownership.flowing()[0])
    ownership._let_go(consumer, [0])
    ownership.take_restored()
    found = first_message(consumer)
    ownership.leave()

    assert found is not None
    assert found.value() == b"{}"
