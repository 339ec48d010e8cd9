"""A region is lost: another one goes on from a mirror of the log that was a little behind."""

from collections import Counter
from collections.abc import Iterable
from pathlib import Path

from confluent_kafka import Producer
from confluent_kafka.admin import AdminClient, NewTopic

from deploy.kafka import Kafka
from events.clients import admin_config, producer_config
from events.topics import Topics, create, specs
from handlers.reading import Record
from tests.e2e.harness import (
    PARTITIONS,
    Sent,
    Site,
    Views,
    append,
    read,
    views,
)
from tests.e2e.reference import define, recent
from tests.faults.lives import Crew, await_end, await_story
from tests.faults.tried import tried

COPIED = 0.9
"""How much of each partition was in the mirror."""
AGAIN = 40
"""Records a partition that were copied, and that their senders send again all the same."""


@tried("a region is lost")
def test_another_region_goes_on_from_a_mirror_that_was_behind(
    kafka: Kafka, topics: Topics, tmp_path: Path
) -> None:
    here = Site(kafka.client_properties, topics)
    with Kafka(brief=True) as region:
        lost = site_in(region, topics)
        append(lost, recent().log)
        with Crew(lost, tmp_path / "lost") as crew:
            crew.start("w1")
            await_story(lost, crew.workers)
        before = views(lost)
        copied = mirrored(lost, here)

    # What is in the mirror is decided again, by a group that never worked before.
    done = create(here.properties, topics, partitions=PARTITIONS)
    with Crew(here, tmp_path / "here") as crew:
        crew.start("w1")
        await_end(here, crew.workers)
        found = views(here)
        append(here, sent_again(copied))
        await_end(here, crew.workers)

    assert set(done.present) == {topics.signals, topics.policies}
    assert done.differences == ()
    for partition, facts in found.lifecycle.items():
        assert facts == before.lifecycle[partition][: len(facts)]
    assert told(found) < told(before), "the mirror was not behind"
    again = views(here)
    assert again.lifecycle == before.lifecycle
    assert again.handovers == before.handovers
    assert again.recycles == before.recycles


def site_in(region: Kafka, topics: Topics) -> Site:
    """A Baton in a cluster of its own."""
    site = Site(region.client_properties, topics)
    create(site.properties, topics, partitions=PARTITIONS)
    define(site)
    return site


def mirrored(there: Site, here: Site) -> Counter[int]:
    """Copy what a mirror copies, as far as it has come; returns records a partition."""
    topics = here.topics
    admin = AdminClient(admin_config(here.properties))
    made = admin.create_topics(
        [
            NewTopic(spec.name, spec.partitions or PARTITIONS, 1, config=dict(spec.settings))
            for spec in specs(topics)
            if spec.name in {topics.signals, topics.policies}
        ]
    )
    for future in made.values():
        future.result(30)
    signals = read(there, topics.signals)
    ends = Counter(record.partition for record in signals)
    copied: Counter[int] = Counter()
    first = []
    for record in signals:
        if copied[record.partition] < COPIED * ends[record.partition]:
            copied[record.partition] += 1
            first.append(record)
    copy(here, read(there, topics.policies))
    copy(here, first)
    return copied


def copy(here: Site, records: Iterable[Record]) -> None:
    """Write records as they were: partition, key, value, headers and timestamp."""
    producer = Producer(producer_config(here.properties))
    for record in records:
        producer.produce(
            record.topic,
            record.value,
            record.key,
            partition=record.partition,
            headers=list(record.headers),
            timestamp=record.timestamp,
        )
        producer.poll(0)
    assert producer.flush(30) == 0


def sent_again(copied: Counter[int]) -> list[Sent]:
    """What senders send who know no more than that their last minutes may be missing."""
    seen: Counter[int] = Counter()
    again = []
    for one in recent().log:
        seen[one.partition] += 1
        missing = seen[one.partition] > copied[one.partition]
        late = seen[one.partition] > copied[one.partition] - AGAIN
        if missing or (late and not (one.key or b"").startswith(b"~")):
            again.append(one)
    return again


def told(views_: Views) -> int:
    """How many facts there are."""
    return sum(map(len, views_.lifecycle.values()))
