"""Trust in SQL is what plain loops over the raw facts give."""

from collections import defaultdict

import pytest

from handlers.scoreboard.moments import week_of
from handlers.scoreboard.numbers.filters import Filters
from handlers.scoreboard.numbers.intervals import Rate, rate
from handlers.scoreboard.numbers.table import column
from handlers.scoreboard.numbers.trust import (
    BEFORE_WEEKS,
    DEFINITIONS,
    RECENT_WEEKS,
    Accepted,
    Opened,
    Precision,
    Trust,
    tables,
    trust,
)
from tests.lifecycle.builders import POLICY, Story, mql
from tests.lifecycle.builders import ms as at
from tests.scoreboard.numbers import slow
from tests.scoreboard.numbers.told import Offer, ms, stories
from tests.scoreboard.played import Board, board

pytestmark = pytest.mark.slow


def asked(given: Board, filters: Filters | None = None) -> Trust:
    with given.connection() as connection:
        return trust(connection, filters or Filters(), given.now_at)


def offered(given: Board) -> list[Offer]:
    found = slow.offers(stories(given.facts))
    return [offer for offer in found if offer.made["handover_kind"] != "claim"]


def fast(offer: Offer) -> bool:
    updates = [data["fast"] for kind, data in offer.facts if kind == "handover_updated"]
    return bool(offer.made["fast"] or any(updates))


def rejected(offer: Offer) -> bool:
    return (slow.ending(offer) or ("",))[0] == "reject"


def ignored(offer: Offer, now_at: int) -> bool:
    if slow.accepted(offer):
        return False
    end = slow.ending(offer)
    if end is not None:
        return end[0] == "return"
    due = offer.made.get("accept_due_at")
    for kind, data in offer.facts:
        if kind == "handover_updated":
            due = data.get("accept_due_at") or due
    return not slow.withdrawn(offer) and due is not None and ms(due) < now_at


def precision(given: Board, *, hot: bool) -> Precision:
    group = [offer for offer in offered(given) if fast(offer) is hot]
    young_ms = POLICY.scoreboard.young_days * slow.DAY_MS
    old = [offer for offer in group if offer.at + young_ms <= given.now_at]
    deals = [slow.first_at(o, "opportunity_opened", to_stage="opportunity") for o in old]
    return Precision(
        hot=hot,
        handovers=len(old),
        young=len(group) - len(old),
        accepted=rate(sum(map(slow.accepted, old)), len(old)),
        contacted=rate(sum(slow.first_at(o, "contacted") is not None for o in old), len(old)),
        opportunities=rate(sum(deal is not None for deal in deals), len(old)),
        ignored=rate(sum(ignored(o, given.now_at) for o in old), len(old)),
        open=sum(
            deal is None and slow.ending(o) is None and not slow.withdrawn(o)
            for o, deal in zip(old, deals, strict=True)
        ),
    )


@pytest.mark.parametrize("hot", [True, False])
@pytest.mark.parametrize("seed", [3, 5, pytest.param(8, marks=pytest.mark.slow)])
def test_what_was_called_hot_became_what_plain_loops_find(seed: int, *, hot: bool) -> None:
    given = board(seed)

    result = asked(given)

    assert (result.hot if hot else result.others) == precision(given, hot=hot)


@pytest.mark.parametrize("seed", [3, 5, pytest.param(8, marks=pytest.mark.slow)])
def test_acceptance_by_source_and_week_is_that_of_answered_and_ignored_ones(seed: int) -> None:
    given = board(seed)
    groups: dict[tuple[str | None, str], list[Offer]] = defaultdict(list)
    for offer in offered(given):
        if slow.accepted(offer) or rejected(offer) or ignored(offer, given.now_at):
            groups[offer.made.get("touch_source"), week_of(offer.at)].append(offer)

    result = asked(given)

    assert sorted(result.weeks, key=repr) == sorted(
        (
            Accepted(
                *key,
                rate(sum(map(slow.accepted, group)), len(group)),
                rate(sum(slow.accepted(o) or rejected(o) for o in group), len(group)),
            )
            for key, group in groups.items()
        ),
        key=repr,
    )


