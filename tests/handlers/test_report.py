"""The report: its figures against a slow and obvious recount, and clock by clock."""

import json
from collections import defaultdict
from collections.abc import Sequence
from typing import Any

import pytest
from rich.console import Console

from handlers.report import CLOCKS, NO_CAMPAIGN, STEPS, Attainment, Report, Tally
from handlers.report_text import LINES_MAX, render, render_timeline
from handlers.scoreboard.numbers.filters import Filters
from handlers.scoreboard.numbers.funnel import funnel
from handlers.simulate.rhythm import END_AT
from tests.handlers.simulate.fold import Performance
from tests.scoreboard.played import board_of

Event = dict[str, Any]


@pytest.fixture(scope="module")
def events(played: Performance) -> list[Event]:
    return [json.loads(value) for value in played.values]


@pytest.fixture(scope="module")
def report(played: Performance) -> Report:
    return counted(played.values, played.fold.refusals)


def counted(values: Sequence[bytes], refusals: dict[str, int] | None = None) -> Report:
    tally = Tally()
    for value in values:
        tally.add(value)
    return tally.report(refusals)


def clock_fact(kind: str, clock: str = "acceptance", run: int = 1, **data: object) -> bytes:
    said = {"stage": "mql", "clock": clock, "run": run, "level": 1} | data
    return json.dumps({"type": f"lead.{kind}.v1", "subject": "lead-1", "data": said}).encode()


def attainment(*values: bytes) -> Attainment:
    return next(one for one in counted(values).clocks if one.clock == "acceptance")


def printed(report: Report, width: int = 100) -> str:
    console = Console(width=width, no_color=True)
    with console.capture() as captured:
        console.print(render(report))
    return captured.get()


def reached(events: list[Event], step: str) -> set[str]:
    """The leads that came at least as far, those that passed the step by among them."""
    return {lead for later in STEPS[STEPS.index(step) :] for lead in stood(events, later)}


def stood(events: list[Event], step: str) -> set[str]:
    stages = {"mql": "mql", "accepted": "sal", "sql": "sql", "opportunity": "opportunity"}
    if step in stages:
        return {
            event["subject"]
            for event in events
            if event["type"] == "lead.stage_changed.v1"
            and event["data"]["to_stage"] == stages[step]
        }
    kinds = {"leads": "arrived", "contacted": "contacted", "won": "won"}
    return {e["subject"] for e in events if e["type"] == f"lead.{kinds[step]}.v1"}


def test_the_funnel_counts_each_lead_once_a_step(report: Report, events: list[Event]) -> None:
    assert report.funnel == {step: len(reached(events, step)) for step in report.funnel}
    assert report.funnel["leads"] == len({event["subject"] for event in events})
    assert report.funnel["won"] > 0
    claimed = stood(events, "accepted") - stood(events, "mql")
    assert claimed
    assert report.funnel["mql"] >= len(stood(events, "mql") | claimed)


def test_the_funnel_is_that_of_the_scoreboard(played: Performance, report: Report) -> None:
    with board_of(played.values).connection() as connection:
        shown = funnel(connection, Filters(), END_AT).total

    assert report.funnel == shown.reached


def test_campaigns_split_the_funnel_by_where_leads_arrived(
    report: Report, events: list[Event]
) -> None:
    campaign = {
        event["subject"]: event["data"].get("arrival_campaign", NO_CAMPAIGN) for event in events
    }

    for step in report.funnel:
        by_hand: dict[str, int] = defaultdict(int)
        for lead in reached(events, step):
            by_hand[campaign[lead]] += 1
        assert {name: f[step] for name, f in report.campaigns.items() if f[step]} == by_hand


def test_handovers_are_counted_by_kind_and_track(report: Report, events: list[Event]) -> None:
    offers = [e["data"] for e in events if e["type"] == "lead.handover.v1"]

    assert sum(report.handovers.values()) == len(offers)
    for (kind, fast), count in report.handovers.items():
        assert count == sum(o["handover_kind"] == kind and o["fast"] is fast for o in offers)


def test_recycles_are_counted_by_reason_with_its_class(report: Report, events: list[Event]) -> None:
    recycles = [e["data"] for e in events if e["type"] == "lead.recycle.v1"]

    assert sum(report.recycles.values()) == len(recycles) > 0
    for (reason, kind), count in report.recycles.items():
        assert count == sum(r["reason"] == reason and r["reason_class"] == kind for r in recycles)


@pytest.mark.parametrize("clock", CLOCKS)
def test_attainment_is_what_a_walk_over_each_clock_finds(
    report: Report, events: list[Event], clock: str
) -> None:
    runs: dict[tuple[str, int], list[Event]] = defaultdict(list)
    for event in events:
        name = event["type"].split(".")[1]
        if name in {"clock_met", "clock_breached"} and event["data"]["clock"] == clock:
            key = (event["subject"], event["data"]["run"])
            runs[key].append(event["data"] | {"name": name})

    met = breached = late = disputed = 0
    for told in runs.values():
        breaches = [one for one in told if one["name"] == "clock_breached"]
        if any(one.get("disputed") for one in told):
            disputed += 1
        elif breaches and breaches[0].get("noticed_late"):
            late += 1
        elif breaches:
            breached += 1
        else:
            met += 1
    found = next(one for one in report.clocks if one.clock == clock)

    assert found == Attainment(clock, met, breached, late, disputed)


