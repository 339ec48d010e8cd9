"""``baton verify`` asks nobody to stop, and is not misled by what is under way."""

import re
import threading
from pathlib import Path

import pytest
from confluent_kafka import Producer

from deploy.kafka import Kafka
from events.clients import producer_config
from events.codec import encode_signal, encode_tick
from events.partitioner import partition_of
from events.topics import DAY_MS, Topics
from events.wall_clock import now_ms
from handlers import verify
from handlers.comparison import BYTES_SHOWN_MAX, DifferentError, Told, outputs
from handlers.settings import Settings
from handlers.simulate.rhythm import END_AT, WEEK_MS
from handlers.worker import DOMAIN
from tests.e2e.harness import (
    PARTITIONS,
    Follower,
    Sent,
    Site,
    agree,
    append,
    await_read,
    await_that,
    ends_of,
    read,
    site_of,
)
from tests.e2e.reference import views_of
from tests.e2e.terminal import on_a_terminal
from tests.faults.lives import (
    KILLED,
    Crew,
    agreed,
    assert_undisturbed,
    await_story,
    pieces,
    static,
    taken,
)

PIECES = 40
MORNING_MS = 9 * 3_600_000
"""Of a Monday: what somebody asks for then is due within hours, before any review."""
OPEN_MS = 8_000
"""How long a dead worker's transaction stays open."""
SECONDS_MAX = 60


def verified(site: Site) -> verify.Verified:
    """What the command does, without a process of its own. Raises DifferentError."""
    settings = Settings(
        kafka={name: str(value) for name, value in site.properties.items()},
        topics_prefix=site.topics.prefix,
        group=site.group,
    )
    scope = verify.scope(settings, site.topics, site.partitions)
    done: list[int] = []
    found = verify.verify(settings, DOMAIN, scope, done.append, site.partitions)
    assert sum(done) == sum(scope.until.values()), "the bar does not come to its end"
    return found


def test_workers_go_on_while_everything_so_far_is_verified(
    kafka: Kafka, topics: Topics, tmp_path: Path
) -> None:
    site = agreed(kafka, topics)
    enough = threading.Event()
    *parts, last = pieces(PIECES)

    def send() -> None:
        for part in parts:
            append(site, part)
            if enough.wait(0.2):
                return

    with (
        Crew(site, tmp_path, batch_messages_max=100, tick_leads_max=10) as crew,
        Follower(site) as follower,
    ):
        one = crew.start("w1", static("w1"))
        load = threading.Thread(target=send)
        load.start()
        await_that(lambda: taken(site, follower) > 1_000, SECONDS_MAX, "under way", [one])
        runs = []
        while load.is_alive():
            before = taken(site, follower)
            runs.append((verified(site), taken(site, follower) - before))
        enough.set()
        load.join()
        append(site, last)
        await_story(site, crew.workers)
        assert crew.stop("w1") == 0

    assert len(runs) > 1
    assert any(meanwhile for _, meanwhile in runs), "nothing was going on meanwhile"
    assert [one.records for one, _ in runs] == sorted(one.records for one, _ in runs)
    assert_undisturbed(site)


def test_what_a_tick_has_fired_so_far_is_no_difference(
    kafka: Kafka, topics: Topics, tmp_path: Path
) -> None:
    site = half_done(site_of(kafka, topics), tmp_path)
    facts = read(site, topics.lifecycle)

    found = verified(site)

    assert len(facts) > sum(map(len, views_of(committed(site)).lifecycle.values()))
    assert found.records == sum(len(read(site, topic)) for topic in outputs(topics))


def test_a_fact_that_a_half_done_tick_did_not_cause_is_found(
    kafka: Kafka, topics: Topics, tmp_path: Path
) -> None:
    site = half_done(site_of(kafka, topics), tmp_path)
    false = Producer(producer_config(site.properties))
    false.produce(topics.lifecycle, b"{}", b"L1", partition=0, timestamp=1)
    assert false.flush(SECONDS_MAX) == 0

    with pytest.raises(DifferentError, match=f"{topics.lifecycle}:0:"):
        verified(site)


