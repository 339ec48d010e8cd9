"""Reading a topic to its very end, where the broker tells ends right: Apache Kafka, not the other.

What is committed may show a moment after its offsets do, for its markers are written one partition
after the other. So an open transaction is waited for, though not for ever: a dead worker's stays.
"""

import time
from collections.abc import Mapping
from contextlib import closing
from typing import Final

from confluent_kafka import Consumer, IsolationLevel, KafkaError, KafkaException, TopicPartition
from confluent_kafka.admin import AdminClient, OffsetSpec

from events.clients import admin_config, reader_config
from handlers.reading import Record, record_of

OPEN_SECONDS_MAX: Final = 3.0
ANSWER_SECONDS: Final = 15.0
READ_SECONDS_MAX: Final = 90.0
_CHUNK: Final = 5_000
_PAUSE_SECONDS: Final = 0.02
_LATEST: Final = OffsetSpec.latest()  # type: ignore[no-untyped-call]


def read_to_end(properties: Mapping[str, str], topic: str) -> list[Record]:
    """Every committed record of a topic; partition by partition in order."""
    wanted = committed_ends(AdminClient(admin_config(properties)), topic)
    records: list[Record] = []
    deadline = time.monotonic() + READ_SECONDS_MAX
    config = reader_config({"fetch.wait.max.ms": "10", **properties})
    with closing(Consumer(config)) as consumer:
        consumer.assign([TopicPartition(topic, partition, 0) for partition in wanted])
        while wanted:
            for message in consumer.consume(_CHUNK, 0.2):
                partition, offset, error = message.partition(), message.offset(), message.error()
                if error is None:
                    records.append(record_of(message))
                elif error.code() != KafkaError._PARTITION_EOF:
                    if not error.retriable():
                        raise KafkaException(error)
                    continue
                # Markers are not delivered: only the end of the partition tells of the last ones.
                reached = (offset or 0) + (error is None)
                if reached >= wanted.get(partition or 0, reached + 1):
                    del wanted[partition or 0]
            assert time.monotonic() < deadline, f"{topic} does not come to its ends {wanted}"
    return records


def committed_ends(admin: AdminClient, topic: str) -> dict[int, int]:
    """Where the committed records of each partition end, of those that hold any."""
    partitions = admin.list_topics(topic, timeout=ANSWER_SECONDS).topics[topic].partitions
    deadline = time.monotonic() + OPEN_SECONDS_MAX
    while True:
        stable = _ends(admin, topic, partitions, IsolationLevel.READ_COMMITTED)
        high = _ends(admin, topic, partitions, IsolationLevel.READ_UNCOMMITTED)
        # Where a leader is just changing, the client knows of no end for a moment.
        known = min(stable.values()) >= 0
        if known and (stable == high or time.monotonic() > deadline):
            return {partition: end for partition, end in stable.items() if end}
        assert time.monotonic() < deadline + READ_SECONDS_MAX, f"{topic} has no ends: {stable}"
        time.sleep(_PAUSE_SECONDS)


def _ends(
    admin: AdminClient, topic: str, partitions: Mapping[int, object], isolation: IsolationLevel
) -> dict[int, int]:
    places = [TopicPartition(topic, partition) for partition in partitions]
    answers = admin.list_offsets(
        dict.fromkeys(places, _LATEST), isolation_level=isolation, request_timeout=ANSWER_SECONDS
    )
    return {place.partition: answers[place].result().offset for place in places}
