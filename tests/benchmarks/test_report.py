"""Figures become verdicts, a table, a picture and the marked parts of documents."""

import xml.etree.ElementTree as ET

from tests.benchmarks.bars import bars
from tests.benchmarks.latency import Latency
from tests.benchmarks.plot import svg
from tests.benchmarks.race import Result, Run
from tests.benchmarks.report import Figures, figures_from, filled, markdown, terminal
from tests.benchmarks.stored import Stored


def _result(name: str, rate: float, cpu: float) -> Result:
    return Result(name, f"{name} & co", tuple(Run(rate * f, cpu, 5.0, 9.0) for f in (0.9, 1, 1.2)))


def _figures() -> Figures:
    results = [
        _result("baton", 60_000, 20),
        _result("faust", 4_000, 200),
        _result("streams", 50_000, 18),
        _result("streams-uncached", 55_000, 19),
    ]
    return Figures(
        "a machine",
        "versions",
        "2026-03-02",
        "a load",
        {one.name: one for one in results},
        {"decode": 5.5, "decide": 20.0},
        0.25,
        0.2,
        Latency(30_000, 100, 40, 80, 120, 200),
        [Stored(1_000_000, 4.0, 2.5, 350, 500, 420)],
    )


def test_a_bar_is_met_or_so_much_short() -> None:
    figures = _figures()

    verdicts = {
        bar.what: bar.verdict for bar in bars(figures.results, figures.latency, figures.stored)
    }

    assert verdicts["rate, against Faust"] == "met"
    assert verdicts["rate, against Kafka Streams"] == "met", "against the faster one"
    assert verdicts["rate, against Kafka Streams, the further aim"] == "27 % short"
    assert verdicts["CPU, against Kafka Streams"] == "5 % short"
    assert verdicts["warm start at 1,000,000 leads"] == "20 % short"
    assert verdicts["restore at 1,000,000 leads"] == "met"
    assert "rate, against Quix Streams" not in verdicts, "it was not measured"


def test_figures_are_read_back_from_json() -> None:
    assert figures_from(_figures().as_json()) == _figures()


def test_the_terminal_and_the_documents_show_the_same() -> None:
    shown, told = terminal(_figures()), markdown(_figures())

    for figure in ("54,000", "60,000", "72,000", "27 % short", "p99 120 ms"):
        assert figure in shown
        assert figure in told


def test_the_picture_is_well_formed() -> None:
    picture = ET.fromstring(svg(list(_figures().results.values()), "a < b"))  # noqa: S314 - our own

    assert picture.tag.endswith("svg")


def test_documents_are_filled_between_their_marks_alone() -> None:
    text = "before\n<!-- bench -->\nold\n<!-- /bench -->\nafter <!-- other -->\n"

    assert filled(text, {"bench": "a \\1 b\n"}) == (
        "before\n<!-- bench -->\na \\1 b\n<!-- /bench -->\nafter <!-- other -->\n"
    )
