"""The topics: their names, what each must be set to and why, making them and checking them.

The log is the system of record, so nothing in it may expire or be restamped. A topic whose
settings differ loses history without a word, months later. That is why they are checked.
"""

import time
from collections.abc import Iterator, Mapping
from concurrent.futures import Future
from dataclasses import dataclass
from types import MappingProxyType

from confluent_kafka import KafkaError, KafkaException
from confluent_kafka.admin import AdminClient, ConfigEntry, ConfigResource, NewTopic, TopicMetadata

from events.access import DeniedError, NoAccessError, admitted, is_hidden, metadata_of
from events.clients import Properties, reason_of

PARTITIONS_DEFAULT = 12
"""Scale ends at the partition count, and changing it later moves leads to other partitions."""

SIGNAL_BYTES_MAX = 1_048_588
"""The largest record batch that ``lead.signals`` takes: Kafka's own default, said aloud."""

REFUSAL_BYTES_MAX = 2 * 1_048_576
"""The largest record batch that ``lead.refusals`` takes.

A refusal is the original record with its headers and more: it needs more room than a signal.
"""

DAY_MS = 86_400_000
ANSWER_SECONDS = 15.0
_PAUSE_SECONDS = 0.05


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
    """None: there is none, or the broker does not know such a setting; ``hidden`` for a topic that
    may be there, but this user may not see it."""

    def __str__(self) -> str:
        """The difference as a line to read."""
        if self.setting == "topic":
            unseen = "" if self.found is None else ", or this user may not see it"
            return f"{self.topic}: is missing{unseen}"
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
    answer_seconds: float = ANSWER_SECONDS,
) -> Creation:
    """Make the topics that are missing; leave the others alone, but say what differs.

    Comes back once every topic has a leader for each partition. Raises ``TopicsError`` when the
    cluster does not answer within ``answer_seconds``, or will not, ``DeniedError`` when it does not
    let us in.
    """
    cluster = _Cluster(_admitted(properties, answer_seconds), answer_seconds)
    present = cluster.partition_counts()
    wanted = specs(topics)
    missing = [spec for spec in wanted if spec.name not in present]
    created = cluster.make(missing, partitions, replication)
    cluster.await_leaders([spec.name for spec in wanted])
    return Creation(
        created=created,
        present=tuple(spec.name for spec in wanted if spec.name not in created),
        differences=tuple(_differences(cluster, topics, partitions)),
    )


def check(
    properties: Properties,
    topics: Topics,
    *,
    partitions: int | None = None,
    answer_seconds: float = ANSWER_SECONDS,
) -> tuple[Difference, ...]:
    """What is not as it has to be; empty when all is well. Changes nothing.

    Without ``partitions`` it is the count of ``lead.signals`` that the others must have.
    Raises ``TopicsError`` when the cluster does not answer.
    """
    cluster = _Cluster(_admitted(properties, answer_seconds), answer_seconds)
    return tuple(_differences(cluster, topics, partitions))


def partition_count(
    properties: Properties, topic: str, *, answer_seconds: float = ANSWER_SECONDS
) -> int:
    """How many partitions a topic has; 0 when there is no such topic.

    Raises ``TopicsError``, also when this user may not know.
    """
    cluster = _Cluster(_admitted(properties, answer_seconds), answer_seconds)
    count = cluster.partition_counts().get(topic, 0)
    if count == 0 and cluster.is_hidden(topic):
        raise TopicsError(f"{topic} is not there, or this user may not use it")
    return count


def _admitted(properties: Properties, answer_seconds: float) -> AdminClient:
    try:
        return admitted(properties, answer_seconds)
    except DeniedError:
        raise
    except NoAccessError as error:
        raise TopicsError(str(error)) from error


def _differences(
    cluster: "_Cluster", topics: Topics, partitions: int | None
) -> Iterator[Difference]:
    counts = cluster.partition_counts()
    expected_count = partitions or counts.get(topics.signals)
    wanted = specs(topics)
    found = cluster.settings([spec.name for spec in wanted if spec.name in counts])
    for spec in wanted:
        if spec.name not in counts:
            hidden = "hidden" if cluster.is_hidden(spec.name) else None
            yield Difference(spec.name, "topic", "present", hidden)
            continue
        count = spec.partitions or expected_count
        if count is not None and counts[spec.name] != count:
            yield Difference(spec.name, "partitions", str(count), str(counts[spec.name]))
        for setting, expected in spec.settings.items():
            value = found[spec.name].get(setting)
            if value != expected:
                yield Difference(spec.name, setting, expected, value)


