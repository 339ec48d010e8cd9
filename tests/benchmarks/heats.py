"""Heats: candidates that read the same log, or Baton alone on logs that differ in one thing.

They take turns, again and again, so that whatever slows the machine down for a while slows
everybody down.
"""

import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Final

import yaml

from handlers.build import CORE
from schemas.policy import shipped_text
from tests.benchmarks.cluster import write_log
from tests.benchmarks.load import ACTIVITIES, Load
from tests.benchmarks.race import Result, Run, candidates, run_once

_REAL: Final = ("page_view", "return_visit", "demo_request")
"""Of the shipped definition; it needs a buying signal and a way to raise a hand."""
_MORE_ACTIVITY: Final = {"points": 2, "half_life": "14 days", "cap": 6}


@dataclass(frozen=True, slots=True)
class Plan:
    """One log, and who reads it."""

    name: str
    told: str
    load: Load
    who: tuple[str, ...]
    compression: str = "none"
    policy: str | None = None


@dataclass(frozen=True, slots=True)
class Heat:
    """What came of it."""

    name: str
    told: str
    load: str
    facts_a_signal: float
    moving: float
    """Part of the signals that moved a lead."""
    results: dict[str, Result]


def reference(load: Load) -> list[Plan]:
    """Everybody on the reference load."""
    also = ("baton-interpreted",) if CORE == "compiled" else ()
    who = ("baton", *also, "faust", "quix", "streams", "streams-uncached")
    return [Plan("reference", "the reference load", load, who)]


def workers(load: Load) -> list[Plan]:
    """One to four processes, on partitions of one size.

    The reference load puts two fifths into one of its four, for its busiest leads are there: two
    processes could never be more than 1.7 times as fast as one on it.
    """
    who = ("baton", "baton-2", "baton-3", "baton-4")
    return [Plan("workers", "the same leads, evenly", replace(load, even=True), who)]


def spread(load: Load) -> list[Plan]:
    """Where the cache does not help, and where the log is compressed."""
    who = ("baton", "streams", "streams-uncached")
    even = Load(load.signals, load.signals * 2, even=True)
    return [
        Plan("even", "twice as many leads as signals, evenly", even, who),
        Plan("zstd", "the reference load, compressed by zstd", load, who, compression="zstd"),
    ]


def growth(load: Load) -> list[Plan]:
    """What grows with the definition, and with how much happens."""
    return [
        Plan("reference", "the reference load", load, ("baton",)),
        *(
            Plan(f"moving-{share}", f"{100 * share:g} % of the signals move a lead",
                 Load(load.signals, load.leads, moving=share), ("baton",))
            for share in (0.001, 0.3)
        ),
        *(
            Plan(f"activities-{count}", f"{count} activities in the definition",
                 Load(load.signals, load.leads, activities=names), ("baton",), policy=text)
            for count, (names, text) in ((count, _policy(count)) for count in (3, 60))
        ),
    ]  # fmt: skip


def with_candidates(plan: Plan, who: Sequence[str]) -> Plan:
    """Return the same for these candidates only."""
    return replace(plan, who=tuple(who))


def run_all(
    plans: Sequence[Plan],
    properties: dict[str, str],
    repetitions: int,
    broker_pid: int | None,
    tell: Callable[[str], None],
) -> list[Heat]:
    """Write the logs, and let everybody read in turn."""
    logs = {}
    for plan in plans:
        tell(f"writing {plan.load.told}, {plan.told}")
        logs[plan.name] = write_log(
            properties,
            f"heat-{plan.name}-{os.getpid()}",
            plan.load,
            compression=plan.compression,
            policy=plan.policy,
            decided=True,
        )
    runs: dict[tuple[str, str], list[Run]] = {}
    for number in range(1, repetitions + 1):
        for plan in plans:
            for name in plan.who:
                group = f"{name}-{plan.name}-{number}-{os.getpid()}"
                run = run_once(logs[plan.name], candidates()[name], group, broker_pid)
                runs.setdefault((plan.name, name), []).append(run)
                tell(_line(number, plan, name, run))
    heats = []
    for plan in plans:
        expected = logs[plan.name].expected
        results = {
            name: Result(name, candidates()[name].told, tuple(runs[plan.name, name]))
            for name in plan.who
        }
        facts = expected.facts / expected.records
        moving = expected.moving / expected.records
        heats.append(Heat(plan.name, plan.told, plan.load.told, facts, moving, results))
    return heats


def _line(number: int, plan: Plan, name: str, run: Run) -> str:
    differs = f"  DIFFERS: {run.disagreement}" if run.disagreement else ""
    return (
        f"run {number}  {plan.name:14} {name:17} {run.signals_per_second:9,.0f} signals/s  "
        f"{run.cpu_seconds_per_million:6.1f} CPU s a million  {run.handovers:,} handovers{differs}"
    )


def _policy(count: int) -> tuple[tuple[str, ...], str]:
    """Return the shipped definition with so many activities, and the names of those that happen.

    The request for a demo belongs to each definition and happens to nobody, so that what is
    measured is the number of activities and not the handovers.
    """
    document = yaml.safe_load(shipped_text())
    own = document["activities"]
    chosen = {name: own[name] for name in _REAL}
    others = [name for name in ACTIVITIES if name not in chosen]
    names = [*_REAL, *others, *(f"activity_{number}" for number in range(count))]
    for name in names[len(_REAL) : count]:
        chosen[name] = dict(_MORE_ACTIVITY)
    document["activities"] = chosen
    happening = tuple(name for name in chosen if name != "demo_request")
    return happening, yaml.safe_dump(document, sort_keys=False)
