"""Figures become verdicts, a table, a picture and the marked parts of documents."""

import xml.etree.ElementTree as ET
from pathlib import Path
from typing import Any

from tests.benchmarks.bars import bars
from tests.benchmarks.figures import Figures, Measured, read, write
from tests.benchmarks.heats import Heat
from tests.benchmarks.latency import Latency
from tests.benchmarks.plot import svg
from tests.benchmarks.race import Result, Run
from tests.benchmarks.report import filled, markdown, terminal, write_documents
from tests.benchmarks.stages import StageCosts
from tests.benchmarks.stored import Stored
from tests.benchmarks.ticking import Pause


def _result(name: str, rate: float, cpu: float, disagreement: str = "") -> Result:
    runs = (Run(rate * f, cpu, 5.0, 9.0, disagreement=disagreement) for f in (0.9, 1, 1.2))
    return Result(name, f"{name} & co", tuple(runs))


def _part(**found: Any) -> Measured:  # noqa: ANN401 - the fields of a part
    return Measured("a machine", "versions", "2026-03-02", **found)


def _heat(*results: Result) -> Heat:
    return Heat("reference", "all of it", "a load", 0.25, 0.02, {one.name: one for one in results})


def _figures() -> Figures:
    results = [
        _result("baton", 60_000, 20),
        _result("faust", 4_000, 200),
        _result("quix", 90_000, 1, disagreement="3 of 4 handovers missing"),
        _result("streams", 50_000, 18),
        _result("streams-uncached", 55_000, 19),
    ]
    two = _result("baton-2", 105_000, 21)
    return {
        "race": _part(heats=[_heat(*results)]),
        "workers": _part(heats=[_heat(results[0], two)]),
        "growth": _part(heats=[_heat(results[0])]),
        "latency": _part(latency=Latency(30_000, 100, 40, 80, 120, 200)),
        "stored": _part(
            stored=[
                Stored(1_000_000, 4.0, 2.5, 350, 500, 420),
                Stored(5_000_000, 24.0, 0.5, 390, 510, 420),
            ]
        ),
        "tick": _part(pause=Pause(100_000, 3_000, 80, 20)),
        "stages": _part(stages=StageCosts({"decode": 5.5, "decide": 20.0}, 0.25, 0.2, 12.0)),
    }


def test_a_bar_is_met_or_so_much_short() -> None:
    verdicts = {bar.what: bar.verdict for bar in bars(_figures())}

    assert verdicts["rate, against Faust"] == "met"
    assert verdicts["rate, against Kafka Streams"] == "met", "against the faster one"
    assert verdicts["rate, against Kafka Streams, the further aim"] == "27 % short"
    assert verdicts["CPU, against Kafka Streams"] == "5 % short"
    assert verdicts["two processes, against one"] == "met"
    assert verdicts["handover latency at half load, p99"] == "met"
    assert verdicts["warm start, whatever the number of leads"] == "20 % short"
    assert verdicts["restore, 5,000,000 leads"] == "met", "the slowest one"
    assert verdicts["resident memory, 5,000,000 leads"] == "met"


def test_nothing_is_said_of_what_was_not_measured() -> None:
    assert bars({}) == []
    assert set(markdown({}).values()) >= {"No run is published yet."}


def test_who_does_other_work_is_named_and_not_published() -> None:
    figures = _figures()

    told = markdown(figures)
    compared = {bar.what for bar in bars(figures)}

    assert (
        "Not published, for it did other work: quix & co (3 of 4 handovers missing)."
        in (told["race"])
    )
    assert "90,000" not in told["race"]
    assert "rate, against Quix Streams" not in compared


def test_figures_are_read_back_and_parts_add_up(tmp_path: Path) -> None:
    kept = tmp_path / "there" / "benchmarks.json"
    figures = _figures()

    nothing = read(kept)
    write({"race": figures["race"]}, kept)
    write(read(kept) | {name: one for name, one in figures.items() if name != "race"}, kept)

    assert nothing == {}
    assert read(kept) == figures


def test_the_terminal_and_the_documents_show_the_same() -> None:
    shown, told = terminal(_figures()), "\n".join(markdown(_figures()).values())

    for figure in ("54,000", "60,000", "72,000", "27 % short", "p99 120 ms", "3,000 ms", "390 MB"):
        assert figure in shown
        assert figure in told


def test_the_picture_is_well_formed() -> None:
    results = [*_figures()["race"].heats[0].results.values()]

    picture = ET.fromstring(svg(results, "a < b"))  # noqa: S314 - our own

    assert picture.tag.endswith("svg")


def test_documents_are_filled_between_their_marks_alone() -> None:
    text = "before\n<!-- bench race -->\nold\n<!-- /bench race -->\nafter <!-- other -->\n"

    assert filled(text, {"bench race": "a \\1 b\n"}) == (
        "before\n<!-- bench race -->\na \\1 b\n<!-- /bench race -->\nafter <!-- other -->\n"
    )


def test_both_documents_get_their_parts_and_the_picture(tmp_path: Path) -> None:
    (tmp_path / "docs").mkdir()
    page, readme = tmp_path / "docs" / "performance.md", tmp_path / "README.md"
    page.write_text("<!-- bench latency -->\n<!-- /bench latency -->\n", "utf-8")
    readme.write_text("<!-- bench readme -->\n<!-- /bench readme -->\n", "utf-8")

    write_documents(_figures(), tmp_path)

    assert "p99 120 ms" in page.read_text("utf-8")
    assert "(docs/benchmarks.svg)" in readme.read_text("utf-8")
    assert "baton &amp; co" not in (tmp_path / "docs" / "benchmarks.svg").read_text("utf-8")
