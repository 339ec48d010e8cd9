"""The same log gives the same bytes: live and replayed, in batches of any size, by one or two."""

from pathlib import Path

from deploy.kafka import Kafka
from events.embedded import EmbeddedBroker
from events.topics import Topics
from handlers.recording import Recording, record, replay
from tests.e2e.harness import (
    Site,
    append,
    assert_comes_to,
    await_read,
    counted,
    site_of,
    views,
    worker,
)
from tests.e2e.reference import define, story


def replayed(site: Site, recording: Path) -> None:
    """Put the recording into an empty site, with the definition that it names."""
    define(site)
    count = replay(site.properties, site.topics.signals, Recording(recording), lambda _: None)
    assert count == len(story().log)


def test_a_recorded_log_gives_the_same_bytes_in_other_batches(
    embedded: EmbeddedBroker, topics: Topics, tmp_path: Path
) -> None:
    live, again = site_of(embedded, topics), site_of(embedded, Topics(topics.prefix + "again."))
    define(live)
    append(live, story().log)
    with worker(live, tmp_path / "live") as one:
        await_read(live, counted(story().log), [one])
    assert_comes_to(live, story().views)

    recording = tmp_path / "signals.jsonl.gz"
    record(live.properties, live.topics.signals, recording, lambda _: None)
    replayed(again, recording)
    with worker(again, tmp_path / "again", batch_messages_max=907, tick_leads_max=15) as one:
        await_read(again, counted(story().log), [one])

    assert_comes_to(again, views(live))


def test_two_workers_with_small_batches_write_the_same_bytes(
    kafka: Kafka, topics: Topics, tmp_path: Path
) -> None:
    live, again = site_of(kafka, topics), site_of(kafka, Topics(topics.prefix + "again."))
    define(live)
    append(live, story().log)
    record(live.properties, live.topics.signals, tmp_path / "signals.jsonl", lambda _: None)
    replayed(again, tmp_path / "signals.jsonl")

    with (
        worker(again, tmp_path / "w1", "w1", batch_messages_max=151, tick_leads_max=15) as one,
        worker(again, tmp_path / "w2", "w2", batch_messages_max=1_009, tick_leads_max=60) as two,
    ):
        await_read(again, counted(story().log), [one, two])
        taken = [each.count("baton_batch_messages_count") for each in (one, two)]

    assert all(taken), "one of the workers had nothing to do"
    assert_comes_to(again, story().views)
