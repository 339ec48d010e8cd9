"""Leaks in SQL are what plain loops over the raw facts give."""

import json
from collections import Counter, defaultdict
from datetime import UTC, datetime
from decimal import Decimal

import pytest

from handlers.scoreboard.numbers.filters import Filters
from handlers.scoreboard.numbers.leaks import (
    AGES,
    DEFINITIONS,
    OLDEST_MAX,
    STAGES,
    Languishing,
    Leaks,
    Stuck,
    Uncontacted,
    leaks,
)
from handlers.scoreboard.numbers.leaks_tables import tables
from lifecycle.stages import ClockName
from tests.lifecycle.builders import POLICY, Story, nurture, opportunity, sal, warm
from tests.lifecycle.builders import ms as at
from tests.scoreboard.numbers import slow
from tests.scoreboard.numbers.told import Event, Offer, ms, stories
from tests.scoreboard.numbers.told import Story as Told
from tests.scoreboard.played import Board, board

pytestmark = pytest.mark.slow

UNCHANGED_MS = POLICY.clocks[ClockName.DEAL].allowance_ms


def asked(given: Board, filters: Filters | None = None) -> Leaks:
    with given.connection() as connection:
        return leaks(connection, filters or Filters(), given.now_at)


def since(story: Told) -> int:
    """When a lead came to the stage where it is: the decision's time."""
    # The decision's time is not in the data of ``told``: a move's happened_at is never later.
    stage, found = None, 0
    for _, data in story.facts:
        if data["stage"] != stage:
            stage, found = data["stage"], data["decided_at"]
    return found


@pytest.fixture
def given(request: pytest.FixtureRequest) -> Board:
    return board(request.param)


def decided(given: Board) -> dict[str, Told]:
    """The stories, with the decision's time in every fact's data."""
    times = {
        (event["subject"], event["data"]["seq"]): ms(event["time"])
        for event in map(json.loads, given.facts)
    }
    found = stories(given.facts)
    for story in found.values():
        for _, data in story.facts:
            data["decided_at"] = times[story.id, data["seq"]]
    return found


@pytest.mark.parametrize("given", [3, 5, pytest.param(8, marks=pytest.mark.slow)], indirect=True)
def test_leads_languish_by_stage_and_age_as_plain_loops_find(given: Board) -> None:
    edges = [days * slow.DAY_MS for days in AGES]
    found: dict[str, list[Told]] = defaultdict(list)
    for story in decided(given).values():
        if (stage := story.facts[-1][1]["stage"]) in STAGES:
            found[stage].append(story)
    expected = []
    for stage in STAGES:
        if not (group := found[stage]):
            continue
        ages = Counter(sum(given.now_at - since(story) > edge for edge in edges) for story in group)
        touched = [[slow.at(one) for one in story.of_kind("touched")] for story in group]
        cold = sum(not at or max(at) < given.now_at - 30 * slow.DAY_MS for at in touched)
        counts = tuple(ages[place] for place in range(len(AGES) + 1))
        expected.append(Languishing(stage, counts, len(group), cold))

    result = asked(given)

    assert result.languishing == tuple(expected)
    oldest = sorted(
        (since(story), story.id)
        for stage in ("warm", "mql", "sal", "sql", "opportunity")
        for story in found[stage]
    )
    assert [(one.since_at, one.lead_id) for one in result.oldest] == oldest[:OLDEST_MAX]


def rep_of(offer: Offer) -> str | None:
    """Who worked an offer, as last told."""
    rep = offer.made["assignee"]
    for kind, data in offer.facts:
        claimed = data.get("trigger") == "claim" and data.get("from_stage") != "mql"
        if kind == "handover_updated":
            rep = data["assignee"]
        elif kind == "stage_changed" and data["to_stage"] == "sal" and not claimed:
            rep = data.get("owner") or data.get("by") or rep
        elif kind == "owner_changed":
            rep = data["to_rep"]
    return str(rep)


@pytest.mark.parametrize("given", [3, 5, pytest.param(8, marks=pytest.mark.slow)], indirect=True)
def test_accepted_and_never_contacted_are_those_without_an_attempt(given: Board) -> None:
    counts: dict[str | None, list[int]] = defaultdict(lambda: [0, 0, 0])
    for offer in slow.offers(stories(given.facts)):
        further = slow.first_at(offer, "opportunity_opened", "won", "qualified", to_stage="sql")
        contacted = slow.first_at(offer, "contacted")
        if not slow.accepted(offer) or further is not None or contacted is not None:
            continue
        ended = slow.ending(offer) is not None or slow.withdrawn(offer)
        due = offer.made.get("contact_due_at")
        for kind, data in offer.facts:
            if kind == "handover_updated":
                due = data.get("contact_due_at") or due
        rep = counts[rep_of(offer)]
        rep[0] += not ended
        rep[1] += not ended and due is not None and ms(due) < given.now_at
        rep[2] += ended

    result = asked(given)

    assert sorted(result.uncontacted, key=repr) == sorted(
        (Uncontacted(rep, *told) for rep, told in counts.items()), key=repr
    )


def deals(given: Board) -> dict[tuple[str, str], Event]:
    """The deals that are open: state, amount and dates, as last told."""
    found: dict[tuple[str, str], Event] = {}
    for story in stories(given.facts).values():
        for kind, data in story.facts:
            if kind not in {"opportunity_opened", "opportunity_changed", "won", "lost"}:
                continue
            deal = found.setdefault((story.id, data["opportunity"]), {})
            for name in ("amount", "currency", "close_date"):
                deal[name] = data.get(name) or deal.get(name)
            deal["changed_at"] = slow.at(data)
            if kind != "opportunity_changed":
                deal["open"] = kind == "opportunity_opened"
    return {key: deal for key, deal in found.items() if deal["open"]}


