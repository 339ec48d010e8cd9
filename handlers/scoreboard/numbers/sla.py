"""The promises of both sides: sales' clocks, and what both promised for a month."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final

from sqlalchemy import Connection

from handlers.scoreboard.moments import month_of
from handlers.scoreboard.numbers.attainment import Kept, attainment
from handlers.scoreboard.numbers.filters import Filters
from handlers.scoreboard.numbers.intervals import Rate
from handlers.scoreboard.numbers.limits import definitions
from handlers.scoreboard.numbers.monthly import Month, months
from handlers.scoreboard.numbers.table import Cell, Column, Kind, Table
from lifecycle.policy import Scoreboard

DEFINITIONS: Final[Mapping[str, str]] = {
    "attainment": (
        "A clock's attainment is the share that was met before any breach, of those that were met "
        "or broke; each clock counts once, and those called off before they were due are left out."
    ),
    "disputed": (
        "A clock is disputed when the answer is dated before its first deadline but was heard of "
        "after the breach; it counts neither as met nor as broken."
    ),
    "noticed_late": (
        "A breach that Baton itself noticed late counts neither as met nor as broken, since nobody "
        "was warned."
    ),
    "time_used": (
        "Time used runs from a clock's start to its answer, in time or not, in the clock's own "
        "kind of time and without its pauses; half of the answers took no longer than the median, "
        "nine of ten no longer than the 90th percentile."
    ),
    "edge": "Met at the edge is the share of met clocks whose answer came in the last part of the "
    "allowance: deadlines that are gamed show here.",
    "volume": (
        "Marketing's volume is the number of leads whose first handover fell in the month, by the "
        "definition or by a raised hand; repeats, nominations, claims and returns stand apart."
    ),
    "quality": (
        "Marketing's quality is the share of handovers that sales accepted, of those it accepted "
        "or rejected for a hard or soft reason; claims are sales' own, and those without an "
        "answer are sales' figure."
    ),
    "feedback": (
        "Sales' feedback is the share of handovers, claims and withdrawn ones left out, that had "
        "a final reason or a deal within the promised days, of those that are that old."
    ),
    "projection": (
        "The projection is the month's volume so far, divided by the part of the month that has "
        "gone by in plain days (UTC, not business days); there is none in the first day."
    ),
}


WEEKS_MAX: Final = 13
"""A table of weeks shows a quarter of a year."""
_NEWEST: Final = (
    f"The newest {WEEKS_MAX} weeks in which a clock started; filters on weeks show earlier ones."
)


@dataclass(frozen=True, slots=True)
class Sla:
    """Both sides' promises, and how they were kept."""

    clocks: tuple[Kept, ...]
    by_rep: tuple[Kept, ...]
    by_team: tuple[Kept, ...]
    by_week: tuple[Kept, ...]
    months: tuple[Month, ...]
    promised: Scoreboard
    """By the newest definition."""
    now_at: int


def sla(connection: Connection, filters: Filters, now_at: int) -> Sla:
    """Return how promises were kept. ``now_at`` in ms: what is not old enough yet is left out."""
    promised = definitions(connection).newest.scoreboard
    kept = attainment(connection, filters)
    return Sla(
        clocks=kept["all"],
        by_rep=kept["rep"],
        by_team=kept["team"],
        by_week=kept["week"],
        months=months(connection, filters, promised, now_at),
        promised=promised,
        now_at=now_at,
    )


