"""A publisher sends what Baton reads, and nothing else; what is not delivered is told."""

from collections.abc import Mapping
from datetime import UTC, datetime

import pytest

from events.clients import Properties
from events.codec import decode
from events.embedded import EmbeddedBroker
from events.partitioner import partition_of
from events.publisher import Publisher, PublishError
from events.topics import Topics, create
from lifecycle import signals
from lifecycle.signals import Signal
from schemas import inbound
from schemas.refusal import RefusalCode, Refused
from tests.events.reading import headers_of, records_of
from tests.schemas.messages import AT, ENGAGED, LEAD

NOWHERE: dict[str, str | int | float | bool] = {
    "bootstrap.servers": "127.0.0.1:1",
    "message.timeout.ms": 300,
}
PARTITIONS = 4


def engaged(publisher: Publisher, data: Mapping[str, object] | None = None, **more: object) -> str:
    arguments = {"source": "/web", **more}
    return publisher.publish("lead.engaged.v1", LEAD, data or ENGAGED, **arguments)  # type: ignore[arg-type]


def test_what_is_published_is_what_the_worker_reads(
    embedded: EmbeddedBroker, topics: Topics
) -> None:
    create(embedded.client_properties, topics, partitions=PARTITIONS)
    when = datetime(2026, 3, 2, 9, tzinfo=UTC)
    recycled = inbound.Recycled.model_validate({"reason": "in_contract", "until": "2026-12-31"})

    with Publisher(embedded.client_properties, topics=topics) as publisher:
        given = engaged(publisher, id="e-7", time=when, timestamp=AT + 5)
        made = publisher.publish(recycled, "lead-8", source="/crm", time=AT)
        publisher.flush()
        delivered = publisher.delivered

    records = records_of(embedded.client_properties, topics.signals, 2)
    read = [
        decode(record.key(), record.value(), headers_of(record), record.timestamp()[1])
        for record in records
    ]
    by_lead = {signal.lead_id: signal for signal in read if isinstance(signal, Signal)}
    assert delivered == 2
    assert by_lead[LEAD] == Signal(
        "e-7", "/web", LEAD, AT, AT + 5,
        signals.Engaged(**ENGAGED | {"url": "https://www.example.com/pricing"}),
    )  # fmt: skip
    assert given == "e-7"
    assert by_lead["lead-8"].id == made
    assert by_lead["lead-8"].body == signals.Recycled("in_contract", until=1_798_675_200_000)
    assert b"gclid" not in b"".join(record.value() or b"" for record in records)


@pytest.mark.parametrize("partitions", [None, PARTITIONS])
def test_a_lead_lands_where_every_kafka_client_of_the_other_kind_puts_it(
    embedded: EmbeddedBroker, topics: Topics, partitions: int | None
) -> None:
    create(embedded.client_properties, topics, partitions=PARTITIONS)
    leads = [f"lead-{number}" for number in range(40)]

    with Publisher(embedded.client_properties, topics=topics, partitions=partitions) as publisher:
        for lead in leads:
            publisher.publish("lead.engaged.v1", lead, ENGAGED, source="/web")

    found = records_of(embedded.client_properties, topics.signals, len(leads))
    where = {(record.key() or b"").decode(): record.partition() for record in found}
    assert where == {lead: partition_of(lead.encode(), PARTITIONS) for lead in leads}