def test_where_leads_are_is_their_last_facts_stage(report: Report, events: list[Event]) -> None:
    last = {event["subject"]: event["data"]["stage"] for event in events}

    for stage, count in report.stages.items():
        assert count == sum(now == stage for now in last.values())
    assert sum(report.stages.values()) == len(last)


def test_facts_and_refusals_are_all_there(played: Performance, report: Report) -> None:
    assert report.facts == len(played.values)
    assert report.refusals == dict(played.fold.refusals)
    assert list(report.refusals.values()) == sorted(report.refusals.values(), reverse=True)


def test_the_story_is_of_a_customer_with_most_kinds_of_facts(
    report: Report, events: list[Event]
) -> None:
    kinds: dict[str, set[str]] = defaultdict(set)
    stage = {}
    for event in events:
        kinds[event["subject"]].add(event["type"])
        stage[event["subject"]] = event["data"]["stage"]
    most = max(len(kinds[lead]) for lead in stage if stage[lead] == "customer")

    assert report.story is not None
    assert stage[report.story] == "customer"
    assert len(kinds[report.story]) == most


def test_a_clock_met_before_its_deadline_is_kept() -> None:
    assert attainment(clock_fact("clock_met")).share == 1.0


def test_a_clock_that_broke_twice_and_was_answered_counts_once_as_broken() -> None:
    found = attainment(
        clock_fact("clock_met"),
        clock_fact("clock_breached", run=2),
        clock_fact("clock_breached", run=2, level=2),
        clock_fact("clock_met", run=2, level=3, breached=True),
    )

    assert (found.met, found.breached, found.share) == (1, 1, 0.5)


def test_a_breach_that_was_noticed_late_stands_apart() -> None:
    found = attainment(
        clock_fact("clock_met"),
        clock_fact("clock_breached", run=2, noticed_late=True),
        clock_fact("clock_met", run=2, breached=True),
    )

    assert (found.met, found.breached, found.noticed_late, found.share) == (1, 0, 1, 1.0)


def test_an_answer_that_was_only_delivered_late_is_disputed() -> None:
    found = attainment(
        clock_fact("clock_breached"), clock_fact("clock_met", breached=True, disputed=True)
    )

    assert (found.breached, found.disputed, found.share) == (0, 1, None)


def test_what_was_cancelled_says_nothing() -> None:
    assert attainment(clock_fact("clock_cancelled")).share is None


def test_waiting_in_nurture_is_no_promise() -> None:
    found = counted([clock_fact("clock_met", clock="nurture")])

    assert {one.clock for one in found.clocks} == set(CLOCKS)
    assert all(one.share is None for one in found.clocks)


def test_an_empty_log_makes_an_empty_report() -> None:
    found = counted([])

    assert found.story is None
    assert found.funnel["leads"] == 0
    assert "none" in printed(found)


def test_without_a_customer_the_story_is_somebody_elses() -> None:
    assert counted([clock_fact("clock_met")]).story == "lead-1"


def test_the_figures_are_readable_as_plain_text(report: Report) -> None:
    text = printed(report)

    assert "\x1b" not in text
    for word in ("Funnel", "Handovers", "Back to marketing", "Promises", "Refused input"):
        assert word in text
    assert f"{report.funnel['leads']:,}" in text


def test_a_timeline_tells_every_fact_and_ends_with_a_receipt(
    played: Performance, report: Report
) -> None:
    values = [v for v in played.values if json.loads(v)["subject"] == report.story]
    console = Console(width=200, no_color=True)

    with console.capture() as captured:
        console.print(render_timeline(values))
    lines = captured.get().splitlines()

    assert sum(line.startswith("  2026-") for line in lines) == min(len(values), LINES_MAX)
    assert any(line.startswith("Its receipt at") for line in lines)
    assert any("won" in line for line in lines)


def test_a_long_timeline_says_how_much_it_leaves_out(played: Performance, report: Report) -> None:
    values = [v for v in played.values if json.loads(v)["subject"] == report.story] * 9
    console = Console(width=200, no_color=True)

    with console.capture() as captured:
        console.print(render_timeline(values))

    assert f"{len(values) - LINES_MAX} more facts" in captured.get()


def test_every_kind_of_fact_has_a_line(played: Performance) -> None:
    one_of_each = {json.loads(value)["type"]: value for value in played.values}
    console = Console(width=300, no_color=True)

    for kind, value in one_of_each.items():
        with console.capture() as captured:
            console.print(render_timeline([value]))
        assert kind.split(".")[1] in captured.get()


def test_nobodys_timeline_is_empty() -> None:
    console = Console(no_color=True)

    with console.capture() as captured:
        console.print(render_timeline([]))

    assert "no facts" in captured.get()