@pytest.mark.parametrize("seed", [3, 5])
def test_the_last_weeks_are_held_against_those_before(seed: int) -> None:
    given = board(seed)
    since = given.now_at - RECENT_WEEKS * slow.WEEK_MS
    start = since - BEFORE_WEEKS * slow.WEEK_MS
    counts: dict[tuple[str, str | None], list[int]] = defaultdict(lambda: [0] * 4)
    for offer in offered(given):
        answered = slow.accepted(offer) or rejected(offer)
        settled = answered or ignored(offer, given.now_at)
        if settled and start <= offer.at < given.now_at:
            assignees = [
                data["assignee"] for kind, data in offer.facts if kind == "handover_updated"
            ]
            place = 0 if offer.at >= since else 2
            for key in (
                ("everything", None),
                ("source", offer.made.get("touch_source")),
                ("assignee", [offer.made["assignee"], *assignees][-1]),
            ):
                counts[key][place] += answered
                counts[key][place + 1] += 1

    result = asked(given)

    found = {(one.by, one.name): one for one in result.opened}
    assert {
        key: [one.recent.count, one.recent.of, one.before.count, one.before.of]
        for key, one in found.items()
    } == counts


def offers_of(weeks_ago: range, *, answered: bool) -> list[Story]:
    """Three offers in each of these weeks, all answered within the hour or none at all."""
    end, tales = at("2026-06-01 09:00"), []
    for week in weeks_ago:
        for number in range(3):
            name = f"{week}-{number}-{answered}"
            tale = mql(Story(end - week * slow.WEEK_MS, lead_id=name))
            if answered:
                tale.after(minutes=30).accepted()
            else:
                tale.idle_until(tale.now + slow.DAY_MS)
            tales.append(tale)
    return tales


def test_a_warning_stands_where_reps_stopped_opening_them() -> None:
    tales = offers_of(range(5, 12), answered=True) + offers_of(range(1, 4), answered=False)

    result = asked(slow.board_told(*tales, now_at=at("2026-06-01 09:00")))

    assert ("everything", None) in {(one.by, one.name) for one in result.warnings}
    (first, *_) = tables(result)[1].rows
    assert first[-1] == "warning"


def test_a_few_ignored_offers_warn_nobody() -> None:
    tales = offers_of(range(5, 12), answered=True) + offers_of(range(2, 3), answered=True)
    tales += offers_of(range(3, 4), answered=False)[:1]

    result = asked(slow.board_told(*tales, now_at=at("2026-06-01 09:00")))

    assert result.warnings == ()


def test_an_offer_whose_deadline_is_ahead_is_neither_answered_nor_ignored() -> None:
    tale = mql(Story("2026-03-02 09:00")).after(hours=2)

    result = asked(slow.board_told(tale))

    assert result.weeks == ()
    assert result.opened == ()
    assert result.others.young == 1


def test_a_hand_raised_while_the_offer_lies_there_makes_it_hot() -> None:
    tale = mql(Story("2026-03-02 09:00")).engaged("demo_request").accepted().reached()
    now_at = tale.now + 40 * slow.DAY_MS

    result = asked(slow.board_told(tale, now_at=now_at))

    assert (result.hot.handovers, result.others.handovers) == (1, 0)
    assert result.hot.contacted.count == 1


def test_a_filter_by_source_leaves_that_source() -> None:
    given = board(3)
    source = max(
        asked(given).weeks, key=lambda one: (one.source is not None, one.accepted.of)
    ).source

    result = asked(given, Filters(source=source))

    assert {one.source for one in result.weeks} == {source}


def test_a_sources_weeks_stand_in_one_row_with_gaps() -> None:
    result = asked(board(3))

    found = {table.name: table for table in tables(result)}

    lines = column(found["acceptance"], "weeks")
    assert len({len(line) for line in lines if isinstance(line, tuple)}) == 1
    shares = [cell for cell in column(found["acceptance"], "accepted") if isinstance(cell, Rate)]
    assert sum(one.of for one in shares) == sum(one.accepted.of for one in result.weeks)
    assert all(one.endswith(".") and ". " not in one for one in DEFINITIONS.values())


def test_an_empty_board_has_nothing_to_trust() -> None:
    result = asked(slow.board_told(Story().engaged("page_view")))

    assert result.hot == Precision(
        hot=True,
        handovers=0,
        young=0,
        accepted=rate(0, 0),
        contacted=rate(0, 0),
        opportunities=rate(0, 0),
        ignored=rate(0, 0),
        open=0,
    )
    assert [len(table.rows) for table in tables(result)] == [2, 0, 0, 0]
    assert not any(isinstance(one, Opened) for one in result.warnings)
