"""The bars: what was promised, what was measured, and whether it is enough."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from tests.benchmarks.figures import Figures
from tests.benchmarks.race import Result

LATENCY_MS_MAX: Final = 150.0
RESTORED_PER_SECOND_MIN: Final = 200_000.0
WARM_SECONDS_MAX: Final = 2.0
STATE_BYTES_MAX: Final = 600.0
RESIDENT_MB_MAX: Final = 400.0
SCALING_MIN: Final = 1.7
_RATIOS: Final = (
    ("faust", 12.0, "rate, against Faust"),
    ("quix", 2.0, "rate, against Quix Streams"),
    ("streams", 1.0, "rate, against Kafka Streams"),
    ("streams", 1.5, "rate, against Kafka Streams, the further aim"),
)


@dataclass(frozen=True, slots=True)
class Bar:
    """One thing that was promised."""

    what: str
    wanted: str
    found: str
    share: float
    """How much of it is reached; 1 and more is enough."""

    @property
    def verdict(self) -> str:
        """``met``, or how far short."""
        return "met" if self.share >= 1 else f"{100 * (1 - self.share):.0f} % short"


def better_of_streams(results: Mapping[str, Result]) -> Mapping[str, Result]:
    """Take of Kafka Streams with and without its cache the faster one."""
    ours = {name: one for name, one in results.items() if name.startswith("streams")}
    if not ours:
        return results
    return {**results, "streams": max(ours.values(), key=lambda one: one.rate)}


def bars(figures: Figures) -> list[Bar]:
    """Compare what was measured with what was promised; what was not measured is left out."""
    found = [*_of_race(figures), *_of_workers(figures)]
    delay = figures["latency"].latency if "latency" in figures else None
    if delay is not None:
        found.append(
            _at_most("handover latency at half load, p99", delay.p99, LATENCY_MS_MAX, "ms")
        )
    if "stored" in figures and figures["stored"].stored:
        kept = figures["stored"].stored
        most = max(kept, key=lambda one: one.leads)
        many = f"{most.leads:,} leads"
        slowest = min(kept, key=lambda one: one.restored_per_second if one.leads > 100_000 else 1e9)
        warm = max(one.warm_seconds for one in kept)
        found += [
            _at_least(
                f"restore, {slowest.leads:,} leads",
                slowest.restored_per_second,
                RESTORED_PER_SECOND_MIN,
                "leads/s",
            ),
            _at_most("warm start, whatever the number of leads", warm, WARM_SECONDS_MAX, "s"),
            _at_most(f"disk a lead, {many}", most.disk_bytes_a_lead, STATE_BYTES_MAX, "bytes"),
            _at_most(f"resident memory, {many}", most.resident_mb, RESIDENT_MB_MAX, "MB"),
        ]
    return found


def _of_race(figures: Figures) -> Iterator[Bar]:
    results = better_of_streams(published(figures, "race"))
    baton = results.get("baton")
    if baton is None:
        return
    for name, factor, what in _RATIOS:
        if name in results:
            yield _at_least(what, baton.rate / results[name].rate, factor, "times")
    if "streams" in results:
        yield _at_most(
            "CPU, against Kafka Streams", baton.cpu, results["streams"].cpu, "s a million"
        )


def _of_workers(figures: Figures) -> Iterator[Bar]:
    results = published(figures, "workers")
    if {"baton", "baton-2"} <= results.keys():
        factor = results["baton-2"].rate / results["baton"].rate
        yield _at_least("two processes, against one", factor, SCALING_MIN, "times")


def published(figures: Figures, part: str) -> dict[str, Result]:
    """Return the results of a part's first heat, without whoever did other work."""
    if part not in figures or not figures[part].heats:
        return {}
    results = figures[part].heats[0].results
    return {name: one for name, one in results.items() if not one.disagreement}


def _at_least(what: str, found: float, wanted: float, unit: str) -> Bar:
    return Bar(what, f"at least {_number(wanted)} {unit}", _number(found), found / wanted)


def _at_most(what: str, found: float, wanted: float, unit: str) -> Bar:
    return Bar(what, f"at most {_number(wanted)} {unit}", _number(found), wanted / found)


def _number(value: float) -> str:
    return f"{value:,.0f}" if value >= 100 else f"{value:.3g}"
