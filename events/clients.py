"""What each kind of Kafka client is configured with, from one set of client properties.

Properties are librdkafka's own, dots and all (``bootstrap.servers``, ``security.protocol``).
Whoever runs Baton may set any of them but those that Baton's promises rest on: a consumer that
commits by itself, say, would lose messages, so it is refused with a sentence instead.
"""

import logging
from collections.abc import Mapping
from typing import Any, Final

from confluent_kafka import KafkaException

Properties = Mapping[str, str | int | float | bool]
"""Client properties by their name in librdkafka."""

Config = dict[str, Any]
"""What a client of confluent-kafka is built from."""

PRODUCER_BYTES_MAX: Final = 2 * 1_048_576
"""The largest request that Baton's producers send: what ``lead.refusals`` takes, and no more."""

STATIC_SESSION_MS: Final = 60_000
"""``session.timeout.ms`` of a named member: how long the group keeps its place while it is away."""

log: Final = logging.getLogger("baton.kafka")
"""What librdkafka has to say goes here instead of to stderr."""

_CONSUMERS_ALONE: Final = frozenset(
    """
    auto.commit.interval.ms auto.offset.reset check.crcs consume.callback.max.messages
    coordinator.query.interval.ms enable.auto.commit enable.auto.offset.store
    enable.partition.eof fetch.error.backoff.ms fetch.max.bytes fetch.message.max.bytes
    fetch.min.bytes fetch.queue.backoff.ms fetch.wait.max.ms group.id group.instance.id
    group.protocol group.protocol.type group.remote.assignor heartbeat.interval.ms
    isolation.level max.partition.fetch.bytes max.poll.interval.ms offset.store.method
    partition.assignment.strategy queued.max.messages.kbytes queued.min.messages
    session.timeout.ms
    """.split()
)
_PRODUCERS_ALONE: Final = frozenset(
    """
    acks batch.num.messages batch.size compression.codec compression.level compression.type
    delivery.report.only.error delivery.timeout.ms enable.gapless.guarantee enable.idempotence
    linger.ms message.send.max.retries message.timeout.ms partitioner
    queue.buffering.backpressure.threshold queue.buffering.max.kbytes
    queue.buffering.max.messages queue.buffering.max.ms request.required.acks
    request.timeout.ms retries retry.backoff.max.ms retry.backoff.ms
    sticky.partitioning.linger.ms transaction.timeout.ms transactional.id
    """.split()
)


class ClientConfigError(ValueError):
    """A client property is missing, or contradicts what Baton promises."""


def admin_config(properties: Properties) -> Config:
    """What an admin client is built from."""
    return _shared(properties, _CONSUMERS_ALONE | _PRODUCERS_ALONE)


def consumer_config(properties: Properties, group: str, *, member: str | None = None) -> Config:
    """What a member of a consumer group is built from.

    It sees committed records only, starts at the beginning of the log, commits nothing by
    itself, and hands partitions over one by one while the others keep flowing.

    A ``member`` with a name is a static one: closing it does not leave the group, and whoever
    comes back under the name within the session's time finds its partitions as they were.
    """
    settled: Config = {
        "group.id": group,
        "isolation.level": "read_committed",
        "enable.auto.commit": False,
        "enable.auto.offset.store": False,
        "partition.assignment.strategy": "cooperative-sticky",
    }
    defaults: Config = {"auto.offset.reset": "earliest"}
    if member is not None:
        settled["group.instance.id"] = member
        defaults["session.timeout.ms"] = STATIC_SESSION_MS
    return _settled(_shared(properties, _PRODUCERS_ALONE), settled, defaults)


def reader_config(properties: Properties, *, name: str = "baton-reader") -> Config:
    """What a consumer of assigned partitions is built from: no group, and it says where the end is.

    An offset that is not there is an error: skipping what is missing would be silent.
    """
    return _settled(
        _shared(properties, _PRODUCERS_ALONE | {"group.instance.id"}),
        {
            # librdkafka asks for a group even where none is joined and nothing is committed.
            "group.id": name,
            "isolation.level": "read_committed",
            "enable.auto.commit": False,
            "enable.auto.offset.store": False,
            "enable.partition.eof": True,
            "auto.offset.reset": "error",
        },
    )


def producer_config(properties: Properties, *, transactional_id: str | None = None) -> Config:
    """What a producer is built from: idempotent, and transactional when given an id."""
    settled: Config = {"enable.idempotence": True, "acks": "all"}
    if transactional_id is not None:
        settled["transactional.id"] = transactional_id
    return _settled(
        _shared(properties, _CONSUMERS_ALONE),
        settled,
        # The Java client's partitioner, for whatever is sent without an explicit partition.
        defaults={"message.max.bytes": PRODUCER_BYTES_MAX, "partitioner": "murmur2_random"},
    )


def reason_of(error: BaseException) -> str:
    """What went wrong, in the words of the client library where it has any."""
    if isinstance(error, KafkaException) and error.args and hasattr(error.args[0], "str"):
        return str(error.args[0].str())
    return str(error) or type(error).__name__


def _shared(properties: Properties, foreign: frozenset[str]) -> Config:
    """The properties without those of other kinds of clients, which would only warn."""
    if not properties.get("bootstrap.servers"):
        raise ClientConfigError(
            "bootstrap.servers is missing: it says where the Kafka cluster is, as host:port"
        )
    config: Config = {name: value for name, value in properties.items() if name not in foreign}
    config["logger"] = log
    return config


def _settled(config: Config, settled: Config, defaults: Config | None = None) -> Config:
    """The configuration with what Baton settles itself; contradictions are refused."""
    for name, value in settled.items():
        if name in config and _text(config[name]) != _text(value):
            raise ClientConfigError(
                f"{name} cannot be {config[name]}: Baton relies on {_text(value)}"
            )
    return (defaults or {}) | config | settled


def _text(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)
