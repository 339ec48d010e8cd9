"""The five corrections of Faust's driver, each against real transactions."""

import asyncio
from functools import cache
from pathlib import Path
from typing import cast

import pytest
from faust.types import TP

from deploy.kafka import Kafka
from events.topics import Topics
from handlers.scoreboard import app as app_module
from handlers.scoreboard.app import Reading, Take, build
from handlers.scoreboard.broker import broker_of
from handlers.scoreboard.projection import Received
from handlers.scoreboard.standing import Offsets
from handlers.scoreboard.transport import BoardConsumerThread
from tests.handlers.simulate.fold import perform
from tests.scoreboard.feed import Feed
from tests.scoreboard.running import await_full, await_that, running, settings_of, stands
from tests.scoreboard.stored import assert_same, tables


@cache
def facts() -> tuple[bytes, ...]:
    return tuple(perform(3, 4, 60).values)


def test_what_was_aborted_never_shows(feed: Feed, sqlite_url: str, tmp_path: Path) -> None:
    feed.abort(facts()[100:140])
    feed.commit(facts()[:80])
    feed.abort(facts()[80:120])
    feed.commit(facts()[80:160])
    feed.abort(facts()[160:200])
    expected = feed.undisturbed(f"sqlite:///{tmp_path}/other.sqlite")

    with running(settings_of(feed, sqlite_url)):
        await_full(sqlite_url, feed, _ends(expected))

    found = tables(sqlite_url)
    assert len(found["facts"]) == 160
    assert_same(found, expected)


def test_reading_starts_where_the_database_stands_not_where_the_group_does(
    feed: Feed, sqlite_url: str, tmp_path: Path
) -> None:
    feed.commit(facts()[:160])
    settings = settings_of(feed, sqlite_url)
    feed.commit_group(settings.scoreboard_group, 60)
    expected = feed.undisturbed(f"sqlite:///{tmp_path}/other.sqlite")

    with running(settings):
        await_full(sqlite_url, feed, _ends(expected))

    assert_same(tables(sqlite_url), expected)


def test_what_the_database_has_is_not_read_again_though_the_group_knows_nothing(
    feed: Feed, sqlite_url: str
) -> None:
    feed.commit(facts()[:80])
    before = feed.undisturbed(sqlite_url)
    feed.commit(facts()[80:100])

    with running(settings_of(feed, sqlite_url)) as board:
        after = {partition: end + 1 for partition, end in _ends(before).items()}
        await_full(sqlite_url, feed, after)
        read = board.get("/metrics")[1]

    assert 'baton_scoreboard_facts_total{kind="new"} 20.0' in read
    assert 'baton_scoreboard_facts_total{kind="known"} 0.0' in read


def test_a_marker_at_the_end_of_a_partition_leaves_no_lag(feed: Feed, sqlite_url: str) -> None:
    feed.commit(facts()[:80], size=8)
    feed.abort(facts()[80:120])

    with running(settings_of(feed, sqlite_url)):
        await_full(sqlite_url, feed, {0: 1})
        await_that(lambda: stands(sqlite_url, feed).is_full)
    stood = stands(sqlite_url, feed)

    assert set(stood.lag.values()) == {0}
    assert sum(stood.ends.values()) > 80 + 20


def test_the_group_never_says_more_than_what_was_worked_on(kafka: Kafka, topics: Topics) -> None:
    # Each fact is followed by a marker: the next one is always behind one.
    feed = Feed(kafka, topics, partitions=1)
    feed.commit(facts()[:12], size=1)
    taken: list[Received] = []
    place = TP(topics.lifecycle, 0)

    async def reads_six() -> None:
        enough = asyncio.Event()

        async def take(batch: list[Received]) -> bool:
            if len(taken) + len(batch) > 6:
                enough.set()
                return False
            taken.extend(batch)
            return True

        app = build(_reading(topics, take), broker_of(feed.properties))
        await app.start()
        await asyncio.wait_for(enough.wait(), 30)
        consumer = app.board_consumer
        while consumer._read_offset[place] != 22:  # noqa: ASYNC110 - nobody tells
            await asyncio.sleep(0.01)
        await consumer.force_commit()
        await app.stop()

    with asyncio.Runner() as runner:
        runner.run(reads_six())

    committed = feed.group_offsets(f"{topics.prefix}g")[0]
    assert len(taken) == 6
    # The marker behind the last one may be counted in; the fact behind the marker may not.
    assert taken[-1].offset < committed <= taken[-1].offset + 2


def test_who_stood_still_beyond_the_poll_interval_reads_on(
    kafka: Kafka, topics: Topics, monkeypatch: pytest.MonkeyPatch
) -> None:
    # A queue so short that a batch which is not taken soon stops the driver from asking for more.
    monkeypatch.setattr(app_module, "QUEUE_FACTS_MAX", 4)
    feed = Feed(kafka, topics, partitions=1)
    feed.commit(facts()[:80])
    hasty = {"max.poll.interval.ms": "1000", "heartbeat.interval.ms": "200"}
    taken: list[Received] = []

    async def reads_on() -> None:
        everything = asyncio.Event()

        async def take(batch: list[Received]) -> bool:
            if not taken:
                await asyncio.sleep(3)
            taken.extend(batch)
            if len(taken) >= 80:
                everything.set()
            return True

        app = build(_reading(topics, take), broker_of(feed.properties | hasty))
        await app.start()
        try:
            await asyncio.wait_for(everything.wait(), 40)
        finally:
            await app.stop()

    with asyncio.Runner() as runner:
        runner.run(reads_on())

    assert {one.offset for one in taken} == {*range(82)} - {40, 81}


def test_what_is_given_out_while_it_stops_leaves_no_connection_open(
    kafka: Kafka, topics: Topics
) -> None:
    feed = Feed(kafka, topics, partitions=1)
    feed.commit(facts()[:10])

    async def stops() -> list[bool]:
        some = asyncio.Event()

        async def take(_: list[Received]) -> bool:
            some.set()
            return True

        app = build(_reading(topics, take), broker_of(feed.properties))
        await app.start()
        await asyncio.wait_for(some.wait(), 30)
        thread = cast("BoardConsumerThread", app.board_consumer._thread)
        connections = [*thread._ensure_consumer()._client._conns.values()]
        # What Faust does where partitions come or go while it stops.
        app._on_rebalance_when_stopped()
        await app.stop()
        return [connection.connected() for connection in connections]

    with asyncio.Runner() as runner:
        still_open = runner.run(stops())

    assert still_open
    assert not any(still_open)


def _reading(topics: Topics, take: Take) -> Reading:
    """What is to be read by a scoreboard without a database."""

    async def nothing_stored() -> Offsets:
        return {}

    return Reading(
        topic=topics.lifecycle,
        group=f"{topics.prefix}g",
        member="m",
        batch_facts_max=1,
        linger_seconds=0.01,
        stored_offsets=nothing_stored,
        take=take,
        host="127.0.0.1",
        port=0,
    )


def _ends(expected: dict[str, list[tuple[object, ...]]]) -> dict[int, int]:
    return {int(str(row[1])): int(str(row[2])) for row in expected["offsets"]}
