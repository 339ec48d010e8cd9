"""A Baton of its own in a broker: topics under a prefix, a definition, workers, what comes out."""

import json
import os
import subprocess
import sys
import threading
import time
import urllib.request
import uuid
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any, NamedTuple, cast

from confluent_kafka import (
    OFFSET_BEGINNING,
    Consumer,
    KafkaError,
    KafkaException,
    Message,
    Producer,
    TopicPartition,
)

from deploy.kafka import Kafka
from events.clients import consumer_config, producer_config, reader_config
from events.codec import encode_signal, encode_tick
from events.embedded import EmbeddedBroker
from events.partitioner import partition_of
from events.topics import Topics, create
from handlers.adoption import Ticks, adopt
from handlers.exits import Exit
from handlers.settings import Settings
from handlers.worker import Worker
from schemas.policy import shipped_text

Broker = EmbeddedBroker | Kafka
Headers = list[tuple[str, bytes]]

START = 1_772_442_000_000
"""2026-03-02T09:00Z, a Monday: when the stories of these tests begin."""
MINUTE, HOUR, DAY = 60_000, 3_600_000, 86_400_000
PATIENCE_SECONDS = 60.0
ROOT = Path(__file__).parents[2]


class Out(NamedTuple):
    """One record that somebody wrote."""

    partition: int
    timestamp: int
    key: bytes | None
    value: bytes | None
    headers: tuple[tuple[str, bytes], ...]

    @property
    def event(self) -> dict[str, Any]:
        """The value as JSON."""
        found: dict[str, Any] = json.loads(self.value or b"null")
        return found

    @property
    def head(self) -> dict[str, bytes]:
        """The headers by name."""
        return dict(self.headers)


class Running:
    """A worker in a thread of this process."""

    def __init__(self, settings: Settings, **parts: Any) -> None:  # noqa: ANN401 - its parts
        self.worker = Worker(settings, **parts)
        self.exit: Exit | None = None
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def stop(self) -> Exit:
        """Ask it to end, and wait until it has."""
        self._stop.set()
        return self.ended()

    def ended(self) -> Exit:
        """Wait until it ends by itself."""
        self._thread.join(PATIENCE_SECONDS)
        assert self.exit is not None, "the worker does not end"
        return self.exit

    def ready(self) -> None:
        """Wait until it is ready."""
        eventually(lambda: self.worker.ready()[0], "the worker is not ready")

    def metric(self, name: str, **labels: str) -> float:
        """One sample of its metrics; 0 where there is none."""
        return self.worker.metrics.registry.get_sample_value(name, labels) or 0.0

    def page(self, path: str) -> tuple[int, str]:
        """Status and text of a page of its health server."""
        assert self.worker.health is not None
        url = f"http://127.0.0.1:{self.worker.health.port}{path}"
        try:
            with urllib.request.urlopen(url, timeout=5) as answer:
                return answer.status, answer.read().decode()
        except urllib.error.HTTPError as error:
            with closing(error):
                return error.code, error.read().decode()

    def _run(self) -> None:
        self.exit = self.worker.run(self._stop)


