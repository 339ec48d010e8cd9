"""The funnel: how far leads came, drawn as steps, and the same by one thing as tables."""

from dataclasses import dataclass
from itertools import pairwise
from typing import Final

from handlers.scoreboard.numbers.filters import FilterError
from handlers.scoreboard.numbers.funnel import BY, TITLES, Group, funnel
from handlers.scoreboard.numbers.funnel_tables import tables
from handlers.scoreboard.numbers.intervals import Rate
from handlers.scoreboard.tables import STEPS
from handlers.scoreboard.web import charts, formatting
from handlers.scoreboard.web.view import Asked, Figure, View

BY_WORDS: Final = {
    "campaign": "campaign",
    "source": "source",
    "content": "content",
    "rep": "rep",
    "grade": "grade",
    "week": "week of arrival",
    "step": "furthest step",
}
_MS: Final = 1_000


@dataclass(frozen=True, slots=True)
class Step:
    """One step of the drawing."""

    title: str
    reached: int
    open: int
    width: float
    """Of its bar, in per cent of the first step's."""
    open_width: float
    """Of what stands there and may go on."""
    onward: Rate | None
    """From the step before; None at the first."""
    median_seconds: float | None
    p90_seconds: float | None


def read_funnel(asked: Asked) -> View:
    """Return the funnel by what the address asks for, by campaign unless it does. FilterError."""
    by = asked.query.get("by") or "campaign"
    if by not in BY:
        raise FilterError(f"by is one of {', '.join(BY)}, not {by[:40]!r}")
    result = funnel(asked.connection, asked.filters, asked.now_at, by)
    parts = {"steps": steps(result.total), "by": by, "choices": BY_WORDS}
    return View(tables(result), figures=figures(result.total), parts=parts, extra={"by": by})


def figures(total: Group) -> tuple[Figure, ...]:
    """Return the funnel's two ends and what they are worth."""
    won = formatting.percent(formatting.share(total.reached["won"], total.reached["leads"]))
    return (
        Figure("Leads", (formatting.count(total.reached["leads"]),), "arrived, by these filters"),
        Figure("Won", (formatting.count(total.reached["won"]),), f"{won} of all leads so far"),
        Figure("Pipeline", formatting.amounts(total.pipeline), "deals that are open now"),
        Figure("Revenue", formatting.amounts(total.revenue), "deals that are won"),
    )


def steps(group: Group) -> tuple[Step, ...]:
    """Return the steps of a group, the first one as wide as the drawing."""
    whole = group.reached[STEPS[0]]
    first = Step(
        TITLES[STEPS[0]],
        whole,
        group.open[STEPS[0]],
        charts.width(whole, whole),
        charts.width(group.open[STEPS[0]], whole),
        None,
        None,
        None,
    )
    return (first, *(_step(group, step, whole) for _, step in pairwise(STEPS)))


def _step(group: Group, step: str, whole: int) -> Step:
    spread = group.times[step]
    return Step(
        TITLES[step],
        group.reached[step],
        group.open[step],
        charts.width(group.reached[step], whole),
        charts.width(group.open[step], whole),
        group.onward(step),
        None if spread.median is None else spread.median / _MS,
        None if spread.p90 is None else spread.p90 / _MS,
    )
