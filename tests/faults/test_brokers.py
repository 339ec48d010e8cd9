"""Fault 4: brokers that die and come back, a controller that moves, and a topic that grows."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from confluent_kafka import Producer
from confluent_kafka.admin import AdminClient, NewPartitions

from deploy.kafka import Kafka
from events.clients import admin_config
from events.codec import encode_signal
from events.partitioner import partition_of
from events.topics import Topics, create
from handlers.exits import Exit
from handlers.recording import Recording, RecordingError, record, replay
from tests.conftest import running_kafka
from tests.e2e.harness import (
    PARTITIONS,
    Sent,
    Site,
    View,
    append,
    assert_same,
    await_read,
    counted,
    site_of,
    views,
)
from tests.e2e.reference import define, recent, views_of
from tests.faults.lives import (
    Crew,
    agreed,
    assert_undisturbed,
    await_end,
    await_halt,
    filled,
    logged,
    pieces,
    static,
    supervised,
)
from tests.faults.tried import tried

SHARES = (0.2, 0.5)
"""How far the workers have come when their only broker dies."""
BROKERS = 3
PARTITIONERS = ("consistent_random", "fnv1a", "murmur2")
"""librdkafka's own, Sarama's, and the Java client's: only the last puts leads where they belong."""


@pytest.fixture
def lonely() -> Iterator[Kafka]:
    """One broker, which a test may kill, and a controller that goes on."""
    yield from running_kafka(Kafka(brief=True, apart=True))


@pytest.mark.kafka
@tried("the only broker killed under load", len(SHARES))
def test_the_only_broker_is_killed_and_comes_back(
    lonely: Kafka, topics: Topics, tmp_path: Path
) -> None:
    site = filled(lonely, topics)
    ends = counted(recent().log)
    with Crew(site, tmp_path, batch_messages_max=60, tick_leads_max=15) as crew:
        crew.start("w1", static("w1"))
        for share in SHARES:
            supervised(crew, ends, share=share)
            lonely.kill_broker(1)
            # Back before it is given up, it finds itself leading in what it knows of the cluster,
            # and none does a moment later: what it ends in that moment Kafka 4.3.1 leaves without
            # markers (KAFKA-20734), and no worker could go on.
            lonely.await_fenced(1)
            lonely.start_broker(1)
        supervised(crew, ends)

    assert_undisturbed(site)


@pytest.fixture(scope="module")
def three(kafka3: Kafka) -> Iterator[Kafka]:
    """The three brokers, all of them up again for the next test."""
    yield kafka3
    for number in {1, 2, 3} - kafka3.pids.keys():
        kafka3.start_broker(number)


def safe_site(kafka3: Kafka, topics: Topics) -> Site:
    """A site each of whose records is on two brokers before anybody counts on it."""
    site = Site(kafka3.client_properties, topics)
    create(site.properties, topics, partitions=PARTITIONS, replication=kafka3.replication)
    define(site)
    append(site, recent().log[:PARTITIONS])
    return site


