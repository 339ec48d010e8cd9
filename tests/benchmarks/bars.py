"""The bars: what was promised, what was measured, and whether it is enough."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from tests.benchmarks.latency import Latency
from tests.benchmarks.race import Result
from tests.benchmarks.stored import Stored

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


def bars(races: Mapping[str, Result], delay: Latency | None, kept: list[Stored]) -> list[Bar]:
    """Compare what was measured with what was promised; what was not measured is left out."""
    results = better_of_streams(races)
    found = [*_of_races(results)]
    if delay is not None:
        found.append(
            _at_most("handover latency at half load, p99", delay.p99, LATENCY_MS_MAX, "ms")
        )
    for one in kept:
        many = f"at {one.leads:,} leads"
        found += [
            _at_least(
                f"restore {many}", one.restored_per_second, RESTORED_PER_SECOND_MIN, "leads/s"
            ),
            _at_most(f"warm start {many}", one.warm_seconds, WARM_SECONDS_MAX, "s"),
            _at_most(f"disk a lead {many}", one.disk_bytes_a_lead, STATE_BYTES_MAX, "bytes"),
            _at_most(f"resident memory {many}", one.resident_mb, RESIDENT_MB_MAX, "MB"),
        ]
    return found


def _of_races(results: Mapping[str, Result]) -> Iterator[Bar]:
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
    if "baton-2" in results:
        factor = results["baton-2"].rate / baton.rate
        yield _at_least("two processes, against one", factor, SCALING_MIN, "times")


def _at_least(what: str, found: float, wanted: float, unit: str) -> Bar:
    return Bar(what, f"at least {_number(wanted)} {unit}", _number(found), found / wanted)


def _at_most(what: str, found: float, wanted: float, unit: str) -> Bar:
    return Bar(what, f"at most {_number(wanted)} {unit}", _number(found), wanted / found)


def _number(value: float) -> str:
    return f"{value:,.0f}" if value >= 100 else f"{value:.3g}"
