"""Apache Kafka on this machine: what it needs, how it starts, and that nothing of it stays."""

import os
import re
import shutil
import signal
import stat
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from confluent_kafka import Consumer, KafkaError, Producer, TopicPartition

from deploy.kafka import JarsError, Kafka, missing
from deploy.kafka.jars import jars
from events.clients import producer_config, reader_config
from events.topics import Topics, create, partition_count
from tests.events.test_child import runs, wait_until

ROOT = Path(__file__).parents[2]
STARTS_ONE = """
import sys, tempfile, time
from deploy.kafka import Kafka

tempfile.tempdir = sys.argv[1]
kafka = Kafka().start()
print(kafka.pid, flush=True)
time.sleep(600)
"""

MAVEN_THAT_COUNTS = """#!/bin/sh
for argument in "$@"; do
    case $argument in -DoutputDirectory=*) libs=${argument#*=} ;; esac
done
echo called >> "$CALLS"
sleep 0.2
mkdir "$libs" && touch "$libs/kafka.jar"
"""
MAVEN_WITHOUT_LUCK = """#!/bin/sh
echo "[INFO] trying"
echo "[ERROR] the repository is out of reach"
exit 1
"""
JAVA = """#!/bin/sh
echo 'openjdk version "{version}" 2026-01-01' >&2
"""


class Machine:
    """A machine with nothing but the programs put on it, as far as the search path goes."""

    def __init__(self, root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.programs = root / "bin"
        self.programs.mkdir()
        self.cache = root / "cache"
        self.calls = root / "calls"
        for name in ("sleep", "mkdir", "touch"):
            (self.programs / name).symlink_to(str(shutil.which(name)))
        monkeypatch.setenv("PATH", str(self.programs))
        monkeypatch.setenv("XDG_CACHE_HOME", str(self.cache))
        monkeypatch.setenv("CALLS", str(self.calls))

    def has(self, name: str, script: str) -> None:
        program = self.programs / name
        program.write_text(script)
        program.chmod(program.stat().st_mode | stat.S_IXUSR)


@pytest.fixture
def machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Machine:
    return Machine(tmp_path, monkeypatch)


@pytest.mark.usefixtures("machine")
def test_without_java_it_says_so() -> None:
    assert missing() == "Apache Kafka needs Java 17 or newer: no `java` was found"
    with pytest.raises(JarsError, match="no `java` was found"):
        jars()


def test_with_an_older_java_it_says_so(machine: Machine) -> None:
    machine.has("java", JAVA.format(version="11.0.2"))

    assert missing() == "Apache Kafka needs Java 17 or newer: this is Java 11"


def test_without_maven_it_says_so(machine: Machine) -> None:
    machine.has("java", JAVA.format(version="21.0.1"))

    assert missing() == "Apache Kafka's jars are fetched by Maven: no `mvn` was found"


def test_the_jars_are_fetched_once_however_many_ask(machine: Machine) -> None:
    machine.has("java", JAVA.format(version="17.0.15"))
    machine.has("mvn", MAVEN_THAT_COUNTS)

    with ThreadPoolExecutor(4) as pool:
        homes = set(pool.map(lambda _: jars(), range(4)))

    assert machine.calls.read_text() == "called\n"
    (home,) = homes
    assert [jar.name for jar in home.iterdir()] == ["kafka.jar"]
    assert machine.cache in home.parents


def test_once_fetched_the_jars_need_no_maven(machine: Machine) -> None:
    machine.has("java", JAVA.format(version="17.0.15"))
    machine.has("mvn", MAVEN_THAT_COUNTS)
    home = jars()
    (machine.programs / "mvn").unlink()

    assert missing() is None
    assert jars() == home


def test_a_failed_fetch_tells_mavens_reason_and_leaves_no_half_folder(machine: Machine) -> None:
    machine.has("java", JAVA.format(version="17.0.15"))
    machine.has("mvn", MAVEN_WITHOUT_LUCK)

    with pytest.raises(JarsError, match=re.escape("[ERROR] the repository is out of reach")):
        jars()

    assert [entry.suffix for entry in (machine.cache / "leadbaton").iterdir()] == [".lock"]


def test_an_aborted_transaction_is_never_seen_on_kafka(kafka: Kafka, topics: Topics) -> None:
    create(kafka.client_properties, topics, partitions=1)
    producer = Producer(producer_config(kafka.client_properties, transactional_id=topics.prefix))
    producer.init_transactions(20)
    for value, ends in ((b"aborted", producer.abort_transaction), (b"kept", None)):
        producer.begin_transaction()
        producer.produce(topics.lifecycle, value, partition=0)
        assert producer.flush(20) == 0
        (ends or producer.commit_transaction)(20)

    reader = Consumer(reader_config(kafka.client_properties))
    reader.assign([TopicPartition(topics.lifecycle, 0, 0)])
    seen = []
    while (message := reader.poll(20)) is not None:
        if (error := message.error()) is not None:
            assert error.code() == KafkaError._PARTITION_EOF
            break
        seen.append(message.value())
    reader.close()

    assert seen == [b"kept"]


@pytest.mark.usefixtures("kafka")
def test_kafka_and_its_data_end_when_the_process_that_started_it_is_killed(tmp_path: Path) -> None:
    parent = subprocess.Popen(
        [sys.executable, "-c", STARTS_ONE, str(tmp_path)],
        stdout=subprocess.PIPE,
        text=True,
        cwd=ROOT,
    )
    assert parent.stdout is not None
    with parent.stdout as told:
        broker = int(told.readline())
    assert runs(broker)
    assert list(tmp_path.iterdir())

    parent.send_signal(signal.SIGKILL)
    parent.wait()

    wait_until(lambda: not runs(broker))
    wait_until(lambda: not list(tmp_path.iterdir()))


@pytest.mark.usefixtures("kafka")
def test_kafka_leaves_no_data_when_it_is_stopped(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))

    with Kafka() as broker:
        pid = broker.pid
        assert pid is not None
        assert list(tmp_path.iterdir())

    assert not runs(pid)
    assert not list(tmp_path.iterdir())


@pytest.mark.usefixtures("kafka")
def test_one_that_stays_is_found_again_until_it_is_told_to_stop(tmp_path: Path) -> None:
    folder = tmp_path / "kafka"

    def command(action: str) -> str:
        told = subprocess.run(
            [sys.executable, "-m", "deploy.kafka", action, "--folder", str(folder)],
            check=True,
            capture_output=True,
            text=True,
            cwd=ROOT,
            env=os.environ | {"PYTHONWARNINGS": "ignore"},
        )
        return told.stdout.strip()

    try:
        first = command("up")
        second = command("up")
        servers = first.partition("=")[2]
        topics = Topics()
        create({"bootstrap.servers": servers}, topics, partitions=1)
        count = partition_count({"bootstrap.servers": servers}, topics.signals)
    finally:
        stopped = command("down")

    assert first.startswith("export BATON_KAFKA__BOOTSTRAP_SERVERS=127.0.0.1:")
    assert second == first
    assert count == 1
    assert stopped == "stopped"
    assert not folder.exists()
    assert command("down") == "was not running"
