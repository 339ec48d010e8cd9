"""A worker as a process of its own, a log to write for it, and views of what it wrote.

Nothing here sleeps blindly: each wait has a condition, a limit, and an eye on the worker, whose
last words are told when it ended or the time is over. What was started is ended by its process
id, whatever becomes of the test.
"""

import os
import socket
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field, replace
from functools import partial
from http.client import HTTPException
from pathlib import Path
from typing import Final, Protocol, Self

from confluent_kafka import Consumer, KafkaError, KafkaException, Message, Producer, TopicPartition

from events.child import Child
from events.clients import consumer_config, producer_config
from events.embedded import EmbeddedBroker
from events.refusals import ORIGIN_OFFSET, ORIGIN_TOPIC
from events.topics import Topics, create
from handlers.adoption import Ticks, adopt
from handlers.reading import Record, TopicReader
from schemas.policy import shipped_text
from tests.e2e.exactly import read_to_end

ROOT: Final = Path(__file__).resolve().parents[2]
BATON: Final = (sys.executable, "-c", "from handlers.cli import main; main()")
"""The command ``baton``, whatever is installed where."""
PARTITIONS: Final = 3
READY_SECONDS_MAX: Final = 60.0
READ_SECONDS_MAX: Final = 90.0
SETTLE_SECONDS_MAX: Final = 10.0
_ANSWER_SECONDS: Final = 15.0
_PAUSE_SECONDS: Final = 0.02

HeaderList = Sequence[tuple[str, bytes | None]]
Row = tuple[bytes | None, bytes | None, tuple[tuple[str, bytes | None], ...], int]
"""Key, value, headers and timestamp of one record: all that a reader sees but its offset."""
View = dict[int, list[Row]]
"""What one topic says, by partition."""


class Broker(Protocol):
    """Either of the two."""

    @property
    def client_properties(self) -> dict[str, str]:
        """What a client of it has to be configured with."""


class WorkerEndedError(AssertionError):
    """The worker ended, or did not do in time what was waited for."""


@dataclass(frozen=True)
class Site:
    """A set of topics in a broker, with a group of workers that serves it."""

    properties: Mapping[str, str]
    topics: Topics
    partitions: int = PARTITIONS
    exact: bool = True
    """The broker tells right where a partition ends."""

    @property
    def group(self) -> str:
        """The workers' group: as alone in the broker as the topics are."""
        return f"{self.topics.prefix}baton"

    def environment(self, **settings: object) -> dict[str, str]:
        """The environment of a process that works here; no setting of the tester's gets in."""
        own = {name: text for name, text in os.environ.items() if not name.startswith("BATON_")}
        kafka = {
            "BATON_KAFKA__" + name.upper().replace(".", "_"): value
            for name, value in self.properties.items()
        }
        chosen = {"topics_prefix": self.topics.prefix, "group": self.group, "log_format": "text"}
        said = {"BATON_" + name.upper(): str(value) for name, value in (chosen | settings).items()}
        # What comes first is the tester's word: the compiled domain, for one.
        path = os.pathsep.join(filter(None, (own.get("PYTHONPATH"), str(ROOT))))
        return own | kafka | said | {"PYTHONPATH": path}


def site_of(broker: Broker, topics: Topics, partitions: int = PARTITIONS) -> Site:
    """Make the topics, and nothing else."""
    exact = not isinstance(broker, EmbeddedBroker)
    site = Site(broker.client_properties, topics, partitions, exact)
    create(site.properties, topics, partitions=partitions)
    return site


def agree(site: Site, at: int, ticks: Ticks = "external", text: str | None = None) -> str:
    """Put the shipped definition in force, dated ``at``."""
    return adopt(
        site.properties,
        site.topics,
        shipped_text() if text is None else text,
        "ana",
        "ben",
        "a test",
        ticks,
        at=at,
    )


@dataclass(frozen=True, slots=True)
class Sent:
    """One record to be appended."""

    partition: int
    key: bytes | None
    value: bytes | None
    headers: HeaderList = ()
    timestamp: int = 0


