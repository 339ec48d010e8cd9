"""Topics on the embedded broker and on Apache Kafka."""

import time

import pytest
from confluent_kafka import KafkaError, Producer
from confluent_kafka.admin import AdminClient, NewTopic

from deploy.kafka import Kafka
from events.clients import admin_config, producer_config
from events.embedded import EmbeddedBroker
from events.topics import (
    Difference,
    Topics,
    TopicsError,
    check,
    create,
    partition_count,
    specs,
)

Broker = EmbeddedBroker | Kafka
MINUTE_MS = 60_000
DAY_MS = 1_440 * MINUTE_MS


def make_by_hand(
    broker: Broker, name: str, settings: dict[str, str] | None = None, partitions: int = 3
) -> None:
    admin = AdminClient(admin_config(broker.client_properties))
    topic = NewTopic(name, num_partitions=partitions, replication_factor=1, config=settings or {})
    admin.create_topics([topic])[name].result(timeout=10)


def outcome_of_producing(broker: Broker, topic: str, stamp: int) -> int | None:
    """The error code that the broker answers with, or None."""
    outcomes: list[int | None] = []

    def delivered(error: KafkaError | None, _: object) -> None:
        outcomes.append(error.code() if error else None)

    producer = Producer(producer_config(broker.client_properties))
    producer.produce(topic, b"{}", timestamp=stamp, on_delivery=delivered)
    assert producer.flush(20) == 0
    return outcomes[0]


def settings_of(topic: str) -> dict[str, str]:
    (found,) = (spec.settings for spec in specs(Topics()) if spec.name == topic)
    return dict(found)


def test_every_topic_has_its_own_name_and_takes_the_prefix() -> None:
    plain = {spec.name for spec in specs(Topics())}
    prefixed = {spec.name for spec in specs(Topics("acme."))}

    assert plain == {
        "lead.signals",
        "lead.lifecycle",
        "lead.handovers",
        "lead.recycles",
        "lead.refusals",
        "lead.state",
        "lead.policies",
    }
    assert prefixed == {f"acme.{name}" for name in plain}


def test_nothing_but_the_state_of_leads_may_expire_or_be_compacted_away() -> None:
    for spec in specs(Topics()):
        assert spec.settings["message.timestamp.type"] == "CreateTime"
        if spec.name == "lead.state":
            assert spec.settings["cleanup.policy"] == "compact"
            assert spec.settings["delete.retention.ms"] == "604800000"
            assert "retention.ms" not in spec.settings
        else:
            assert spec.settings["retention.ms"] == "-1"


def test_policies_are_compacted_in_one_partition() -> None:
    (spec,) = (spec for spec in specs(Topics()) if spec.name == "lead.policies")

    assert spec.settings["cleanup.policy"] == "compact"
    assert spec.partitions == 1


def test_a_refusal_has_room_for_more_than_a_signal() -> None:
    signal = int(settings_of("lead.signals")["max.message.bytes"])
    refusal = int(settings_of("lead.refusals")["max.message.bytes"])

    assert refusal > signal


def test_creating_twice_makes_them_once_and_finds_nothing_wrong(
    broker: Broker, topics: Topics
) -> None:
    names = tuple(spec.name for spec in specs(topics))

    first = create(broker.client_properties, topics, partitions=3)
    second = create(broker.client_properties, topics, partitions=3)

    assert (first.created, first.present, first.differences) == (names, (), ())
    assert (second.created, second.present, second.differences) == ((), names, ())
    assert check(broker.client_properties, topics) == ()
    assert partition_count(broker.client_properties, topics.signals) == 3
    assert partition_count(broker.client_properties, topics.policies) == 1


def test_creating_fills_what_is_missing_and_says_what_differs(
    broker: Broker, topics: Topics
) -> None:
    settings = settings_of("lead.lifecycle") | {"retention.ms": "604800000"}
    make_by_hand(broker, topics.lifecycle, settings)

    creation = create(broker.client_properties, topics, partitions=3)

    assert creation.present == (topics.lifecycle,)
    assert len(creation.created) == 6
    assert [str(difference) for difference in creation.differences] == [
        f"{topics.lifecycle}: retention.ms is 604800000, should be -1"
    ]


def test_a_check_names_missing_topics_and_makes_none(broker: Broker, topics: Topics) -> None:
    found = check(broker.client_properties, topics)

    assert found == tuple(Difference(spec.name, "topic", "present", None) for spec in specs(topics))
    assert str(found[0]) == f"{topics.signals}: is missing"
    assert partition_count(broker.client_properties, topics.signals) == 0


def test_a_check_names_topics_with_another_partition_count(broker: Broker, topics: Topics) -> None:
    create(broker.client_properties, topics, partitions=2)

    asked_for_four = check(broker.client_properties, topics, partitions=4)

    assert {(found.setting, found.expected, found.found) for found in asked_for_four} == {
        ("partitions", "4", "2")
    }
    assert len(asked_for_four) == 6


def test_outputs_must_have_the_partition_count_of_the_input(broker: Broker, topics: Topics) -> None:
    make_by_hand(broker, topics.state, settings_of("lead.state"), partitions=5)
    create(broker.client_properties, topics, partitions=2)

    (found,) = check(broker.client_properties, topics)

    assert str(found) == f"{topics.state}: partitions is 5, should be 2"


def test_a_topic_made_by_hand_on_kafka_would_lose_history_and_the_check_says_so(
    kafka: Kafka, topics: Topics
) -> None:
    make_by_hand(kafka, topics.signals)

    creation = create(kafka.client_properties, topics, partitions=3)

    assert [str(difference) for difference in creation.differences] == [
        f"{topics.signals}: retention.ms is 604800000, should be -1",
        f"{topics.signals}: message.timestamp.after.max.ms is 3600000, should be 300000",
    ]


def test_kafka_refuses_a_signal_stamped_more_than_five_minutes_ahead(
    kafka: Kafka, topics: Topics
) -> None:
    create(kafka.client_properties, topics, partitions=1)
    now = time.time_ns() // 1_000_000

    last_spring = outcome_of_producing(kafka, topics.signals, now - 200 * DAY_MS)
    just_now = outcome_of_producing(kafka, topics.signals, now + 4 * MINUTE_MS)
    tomorrow = outcome_of_producing(kafka, topics.signals, now + 10 * MINUTE_MS)

    assert (last_spring, just_now) == (None, None)
    assert tomorrow == KafkaError.INVALID_TIMESTAMP


def test_more_replicas_than_brokers_is_said_in_a_sentence(kafka: Kafka, topics: Topics) -> None:
    with pytest.raises(TopicsError, match=r"could not be created: .*replication factor"):
        create(kafka.client_properties, topics, partitions=1, replication=3)


def test_a_cluster_that_does_not_answer_is_said_in_a_sentence() -> None:
    nobody = {"bootstrap.servers": "127.0.0.1:1"}

    with pytest.raises(TopicsError, match="the cluster does not answer"):
        check(nobody, Topics(), answer_seconds=0.2)


def test_a_setting_that_the_broker_does_not_know_is_said_as_such() -> None:
    difference = Difference("lead.signals", "message.timestamp.after.max.ms", "300000", None)

    assert str(difference) == (
        "lead.signals: message.timestamp.after.max.ms should be 300000, "
        "but this broker has no such setting"
    )
