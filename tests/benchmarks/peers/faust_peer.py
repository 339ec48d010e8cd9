"""Faust: one agent, one table in memory with its changelog, uvloop; at least once."""

import sys

import faust
import orjson  # type: ignore[import-not-found]
from simple_job import step  # type: ignore[import-not-found]


def main() -> None:
    """Serve until ended: bootstrap servers, topic to read, topic of handovers, group, folder."""
    servers, source, sink, group, folder = sys.argv[1:]
    app = faust.App(
        group,
        broker=f"kafka://{servers}",
        store="memory://",
        datadir=folder,
        topic_partitions=4,
        topic_replication_factor=1,
        topic_disable_leader=True,
        broker_commit_interval=0.5,
        broker_max_poll_records=5000,
        stream_buffer_maxsize=32_768,
        stream_wait_empty=False,
        producer_linger=0.005,
        consumer_auto_offset_reset="earliest",
        web_enabled=False,
        processing_guarantee="at_least_once",
    )
    signals = app.topic(
        source, key_type=bytes, value_type=bytes, key_serializer="raw", value_serializer="raw"
    )
    handovers = app.topic(
        sink, key_type=bytes, value_type=bytes, key_serializer="raw", value_serializer="raw"
    )
    states = app.Table("states", partitions=4, key_type=bytes, value_type=bytes)

    async def decide(stream: faust.StreamT[bytes]) -> None:
        async for record in stream.events():
            try:
                event = orjson.loads(record.value)
                known = states.get(record.key)
                state = None if known is None else orjson.loads(known)
                state, offered = step(state, event)
            except (KeyError, ValueError):
                continue
            states[record.key] = orjson.dumps(state).decode()
            if offered:
                await handovers.send(key=record.key, value=orjson.dumps(state))

    app.agent(signals)(decide)
    sys.argv[1:] = ["worker", "--loglevel", "warn", "--without-web"]
    app.main()


if __name__ == "__main__":
    main()
