"""The topics: their names, what each must be set to and why, making them and checking them.

The log is the system of record, so nothing in it may expire or be restamped. A topic whose
settings differ loses history without a word, months later. That is why they are checked.
"""

import time
from collections.abc import Iterator, Mapping
from concurrent.futures import Future
from dataclasses import dataclass
from types import MappingProxyType

from confluent_kafka import KafkaError, KafkaException, TopicPartition
from confluent_kafka.admin import AdminClient, ConfigResource, NewTopic

from events.clients import Properties, admin_config, reason_of

PARTITIONS_DEFAULT = 12
"""Scale ends at the partition count, and changing it later moves leads to other partitions."""

SIGNAL_BYTES_MAX = 1_048_588
"""The largest record batch that ``lead.signals`` takes: Kafka's own default, said aloud."""

REFUSAL_BYTES_MAX = 2 * 1_048_576
"""The largest record batch that ``lead.refusals`` takes.

A refusal is the original record with its headers and more: it needs more room than a signal.
"""

DAY_MS = 86_400_000
ANSWER_SECONDS_MAX = 15.0
_POLL_SECONDS = 0.05


class TopicsError(Exception):
    """The cluster could not be asked, or would not do what was asked."""


@dataclass(frozen=True, slots=True)
class Topics:
    """The names of Baton's topics in one cluster; a prefix keeps several Batons apart."""

    prefix: str = ""

    @property
    def signals(self) -> str:
        """What happened to leads, inbound; the order in which Baton sees a lead's history."""
        return f"{self.prefix}lead.signals"

    @property
    def lifecycle(self) -> str:
        """Every fact."""
        return f"{self.prefix}lead.lifecycle"

    @property
    def handovers(self) -> str:
        """The facts that sales acts on."""
        return f"{self.prefix}lead.handovers"

    @property
    def recycles(self) -> str:
        """The facts that marketing acts on."""
        return f"{self.prefix}lead.recycles"

    @property
    def refusals(self) -> str:
        """Input that could not be used, as it came, with the reason."""
        return f"{self.prefix}lead.refusals"

    @property
    def state(self) -> str:
        """The last state of every lead, for whoever owns the partition next."""
        return f"{self.prefix}lead.state"

    @property
    def policies(self) -> str:
        """Every definition that was ever agreed on, by its digest."""
        return f"{self.prefix}lead.policies"


@dataclass(frozen=True, slots=True)
class TopicSpec:
    """One topic as it has to be. ``partitions`` is None where the input's number decides."""

    name: str
    settings: Mapping[str, str]
    partitions: int | None = None


@dataclass(frozen=True, slots=True)
class Difference:
    """One thing that is not as it has to be."""

    topic: str
    setting: str
    """A topic setting, or ``topic`` for the topic itself, or ``partitions``."""
    expected: str
    found: str | None
    """None: there is none, or the broker does not know such a setting."""

    def __str__(self) -> str:
        """The difference as a line to read."""
        if self.setting == "topic":
            return f"{self.topic}: is missing"
        if self.found is None:
            return (
                f"{self.topic}: {self.setting} should be {self.expected}, "
                "but this broker has no such setting"
            )
        return f"{self.topic}: {self.setting} is {self.found}, should be {self.expected}"


@dataclass(frozen=True, slots=True)
class Creation:
    """What ``create`` did: topics it made, topics it found, and what is not as it has to be."""

    created: tuple[str, ...]
    present: tuple[str, ...]
    differences: tuple[Difference, ...]


_EVERY_TOPIC = {
    # Outputs carry their cause's time, and a replayed history its own: last spring's, perhaps.
    "message.timestamp.type": "CreateTime",
    "message.timestamp.before.max.ms": str(2**63 - 1),
}
_KEPT_FOR_EVER = {"retention.ms": "-1", "retention.bytes": "-1"}
_LOG = _EVERY_TOPIC | _KEPT_FOR_EVER | {"cleanup.policy": "delete"}


def specs(topics: Topics) -> tuple[TopicSpec, ...]:
    """Every topic of Baton with the settings that it cannot do without."""
    # The domain refuses what is dated past its record; this bounds how far a record itself
    # may run ahead of the broker, so that nobody can push the clocks of a partition.
    signals = {
        "message.timestamp.after.max.ms": "300000",
        "max.message.bytes": f"{SIGNAL_BYTES_MAX}",
    }
    # A worker that was away for less than half of it can trust the tombstones it has yet to read.
    state = {"cleanup.policy": "compact", "delete.retention.ms": str(7 * DAY_MS)}
    return (
        _spec(topics.signals, _LOG | signals),
        _spec(topics.lifecycle, _LOG),
        _spec(topics.handovers, _LOG),
        _spec(topics.recycles, _LOG),
        _spec(topics.refusals, _LOG | {"max.message.bytes": str(REFUSAL_BYTES_MAX)}),
        _spec(topics.state, _EVERY_TOPIC | state),
        # Read whole by everybody and hardly ever written: one partition.
        _spec(topics.policies, _LOG | {"cleanup.policy": "compact"}, partitions=1),
    )


def _spec(name: str, settings: dict[str, str], partitions: int | None = None) -> TopicSpec:
    return TopicSpec(name, MappingProxyType(settings), partitions)


