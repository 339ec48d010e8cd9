"""How far leads came, how long each step took, and what it brought; by cohorts of arrival.

A lead counts once, in the week, campaign, source and content of its arrival, with the furthest
step it ever reached. So a young cohort is never mistaken for a bad one: what may still go on is
shown as open beside every step, and no share speaks of more than what has happened so far.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from itertools import pairwise
from typing import Any, Final

from sqlalchemy import ColumnElement, Connection, and_, case, func, null, or_, select

from handlers.scoreboard.numbers import money
from handlers.scoreboard.numbers.filters import NOBODY, Filters
from handlers.scoreboard.numbers.intervals import Rate, rate
from handlers.scoreboard.numbers.spread import Spread, spread_among, told_apart, told_together
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
    counted = _counted(connection, column, clauses)
    names = sorted(counted, key=lambda name: _place(by, name, counted[name]))
    kept = names[-GROUPS_MAX:] if by in _ORDERED else names[:GROUPS_MAX]
    amounts = _amounts(connection, column, clauses)
    total = _Leads()
    for one in counted.values():
        total.add(one)
    return Funnel(
        by,
        _group("", total, _added(amounts.values())),
        tuple(_group(_name(name), counted[name], amounts[name]) for name in kept),
        len(names) - len(kept),
    )


def whole(connection: Connection, filters: Filters) -> Group:
    """Count how far leads came, all together: quicker than to put them together by something."""
    clauses = filters.on_leads()
    total = _Leads()
    for one in _counted(connection, None, clauses).values():
        total.add(one)
    return _group("", total, _added(_amounts(connection, None, clauses).values()))


_Amounts = tuple[dict[str | None, Decimal], dict[str | None, Decimal]]


@dataclass(slots=True)
class _Leads:
    """Leads that were put together, counted."""

    counts: list[int] = field(default_factory=lambda: [0] * len(STEPS))
    """By furthest step."""
    open: list[int] = field(default_factory=lambda: [0] * len(STEPS))
    """Of them, those that may go on."""
    times: list[list[int]] = field(default_factory=lambda: [[] for _ in STEPS[1:]])
    """What each step took: ms."""

    def add(self, more: "_Leads") -> None:
        """Take in others."""
        for place in range(len(STEPS)):
            self.counts[place] += more.counts[place]
            self.open[place] += more.open[place]
        for times, others in zip(self.times, more.times, strict=True):
            times.extend(others)


def _counted(
    connection: Connection,
    column: ColumnElement[Any] | None,
    clauses: Sequence[ColumnElement[bool]],
) -> dict[Any, _Leads]:
    """Return the leads by group, in one pass over an index, in whose order they are counted."""
    keys = (LEADS.c.step, LEADS.c.stage, null() if column is None else column)
    times = (told_together(_taken(before, step)) for before, step in pairwise(STEPS))
    asked = (
        select(*keys, func.count(), *times)
        .where(*clauses)
        .group_by(*(keys[:2] if column is None else keys))
    )
    found: defaultdict[Any, _Leads] = defaultdict(_Leads)
    for step, stage, name, leads, *cells in connection.execute(asked):
        group = found[name]
        group.counts[step] += leads
        group.open[step] += leads if stage in _ONGOING else 0
        for values, cell in zip(group.times, cells, strict=True):
            values.extend(told_apart(cell))
    return found


def _taken(before: str, step: str) -> ColumnElement[int | None]:
    """Return what a lead took from a step to the next; NULL where that says nothing."""
    since, until = _TIMES[before], _TIMES[step]
    own_time = [
        implied == 0 for name in (before, step) if (implied := _IMPLIED.get(name)) is not None
    ]
    return case((and_(until >= since, *own_time), until - since))


def _amounts(
    connection: Connection,
    column: ColumnElement[Any] | None,
    clauses: Sequence[ColumnElement[bool]],
) -> defaultdict[Any, _Amounts]:
    deal = OPPORTUNITIES.c
    is_open, is_won = deal.state == "open", deal.state == "won"
    # Leads are looked up only when something is asked of them: it takes most of the time.
    asks = column is not None or clauses
    by = null() if column is None else column
    asked = (
        select(
            by,
            deal.currency,
            money.units(is_open),
            money.millionths(is_open),
            money.units(is_won),
            money.millionths(is_won),
        )
        .select_from(
            OPPORTUNITIES.join(LEADS, LEADS.c.lead_id == deal.lead_id) if asks else OPPORTUNITIES
        )
        .where(or_(is_open, is_won), *clauses)
        .group_by(*(() if column is None else (column,)), deal.currency)
    )
    found: defaultdict[Any, _Amounts] = defaultdict(lambda: ({}, {}))
    for name, currency, *sums in connection.execute(asked):
        pipeline, revenue = found[name]
        pipeline[currency] = money.amount(sums[0], sums[1])
        revenue[currency] = money.amount(sums[2], sums[3])
    return found


def _added(amounts: Iterable[_Amounts]) -> _Amounts:
    each = list(amounts)
    return (
        money.added(pipeline for pipeline, _ in each),
        money.added(revenue for _, revenue in each),
    )


def _group(name: str, leads: _Leads, amounts: _Amounts) -> Group:
    reached = {step: sum(leads.counts[place:]) for place, step in enumerate(STEPS)}
    return Group(
        name,
        reached,
        dict(zip(STEPS, leads.open, strict=True)),
        dict(zip(STEPS[1:], map(spread_among, leads.times), strict=True)),
        money.shown(amounts[0]),
        money.shown(amounts[1]),
    )


def _place(by: str, name: str | int | None, leads: _Leads) -> tuple[Any, ...]:
    if by in _ORDERED:
        return (name is None, name)
    return (-sum(leads.counts), name or "")


def _name(name: str | int | None) -> str:
    if isinstance(name, int):  # A step, by its place.
        return TITLES[STEPS[name]]
    return str(name or NOBODY)
