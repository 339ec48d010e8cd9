"""The cluster that everything is measured on: the log written once, outputs made anew each time."""

import time
from collections.abc import Iterable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from typing import Final, Self, cast

from confluent_kafka import (
    OFFSET_BEGINNING,
    Consumer,
    KafkaError,
    KafkaException,
    Producer,
    TopicPartition,
)
from confluent_kafka.admin import AdminClient, NewTopic, OffsetSpec

from events.clients import producer_config, reader_config
from events.topics import Topics, create
from schemas.policy import load_policy, shipped_text
from tests.benchmarks.expected import Expected
from tests.benchmarks.load import PARTITIONS, Load, Sent
from tests.e2e.harness import Site, agree

_ANSWER_SECONDS: Final = 30.0
COMING_UP: Final = frozenset(
    {
        KafkaError.NOT_COORDINATOR,
        KafkaError.COORDINATOR_NOT_AVAILABLE,
        KafkaError.COORDINATOR_LOAD_IN_PROGRESS,
        KafkaError._TIMED_OUT,
    }
)
"""What a group's coordinator answers that is not there yet."""


@dataclass(frozen=True, slots=True)
class Log:
    """A log that was written, and how many records its partitions have."""

    site: Site
    ends: dict[int, int]
    starts: dict[int, int] = field(default_factory=dict)
    """Where the load begins, behind the adoption."""
    expected: Expected = field(default_factory=Expected)

    @property
    def records(self) -> int:
        """Signals and what the log says besides."""
        return sum(self.ends.values())


def write_log(
    properties: dict[str, str],
    name: str,
    load: Load,
    *,
    compression: str = "none",
    policy: str | None = None,
    decided: bool = False,
) -> Log:
    """Make topics of their own, adopt a definition there (the shipped one), and write the load.

    ``decided``: reckon what the definition makes of it, which takes as long as deciding does.
    """
    site = Site(properties, Topics(f"{name}."), PARTITIONS)
    text = shipped_text() if policy is None else policy
    create(properties, site.topics, partitions=PARTITIONS)
    agree(site, load.start, text=text)
    starts = ends_of(site)
    expected = Expected()
    records = expected.watch(load.records(), load_policy(text) if decided else None)
    append(site, records, compression=compression)
    return Log(site, ends_of(site), starts, expected)


@contextmanager
def scratch_topic(site: Site, name: str) -> Iterator[str]:
    """Make a topic as wide as the site's, and delete it when the block ends."""
    admin = AdminClient(dict(site.properties))
    for made in admin.create_topics([NewTopic(name, site.partitions, 1)]).values():
        made.result(_ANSWER_SECONDS)
    try:
        yield name
    finally:
        for deleted in admin.delete_topics([name]).values():
            deleted.result(_ANSWER_SECONDS)


def keys_of(site: Site, topic: str) -> dict[int, list[bytes]]:
    """The keys of what is committed in a topic, by partition, in their order."""
    found: dict[int, list[bytes]] = {number: [] for number in range(site.partitions)}
    open_ones = set(found)
    with closing(Consumer(reader_config(site.properties))) as consumer:
        consumer.assign([TopicPartition(topic, number, OFFSET_BEGINNING) for number in found])
        while open_ones:
            for message in consumer.consume(5_000, 0.1):
                error, partition = message.error(), message.partition()
                if error is None:
                    found[cast("int", partition)].append(message.key() or b"")
                elif error.code() == KafkaError._PARTITION_EOF:
                    open_ones.discard(cast("int", partition))
                else:
                    raise KafkaException(error)
    return found


def append(
    site: Site, records: Iterable[Sent], topic: str | None = None, compression: str = "none"
) -> None:
    """Write records, fast, to ``lead.signals`` unless told otherwise; raises if one is lost."""
    into = topic or site.topics.signals
    failures: list[str] = []
    producer = Producer(
        producer_config({**site.properties, "linger.ms": "20", "batch.size": "500000"})
        | {"on_delivery": lambda error, _: failures.append(str(error)) if error else None}
        | {"compression.type": compression}
    )
    for count, record in enumerate(records):
        while True:
            try:
                producer.produce(
                    into,
                    record.value,
                    record.key,
                    partition=record.partition,
                    headers=[*record.headers],
                    timestamp=record.timestamp,
                )
            except BufferError:
                producer.poll(0.1)
            else:
                break
        if count % 1_000 == 0:
            producer.poll(0)
    if producer.flush(_ANSWER_SECONDS * 4) or failures:
        raise RuntimeError(f"the log took not all records: {failures[:1]}")


def ends_of(site: Site) -> dict[int, int]:
    """Where the partitions of ``lead.signals`` end."""
    places = [TopicPartition(site.topics.signals, number) for number in range(site.partitions)]
    admin = AdminClient(dict(site.properties))
    latest = OffsetSpec.latest()  # type: ignore[no-untyped-call]
    found = admin.list_offsets(dict.fromkeys(places, latest))
    return {place.partition: told.result(_ANSWER_SECONDS).offset for place, told in found.items()}


class Progress:
    """How far a group has committed, asked from outside; open transactions are not waited for."""

    def __init__(self, log: Log, group: str) -> None:
        own = {"group.id": group, "isolation.level": "read_uncommitted"}
        self._asker = Consumer(dict(log.site.properties) | own)
        topic = log.site.topics.signals
        self._asked = [TopicPartition(topic, number) for number in log.ends]

    def __enter__(self) -> Self:
        """Return itself; the connection is closed at the end."""
        return self

    def __exit__(self, *_: object) -> None:
        """Close the connection."""
        self._asker.close()

    def records(self) -> int:
        """Records of the log that are committed, over all partitions."""
        return sum(self.offsets().values())

    def offsets(self) -> dict[int, int]:
        """What is committed, by partition."""
        try:
            places = self._asker.committed(self._asked, timeout=_ANSWER_SECONDS)
        except KafkaException as error:
            if error.args[0].code() not in COMING_UP:
                raise
            return {}  # The coordinator is still coming up.
        return {place.partition: max(0, place.offset) for place in places}


def renew_outputs(site: Site) -> None:
    """Delete what workers wrote and make the topics anew, empty; the log stays."""
    topics = site.topics
    names = [topics.lifecycle, topics.handovers, topics.recycles, topics.refusals, topics.state]
    admin = AdminClient(dict(site.properties))
    for deleted in admin.delete_topics(names).values():
        deleted.result(_ANSWER_SECONDS)
    deadline = time.monotonic() + _ANSWER_SECONDS
    while set(names) & set(admin.list_topics(timeout=_ANSWER_SECONDS).topics):
        if time.monotonic() > deadline:
            raise RuntimeError("topics are still there after they were deleted")
        time.sleep(0.1)
    create(site.properties, topics, partitions=PARTITIONS)
