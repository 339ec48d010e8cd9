"""What was measured, for people: terminal, documents and plot, from the same figures."""

import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from statistics import median
from typing import Final

from tests.benchmarks.bars import bars, published
from tests.benchmarks.figures import Figures, Measured
from tests.benchmarks.heats import Heat
from tests.benchmarks.plot import svg
from tests.benchmarks.race import Result

Row = Sequence[str]
PICTURE: Final = "benchmarks.svg"
_NOTHING: Final = "No run is published yet."


def markdown(figures: Figures) -> dict[str, str]:
    """Return each part as Markdown, by the name of its place in the documents."""
    told = dict.fromkeys(_WRITERS, _NOTHING)
    for name, write in _WRITERS.items():
        if name in figures:
            told[name] = f"{write(figures[name])}\n\n{figures[name].told}"
    judged = bars(figures)
    if judged:
        rows = [(bar.what, bar.wanted, bar.found, bar.verdict) for bar in judged]
        told["bars"] = _table(("bar", "wanted", "measured", ""), rows)
    else:
        told["bars"] = _NOTHING
    told["plot"] = _plot_line(figures, PICTURE)
    told["readme"] = "\n\n".join(
        part for part in (_plot_line(figures, f"docs/{PICTURE}"), told["race"], told["bars"])
    )
    return told


def terminal(figures: Figures) -> str:
    """Return the same for a terminal: columns that stand below one another."""
    told = markdown(figures)
    parts = [f"{name}\n\n{told[name]}" for name in (*_WRITERS, "bars") if told[name] != _NOTHING]
    return "\n".join(_aligned("\n\n".join(parts).splitlines()))


def write_picture(figures: Figures, target: Path) -> None:
    """Write the plot, if there is anything to show."""
    results = [*published(figures, "race").values()]
    if results:
        day = figures["race"].day
        target.write_text(svg(results, f"Signals a second, one process each ({day})"), "utf-8")


def write_documents(figures: Figures, root: Path) -> None:
    """Put tables and plot into the documents."""
    write_picture(figures, root / "docs" / PICTURE)
    told = {f"bench {name}": f"{text}\n" for name, text in markdown(figures).items()}
    for page in (root / "docs" / "performance.md", root / "README.md"):
        page.write_text(filled(page.read_text(encoding="utf-8"), told), encoding="utf-8")


def filled(text: str, parts: Mapping[str, str]) -> str:
    """Put each part between its marks: ``<!-- bench race -->`` and ``<!-- /bench race -->``."""
    for name, part in parts.items():
        marks = re.compile(rf"(<!-- {name} -->\n).*?(<!-- /{name} -->)", re.DOTALL)
        text = marks.sub(rf"\g<1>{part.replace(chr(92), chr(92) * 2)}\g<2>", text)
    return text


def _plot_line(figures: Figures, where: str) -> str:
    return f"![Signals a second]({where})" if published(figures, "race") else _NOTHING


# The parts.


def _race(part: Measured) -> str:
    return "\n\n".join(_heat(heat) for heat in part.heats)


def _heat(heat: Heat) -> str:
    head = ("who", "signals/s (min, median, max)", "CPU s a million", "broker's CPU s")
    agreeing = [one for one in heat.results.values() if not one.disagreement]
    rows = [
        (
            one.told,
            _spread([run.signals_per_second for run in one.runs], "{:,.0f}"),
            _spread([run.cpu_seconds_per_million for run in one.runs], "{:.1f}"),
            _spread([run.broker_seconds_per_million for run in one.runs], "{:.1f}"),
        )
        for one in agreeing
    ]
    refused = [
        f"Not published, for it did other work: {one.told} ({one.disagreement})."
        for one in heat.results.values()
        if one.disagreement
    ]
    return "\n\n".join([_load_line(heat), _table(head, rows), *refused])


def _load_line(heat: Heat) -> str:
    return (
        f"{heat.told[:1].upper()}{heat.told[1:]}: {heat.load}; {heat.facts_a_signal:.2f} facts a "
        f"signal, {100 * heat.moving:.1f} % of the signals move a lead."
    )


