"""Brokers end and come back alone, one of three and the only one: what was acknowledged stays."""

import subprocess
import sys
from pathlib import Path

import pytest
from confluent_kafka import Consumer, Producer, TopicPartition

from deploy.kafka import Kafka, KafkaError
from deploy.kafka.node import CONTROLLER
from events.clients import producer_config, reader_config
from events.topics import Topics, check, create
from tests.events.test_child import runs, wait_until

ROOT = Path(__file__).parents[2]


def send(kafka: Kafka, topic: str, value: bytes) -> None:
    failures: list[str] = []
    producer = Producer(producer_config(kafka.client_properties))
    producer.produce(
        topic,
        value,
        partition=0,
        on_delivery=lambda error, _: failures.append(error.str()) if error else None,
    )
    assert producer.flush(60) == 0
    assert not failures


def values(kafka: Kafka, topic: str) -> list[bytes | None]:
    reader = Consumer(reader_config(kafka.client_properties))
    reader.assign([TopicPartition(topic, 0, 0)])
    seen = []
    while (message := reader.poll(60)) is not None and message.error() is None:
        seen.append(message.value())
    reader.close()
    return seen


def test_topics_get_three_copies_and_need_two_of_them(kafka3: Kafka, topics: Topics) -> None:
    properties = kafka3.client_properties

    create(properties, topics, partitions=2, replication=kafka3.replication)

    assert kafka3.replication == 3
    assert check(properties, topics) == ()
    reader = Consumer(reader_config(properties))
    found = reader.list_topics(topics.signals, timeout=20).topics[topics.signals]
    reader.close()
    assert {len(partition.replicas) for partition in found.partitions.values()} == {3}


@pytest.mark.parametrize("number", [1, 2, 3])
def test_what_is_acknowledged_outlives_a_killed_broker(
    kafka3: Kafka, topics: Topics, number: int
) -> None:
    create(kafka3.client_properties, topics, partitions=1, replication=3)
    send(kafka3, topics.lifecycle, b"before")
    pid = kafka3.pids[number]

    kafka3.kill_broker(number)
    send(kafka3, topics.lifecycle, b"meanwhile")
    without = set(kafka3.pids)
    kafka3.start_broker(number)
    send(kafka3, topics.lifecycle, b"after")

    assert without == {1, 2, 3} - {number}
    assert not runs(pid)
    assert kafka3.pids[number] != pid
    assert values(kafka3, topics.lifecycle) == [b"before", b"meanwhile", b"after"]


def test_another_node_takes_over_when_the_controller_is_killed(kafka3: Kafka) -> None:
    first = kafka3.controller()

    kafka3.kill_broker(first)
    second = kafka3.controller()
    kafka3.start_broker(first)

    assert second != first


def test_one_broker_cannot_be_ended_or_started_twice(kafka3: Kafka) -> None:
    with pytest.raises(KafkaError, match="broker 2 is running already"):
        kafka3.start_broker(2)
    kafka3.stop_broker(2)
    with pytest.raises(KafkaError, match="broker 2 is not running"):
        kafka3.kill_broker(2)
    kafka3.start_broker(2)

    assert set(kafka3.pids) == {1, 2, 3}


def test_the_only_broker_keeps_its_data_and_its_address_when_killed(
    topics: Topics, kafka: Kafka
) -> None:
    with Kafka() as alone:
        address = alone.bootstrap_servers
        create(alone.client_properties, topics, partitions=1)
        send(alone, topics.lifecycle, b"kept")

        alone.kill_broker(1)
        alone.start_broker(1)

        assert alone.bootstrap_servers == address
        assert values(alone, topics.lifecycle) == [b"kept"]


@pytest.mark.usefixtures("kafka")
def test_a_controller_apart_says_when_it_gives_up_a_killed_broker(topics: Topics) -> None:
    with Kafka(brief=True, apart=True) as lonely:
        create(lonely.client_properties, topics, partitions=1)
        send(lonely, topics.lifecycle, b"kept")

        lonely.kill_broker(1)
        away = set(lonely.pids)
        lonely.await_fenced(1)
        lonely.start_broker(1)

        assert away == set()
        assert lonely.controller() == CONTROLLER
        assert values(lonely, topics.lifecycle) == [b"kept"]


def test_a_controller_that_is_a_broker_too_cannot_say_when(kafka: Kafka) -> None:
    with pytest.raises(KafkaError, match="no node of its own"):
        kafka.await_fenced(1)


@pytest.mark.usefixtures("kafka3")
def test_three_that_stay_are_ended_together(tmp_path: Path) -> None:
    folder = tmp_path / "kafka"

    def command(*arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "deploy.kafka", *arguments, "--folder", str(folder)],
            check=False,
            capture_output=True,
            text=True,
            cwd=ROOT,
        )

    try:
        told = command("up", "--brokers", "3")
        again = command("up", "--brokers", "3")
        other = command("up")
    finally:
        ended = command("down")

    assert told.stdout.count("127.0.0.1:") == 3
    assert again.stdout == told.stdout
    assert other.returncode == 1
    assert "3 brokers without security runs here already" in other.stderr
    assert ended.stdout == "stopped\n"
    wait_until(lambda: not folder.exists())