@dataclass(frozen=True, slots=True)
class _Cluster:
    """What is asked of a cluster, each answer within a bound."""

    admin: AdminClient
    answer_seconds: float

    def partition_counts(self) -> dict[str, int]:
        """The partition count of every topic."""
        return {name: len(topic.partitions) for name, topic in self._metadata().items()}

    def is_hidden(self, name: str) -> bool:
        """Whether a topic that is not in the list may be there for others."""
        try:
            return is_hidden(self.admin, name, self.answer_seconds)
        except KafkaException as error:
            raise TopicsError(f"the cluster does not answer: {reason_of(error)}") from error

    def settings(self, names: list[str]) -> dict[str, dict[str, str | None]]:
        """The settings in force of each topic, the broker's defaults among them."""
        found: dict[str, dict[str, str | None]] = {}
        deadline = time.monotonic() + self.answer_seconds
        while unheard := [name for name in names if name not in found]:
            for name, future in self._ask_settings(unheard).items():
                try:
                    entries = future.result()
                except KafkaException as error:
                    # A broker may not have heard yet of a topic that another one has told of.
                    if _is_unknown(error) and time.monotonic() < deadline:
                        time.sleep(_PAUSE_SECONDS)
                        continue
                    raise TopicsError(
                        f"{name} does not tell its settings: {reason_of(error)}"
                    ) from error
                found[name] = {key: entry.value for key, entry in entries.items()}
        return found

    def _ask_settings(self, names: list[str]) -> "dict[str, Future[dict[str, ConfigEntry]]]":
        resources = [ConfigResource(ConfigResource.Type.TOPIC, name) for name in names]
        asked = self.admin.describe_configs(resources, request_timeout=self.answer_seconds)
        return {str(resource.name): future for resource, future in asked.items()}

    def make(self, missing: list[TopicSpec], partitions: int, replication: int) -> tuple[str, ...]:
        """Create these topics; the names of those that nobody else created meanwhile."""
        if not missing:
            return ()
        asked: dict[str, Future[None]] = self.admin.create_topics(
            [
                NewTopic(
                    spec.name,
                    num_partitions=spec.partitions or partitions,
                    replication_factor=replication,
                    config=dict(spec.settings),
                )
                for spec in missing
            ],
            request_timeout=self.answer_seconds,
            operation_timeout=self.answer_seconds,
        )
        return tuple(name for name, future in asked.items() if _made(name, future))

    def await_leaders(self, names: list[str]) -> None:
        """Return once every partition can be written and read; a new topic takes a moment."""
        deadline = time.monotonic() + self.answer_seconds
        while waiting := self._leaderless(names):
            if time.monotonic() > deadline:
                listed = ", ".join(waiting)
                raise TopicsError(f"after {self.answer_seconds:.0f} s no broker leads {listed}")
            time.sleep(_PAUSE_SECONDS)

    def _leaderless(self, names: list[str]) -> list[str]:
        known = self._metadata()
        return [
            name
            for name in names
            if name not in known
            or not known[name].partitions
            or any(partition.leader < 0 for partition in known[name].partitions.values())
        ]

    def _metadata(self) -> dict[str, TopicMetadata]:
        try:
            found: dict[str, TopicMetadata] = metadata_of(self.admin, self.answer_seconds).topics
        except KafkaException as error:
            raise TopicsError(f"the cluster does not answer: {reason_of(error)}") from error
        return found


def _is_unknown(error: KafkaException) -> bool:
    return bool(error.args[0].code() == KafkaError.UNKNOWN_TOPIC_OR_PART)


def _made(name: str, future: "Future[None]") -> bool:
    """Whether this request made the topic; False when somebody else did since we looked."""
    try:
        future.result()
    except KafkaException as error:
        if error.args[0].code() == KafkaError.TOPIC_ALREADY_EXISTS:
            return False
        raise TopicsError(f"{name} could not be created: {reason_of(error)}") from error
    return True