def append(site: Site, records: Iterable[Sent], **properties: object) -> list[int]:
    """Append records to ``lead.signals`` in their order; returns the offset of each."""
    failures: list[str] = []
    offsets: dict[int, int] = {}
    config = producer_config({**site.properties, "linger.ms": "5"})
    producer = Producer(config | properties)

    def note(index: int) -> Callable[[KafkaError | None, Message], None]:
        def told(error: KafkaError | None, message: Message) -> None:
            if error is not None:
                failures.append(error.str())
            else:
                offsets[index] = message.offset() or 0

        return told

    for index, record in enumerate(records):
        producer.produce(
            site.topics.signals,
            record.value,
            record.key,
            partition=record.partition,
            headers=list(record.headers),
            timestamp=record.timestamp,
            on_delivery=note(index),
        )
        producer.poll(0)
    assert producer.flush(_ANSWER_SECONDS * 2) == 0, "the log took no records"
    assert not failures, failures[0]
    return [offsets[index] for index in sorted(offsets)]


# The worker.


@dataclass
class RunningWorker:
    """One worker process."""

    site: Site
    name: str
    child: Child
    address: str

    def metrics(self) -> str:
        """What /metrics says."""
        status, text = self._get("/metrics")
        assert status == 200, text
        return text

    def count(self, name: str, **labels: str) -> float:
        """One sample of a metric; 0 while there is none."""
        wanted = {f'{label}="{value}"' for label, value in labels.items()}
        for line in self.metrics().splitlines():
            head, _, number = line.rpartition(" ")
            metric, _, rest = head.partition("{")
            if metric == name and wanted <= set(rest.rstrip("}").split(",")):
                return float(number)
        return 0.0

    def await_ready(self, seconds: float = READY_SECONDS_MAX) -> None:
        """Return once /health/ready says so."""
        await_that(lambda: self._get("/health/ready")[0] == 200, seconds, "ready", [self])

    def ended(self) -> str | None:
        """Why it does not run any more; None while it runs."""
        code = self.child.exited()
        return None if code is None else f"{self.name} ended with {code}"

    def stop(self) -> int:
        """End it by SIGTERM and return its exit code."""
        self.child.stop()
        code = self.child.exited()
        assert code is not None
        return code

    def kill(self) -> None:
        """End it by SIGKILL."""
        self.child.kill()

    def _get(self, path: str) -> tuple[int, str]:
        try:
            return self._answer(path)
        except (OSError, HTTPException):
            return 0, ""  # Not listening yet, or no more: it may end in the middle of an answer.

    def _answer(self, path: str) -> tuple[int, str]:
        try:
            with urllib.request.urlopen(  # noqa: S310 - an http address of our own
                self.address + path, timeout=_ANSWER_SECONDS
            ) as answer:
                return answer.status, answer.read().decode()
        except urllib.error.HTTPError as error:
            with error:
                return error.code, error.read().decode()


@contextmanager
def worker(
    site: Site,
    directory: Path,
    name: str = "w1",
    *,
    properties: Mapping[str, str] | None = None,
    **settings: object,
) -> Iterator[RunningWorker]:
    """Start a worker, and end it when the block ends if it still runs then."""
    port = _free_port()
    chosen: dict[str, object] = {
        "worker_name": name,
        "state_dir": directory,
        "metrics_port": port,
        "linger_seconds": 0.01,
    }
    there = replace(site, properties={**site.properties, **(properties or {})})
    with ExitStack() as held:
        log = held.enter_context(tempfile.TemporaryFile())
        environment = there.environment(**chosen | settings)
        child = Child([*BATON, "worker"], log, environment=environment)
        held.callback(child.stop)
        yield RunningWorker(site, name, child, f"http://127.0.0.1:{port}")


