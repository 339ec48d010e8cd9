"""Which campaigns and contents make opportunities, by three customary ways to share the credit.

A deal has the touches that its handover carried: the lead's first three and last five before it.
Of these, only touches that name a campaign (for contents: a content) can be given credit; a page
view that came by itself made nobody come. The middle of a long journey is not carried, and
who was touched and bought need not have bought because of it.
"""

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from fractions import Fraction
from typing import Any, Final

import msgspec
from sqlalchemy import ColumnElement, Connection, Select, case, func, select

from handlers.scoreboard.numbers.filters import NOBODY, Filters
from handlers.scoreboard.numbers.intervals import Rate, rate
from handlers.scoreboard.numbers.table import Column, Kind, Table
from handlers.scoreboard.tables import HANDOVERS, OPPORTUNITIES, TOUCHES
from lifecycle.lead import TOUCHES_FIRST_MAX, TOUCHES_LAST_MAX

DEFINITIONS: Final[Mapping[str, str]] = {
    "first touch": "The deal counts for the oldest carried touch that names a campaign.",
    "last touch": "The deal counts for the newest carried touch that names a campaign.",
    "linear touch": (
        "The deal is shared evenly among all carried touches that name a campaign, each touch a "
        "share of its own."
    ),
    "touches carried": (
        f"A handover carries the lead's first {TOUCHES_FIRST_MAX} and last {TOUCHES_LAST_MAX} "
        "touches before it, each once."
    ),
    "deals": "Opportunities that were opened, whatever became of them since.",
    "handovers to opportunities": (
        "Handovers whose very last touch names the campaign, and how many of them reached an "
        "opportunity."
    ),
}
LIMITS: Final = (
    f"A handover carries the first {TOUCHES_FIRST_MAX} and the last {TOUCHES_LAST_MAX} touches: "
    "the middle of a long journey gets no credit, nor does what came after the handover. Touches "
    "that name nothing share no credit; a deal without any that does stands under (none). "
    "Credit says who was there, not who caused it."
)
ROWS_MAX: Final = 200
_HUNDREDTH: Final = Decimal("0.01")
_DECODE: Final = msgspec.json.Decoder(list[str]).decode


@dataclass(slots=True)
class _Sum:
    first: int = 0
    last: int = 0
    linear: Fraction = field(default_factory=Fraction)
    won: Fraction = field(default_factory=Fraction)
    first_won: int = 0


@dataclass(frozen=True, slots=True)
class Credit:
    """What one campaign or content is credited with."""

    name: str
    """``(none)``: of deals no touch of which names one."""
    first: int
    last: int
    linear: Decimal
    """Deals, to a hundredth."""
    won: Decimal
    """Of these, won deals."""
    handovers: Rate
    """Of the handovers whose last touch it was, those that reached an opportunity."""


@dataclass(frozen=True, slots=True)
class Attribution:
    """Credit for the deals that the filters leave."""

    deals: int
    campaigns: tuple[Credit, ...]
    contents: tuple[Credit, ...]


def attribution(connection: Connection, filters: Filters, now_at: int) -> Attribution:
    """Share the credit for all deals whose handover fits the filters.

    The filter of a table's own thing takes rows out of it, and changes nobody's credit.
    """
    del now_at  # A deal counts from the day it was opened.
    it = HANDOVERS.c
    clauses = filters.where(
        source=it.source, rep=it.rep, team=it.team, grade=it.grade, week=it.week
    )
    campaign_is = filters.where(campaign=it.campaign)
    content_is = filters.where(content=it.content)
    deals, _ = _deals(connection, [*clauses, *campaign_is, *content_is])
    return Attribution(
        deals,
        _credits(connection, "campaign", [*clauses, *content_is], filters.campaign),
        _credits(connection, "content", [*clauses, *campaign_is], filters.content),
    )


def _credits(
    connection: Connection, by: str, clauses: Sequence[ColumnElement[bool]], only: str | None
) -> tuple[Credit, ...]:
    sums = _shared(connection, by, clauses)
    deals, won_deals = _deals(connection, clauses)
    named = sum(one.first for one in sums.values())
    if deals > named:
        rest, rest_won = deals - named, won_deals - sum(one.first_won for one in sums.values())
        sums[NOBODY] = _Sum(rest, rest, Fraction(rest), Fraction(rest_won), rest_won)
    ends = _ends(connection, HANDOVERS.c[by], clauses)
    names = sorted(
        {*sums, *ends}, key=lambda name: (-sums[name].linear, -ends.get(name, (0, 0))[1], name)
    )
    return tuple(
        _credit(name, sums[name], ends.get(name, (0, 0))) for name in names if only in {None, name}
    )


