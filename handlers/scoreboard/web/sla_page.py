"""Both sides' promises: sales' clocks as lines, the month's promises beside what was agreed."""

from collections import defaultdict
from dataclasses import dataclass

from handlers.scoreboard.numbers.attainment import Kept
from handlers.scoreboard.numbers.intervals import Rate
from handlers.scoreboard.numbers.monthly import Month
from handlers.scoreboard.numbers.sla import Sla, sla, tables
from handlers.scoreboard.numbers.table import Series
from handlers.scoreboard.web import charts
from handlers.scoreboard.web.view import Asked, Measure, View


@dataclass(frozen=True, slots=True)
class Promise:
    """One of sales' clocks."""

    name: str
    met: Rate
    met_unpaused: Rate
    median_seconds: int | None
    p90_seconds: int | None
    weeks: Series
    """Attainment in per cent by week, oldest first."""


@dataclass(frozen=True, slots=True)
class Volume:
    """What marketing has handed over in a month, beside what it promised."""

    count: int
    promised: int
    projection: int | None
    width: float
    projected_width: float
    promised_at: float
    """All three in per cent of the drawing."""


@dataclass(frozen=True, slots=True)
class MonthShown:
    """The last month with handovers."""

    name: str
    volume: Volume
    quality: Measure
    feedback: Measure
    feedback_name: str
    """The month that sales' feedback is of: the last one that is old enough."""


def read_sla(asked: Asked) -> View:
    """Return how both sides kept their promises."""
    result = sla(asked.connection, asked.filters, asked.now_at)
    parts = {"promises": _promises(result), "month": _latest(result), "promised": result.promised}
    return View(tables(result), parts=parts)


def _promises(result: Sla) -> tuple[Promise, ...]:
    weeks = sorted({one.who for one in result.by_week if one.who is not None})
    shares: defaultdict[str, dict[str, float | None]] = defaultdict(dict)
    for one in result.by_week:
        if one.who is not None:
            shares[one.clock][one.who] = None if one.met.share is None else 100 * one.met.share
    return tuple(
        _promise(one, tuple(shares[one.clock].get(week) for week in weeks)) for one in result.clocks
    )


def _promise(one: Kept, weeks: Series) -> Promise:
    return Promise(one.clock, one.met, one.met_unpaused, one.used.median, one.used.p90, weeks)


def _latest(result: Sla) -> MonthShown | None:
    if not result.months:
        return None
    latest, promised = result.months[-1], result.promised
    # Sales has sixty days or so to answer: the last month has nothing to be judged by yet.
    answered = next((one for one in reversed(result.months) if one.feedback.of), latest)
    return MonthShown(
        latest.month,
        _volume(latest, promised.mql_promise_per_month),
        Measure(
            "Accepted, of those answered on their merits",
            latest.quality,
            promised.quality_promise,
            "quality",
            "promised",
        ),
        Measure(
            "Finally answered in time",
            answered.feedback,
            promised.feedback_promise,
            "handling",
            "promised",
        ),
        answered.month,
    )


def _volume(month: Month, promised: int) -> Volume:
    top = max(month.volume, promised, month.projection or 0) * 1.1
    return Volume(
        month.volume,
        promised,
        month.projection,
        charts.width(month.volume, top),
        charts.width(month.projection or 0, top),
        charts.width(promised, top),
    )