@tried("each of three brokers killed under load", BROKERS)
def test_each_of_three_brokers_dies_under_load_and_so_does_a_worker(
    three: Kafka, topics: Topics, tmp_path: Path
) -> None:
    site = safe_site(three, topics)
    controllers = [three.controller()]
    with Crew(site, tmp_path, batch_messages_max=60, tick_leads_max=15) as crew:
        crew.start("w2", static("w2"))
        for number, piece in enumerate(pieces(BROKERS), start=1):
            crew.start("w1", static("w1"), fault="sent:3:stop")
            append(site, piece[: len(piece) // 2])
            three.kill_broker(number)
            append(site, piece[len(piece) // 2 :])
            # A worker dies as well, its transaction open: who restores must not miss what it held.
            halted(crew, "w1")
            three.start_broker(number)
            controllers.append(three.controller())
        crew.start("w1", static("w1"))
        supervised(crew, None)

    assert len(set(controllers)) > 1, "the controller never moved"
    found = logged(site)
    assert len(found) == len(recent().log)
    assert_same(views(site), views_of(found))


def halted(crew: Crew, name: str) -> None:
    """Let a worker die, at its fault if it comes to it."""
    one = crew.running[name]
    try:
        await_halt(one, 15)
    except AssertionError:
        if one.child.exited() not in {None, Exit.FENCED, Exit.ERROR}:
            raise
    crew.kill(name)


@tried("a partition added to the input")
def test_a_partition_added_to_the_input_stops_every_worker_with_a_sentence(
    kafka: Kafka, topics: Topics, tmp_path: Path
) -> None:
    site = agreed(kafka, topics)
    admin = AdminClient(admin_config(site.properties))
    piece, *_ = pieces(4)
    with Crew(site, tmp_path) as crew:
        crew.start("w1", {"topic.metadata.refresh.interval.ms": "300"})
        append(site, piece)
        await_read(site, counted([*recent().log[:PARTITIONS], *piece]), crew.workers)
        before = views(site)
        admin.create_partitions([NewPartitions(topics.signals, PARTITIONS + 1)])[
            topics.signals
        ].result(30)
        assert crew.bury("w1") == Exit.PARTITION_COUNT, crew.last_words
        assert "leads would change partitions" in crew.last_words
        # Whoever is started on it says so as well.
        crew.start("w1")
        assert crew.bury("w1") == Exit.PARTITION_COUNT, crew.last_words
    assert_same(views(site), before)
    # Nobody has told this sender to stop, and it knows of the new partition.
    lost = asks("lost", piece[-1].timestamp)
    append(site, [lost])

    # What the runbook says: the log goes on in new topics with the number there was.
    again = site_of(kafka, Topics(topics.prefix + "again."))
    define(again)
    file = recorded(site, tmp_path)
    with_partitions(file)
    with pytest.raises(RecordingError, match=f"no partition {PARTITIONS}$") as refused:
        replay(again.properties, again.topics.signals, Recording(file), skip)
    without_line(file, int(str(refused.value).partition(", line ")[2].partition(":")[0]))
    replay(again.properties, again.topics.signals, Recording(file), skip)
    with Crew(again, tmp_path / "again") as crew:
        crew.start("w1")
        await_end(again, crew.workers)
        assert_same(views(again), before)
        append(again, [replace(lost, partition=partition_of(lost.key or b"", PARTITIONS))])
        await_end(again, crew.workers)
    assert by_lead(views(again).lifecycle)[lost.key]


def asks(lead: str, at: int) -> Sent:
    """Somebody asks for a demonstration, in the partition that was added."""
    data = {"activity": "demo_request"}
    key, value, headers = encode_signal(
        "lead.engaged.v1", lead, data, id=lead, source="/t", time=at
    )
    return Sent(PARTITIONS, key, value, headers, at)


def recorded(site: Site, folder: Path) -> Path:
    """A recording of a site's log, as text."""
    file = folder / "signals.jsonl"
    record(site.properties, site.topics.signals, file, skip)
    return file


def with_partitions(file: Path) -> None:
    """Let the recording say of itself that it has the partitions that were adopted."""
    head, _, rest = file.read_text(encoding="utf-8").partition("\n")
    told = f'"partitions":{PARTITIONS + 1}'
    assert told in head
    file.write_text(
        head.replace(told, f'"partitions":{PARTITIONS}') + "\n" + rest, encoding="utf-8"
    )


def without_line(file: Path, number: int) -> None:
    """Take a line out of the recording, and count it off in the last one."""
    *lines, last = file.read_text(encoding="utf-8").splitlines()
    del lines[number - 1]
    count = len(lines)
    assert last == f'{{"records":{count}}}'
    lines.append(f'{{"records":{count - 1}}}')
    file.write_text("\n".join(lines) + "\n", encoding="utf-8")


def skip(_: int) -> None:
    """Show nobody how far it is."""


@tried("plain clients with three partitioners", len(PARTITIONERS))
def test_leads_sent_by_clients_with_other_partitioners_get_the_same_facts(
    kafka: Kafka, topics: Topics, tmp_path: Path
) -> None:
    site = agreed(kafka, topics)
    signals = [one for one in recent().log if not (one.key or b"~").startswith(b"~")]
    for number, partitioner in enumerate(PARTITIONERS):
        mine = [one for one in signals if sum(one.key or b"") % len(PARTITIONERS) == number]
        send_plainly(site, partitioner, mine)
    with Crew(site, tmp_path, batch_messages_max=200) as crew:
        crew.start("w1")
        await_end(site, crew.workers)
        await_end(site, crew.workers)  # What was sent on from one partition to another as well.
        rerouted = crew.running["w1"].count("baton_signals_total", outcome="rerouted")

    found = views(site)
    assert rerouted or len(logged(site)) > len(signals) + PARTITIONS
    assert_same(found, views_of(logged(site)))
    properly = views_of([*recent().log[:PARTITIONS], *signals])
    assert by_lead(found.lifecycle) == by_lead(properly.lifecycle)
    assert by_lead(found.handovers) == by_lead(properly.handovers)


def send_plainly(site: Site, partitioner: str, signals: list[Sent]) -> None:
    """Send as a client would that has never heard of where leads belong."""
    producer = Producer({**site.properties, "partitioner": partitioner, "acks": "all"})
    for one in signals:
        producer.produce(
            site.topics.signals,
            one.value,
            one.key,
            headers=list(one.headers),
            timestamp=one.timestamp,
        )
        producer.poll(0)
    assert producer.flush(60) == 0


def by_lead(view: View) -> dict[bytes | None, list[tuple[object, ...]]]:
    """What a topic says about each lead, in order, and in which partition."""
    found: dict[bytes | None, list[tuple[object, ...]]] = {}
    for partition, rows in view.items():
        for row in rows:
            found.setdefault(row[0], []).append((partition, *row))
    return found