def stuck_slowly(given: Board) -> list[Stuck]:
    today = datetime.fromtimestamp(given.now_at / 1000, UTC).date().isoformat()
    groups: dict[str | None, list[Event]] = defaultdict(list)
    for deal in deals(given).values():
        groups[deal["currency"]].append(deal)

    def value(group: list[Event]) -> Decimal:
        return sum((Decimal(deal["amount"] or 0) for deal in group), Decimal(0))

    expected = []
    for currency, group in groups.items():
        unchanged = [d for d in group if given.now_at - d["changed_at"] >= UNCHANGED_MS]
        overdue = [d for d in group if d["close_date"] and d["close_date"] < today]
        expected.append(
            Stuck(
                currency=currency,
                deals=len(group),
                value=value(group),
                unchanged=len(unchanged),
                unchanged_value=value(unchanged),
                overdue=len(overdue),
                overdue_value=value(overdue),
                unpriced=sum(deal["amount"] is None for deal in group),
            )
        )
    return expected


@pytest.mark.parametrize("given", [3, 5, pytest.param(8, marks=pytest.mark.slow)], indirect=True)
def test_value_is_stuck_where_nothing_changed_or_the_close_date_is_past(given: Board) -> None:
    # Looked at two months later, so that there is something.
    later = Board(given.engine, given.facts, given.now_at + 61 * slow.DAY_MS)

    result = asked(later)

    assert sorted(result.stuck, key=repr) == sorted(stuck_slowly(later), key=repr)
    assert sum(one.unchanged for one in result.stuck) > 0


def test_money_is_added_exactly() -> None:
    tales = [
        opportunity(Story("2026-03-02 09:00", lead_id=f"lead-{number}")).opened(
            f"more-{number}", amount, close_date="2026-03-31"
        )
        for number, amount in enumerate(("0.1", "0.2", "99999999999999.999999"))
    ]

    (euro,) = asked(slow.board_told(*tales, now_at=at("2026-06-30 09:00"))).stuck

    # Each has the deal of 10,000 that brought it here, too.
    assert euro.value == Decimal(30000) + Decimal("100000000000000.299999")
    assert euro.overdue_value == Decimal("100000000000000.299999")
    assert euro.unchanged == 6


def test_a_deal_that_closes_today_is_not_late_yet() -> None:
    tale = opportunity(Story("2026-03-02 09:00"))

    (euro,) = asked(slow.board_told(tale, now_at=at("2026-06-30 22:00Z"))).stuck

    assert euro.overdue == 0


def test_a_lead_whose_wake_up_has_passed_sleeps_on() -> None:
    tale = nurture(Story("2026-03-02 09:00"))

    before = asked(slow.board_told(tale, now_at=at("2027-01-04 10:00")))
    after = asked(slow.board_told(tale, now_at=at("2027-01-05 09:01")))

    assert before.asleep == ()
    assert [(one.reason, one.undated, one.passed) for one in after.asleep] == [
        ("in_contract", 0, 1)
    ]


def test_a_lead_that_woke_does_not_sleep() -> None:
    tale = nurture(Story("2026-03-02 09:00")).tick("2027-01-04 09:10")

    assert asked(slow.board_told(tale, now_at=at("2027-03-04 10:00"))).asleep == ()


def test_a_lead_stays_in_a_group_of_age_to_its_last_moment() -> None:
    tale = warm(Story("2026-03-02 09:00"))
    week = tale.now + 7 * slow.DAY_MS

    (young,) = asked(slow.board_told(tale, now_at=week)).languishing
    (older,) = asked(slow.board_told(tale, now_at=week + 1)).languishing

    assert young.ages == (1, 0, 0, 0)
    assert older.ages == (0, 1, 0, 0)


def test_a_rep_who_never_called_shows() -> None:
    lazy = sal(Story("2026-03-02 09:00", lead_id="lazy"))
    gave_up = sal(Story("2026-03-02 09:00", lead_id="gave-up")).recycled()
    called = sal(Story("2026-03-02 09:00", lead_id="called")).reached()

    result = asked(slow.board_told(lazy, gave_up, called, now_at=at("2026-03-09 09:00")))

    assert result.uncontacted == (Uncontacted("ann", 1, 1, 1),)


@pytest.mark.parametrize("given", [3], indirect=True)
def test_filters_leave_what_they_name(given: Board) -> None:
    campaign = asked(given).oldest[0].campaign

    result = asked(given, Filters(campaign=campaign))

    assert {one.campaign for one in result.oldest} == {campaign}
    for name, value in (("source", "web"), ("team", "berlin"), ("grade", "A1"), ("rep", "ann")):
        assert tables(asked(given, Filters(**{name: value})))


def test_the_tables_say_what_they_show_and_when_there_is_nothing() -> None:
    full = tables(asked(board(3)))
    empty = tables(asked(slow.board_told(Story().engaged("page_view").engaged("email_click"))))

    assert [table.name for table in full] == [
        "languishing",
        "oldest",
        "uncontacted",
        "asleep",
        "stuck",
    ]
    assert [len(table.rows) for table in empty] == [1, 0, 0, 0, 0]
    assert all(one.endswith(".") and ". " not in one for one in DEFINITIONS.values())
