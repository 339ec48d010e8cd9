"""A lead's timeline tells every fact, and draws every clock as its facts say."""

import json

import pytest
from sqlalchemy import select

from handlers.scoreboard.numbers.bars import Bar, Segment
from handlers.scoreboard.numbers.timeline import (
    DEFINITIONS,
    Timeline,
    find_leads,
    recent_leads,
    tables,
    timeline,
)
from handlers.scoreboard.tables import CLOCKS, LEADS
from lifecycle.stages import ClockName
from tests.lifecycle.builders import Story, cold, mql, nurture, opportunity, sal, warm
from tests.lifecycle.builders import ms as at
from tests.scoreboard.numbers import slow
from tests.scoreboard.played import Board, board

pytestmark = pytest.mark.slow


def asked(given: Board, lead_id: str = "lead-1") -> Timeline:
    with given.connection() as connection:
        found = timeline(connection, lead_id, given.now_at)
    assert found is not None
    return found


def told(tale: Story) -> Timeline:
    return asked(slow.board_told(tale), tale.lead_id)


def bar(found: Timeline, clock: str, run: int = 1) -> Bar:
    return next(one for one in found.clocks if (one.clock, one.run) == (clock, run))


def stretches(one: Bar) -> list[tuple[str, int, int]]:
    return [(part.state, part.from_at, part.to_at) for part in one.segments]


@pytest.mark.parametrize("seed", [3, 5])
def test_every_fact_of_every_lead_is_told_once_in_its_order_with_its_receipt(seed: int) -> None:
    given = board(seed)
    facts: dict[str, list[dict[str, object]]] = {}
    for value in given.facts:
        event = json.loads(value)
        facts.setdefault(event["subject"], []).append(event["data"])

    for lead_id, expected in facts.items():
        found = asked(given, lead_id)

        assert [deed.seq for deed in found.deeds] == [data["seq"] for data in expected]
        assert [deed.stage for deed in found.deeds] == [data["stage"] for data in expected]
        for deed, data in zip(found.deeds, expected, strict=True):
            receipt = data.get("receipt")
            assert (deed.receipt is None) == (receipt is None)
            if deed.receipt is not None and isinstance(receipt, dict):
                assert deed.receipt.engagement_points == receipt["engagement_points"]
                assert len(deed.receipt.activities) == len(receipt["activities"])
                assert len(deed.receipt.near_misses) == len(receipt.get("near_misses", ()))
        assert all(deed.says and "None" not in deed.says for deed in found.deeds)


@pytest.mark.parametrize("seed", [3, 5])
def test_every_clock_is_a_bar_that_ended_as_the_tables_say(seed: int) -> None:
    given = board(seed)
    with given.connection() as connection:
        clocks = connection.execute(select(CLOCKS)).all()
        leads = connection.execute(select(LEADS.c.lead_id)).scalars().all()
    expected = {(one.lead_id, one.clock, one.run): one for one in clocks}

    found = {(lead, one.clock, one.run): one for lead in leads for one in asked(given, lead).clocks}

    assert set(found) == set(expected)
    for key, one in found.items():
        row = expected[key]
        assert one.outcome == row.outcome
        assert (one.started_at, len(one.breached_at)) == (row.started_at, row.breaches)
        ends = [part.to_at for part in one.segments]
        starts = [part.from_at for part in one.segments]
        assert starts[1:] == ends[:-1]
        assert starts[:1] in ([], [one.started_at])
        assert one.ended_at is None or one.ended_at >= max(ends, default=0)


def test_a_clock_that_waits_is_drawn_as_waiting_and_goes_on() -> None:
    tale = sal(Story("2026-03-02 09:00")).reached()
    tale.at("2026-03-03 10:00").paused(ClockName.QUALIFICATION, "2026-03-10 09:00")

    waits = told(tale.fork().at("2026-03-05 09:00").engaged("email_click"))
    on = told(tale.idle_until("2026-03-11 09:00").qualified())

    one = bar(waits, "qualification")
    assert one.paused
    assert stretches(one)[-1] == ("paused", at("2026-03-03 10:00"), at("2026-03-05 09:00"))
    assert [(next_.what, next_.at) for next_ in waits.next] == [("goes on", at("2026-03-10 09:00"))]
    assert stretches(bar(on, "qualification")) == [
        ("running", at("2026-03-02 09:00"), at("2026-03-03 10:00")),
        ("paused", at("2026-03-03 10:00"), at("2026-03-10 09:00")),
        ("running", at("2026-03-10 09:00"), at("2026-03-11 09:00")),
    ]


