"""The scoreboard's tables in memory, filled from the topics as they stand: for a look, not to keep.

The same projection as the running scoreboard's, without its database, its offsets and its end:
everything is read once, up to the present ends of the topics.
"""

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from itertools import islice
from typing import Final

from sqlalchemy import Connection, create_engine, func, select
from sqlalchemy.pool import StaticPool

from events.topics import Topics
from handlers.reading import Record, TopicReader
from handlers.scoreboard.projection import Received, project
from handlers.scoreboard.tables import LEADS, METADATA, POLICIES

_BATCH_FACTS: Final = 5_000


@contextmanager
def tables_of(kafka: Mapping[str, str], topics: Topics) -> Iterator[Connection]:
    """Give a connection to tables that hold all facts there are, for as long as it is open."""
    engine = create_engine("sqlite://", poolclass=StaticPool)
    try:
        with engine.begin() as connection:
            METADATA.create_all(connection)
            with TopicReader(kafka, topics.policies) as reader:
                _keep_policies(connection, reader.until_end())
            with TopicReader(kafka, topics.lifecycle) as reader:
                facts = reader.until_end()
                while batch := list(islice(facts, _BATCH_FACTS)):
                    project(connection, [_received(record) for record in batch])
        with engine.connect() as connection:
            yield connection
    finally:
        engine.dispose()


def newest_at(connection: Connection) -> int:
    """Return the log's time: that of the newest fact in ms, 0 without any."""
    return int(connection.execute(select(func.max(LEADS.c.last_at))).scalar() or 0)


def _keep_policies(connection: Connection, records: Iterable[Record]) -> None:
    bodies = {record.key.decode(): record.value for record in records if record.key}
    rows = [{"version": version, "body": body} for version, body in bodies.items() if body]
    if rows:
        connection.execute(POLICIES.insert(), rows)


def _received(record: Record) -> Received:
    return Received(record.partition, record.offset, record.key, record.value)