def half_done(site: Site, folder: Path) -> Site:
    """A tick has some ten leads of each partition to fire, and the worker died over the third."""
    weeks = (now_ms() - END_AT) // WEEK_MS - 4
    at = END_AT + weeks * WEEK_MS + MORNING_MS
    agree(site, at)
    leads = [f"L{number}" for number in range(10 * site.partitions)]
    append(site, [engaged(lead, at + number) for number, lead in enumerate(leads)])
    append(site, [told_time(partition, at + 20 * DAY_MS) for partition in range(site.partitions)])
    with Crew(site, folder, tick_leads_max=1) as crew:
        crew.start("w1", static("w1"), fault="ticking:3:kill")
        assert crew.bury("w1") == KILLED
    return site


def engaged(lead: str, at: int) -> Sent:
    """A lead asks for a demonstration: sales has to answer within a time."""
    data = {"activity": "demo_request"}
    key, value, headers = encode_signal(
        "lead.engaged.v1", lead, data, id=lead, source="/t", time=at
    )
    return Sent(partition_of(key, PARTITIONS), key, value, headers, at)


def told_time(partition: int, at: int) -> Sent:
    """A tick."""
    key, value, headers = encode_tick(partition, at, f"tick-{partition}", "/t")
    return Sent(partition, key, value, headers, at)


def committed(site: Site) -> list[Sent]:
    """The log as far as the group has committed it."""
    with Follower(site) as follower:
        ends = follower.committed()
    return [
        Sent(one.partition, one.key, one.value, tuple(one.headers), one.timestamp)
        for one in read(site, site.topics.signals)
        if one.offset < ends[one.partition]
    ]


def test_what_an_open_transaction_hides_is_waited_for(
    kafka: Kafka, topics: Topics, tmp_path: Path
) -> None:
    site = agreed(kafka, topics)
    first, second = pieces(2)
    with Crew(site, tmp_path) as crew:
        one = crew.start("w1", static("w1"))
        await_read(site, ends_of(first, append(site, first)), [one])
        # As a worker would that was taken for dead, and is: nobody ends its transaction for it.
        config = producer_config(site.properties, transactional_id="dead")
        dead = Producer(config | {"transaction.timeout.ms": OPEN_MS})
        dead.init_transactions(SECONDS_MAX)
        dead.begin_transaction()
        for partition in range(site.partitions):
            dead.produce(topics.lifecycle, b"{}", b"L1", partition=partition)
        assert dead.flush(SECONDS_MAX) == 0
        await_read(site, ends_of(second, append(site, second)), [one])

        found = verified(site)

        assert crew.stop("w1") == 0
    assert found.records == sum(len(read(site, topic)) for topic in outputs(topics))
    assert_undisturbed(site)


def test_a_person_sees_how_far_it_is(kafka: Kafka, topics: Topics, tmp_path: Path) -> None:
    site = site_of(kafka, topics)
    at = now_ms() - DAY_MS
    agree(site, at)
    sent = [engaged(f"L{number}", at) for number in range(50)]
    with Crew(site, tmp_path) as crew:
        one = crew.start("w1", static("w1"))
        await_read(site, ends_of(sent, append(site, sent)), [one])
    with Follower(site) as follower:
        count = taken(site, follower)

    told = on_a_terminal("verify", environment=site.environment(), with_progress=True)

    assert f"verifying {topics.lifecycle}" in told
    assert re.search(rf"{count}/{count}\b", told), told
    assert "no difference" in told


def test_a_difference_is_shown_in_full_and_a_very_long_one_where_it_is() -> None:
    short, long = b"a" * 20_000, b"a" * (BYTES_SHOWN_MAX + 1)
    one, other = Told(b"k", short + b"x", (), 1), Told(b"k", short + b"y", (), 1)
    huge, another = Told(b"k", long + b"x" * 5_000, (), 1), Told(b"k", long + b"y" * 5_000, (), 2)

    assert one.shown(one.first_difference(other)).endswith(short.decode() + "x")
    assert one.differs_from(other) == "value, from its byte 20000 on"
    assert huge.differs_from(another) == f"timestamp and value, from its byte {len(long)} on"
    told = huge.shown(huge.first_difference(another))
    assert f"(bytes {len(long) - 1_000} to {len(long) + 1_000} of {len(long) + 5_000})" in told
    assert told.endswith("a" * 1_000 + "x" * 1_000)