class Follower:
    """How far the group has committed; it is asked, never joined."""

    def __init__(self, site: Site) -> None:
        self._site = site
        self._asker = Consumer(consumer_config(site.properties, site.group))

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._asker.close()

    def committed(self) -> dict[int, int]:
        """The group's offsets, 0 where there is none yet."""
        asked = [
            TopicPartition(self._site.topics.signals, partition)
            for partition in range(self._site.partitions)
        ]
        try:
            found = self._asker.committed(asked, timeout=_ANSWER_SECONDS)
        except KafkaException:
            return {}  # The coordinator is still coming up; who waits has a limit.
        return {place.partition: max(0, place.offset) for place in found}


def await_read(
    site: Site,
    ends: Mapping[int, int],
    workers: Sequence[RunningWorker],
    seconds: float = READ_SECONDS_MAX,
) -> None:
    """Return once the group has committed up to these ends."""
    with Follower(site) as follower:

        def there() -> bool:
            committed = follower.committed()
            return all(committed.get(partition, 0) >= end for partition, end in ends.items())

        await_that(there, seconds, f"the offsets {dict(ends)}", workers)


def await_that(
    condition: Callable[[], bool],
    seconds: float,
    what: str,
    workers: Sequence[RunningWorker] = (),
) -> None:
    """Return once the condition holds; fail with the workers' last words if it does not."""
    deadline = time.monotonic() + seconds
    while not condition():
        reason = next((why for one in workers if (why := one.ended()) is not None), None)
        if reason is None and time.monotonic() > deadline:
            reason = f"not within {seconds:.0f} s: {what}"
        if reason is not None:
            words = "\n".join(one.child.tail() for one in workers)
            raise WorkerEndedError(f"{reason}\n{words}")
        time.sleep(_PAUSE_SECONDS)


def ends_of(records: Iterable[Sent], offsets: Iterable[int]) -> dict[int, int]:
    """Where the log ends behind appended records, by partition."""
    ends: dict[int, int] = {}
    for record, offset in zip(records, offsets, strict=True):
        ends[record.partition] = max(ends.get(record.partition, 0), offset + 1)
    return ends


def counted(records: Iterable[Sent]) -> dict[int, int]:
    """Where a log ends that holds these records and nothing else."""
    return dict(Counter(record.partition for record in records))


# What it wrote.


@dataclass(frozen=True)
class Views:
    """What a committed reader sees of a site's outputs: all that has to be the same again."""

    lifecycle: View
    handovers: View
    recycles: View
    refusals: View
    state: dict[int, dict[bytes, bytes | None]] = field(repr=False)
    """Of ``lead.state`` the last value per key."""


def views(site: Site) -> Views:
    """Read a site's outputs whole: all topics at once, since most of it is waiting for more."""
    topics = site.topics
    facts = (topics.lifecycle, topics.handovers, topics.recycles)
    names = (*facts, topics.refusals, topics.state, topics.signals)
    with ThreadPoolExecutor(len(names)) as pool:
        found = dict(zip(names, pool.map(partial(read, site), names), strict=True))
    lifecycle, handovers, recycles = (_view(site, found[name]) for name in facts)
    refusals = _refusals(site, found[topics.refusals], found[topics.signals])
    return Views(lifecycle, handovers, recycles, refusals, _states(site, found[topics.state]))


def read(site: Site, topic: str) -> list[Record]:
    """Every committed record of a topic; partition by partition in order.

    The embedded broker tells its end too early at times: it is read until it says the same twice.
    """
    if site.exact:
        return read_to_end(site.properties, topic)
    deadline = time.monotonic() + READ_SECONDS_MAX
    before = -1
    while True:
        with TopicReader(site.properties, topic) as reader:
            records = list(reader.until_end())
        if len(records) == before:
            return records
        assert time.monotonic() < deadline, f"{topic} goes on and on"
        before = len(records)


def log_ends(site: Site) -> dict[int, int]:
    """Where the records of ``lead.signals`` end: behind the last one, markers left aside."""
    ends = dict.fromkeys(range(site.partitions), 0)
    for record in read(site, site.topics.signals):
        ends[record.partition] = max(ends[record.partition], record.offset + 1)
    return {partition: end for partition, end in ends.items() if end}


