"""A subscriber gets each fact at least once: what its block did not finish comes again."""

import json
from collections.abc import Sequence
from pathlib import Path

import pytest
from confluent_kafka import Producer

from deploy.kafka import Kafka
from events.clients import producer_config
from events.embedded import EmbeddedBroker
from events.subscriber import Delivery, SubscribeError, Subscriber
from events.topics import Topics, create
from schemas.outbound import HandRaised

GOLDEN = Path(__file__).parents[1] / "schemas" / "golden" / "outbound"
SECONDS = 30.0


def fact(seq: int, lead_id: str = "lead-1") -> bytes:
    """A fact as Baton sends it."""
    whole = json.loads((GOLDEN / "lead.hand_raised.v1.json").read_bytes())
    data = whole["data"] | {"seq": seq}
    return json.dumps(whole | {"id": f"{lead_id}:{seq}", "subject": lead_id, "data": data}).encode()


def send(config: dict[str, str], topic: str, values: Sequence[bytes]) -> None:
    producer = Producer(producer_config(config))
    for value in values:
        producer.produce(topic, value, b"lead-1", partition=0)
    assert producer.flush(20) == 0


def handovers(config: dict[str, str], topics: Topics, group: str = "crm") -> Subscriber:
    return Subscriber(config, f"{topics.prefix}{group}", topics=[topics.handovers])


def take(subscriber: Subscriber, count: int) -> list[int]:
    """Finish this many deliveries; their numbers."""
    taken = []
    for _ in range(count):
        with subscriber.next(SECONDS) as delivery:
            assert delivery is not None
            taken.append(delivery.seq)
    return taken


@pytest.fixture
def config(embedded: EmbeddedBroker, topics: Topics) -> dict[str, str]:
    create(embedded.client_properties, topics, partitions=1)
    return embedded.client_properties


def test_facts_come_typed_and_in_order(config: dict[str, str], topics: Topics) -> None:
    send(config, topics.handovers, [fact(1), fact(2)])

    with handovers(config, topics) as subscriber:
        with subscriber.next(SECONDS) as delivery:
            assert delivery is not None
            assert isinstance(delivery.data, HandRaised)
            assert (delivery.lead_id, delivery.seq, delivery.offset) == ("lead-1", 1, 0)
            assert delivery.type == "lead.hand_raised.v1"
        assert take(subscriber, 1) == [2]


def test_a_block_that_raises_gets_the_same_fact_again(
    config: dict[str, str], topics: Topics
) -> None:
    send(config, topics.handovers, [fact(1), fact(2)])

    with handovers(config, topics) as subscriber:
        with pytest.raises(ConnectionError), subscriber.next(SECONDS):
            raise ConnectionError("the CRM is down")

        assert take(subscriber, 2) == [1, 2]


def test_what_was_not_finished_comes_again_after_a_restart(
    config: dict[str, str], topics: Topics
) -> None:
    send(config, topics.handovers, [fact(1), fact(2), fact(3)])

    with handovers(config, topics) as first:
        assert take(first, 1) == [1]
        with pytest.raises(KeyboardInterrupt), first.next(SECONDS):
            raise KeyboardInterrupt
    with handovers(config, topics) as second:
        again = take(second, 2)

    assert again == [2, 3]


def test_a_fact_of_a_later_release_is_left_out_and_counted(
    config: dict[str, str], topics: Topics, caplog: pytest.LogCaptureFixture
) -> None:
    later = fact(1).replace(b"hand_raised.v1", b"hand_shaken.v7")
    send(config, topics.handovers, [later, b"junk", fact(3)])

    with handovers(config, topics) as subscriber:
        assert take(subscriber, 1) == [3]
        assert subscriber.unreadable == 2

    assert "lead.hand_shaken.v7" in caplog.text


def test_nothing_within_the_timeout_is_nothing(config: dict[str, str], topics: Topics) -> None:
    with handovers(config, topics) as subscriber:
        with subscriber.next(0) as at_once:
            assert at_once is None
        with subscriber.next(0.6) as later:
            assert later is None


def test_a_topic_that_is_not_there_is_told(embedded: EmbeddedBroker, topics: Topics) -> None:
    with (
        handovers(embedded.client_properties, topics) as subscriber,
        pytest.raises(SubscribeError),
        subscriber.next(SECONDS),
    ):
        pass


def test_what_was_aborted_is_never_delivered(kafka: Kafka, topics: Topics) -> None:
    create(kafka.client_properties, topics, partitions=1)
    producer = Producer(
        producer_config(kafka.client_properties, transactional_id=f"{topics.prefix}t")
    )
    producer.init_transactions()
    producer.begin_transaction()
    producer.produce(topics.handovers, fact(1), partition=0)
    producer.flush()
    producer.abort_transaction()
    producer.begin_transaction()
    producer.produce(topics.handovers, fact(2), partition=0)
    producer.commit_transaction()

    with handovers(kafka.client_properties, topics) as subscriber:
        assert take(subscriber, 1) == [2]


def test_a_delivery_whose_partition_moved_meanwhile_comes_again_elsewhere(
    kafka: Kafka, topics: Topics
) -> None:
    create(kafka.client_properties, topics, partitions=1)
    send(kafka.client_properties, topics.handovers, [fact(1)])
    brief = kafka.client_properties | {
        "session.timeout.ms": "6000",
        "max.poll.interval.ms": "6000",
    }

    with handovers(brief, topics) as slow:
        with slow.next(SECONDS) as taken:
            assert isinstance(taken, Delivery)
            # The block takes longer than the group waits; its partition goes to the other, which
            # comes only now: who of two newcomers gets the one partition is chance.
            with (
                handovers(kafka.client_properties, topics) as other,
                other.next(SECONDS) as again,
            ):
                assert isinstance(again, Delivery)
                assert again.seq == taken.seq
        with slow.next(0.5) as nothing:
            assert nothing is None
