"""Reading the topics from the side: definitions, and partitions in which a fact was missed.

Both in a thread and with a reader of its own, so that the app's place in the log stays as it is.
"""

import logging
from collections.abc import Callable, Collection, Mapping
from typing import Final

from confluent_kafka import OFFSET_BEGINNING

from handlers.reading import TopicReader
from handlers.scoreboard.projection import Received
from schemas.policy import PolicyError, digest

log: Final = logging.getLogger("baton.scoreboard")

CHUNK_FACTS: Final = 2_000


def definitions(kafka: Mapping[str, str], topic: str) -> dict[str, bytes]:
    """Return every definition in ``lead.policies`` by its version.

    What has another digest than its key claims is told once and left out. Raises ReadingError,
    TopicsError, NoAccessError.
    """
    found: dict[str, bytes] = {}
    with TopicReader(kafka, topic) as reader:
        for record in reader.until_end():
            if record.key is None or record.value is None:
                continue
            version = record.key.decode("utf-8", "replace")
            try:
                genuine = digest(record.value) == version
            except PolicyError:
                genuine = False
            if genuine:
                found[version] = record.value
            else:
                log.error("a definition cannot be used", extra={"place": record.place})
    return found


def read_again(
    kafka: Mapping[str, str],
    topic: str,
    partition: int,
    lead_ids: Collection[str],
    fill_in: Callable[[list[Received]], None],
) -> int:
    """Give every record of these leads to ``fill_in``, in order; return where the end was.

    Raises what ``definitions`` raises.
    """
    keys = {lead_id.encode() for lead_id in lead_ids}
    chunk: list[Received] = []
    with TopicReader(kafka, topic, starts={partition: OFFSET_BEGINNING}) as reader:
        for record in reader.until_end():
            if record.key in keys:
                chunk.append(Received(partition, record.offset, record.key, record.value))
            if len(chunk) >= CHUNK_FACTS:
                fill_in(chunk)
                chunk = []
        if chunk:
            fill_in(chunk)
        return reader.ends.get(partition, 0)
