"""How sales' promises were kept, clock by clock: attainment, and the time that answers took.

Each run of a clock counts once, by what came of it first (``clocks.outcome``): it was met before
any breach, or it broke. What is neither stands apart: disputed ones (answered in time, heard of
after the breach), ones whose breach Baton itself noticed late, and those that were called off
before they were due.
"""

from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import (
    CTE,
    ColumnElement,
    Connection,
    Select,
    String,
    case,
    cast,
    func,
    literal,
    null,
    select,
    true,
    union_all,
)

from handlers.scoreboard.numbers.filters import Filters
from handlers.scoreboard.numbers.intervals import Rate, rate
from handlers.scoreboard.numbers.ranks import spreads_in_order
from handlers.scoreboard.numbers.spread import NONE, Spread
from handlers.scoreboard.tables import CLOCKS

PROMISES: Final = (
    "acceptance",
    "first_contact",
    "cadence",
    "qualification",
    "opportunity",
    "deal",
)
"""The clocks that are somebody's promise; waiting in nurture is none."""

_IT: Final = CLOCKS.c
_GROUPS: Final = {"all": None, "rep": _IT.assignee, "team": _IT.team, "week": _IT.week}
_NEVER_PAUSED: Final = _IT.pauses == 0


@dataclass(frozen=True, slots=True)
class Kept:
    """How the clocks of one name were kept, of all or of one rep, team or week."""

    clock: str
    who: str | None
    """The rep, team or week; None for all, and where nobody told."""
    met: Rate
    """Met before any breach, of those that were met or broke."""
    met_unpaused: Rate
    """The same of those that were never paused."""
    edge: Rate
    """Met at the edge of the deadline, of those met."""
    disputed: int
    late: int
    """The breach was noticed late."""
    cancelled: int
    """Before they were due."""
    running: int
    used: Spread
    """Seconds until they were answered, in time or not; pauses left out."""
    used_unpaused: Spread


def attainment(connection: Connection, filters: Filters) -> dict[str, tuple[Kept, ...]]:
    """Return how clocks were kept: ``all`` by clock, then each of ``rep``, ``team``, ``week``."""
    took = _times(connection, filters)
    found: dict[str, list[Kept]] = {name: [] for name in _GROUPS}
    for row in connection.execute(_counts(filters)):
        group, clock, who, *counts = row
        met, broken, met_calm, broken_calm, edge, disputed, late, cancelled, running = map(
            int, counts
        )
        used, used_calm = took.get((group, clock, who), (NONE, NONE))
        found[group].append(
            Kept(
                clock=clock,
                who=who,
                met=rate(met, met + broken),
                met_unpaused=rate(met_calm, met_calm + broken_calm),
                edge=rate(edge, met),
                disputed=disputed,
                late=late,
                cancelled=cancelled,
                running=running,
                used=used,
                used_unpaused=used_calm,
            )
        )
    return {name: tuple(sorted(rows, key=_order)) for name, rows in found.items()}


def _order(kept: Kept) -> tuple[int, str]:
    return PROMISES.index(kept.clock), kept.who or ""


def _counts(filters: Filters) -> Select[Any]:
    """Count at the finest grain once, then add up to each of the groups."""
    grain = _grain(filters)
    cells = grain.c
    totals = [cells[name] for name in _COUNTED]
    each = []
    for name, column in _GROUPS.items():
        who = cast(null(), String) if column is None else cells[column.name]
        each.append(
            select(
                literal(name).label("name"),
                cells.clock,
                who.label("who"),
                *(func.sum(total).label(total.name) for total in totals),
            ).group_by(cells.clock, *(() if column is None else (who,)))
        )
    return select(union_all(*each).subquery())


def _outcome(name: str, *, calm: bool = False) -> ColumnElement[int]:
    condition = _IT.outcome == name
    return func.sum(case(((condition & _NEVER_PAUSED) if calm else condition, 1), else_=0))


_COUNTED: Final = {
    "met": _outcome("met"),
    "broken": _outcome("broken"),
    "met_calm": _outcome("met", calm=True),
    "broken_calm": _outcome("broken", calm=True),
    "edge": func.sum(case(((_IT.outcome == "met") & (_IT.edge == 1), 1), else_=0)),
    "disputed": _outcome("disputed"),
    "late": _outcome("late"),
    "cancelled": _outcome("cancelled"),
    "running": _outcome("running"),
}


def _grain(filters: Filters) -> CTE:
    keys = (_IT.clock, _IT.assignee, _IT.team, _IT.week)
    counted = (count.label(name) for name, count in _COUNTED.items())
    return select(*keys, *counted).where(*_narrowed(filters)).group_by(*keys).cte("grain")


def _narrowed(filters: Filters, *, by_index: bool = True) -> list[ColumnElement[bool]]:
    columns: dict[str, ColumnElement[Any]] = {
        "campaign": _IT.campaign,
        "source": _IT.source,
        "content": _IT.content,
        "grade": _IT.grade,
        "rep": _IT.assignee,
        "team": _IT.team,
        "week": _IT.week,
    }
    if not by_index:
        columns = {name: column.concat("") for name, column in columns.items()}
    return [_IT.clock.in_(PROMISES), *filters.where(**columns)]


def _times(
    connection: Connection, filters: Filters
) -> dict[tuple[str, str, str | None], tuple[Spread, ...]]:
    # The index has to be that of the group, whose values stand in order: SQLite would as soon take
    # the filter's, and sort what it finds.
    where, among = _narrowed(filters, by_index=False), (true(), _NEVER_PAUSED)
    return {
        (name, clock, who[0] if who else None): spans
        for name, column in _GROUPS.items()
        for (clock, *who), spans in spreads_in_order(
            connection,
            (_IT.clock,) if column is None else (_IT.clock, column),
            _IT.used_seconds,
            CLOCKS,
            *where,
            among=among,
        )
    }
