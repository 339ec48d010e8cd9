"""What was measured, part by part, and how it is kept: one JSON file to which each part adds.

Parts are measured alone, perhaps on different days, so each says where, with what and when.
"""

import json
import os
import platform
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any, Final

from handlers.build import CORE
from tests.benchmarks.heats import Heat
from tests.benchmarks.latency import Latency
from tests.benchmarks.race import Result, Run
from tests.benchmarks.stages import StageCosts
from tests.benchmarks.stored import Stored
from tests.benchmarks.ticking import Pause

KAFKA: Final = "Apache Kafka 4.3.1"


@dataclass(slots=True)
class Measured:
    """One part: what it was measured on, and what it found."""

    machine: str
    versions: str
    day: str
    heats: list[Heat] = field(default_factory=list)
    stages: StageCosts | None = None
    latency: Latency | None = None
    stored: list[Stored] = field(default_factory=list)
    pause: Pause | None = None

    @property
    def told(self) -> str:
        """Where, with what and when."""
        return f"Measured {self.day} on {self.machine}, {self.versions}."


Figures = dict[str, Measured]
"""By part."""


def measured_now() -> Measured:
    """Return an empty part of this machine and day."""
    today = datetime.now(UTC)  # noqa: TID251 - the day on which it was measured
    versions = (
        f"Python {platform.python_version()}, Baton's domain {CORE}, "
        f"confluent-kafka {version('confluent-kafka')}, {KAFKA}"
    )
    return Measured(machine(), versions, f"{today:%Y-%m-%d}")


def machine() -> str:
    """What this machine is."""
    memory_gb = round(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30)
    return f"{os.cpu_count()} processors ({_processor()}), {memory_gb} GB, {platform.system()}"


def read(path: Path) -> Figures:
    """Return what was measured before; nothing if there is no such file."""
    if not path.exists():
        return {}
    document: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return {name: _measured(told) for name, told in document.items()}


def write(figures: Figures, path: Path) -> None:
    """Keep it, in place of what was there."""
    path.parent.mkdir(parents=True, exist_ok=True)
    document = {name: asdict(one) for name, one in figures.items()}
    path.write_text(json.dumps(document, indent=1) + "\n", encoding="utf-8")


def _measured(told: dict[str, Any]) -> Measured:
    kinds: dict[str, Any] = {"stages": StageCosts, "latency": Latency, "pause": Pause}
    found = {
        name: None if told[name] is None else kind(**told[name]) for name, kind in kinds.items()
    }
    return Measured(
        told["machine"],
        told["versions"],
        told["day"],
        heats=[_heat(one) for one in told["heats"]],
        stored=[Stored(**one) for one in told["stored"]],
        **found,
    )


def _heat(told: dict[str, Any]) -> Heat:
    results = {
        name: Result(one["name"], one["told"], tuple(Run(**run) for run in one["runs"]))
        for name, one in told["results"].items()
    }
    return Heat(**{**told, "results": results})


def _processor() -> str:
    for line in Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines():
        if line.startswith("model name"):
            return " ".join(line.partition(":")[2].split())
    return platform.machine()
