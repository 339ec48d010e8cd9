"""Measure, part by part; print each bar; write what the documents show.

Each part adds to one file of figures, so parts can be measured alone, one after the other:

  race      everybody on the reference load, in turn
  spread    leads that the cache does not help with, and a compressed log
  workers   one to four processes
  growth    more activities in the definition, more leads moving
  latency   from append to readable handover at half of the rate that race found
  stored    restore, warm start, memory and disk with many leads
  tick      what waits while a tick finds many leads due
  stages    what each step of a signal's way costs

Latency, tick and stages take about a minute each, the others some minutes each on two processors
that nobody else uses; each tells at its end how many.
"""

import argparse
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final

from deploy.kafka import Kafka
from handlers.garbage import collect_seldom
from tests.benchmarks import heats
from tests.benchmarks.bars import published
from tests.benchmarks.cluster import write_log
from tests.benchmarks.figures import Measured, measured_now, read, write
from tests.benchmarks.latency import latency
from tests.benchmarks.load import Load
from tests.benchmarks.report import PICTURE, terminal, write_documents, write_picture
from tests.benchmarks.stages import cost_of_stages
from tests.benchmarks.stored import stored
from tests.benchmarks.ticking import pause

ROOT: Final = Path(__file__).resolve().parents[2]
_PLANS: Final[dict[str, Callable[[Load], Sequence[heats.Plan]]]] = {
    "race": heats.reference,
    "spread": heats.spread,
    "workers": heats.workers,
    "growth": heats.growth,
}
PARTS: Final = (*_PLANS, "latency", "stored", "tick", "stages")
_STAGES_SIGNALS: Final = 500_000
"""One partition of them is enough."""
_QUICK: Final = {
    "signals": 100_000,
    "repetitions": 1,
    "stored": [10_000, 100_000],
    "due": 10_000,
    "seconds": 5.0,
}


def main() -> None:
    """Measure what was asked for, and show everything that is known."""
    chosen = _arguments()
    collect_seldom()
    kept = chosen.output / "benchmarks.json"
    if chosen.output == ROOT / ".bench" and chosen.quick:
        kept = chosen.output / "quick.json"
    for part in chosen.only:
        began = time.monotonic()
        _tell(f"{part} ...")
        with Kafka() as kafka:
            measured = _measure(part, chosen, kafka, read(kept))
        if measured is None:
            continue
        # Read again: another part may have been measured meanwhile.
        figures = read(kept) | {part: measured}
        write(figures, kept)
        write_picture(figures, chosen.output / PICTURE)
        _tell(f"{part}: {(time.monotonic() - began) / 60:.1f} minutes, kept in {kept}")
    figures = read(kept)
    sys.stdout.write(terminal(figures) + "\n")
    if chosen.write_docs:
        write_documents(figures, ROOT)
        write(figures, ROOT / "docs" / "benchmarks.json")


def _measure(
    part: str, chosen: argparse.Namespace, kafka: Kafka, known: dict[str, Measured]
) -> Measured | None:
    measured = measured_now()
    properties = kafka.client_properties
    load = Load(chosen.signals, max(1, chosen.signals // 10))
    if part in _PLANS:
        if part == "growth":
            load = Load(load.signals // 2, load.leads // 2)
        plans = [_only(plan, chosen.candidates) for plan in _PLANS[part](load)]
        measured.heats = heats.run_all(plans, properties, chosen.repetitions, kafka.pid, _tell)
    elif part == "stages":
        load = Load(min(load.signals, _STAGES_SIGNALS), load.leads)
        measured.stages = cost_of_stages(write_log(properties, "stages", load))
    elif part == "latency":
        rate = chosen.rate
        if rate is None and "baton" not in published(known, "race"):
            _tell(
                "no latency: half of which rate is not known; --rate says it, or race measures it"
            )
            return None
        rate = rate or published(known, "race")["baton"].rate / 2
        _tell(f"{rate:,.0f} signals/s for {chosen.seconds:.0f} s")
        site = write_log(properties, "latency", Load(0, 1)).site
        with tempfile.TemporaryDirectory(prefix="baton-bench-") as folder:
            measured.latency = latency(site, rate, chosen.seconds, Path(folder))
    elif part == "tick":
        with tempfile.TemporaryDirectory(prefix="baton-bench-") as folder:
            measured.pause = pause(properties, chosen.due, Path(folder))
    else:
        for count in chosen.stored:
            _tell(f"storing {count:,} leads")
            with tempfile.TemporaryDirectory(prefix="baton-bench-") as folder:
                measured.stored.append(stored(properties, count, Path(folder)))
    return measured


def _only(plan: heats.Plan, who: Sequence[str] | None) -> heats.Plan:
    if who is None:
        return plan
    return heats.with_candidates(plan, [name for name in plan.who if name in who])


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="make bench",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        epilog='for example: make bench BENCH="--only race latency --write-docs"',
    )
    add = parser.add_argument
    add(
        "--only", nargs="*", choices=PARTS, default=PARTS, help="these parts; none: measure nothing"
    )
    add("--quick", action="store_true", help="little of everything, kept apart: does it run?")
    add("--signals", type=int, default=1_000_000, help="of the reference load; leads: a tenth")
    add("--repetitions", type=int, default=3, help="of each candidate (default: 3)")
    add("--candidates", nargs="*", help="only these of a part's: baton, streams, quix, faust, ...")
    add("--rate", type=float, help="of latency; default: half of what race has found")
    add("--seconds", type=float, default=30.0, help="how long latency is measured")
    add("--stored", type=int, nargs="*", default=[10_000, 1_000_000, 5_000_000], help="leads")
    add("--due", type=int, default=100_000, help="leads that the tick finds due")
    add("--output", type=Path, default=ROOT / ".bench", help="folder of figures and plot")
    add("--write-docs", action="store_true", help="into docs/performance.md and README.md")
    chosen = parser.parse_args()
    if chosen.quick:
        for name, value in _QUICK.items():
            if getattr(chosen, name) == parser.get_default(name):
                setattr(chosen, name, value)
    return chosen


def _tell(line: str) -> None:
    sys.stderr.write(f"{line}\n")
    sys.stderr.flush()


if __name__ == "__main__":
    main()
