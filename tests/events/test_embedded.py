"""The embedded broker: starts, serves, stops, leaves nothing behind."""

import logging
import signal
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from confluent_kafka import Consumer, Message, Producer

from events.clients import consumer_config, producer_config
from events.embedded import CLIENT_SETTINGS, KEEPS_NOTHING, EmbeddedBroker, EmbeddedBrokerError
from events.topics import Topics, create, partition_count
from tests.events.test_child import runs, wait_until

STARTS_ONE = """
import time
from events.embedded import EmbeddedBroker

broker = EmbeddedBroker().start()
print(broker.pid, flush=True)
time.sleep(600)
"""

pytestmark = pytest.mark.embedded


@pytest.fixture
def taken_port() -> Iterator[int]:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        yield taken.getsockname()[1]


def committed(consumer: Consumer, count: int) -> list[Message]:
    found: list[Message] = []
    for _ in range(200):
        found += consumer.consume(count - len(found), timeout=0.2)
        if len(found) == count:
            return found
    raise AssertionError(f"{len(found)} of {count} messages came")


def test_what_a_transaction_commits_reaches_a_consumer_group(
    embedded: EmbeddedBroker, topics: Topics
) -> None:
    create(embedded.client_properties, topics, partitions=2)
    producer = Producer(producer_config(embedded.client_properties, transactional_id=topics.prefix))
    producer.init_transactions(10)
    producer.begin_transaction()
    for number in range(4):
        producer.produce(topics.signals, f"{number}".encode(), partition=number % 2)
    producer.commit_transaction(10)

    consumer = Consumer(consumer_config(embedded.client_properties, topics.prefix))
    consumer.subscribe([topics.signals])
    found = committed(consumer, 4)
    consumer.close()

    assert {message.value() for message in found} == {b"0", b"1", b"2", b"3"}


def test_two_brokers_know_nothing_of_each_other(embedded: EmbeddedBroker, topics: Topics) -> None:
    create(embedded.client_properties, topics, partitions=2)

    with EmbeddedBroker() as other:
        assert other.bootstrap_servers != embedded.bootstrap_servers
        assert partition_count(other.client_properties, topics.signals) == 0


def test_it_says_that_it_keeps_nothing_and_keeps_nothing(
    topics: Topics, caplog: pytest.LogCaptureFixture
) -> None:
    broker = EmbeddedBroker()
    with caplog.at_level(logging.WARNING, logger="baton.embedded"), broker:
        create(broker.client_properties, topics, partitions=2)

    with broker:
        assert partition_count(broker.client_properties, topics.signals) == 0

    assert KEEPS_NOTHING in caplog.messages


def test_it_ends_when_the_process_that_started_it_is_killed() -> None:
    parent = subprocess.Popen(
        [sys.executable, "-c", STARTS_ONE],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        cwd=Path(__file__).parents[2],
    )
    assert parent.stdout is not None
    with parent.stdout as told:
        broker = int(told.readline())
    assert runs(broker)

    parent.send_signal(signal.SIGKILL)
    parent.wait()

    wait_until(lambda: not runs(broker))


def test_it_is_gone_once_it_is_stopped() -> None:
    broker = EmbeddedBroker().start()
    pid = broker.pid
    assert pid is not None

    broker.stop()

    assert not runs(pid)
    assert broker.pid is None
    with pytest.raises(EmbeddedBrokerError, match="is not running"):
        _ = broker.bootstrap_servers


def test_it_cannot_be_started_twice() -> None:
    with EmbeddedBroker() as broker, pytest.raises(EmbeddedBrokerError, match="running already"):
        broker.start()


def test_it_listens_where_it_is_told_to() -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]

    with EmbeddedBroker(port) as broker:
        assert broker.bootstrap_servers == f"127.0.0.1:{port}"


def test_a_port_that_is_taken_is_said_in_a_sentence(taken_port: int) -> None:
    with pytest.raises(EmbeddedBrokerError, match="the embedded broker ended with"):
        EmbeddedBroker(taken_port).start()


def test_it_takes_no_settings_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LISTENER_URL", "tcp://0.0.0.0:1")
    monkeypatch.setenv("STORAGE_ENGINE", "s3://somewhere/")

    with EmbeddedBroker() as broker:
        assert broker.bootstrap_servers.startswith("127.0.0.1:")


def test_its_clients_get_what_they_need_to_join_a_group_soon(embedded: EmbeddedBroker) -> None:
    assert embedded.client_properties == {
        "bootstrap.servers": embedded.bootstrap_servers,
        **CLIENT_SETTINGS,
    }


def test_nothing_of_it_is_left_on_disk(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, topics: Topics
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))

    with EmbeddedBroker() as broker:
        create(broker.client_properties, topics, partitions=2)

        assert list(tmp_path.iterdir()) == []