def states(site: Site) -> dict[int, dict[bytes, bytes | None]]:
    """The last value per key of ``lead.state``, by partition; what is gone is left out."""
    return _states(site, read(site, site.topics.state))


def _states(site: Site, records: list[Record]) -> dict[int, dict[bytes, bytes | None]]:
    found: dict[int, dict[bytes, bytes | None]] = {p: {} for p in range(site.partitions)}
    for record in records:
        key = record.key or b""
        if record.value is None:
            found[record.partition].pop(key, None)
        else:
            found[record.partition][key] = record.value
    return found


def _view(site: Site, records: list[Record]) -> View:
    view: View = {partition: [] for partition in range(site.partitions)}
    for record in records:
        view[record.partition].append(_row(record))
    return view


def _refusals(site: Site, refusals: list[Record], signals: list[Record]) -> View:
    """The refusals, their origins as places in the order of the log.

    Where its topic stands in which log is the one thing about a refusal that a replay changes:
    offsets count the markers of transactions, and the topic has the name of its site.
    """
    order: dict[tuple[int, int], int] = {}
    counts = dict.fromkeys(range(site.partitions), 0)
    for record in signals:
        order[record.partition, record.offset] = counts[record.partition]
        counts[record.partition] += 1
    view: View = {partition: [] for partition in range(site.partitions)}
    for record in refusals:
        partition = record.partition

        def place_of(offset: int, partition: int = partition) -> int:
            return order[partition, offset]

        view[partition].append(placed(_row(record), site.topics, place_of))
    return view


def placed(row: Row, topics: Topics, place_of: Callable[[int], int]) -> Row:
    """A refusal whose origin is a place in the order of its partition."""
    key, value, headers, timestamp = row
    own = dict(headers)
    assert own[ORIGIN_TOPIC] == topics.signals.encode()
    place = place_of(int(own[ORIGIN_OFFSET] or b""))
    moved = tuple(
        (name, b"%d" % place if name == ORIGIN_OFFSET else content)
        for name, content in headers
        if name != ORIGIN_TOPIC
    )
    return key, value, moved, timestamp


def assert_comes_to(site: Site, expected: Views) -> None:
    """Compare byte by byte, again for a while if a tail is still to come: nothing is taken back."""
    deadline = time.monotonic() + SETTLE_SECONDS_MAX
    while True:
        try:
            assert_same(views(site), expected)
        except AssertionError:
            if time.monotonic() > deadline:
                raise
        else:
            return


def _row(record: Record) -> Row:
    return record.key, record.value, tuple(record.headers), record.timestamp


def assert_same(views_: Views, expected: Views) -> None:
    """Compare byte by byte; the first difference is told, and not megabytes of them."""
    for name in ("lifecycle", "handovers", "recycles", "refusals"):
        _assert_same_view(name, getattr(views_, name), getattr(expected, name))
    for partition, wanted in expected.state.items():
        found = views_.state[partition]
        assert found.keys() == wanted.keys(), f"lead.state[{partition}] has other keys"
        for key, value in wanted.items():
            assert found[key] == value, f"lead.state[{partition}] differs at {key!r}"


def _assert_same_view(name: str, found: View, wanted: View) -> None:
    for partition, rows in wanted.items():
        for index, (one, other) in enumerate(zip(found[partition], rows, strict=False)):
            assert one == other, (
                f"{name}[{partition}] differs at its record {index}, which stands "
                f"{wanted_at(one, rows)} there:\n{one}\n{other}"
            )
        count = len(found[partition])
        assert count == len(rows), f"{name}[{partition}] has {count} records, not {len(rows)}"


def wanted_at(row: Row, rows: Sequence[Row]) -> str:
    """Where a row is expected, for a person who has to find out what went wrong."""
    return f"at {rows.index(row)}" if row in rows else "nowhere"


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
