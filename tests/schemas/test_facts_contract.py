"""What Baton sends is what its models, its schemas and its goldens say."""

import json
from dataclasses import MISSING, fields, replace
from pathlib import Path
from typing import get_args

import pytest
from jsonschema import Draft202012Validator, FormatChecker

from events.facts import also_to, encode_fact, fact_headers, message_name
from events.told import thousandths
from lifecycle.facts import Context, Fact, FactBody, JunkSuspected, LostFact
from schemas.generate import message_schema
from schemas.outbound import OUTBOUND, Handover, UnreadableFactError, parse
from tests.schemas.specimens import HANDOVER, LEAD, RECEIPT, SPECIMENS

GOLDEN = Path(__file__).parent / "golden" / "outbound"


def _kind(fact: Fact) -> str:
    return fact.body.kind


def _type(fact: Fact) -> str:
    return f"lead.{fact.body.kind}.v1"


def _bare(fact: Fact) -> Fact:
    """Return the fact with everything optional left out."""
    optional = {
        field.name: field.default for field in fields(fact.body) if field.default is not MISSING
    }
    context = Context(fact.context.stage, fact.context.policy, fact.context.rules)
    return replace(fact, body=replace(fact.body, **optional), context=context)


def test_there_is_a_specimen_a_model_and_a_golden_for_each_kind_of_fact() -> None:
    kinds = [body.kind for body in get_args(FactBody)]

    assert [_kind(fact) for fact in SPECIMENS] == kinds
    assert list(OUTBOUND) == [f"lead.{kind}.v1" for kind in kinds]
    assert {path.stem for path in GOLDEN.iterdir()} == set(OUTBOUND)


@pytest.mark.parametrize("fact", SPECIMENS, ids=_kind)
def test_a_fact_has_the_golden_bytes_for_ever(fact: Fact) -> None:
    golden = GOLDEN / f"{_type(fact)}.json"

    assert encode_fact(fact) == golden.read_bytes()


@pytest.mark.parametrize("whole", [True, False], ids=["whole", "bare"])
@pytest.mark.parametrize("fact", SPECIMENS, ids=_kind)
def test_model_and_json_schema_both_accept_what_is_sent(fact: Fact, whole: bool) -> None:
    sent = fact if whole else _bare(fact)
    value = encode_fact(sent)

    event = parse(value, strict=True)

    assert type(event.data) is OUTBOUND[_type(fact)]
    assert (event.lead_id, event.data.seq) == (LEAD, fact.seq)
    assert event.id == f"{LEAD}:{fact.seq}"
    schema = message_schema("outbound", _type(fact))
    Draft202012Validator.check_schema(schema)
    Draft202012Validator(schema, format_checker=FormatChecker()).validate(json.loads(value))


@pytest.mark.parametrize("fact", SPECIMENS, ids=_kind)
def test_a_model_names_every_member_of_its_fact_and_no_other(fact: Fact) -> None:
    names = {message_name(field.name) for field in fields(fact.body)}
    if isinstance(fact.body, JunkSuspected):
        names = {"junk"}
    names |= {message_name(field.name) for field in fields(Context)} | {"seq", "happened_at"}

    assert set(OUTBOUND[_type(fact)].model_fields) == names


@pytest.mark.parametrize("fact", SPECIMENS, ids=_kind)
def test_a_fact_and_its_context_agree_on_the_names_they_share(fact: Fact) -> None:
    shared = {field.name for field in fields(fact.body)} & {field.name for field in fields(Context)}

    # `rules` means two things and is renamed; the others mean the same.
    assert shared <= {"stage", "team", "handover_kind", "rules"}
    assert ("rules" in shared) == isinstance(fact.body, JunkSuspected)


def test_the_engine_s_rules_are_told_beside_the_junk_rules() -> None:
    fact = next(fact for fact in SPECIMENS if isinstance(fact.body, JunkSuspected))

    data = json.loads(encode_fact(fact))["data"]

    assert data["junk"] == ["student", "personal_use"]
    assert data["rules"] == 1


