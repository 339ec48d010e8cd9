"""How sales' promises were kept, clock by clock: attainment, and the time that answers took.

Each run of a clock counts once, by what came of it first (``clocks.outcome``): it was met before
any breach, or it broke. What is neither stands apart: disputed ones (answered in time, heard of
after the breach), ones whose breach Baton itself noticed late, and those that were called off
before they were due.

One statement counts all runs at the finest grain, in the order of an index. What it gives is added
up here: a rep's runs, a team's, a week's and all are the same runs, and go through once.
"""

from collections import Counter, defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from sqlalchemy import Connection, Select, func, select

from handlers.scoreboard.numbers.filters import Filters
from handlers.scoreboard.numbers.intervals import Rate, rate
from handlers.scoreboard.numbers.spread import Spread, spread_among, told_apart, told_together
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


@dataclass(slots=True)
class _Runs:
    """Some runs of one clock, counted."""

    outcomes: Counter[tuple[str, bool]] = field(default_factory=Counter)
    """By what came of them, and whether they were ever paused."""
    edge: int = 0
    used: list[int] = field(default_factory=list)
    """Seconds until they were answered, of those never paused."""
    used_with_pauses: list[int] = field(default_factory=list)

    def add(self, more: "_Runs") -> None:
        """Take in others."""
        for outcome, count in more.outcomes.items():
            self.outcomes[outcome] += count
        self.edge += more.edge
        self.used += more.used
        self.used_with_pauses += more.used_with_pauses

    def sort(self) -> None:
        """Bring the times into order: lists of ordered pieces are sorted again in no time."""
        self.used.sort()
        self.used_with_pauses.sort()

    def count(self, outcome: str) -> int:
        """Return how many came to this, paused or not."""
        return self.outcomes[outcome, False] + self.outcomes[outcome, True]


def attainment(connection: Connection, filters: Filters) -> dict[str, tuple[Kept, ...]]:
    """Return how clocks were kept: ``all`` by clock, then each of ``rep``, ``team``, ``week``."""
    desks: defaultdict[tuple[str, str | None, str | None], _Runs] = defaultdict(_Runs)
    by: dict[str, defaultdict[tuple[str, str | None], _Runs]] = {
        name: defaultdict(_Runs) for name in ("all", "rep", "team", "week")
    }
    for clock, assignee, team, week, outcome, pauses, edge, count, used in connection.execute(
        _counted(filters)
    ):
        seconds = told_apart(used)
        for runs in (desks[clock, assignee, team], by["week"][clock, week]):
            runs.outcomes[outcome, pauses > 0] += count
            if edge and outcome == "met":
                runs.edge += count
            (runs.used_with_pauses if pauses else runs.used).extend(seconds)
    for (clock, assignee, team), runs in desks.items():
        runs.sort()
        for name, who in (("all", None), ("rep", assignee), ("team", team)):
            by[name][clock, who].add(runs)
    return {name: _kept(groups) for name, groups in by.items()}


def _counted(filters: Filters) -> Select[Any]:
    keys = (_IT.clock, _IT.assignee, _IT.team, _IT.week, _IT.outcome, _IT.pauses, _IT.edge)
    narrowed = filters.where(
        campaign=_IT.campaign,
        source=_IT.source,
        content=_IT.content,
        grade=_IT.grade,
        rep=_IT.assignee,
        team=_IT.team,
        week=_IT.week,
    )
    return (
        select(*keys, func.count(), told_together(_IT.used_seconds))
        .where(_IT.clock.in_(PROMISES), *narrowed)
        .group_by(*keys)
    )


def _kept(groups: Mapping[tuple[str, str | None], _Runs]) -> tuple[Kept, ...]:
    found = (_of(clock, who, runs) for (clock, who), runs in groups.items())
    return tuple(sorted(found, key=lambda kept: (PROMISES.index(kept.clock), kept.who or "")))


def _of(clock: str, who: str | None, runs: _Runs) -> Kept:
    met, met_calm = runs.count("met"), runs.outcomes["met", False]
    used_calm = spread_among(runs.used)
    used = used_calm
    if runs.used_with_pauses:
        used = spread_among(runs.used + runs.used_with_pauses)
    return Kept(
        clock=clock,
        who=who,
        met=rate(met, met + runs.count("broken")),
        met_unpaused=rate(met_calm, met_calm + runs.outcomes["broken", False]),
        edge=rate(runs.edge, met),
        disputed=runs.count("disputed"),
        late=runs.count("late"),
        cancelled=runs.count("cancelled"),
        running=runs.count("running"),
        used=used,
        used_unpaused=used_calm,
    )
