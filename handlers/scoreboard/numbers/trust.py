"""Trust: whether what was called hot was, and whether sales still opens what it is offered."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import ColumnElement, Connection, and_, case, func, or_, select

from handlers.scoreboard.moments import DAY_MS, week_of, week_starts_at
from handlers.scoreboard.numbers.filters import Filters
from handlers.scoreboard.numbers.intervals import Rate, rate
from handlers.scoreboard.numbers.limits import Definitions, definitions
from handlers.scoreboard.numbers.table import Cell, Column, Kind, Table
from handlers.scoreboard.tables import HANDOVERS

WEEK_MS: Final = 7 * DAY_MS
RECENT_WEEKS: Final = 4
BEFORE_WEEKS: Final = 12

DEFINITIONS: Final[Mapping[str, str]] = {
    "hot": (
        "Hot are the handovers on the fast track, when they were offered or later; counted are "
        "those that are as old as the definition asks for, claims left out."
    ),
    "precision": (
        "Precision is the share of hot handovers that became an opportunity, beside the same of "
        "all others: where both are alike, hot says nothing."
    ),
    "answered": (
        "A handover is answered when sales accepted or rejected it; ignored when it went back "
        "without either, or its first deadline is past and it still lies there; withdrawn ones, "
        "claims and those whose deadline is ahead are left out."
    ),
    "acceptance": (
        "Acceptance is the share of handovers that sales accepted, of those it answered or "
        "ignored, by the source of the last touch and the week of the offer."
    ),
    "warning": (
        f"Reps stop opening them where the answered share of the last {RECENT_WEEKS} weeks is "
        f"clearly below that of the {BEFORE_WEEKS} weeks before: the upper bound of the one is "
        "under the lower bound of the other (Wilson, 95 %)."
    ),
}

_IT: Final = HANDOVERS.c
_OFFERED: Final = _IT.kind != "claim"
_ACCEPTED: Final = _IT.accepted_at.is_not(None)
_ANSWERED: Final = or_(_ACCEPTED, _IT.end_trigger == "reject")
_EVERYTHING: Final = "everything"


@dataclass(frozen=True, slots=True)
class Precision:
    """What became of handovers, hot ones or others."""

    hot: bool
    handovers: int
    """Old enough to count."""
    young: int
    """Not yet."""
    accepted: Rate
    contacted: Rate
    opportunities: Rate
    ignored: Rate
    open: int
    """Of those counted: still with sales, or on offer."""


@dataclass(frozen=True, slots=True)
class Accepted:
    """A source's handovers of one week."""

    source: str | None
    week: str
    accepted: Rate
    """Of those that were answered or ignored."""
    answered: Rate


@dataclass(frozen=True, slots=True)
class Opened:
    """Whether handovers are answered still: the last weeks against those before."""

    by: str
    """``everything``, ``source`` or ``assignee``."""
    name: str | None
    recent: Rate
    before: Rate
    warning: bool


@dataclass(frozen=True, slots=True)
class Trust:
    """Precision of what was called hot, and what sales does with offers."""

    hot: Precision
    others: Precision
    weeks: tuple[Accepted, ...]
    """By source, then week."""
    opened: tuple[Opened, ...]
    """Warnings first."""

    @property
    def warnings(self) -> tuple[Opened, ...]:
        """Where reps stop opening them."""
        return tuple(one for one in self.opened if one.warning)


def trust(connection: Connection, filters: Filters, now_at: int) -> Trust:
    """Return how far alerts are trusted, as things stand at ``now_at`` (ms)."""
    known = definitions(connection)
    hot = {
        bool(one): _precision(counts, hot=bool(one))
        for one, *counts in connection.execute(_hot(known, filters, now_at))
    }
    return Trust(
        hot=hot.get(True) or _precision(None, hot=True),
        others=hot.get(False) or _precision(None, hot=False),
        weeks=_weeks(connection, filters, now_at),
        opened=_opened(connection, filters, now_at),
    )


