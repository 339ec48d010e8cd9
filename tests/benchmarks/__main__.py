"""``python -m tests.benchmarks``: measure, print, and write what the documents show."""

import argparse
import sys
import tempfile
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from platform import python_version
from typing import Final

from deploy.kafka import Kafka
from tests.benchmarks.cluster import Log, write_log
from tests.benchmarks.latency import latency
from tests.benchmarks.load import Load
from tests.benchmarks.machinery import machine
from tests.benchmarks.race import candidates, race
from tests.benchmarks.report import Figures, figures_from, terminal, write
from tests.benchmarks.stages import cost_of_stages
from tests.benchmarks.stored import stored

ROOT: Final = Path(__file__).resolve().parents[2]
PARTS: Final = ("race", "stages", "latency", "stored")


def main() -> None:
    """Measure what was asked for, or show what was measured before."""
    chosen = _arguments()
    if chosen.figures is None:
        figures = _measure(chosen)
    else:
        figures = figures_from(chosen.figures.read_text(encoding="utf-8"))
    sys.stdout.write(terminal(figures) + "\n")
    write(figures, chosen.output, ROOT if chosen.write_docs else None)


def _measure(chosen: argparse.Namespace) -> Figures:
    load = Load(chosen.signals, max(1, chosen.leads or chosen.signals // 10), even=chosen.even)
    figures = Figures(
        machine(), _versions(), f"{datetime.fromtimestamp(_now(), UTC):%Y-%m-%d}", load.told
    )
    with Kafka() as kafka:
        _tell(f"writing {load.told}")
        properties = kafka.client_properties
        log = write_log(properties, "bench", load, chosen.compression)
        if "race" in chosen.parts:
            taking_part = [candidates()[name] for name in chosen.candidates]
            found = race(log, taking_part, chosen.repetitions, kafka.pid, _tell)
            figures.results = {one.name: one for one in found}
        if "stages" in chosen.parts:
            _measure_stages(log, figures)
        if "latency" in chosen.parts:
            _measure_latency(properties, chosen.rate, chosen.seconds, figures)
        if "stored" in chosen.parts:
            for count in chosen.stored:
                _tell(f"storing {count:,} leads")
                with tempfile.TemporaryDirectory(prefix="baton-bench-") as folder:
                    figures.stored.append(stored(properties, count, Path(folder)))
    return figures


def _measure_stages(log: Log, figures: Figures) -> None:
    _tell("taking signals step by step")
    stages = cost_of_stages(log)
    figures.stages = stages.micros()
    figures.facts_a_signal = stages.facts / stages.signals
    figures.changed_a_signal = stages.changed / stages.signals


def _measure_latency(
    properties: dict[str, str], rate: float | None, seconds: float, figures: Figures
) -> None:
    if rate is None:
        if "baton" not in figures.results:
            _tell("no latency: half of which rate is not known; --rate says it")
            return
        rate = figures.results["baton"].rate / 2
    _tell(f"{rate:,.0f} signals/s for {seconds:.0f} s")
    site = write_log(properties, "latency", Load(0, 1)).site
    with tempfile.TemporaryDirectory(prefix="baton-bench-") as folder:
        figures.latency = latency(site, rate, seconds, Path(folder))


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="make bench", description=__doc__)
    parser.add_argument("--signals", type=int, default=1_000_000)
    parser.add_argument("--leads", type=int, help="default: a tenth of the signals")
    parser.add_argument("--even", action="store_true", help="each lead equally often")
    parser.add_argument("--compression", default="none", help="none, zstd, ...")
    parser.add_argument("--repetitions", type=int, default=3)
    parser.add_argument(
        "--candidates", nargs="*", choices=list(candidates()), default=list(candidates())
    )
    parser.add_argument("--parts", nargs="*", choices=PARTS, default=list(PARTS))
    parser.add_argument("--rate", type=float, help="of latency; default: half of what was measured")
    parser.add_argument("--seconds", type=float, default=20.0, help="how long latency is measured")
    parser.add_argument("--stored", type=int, nargs="*", default=[10_000, 1_000_000])
    parser.add_argument("--output", type=Path, default=ROOT / ".bench")
    parser.add_argument("--figures", type=Path, help="measure nothing, show this benchmarks.json")
    parser.add_argument("--write-docs", action="store_true", help="into docs/ and README.md")
    return parser.parse_args()


def _versions() -> str:
    return (
        f"Python {python_version()}, confluent-kafka {version('confluent-kafka')}, "
        "Apache Kafka 4.3.1"
    )


def _now() -> float:
    return datetime.now(UTC).timestamp()  # noqa: TID251 - the day on which it was measured


def _tell(line: str) -> None:
    sys.stderr.write(f"{line}\n")
    sys.stderr.flush()


if __name__ == "__main__":
    main()
