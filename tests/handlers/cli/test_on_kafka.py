"""The command on Apache Kafka: what the embedded broker forgives is not forgiven here."""

import json
from pathlib import Path

from confluent_kafka import Producer

from deploy.kafka import Kafka
from events.clients import producer_config
from events.topics import Topics
from handlers.exits import Exit
from handlers.reading import Record
from tests.handlers.cli.builders import AT, LEAD, read, refusal, send, working
from tests.handlers.cli.conftest import PARTITIONS, Baton


def test_what_was_aborted_is_neither_followed_nor_waited_for(
    baton_on_kafka: Baton, kafka: Kafka, topics: Topics
) -> None:
    producer = Producer(
        producer_config(kafka.client_properties, transactional_id=f"{topics.prefix}writer")
    )
    producer.init_transactions(30)
    producer.begin_transaction()
    producer.produce(topics.lifecycle, b'{"fact": "committed"}', partition=0)
    producer.commit_transaction(30)
    producer.begin_transaction()
    producer.produce(topics.lifecycle, b'{"fact": "aborted"}', partition=0)
    producer.flush(30)
    producer.abort_transaction(30)
    producer.begin_transaction()
    producer.produce(topics.lifecycle, b'{"fact": "open"}', partition=1)
    producer.flush(30)

    result = baton_on_kafka("follow", "lifecycle", "--from-start", "--until-end")
    producer.abort_transaction(30)

    assert result.exit_code == Exit.OK, result.stderr
    assert result.stdout == '{"fact": "committed"}\n'


def test_a_recording_is_replayed_byte_by_byte(
    baton_on_kafka: Baton, kafka: Kafka, topics: Topics, tmp_path: Path
) -> None:
    path = tmp_path / "signals.jsonl"
    originals = [
        Record(topics.signals, 0, 0, AT, b"a", b"1", [("h", b"\x00\xff"), ("h", None)]),
        Record(topics.signals, 1, 0, AT + 5, None, None, []),
        Record(topics.signals, 1, 1, AT, b"b", b"", []),
    ]
    send(kafka, topics.signals, *originals)
    again = Topics(f"{topics.prefix}again.")
    elsewhere = {"BATON_TOPICS_PREFIX": again.prefix}

    recorded = baton_on_kafka("record", str(path))
    baton_on_kafka("topics", "create", "--partitions", str(PARTITIONS), **elsewhere)
    replayed = baton_on_kafka("replay", str(path), **elsewhere)
    twice = baton_on_kafka("replay", str(path), **elsewhere)

    assert (recorded.exit_code, replayed.exit_code) == (Exit.OK, Exit.OK), replayed.stderr
    assert (twice.exit_code, "is not empty" in twice.stderr) == (Exit.ERROR, True)
    found = sorted(read(kafka, again.signals), key=lambda one: (one.partition, one.offset))
    assert [(one.partition, one.timestamp, one.key, one.value) for one in found] == [
        (one.partition, one.timestamp, one.key, one.value) for one in originals
    ]
    assert [one.headers for one in found] == [
        [*one.headers, ("baton-replay", b"1")] for one in originals
    ]


def test_redrive_knows_what_became_of_each_record(
    baton_on_kafka: Baton, kafka: Kafka, topics: Topics
) -> None:
    send(
        kafka,
        topics.refusals,
        refusal(topics, 3, "not_json"),
        refusal(topics, 9, "unknown_type", b'{"type": "x"}'),
    )

    with working(kafka, topics):
        applied = baton_on_kafka("refusals", "redrive", "1:9")
        refused = baton_on_kafka("refusals", "redrive", "1:3")
    waiting = baton_on_kafka("refusals", "redrive", "1:9", "--wait", "0")

    assert applied.exit_code == Exit.OK, applied.stderr
    assert applied.stdout.endswith("\tapplied\n")
    assert "refused again\tnot_json" in refused.stdout
    assert "still waiting" in waiting.stdout
    assert [json.loads(one.headers[-1][1] or b"") for one in read(kafka, topics.signals)] == [1] * 3
    assert {one.key for one in read(kafka, topics.signals)} == {LEAD.encode()}


def test_what_was_too_large_to_keep_is_sent_again_from_the_log(
    baton_on_kafka: Baton, kafka: Kafka, topics: Topics
) -> None:
    whole = b'{"text": "' + b"x" * 100_000 + b'"}'
    send(kafka, topics.signals, Record(topics.signals, 1, 0, AT, LEAD.encode(), whole, []))
    send(kafka, topics.refusals, refusal(topics, 0, "too_large", whole, bytes_max=70_000))

    shown = baton_on_kafka("refusals", "show", "1:0")
    with working(kafka, topics):
        done = baton_on_kafka("refusals", "redrive", "1:0")

    assert f"the first 65536 of {len(whole)} bytes" in shown.stdout
    assert done.exit_code == Exit.OK, done.stderr
    assert [one.value for one in read(kafka, topics.signals)] == [whole, whole]
