"""``baton verify``: it finds nothing where nothing is wrong, and what was tampered with."""

import subprocess
from dataclasses import dataclass, replace

import pytest
from confluent_kafka import Producer
from confluent_kafka.admin import AdminClient

from deploy.kafka import Kafka
from events.clients import admin_config, producer_config
from events.embedded import EmbeddedBroker
from events.topics import Topics, create
from handlers.exits import Exit
from handlers.reading import Record
from tests.e2e.harness import (
    BATON,
    Site,
    append,
    await_read,
    await_that,
    log_ends,
    read,
    site_of,
    worker,
)
from tests.e2e.reference import define, story

VERIFY_SECONDS_MAX = 120


@dataclass(frozen=True)
class Run:
    """A site whose log was worked through."""

    site: Site
    outputs: int
    """Records in all topics that are compared."""
    facts: list[Record]


@pytest.fixture(scope="module")
def run(kafka: Kafka, tmp_path_factory: pytest.TempPathFactory) -> Run:
    site = site_of(kafka, Topics("verified."))
    define(site)
    append(site, story().log)
    with worker(site, tmp_path_factory.mktemp("verified")) as one:
        await_read(site, log_ends(site), [one])
    topics = site.topics
    others = (topics.handovers, topics.recycles, topics.refusals)
    facts = read(site, topics.lifecycle)
    return Run(site, len(facts) + sum(len(read(site, topic)) for topic in others), facts)


def verify(site: Site) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*BATON, "verify"],
        env=site.environment(),
        capture_output=True,
        text=True,
        timeout=VERIFY_SECONDS_MAX,
        check=False,
    )


def rewrite(site: Site, facts: list[Record]) -> None:
    """Put other facts in the place of those that the worker wrote."""
    admin = AdminClient(admin_config(site.properties))
    topic = site.topics.lifecycle
    admin.delete_topics([topic])[topic].result(30)
    await_that(lambda: topic not in admin.list_topics(timeout=10).topics, 30, "the topic is gone")
    create(site.properties, site.topics, partitions=site.partitions)
    producer = Producer(producer_config(site.properties))
    for fact in facts:
        producer.produce(
            fact.topic,
            fact.value,
            fact.key,
            partition=fact.partition,
            timestamp=fact.timestamp,
            headers=list(fact.headers),
        )
        producer.poll(0)
    assert producer.flush(30) == 0


def test_an_undisturbed_log_agrees_with_what_was_decided(run: Run) -> None:
    done = verify(run.site)

    assert done.returncode == Exit.OK, done.stderr
    assert done.stdout.startswith(f"{run.outputs:,} records that ")


def test_one_fact_that_was_tampered_with_is_found_and_shown(run: Run) -> None:
    index = next(i for i, fact in enumerate(run.facts) if b'"warm_up"' in (fact.value or b""))
    true = run.facts[index]
    false = replace(true, value=(true.value or b"").replace(b'"warm_up"', b'"wake"'))
    rewrite(run.site, [*run.facts[:index], false, *run.facts[index + 1 :]])

    done = verify(run.site)

    assert done.returncode == Exit.DIFFERENT, done.stdout + done.stderr
    assert (true.value or b"").decode() in done.stderr
    assert (false.value or b"").decode() in done.stderr
    byte = (true.value or b"").index(b'"warm_up"') + len(b'"wa')
    assert f"differs in value, from its byte {byte} on." in done.stderr


def test_a_fact_that_is_missing_is_found(run: Run) -> None:
    rewrite(run.site, run.facts[:-1])

    done = verify(run.site)

    assert done.returncode == Exit.DIFFERENT, done.stdout + done.stderr
    assert "ends where the log says" in done.stderr
    assert (run.facts[-1].value or b"").decode() in done.stderr


def test_a_fact_that_nothing_caused_is_found_behind_all_the_others(run: Run) -> None:
    rewrite(run.site, [*run.facts, run.facts[-1]])

    done = verify(run.site)

    assert done.returncode == Exit.DIFFERENT, done.stdout + done.stderr
    assert "lies there, and nothing in the log causes it" in done.stderr
    assert (run.facts[-1].value or b"").decode() in done.stderr


def test_a_group_that_has_read_nothing_is_told_so(embedded: EmbeddedBroker, topics: Topics) -> None:
    site = site_of(embedded, topics)

    done = verify(site)

    assert done.returncode == Exit.ERROR
    assert "has committed nothing" in done.stderr
