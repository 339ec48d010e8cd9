"""Bytes that were once accepted mean the same for ever: add files, never change one."""

import json
from pathlib import Path

import pytest
from jsonschema import Draft202012Validator

from events.codec import PolicyAdopted, Tick, decode
from lifecycle import signals
from lifecycle.signals import Body, Signal, Voice
from lifecycle.stages import ClockName
from schemas.inbound import INBOUND, message_model
from schemas.refusal import RefusalCode, Refused
from tests.schemas.messages import AT, HEADERS, LEAD, RECORDED_AT

GOLDEN = Path(__file__).parent / "golden" / "inbound"
HANDOVER = f"{LEAD}:h1"
VOICE = Voice(
    pain_points=("manual_reporting", "slow_quotes"),
    objections=("price",),
    questions=("sso",),
    competitor="acme",
    content_used="roi-calculator",
)
BODIES: dict[str, Body] = {
    "lead.engaged.v1": signals.Engaged(
        activity="pricing_page",
        campaign="spring-launch",
        source="google",
        medium="cpc",
        content="pricing-guide",
        channel="web",
        url="https://www.example.com/pricing",
    ),
    "lead.profiled.v1": signals.Profiled(
        attributes={
            "seniority": "vp",
            "company_size": 250,
            "growth": 0.5,
            "budget_holder": True,
        },
        clear=("country", "industry"),
    ),
    "lead.assigned.v1": signals.Assigned(rep="rep-17", team="emea"),
    "lead.accepted.v1": signals.Accepted(HANDOVER, "rep-17", VOICE),
    "lead.rejected.v1": signals.Rejected(HANDOVER, "wrong_industry", "rep-17", VOICE),
    "lead.claimed.v1": signals.Claimed("rep-17", "met at the fair", Voice(competitor="acme")),
    "lead.nominated.v1": signals.Nominated("mkt-4", "board member of a customer"),
    "lead.contact_attempted.v1": signals.ContactAttempted(
        channel="call", reached=False, handover_id=HANDOVER, rep="rep-17", voice=VOICE
    ),
    "lead.qualified.v1": signals.Qualified(
        budget=True,
        authority=False,
        need=True,
        timeline_days=60,
        handover_id=HANDOVER,
        rep="rep-17",
        voice=VOICE,
    ),
    "lead.opportunity_opened.v1": signals.OpportunityOpened(
        opportunity_id="opp-1",
        amount="48000.5",
        currency="EUR",
        close_date="2026-06-30",
        opportunity_stage="proposal",
        rep="rep-17",
        voice=VOICE,
    ),
    "lead.won.v1": signals.Won("opp-1", "48000", "EUR", "rep-17", VOICE),
    "lead.lost.v1": signals.Lost("opp-1", "lost_to_competitor", "rep-17", VOICE),
    "lead.recycled.v1": signals.Recycled(
        reason="in_contract",
        until=1_798_675_200_000,
        wake_at=1_796_110_200_000,
        handover_id=HANDOVER,
        rep="rep-17",
        voice=VOICE,
    ),
    "lead.disqualified.v1": signals.Disqualified("student", HANDOVER, "rep-17", VOICE),
    "lead.reinstated.v1": signals.Reinstated("rep-17", "now head of IT"),
    "lead.clock_paused.v1": signals.ClockPaused(
        clock=ClockName.FIRST_CONTACT,
        reason="call me in March",
        until=1_773_648_000_000,
        handover_id=HANDOVER,
        rep="rep-17",
    ),
    "lead.clock_resumed.v1": signals.ClockResumed(ClockName.FIRST_CONTACT, HANDOVER, "rep-17"),
}


def golden(event_type: str) -> bytes:
    return (GOLDEN / f"{event_type}.json").read_bytes()


@pytest.mark.parametrize("event_type", BODIES)
def test_golden_bytes_decode_to_the_signal_they_always_meant(event_type: str) -> None:
    signal = decode(LEAD.encode(), golden(event_type), HEADERS, RECORDED_AT)

    assert signal == Signal("e-1", "/crm", LEAD, AT, RECORDED_AT, BODIES[event_type])


@pytest.mark.parametrize("event_type", ["lead.merged.v1", "lead.erased.v1"])
def test_merging_and_erasing_are_checked_and_left_for_later(event_type: str) -> None:
    with pytest.raises(Refused) as refused:
        decode(LEAD.encode(), golden(event_type), HEADERS, RECORDED_AT)

    assert refused.value.code is RefusalCode.NOT_SUPPORTED_YET


def test_a_golden_tick_decodes() -> None:
    tick = decode(b"~tick", golden("lead.tick.v1"), HEADERS, RECORDED_AT)

    assert tick == Tick("t-1", "/baton/ticker", AT, RECORDED_AT, partition=3)


def test_a_golden_adoption_decodes() -> None:
    adopted = decode(b"~policy", golden("lead.policy_adopted.v1"), HEADERS, RECORDED_AT)

    assert adopted == PolicyAdopted(
        id="p-1",
        source="/baton/adopt",
        time=AT,
        recorded_at=RECORDED_AT,
        digest="0123456789abcdef",
        for_marketing="M. Market",
        for_sales="S. Sales",
        reason="first definition",
        partition_count=12,
        ticks="external",
    )


def test_every_inbound_type_has_golden_bytes() -> None:
    assert {path.stem for path in GOLDEN.glob("*.json")} >= set(INBOUND)


@pytest.mark.parametrize("event_type", INBOUND)
def test_the_published_schema_takes_the_golden_bytes(event_type: str) -> None:
    model = message_model(event_type)
    schema = model.model_json_schema()

    model.model_validate_json(golden(event_type))
    Draft202012Validator.check_schema(schema)
    Draft202012Validator(schema).validate(json.loads(golden(event_type)))