def ignored(now_at: int) -> ColumnElement[bool]:
    """Return whether nobody answered an offer: it went back, or lies there past its deadline."""
    open_still = and_(_IT.ended_at.is_(None), _IT.withdrawn_at.is_(None))
    overdue = and_(open_still, _IT.accept_due_at < now_at)
    return and_(_OFFERED, _IT.accepted_at.is_(None), or_(_IT.end_trigger == "return", overdue))


def _sum(condition: ColumnElement[bool]) -> ColumnElement[int]:
    return func.sum(case((condition, 1), else_=0))


def _hot(known: Definitions, filters: Filters, now_at: int) -> Any:  # noqa: ANN401 - a statement
    young_ms = known.limit(_IT.policy, lambda one: one.scoreboard.young_days * DAY_MS)
    old = _IT.at + young_ms <= now_at
    lies = and_(_IT.ended_at.is_(None), _IT.withdrawn_at.is_(None), _IT.opportunity_at.is_(None))
    counts = (
        old,
        ~old,
        and_(old, _ACCEPTED),
        and_(old, _IT.contacted_at.is_not(None)),
        and_(old, _IT.opportunity_at.is_not(None)),
        and_(old, ignored(now_at)),
        and_(old, lies),
    )
    return (
        select(_IT.fast, *map(_sum, counts))
        .where(_OFFERED, *filters.on(HANDOVERS))
        .group_by(_IT.fast)
    )


def _precision(counts: list[int] | None, *, hot: bool) -> Precision:
    old, young, accepted, contacted, opportunities, passed_by, lies = map(int, counts or [0] * 7)
    return Precision(
        hot=hot,
        handovers=old,
        young=young,
        accepted=rate(accepted, old),
        contacted=rate(contacted, old),
        opportunities=rate(opportunities, old),
        ignored=rate(passed_by, old),
        open=lies,
    )


def _weeks(connection: Connection, filters: Filters, now_at: int) -> tuple[Accepted, ...]:
    settled = and_(_OFFERED, or_(_ANSWERED, ignored(now_at)))
    asked = (
        select(_IT.source, _IT.week, func.count(), _sum(_ACCEPTED), _sum(_ANSWERED))
        .where(settled, *filters.on(HANDOVERS))
        .group_by(_IT.source, _IT.week)
    )
    found = (
        Accepted(source, week, rate(int(accepted), of), rate(int(answered), of))
        for source, week, of, accepted, answered in connection.execute(asked)
    )
    return tuple(sorted(found, key=lambda one: (one.source or "", one.week)))


def _opened(connection: Connection, filters: Filters, now_at: int) -> tuple[Opened, ...]:
    """Compare the last weeks with those before, whole weeks counted back from now."""
    since = now_at - RECENT_WEEKS * WEEK_MS
    before = since - BEFORE_WEEKS * WEEK_MS
    recent = _IT.at >= since
    settled = and_(_OFFERED, or_(_ANSWERED, ignored(now_at)), _IT.at >= before, _IT.at < now_at)
    found: dict[tuple[str, str | None], list[int]] = {}
    asked = (
        select(
            _IT.source,
            _IT.assignee,
            _sum(and_(recent, _ANSWERED)),
            _sum(recent),
            _sum(and_(~recent, _ANSWERED)),
            _sum(~recent),
        )
        .where(settled, *filters.on(HANDOVERS))
        .group_by(_IT.source, _IT.assignee)
    )
    for source, assignee, *counts in connection.execute(asked):
        for key in ((_EVERYTHING, None), ("source", source), ("assignee", assignee)):
            total = found.setdefault(key, [0, 0, 0, 0])
            found[key] = [one + int(more) for one, more in zip(total, counts, strict=True)]
    rows = (_compared(*key, counts) for key, counts in found.items())
    return tuple(sorted(rows, key=lambda one: (not one.warning, _BY[one.by], one.name or "")))


_BY: Final = {_EVERYTHING: 0, "source": 1, "assignee": 2}