def test_a_clock_is_overdue_from_its_first_breach_on() -> None:
    tale = mql(Story("2026-03-02 09:00")).idle_until("2026-03-03 09:00").accepted()

    one = bar(told(tale), "acceptance")

    assert one.outcome == "broken"
    assert one.breached_at == (at("2026-03-02 17:00"),)
    assert stretches(one) == [
        ("running", at("2026-03-02 09:00"), at("2026-03-02 17:00")),
        ("overdue", at("2026-03-02 17:00"), at("2026-03-03 09:00")),
    ]


def test_an_answer_given_before_the_breach_ends_the_bar_when_it_was_given() -> None:
    tale = mql(Story("2026-03-02 09:00")).tick("2026-03-02 17:10")
    tale.at("2026-03-02 16:30", heard="2026-03-02 17:30").accepted()

    one = bar(told(tale), "acceptance")

    assert one.outcome == "disputed"
    assert one.segments == (Segment("running", at("2026-03-02 09:00"), at("2026-03-02 16:30")),)


def test_a_clock_whose_last_level_broke_has_ended() -> None:
    tale = mql(Story("2026-03-02 09:00")).idle_until("2026-03-04 09:00")

    found = told(tale)

    assert bar(found, "acceptance").ended_at is not None
    assert bar(found, "acceptance", 2).outcome == "running"


def test_what_comes_next_is_the_warning_and_the_breach() -> None:
    found = told(mql(Story("2026-03-02 09:00")))

    assert [(one.what, one.at, one.who) for one in found.next] == [
        ("warns", at("2026-03-02 13:00"), "queue-europe"),
        ("breaks", at("2026-03-02 17:00"), "queue-europe"),
    ]


def test_a_raised_hand_brings_the_deadline_nearer() -> None:
    tale = mql(Story("2026-03-02 09:00")).at("2026-03-02 10:00").engaged("demo_request")

    found = told(tale)

    assert [(one.what, one.at) for one in found.next][-1] == ("breaks", at("2026-03-02 11:00"))


def test_a_lead_that_waits_with_marketing_wakes_up_next() -> None:
    found = told(nurture(Story("2026-03-02 09:00")))

    assert [(one.what, one.at, one.who) for one in found.next] == [
        ("wakes up", at("2027-01-04 09:00"), None)
    ]


def test_each_deed_stands_on_the_side_of_who_did_it() -> None:
    tale = opportunity(warm(Story()).nominated().accepted().reached().qualified())

    sides = {(deed.side, deed.kind) for deed in told(tale).deeds}

    assert {
        ("marketing", "arrived"),
        ("marketing", "touched"),
        ("marketing", "stage_changed"),
        ("sales", "stage_changed"),
        ("sales", "contacted"),
        ("sales", "opportunity_opened"),
        ("baton", "handover"),
        ("baton", "clock_met"),
    } <= sides


def test_a_lead_that_nobody_knows_has_no_timeline() -> None:
    with board(3).connection() as connection:
        assert timeline(connection, "nobody", 0) is None


@pytest.mark.parametrize("lead_id", ["%", "_", "a%b", "'; --", "<b>", "漢字"])
def test_leads_are_found_by_the_exact_beginning_of_their_ids(lead_id: str) -> None:
    tales = [cold(Story(lead_id=name)) for name in (lead_id, f"{lead_id}-2", f"x{lead_id}", "A%B")]

    with slow.board_told(*tales).connection() as connection:
        found = find_leads(connection, lead_id)
        few = find_leads(connection, lead_id, limit=1)
        capitals = find_leads(connection, "a%B")

    assert [one.lead_id for one in found] == [lead_id, f"{lead_id}-2"]
    assert [one.lead_id for one in few] == [lead_id]
    assert capitals == ()


def test_the_latest_leads_stand_first() -> None:
    tales = [cold(Story(f"2026-03-0{day} 09:00", lead_id=f"lead-{day}")) for day in (2, 4, 3)]

    with slow.board_told(*tales).connection() as connection:
        found = recent_leads(connection, 2)

    assert [one.lead_id for one in found] == ["lead-4", "lead-3"]


def test_the_tables_tell_the_same_story() -> None:
    tale = sal(Story("2026-03-02 09:00")).reached()
    tale.at("2026-03-03 10:00").paused(ClockName.QUALIFICATION, "2026-03-10 09:00")
    found = told(tale.idle_until("2026-03-11 09:00"))

    next_, clocks, deeds = tables(found)

    assert len(next_.rows) == len(found.next)
    assert [row[-1] for row in clocks.rows if row[0] == "qualification"] == [
        (at("2026-03-10 09:00") - at("2026-03-03 10:00")) // 1000
    ]
    assert len(deeds.rows) == len(tale.facts)
    assert all(one.endswith(".") and ". " not in one for one in DEFINITIONS.values())