def _credit(name: str, sum_: _Sum, ended: tuple[int, int]) -> Credit:
    return Credit(
        name, sum_.first, sum_.last, _decimal(sum_.linear), _decimal(sum_.won), rate(*ended)
    )


def _shared(
    connection: Connection, by: str, clauses: Sequence[ColumnElement[bool]]
) -> defaultdict[str, _Sum]:
    """Share the deals among the touches that name something."""
    sums: defaultdict[str, _Sum] = defaultdict(_Sum)
    parts: Counter[tuple[str, int]] = Counter()
    won_parts: Counter[tuple[str, int]] = Counter()
    for cell, deals, won in connection.execute(_journeys(by, clauses)):
        names = _DECODE(cell)
        of = len(names)
        sums[names[0]].first += deals
        sums[names[0]].first_won += int(won)
        sums[names[-1]].last += deals
        for name in names:
            parts[name, of] += deals
            won_parts[name, of] += int(won)
    for (name, of), deals in parts.items():
        sums[name].linear += Fraction(deals, of)
        sums[name].won += Fraction(won_parts[name, of], of)
    return sums


def _journeys(by: str, clauses: Sequence[ColumnElement[bool]]) -> Select[Any]:
    """Return a statement: each list of names that deals came from, those deals, and the won."""
    deal, names = OPPORTUNITIES.c, TOUCHES.c[f"{by}s"]
    return (
        select(names, func.count(), func.sum(case((deal.state == "won", 1), else_=0)))
        .select_from(
            OPPORTUNITIES.join(HANDOVERS, HANDOVERS.c.handover_id == deal.handover_id).join(
                TOUCHES, TOUCHES.c.handover_id == deal.handover_id
            )
        )
        .where(names.is_not(None), *clauses)
        .group_by(names)
    )


def _deals(connection: Connection, clauses: Sequence[ColumnElement[bool]]) -> tuple[int, int]:
    """Count the deals, and of them the won ones."""
    deal = OPPORTUNITIES.c
    asked = (
        select(func.count(), func.coalesce(func.sum(case((deal.state == "won", 1), else_=0)), 0))
        .select_from(OPPORTUNITIES.join(HANDOVERS, HANDOVERS.c.handover_id == deal.handover_id))
        .where(*clauses)
    )
    deals, won = connection.execute(asked).one()
    return int(deals), int(won)


def _ends(
    connection: Connection, column: ColumnElement[Any], clauses: Sequence[ColumnElement[bool]]
) -> dict[str, tuple[int, int]]:
    """Return by the last touch: handovers that reached an opportunity, and all."""
    reached = func.sum(case((HANDOVERS.c.opportunity_at.is_not(None), 1), else_=0))
    asked = select(column, reached, func.count()).where(*clauses).group_by(column)
    return {name or NOBODY: (int(hits), int(of)) for name, hits, of in connection.execute(asked)}


def _decimal(share: Fraction) -> Decimal:
    return (Decimal(share.numerator) / share.denominator).quantize(_HUNDREDTH)


def tables(result: Attribution) -> tuple[Table, ...]:
    """Return the credit as tables: campaigns, then contents."""
    return (
        _table("campaign", "Campaigns", result.campaigns),
        _table("content", "Contents", result.contents),
    )


def _table(by: str, title: str, credits_: tuple[Credit, ...]) -> Table:
    left_out = len(credits_) - ROWS_MAX
    more = f" The {ROWS_MAX} with most credit are listed; {left_out} more are not."
    return Table(
        f"by-{by}",
        title,
        f"{DEFINITIONS['linear touch']} {DEFINITIONS['touches carried']}",
        (
            Column(by, by.capitalize(), filter=by),
            Column("first", "First touch", Kind.COUNT, "deals", "", DEFINITIONS["first touch"]),
            Column("last", "Last touch", Kind.COUNT, "deals", "", DEFINITIONS["last touch"]),
            Column("linear", "Linear", Kind.NUMBER, "deals", "", DEFINITIONS["linear touch"]),
            Column("won", "Won, linear", Kind.NUMBER, "deals"),
            Column(
                "handovers",
                "Its handovers to opportunities",
                Kind.RATE,
                "handovers",
                definition=DEFINITIONS["handovers to opportunities"],
            ),
        ),
        tuple(
            (one.name, one.first, one.last, one.linear, one.won, one.handovers)
            for one in credits_[:ROWS_MAX]
        ),
        empty="No handover under these filters: take one away, or wait for the first deals.",
        note=LIMITS + (more if left_out > 0 else ""),
    )
