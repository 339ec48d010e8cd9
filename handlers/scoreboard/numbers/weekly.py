"""What changed since last week: five lines that a joint meeting starts from, each with a link.

A week here is the seven days up to the newest fact, so that it is always whole, whatever weekday
the two teams meet on; it is compared with the seven days before.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import ColumnElement, Connection, FromClause, and_, case, func, select

from handlers.scoreboard.moments import DAY_MS, week_of
from handlers.scoreboard.numbers import money
from handlers.scoreboard.numbers.filters import Filters
from handlers.scoreboard.numbers.intervals import Rate, rate
from handlers.scoreboard.numbers.table import Column, Kind, Money, Series, Table
from handlers.scoreboard.numbers.verdicts import FINE, TOO_FEW, Judged, Verdicts, verdicts_at
from handlers.scoreboard.numbers.wording import amount, change, joined, number, percent
from handlers.scoreboard.tables import CLOCKS, HANDOVERS, LEADS, OPPORTUNITIES, RECYCLES, VOICES

WEEK_MS: Final = 7 * DAY_MS
TREND_WEEKS: Final = 12
"""How far a line's trend goes back, this week and the week before included."""
NAMED_MAX: Final = 3
"""Campaigns and reps named in one line; the page behind it has all."""

DEFINITIONS: Final[Mapping[str, str]] = {
    "week": "The seven days up to the newest fact, compared with the seven days before.",
    "trend": (
        f"The trend counts each seven days of the last {TREND_WEEKS} weeks up to the newest fact "
        "in the same way, oldest first."
    ),
    "arrived": "Leads whose first signal lies in the week.",
    "handed over": "Leads that became MQL for the first time in the week.",
    "promises kept": (
        "Acceptance and first contact clocks that were met in the week before any breach, of those "
        "met so or broken in it."
    ),
    "verdicts since last week": (
        "Today's verdicts beside those on the handovers that had had their time a week ago, both "
        "by what is known today."
    ),
    "deals of the week": "Deals that were opened, and deals that were won, in the week.",
    "went back": "Times that a lead went back to marketing in the week, late yeses left out.",
}
_KEPT: Final = "Promises kept, per cent"
_ANSWERS: Final = ("acceptance", "first_contact")
_LONGEST_ANSWER_MS: Final = 8 * WEEK_MS
"""A clock that ends this week did not start before this: holidays, pauses and levels included."""


@dataclass(frozen=True, slots=True)
class Line:
    """A sentence to start from."""

    says: str
    detail: str
    href: str
    """The page behind it."""
    trend: Series = ()
    """What the line is of, week by week, oldest first; empty where it is of nothing countable."""
    trend_of: str = ""
    """What that counts."""


@dataclass(frozen=True, slots=True)
class Pair:
    """One count of this week and of the week before."""

    name: str
    now: int
    before: int
    trend: Series = ()
    """Both, and the weeks before them, oldest first."""


@dataclass(frozen=True, slots=True)
class Weekly:
    """The week in five lines, and the counts behind them."""

    since_at: int
    """ms, excluded"""
    until_at: int
    lines: tuple[Line, ...]
    pairs: tuple[Pair, ...]
    kept: tuple[Rate, Rate]
    """Promises kept, this week and the week before."""
    kept_trend: Series
    """The shares of these and of the weeks before them, oldest first; None: none ended."""


def weekly(connection: Connection, filters: Filters, now_at: int) -> Weekly:
    """Say what changed in the seven days up to ``now_at`` (ms); filters of weeks mean nothing."""
    arrived, mqls = _leads(connection, filters, now_at)
    kept = _kept(connection, filters, now_at)
    trend = tuple(one.share for one in kept)
    opened, won, brought = _deals(connection, filters, now_at)
    back, reason = _returns(connection, filters, now_at)
    heard = _heard(connection, filters, now_at)
    today, last_week = verdicts_at(connection, _timeless(filters), (now_at, now_at - WEEK_MS))
    lines = (
        _marketing(arrived, mqls),
        _sales(kept[-1], kept[-2], trend),
        _judged(today, last_week),
        _sold(opened, won, brought),
        _returned(back, reason, heard),
    )
    pairs = (arrived, mqls, opened, won, back)
    return Weekly(now_at - WEEK_MS, now_at, lines, pairs, (kept[-1], kept[-2]), trend)


def _timeless(filters: Filters) -> Filters:
    query = filters.query()
    return Filters.from_query(
        {name: value for name, value in query.items() if not name.endswith("_week")}
    )


def _within(column: ColumnElement[int | None], until_at: int) -> ColumnElement[bool]:
    return and_(column > until_at - WEEK_MS, column <= until_at)


def _two(
    column: ColumnElement[int | None], now_at: int
) -> tuple[ColumnElement[int], ColumnElement[int]]:
    """Count this week's and last week's."""
    return _within_week(column, now_at), _within_week(column, now_at - WEEK_MS)


def _within_week(column: ColumnElement[int | None], until_at: int) -> ColumnElement[int]:
    return func.coalesce(func.sum(case((_within(column, until_at), 1), else_=0)), 0)


