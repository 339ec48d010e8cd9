"""The sales floor: who answers when, who never does, and what is not done any more."""

import json
from collections.abc import Mapping
from random import Random
from typing import Any

import pytest

from events.codec import decode, encode_signal
from handlers.simulate.handling import Deed, Handling, Offer
from handlers.simulate.happening import Happening
from handlers.simulate.people import Person, person
from handlers.simulate.reps import GOOD, LAZY, REPS, Rep, Style
from handlers.simulate.rhythm import DAY_MS, HOUR_MS, MINUTE_MS, WEEK_MS, starts_at
from handlers.simulate.sales import Heard, Sales
from lifecycle.calendar import business_between
from lifecycle.signals import Signal
from schemas.policy import shipped
from tests.handlers.simulate.fold import Performance

MONDAY_TEN = starts_at(12) + 10 * HOUR_MS
ANNA = next(rep for rep in REPS if rep.name == "rep-anna")
FINN = next(rep for rep in REPS if rep.style is LAZY)
PEOPLE = {one.id: one for one in (person(1, index) for index in range(400))}


def buyers(count: int) -> list[Person]:
    return [one for one in PEOPLE.values() if one.need and one.budget and one.authority][:count]


def handover(who: Person, number: int = 1, seq: int = 9, **data: object) -> Heard:
    said: dict[str, Any] = {
        "handover": f"{who.id}:h{number}",
        "handover_kind": "hand_raise",
        "fast": True,
        "assignee": "rep-anna",
        "team": "berlin",
        "receipt": {"grade": "A1"},
    }
    return Heard("handover", who.id, seq, MONDAY_TEN, said | data)


def fact(kind: str, who: Person, seq: int, **data: object) -> Heard:
    return Heard(kind, who.id, seq, MONDAY_TEN, data)


def floor(seed: int = 1) -> Sales:
    return Sales(seed, shipped(), PEOPLE)


def done(sales: Sales, until: int = MONDAY_TEN + 30 * WEEK_MS) -> list[Happening]:
    return list(sales.due(until))


def plan(
    rep: Rep, who: Person, *, fast: bool = False, grade: str = "A1", seed: int = 0
) -> list[Deed]:
    offer = Offer(f"{who.id}:h1", who.id, "qualified", MONDAY_TEN, fast, grade)
    seen_at = MONDAY_TEN + 20 * MINUTE_MS
    return Handling(shipped(), rep, offer, who, seen_at, Random(seed)).deeds


def test_good_reps_answer_a_raised_hand_within_the_hour() -> None:
    answered = [plan(ANNA, who, fast=True, seed=n)[0].at for n, who in enumerate(buyers(40))]

    assert all(at - MONDAY_TEN < HOUR_MS for at in answered)


def test_nobody_answers_what_they_have_not_seen() -> None:
    seen_at = MONDAY_TEN + 20 * MINUTE_MS

    assert all(
        deed.at > seen_at
        for rep in REPS
        for n, who in enumerate(buyers(20))
        for deed in plan(rep, who, fast=True, seed=n)
    )


def test_lazy_reps_leave_some_offers_lying() -> None:
    plans = [plan(FINN, who, seed=n) for n, who in enumerate(buyers(60))]

    assert 10 < sum(not deeds for deeds in plans) < 40


def test_the_cherry_picker_turns_away_what_others_work() -> None:
    dora = next(rep for rep in REPS if rep.style.picky)

    def rejections(rep: Rep) -> int:
        plans = [plan(rep, who, grade="B2", seed=n) for n, who in enumerate(buyers(60))]
        return sum(deeds[0].type == "lead.rejected.v1" for deeds in plans if deeds)

    assert rejections(dora) > 5 * max(1, rejections(ANNA))


def test_first_answers_come_in_the_working_hours_of_the_rep() -> None:
    part_time = next(rep for rep in REPS if rep.name == "rep-part-time")
    hours = shipped().reps["rep-part-time"]

    answers = [plan(part_time, who, seed=n)[0].at for n, who in enumerate(buyers(30))]

    assert all(business_between(hours, at - 10 * MINUTE_MS, at + MINUTE_MS) > 0 for at in answers)


def test_a_handover_is_answered_the_same_way_whatever_is_heard_around_it() -> None:
    offers = [handover(who) for who in buyers(12)]
    forwards, backwards = floor(), floor()

    for offer in offers:
        forwards.hear(offer, MONDAY_TEN + HOUR_MS)
    for offer in reversed(offers):
        backwards.hear(offer, MONDAY_TEN + HOUR_MS)

    assert done(forwards) == done(backwards) != []


