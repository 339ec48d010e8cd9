"""Recycling in SQL is what plain loops over the raw facts give."""

from collections import defaultdict
from dataclasses import dataclass

import pytest

from handlers.scoreboard.moments import week_of
from handlers.scoreboard.numbers.filters import Filters
from handlers.scoreboard.numbers.intervals import rate
from handlers.scoreboard.numbers.recycling import (
    DEFINITIONS,
    Recycled,
    Recycling,
    recycling,
    tables,
)
from tests.lifecycle.builders import Story, lost, mql, nurture, sal
from tests.scoreboard.numbers import slow
from tests.scoreboard.numbers.told import Event, stories
from tests.scoreboard.played import Board, board

pytestmark = pytest.mark.slow


@dataclass
class Round:
    """One return to marketing, from the facts after it alone."""

    told: Event
    reason: str
    reason_class: str
    woke: bool = False
    back_at: int | None = None
    won: bool = False
    cancelled: bool = False


def rounds(given: Board) -> list[Round]:
    found = []
    for story in stories(given.facts).values():
        last: Round | None = None
        for kind, data in story.facts:
            if kind == "recycle" or (kind == "lost" and data["lead_lost"]):
                last = Round(data, data["reason"], data["reason_class"])
                found.append(last)
            elif last is None:
                continue
            elif kind == "stage_changed":
                waited = data["from_stage"] in {"nurture", "lost"}
                last.woke = last.woke or (waited and data["to_stage"] != data["from_stage"])
            elif kind == "handover" and last.back_at is None:
                last.back_at = slow.at(data)
            elif kind == "won":
                last.won = True
            elif kind == "recycle_cancelled":
                last.cancelled = True
    return [one for one in found if not one.cancelled]


def campaign_of(one: Round) -> str | None:
    return one.told.get("touch_campaign") or one.told.get("arrival_campaign")


def recycled(reason: str | None, reason_class: str | None, group: list[Round]) -> Recycled:
    woke = [one for one in group if one.woke]
    return Recycled(
        reason=reason,
        reason_class=reason_class,
        recycles=len(group),
        waiting=len(group) - len(woke),
        slow=sum(bool(one.told.get("slow_track")) for one in group),
        came_back=rate(sum(one.back_at is not None for one in group), len(group)),
        won=rate(sum(one.won for one in group), len(group)),
        after=slow.spread(
            (one.back_at - slow.at(one.told)) // 1000 for one in group if one.back_at is not None
        ),
    )


def asked(given: Board, filters: Filters | None = None) -> Recycling:
    with given.connection() as connection:
        return recycling(connection, filters or Filters(), given.now_at)


@pytest.mark.parametrize("seed", [3, 5, pytest.param(8, marks=pytest.mark.slow)])
def test_each_reason_became_what_plain_loops_find(seed: int) -> None:
    given = board(seed)
    groups: dict[tuple[str, str], list[Round]] = defaultdict(list)
    for one in rounds(given):
        groups[one.reason, one.reason_class].append(one)

    result = asked(given)

    expected = [recycled(*key, group) for key, group in groups.items()]
    assert sorted(result.reasons, key=repr) == sorted(expected, key=repr)
    assert result.total == recycled(None, None, rounds(given))
    assert result.total.came_back.count > 0


def test_a_filter_leaves_the_weeks_and_the_campaign_that_it_names() -> None:
    given = board(3)
    weeks = sorted({week_of(slow.at(one.told)) for one in rounds(given)})
    since, until = weeks[1], weeks[-2]
    within = [one for one in rounds(given) if since <= week_of(slow.at(one.told)) <= until]
    campaign = next(name for one in within if (name := campaign_of(one)) is not None)

    result = asked(given, Filters(since_week=since, until_week=until, campaign=campaign))

    expected = [one for one in within if campaign_of(one) == campaign]
    assert result.total == recycled(None, None, expected)


def test_those_that_wait_still_count_so_that_the_early_ones_do_not_speak_for_all() -> None:
    early = nurture(Story(lead_id="early")).after(days=3).engaged("demo_request")
    waiting = [nurture(Story(lead_id=f"waits-{number}")) for number in range(3)]

    result = asked(slow.board_told(early, *waiting))

    assert result.total.waiting == 3
    assert result.total.came_back == rate(1, 4)
    assert result.total.won == rate(0, 4)


def test_a_lead_that_raises_its_hand_in_nurture_came_back() -> None:
    tale = nurture(Story("2026-03-02 09:00")).at("2026-03-12 09:00").engaged("demo_request")
    tale.accepted().reached().qualified().opened("d1").won("d1")

    (row,) = asked(slow.board_told(tale)).reasons

    assert (row.reason, row.waiting) == ("in_contract", 0)
    assert (row.came_back.count, row.won.count) == (1, 1)
    assert row.after.median == 10 * 86_400


def test_a_lost_deal_that_is_won_after_all_came_back_by_itself() -> None:
    tale = lost(Story("2026-03-02 09:00")).at("2026-03-20 09:00").won("d1")

    (row,) = asked(slow.board_told(tale)).reasons

    assert row.reason == "lost_to_competitor"
    assert (row.waiting, row.won.count) == (0, 1)


def test_a_late_yes_takes_a_recycle_back() -> None:
    tale = mql(Story("2026-03-02 09:00")).idle_until("2026-03-09 09:00")
    assert tale.lead.stage.value == "nurture"
    tale.accepted(handover=tale.offer)

    result = asked(slow.board_told(tale))

    assert result.total.recycles == 0
    assert tables(result)[0].rows == ()


def test_only_the_last_recycle_before_a_win_is_credited() -> None:
    tale = sal(Story("2026-03-02 09:00")).recycled("no_budget")
    tale.at("2026-03-09 09:00").engaged("demo_request").accepted().reached().recycled("evaluating")
    tale.at("2026-03-16 09:00").engaged("demo_request").accepted().opened("d1").won("d1")

    found = {one.reason: one for one in asked(slow.board_told(tale)).reasons}

    assert found["no_budget"].won.count == 0
    assert found["no_budget"].came_back.count == 1
    assert found["evaluating"].won.count == 1


@pytest.mark.parametrize("name", ["source", "content", "team", "grade", "rep"])
def test_any_filter_is_understood(name: str) -> None:
    assert asked(board(3), Filters(**{name: "nowhere"})).total.recycles == 0


def test_the_table_ends_with_all_reasons() -> None:
    result = asked(board(3))

    (table,) = tables(result)

    assert table.rows[-1][0] == "all reasons"
    assert len(table.rows) == len(result.reasons) + 1
    assert all(one.endswith(".") and ". " not in one for one in DEFINITIONS.values())