def _ago(column: ColumnElement[int | None], now_at: int) -> ColumnElement[Any]:
    """Return how many weeks ago something was: 0 is this week, 1 the week before."""
    return (now_at - column) // WEEK_MS


def _trending(column: ColumnElement[int | None], now_at: int) -> ColumnElement[bool]:
    return and_(column > now_at - TREND_WEEKS * WEEK_MS, column <= now_at)


def _pair(
    connection: Connection,
    name: str,
    column: ColumnElement[int | None],
    now_at: int,
    *where: ColumnElement[bool],
    source: FromClause,
) -> Pair:
    """Count by the week, as far as the trend goes back."""
    ago = _ago(column, now_at)
    asked = (
        select(ago, func.count())
        .select_from(source)
        .where(_trending(column, now_at), *where)
        .group_by(ago)
    )
    found = {int(weeks): count for weeks, count in connection.execute(asked)}
    trend = tuple(found.get(weeks, 0) for weeks in reversed(range(TREND_WEEKS)))
    return Pair(name, trend[-1], trend[-2], trend)


def _leads(connection: Connection, filters: Filters, now_at: int) -> tuple[Pair, Pair]:
    it = LEADS.c
    narrowed = filters.on_leads(weeks=False)
    return (
        _pair(connection, "Leads arrived", it.arrived_at, now_at, *narrowed, source=LEADS),
        _pair(connection, "Handed over", it.mql_at, now_at, *narrowed, source=LEADS),
    )


def _kept(connection: Connection, filters: Filters, now_at: int) -> tuple[Rate, ...]:
    """Return the promises that were kept by the week, oldest first."""
    it = CLOCKS.c
    ended_at = case((it.outcome == "met", it.met_at), else_=it.breached_at)
    ago = _ago(ended_at, now_at)
    narrowed = filters.on(HANDOVERS, weeks=False)
    # Handovers are looked up only when something is asked of them: it takes most of the time.
    source = CLOCKS.join(HANDOVERS, HANDOVERS.c.handover_id == it.ref) if narrowed else CLOCKS
    earliest_at = now_at - (TREND_WEEKS - 1) * WEEK_MS - _LONGEST_ANSWER_MS
    asked = (
        select(ago, it.outcome, func.count())
        .select_from(source)
        .where(
            it.clock.in_(_ANSWERS),
            it.outcome.in_(("met", "broken")),
            it.week >= week_of(max(0, earliest_at)),
            _trending(ended_at, now_at),
            *narrowed,
        )
        .group_by(ago, it.outcome)
    )
    found = {(int(weeks), outcome): n for weeks, outcome, n in connection.execute(asked)}
    counts = (
        (found.get((weeks, "met"), 0), found.get((weeks, "broken"), 0))
        for weeks in reversed(range(TREND_WEEKS))
    )
    return tuple(rate(met, met + broken) for met, broken in counts)


def _deals(connection: Connection, filters: Filters, now_at: int) -> tuple[Pair, Pair, Money]:
    deal = OPPORTUNITIES.c
    fresh = and_(deal.state == "won", _within(deal.won_at, now_at))
    narrowed = filters.on(HANDOVERS, weeks=False)
    source = (
        OPPORTUNITIES.outerjoin(HANDOVERS, HANDOVERS.c.handover_id == deal.handover_id)
        if narrowed
        else OPPORTUNITIES
    )
    asked = (
        select(deal.currency, money.units(fresh), money.millionths(fresh))
        .select_from(source)
        .where(fresh, *narrowed)
        .group_by(deal.currency)
    )
    return (
        _pair(connection, "Deals opened", deal.opened_at, now_at, *narrowed, source=source),
        _pair(connection, "Deals won", deal.won_at, now_at, *narrowed, source=source),
        money.shown({name: money.amount(*sums) for name, *sums in connection.execute(asked)}),
    )


def _returns(connection: Connection, filters: Filters, now_at: int) -> tuple[Pair, Pair | None]:
    """Count what went back to marketing, and find the reason given most often this week."""
    it = RECYCLES.c
    where = (it.cancelled == 0, *filters.on(HANDOVERS, weeks=False))
    source = RECYCLES.outerjoin(HANDOVERS, HANDOVERS.c.handover_id == it.handover_id)
    asked = (
        select(it.reason, *_two(it.at, now_at))
        .select_from(source)
        .where(it.at > now_at - 2 * WEEK_MS, *where)
        .group_by(it.reason)
    )
    pairs = [
        Pair(reason or "no reason", int(now), int(before))
        for reason, now, before in connection.execute(asked)
    ]
    total = _pair(connection, "Went back", it.at, now_at, *where, source=source)
    most = max(pairs, key=lambda one: (one.now, one.name), default=None)
    return total, most if most is not None and most.now else None


