"""Recycling: what became of the leads that went back to marketing, by the reason they went for."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import ColumnElement, Connection, case, func, select

from handlers.scoreboard.moments import week_starts_at
from handlers.scoreboard.numbers.filters import Filters
from handlers.scoreboard.numbers.intervals import Rate, rate
from handlers.scoreboard.numbers.spread import NONE, Spread, spread_of, spreads
from handlers.scoreboard.numbers.table import Column, Kind, Table
from handlers.scoreboard.tables import HANDOVERS, RECYCLES

WEEK_MS: Final = 7 * 86_400_000

DEFINITIONS: Final[Mapping[str, str]] = {
    "recycled": (
        "A lead is recycled each time it goes back to marketing with a wake-up date: sales sent "
        "it, its offer went unanswered, or its last deal was lost; one that a late yes took back "
        "is left out."
    ),
    "came_back": (
        "Came back is the share that was handed to sales again so far (a claim counts), of all "
        "that were recycled; those that wait still may yet come."
    ),
    "waiting": "Waiting are those that are with marketing still, whatever the day they wait for.",
    "after": "The time until it came back runs from the recycle to the next handover.",
    "won": (
        "Won is the share that was won so far, after this recycle and before the next, of all that "
        "were recycled."
    ),
}

_IT: Final = RECYCLES.c
_WOKE: Final = _IT.woke_at.is_not(None)


@dataclass(frozen=True, slots=True)
class Recycled:
    """The recycles of one reason."""

    reason: str | None
    """None: of all reasons."""
    reason_class: str | None
    recycles: int
    waiting: int
    """Still with marketing, wherever the wake-up is."""
    slow: int
    """Of all: on the slow track, after too many rounds."""
    came_back: Rate
    won: Rate
    after: Spread
    """Seconds until they came back."""


@dataclass(frozen=True, slots=True)
class Recycling:
    """What became of recycled leads."""

    total: Recycled
    reasons: tuple[Recycled, ...]
    """The most frequent first."""


def recycling(connection: Connection, filters: Filters, now_at: int) -> Recycling:  # noqa: ARG001 - as all
    """Return what became of recycled leads; the week of a filter is that of the recycle."""
    source, where = _narrowed(filters)
    found = []
    for by in ((_IT.reason, _IT.reason_class), ()):
        took = {
            tuple(row[: len(by)]): spread_of(row)
            for row in connection.execute(
                spreads(by, (_IT.returned_at - _IT.at) // 1000, source, *where)
            )
        }
        found += [_recycled(row, took) for row in connection.execute(_counts(by, source, where))]
    *reasons, total = found
    reasons.sort(key=lambda one: (-one.recycles, one.reason or ""))
    return Recycling(total, tuple(reasons))


def _narrowed(filters: Filters) -> tuple[Any, list[ColumnElement[bool]]]:
    where = [_IT.cancelled == 0, *filters.where(campaign=_IT.campaign, rep=_IT.rep)]
    if filters.since_week is not None:
        where.append(_IT.at >= week_starts_at(filters.since_week))
    if filters.until_week is not None:
        where.append(_IT.at < week_starts_at(filters.until_week) + WEEK_MS)
    it = HANDOVERS.c
    of_handover = filters.where(source=it.source, content=it.content, team=it.team, grade=it.grade)
    if not of_handover:
        return RECYCLES, where
    joined = RECYCLES.join(HANDOVERS, it.handover_id == _IT.handover_id)
    return joined, [*where, *of_handover]


def _counts(
    by: tuple[ColumnElement[Any], ...],
    source: Any,  # noqa: ANN401 - a table or a join
    where: list[ColumnElement[bool]],
) -> Any:  # noqa: ANN401 - a statement
    def count(condition: ColumnElement[bool]) -> ColumnElement[int]:
        return func.coalesce(func.sum(case((condition, 1), else_=0)), 0)

    counts = (
        func.count(),
        count(_WOKE),
        count(_IT.slow_track == 1),
        count(_IT.returned_at.is_not(None)),
        count(_IT.won_at.is_not(None)),
    )
    return select(*by, *counts).select_from(source).where(*where).group_by(*by)


def _recycled(row: Any, took: Mapping[tuple[Any, ...], Spread]) -> Recycled:  # noqa: ANN401 - a row
    *key, recycles, woke, slow, came_back, won = row
    reason, reason_class = key or (None, None)
    return Recycled(
        reason=reason,
        reason_class=reason_class,
        recycles=recycles,
        waiting=recycles - int(woke),
        slow=int(slow),
        came_back=rate(int(came_back), recycles),
        won=rate(int(won), recycles),
        after=took.get(tuple(key), NONE),
    )


_COLUMNS: Final = (
    Column("reason", "Reason"),
    Column("reason_class", "Class"),
    Column("recycles", "Recycled", Kind.COUNT, "times", definition=DEFINITIONS["recycled"]),
    Column("waiting", "Still waiting", Kind.COUNT, "times", definition=DEFINITIONS["waiting"]),
    Column("came_back", "Came back", Kind.RATE, "times", definition=DEFINITIONS["came_back"]),
    Column("after_median", "After, median", Kind.DURATION, definition=DEFINITIONS["after"]),
    Column("after_p90", "After, 90 %", Kind.DURATION),
    Column("won", "Won", Kind.RATE, "times", definition=DEFINITIONS["won"]),
    Column("slow", "Slow track", Kind.COUNT, "times"),
)


def tables(result: Recycling) -> tuple[Table, ...]:
    """Return the table of the page."""
    rows = (*result.reasons, result.total) if result.total.recycles else ()
    return (
        Table(
            "recycling",
            "Back with marketing, by reason",
            DEFINITIONS["came_back"],
            _COLUMNS,
            tuple(
                (
                    one.reason if one is not result.total else "all reasons",
                    one.reason_class,
                    one.recycles,
                    one.waiting,
                    one.came_back,
                    one.after.median,
                    one.after.p90,
                    one.won,
                    one.slow,
                )
                for one in rows
            ),
        ),
    )
