"""How far leads came, how long each step took, and what it brought; by cohorts of arrival.

A lead counts once, in the week, campaign, source and content of its arrival, with the furthest
step it ever reached. So a young cohort is never mistaken for a bad one: what may still go on is
shown as open beside every step, and no share speaks of more than what has happened so far.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from itertools import chain, pairwise
from typing import Any, Final

from sqlalchemy import (
    ColumnElement,
    Connection,
    and_,
    case,
    func,
    or_,
    select,
)

from handlers.scoreboard.numbers import money
from handlers.scoreboard.numbers.filters import NOBODY, Filters
from handlers.scoreboard.numbers.intervals import Rate, rate
from handlers.scoreboard.numbers.spread import NONE, Spread, spread_among
from handlers.scoreboard.numbers.table import Money
from handlers.scoreboard.tables import LEADS, OPPORTUNITIES, STEPS

BY: Final[Mapping[str, ColumnElement[Any]]] = {
    "campaign": LEADS.c.arrival_campaign,
    "source": LEADS.c.arrival_source,
    "content": LEADS.c.arrival_content,
    "rep": LEADS.c.rep,
    "grade": LEADS.c.grade,
    "week": LEADS.c.week,
    "step": LEADS.c.step,
}
"""What leads can be put together by."""
_ORDERED: Final = frozenset({"week", "step"})
GROUPS_MAX: Final = 200
"""Groups listed at most, the largest or the latest; the rest is told as a number."""
TITLES: Final = {
    "leads": "Leads",
    "mql": "MQL",
    "accepted": "Accepted",
    "contacted": "Contacted",
    "sql": "SQL",
    "opportunity": "Opportunity",
    "won": "Won",
}

DEFINITIONS: Final[Mapping[str, str]] = {
    "reached": (
        "Leads that ever came at least as far as a step, whether they stopped at it on the way or "
        "passed it by (a claim goes past the offer)."
    ),
    "onward": "Leads that reached a step, of those that reached the step before it.",
    "open": (
        "Leads that came no further than a step and may still go on: not in nurture, lost or "
        "disqualified, and no customer."
    ),
    "time of a step": (
        "From the first time a lead reached the step before to the first time it reached this "
        "one, in calendar time; left out where either was skipped, implied by a later answer, or "
        "came in another order."
    ),
    "pipeline": "Amounts of the deals that are open now, by currency, never added across them.",
    "revenue": "Amounts of the deals that are won and stayed won, by currency.",
    "cohort": "Leads by the week (Monday, UTC) of their first signal, wherever they are now.",
}

_ONGOING: Final = ("cold", "curious", "warm", "mql", "sal", "sql", "opportunity")
_TIMES: Final = {
    "leads": LEADS.c.arrived_at,
    "mql": LEADS.c.mql_at,
    "accepted": LEADS.c.accepted_at,
    "contacted": LEADS.c.contacted_at,
    "sql": LEADS.c.sql_at,
    "opportunity": LEADS.c.opportunity_at,
    "won": LEADS.c.won_at,
}
_IMPLIED: Final = {
    "accepted": LEADS.c.accepted_implied,
    "sql": LEADS.c.sql_implied,
    "opportunity": LEADS.c.opportunity_implied,
}


@dataclass(frozen=True, slots=True)
class Group:
    """Leads that were put together."""

    name: str
    """``(none)``: nobody told."""
    reached: Mapping[str, int]
    """Step to leads that came at least as far, in the order of ``STEPS``."""
    open: Mapping[str, int]
    """Step to leads that stand there and may still go on."""
    times: Mapping[str, Spread] = field(default_factory=dict)
    """Step to the time it took since the one before: ms."""
    pipeline: Money = ()
    revenue: Money = ()

    def onward(self, step: str) -> Rate:
        """Return the share of those one step before that reached this one."""
        before = STEPS[STEPS.index(step) - 1]
        return rate(self.reached[step], self.reached[before])


@dataclass(frozen=True, slots=True)
class Funnel:
    """All leads that the filters leave, and the same by one thing."""

    by: str
    total: Group
    groups: tuple[Group, ...]
    """The largest first; weeks and steps in their order."""
    left_out: int
    """Groups beyond ``GROUPS_MAX``."""


def funnel(connection: Connection, filters: Filters, now_at: int, by: str = "campaign") -> Funnel:
    """Count how far leads came, by one of ``BY``. Raises KeyError for anything else."""
    del now_at  # What is open says how young a cohort is.
    column = BY[by]
    clauses = filters.on_leads()
    counts = _counts(connection, column, clauses)
    names = sorted(counts, key=lambda name: _place(by, name, counts[name]))
    kept = names[-GROUPS_MAX:] if by in _ORDERED else names[:GROUPS_MAX]
    times, all_times = _times(connection, column, clauses)
    amounts = _amounts(connection, column, clauses)
    total = _added(counts.values())
    return Funnel(
        by,
        _group(
            "",
            total,
            all_times,
            (
                money.added(pipeline for pipeline, _ in amounts.values()),
                money.added(revenue for _, revenue in amounts.values()),
            ),
        ),
        tuple(_group(_name(name), counts[name], times[name], amounts[name]) for name in kept),
        len(names) - len(kept),
    )


_Counts = list[tuple[int, int]]
"""By furthest step: leads, and those of them that may go on."""
_Amounts = tuple[dict[str | None, Decimal], dict[str | None, Decimal]]


def _counts(
    connection: Connection, column: ColumnElement[Any], clauses: Sequence[ColumnElement[bool]]
) -> dict[Any, _Counts]:
    ongoing = func.sum(case((LEADS.c.stage.in_(_ONGOING), 1), else_=0))
    asked = (
        select(column, LEADS.c.step, func.count(), ongoing)
        .where(*clauses)
        .group_by(column, LEADS.c.step)
    )
    found: defaultdict[Any, _Counts] = defaultdict(lambda: [(0, 0)] * len(STEPS))
    for name, step, leads, open_ in connection.execute(asked):
        found[name][step] = (leads, int(open_))
    return found


def _times(
    connection: Connection, column: ColumnElement[Any], clauses: Sequence[ColumnElement[bool]]
) -> tuple[defaultdict[Any, dict[str, Spread]], dict[str, Spread]]:
    """Return the steps' times by group, and of all.

    SQL takes the differences, in one pass over an index; the ranks are picked here. Window
    functions give the same ones for ten times the time: six sorts a grouping, of all rows.
    """
    taken = [_taken(before, step).label(step) for before, step in pairwise(STEPS)]
    asked = select(column, *taken).where(LEADS.c.step > 0, *clauses)
    values: defaultdict[Any, list[list[int]]] = defaultdict(lambda: [[] for _ in taken])
    for name, *times in connection.execute(asked):
        group = values[name]
        for place, ms in enumerate(times):
            if ms is not None:
                group[place].append(ms)
    found: defaultdict[Any, dict[str, Spread]] = defaultdict(dict)
    for name, group in values.items():
        found[name] = dict(zip(STEPS[1:], map(spread_among, group), strict=True))
    together = (chain.from_iterable(same) for same in zip(*values.values(), strict=True))
    return found, dict(zip(STEPS[1:], map(spread_among, together), strict=False))


def _taken(before: str, step: str) -> ColumnElement[int | None]:
    """Return what a lead took from a step to the next; NULL where that says nothing."""
    since, until = _TIMES[before], _TIMES[step]
    own_time = [
        implied == 0 for name in (before, step) if (implied := _IMPLIED.get(name)) is not None
    ]
    return case((and_(until >= since, *own_time), until - since))


def _amounts(
    connection: Connection, column: ColumnElement[Any], clauses: Sequence[ColumnElement[bool]]
) -> defaultdict[Any, _Amounts]:
    deal = OPPORTUNITIES.c
    is_open, is_won = deal.state == "open", deal.state == "won"
    asked = (
        select(
            column,
            deal.currency,
            money.units(is_open),
            money.millionths(is_open),
            money.units(is_won),
            money.millionths(is_won),
        )
        .select_from(OPPORTUNITIES.join(LEADS, LEADS.c.lead_id == deal.lead_id))
        .where(or_(is_open, is_won), *clauses)
        .group_by(column, deal.currency)
    )
    found: defaultdict[Any, _Amounts] = defaultdict(lambda: ({}, {}))
    for name, currency, *sums in connection.execute(asked):
        pipeline, revenue = found[name]
        pipeline[currency] = money.amount(sums[0], sums[1])
        revenue[currency] = money.amount(sums[2], sums[3])
    return found


def _group(name: str, counts: _Counts, times: Mapping[str, Spread], amounts: _Amounts) -> Group:
    reached = {step: sum(leads for leads, _ in counts[place:]) for place, step in enumerate(STEPS)}
    return Group(
        name,
        reached,
        {step: counts[place][1] for place, step in enumerate(STEPS)},
        {step: times.get(step, NONE) for step in STEPS[1:]},
        money.shown(amounts[0]),
        money.shown(amounts[1]),
    )


def _added(counts: Iterable[_Counts]) -> _Counts:
    total = [(0, 0)] * len(STEPS)
    for one in counts:
        total = [(a + c, b + d) for (a, b), (c, d) in zip(total, one, strict=True)]
    return total


def _place(by: str, name: str | int | None, counts: _Counts) -> tuple[Any, ...]:
    if by in _ORDERED:
        return (name is None, name)
    return (-sum(leads for leads, _ in counts), name or "")


def _name(name: str | int | None) -> str:
    if isinstance(name, int):  # A step, by its place.
        return TITLES[STEPS[name]]
    return str(name or NOBODY)
