"""Leaks: where leads and money lie and nobody moves them."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any, Final

from sqlalchemy import ColumnElement, Connection, Select, and_, case, func, or_, select

from handlers.scoreboard.moments import DAY_MS
from handlers.scoreboard.numbers import money
from handlers.scoreboard.numbers.filters import Filters
from handlers.scoreboard.numbers.limits import definitions
from handlers.scoreboard.tables import HANDOVERS, LEADS, OPPORTUNITIES
from lifecycle.stages import ClockName

AGES: Final = (7, 30, 90)
"""Days after which a lead counts as older; the last group has no end."""
STAGES: Final = ("cold", "curious", "warm", "mql", "sal", "sql", "opportunity")
"""Where a lead may languish; who waits for a wake-up, was won or is out does not."""
OLDEST_MAX: Final = 20
_WORKED: Final = ("warm", "mql", "sal", "sql", "opportunity")
"""Where somebody owes the next step."""

DEFINITIONS: Final[Mapping[str, str]] = {
    "languishing": (
        "A lead languishes in a stage since it came there; counted are leads that wait for no "
        "wake-up, by the days since, and the oldest are those that marketing or sales should move "
        "(warm and beyond)."
    ),
    "uncontacted": (
        "Never contacted are handovers that sales accepted or claimed and for which no attempt was "
        "told, those left out that went on to a qualified sale or a deal all the same."
    ),
    "asleep": (
        "Without a wake-up are leads in nurture or lost for which no date is known, or whose date "
        "has passed by more than a day."
    ),
    "stuck": (
        "Value is stuck in open deals for which nothing changed for as long as the deal clock "
        "allows, or whose close date is past; a deal of both kinds is counted in each."
    ),
}


@dataclass(frozen=True, slots=True)
class Languishing:
    """The leads of one stage by how long they have been there."""

    stage: str
    ages: tuple[int, ...]
    """Leads by ``AGES``: up to 7 days, 30, 90, and older."""
    leads: int
    untouched: int
    """Of all: no touch worth telling in the last 30 days."""


@dataclass(frozen=True, slots=True)
class Old:
    """A lead that has been in its stage for long."""

    lead_id: str
    stage: str
    since_at: int
    campaign: str | None
    rep: str | None


@dataclass(frozen=True, slots=True)
class Uncontacted:
    """Accepted handovers of a rep that nobody followed up."""

    rep: str | None
    open: int
    """Still the rep's."""
    overdue: int
    """Of these: the deadline of the first contact is past."""
    ended: int
    """Given back or given up without an attempt."""


@dataclass(frozen=True, slots=True)
class Asleep:
    """Recycled leads that nothing will wake."""

    reason: str | None
    undated: int
    passed: int


@dataclass(frozen=True, slots=True)
class Stuck:
    """Open deals in one currency."""

    currency: str | None
    deals: int
    value: Decimal
    unchanged: int
    unchanged_value: Decimal
    overdue: int
    overdue_value: Decimal
    unpriced: int
    """Of all: nobody told an amount."""


@dataclass(frozen=True, slots=True)
class Leaks:
    """Where leads and money lie."""

    languishing: tuple[Languishing, ...]
    oldest: tuple[Old, ...]
    uncontacted: tuple[Uncontacted, ...]
    asleep: tuple[Asleep, ...]
    stuck: tuple[Stuck, ...]
    unchanged_days: int
    """From which on a deal counts as unchanged: the newest definition's deal clock."""


def leaks(connection: Connection, filters: Filters, now_at: int) -> Leaks:
    """Return what lies where, as things stand at ``now_at`` (ms)."""
    unchanged_ms = definitions(connection).newest.clocks[ClockName.DEAL].allowance_ms
    return Leaks(
        languishing=_languishing(connection, filters, now_at),
        oldest=_oldest(connection, filters),
        uncontacted=_uncontacted(connection, filters, now_at),
        asleep=_asleep(connection, filters, now_at),
        stuck=_stuck(connection, filters, now_at, unchanged_ms),
        unchanged_days=unchanged_ms // DAY_MS,
    )


def _count(condition: ColumnElement[bool]) -> ColumnElement[int]:
    return func.sum(case((condition, 1), else_=0))