def test_what_is_planned_waits_for_its_time() -> None:
    sales = floor()
    for who in buyers(12):
        sales.hear(handover(who), MONDAY_TEN)

    first = done(sales, MONDAY_TEN + HOUR_MS)
    rest = done(sales)

    assert first
    assert max(h.at for h in first) < MONDAY_TEN + HOUR_MS <= min(h.at for h in rest)


@pytest.mark.parametrize("kind", ["handover_withdrawn", "recycle"])
def test_an_offer_that_is_gone_is_answered_by_the_oblivious_alone_and_once(kind: str) -> None:
    for oblivious, answers in ((0.0, {0}), (1.0, {1})):
        sales = floor()
        who = buyers(1)[0]
        sales._later(Deed(MONDAY_TEN + 1, who.id, "a", {}, f"{who.id}:h1", oblivious=oblivious > 0))
        sales._later(Deed(MONDAY_TEN + 2, who.id, "b", {}, f"{who.id}:h1", oblivious=oblivious > 0))

        sales.hear(fact(kind, who, 10), MONDAY_TEN)

        assert {len(done(sales))} == answers


def test_a_recycle_that_is_cancelled_brings_the_offer_back() -> None:
    sales = floor()
    who = buyers(1)[0]
    sales._later(Deed(MONDAY_TEN + 5, who.id, "a", {}, f"{who.id}:h1"))

    sales.hear(fact("recycle", who, 10), MONDAY_TEN)
    sales.hear(fact("recycle_cancelled", who, 11, handover=f"{who.id}:h1"), MONDAY_TEN)

    assert len(done(sales)) == 1


def test_a_deal_that_was_opened_goes_on_though_its_offer_is_gone() -> None:
    sales = floor()
    who = buyers(1)[0]
    opened = Deed(
        MONDAY_TEN + 1, who.id, "lead.opportunity_opened.v1", {}, f"{who.id}:h1", deal_id="d1"
    )
    won = Deed(MONDAY_TEN + DAY_MS, who.id, "lead.won.v1", {}, f"{who.id}:h1", deal_id="d1")
    other = Deed(MONDAY_TEN + DAY_MS, who.id, "lead.won.v1", {}, f"{who.id}:h1", deal_id="d2")
    sales._present[who.id] = f"{who.id}:h1"
    for deed in (opened, won, other):
        sales._later(deed)

    first = done(sales, MONDAY_TEN + HOUR_MS)
    sales.hear(fact("recycle", who, 10), MONDAY_TEN + HOUR_MS)

    assert [h.type for h in first] == ["lead.opportunity_opened.v1"]
    assert [h.type for h in done(sales)] == ["lead.won.v1"]


def test_leads_of_somebody_else_are_nobodys_business() -> None:
    sales = floor()

    sales.hear(Heard("handover", "a-stranger", 1, MONDAY_TEN, {}), MONDAY_TEN)

    assert done(sales) == []


def test_whatever_sales_sends_is_what_the_contract_takes(played: Performance) -> None:
    kinds = set()
    for placed in played.placed:
        value = placed.record.value
        if value is None or b'"source":"/crm"' not in value or not value.endswith(b"}}"):
            continue
        event: Mapping[str, Any] = json.loads(value)
        if not event["id"] or not event["type"].startswith("lead."):
            continue
        key, again, headers = encode_signal(
            event["type"], event["subject"], event["data"], id="1", source="/crm", time=MONDAY_TEN
        )
        if event["type"].endswith(".v1") and "sneezed" not in event["type"]:
            kinds.add(event["type"])
            if event["data"].get("activity") or "@" in event["subject"] or "into" in event["data"]:
                continue
            assert isinstance(decode(key, again, headers, MONDAY_TEN), Signal)

    assert kinds >= {
        f"lead.{kind}.v1"
        for kind in (
            "assigned", "accepted", "rejected", "claimed", "nominated", "contact_attempted",
            "qualified", "opportunity_opened", "won", "lost", "recycled", "disqualified",
            "clock_paused",
        )
    }  # fmt: skip


def test_styles_are_ranges_that_rise() -> None:
    styles: set[Style] = {rep.style for rep in REPS} | {GOOD}

    for style in styles:
        assert style.answer_hours[0] < style.answer_hours[1]
        assert style.contact_fast_minutes[0] < style.contact_fast_minutes[1]
