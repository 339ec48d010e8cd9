"""What was measured, for people (terminal, Markdown) and for programs (JSON), from one run."""

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from tests.benchmarks.bars import Bar, bars
from tests.benchmarks.latency import Latency
from tests.benchmarks.plot import svg
from tests.benchmarks.race import Result, Run
from tests.benchmarks.stored import Stored

Row = Sequence[str]


@dataclass(slots=True)
class Figures:
    """Everything that one run of the benchmarks measured."""

    machine: str
    versions: str
    day: str
    load: str
    results: dict[str, Result] = field(default_factory=dict)
    stages: dict[str, float] = field(default_factory=dict)
    """µs of CPU a signal, by step."""
    facts_a_signal: float = 0.0
    changed_a_signal: float = 0.0
    """Leads told to ``lead.state``: one a batch, however often it changed."""
    latency: Latency | None = None
    stored: list[Stored] = field(default_factory=list)

    def as_json(self) -> str:
        """Return all of it."""
        return json.dumps(asdict(self), indent=2) + "\n"


def figures_from(text: str) -> Figures:
    """Read what ``as_json`` wrote."""
    told: dict[str, Any] = json.loads(text)
    told["results"] = {
        name: Result(one["name"], one["told"], tuple(Run(**run) for run in one["runs"]))
        for name, one in told["results"].items()
    }
    told["latency"] = None if told["latency"] is None else Latency(**told["latency"])
    told["stored"] = [Stored(**one) for one in told["stored"]]
    return Figures(**told)


def markdown(figures: Figures) -> str:
    """Return the tables as Markdown."""
    measured = f"Measured {figures.day} on {figures.machine}, {figures.versions}."
    parts = [f"{measured} Load: {figures.load}."]
    if figures.results:
        parts.append("![Signals a second](benchmarks.svg)")
        parts.append(_table(_RACE_HEAD, [_race_row(one) for one in figures.results.values()]))
    judged = bars(figures.results, figures.latency, figures.stored)
    if judged:
        parts.append(_table(("bar", "wanted", "measured", ""), [_bar_row(bar) for bar in judged]))
    if figures.latency is not None:
        parts.append(_latency_line(figures.latency))
    return "\n\n".join(parts) + "\n"


def stage_table(figures: Figures) -> str:
    """Return the cost of each step as Markdown."""
    rows = [(step, f"{micros:.2f}") for step, micros in figures.stages.items()]
    rows.append(("together", f"{sum(figures.stages.values()):.2f}"))
    told = (
        f"One partition of the load: {figures.facts_a_signal:.2f} facts a signal, "
        f"{figures.changed_a_signal:.2f} leads written."
    )
    return f"{told}\n\n{_table(('step', 'µs of CPU a signal'), rows)}\n"


def terminal(figures: Figures) -> str:
    """Return the same for a terminal: columns that stand below one another."""
    text = markdown(figures) + "\n" + (stage_table(figures) if figures.stages else "")
    return "\n".join(_aligned(text.splitlines()))


def write(figures: Figures, target: Path, root: Path | None) -> None:
    """Write JSON and plot, and into the documents below ``root`` if there is one."""
    target.mkdir(parents=True, exist_ok=True)
    (target / "benchmarks.json").write_text(figures.as_json(), encoding="utf-8")
    results = list(figures.results.values())
    picture = svg(results, f"Signals a second, one process each ({figures.day})") if results else ""
    if picture:
        (target / "benchmarks.svg").write_text(picture, encoding="utf-8")
    if root is None:
        return
    if picture:
        (root / "docs" / "benchmarks.svg").write_text(picture, encoding="utf-8")
    told = {"bench": markdown(figures), "stages": stage_table(figures)}
    for page in (root / "docs" / "performance.md", root / "README.md"):
        page.write_text(filled(page.read_text(encoding="utf-8"), told), encoding="utf-8")


def filled(text: str, parts: Mapping[str, str]) -> str:
    """Put each part between its marks: ``<!-- bench -->`` and ``<!-- /bench -->``."""
    for name, part in parts.items():
        marks = re.compile(rf"(<!-- {name} -->\n).*?(<!-- /{name} -->)", re.DOTALL)
        text = marks.sub(rf"\g<1>{part.replace(chr(92), chr(92) * 2)}\g<2>", text)
    return text


_RACE_HEAD = ("who", "signals/s (min, median, max)", "CPU s a million", "of the broker")


def _race_row(one: Result) -> Row:
    rates = [run.signals_per_second for run in one.runs]
    cpus = [run.cpu_seconds_per_million for run in one.runs]
    broker = [run.broker_seconds_per_million for run in one.runs]
    return (
        one.told,
        f"{min(rates):,.0f}, **{one.rate:,.0f}**, {max(rates):,.0f}",
        f"{min(cpus):.1f}, **{one.cpu:.1f}**, {max(cpus):.1f}",
        f"{min(broker):.1f}",
    )


def _bar_row(bar: Bar) -> Row:
    return bar.what, bar.wanted, bar.found, bar.verdict


def _latency_line(delay: Latency) -> str:
    return (
        f"Handover latency at {delay.signals_per_second:,.0f} signals/s, {delay.handovers:,} "
        f"handovers: p50 {delay.p50:.0f} ms, p95 {delay.p95:.0f} ms, p99 {delay.p99:.0f} ms, "
        f"worst {delay.worst:.0f} ms."
    )


def _table(head: Row, rows: Sequence[Row]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def _aligned(lines: Sequence[str]) -> list[str]:
    """Pad the cells of tables to the width of their columns."""
    shown: list[str] = []
    rows: list[list[str]] = []
    for line in [*lines, ""]:
        if line.startswith("|"):
            rows.append([cell.strip().replace("**", "") for cell in line.strip("|").split("|")])
            continue
        if rows:
            widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
            shown += [
                "  ".join(f"{'' if cell == '---' else cell:{width}}" for cell, width in
                          zip(row, widths, strict=True)).rstrip()
                for row in rows
            ]  # fmt: skip
            rows = []
        shown.append(line)
    return shown
