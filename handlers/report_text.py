"""The report for people: tables of figures, and one lead's timeline with its receipt."""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, Final

from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from handlers.report import STEPS, Attainment, Report

LINES_MAX: Final = 60
"""Of a timeline: what lies between its beginning and its end is only counted."""
_ACTIVITIES_MAX: Final = 8
_LABELS: Final = {
    "accepted": "accepted (sal)",
    "mql": "mql, or past it",
    "sql": "qualified (sql)",
    "contacted": "contacted",
    "opportunity": "opportunity (sqo)",
}
_BY: Final = {
    "arrived": "marketing",
    "touched": "marketing",
    "contacted": "sales",
    "qualified": "sales",
    "qualification_short": "sales",
    "opportunity_opened": "sales",
    "opportunity_changed": "sales",
    "won": "sales",
    "lost": "sales",
    "owner_changed": "sales",
}
_COLOURS: Final = {"marketing": "magenta", "sales": "green", "baton": "cyan"}

_Event = Mapping[str, Any]


def render(report: Report) -> RenderableType:
    """Return the figures to print."""
    parts: list[RenderableType] = []
    for title, table in _tables(report):
        parts += [Text(f"\n{title}", style="bold"), Padding(table, (0, 0, 0, 2), expand=False)]
    return Group(*parts)


def render_timeline(values: Sequence[bytes]) -> RenderableType:
    """Return one lead's facts as lines, oldest first, and the receipt of its last handover."""
    events: list[_Event] = [json.loads(value) for value in values]
    if not events:
        return Text("no facts", style="dim")
    parts: list[RenderableType] = [Text(f"\nOne lead: {events[0]['subject']}", style="bold")]
    half = LINES_MAX // 2
    shown = events if len(events) <= LINES_MAX else [*events[:half], *events[-half:]]
    for place, event in enumerate(shown):
        if place == half and len(shown) < len(events):
            parts.append(Text(f"  … {len(events) - len(shown)} more facts …", style="dim"))
        parts.append(_line(event))
    # An early notice has a play as well, but no handover.
    offers = (e["data"] for e in reversed(events) if {"play", "handover"} <= e["data"].keys())
    if (handover := next(offers, None)) is not None:
        parts += [
            Text(f"\nIts receipt at {handover['handover']}", style="bold"),
            *_receipt(handover),
        ]
    return Group(*parts)


def _tables(report: Report) -> Iterator[tuple[str, Table]]:
    yield "Funnel", _funnel(report.funnel)
    yield "By arrival campaign", _campaigns(report.campaigns)
    yield "Handovers", _handovers(report.handovers)
    yield (
        "Back to marketing",
        _counts(
            (f"{reason}", f"{count:,}", kind) for (reason, kind), count in report.recycles.items()
        ),
    )
    yield "Promises (SLA)", _clocks(report.clocks)
    yield "Where leads are now", _counts((stage, f"{n:,}") for stage, n in report.stages.items())
    yield (
        "Refused input, by reason",
        _counts((reason, f"{count:,}") for reason, count in report.refusals.items()),
    )


def _funnel(funnel: Mapping[str, int]) -> Table:
    table = _table(2, 3, 4)
    table.add_row("", "leads", "of all", "of the step before", style="dim")
    before: int | None = None
    for step in STEPS:
        count, first = funnel[step], funnel[STEPS[0]]
        rate = "" if before is None else _percent(count, before)
        table.add_row(_LABELS.get(step, step), f"{count:,}", _percent(count, first), rate)
        before = count
    return table


def _campaigns(campaigns: Mapping[str, Mapping[str, int]]) -> Table:
    steps = ("leads", "mql", "accepted", "sql", "won")
    table = _table(*range(2, len(steps) + 3))
    table.add_row("", *steps, "won of mql", style="dim")
    for campaign, funnel in campaigns.items():
        counts = (f"{funnel[step]:,}" for step in steps)
        table.add_row(campaign, *counts, _percent(funnel["won"], funnel["mql"]))
    return table


def _handovers(handovers: Mapping[tuple[str, bool], int]) -> Table:
    table = _table(2, 3, 4)
    table.add_row("", "all", "normal", "fast track", style="dim")
    for kind in dict.fromkeys(kind for kind, _ in handovers):
        normal, fast = handovers.get((kind, False), 0), handovers.get((kind, True), 0)
        table.add_row(kind, f"{normal + fast:,}", f"{normal:,}", f"{fast:,}")
    return table


