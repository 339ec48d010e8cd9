"""A lead's clocks as bars: when each ran, waited and was overdue, and how it ended."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Final

from handlers.scoreboard.fact import ms, ms_or_none
from handlers.scoreboard.numbers.told import Told

RUNNING: Final = "running"
PAUSED: Final = "paused"
OVERDUE: Final = "overdue"


@dataclass(frozen=True, slots=True)
class Segment:
    """A stretch of a bar, ``[from_at, to_at)`` in ms."""

    state: str
    """``running``, ``paused`` or ``overdue``."""
    from_at: int
    to_at: int


@dataclass(frozen=True, slots=True)
class Bar:
    """One run of a clock."""

    clock: str
    run: int
    ref: str | None
    assignee: str | None
    started_at: int
    ended_at: int | None
    """None: it runs or waits."""
    due_at: int | None
    """Of its last level, or of the end of its wait."""
    warn_at: int | None
    """When it will warn, if that is known and ahead of it."""
    outcome: str
    """As in the tables: ``running``, ``met``, ``disputed``, ``late``, ``broken``, ``cancelled``."""
    warned_at: tuple[int, ...]
    breached_at: tuple[int, ...]
    segments: tuple[Segment, ...]

    @property
    def paused(self) -> bool:
        """Whether it waits now."""
        return self.ended_at is None and bool(self.segments) and self.segments[-1].state == PAUSED


@dataclass(slots=True)
class _Drawn:
    """A bar while its facts are read."""

    clock: str
    run: int
    ref: str | None
    assignee: str | None
    started_at: int
    since_at: int
    state: str = RUNNING
    ended_at: int | None = None
    due_at: int | None = None
    warn_at: int | None = None
    outcome: str = "running"
    warned_at: list[int] = field(default_factory=list)
    breached_at: list[int] = field(default_factory=list)
    segments: list[Segment] = field(default_factory=list)

    def turn(self, at: int, state: str) -> None:
        """End the stretch that goes on, if it has a length, and begin another."""
        if at > self.since_at and self.ended_at is None:
            self.segments.append(Segment(self.state, self.since_at, at))
            self.since_at = at
        self.state = state

    def end(self, at: int) -> None:
        """End the bar. An answer heard late may have been given before what was drawn."""
        self.turn(at, self.state)
        self.ended_at = max(at, self.started_at)
        self.segments = [
            Segment(one.state, one.from_at, min(one.to_at, at))
            for one in self.segments
            if one.from_at < at
        ]


def bars(story: Iterable[Told], now_at: int) -> tuple[Bar, ...]:
    """Draw the clocks that facts tell of, in the order in which they started."""
    drawn: dict[tuple[str, int], _Drawn] = {}
    for told in story:
        if told.kind == "handover_updated":
            _hasten(drawn, told)
        elif told.kind.startswith("clock_"):
            data = told.data
            key = (data.clock or "", data.run)
            if key not in drawn:
                drawn[key] = _Drawn(*key, data.ref, data.assignee, told.at, told.at)
            _draw(drawn[key], told)
    return tuple(_finished(one, now_at) for one in drawn.values())


def _draw(bar: _Drawn, told: Told) -> None:
    data, at = told.data, told.at
    match told.kind:
        case "clock_started":
            bar.due_at, bar.warn_at = ms_or_none(data.due_at), ms_or_none(data.warn_at)
        case "clock_warned":
            bar.warned_at.append(at)
            bar.warn_at = None
        case "clock_paused":
            bar.turn(at, PAUSED)
            bar.due_at, bar.warn_at = ms_or_none(data.until), None
        case "clock_resumed":
            bar.turn(at, OVERDUE if bar.breached_at else RUNNING)
            bar.due_at = ms_or_none(data.due_at)
        case "clock_breached":
            _break(bar, told)
        case "clock_met":
            if not bar.breached_at:
                bar.outcome = "met"
            elif data.disputed and at <= bar.breached_at[0]:
                bar.outcome = "disputed"
            bar.end(at)
        case _:
            bar.outcome = bar.outcome if bar.breached_at else "cancelled"
            bar.end(at)


def _break(bar: _Drawn, told: Told) -> None:
    data = told.data
    if not bar.breached_at:
        bar.outcome = "late" if data.noticed_late else "broken"
    bar.breached_at.append(told.at)
    bar.turn(told.at, OVERDUE)
    bar.warn_at = None
    if data.next_due_at is not None:
        bar.due_at = ms(data.next_due_at)
    elif not data.bare:
        bar.end(told.at)


def _hasten(drawn: dict[tuple[str, int], _Drawn], told: Told) -> None:
    """A raised hand, or another assignee, moves the deadline of the clock that runs."""
    data = told.data
    due = {"acceptance": data.accept_due_at, "first_contact": data.contact_due_at}
    for bar in drawn.values():
        due_at = due.get(bar.clock)
        if bar.ended_at is None and bar.ref == data.handover and due_at is not None:
            # When a clock warns that was made faster, no fact tells.
            if bar.due_at is not None and ms(due_at) < bar.due_at:
                bar.warn_at = None
            bar.due_at = ms(due_at)
            bar.assignee = data.assignee or bar.assignee


def _finished(bar: _Drawn, now_at: int) -> Bar:
    segments = list(bar.segments)
    if bar.ended_at is None and now_at > bar.since_at:
        segments.append(Segment(bar.state, bar.since_at, now_at))
    return Bar(
        clock=bar.clock,
        run=bar.run,
        ref=bar.ref,
        assignee=bar.assignee,
        started_at=bar.started_at,
        ended_at=bar.ended_at,
        due_at=bar.due_at,
        warn_at=bar.warn_at if bar.ended_at is None else None,
        outcome=bar.outcome,
        warned_at=tuple(bar.warned_at),
        breached_at=tuple(bar.breached_at),
        segments=tuple(segments),
    )


@dataclass(frozen=True, slots=True)
class Coming:
    """What comes next."""

    at: int
    what: str
    clock: str
    who: str | None


def coming(drawn: Iterable[Bar]) -> Iterator[Coming]:
    """Yield what the clocks that run will do, by themselves."""
    for bar in drawn:
        if bar.ended_at is not None or bar.due_at is None:
            continue
        if bar.clock == "nurture":
            yield Coming(bar.due_at, "wakes up", bar.clock, None)
        elif bar.paused:
            yield Coming(bar.due_at, "goes on", bar.clock, bar.assignee)
        else:
            if bar.warn_at is not None:
                yield Coming(bar.warn_at, "warns", bar.clock, bar.assignee)
            yield Coming(bar.due_at, "breaks", bar.clock, bar.assignee)
