"""A small company, played through a broker with a real worker."""

import json
from collections import Counter
from pathlib import Path

import pytest
from typer.testing import CliRunner

from deploy.kafka import Kafka
from events.embedded import EmbeddedBroker
from events.topics import Topics, create
from handlers.cli.app import app
from handlers.reading import Record, TopicReader
from handlers.report import Report, read_report, read_timeline
from handlers.settings import Settings
from handlers.simulate import broker as at_broker
from handlers.simulate.broker import Baton, SimulationError
from handlers.simulate.crew import Crew, crew
from handlers.simulate.run import Played, Progress, Size, prepare, run
from tests.handlers.simulate.fold import perform

SIZE = Size(seed=2, weeks=1, leads=120)
PARTITIONS = 4


def settings_for(broker: EmbeddedBroker | Kafka, topics: Topics) -> Settings:
    return Settings(
        kafka=broker.client_properties,
        topics_prefix=topics.prefix,
        group=f"{topics.prefix}group",
    )


def play(settings: Settings, size: Size = SIZE) -> tuple[Played, list[Progress]]:
    topics = Topics(settings.topics_prefix)
    create(settings.kafka, topics, partitions=PARTITIONS)
    seen: list[Progress] = []
    stage = prepare(settings.kafka, topics, size)
    with crew(settings) as staff:
        played = run(stage, settings.kafka, topics, settings.group, seen.append, staff.check)
    return played, seen


def check_for_ever(staff: Crew) -> None:
    while True:
        staff.check()


def records(settings: Settings, topic: str) -> list[Record]:
    with TopicReader(settings.kafka, topic) as reader:
        return list(reader.until_end())


def by_partition(found: list[Record]) -> dict[int, list[tuple[object, ...]]]:
    """What a topic says, without what differs from run to run: the adoption's random id."""
    said: dict[int, list[tuple[object, ...]]] = {}
    for one in found:
        if one.key != b"~policy":
            row = (one.timestamp, one.key, one.value, tuple(one.headers))
            said.setdefault(one.partition, []).append(row)
    return said


def test_a_company_played_through_a_broker_is_the_one_played_in_memory(
    broker: EmbeddedBroker | Kafka, topics: Topics
) -> None:
    settings = settings_for(broker, topics)
    in_memory = perform(SIZE.seed, SIZE.weeks, SIZE.leads)

    played, seen = play(settings)

    assert played.signals + played.ticks == len(in_memory.placed)
    assert played.heard == len(in_memory.told)
    assert seen[-1].fraction == 1.0
    assert [one.at for one in seen] == sorted(one.at for one in seen)
    log = by_partition(records(settings, topics.signals))
    for partition in range(PARTITIONS):
        assert log[partition] == [
            (
                placed.record.at,
                placed.record.key,
                placed.record.value,
                tuple(placed.record.headers),
            )
            for placed in in_memory.placed
            if placed.partition == partition
        ]
    facts = [one.value for one in records(settings, topics.lifecycle)]
    assert sorted(map(str, facts)) == sorted(map(str, in_memory.values))


def test_the_figures_agree_with_what_follow_delivers(
    embedded: EmbeddedBroker, topics: Topics
) -> None:
    settings = settings_for(embedded, topics)
    play(settings)
    environment = {
        f"BATON_KAFKA__{name.upper().replace('.', '_')}": value
        for name, value in settings.kafka.items()
    } | {"BATON_TOPICS_PREFIX": topics.prefix}

    def followed(what: str) -> list[dict[str, object]]:
        arguments = ["follow", what, "--from-start", "--until-end"]
        result = CliRunner().invoke(app, arguments, env=environment)
        assert result.exit_code == 0, result.output
        return [json.loads(line) for line in result.stdout.splitlines()]

    report = read_report(settings.kafka, topics)

    facts, refusals = followed("lifecycle"), followed("refusals")
    assert report.facts == len(facts)
    assert report.refusals == Counter(str(one["reason"]) for one in refusals)
    assert sum(report.handovers.values()) == sum(
        one["type"] == "lead.handover.v1" for one in followed("handovers")
    )
    assert sum(report.recycles.values()) == sum(
        one["type"] == "lead.recycle.v1" for one in followed("recycles")
    )
    assert report.story is not None
    timeline = read_timeline(settings.kafka, topics, report.story)
    assert [json.loads(value) for value in timeline] == [
        one for one in facts if one["subject"] == report.story
    ]


def test_a_log_with_anything_in_it_is_not_played_into(
    embedded: EmbeddedBroker, topics: Topics
) -> None:
    properties = embedded.client_properties
    create(properties, topics, partitions=1)
    prepare(properties, topics, SIZE)

    with pytest.raises(SimulationError, match="is not empty"):
        prepare(properties, topics, SIZE)


def test_without_topics_there_is_nothing_to_play_in(
    embedded: EmbeddedBroker, topics: Topics
) -> None:
    with pytest.raises(SimulationError, match="there is no topic"):
        prepare(embedded.client_properties, topics, SIZE)


def test_without_a_worker_the_play_says_so(
    embedded: EmbeddedBroker, topics: Topics, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(at_broker, "STALLED_SECONDS", 0.2)
    create(embedded.client_properties, topics, partitions=1)
    baton = Baton(embedded.client_properties, f"{topics.prefix}group", topics.signals)

    with pytest.raises(SimulationError, match="no worker of the group"):
        baton.await_read({0: 1}, lambda: None)

    baton.close()


def test_a_worker_that_ends_ends_the_play(
    embedded: EmbeddedBroker, topics: Topics, tmp_path: Path
) -> None:
    settings = settings_for(embedded, topics).model_copy(update={"state_dir": tmp_path})

    # There are no topics for it.
    with crew(settings) as staff, pytest.raises(SimulationError, match="the worker ended"):
        check_for_ever(staff)


@pytest.mark.embedded
def test_the_demo_ends_well_when_nobody_watches(topics: Topics) -> None:
    environment = {"BATON_TOPICS_PREFIX": topics.prefix}
    arguments = ["demo", "--weeks", "1", "--leads", "60"]

    result = CliRunner().invoke(app, arguments, env=environment)

    assert result.exit_code == 0, result.output
    for word in ("Funnel", "Promises", "Refused input", "One lead", "signals a second"):
        assert word in result.stdout
    assert "\x1b" not in result.stdout


def test_simulate_brings_its_worker_if_asked(embedded: EmbeddedBroker, topics: Topics) -> None:
    settings = settings_for(embedded, topics)
    create(settings.kafka, topics, partitions=2)
    environment = {
        f"BATON_KAFKA__{name.upper().replace('.', '_')}": value
        for name, value in settings.kafka.items()
    } | {"BATON_TOPICS_PREFIX": topics.prefix, "BATON_GROUP": settings.group}
    arguments = ["simulate", "--weeks", "1", "--leads", "20", "--worker"]

    result = CliRunner().invoke(app, arguments, env=environment)
    again = CliRunner().invoke(app, arguments, env=environment)

    assert result.exit_code == 0, result.output
    assert "signals a second" in result.stdout
    assert again.exit_code == 1
    assert "is not empty" in again.stderr
    assert isinstance(read_report(settings.kafka, topics), Report)
