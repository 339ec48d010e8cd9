"""Credit in SQL is what plain loops over the handovers' touches give."""

from collections import defaultdict
from dataclasses import dataclass, field
from decimal import Decimal
from fractions import Fraction

import pytest

from handlers.scoreboard.moments import week_of
from handlers.scoreboard.numbers.attribution import Attribution, Credit, attribution, tables
from handlers.scoreboard.numbers.filters import NOBODY, Filters
from handlers.scoreboard.numbers.table import column
from tests.scoreboard.numbers.told import Offer, stories
from tests.scoreboard.played import Board, board

pytestmark = pytest.mark.slow


@dataclass
class Share:
    first: int = 0
    last: int = 0
    linear: Fraction = field(default_factory=Fraction)
    won: Fraction = field(default_factory=Fraction)


def deals(given: Board) -> list[tuple[Offer, bool]]:
    """Every deal's handover (the lead's present one when it was opened), and whether it is won."""
    found = []
    for story in stories(given.facts).values():
        opened: dict[str, Offer] = {}
        won: dict[str, bool] = {}
        for kind, data in story.facts:
            if kind == "opportunity_opened":
                opened.setdefault(data["opportunity"], story.offers[data["handover_id"]])
                won[data["opportunity"]] = False
            elif kind in {"won", "lost"}:
                won[data["opportunity"]] = kind == "won"
        found += [(offer, won[deal]) for deal, offer in opened.items()]
    return found


def touches(offer: Offer, by: str) -> list[str]:
    """What the carried touches name, each touch once, oldest first."""
    carried: list[dict[str, str]] = []
    for touch in [*offer.made["first_touches"], *offer.made["last_touches"]]:
        if touch not in carried:
            carried.append(touch)
    return [touch[by] for touch in sorted(carried, key=lambda one: one["at"]) if touch.get(by)]


def shares(of: list[tuple[Offer, bool]], by: str) -> dict[str, Share]:
    found: dict[str, Share] = defaultdict(Share)
    for offer, won in of:
        named = touches(offer, by) or [NOBODY]
        found[named[0]].first += 1
        found[named[-1]].last += 1
        for name in named:
            found[name].linear += Fraction(1, len(named))
            found[name].won += Fraction(int(won), len(named))
    return found


def asked(given: Board, filters: Filters | None = None) -> Attribution:
    with given.connection() as connection:
        return attribution(connection, filters or Filters(), given.now_at)


def of(result: Attribution, by: str) -> tuple[Credit, ...]:
    return result.campaigns if by == "campaign" else result.contents


@pytest.mark.parametrize("by", ["campaign", "content"])
@pytest.mark.parametrize("seed", [3, 5])
def test_credit_is_what_plain_loops_share(by: str, seed: int) -> None:
    given = board(seed)
    expected = shares(deals(given), by)

    found = {one.name: one for one in of(asked(given), by) if one.linear}

    assert set(found) == set(expected) != set()
    for name, share in expected.items():
        one = found[name]
        assert (one.first, one.last) == (share.first, share.last)
        assert abs(Fraction(one.linear) - share.linear) <= Fraction(1, 200)
        assert abs(Fraction(one.won) - share.won) <= Fraction(1, 200)


@pytest.mark.parametrize("by", ["campaign", "content"])
def test_every_deal_is_credited_once_in_each_way(by: str) -> None:
    found = asked(board(5))

    credits_ = of(found, by)
    assert sum(one.first for one in credits_) == found.deals > 0
    assert sum(one.last for one in credits_) == found.deals
    assert sum((one.linear for one in credits_), Decimal(0)) == pytest.approx(
        found.deals, abs=Decimal("0.1")
    )


@pytest.mark.parametrize("by", ["campaign", "content"])
def test_handovers_stand_with_their_very_last_touch(by: str) -> None:
    given = board(5)
    ends: dict[str, list[int]] = defaultdict(lambda: [0, 0])
    for story in stories(given.facts).values():
        for offer in story.offers.values():
            end = ends[offer.made.get(f"touch_{by}") or NOBODY]
            end[1] += 1
            end[0] += any(
                kind == "opportunity_opened"
                or (kind == "stage_changed" and data["to_stage"] == "opportunity")
                for kind, data in offer.facts
            )

    found = {one.name: one.handovers for one in of(asked(given), by)}

    assert {name: [one.count, one.of] for name, one in found.items() if one.of} == ends


def test_filters_narrow_the_deals_and_the_own_one_only_the_rows() -> None:
    given = board(5)
    middle = sorted(week_of(offer.at) for offer, _ in deals(given))[3]
    later = [one for one in deals(given) if week_of(one[0].at) >= middle]

    found = asked(given, Filters(since_week=middle, campaign="newsletter"))
    whole = asked(given, Filters(since_week=middle))

    assert whole.deals == len(later)
    assert found.campaigns == tuple(one for one in whole.campaigns if one.name == "newsletter")


def test_the_tables_state_their_limits() -> None:
    found = asked(board())

    campaigns, contents = tables(found)

    assert column(campaigns, "linear") == [one.linear for one in found.campaigns]
    assert column(contents, "content") == [one.name for one in found.contents]
    assert "the middle of a long journey gets no credit" in campaigns.note
