"""Whatever the domain decides in long and wild histories can be said, read back and restored."""

import random
from collections import Counter
from collections.abc import Callable

import pytest

from events.facts import encode_fact
from events.state import decode_lead, encode_lead
from lifecycle import signals as s
from lifecycle.decide import advance, decide
from lifecycle.facts import Fact
from lifecycle.lead import Lead
from lifecycle.stages import ClockName
from schemas.outbound import OUTBOUND, parse
from schemas.policy import shipped

MONDAY = 1_772_442_000_000
HOUR = 3_600_000
LEAD = "lead-7f3a"
HISTORIES = 60
STEPS = 60


def _voice(chance: random.Random) -> s.Voice:
    if chance.random() < 0.5:
        return s.NO_VOICE
    return s.Voice(("slow_reporting",), ("price",), ("unheard_of",), "northwind", "case-study")


def _handover(chance: random.Random, lead: Lead | None) -> str:
    number = lead.handover.number if lead and lead.handover else 1
    return f"{LEAD}:h{max(1, number - (chance.random() < 0.1))}"


def _body(chance: random.Random, lead: Lead | None, at: int) -> s.Body:
    handover, voice = _handover(chance, lead), _voice(chance)
    rep = chance.choice(("rep-lena", "rep-omar", None))
    deal = chance.choice(("deal-1", "deal-2", "deal-3"))
    no = chance.choice(("no_budget", "bad_timing", "no_response"))
    possible: tuple[Callable[[], s.Body], ...] = (
        lambda: s.Engaged(chance.choice(list(shipped().activities)), "spring", "search"),
        lambda: s.Profiled(
            {
                "employees": chance.choice((5, 430, 9_000.5)),
                "industry": chance.choice(("manufacturing", "retail")),
                "seniority": "director",
                "budget_authority": chance.random() < 0.5,
                "role": chance.choice(("it", "it", "it", "student")),
            }
        ),
        lambda: s.Profiled({}, ("role",)),
        lambda: s.Accepted(handover, rep, voice),
        lambda: s.Rejected(handover, chance.choice((no, "duplicate", "no_fit")), rep, voice),
        lambda: s.Claimed("rep-lena", "met at the fair", voice),
        lambda: s.Nominated("maria", "asked twice"),
        lambda: s.Assigned("rep-omar", chance.choice(("berlin", None))),
        lambda: s.ContactAttempted("call", chance.random() < 0.4, handover, rep, voice),
        lambda: s.ContactAttempted("call", chance.random() < 0.4),
        lambda: s.Qualified(True, chance.random() < 0.8, True, 45, handover, rep, voice),  # noqa: FBT003
        lambda: s.OpportunityOpened(deal, "48000.5", "EUR", "2026-05-29", "proposal", rep, voice),
        lambda: s.Won(deal, "48000.5", None, rep, voice),
        lambda: s.Lost(deal, "lost_to_competitor", rep, voice),
        lambda: s.Recycled(no, None, None, handover, rep, voice),
        lambda: s.Recycled("churned"),
        lambda: s.Disqualified("no_fit", handover, rep, voice),
        lambda: s.Reinstated("maria", "not a student"),
        lambda: s.ClockPaused(
            chance.choice((ClockName.QUALIFICATION, ClockName.OPPORTUNITY)), "later", at + 99 * HOUR
        ),
        lambda: s.ClockResumed(ClockName.QUALIFICATION),
    )
    weights = (8, 3, 1, 6, 1, 1, 1, 2, 4, 1, 3, 3, 1, 1, 1, 1, 1, 2, 2, 1)
    return chance.choices(possible, weights)[0]()


def _history(seed: int) -> tuple[list[Fact], list[Lead]]:
    chance = random.Random(seed)
    lead: Lead | None = None
    facts: list[Fact] = []
    leads: list[Lead] = []
    now = MONDAY
    for number in range(STEPS):
        now += chance.choice((HOUR // 4, HOUR, 20 * HOUR, 120 * HOUR))
        if lead is not None and chance.random() < 0.6:
            decision = advance(lead, now - 120_000, now, shipped())
            facts += decision.facts
            lead = decision.lead
        time = now - chance.choice((0, 1_500, 30 * HOUR))
        body = _body(chance, lead, time)
        signal = s.Signal(f"{seed}-{number}", "/crm", LEAD, time, now, body)
        decision = decide(lead, signal, shipped())
        facts += decision.facts
        lead = decision.lead
        leads.append(lead)
    return facts, leads


@pytest.fixture(scope="module")
def histories() -> list[tuple[list[Fact], list[Lead]]]:
    return [_history(seed) for seed in range(HISTORIES)]


def test_every_fact_decided_can_be_read_by_its_model(
    histories: list[tuple[list[Fact], list[Lead]]],
) -> None:
    told: Counter[str] = Counter()

    for facts, _ in histories:
        for fact in facts:
            event = parse(encode_fact(fact), strict=True)
            told[event.type] += 1

    # Chance may leave out the rarest; each kind has its golden bytes elsewhere.
    assert len(told) >= len(OUTBOUND) - 3, set(OUTBOUND) - set(told)


def test_every_lead_decided_survives_being_written(
    histories: list[tuple[list[Fact], list[Lead]]],
) -> None:
    for _, leads in histories:
        for lead in leads:
            data = encode_lead(lead)
            assert decode_lead(data) == lead
            assert encode_lead(decode_lead(data)) == data
