"""An explanation for people: sentences and figures that say what the record says."""

import io
from dataclasses import replace

import pytest
from rich.console import Console

from handlers.explain import as_object, explained
from handlers.explain_text import duration, near_miss, points, render
from lifecycle.facts import NearMiss
from lifecycle.lead import (
    Arrival,
    Clock,
    Handover,
    Lead,
    Nurture,
    Opportunity,
    Person,
)
from lifecycle.stages import ClockName, HandoverKind, HandoverStatus, Stage
from schemas.policy import shipped

AT = 1_772_442_000_000  # Monday, 2026-03-02T09:00:00Z
HOUR_MS = 3_600_000
CLOCK = Clock(
    name=ClockName.QUALIFICATION,
    ref="lead-1:h1",
    run=1,
    level=2,
    levels=3,
    allowed_ms=8 * HOUR_MS,
    level_ms=8 * HOUR_MS,
    warn_ms=None,
    calendar=None,
    assignee="ana",
    started_at=AT,
    level_at=AT,
    left_ms=8 * HOUR_MS,
    due_at=AT + 8 * HOUR_MS,
    warn_at=None,
)
LEAD = Lead("lead-1", 1, Stage.SAL, AT, AT, b"", Arrival(AT, "sales"))


def shown(lead: Lead, at: int = AT) -> str:
    console = Console(file=io.StringIO(), width=200)
    with console.capture() as captured:
        console.print(render(explained(lead, 0, shipped(), at)))
    return captured.get()


@pytest.mark.parametrize(
    ("miss", "sentence"),
    [
        (NearMiss(Stage.WARM, engagement_mp=12_500), "12.5 points of engagement short of warm"),
        (
            NearMiss(Stage.MQL, engagement_mp=1_000, buying_signal=True),
            "1 point of engagement and a buying signal short of mql",
        ),
        (
            NearMiss(Stage.MQL, fit_mp=2_000, requalify_mp=20_000, junk=("student",)),
            (
                "2 points of fit, 20 points of engagement since it came back and the junk rule "
                "student out of the way short of mql"
            ),
        ),
        (NearMiss(Stage.MQL), "mql: nothing lacks; at its next signal or review"),
    ],
)
def test_a_near_miss_is_a_sentence(miss: NearMiss, sentence: str) -> None:
    assert near_miss(miss) == sentence


def test_lengths_and_points_read_without_idle_digits() -> None:
    assert [duration(ms) for ms in (59 * 60_000, 90 * 60_000, 49 * HOUR_MS)] == [
        "59 min",
        "1 h 30 min",
        "2 d 1 h",
    ]
    assert [points(mp) for mp in (0, 62_500, -1_000, 100_000)] == ["0", "62.5", "-1", "100"]


def test_what_is_left_of_a_clock_is_shown_running_paused_and_overdue() -> None:
    running = shown(replace(LEAD, clocks=(CLOCK,)), AT + HOUR_MS)
    paused = shown(replace(LEAD, clocks=(replace(CLOCK, paused_at=AT, left_ms=2 * HOUR_MS),)))
    overdue = shown(replace(LEAD, clocks=(replace(CLOCK, broke_at=AT),)), AT + 9 * HOUR_MS)

    assert "7 h 0 min of time left, due 2026-03-02 17:00Z" in running
    assert "paused until 2026-03-02 17:00Z, 2 h 0 min left" in paused
    assert "level 2 after a breach" in overdue
    assert "due since 2026-03-02 17:00Z" in overdue


def test_business_clocks_are_shown_in_business_time() -> None:
    calendar = f"team:{next(iter(shipped().teams))}"
    friday_to_tuesday = replace(CLOCK, calendar=calendar, due_at=AT + 4 * 24 * HOUR_MS)

    one = explained(replace(LEAD, clocks=(friday_to_tuesday,)), 0, shipped(), AT)

    assert 0 < one.clocks[0].left_ms < 4 * 24 * HOUR_MS
    assert "of business time left" in shown(replace(LEAD, clocks=(friday_to_tuesday,)))


def test_the_review_is_the_engines_own_and_not_shown() -> None:
    review = replace(CLOCK, name=ClockName.REVIEW)

    assert "none running" in shown(replace(LEAD, clocks=(review,)))


def test_what_sales_has_and_what_marketing_waits_for_is_shown() -> None:
    offer = Handover(
        1,
        HandoverKind.QUALIFIED,
        attempt=1,
        fast=False,
        at=AT,
        status=HandoverStatus.ACCEPTED,
        assignee="ana",
        team="emea",
        grade="A1",
    )
    deal = Opportunity("o-1", "5000", "EUR", "2026-05-01", None, AT)
    sold = shown(replace(LEAD, handover=offer, opportunities=(deal,), person=Person(owner="ana")))
    waiting = shown(
        replace(
            LEAD, stage=Stage.NURTURE, nurture=Nurture("no_budget", AT + HOUR_MS, early_wake=False)
        )
    )
    out = shown(replace(LEAD, stage=Stage.DISQUALIFIED, person=Person(disqualified_for="bot")))

    assert "handover h1: qualified, normal track, grade A1, accepted, ana (emea)" in sold
    assert "opportunity o-1: 5000 EUR, closes 2026-05-01" in sold
    assert "owner ana (no team)" in sold
    assert "waits until 2026-03-02 10:00Z (no_budget)" in waiting
    assert "disqualified as bot" in out


def test_the_same_as_an_object_has_the_names_and_units_of_messages() -> None:
    one = as_object(explained(replace(LEAD, clocks=(CLOCK,)), 3, shipped(), AT + HOUR_MS))

    assert one["at"] == "2026-03-02T10:00:00.000Z"
    assert one["partition"] == 3
    clocks = one["clocks"]
    assert isinstance(clocks, list)
    clock = clocks[0]
    assert isinstance(clock, dict)
    assert clock["left_seconds"] == 7 * 3600
    assert clock["due_at"] == "2026-03-02T17:00:00.000Z"
    assert clock["allowed_seconds"] == 8 * 3600