def _workers(part: Measured) -> str:
    head = ("processes", "signals/s (min, median, max)", "processors they had", "the broker had")
    (heat,) = part.heats
    rows = [
        (
            one.told,
            _spread([run.signals_per_second for run in one.runs], "{:,.0f}"),
            _spread([run.processors for run in one.runs], "{:.2f}"),
            _spread([run.broker_processors for run in one.runs], "{:.2f}"),
        )
        for one in heat.results.values()
    ]
    return f"{_load_line(heat)}\n\n{_table(head, rows)}"


def _growth(part: Measured) -> str:
    head = ("load", "facts a signal", "moving", "signals/s (min, median, max)", "CPU s a million")
    rows = [_growth_row(heat, heat.results["baton"]) for heat in part.heats]
    return f"Baton, one process; {part.heats[0].load}.\n\n{_table(head, rows)}"


def _growth_row(heat: Heat, one: Result) -> Row:
    return (
        heat.told,
        f"{heat.facts_a_signal:.2f}",
        f"{100 * heat.moving:.1f} %",
        _spread([run.signals_per_second for run in one.runs], "{:,.0f}"),
        _spread([run.cpu_seconds_per_million for run in one.runs], "{:.1f}"),
    )


def _stages(part: Measured) -> str:
    costs = part.stages
    if costs is None:
        return _NOTHING
    rows = [(step, f"{micros:.2f}") for step, micros in costs.micros.items()]
    rows.append(("together", f"{sum(costs.micros.values()):.2f}"))
    told = (
        f"One partition of the reference load: {costs.facts_a_signal:.2f} facts a signal, "
        f"{costs.changed_a_signal:.2f} leads written; a batch waits {costs.commit_ms:.0f} ms for "
        "its commit."
    )
    return f"{told}\n\n{_table(('step', 'µs of CPU a signal'), rows)}"


def _latency(part: Measured) -> str:
    delay = part.latency
    if delay is None:
        return _NOTHING
    return (
        f"At {delay.signals_per_second:,.0f} signals/s, {delay.handovers:,} handovers: p50 "
        f"{delay.p50:.0f} ms, p95 {delay.p95:.0f} ms, p99 {delay.p99:.0f} ms, worst "
        f"{delay.worst:.0f} ms."
    )


def _stored(part: Measured) -> str:
    head = (
        "leads stored", "restored in", "leads/s", "warm start", "bytes a lead on disk",
        "in lead.state", "resident after restoring", "at work", "signals/s, evenly over them",
    )  # fmt: skip
    rows = [
        (
            f"{one.leads:,}",
            f"{one.restore_seconds:.1f} s",
            f"{one.restored_per_second:,.0f}",
            f"{one.warm_seconds:.2f} s",
            f"{one.disk_bytes_a_lead:,.0f}",
            f"{one.state_bytes_a_lead:,.0f}",
            f"{one.resident_restoring_mb:,.0f} MB",
            f"{one.resident_mb:,.0f} MB",
            f"{one.signals_per_second:,.0f}",
        )
        for one in sorted(part.stored, key=lambda one: one.leads)
    ]
    return _table(head, rows)


def _tick(part: Measured) -> str:
    found = part.pause
    if found is None:
        return _NOTHING
    return (
        f"A tick that finds {found.due_leads:,} leads due in its partition: a handover there took "
        f"{found.same_partition_ms:,.0f} ms at most, in the other partitions "
        f"{found.other_partitions_ms:,.0f} ms; before the tick {found.before_ms:,.0f} ms."
    )


_WRITERS: Final = {
    "race": _race,
    "spread": _race,
    "workers": _workers,
    "growth": _growth,
    "latency": _latency,
    "stored": _stored,
    "tick": _tick,
    "stages": _stages,
}


# Tables.


def _spread(values: Sequence[float], form: str) -> str:
    middle = median(values)
    low, high = min(values), max(values)
    return f"{form.format(low)}, **{form.format(middle)}**, {form.format(high)}"


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
