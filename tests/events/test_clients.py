"""What clients are configured with."""

import logging
import re
import warnings

import pytest
from confluent_kafka import Consumer, KafkaException, Producer

from events.clients import (
    ClientConfigError,
    Config,
    admin_config,
    consumer_config,
    producer_config,
    reader_config,
    reason_of,
)

PROPERTIES: dict[str, str | int | float | bool] = {
    "bootstrap.servers": "127.0.0.1:1",
    "client.id": "baton-test",
    "session.timeout.ms": "6000",
    "linger.ms": 5,
}


def test_a_group_member_reads_what_is_committed_and_commits_nothing_by_itself() -> None:
    config = consumer_config(PROPERTIES, "baton")

    assert config["group.id"] == "baton"
    assert config["isolation.level"] == "read_committed"
    assert config["enable.auto.commit"] is False
    assert config["enable.auto.offset.store"] is False
    assert config["partition.assignment.strategy"] == "cooperative-sticky"
    assert config["auto.offset.reset"] == "earliest"


def test_a_member_with_a_name_keeps_its_place_for_a_minute_unless_told_otherwise() -> None:
    server = {"bootstrap.servers": "127.0.0.1:1"}

    plain = consumer_config(server, "baton")
    named = consumer_config(server, "baton", member="w1")
    told = consumer_config(PROPERTIES, "baton", member="w1")

    assert plain.keys().isdisjoint({"group.instance.id", "session.timeout.ms"})
    assert (named["group.instance.id"], named["session.timeout.ms"]) == ("w1", 60_000)
    assert told["session.timeout.ms"] == "6000"
    with pytest.raises(ClientConfigError, match=re.escape("group.instance.id cannot be other")):
        consumer_config(server | {"group.instance.id": "other"}, "baton", member="w1")


def test_a_reader_sees_the_end_of_a_partition_and_stops_at_a_missing_offset() -> None:
    config = reader_config(PROPERTIES)

    assert config["enable.partition.eof"] is True
    assert config["auto.offset.reset"] == "error"
    assert config["isolation.level"] == "read_committed"


def test_a_producer_is_idempotent_and_transactional_only_with_an_id() -> None:
    plain = producer_config(PROPERTIES)
    transactional = producer_config(PROPERTIES, transactional_id="baton-1")

    assert plain["enable.idempotence"] is True
    assert plain["partitioner"] == "murmur2_random"
    assert "transactional.id" not in plain
    assert transactional["transactional.id"] == "baton-1"


def test_each_kind_of_client_gets_only_the_properties_that_it_knows() -> None:
    assert "linger.ms" not in consumer_config(PROPERTIES, "baton")
    assert "session.timeout.ms" not in producer_config(PROPERTIES)
    assert set(admin_config(PROPERTIES)) == {"bootstrap.servers", "client.id", "logger"}


def test_what_the_operator_sets_wins_over_a_default() -> None:
    config = producer_config(PROPERTIES | {"partitioner": "consistent"})

    assert config["partitioner"] == "consistent"


@pytest.mark.parametrize("value", [True, "true", "True"])
def test_what_contradicts_a_promise_is_refused_with_a_sentence(value: str | bool) -> None:
    with pytest.raises(ClientConfigError, match=r"enable\.auto\.commit cannot be (t|T)rue"):
        consumer_config(PROPERTIES | {"enable.auto.commit": value}, "baton")


def test_saying_what_holds_anyway_is_fine() -> None:
    config = consumer_config(PROPERTIES | {"enable.auto.commit": "false"}, "baton")

    assert config["enable.auto.commit"] is False


@pytest.mark.parametrize("properties", [{}, {"bootstrap.servers": ""}])
def test_a_client_needs_to_know_where_the_cluster_is(properties: dict[str, str]) -> None:
    with pytest.raises(ClientConfigError, match=re.escape("bootstrap.servers is missing")):
        admin_config(properties)


def test_what_the_client_library_says_goes_to_the_log(caplog: pytest.LogCaptureFixture) -> None:
    consumer = Consumer(consumer_config(PROPERTIES, "baton"))

    with caplog.at_level(logging.DEBUG, logger="baton.kafka"), pytest.raises(KafkaException):
        consumer.list_topics(timeout=0.5)
    consumer.close()

    assert any("127.0.0.1:1" in record.getMessage() for record in caplog.records)


def test_properties_of_another_kind_of_client_raise_no_warning(
    caplog: pytest.LogCaptureFixture,
) -> None:
    with warnings.catch_warnings(), caplog.at_level(logging.DEBUG, logger="baton.kafka"):
        warnings.simplefilter("error")
        producer = Producer(producer_config(PROPERTIES))
        consumer = Consumer(reader_config(PROPERTIES))
        producer.poll(0.1)
        consumer.poll(0.1)
        consumer.close()

    assert not [record for record in caplog.records if "CONFWARN" in record.getMessage()]


def test_every_promise_is_in_the_configuration_even_beside_other_properties() -> None:
    config: Config = producer_config(PROPERTIES | {"compression.type": "zstd"})

    assert (config["acks"], config["compression.type"]) == ("all", "zstd")


def test_the_reason_of_an_error_is_never_empty() -> None:
    assert reason_of(ValueError("no such thing")) == "no such thing"
    assert reason_of(TimeoutError()) == "TimeoutError"
