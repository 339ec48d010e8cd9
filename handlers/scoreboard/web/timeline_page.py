"""A lead's timeline: its stages and clocks as bars, every deed in order, each move's receipt."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from handlers.scoreboard.numbers.bars import OVERDUE, PAUSED, Bar
from handlers.scoreboard.numbers.timeline import Deed, Timeline, tables, timeline
from handlers.scoreboard.web.charts import Axis, Span
from handlers.scoreboard.web.formatting import duration, moment, words
from handlers.scoreboard.web.guarding import NotHereError
from handlers.scoreboard.web.view import Asked, Page, View

LANES_MAX: Final = 30
"""Of clocks that are drawn: the latest ones."""
_LEAD_CHARACTERS_MAX: Final = 128
_SECOND_MS: Final = 1_000

_WHERE: Final = {
    "mql": "zone",
    "sal": "sales",
    "sql": "sales",
    "opportunity": "sales",
    "customer": "won",
    "disqualified": "gone",
}
"""Whose a stage is; marketing's, if not said."""
_ENDED: Final = {"met": "met", "disputed": "met", "cancelled": "cancelled"}


@dataclass(frozen=True, slots=True)
class Lane:
    """One line of bars."""

    name: str
    spans: tuple[Span, ...]
    told: str
    """The same in words."""


def read_lead(asked: Asked) -> View:
    """Return the timeline of the lead that the address names. NotHereError: nobody knows it."""
    lead_id = asked.query.get("id", "")
    found = None
    if lead_id.isprintable() and 0 < len(lead_id) <= _LEAD_CHARACTERS_MAX:
        found = timeline(asked.connection, lead_id, asked.now_at)
    if found is None:
        raise NotHereError(
            "No fact tells of a lead of that id. Look for a piece of it under Leads."
        )
    axis = _axis(found)
    parts = {
        "found": found,
        "lanes": (_stages(found.deeds, axis), *_clocks(found.clocks, axis)),
        "ticks": axis.ticks(),
    }
    return View(
        tables(found), parts=parts, title=lead_id, unlisted=frozenset({"timeline", "clocks"})
    )


LEAD: Final = Page(
    "lead",
    "A lead",
    "",
    "What marketing and sales did with it, in one line of time.",
    read_lead,
    "timeline.html",
    filtered=False,
    parameters=("id",),
    under="leads",
)


def _axis(found: Timeline) -> Axis:
    times = [deed.at for deed in found.deeds] or [found.now_at]
    return Axis(min(times), max(found.now_at, *times))


def _stages(deeds: Sequence[Deed], axis: Axis) -> Lane:
    changes: list[tuple[str, int]] = []
    for deed in deeds:
        if not changes or changes[-1][0] != deed.stage:
            changes.append((deed.stage, deed.at))
    ends = [at for _, at in changes[1:]] + [axis.end_at]
    spans = tuple(
        axis.span(
            _WHERE.get(stage, "marketing"),
            at,
            max(at, end),
            f"{stage} for {duration((max(at, end) - at) / _SECOND_MS)}, from {moment(at)}",
        )
        for (stage, at), end in zip(changes, ends, strict=True)
    )
    return Lane("stage", spans, ", then ".join(stage for stage, _ in changes))


def _clocks(all_: Iterable[Bar], axis: Axis) -> Iterator[Lane]:
    """Yield a lane for each clock, its runs beside each other; each deal has one of its own."""
    lanes: dict[tuple[str, str | None], list[Bar]] = {}
    for bar in all_:
        lanes.setdefault((bar.clock, bar.ref if bar.clock == "deal" else None), []).append(bar)
    for (clock, ref), runs in list(lanes.items())[-LANES_MAX:]:
        spans = tuple(span for bar in runs for span in _spans(bar, axis))
        told = ", then ".join(bar.outcome for bar in runs)
        yield Lane(words(clock) + (f" {ref}" if ref else ""), spans, told)


def _spans(bar: Bar, axis: Axis) -> Iterator[Span]:
    for one in bar.segments:
        kind = _kind(bar, one.state)
        took = duration((one.to_at - one.from_at) / _SECOND_MS)
        whose = f", {bar.assignee}" if bar.assignee else ""
        title = f"{words(bar.clock)}: {one.state} {took}, {bar.outcome} in the end{whose}"
        yield axis.span(kind, one.from_at, one.to_at, title)


def _kind(bar: Bar, state: str) -> str:
    if state == PAUSED:
        return "paused"
    if state == OVERDUE:
        return "breached"
    if bar.clock == "nurture":
        return "wait"
    return _ENDED.get(bar.outcome, "run")
