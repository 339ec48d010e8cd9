"""The funnel as tables: its steps, what it was put together by, and how long the steps took."""

from typing import Final

from handlers.scoreboard.numbers.funnel import DEFINITIONS, GROUPS_MAX, TITLES, Funnel, Group
from handlers.scoreboard.numbers.spread import Spread
from handlers.scoreboard.numbers.table import Cell, Column, Kind, Table
from handlers.scoreboard.tables import STEPS

BY_TITLES: Final = {
    "campaign": "Arrival campaign",
    "source": "Arrival source",
    "content": "Arrival content",
    "rep": "Rep",
    "grade": "Grade at the last handover",
    "week": "Week of arrival",
    "step": "Furthest step",
}
_LATER: Final = STEPS[1:]
_MS: Final = 1000


def tables(result: Funnel) -> tuple[Table, ...]:
    """Return the funnel as tables."""
    return _steps(result), _groups(result), _times(result)


def _steps(result: Funnel) -> Table:
    total = result.total
    rows = tuple(
        (
            TITLES[step],
            total.reached[step],
            total.onward(step) if step in _LATER else None,
            total.open[step],
            *(_taken(total.times[step]) if step in _LATER else (None, None, None)),
        )
        for step in STEPS
    )
    return Table(
        "steps",
        "Steps",
        DEFINITIONS["reached"],
        (
            Column("step", "Step"),
            Column("leads", "Leads", Kind.COUNT, "leads", definition=DEFINITIONS["reached"]),
            Column("onward", "Of those before", Kind.RATE, "leads", "", DEFINITIONS["onward"]),
            Column("open", "Open here", Kind.COUNT, "leads", definition=DEFINITIONS["open"]),
            Column("median", "Time, median", Kind.DURATION, "", "", DEFINITIONS["time of a step"]),
            Column("p90", "Time, 90 % within", Kind.DURATION),
            Column("timed", "Timed", Kind.COUNT, "leads"),
        ),
        rows if total.reached["leads"] else (),
        note=_money_note(total),
    )


def _groups(result: Funnel) -> Table:
    rates = tuple(
        Column(step, TITLES[step], Kind.RATE, "leads", definition=DEFINITIONS["onward"])
        for step in _LATER
    )
    return Table(
        f"by-{result.by}",
        f"By {BY_TITLES[result.by].lower()}",
        f"{DEFINITIONS['onward']} {DEFINITIONS['cohort']}",
        (
            _named(result.by),
            Column("leads", "Leads", Kind.COUNT, "leads"),
            *rates,
            Column("open", "Open", Kind.COUNT, "leads", definition=DEFINITIONS["open"]),
            Column("pipeline", "Pipeline", Kind.MONEY, definition=DEFINITIONS["pipeline"]),
            Column("revenue", "Revenue", Kind.MONEY, definition=DEFINITIONS["revenue"]),
        ),
        tuple(
            (
                one.name,
                one.reached["leads"],
                *(one.onward(step) for step in _LATER),
                sum(one.open.values()),
                one.pipeline,
                one.revenue,
            )
            for one in result.groups
        ),
        note=_left_out(result),
    )


def _times(result: Funnel) -> Table:
    columns = []
    for step in _LATER:
        title = TITLES[step]
        columns.append(Column(f"{step}_median", f"{title}, median", Kind.DURATION))
        columns.append(Column(f"{step}_p90", f"{title}, 90 % within", Kind.DURATION))
    return Table(
        f"times-by-{result.by}",
        f"Time of each step by {BY_TITLES[result.by].lower()}",
        DEFINITIONS["time of a step"],
        (_named(result.by), *columns),
        tuple(
            (
                one.name,
                *(cell for step in _LATER for cell in _taken(one.times[step])[:2]),
            )
            for one in result.groups
        ),
        note=_left_out(result),
    )


def _named(by: str) -> Column:
    if by == "week":
        return Column(by, BY_TITLES[by], Kind.DAY)
    return Column(by, BY_TITLES[by], filter="" if by == "step" else by)


def _taken(time: Spread) -> tuple[Cell, Cell, int]:
    """Return median and 90th percentile in seconds, and the sample."""
    median = None if time.median is None else time.median / _MS
    return median, None if time.p90 is None else time.p90 / _MS, time.of


def _money_note(total: Group) -> str:
    told = []
    for title, amounts in (("Pipeline", total.pipeline), ("Revenue", total.revenue)):
        if amounts:
            told.append(f"{title}: {', '.join(f'{sum_} {name}' for name, sum_ in amounts)}.")
    return " ".join(told)


def _left_out(result: Funnel) -> str:
    if not result.left_out:
        return ""
    which = "latest" if result.by == "week" else "largest"
    return f"The {GROUPS_MAX} {which} are listed; {result.left_out} more are not."