def _languishing(connection: Connection, filters: Filters, now_at: int) -> tuple[Languishing, ...]:
    it = LEADS.c
    age = now_at - it.stage_since
    edges = [days * DAY_MS for days in AGES]
    since = [0, *edges]
    ages = [
        _count(and_(*([age > low] if low else []), *([age <= high] if high else [])))
        for low, high in zip(since, [*edges, 0], strict=True)
    ]
    untouched = or_(it.touched_at.is_(None), it.touched_at < now_at - 30 * DAY_MS)
    asked = (
        select(it.stage, func.count(), _count(untouched), *ages)
        .where(it.stage.in_(STAGES), *filters.on_leads())
        .group_by(it.stage)
    )
    found = (
        Languishing(stage, tuple(map(int, counts)), leads, int(cold))
        for stage, leads, cold, *counts in connection.execute(asked)
    )
    return tuple(sorted(found, key=lambda one: STAGES.index(one.stage)))


def _oldest(connection: Connection, filters: Filters) -> tuple[Old, ...]:
    it = LEADS.c
    asked = (
        select(it.lead_id, it.stage, it.stage_since, it.arrival_campaign, it.rep)
        .where(it.stage.in_(_WORKED), *filters.on_leads())
        .order_by(it.stage_since, it.lead_id)
        .limit(OLDEST_MAX)
    )
    return tuple(Old(*row) for row in connection.execute(asked))


def _uncontacted(connection: Connection, filters: Filters, now_at: int) -> tuple[Uncontacted, ...]:
    it = HANDOVERS.c
    ended = or_(it.ended_at.is_not(None), it.withdrawn_at.is_not(None))
    asked = (
        select(
            it.rep,
            _count(~ended),
            _count(and_(~ended, it.contact_due_at < now_at)),
            _count(ended),
        )
        .where(
            it.accepted_at.is_not(None),
            it.attempts == 0,
            it.sql_at.is_(None),
            it.opportunity_at.is_(None),
            it.won_at.is_(None),
            *filters.on(HANDOVERS),
        )
        .group_by(it.rep)
    )
    found = (Uncontacted(rep, *map(int, counts)) for rep, *counts in connection.execute(asked))
    return tuple(sorted(found, key=lambda one: (-one.open, -one.ended, one.rep or "")))


def _asleep(connection: Connection, filters: Filters, now_at: int) -> tuple[Asleep, ...]:
    it = LEADS.c
    passed = it.wake_at < now_at - DAY_MS
    asked = (
        select(it.recycle_reason, _count(it.wake_at.is_(None)), _count(passed))
        .where(
            it.stage.in_(("nurture", "lost")),
            or_(it.wake_at.is_(None), passed),
            *filters.on_leads(),
        )
        .group_by(it.recycle_reason)
    )
    found = (Asleep(reason, *map(int, counts)) for reason, *counts in connection.execute(asked))
    return tuple(sorted(found, key=lambda one: (-(one.undated + one.passed), one.reason or "")))


def _stuck(
    connection: Connection, filters: Filters, now_at: int, unchanged_ms: int
) -> tuple[Stuck, ...]:
    return tuple(
        sorted(
            (_currency(*row) for row in connection.execute(_deals(filters, now_at, unchanged_ms))),
            key=lambda one: (-one.value, one.currency or ""),
        )
    )


def _deals(filters: Filters, now_at: int, unchanged_ms: int) -> Select[Any]:
    it, of = OPPORTUNITIES.c, HANDOVERS.c
    unchanged = it.changed_at <= now_at - unchanged_ms
    overdue = it.close_date < datetime.fromtimestamp(now_at / 1000, UTC).date().isoformat()
    everything = it.state == "open"
    cells: list[ColumnElement[Any]] = []
    for condition in (everything, unchanged, overdue):
        cells += (_count(condition), money.units(condition), money.millionths(condition))
    where = filters.where(campaign=it.campaign, rep=it.rep)
    of_handover = filters.where(
        source=of.source, content=of.content, team=of.team, grade=of.grade, week=of.week
    )
    asked = select(it.currency, *cells, _count(it.amount_units.is_(None)))
    if of_handover:
        joined = OPPORTUNITIES.join(HANDOVERS, of.handover_id == it.handover_id)
        asked = asked.select_from(joined)
    return asked.where(everything, *where, *of_handover).group_by(it.currency)


def _currency(currency: str | None, *cells: int) -> Stuck:
    deals, unchanged, overdue = (cells[place : place + 3] for place in (0, 3, 6))
    return Stuck(
        currency=currency,
        deals=int(deals[0]),
        value=money.amount(deals[1], deals[2]),
        unchanged=int(unchanged[0]),
        unchanged_value=money.amount(unchanged[1], unchanged[2]),
        overdue=int(overdue[0]),
        overdue_value=money.amount(overdue[1], overdue[2]),
        unpriced=int(cells[9]),
    )
