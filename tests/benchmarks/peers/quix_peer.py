"""Quix Streams: exactly once, state in RocksDB with its changelog, up to 5,000 a commit."""

import sys
from typing import Any

import orjson  # type: ignore[import-not-found]
from quixstreams import Application, State  # type: ignore[import-not-found]
from simple_job import step  # type: ignore[import-not-found]


def decide(event: dict[str, Any], state: State) -> dict[str, Any] | None:
    """Return the handover of one event, if it makes one."""
    try:
        made, offered = step(state.get("lead"), event)
    except (KeyError, TypeError, ValueError):
        return None
    state.set("lead", made)
    return made if offered else None


def main() -> None:
    """Serve until ended: bootstrap servers, topic to read, topic of handovers, group, folder."""
    servers, source, sink, group, folder = sys.argv[1:]
    app = Application(
        broker_address=servers,
        consumer_group=group,
        auto_offset_reset="earliest",
        commit_every=5000,
        commit_interval=1.0,
        processing_guarantee="exactly-once",
        state_dir=folder,
        auto_create_topics=True,
        loglevel="WARNING",
    )
    signals = app.topic(source, value_deserializer="bytes", key_deserializer="bytes")
    handovers = app.topic(sink, value_serializer="bytes", key_serializer="bytes")
    stream = app.dataframe(signals)
    stream = stream.apply(orjson.loads)
    stream = stream.apply(decide, stateful=True)
    stream = stream.filter(lambda made: made is not None)
    stream = stream.apply(orjson.dumps)
    stream.to_topic(handovers)
    app.run()


if __name__ == "__main__":
    main()