class Shop:
    """Topics of one test in a broker."""

    def __init__(
        self, broker: Broker, topics: Topics, directory: Path, partitions: int = 2
    ) -> None:
        self.properties: dict[str, str] = dict(broker.client_properties)
        self.topics = topics
        self.directory = directory
        self.partitions = partitions
        self.group = f"baton-{uuid.uuid4().hex[:8]}"
        self._ids = 0
        self._ends: dict[int, int] = {}
        self._member: Consumer | None = None
        """Asked for offsets; it joins nothing."""
        create(self.properties, topics, partitions=partitions)
        self._producer = Producer(producer_config(self.properties))

    # What goes in.

    def adopt(
        self, policy: str | bytes | None = None, *, ticks: Ticks = "external", at: int = START
    ) -> str:
        """Put a definition in force (default: the shipped one)."""
        return adopt(
            self.properties,
            self.topics,
            shipped_text() if policy is None else policy,
            "Mara",
            "Sam",
            "test",
            ticks,
            at=at,
        )

    def send(
        self,
        lead: str,
        kind: str,
        data: Mapping[str, Any],
        at: int,
        *,
        id: str | None = None,  # noqa: A002 - CloudEvents' name
        timestamp: int | None = None,
        partition: int | None = None,
        headers: Headers | None = None,
    ) -> None:
        """Send one signal; ``kind`` like ``engaged``."""
        self._ids += 1
        key, value, own = encode_signal(
            f"lead.{kind}.v1", lead, data, id=id or f"e{self._ids}", source="/test", time=at
        )
        self.raw(
            key,
            value,
            own + (headers or []),
            timestamp=at if timestamp is None else timestamp,
            partition=self.home(lead) if partition is None else partition,
        )

    def engaged(self, lead: str, activity: str, at: int, **more: Any) -> None:  # noqa: ANN401 - as send
        """Send one engagement."""
        self.send(lead, "engaged", {"activity": activity}, at, **more)

    def tick(self, at: int, partition: int | None = None) -> None:
        """Tell one partition, or all, the time."""
        for number in range(self.partitions) if partition is None else (partition,):
            self._ids += 1
            key, value, headers = encode_tick(number, at, f"t{self._ids}", "/test")
            self.raw(key, value, headers, timestamp=at, partition=number)

    def raw(
        self,
        key: bytes | None,
        value: bytes | None,
        headers: Headers | None = None,
        *,
        timestamp: int = START,
        partition: int = 0,
    ) -> None:
        """Send bytes."""
        self._producer.produce(
            self.topics.signals,
            value,
            key,
            headers=[*(headers or [])],
            timestamp=timestamp,
            partition=partition,
            on_delivery=self._delivered,
        )
        self._producer.poll(0)

    def home(self, lead: str) -> int:
        """The partition of a lead."""
        return partition_of(lead.encode(), self.partitions)

    def leads_at(self, partition: int, count: int) -> list[str]:
        """Names of leads that live on a partition."""
        names = (f"lead-{number}" for number in range(100_000))
        found = (name for name in names if self.home(name) == partition)
        return [next(found) for _ in range(count)]

    # Who works.

    def settings(self, kafka: Mapping[str, str] | None = None, **chosen: Any) -> Settings:  # noqa: ANN401 - settings
        """Settings of a worker of this shop; ``kafka`` are further client properties."""
        given: dict[str, Any] = {
            "kafka": self.properties | dict(kafka or {}),
            "topics_prefix": self.topics.prefix,
            "group": self.group,
            "worker_name": "w1",
            "state_dir": self.directory / "state",
            "metrics_port": 0,
        } | chosen
        return Settings(**given)

    @contextmanager
    def worker(self, **chosen: Any) -> Iterator[Running]:  # noqa: ANN401 - settings
        """A worker in a thread, stopped at the end."""
        parts = {name: chosen.pop(name) for name in ("clock", "rules") if name in chosen}
        running = Running(self.settings(**chosen), **parts)
        try:
            yield running
        finally:
            running.stop()

    @contextmanager
    def process(self, **chosen: Any) -> Iterator[subprocess.Popen[bytes]]:  # noqa: ANN401 - as above
        """A worker in a process of its own, killed at the end if it still runs."""
        settings = self.settings(**chosen)
        environment = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}
        for name in type(settings).model_fields:
            if name != "kafka":
                environment[f"BATON_{name.upper()}"] = str(getattr(settings, name))
        for name, value in settings.kafka.items():
            environment["BATON_KAFKA__" + name.upper().replace(".", "_")] = value
        process = subprocess.Popen(
            [sys.executable, "-m", "tests.handlers.worker_process"], cwd=ROOT, env=environment
        )
        try:
            yield process
        finally:
            process.kill()
            process.wait(10)

    # What comes out.

    def wait(self, seconds: float = PATIENCE_SECONDS) -> None:
        """Wait until the group has taken all that was sent."""
        self._producer.flush(PATIENCE_SECONDS)

        def all_taken() -> bool:
            found = self.taken()
            return all(found.get(number, -1) > end for number, end in self._ends.items())

        eventually(all_taken, "not all that was sent was taken", seconds)

    def taken(self) -> dict[int, int]:
        """The group's committed offset of each partition, -1 where there is none yet."""
        places = [TopicPartition(self.topics.signals, n) for n in range(self.partitions)]
        if self._member is None:
            self._member = Consumer(consumer_config(self.properties, self.group))
        try:
            found = self._member.committed(places, timeout=10)
        except KafkaException:
            found = []  # A new cluster takes a moment to say who coordinates.
        return {place.partition: max(place.offset, -1) for place in found}

    @property
    def sent(self) -> int:
        """How far all partitions together go, when all of it is delivered."""
        self._producer.flush(PATIENCE_SECONDS)
        return sum(end + 1 for end in self._ends.values())

    def read(self, topic: str) -> list[Out]:
        """All committed records of a topic, in partition order."""
        outs: dict[int, list[Out]] = {number: [] for number in range(self.partitions)}
        with closing(Consumer(reader_config(self.properties))) as reader:
            reader.assign([TopicPartition(topic, n, OFFSET_BEGINNING) for n in outs])
            open_ends = set(outs)
            deadline = time.monotonic() + PATIENCE_SECONDS
            while time.monotonic() < deadline:
                messages = reader.consume(10_000, 0.5)
                for message in messages:
                    error = message.error()
                    if error is None:
                        outs[message.partition() or 0].append(_out(message))
                    elif error.code() == KafkaError._PARTITION_EOF:
                        open_ends.discard(message.partition() or 0)
                if not open_ends and not messages:
                    return [out for number in sorted(outs) for out in outs[number]]
        raise AssertionError(f"{topic} has no end")

    def facts(self, kind: str | None = None) -> list[dict[str, Any]]:
        """Events on the lifecycle log, of one kind or all."""
        events = [out.event for out in self.read(self.topics.lifecycle)]
        return [event for event in events if kind in (None, event["type"].split(".")[1])]

    def refusals(self) -> list[Out]:
        """Records of the refusals."""
        return self.read(self.topics.refusals)

    def outputs(self) -> dict[str, list[Out]]:
        """All that Baton's readers see; of the states the last value a key."""
        topics = self.topics
        found = {
            name: self.read(getattr(topics, name))
            for name in ("lifecycle", "handovers", "recycles", "refusals")
        }
        states = {(out.partition, out.key): out for out in self.read(topics.state)}
        found["state"] = [states[key] for key in sorted(states, key=str)]
        return found

    def _delivered(self, error: KafkaError | None, message: Message) -> None:
        assert error is None, error
        partition, offset = message.partition() or 0, message.offset() or 0
        self._ends[partition] = max(self._ends.get(partition, -1), offset)


def eventually(
    holds: Callable[[], object], otherwise: str, seconds: float = PATIENCE_SECONDS
) -> None:
    """Wait until something holds."""
    deadline = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < deadline, otherwise
        time.sleep(0.02)


def _out(message: Message) -> Out:
    headers = cast("list[tuple[str, bytes]] | None", message.headers())
    return Out(
        message.partition() or 0,
        message.timestamp()[1],
        message.key(),
        message.value(),
        tuple(headers or ()),
    )