def _compared(by: str, name: str | None, counts: list[int]) -> Opened:
    recent, before = rate(counts[0], counts[1]), rate(counts[2], counts[3])
    warning = recent.high is not None and before.low is not None and recent.high < before.low
    return Opened(by, name, recent, before, warning)


_PRECISION: Final = (
    Column("called", "Called"),
    Column("handovers", "Handovers", Kind.COUNT, "handovers", definition=DEFINITIONS["hot"]),
    Column("accepted", "Accepted", Kind.RATE, "handovers"),
    Column("contacted", "Contacted", Kind.RATE, "handovers"),
    Column(
        "opportunities",
        "Became opportunities",
        Kind.RATE,
        "handovers",
        definition=DEFINITIONS["precision"],
    ),
    Column("ignored", "Ignored", Kind.RATE, "handovers", definition=DEFINITIONS["answered"]),
    Column("open", "Still open", Kind.COUNT, "handovers"),
    Column("young", "Too young to count", Kind.COUNT, "handovers"),
)
_OPENED: Final = (
    Column("by", "By"),
    Column("name", "Name"),
    Column("recent", f"Answered, last {RECENT_WEEKS} weeks", Kind.RATE, "handovers"),
    Column("before", f"Answered, {BEFORE_WEEKS} weeks before", Kind.RATE, "handovers"),
    Column("warning", "Sign", Kind.VERDICT),
)
_WEEKS: Final = (
    Column("source", "Source", filter="source"),
    Column("week", "Week of offer", Kind.DAY),
    Column("accepted", "Accepted", Kind.RATE, "handovers", definition=DEFINITIONS["acceptance"]),
    Column("answered", "Answered", Kind.RATE, "handovers", definition=DEFINITIONS["answered"]),
)
_SOURCES: Final = (
    Column("source", "Source", filter="source"),
    Column("accepted", "Accepted, all weeks", Kind.RATE, "handovers"),
    Column("weeks", "Accepted by week of offer", Kind.SERIES, "share"),
)


def tables(result: Trust) -> tuple[Table, ...]:
    """Return the tables of the page."""
    return (
        Table(
            "hot",
            "What was called hot",
            DEFINITIONS["precision"],
            _PRECISION,
            tuple(_row(one) for one in (result.hot, result.others)),
        ),
        Table(
            "opened",
            "Are they still opened?",
            DEFINITIONS["warning"],
            _OPENED,
            tuple(
                (one.by, one.name, one.recent, one.before, "warning" if one.warning else None)
                for one in result.opened
            ),
        ),
        Table(
            "acceptance",
            "Acceptance by source",
            DEFINITIONS["acceptance"],
            _SOURCES,
            _by_source(result.weeks),
        ),
        Table(
            "acceptance-weeks",
            "Acceptance by source and week",
            DEFINITIONS["acceptance"],
            _WEEKS,
            tuple((one.source, one.week, one.accepted, one.answered) for one in result.weeks),
        ),
    )


def _row(one: Precision) -> tuple[Cell, ...]:
    return (
        "hot" if one.hot else "not hot",
        one.handovers,
        one.accepted,
        one.contacted,
        one.opportunities,
        one.ignored,
        one.open,
        one.young,
    )


def _by_source(weeks: tuple[Accepted, ...]) -> tuple[tuple[Cell, ...], ...]:
    """Put each source's weeks into one row; a week without handovers is a gap."""
    if not weeks:
        return ()
    found: dict[str | None, dict[str, Rate]] = {}
    for one in weeks:
        found.setdefault(one.source, {})[one.week] = one.accepted
    line = _line(min(one.week for one in weeks), max(one.week for one in weeks))
    return tuple(
        (
            source,
            rate(sum(one.count for one in told.values()), sum(one.of for one in told.values())),
            tuple(told[week].share if week in told else None for week in line),
        )
        for source, told in found.items()
    )


def _line(first: str, last: str) -> tuple[str, ...]:
    """Return all weeks from the first to the last."""
    starts = range(week_starts_at(first), week_starts_at(last) + 1, WEEK_MS)
    return tuple(week_of(at) for at in starts)