def create(
    properties: Properties,
    topics: Topics,
    *,
    partitions: int = PARTITIONS_DEFAULT,
    replication: int = 1,
) -> Creation:
    """Make the topics that are missing; leave the others alone, but say what differs.

    Comes back once every topic has a leader for each partition. Raises ``TopicsError``.
    """
    admin = AdminClient(admin_config(properties))
    present = _partition_counts(admin)
    wanted = specs(topics)
    created = _make(
        admin, [spec for spec in wanted if spec.name not in present], partitions, replication
    )
    _await_leaders(admin, [spec.name for spec in wanted])
    return Creation(
        created=created,
        present=tuple(spec.name for spec in wanted if spec.name not in created),
        differences=tuple(_differences(admin, topics, partitions)),
    )


def check(
    properties: Properties, topics: Topics, *, partitions: int | None = None
) -> tuple[Difference, ...]:
    """What is not as it has to be; empty when all is well. Changes nothing.

    Without ``partitions`` it is the count of ``lead.signals`` that the others must have.
    Raises ``TopicsError`` when the cluster does not answer.
    """
    return tuple(_differences(AdminClient(admin_config(properties)), topics, partitions))


def partition_count(properties: Properties, topic: str) -> int:
    """How many partitions a topic has; 0 when there is no such topic. Raises ``TopicsError``."""
    return _partition_counts(AdminClient(admin_config(properties))).get(topic, 0)


def _make(
    admin: AdminClient, missing: list[TopicSpec], partitions: int, replication: int
) -> tuple[str, ...]:
    if not missing:
        return ()
    futures: dict[str, Future[None]] = admin.create_topics(
        [
            NewTopic(
                spec.name,
                num_partitions=spec.partitions or partitions,
                replication_factor=replication,
                config=dict(spec.settings),
            )
            for spec in missing
        ],
        request_timeout=ANSWER_SECONDS_MAX,
        operation_timeout=ANSWER_SECONDS_MAX,
    )
    created = []
    for name, future in futures.items():
        try:
            future.result(timeout=2 * ANSWER_SECONDS_MAX)
        except KafkaException as error:
            # Somebody else made it between our look and our request: what counts is that it is.
            if error.args[0].code() == KafkaError.TOPIC_ALREADY_EXISTS:
                continue
            raise TopicsError(f"{name} could not be created: {reason_of(error)}") from error
        except TimeoutError as error:
            raise TopicsError(f"{name} could not be created: the broker did not answer") from error
        created.append(name)
    return tuple(created)


def _differences(
    admin: AdminClient, topics: Topics, partitions: int | None
) -> Iterator[Difference]:
    counts = _partition_counts(admin)
    expected_count = partitions or counts.get(topics.signals)
    wanted = specs(topics)
    found = _settings(admin, [spec.name for spec in wanted if spec.name in counts])
    for spec in wanted:
        count = spec.partitions or expected_count
        if spec.name not in counts:
            yield Difference(spec.name, "topic", "present", None)
            continue
        if count is not None and counts[spec.name] != count:
            yield Difference(spec.name, "partitions", str(count), str(counts[spec.name]))
        for setting, expected in spec.settings.items():
            value = found[spec.name].get(setting)
            if value != expected:
                yield Difference(spec.name, setting, expected, value)


def _settings(admin: AdminClient, names: list[str]) -> dict[str, dict[str, str | None]]:
    """The settings in force of each topic, the broker's defaults among them."""
    if not names:
        return {}
    resources = [ConfigResource(ConfigResource.Type.TOPIC, name) for name in names]
    futures = admin.describe_configs(resources, request_timeout=ANSWER_SECONDS_MAX)
    found = {}
    for resource, future in futures.items():
        try:
            entries = future.result(timeout=2 * ANSWER_SECONDS_MAX)
        except (KafkaException, TimeoutError) as error:
            raise TopicsError(
                f"{resource.name} does not tell its settings: {reason_of(error)}"
            ) from error
        found[resource.name] = {name: entry.value for name, entry in entries.items()}
    return found


def _partition_counts(admin: AdminClient) -> dict[str, int]:
    """The partition count of every topic in the cluster."""
    try:
        metadata = admin.list_topics(timeout=ANSWER_SECONDS_MAX)
    except KafkaException as error:
        raise TopicsError(f"the cluster does not answer: {reason_of(error)}") from error
    return {name: len(topic.partitions) for name, topic in metadata.topics.items()}


def _await_leaders(admin: AdminClient, names: list[str]) -> None:
    """Return once every partition can be written and read; a new topic takes a moment."""
    deadline = time.monotonic() + ANSWER_SECONDS_MAX
    while waiting := _leaderless(admin, names):
        if time.monotonic() > deadline:
            listed = ", ".join(f"{item.topic}[{item.partition}]" for item in waiting)
            raise TopicsError(f"no broker leads {listed} after {ANSWER_SECONDS_MAX:.0f} s")
        time.sleep(_POLL_SECONDS)


def _leaderless(admin: AdminClient, names: list[str]) -> list[TopicPartition]:
    try:
        known = admin.list_topics(timeout=ANSWER_SECONDS_MAX).topics
    except KafkaException as error:
        raise TopicsError(f"the cluster does not answer: {reason_of(error)}") from error
    waiting = []
    for name in names:
        if name not in known or not known[name].partitions:
            waiting.append(TopicPartition(name, 0))
            continue
        partitions = known[name].partitions.values()
        waiting += [TopicPartition(name, item.id) for item in partitions if item.leader < 0]
    return waiting