def _clocks(clocks: Iterable[Attainment]) -> Table:
    table = _table(2, 3, 4, 5, 6)
    table.add_row("", "kept", "met", "broken", "noticed late", "disputed", style="dim")
    for clock in clocks:
        kept = "-" if clock.share is None else f"{clock.share:.1%}"
        counts = (clock.met, clock.breached, clock.noticed_late, clock.disputed)
        table.add_row(clock.clock, kept, *(f"{count:,}" for count in counts))
    return table


def _counts(rows: Iterable[tuple[str, ...]]) -> Table:
    table = _table(2)
    for row in rows:
        table.add_row(*row)
    if not table.row_count:
        table.add_row(Text("none", style="dim"))
    return table


def _table(*right: int) -> Table:
    """Return a bare table; the columns counted from 1 that are named are aligned to the right."""
    table = Table(box=None, show_header=False, pad_edge=False, padding=(0, 2, 0, 0))
    for column in range(1, max(right, default=1) + 1):
        table.add_column(justify="right" if column in right else "left", no_wrap=True)
    return table


def _percent(part: int, whole: int) -> str:
    return f"{part / whole:.1%}" if whole else "-"


def _line(event: _Event) -> Text:
    kind = event["type"].removeprefix("lead.").rsplit(".v", 1)[0]
    data: _Event = event["data"]
    by = _side(kind, data)
    line = Text(f"  {event['time'][:16].replace('T', ' ')}  ")
    line.append(f"{by:<9}", style=_COLOURS[by])
    line.append(f"  {kind:<19}", style="bold" if kind in {"handover", "won"} else "")
    line.append(f" {_told(kind, data)}".rstrip())
    return line


def _side(kind: str, data: _Event) -> str:
    """Say whose deed it is: marketing's, sales', or what Baton made of it."""
    if kind == "stage_changed":
        return "sales" if data.get("by") else "baton"
    return _BY.get(kind, "baton")


def _told(kind: str, data: _Event) -> str:  # noqa: PLR0911 - one sentence a kind of fact
    if kind == "arrived":
        return str(data["origin"])
    if kind == "touched":
        touch: _Event = data["touch"]
        return _joined(touch["activity"], touch.get("campaign"), touch.get("channel"))
    if kind == "stage_changed":
        implied = "implied" if data.get("implied") else None
        move = f"{data['from_stage']} → {data['to_stage']}"
        return _joined(move, data["trigger"], data.get("reason"), _by(data), implied)
    if kind == "handover":
        track = "fast track" if data["fast"] else None
        grade = f"grade {data['receipt']['grade']}"
        return _joined(data["handover"], data["handover_kind"], track, grade, data["assignee"])
    if kind.startswith("clock_"):
        level = f"level {data['level']}" if data["level"] > 1 else None
        edge = "at the edge" if data.get("edge") else None
        return _joined(data["clock"], level, edge, data.get("assignee"))
    if kind == "contacted":
        return _joined(data["channel"], "reached" if data["reached"] else "not reached", _by(data))
    if kind in {"opportunity_opened", "opportunity_changed", "won", "lost"}:
        money = _joined(data.get("amount"), data.get("currency"), between=" ")
        return _joined(money, data.get("opportunity_stage"), data.get("reason"), _by(data))
    names = ("heads_up", "change", "reason", "activity", "to_rep", "code", "asked")
    return _joined(*(data.get(name) for name in names), _by(data))


def _by(data: _Event) -> str | None:
    return f"by {data['by']}" if data.get("by") else None


def _joined(*parts: str | None, between: str = " · ") -> str:
    return between.join(part for part in parts if part)


def _receipt(handover: _Event) -> Iterator[RenderableType]:
    receipt: _Event = handover["receipt"]
    yield Text(
        f"  grade {receipt['grade']} · fit {receipt['fit_points']} · engagement "
        f"{receipt['engagement_points']} · intent {receipt['intent_points']} · "
        f"by {receipt['rule']} · policy {receipt['policy']}"
    )
    table = _table(3)
    table.add_column()
    for part in receipt.get("fit", ()):
        table.add_row("fit", f"{part['attribute']} = {part['value']}", str(part["points"]))
    activities: list[_Event] = list(receipt.get("activities", ()))
    for part in activities[:_ACTIVITIES_MAX]:
        notes = [n for n in ("capped", "buying_signal", "alive") if part.get(n)]
        name = f"{part['activity']} x {part['count']}"
        table.add_row("engagement", name, str(part["points"]), ", ".join(notes).replace("_", " "))
    rest = activities[_ACTIVITIES_MAX:]
    if rest:
        points = f"{sum(part['points'] for part in rest):g}"
        table.add_row("engagement", f"{len(rest)} more", points)
    yield Padding(table, (0, 0, 0, 2), expand=False)
    yield Text(f"  next: {handover['play']}")