def _heard(connection: Connection, filters: Filters, now_at: int) -> Pair | None:
    """Find the objection that was heard most often this week."""
    it = VOICES.c
    asked = (
        select(it.code, *_two(it.at, now_at))
        .where(
            it.topic == "objection",
            it.at > now_at - 2 * WEEK_MS,
            *filters.where(campaign=it.campaign, content=it.content, rep=it.rep),
        )
        .group_by(it.code)
    )
    pairs = [Pair(code, int(now), int(before)) for code, now, before in connection.execute(asked)]
    most = max(pairs, key=lambda one: (one.now, one.name), default=None)
    return most if most is not None and most.now else None


def _marketing(arrived: Pair, mqls: Pair) -> Line:
    return Line(
        f"{number(arrived.now, 'lead')} arrived ({change(arrived.now, arrived.before)}), "
        f"{mqls.now:,} became MQL ({change(mqls.now, mqls.before)}).",
        f"The week before: {number(arrived.before, 'lead')}, {mqls.before:,} MQL.",
        "/funnel?by=week",
        arrived.trend,
        "Leads arrived",
    )


def _sales(now: Rate, before: Rate, trend: Series) -> Line:
    shares = tuple(None if share is None else 100 * share for share in trend)
    earlier = (
        "The week before none ended."
        if before.share is None
        else f"The week before: {percent(before.share)} of {before.of:,}."
    )
    if now.share is None:
        return Line("No promise to answer or to call fell due.", earlier, "/sla", shares, _KEPT)
    return Line(
        f"Sales kept {percent(now.share)} of {number(now.of, 'promise')} to answer and to call; "
        f"{now.of - now.count:,} broke.",
        earlier,
        "/sla",
        shares,
        _KEPT,
    )


def _judged(today: Verdicts, last_week: Verdicts) -> Line:
    before = {
        (kind, one.name): one.verdict
        for kind, judged in (("campaign", last_week.campaigns), ("rep", last_week.reps))
        for one in judged
    }
    all_ = [
        (kind, one)
        for kind, judged in (("campaign", today.campaigns), ("rep", today.reps))
        for one in judged
    ]
    changed = [
        (one, was)
        for kind, one in all_
        if (was := before.get((kind, one.name), TOO_FEW)) != one.verdict
    ]
    changed.sort(key=lambda pair: (pair[0].verdict in {FINE, TOO_FEW}, -pair[0].handling.of))
    standing = _standing([one for _, one in all_])
    if not changed:
        return Line(f"No verdict changed. {standing}", "", "/verdicts")
    named = [f"{one.name} reads {one.verdict} (was {was})" for one, was in changed[:NAMED_MAX]]
    more = len(changed) - len(named)
    rest = f", and {more} more changed" if more else ""
    return Line(f"{joined(named)}{rest}.", standing, "/verdicts")


def _standing(judged: list[Judged]) -> str:
    blamed = [one for one in judged if one.verdict not in {FINE, TOO_FEW}]
    if not blamed:
        return "Nobody and nothing is over a limit."
    named = [f"{one.name} ({one.verdict})" for one in blamed[:NAMED_MAX]]
    more = len(blamed) - len(named)
    return f"Over a limit: {joined([*named, f'{more} more'] if more else named)}."


def _sold(opened: Pair, won: Pair, brought: Money) -> Line:
    worth = f", worth {joined([amount(*one) for one in brought])}" if brought else ""
    return Line(
        f"{number(opened.now, 'deal')} opened ({change(opened.now, opened.before)}), "
        f"{won.now:,} won ({change(won.now, won.before)}){worth}.",
        f"The week before: {opened.before:,} opened, {won.before:,} won.",
        "/funnel",
        opened.trend,
        "Deals opened",
    )


def _returned(back: Pair, reason: Pair | None, heard: Pair | None) -> Line:
    most = f", most as {reason.name} ({reason.now:,})" if reason is not None else ""
    said = (
        f"Heard most often in calls: {heard.name}, {heard.now:,} times "
        f"({change(heard.now, heard.before)})."
        if heard is not None
        else f"The week before: {back.before:,}."
    )
    return Line(
        f"{number(back.now, 'lead')} went back to marketing "
        f"({change(back.now, back.before)}){most}.",
        said,
        "/recycling",
        back.trend,
        "Leads that went back",
    )


_TREND: Final = Column(
    "trend", f"Last {TREND_WEEKS} weeks", Kind.SERIES, definition=DEFINITIONS["trend"]
)


def tables(result: Weekly) -> tuple[Table, ...]:
    """Return the counts behind the lines."""
    now, before = result.kept
    return (
        Table(
            "week",
            "The week in numbers",
            DEFINITIONS["week"],
            (
                Column("what", "What"),
                Column("now", "Last seven days", Kind.COUNT),
                Column("before", "Seven days before", Kind.COUNT),
                Column("change", "Change", Kind.NUMBER),
                _TREND,
            ),
            tuple(
                (one.name, one.now, one.before, one.now - one.before, one.trend)
                for one in result.pairs
            ),
        ),
        Table(
            "promises",
            "Promises to answer and to call",
            DEFINITIONS["promises kept"],
            (
                Column("now", "Last seven days", Kind.RATE, "promises"),
                Column("before", "Seven days before", Kind.RATE, "promises"),
                _TREND,
            ),
            ((now, before, result.kept_trend),) if now.of or before.of else (),
        ),
    )