@pytest.mark.parametrize(
    ("event_type", "lead_id", "data", "code"),
    [
        ("lead.abducted.v1", LEAD, {}, "unknown_type"),
        ("lead.engaged.v2", LEAD, ENGAGED, "unsupported_version"),
        ("lead.erased.v1", LEAD, {}, "not_supported_yet"),
        ("lead.tick.v1", "~tick", {"partition": 0}, "unknown_type"),
        ("lead.engaged.v1", LEAD, {}, "bad_field"),
        ("lead.engaged.v1", LEAD, None, "bad_field"),
        ("lead.engaged.v1", LEAD, ENGAGED | {"email": "joe@example.com"}, "bad_field"),
        ("lead.engaged.v1", LEAD, ENGAGED | {"campaing": "typo"}, "bad_field"),
        ("lead.engaged.v1", LEAD, ENGAGED | {"campaign": "joe@example.com"}, "bad_field"),
        ("lead.engaged.v1", LEAD, ENGAGED | {"campaign": b"bytes"}, "bad_field"),
        ("lead.engaged.v1", LEAD, ENGAGED | {"campaign": "\ud800"}, "bad_field"),
        ("lead.engaged.v1", "\ud800", ENGAGED, "bad_field"),
        ("lead.engaged.v1", "joe@example.com", ENGAGED, "bad_lead_id"),
        ("lead.engaged.v1", "", ENGAGED, "missing_attribute"),
        ("lead.profiled.v1", LEAD, {"attributes": {"size": float("nan")}}, "bad_field"),
        ("lead.profiled.v1", LEAD, {"attributes": {"name": "Joe"}}, "bad_field"),
    ],
)
def test_what_baton_would_refuse_is_not_sent(
    event_type: str, lead_id: str, data: dict[str, object] | None, code: str
) -> None:
    with Publisher(NOWHERE) as publisher, pytest.raises(Refused) as refused:
        publisher.publish(event_type, lead_id, data, source="/web")

    assert refused.value.code is RefusalCode(code)


@pytest.mark.parametrize("time", [datetime(2026, 3, 2, 9), -1, 2**60])  # noqa: DTZ001 - no zone
def test_a_time_has_a_zone_and_a_range(time: datetime | int) -> None:
    with Publisher(NOWHERE) as publisher, pytest.raises(Refused) as refused:
        engaged(publisher, time=time)

    assert refused.value.code is RefusalCode.BAD_TIME


def test_a_source_is_needed() -> None:
    with Publisher(NOWHERE) as publisher, pytest.raises(Refused, match="source"):
        engaged(publisher, source="")


def test_a_model_comes_without_further_data() -> None:
    with Publisher(NOWHERE) as publisher, pytest.raises(ValueError, match="either the model"):
        publisher.publish(inbound.Erased(), LEAD, {}, source="/web")


def send_one(config: Properties, **more: object) -> None:
    with Publisher(config) as publisher:
        engaged(publisher, None, **more)


def test_what_is_not_delivered_is_told_when_the_block_ends() -> None:
    with pytest.raises(PublishError, match="1 not delivered") as told:
        send_one(NOWHERE, id="e-9")

    assert [(lost.id, lost.lead_id) for lost in told.value.undelivered] == [("e-9", LEAD)]


def test_what_is_not_delivered_is_told_once() -> None:
    with Publisher(NOWHERE) as publisher:
        engaged(publisher)
        with pytest.raises(PublishError):
            publisher.flush()

        publisher.flush()


def test_a_broker_that_does_not_answer_in_time_is_told() -> None:
    publisher = Publisher(NOWHERE | {"message.timeout.ms": 60_000})
    engaged(publisher)

    with pytest.raises(PublishError, match="no answer"):
        publisher.flush(0.01)


def test_an_error_of_the_block_goes_first() -> None:
    def fail_at_work() -> None:
        with Publisher(NOWHERE) as publisher:
            engaged(publisher)
            raise KeyError

    with pytest.raises(KeyError):
        fail_at_work()


def test_a_full_queue_makes_the_caller_wait_and_loses_nothing_unsaid() -> None:
    publisher = Publisher(NOWHERE | {"queue.buffering.max.messages": 2})

    def send_five() -> None:
        for _ in range(5):
            engaged(publisher)

    with pytest.raises(PublishError):
        send_five()


def test_a_signal_larger_than_the_producer_sends_is_told() -> None:
    publisher = Publisher(NOWHERE | {"message.max.bytes": 1000})

    with pytest.raises(PublishError, match="too large"):
        engaged(publisher, ENGAGED | {"url": "/" * 8000})