_CLOCK: Final = Column("clock", "Promise")
_KEPT: Final = (
    Column("met", "Kept", Kind.RATE, "clocks", definition=DEFINITIONS["attainment"]),
    Column("met_unpaused", "Kept, never paused", Kind.RATE, "clocks"),
    Column("used_median", "Time used, median", Kind.DURATION, definition=DEFINITIONS["time_used"]),
    Column("used_p90", "Time used, 90 %", Kind.DURATION),
    Column("used_unpaused_median", "Never paused: median", Kind.DURATION),
    Column("used_unpaused_p90", "Never paused: 90 %", Kind.DURATION),
    Column("edge", "Met at the edge", Kind.RATE, "met clocks", definition=DEFINITIONS["edge"]),
    Column("disputed", "Disputed", Kind.COUNT, "clocks", definition=DEFINITIONS["disputed"]),
    Column("late", "Noticed late", Kind.COUNT, "clocks", definition=DEFINITIONS["noticed_late"]),
    Column("cancelled", "Called off", Kind.COUNT, "clocks"),
    Column("running", "Running", Kind.COUNT, "clocks"),
)
_KEYS: Final = {
    "rep": Column("rep", "Rep", filter="rep"),
    "team": Column("team", "Team", filter="team"),
    "week": Column("week", "Week of start", Kind.DAY),
}
_MONTH: Final = (
    Column("month", "Month"),
    Column("volume", "Handed over", Kind.COUNT, "leads", definition=DEFINITIONS["volume"]),
    Column("promised", "Promised", Kind.COUNT, "leads"),
    Column("projection", "Projection", Kind.COUNT, "leads", definition=DEFINITIONS["projection"]),
    Column("volume_promise", "Volume", Kind.VERDICT),
    Column("hand_raises", "Of these hands raised", Kind.COUNT, "leads"),
    Column("repeats", "Repeats", Kind.COUNT, "handovers"),
    Column("nominations", "Nominations", Kind.COUNT, "handovers"),
    Column("claims", "Claims", Kind.COUNT, "handovers"),
    Column("returns", "Returns", Kind.COUNT, "handovers"),
    Column("quality", "Accepted", Kind.RATE, "answers", definition=DEFINITIONS["quality"]),
    Column("quality_promise", "Quality", Kind.VERDICT),
    Column("feedback", "Feedback in time", Kind.RATE, definition=DEFINITIONS["feedback"]),
    Column("young", "Not that old yet", Kind.COUNT, "handovers"),
    Column("feedback_promise", "Feedback", Kind.VERDICT),
)


def tables(result: Sla) -> tuple[Table, ...]:
    """Return the tables of the page."""
    promised = result.promised
    return (
        Table(
            "promises",
            "Sales' promises",
            DEFINITIONS["attainment"],
            (_CLOCK, *_KEPT),
            tuple((one.clock, *_cells(one)) for one in result.clocks),
        ),
        Table(
            "months",
            "What both sides promised for a month",
            f"Marketing promised {promised.mql_promise_per_month} leads a month, of which sales "
            f"accepts {promised.quality_promise:.0%}; sales promised an answer to "
            f"{promised.feedback_promise:.0%} within {promised.feedback_days} days.",
            _MONTH,
            tuple(_month(one, promised, result.now_at) for one in result.months),
            note="Promises are those of the newest definition, for past months as well; with "
            "filters set, a part is held against the whole's promise.",
        ),
        *(
            Table(
                f"promises-by-{name}",
                f"By {name}",
                DEFINITIONS["attainment"],
                (_KEYS[name], _CLOCK, *_KEPT),
                tuple((one.who, one.clock, *_cells(one)) for one in rows),
                note=note,
            )
            for name, rows, note in (
                ("rep", result.by_rep, ""),
                ("team", result.by_team, ""),
                ("week", _newest(result.by_week), _NEWEST),
            )
        ),
    )


def _newest(rows: Iterable[Kept]) -> list[Kept]:
    """Leave out what began before the newest weeks."""
    rows = list(rows)
    weeks = sorted({one.who for one in rows if one.who is not None})
    shown = set(weeks[-WEEKS_MAX:])
    return [one for one in rows if one.who in shown]


def _cells(kept: Kept) -> tuple[Cell, ...]:
    return (
        kept.met,
        kept.met_unpaused,
        kept.used.median,
        kept.used.p90,
        kept.used_unpaused.median,
        kept.used_unpaused.p90,
        kept.edge,
        kept.disputed,
        kept.late,
        kept.cancelled,
        kept.running,
    )


def _month(month: Month, promised: Scoreboard, now_at: int) -> tuple[Cell, ...]:
    running = month.month == month_of(now_at)
    return (
        month.month,
        month.volume,
        promised.mql_promise_per_month,
        month.projection,
        _volume(month, promised.mql_promise_per_month, running=running),
        month.hand_raises,
        month.repeats,
        month.nominations,
        month.claims,
        month.returns,
        month.quality,
        _share(month.quality, promised.quality_promise),
        month.feedback,
        month.young,
        _share(month.feedback, promised.feedback_promise),
    )


def _volume(month: Month, promise: int, *, running: bool) -> str:
    """Return how a promise stands; a month that runs can be kept early, but not missed."""
    if month.volume >= promise:
        return "kept"
    if not running:
        return "missed"
    if month.projection is None:
        return "too young to tell"
    return "on course" if month.projection >= promise else "behind"


def _share(found: Rate, promise: float) -> str | None:
    """Return how a share stands against its promise: the share itself, not its interval."""
    if found.share is None:
        return None
    return "kept" if found.share >= promise else "missed"