@pytest.mark.parametrize("fact", SPECIMENS, ids=_kind)
def test_an_equal_fact_has_equal_bytes(fact: Fact) -> None:
    again = replace(fact, context=replace(fact.context), body=replace(fact.body))

    assert again is not fact
    assert encode_fact(again) == encode_fact(fact)


def test_a_value_that_compares_equal_to_a_whole_number_is_written_as_it_is() -> None:
    values = [part.value for part in RECEIPT.fit]

    fit = json.loads(encode_fact(SPECIMENS[1]))["data"]["receipt"]["fit"]

    assert [part["value"] for part in fit] == values
    assert [type(part["value"]) for part in fit] == [int, str, bool, str, float]


@pytest.mark.parametrize(
    ("count", "written"),
    [
        (0, b"0"),
        (1, b"0.001"),
        (-1, b"-0.001"),
        (-999, b"-0.999"),
        (62_500, b"62.5"),
        (62_000, b"62"),
        (62_010, b"62.01"),
        (-1_125, b"-1.125"),
        (9_007_199_254_740_993, b"9007199254740.993"),
    ],
)
def test_thousandths_are_written_by_integer_arithmetic(count: int, written: bytes) -> None:
    assert bytes(thousandths(count)) == written


def test_some_facts_go_to_sales_and_some_to_marketing_as_well() -> None:
    to = {_kind(fact): also_to(fact) for fact in SPECIMENS}

    assert {kind for kind, topic in to.items() if topic == "lead.handovers"} == {
        "heads_up",
        "handover",
        "handover_updated",
        "handover_withdrawn",
        "hand_raised",
        "junk_suspected",
        "owner_changed",
        "clock_warned",
        "clock_breached",
    }
    assert {kind for kind, topic in to.items() if topic == "lead.recycles"} == {
        "recycle",
        "recycle_cancelled",
        "lost",
    }


def test_a_lost_deal_of_a_lead_that_stays_with_sales_is_no_recycle() -> None:
    fact, lost = next((fact, fact.body) for fact in SPECIMENS if isinstance(fact.body, LostFact))
    one_of_two = replace(fact, body=replace(lost, lead_lost=False))

    assert also_to(one_of_two) is None


def test_a_fact_s_headers_are_its_media_type_and_the_trace_of_its_cause() -> None:
    media_type = ("content-type", b"application/cloudevents+json; charset=UTF-8")

    assert fact_headers(None) == [media_type]
    assert fact_headers(b"00-ab-cd-01") == [media_type, ("traceparent", b"00-ab-cd-01")]


def test_a_reader_gets_a_typed_handover() -> None:
    value = (GOLDEN / "lead.handover.v1.json").read_bytes()

    event = parse(value)

    assert isinstance(event.data, Handover)
    assert event.data.handover == HANDOVER
    assert event.data.accept_due_at is not None
    assert event.data.accept_due_at.isoformat() == "2026-03-02T17:00:00+00:00"
    receipt = event.data.receipt
    assert sum(part.points for part in receipt.fit) == receipt.fit_points
    assert sum(part.points for part in receipt.activities) == receipt.engagement_points


def test_a_member_that_a_reader_does_not_know_does_it_no_harm() -> None:
    tree = json.loads((GOLDEN / "lead.handover.v1.json").read_bytes())
    tree["data"]["receipt"]["colour"] = "green"
    tree["colour"] = "red"
    value = json.dumps(tree).encode()

    assert isinstance(parse(value).data, Handover)
    Draft202012Validator(message_schema("outbound", "lead.handover.v1")).validate(tree)
    with pytest.raises(UnreadableFactError, match="colour"):
        parse(value, strict=True)


@pytest.mark.parametrize(
    "value",
    [
        b"",
        b"null",
        b"[]",
        b"\xff",
        b'{"type": 7}',
        b'{"type": ["lead.won.v1"]}',
        b'{"type": "lead.won.v2"}',
        b'{"type": "lead.won.v1"}',
        b'{"type": "lead.won.v1", "data": {"seq": NaN}}',
    ],
)
def test_what_is_no_fact_is_named_so(value: bytes) -> None:
    with pytest.raises(UnreadableFactError, match="not a fact of this contract"):
        parse(value)
