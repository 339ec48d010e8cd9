"""One candidate reads the log: its rate, and the CPU it took, from outside.

Nobody tells us how fast it is: the offsets that its group has committed are watched, and the
operating system is asked for the CPU time of its process. The rate counts from the first fifth
of the signals on, so that nobody's start, and no virtual machine's warm-up, is in it.
"""

import os
import shutil
import tempfile
import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Final

from events.child import Child
from tests.benchmarks.cluster import Log, Progress, peers_sink, renew_outputs
from tests.benchmarks.machinery import PEERS, class_path_of_streams, python_of_peers
from tests.e2e.harness import BATON

WARM_UP: Final = 0.2
LOOK_SECONDS: Final = 0.05
RUN_SECONDS_MAX: Final = 900.0


class CandidateEndedError(RuntimeError):
    """A candidate ended, or took too long."""


@dataclass(frozen=True, slots=True)
class Candidate:
    """Whoever reads the log."""

    name: str
    told: str
    """What it does, for the table."""
    command: Callable[[Log, str, Path], Sequence[str]]
    """Of log, group and a folder of its own."""
    share: float = 1.0
    """Of the log; slow ones need not read all of it to show how slow they are."""
    processes: int = 1
    is_baton: bool = False


@dataclass(frozen=True, slots=True)
class Run:
    """One candidate's figures, once."""

    signals_per_second: float
    cpu_seconds_per_million: float
    broker_seconds_per_million: float
    from_start_seconds: float
    """From the start of the process until all was committed."""


@dataclass(frozen=True, slots=True)
class Result:
    """One candidate's figures over all runs."""

    name: str
    told: str
    runs: tuple[Run, ...]

    @property
    def rate(self) -> float:
        """Signals a second: the median run's."""
        return median(run.signals_per_second for run in self.runs)

    @property
    def cpu(self) -> float:
        """CPU seconds a million signals: the median run's."""
        return median(run.cpu_seconds_per_million for run in self.runs)


def candidates() -> dict[str, Candidate]:
    """Everybody, by a short name."""
    streams = "Kafka Streams 4.3.1, exactly once v2, RocksDB, one thread: the simple job"
    found = (
        Candidate("baton", "Baton, exactly once, RocksDB, one process: the whole policy", _baton,
                  is_baton=True),
        Candidate("baton-2", "Baton, two processes", _baton, processes=2, is_baton=True),
        Candidate("faust", "Faust 0.15.3, agent with a table, at least once: the simple job",
                  lambda *given: _python("faust_peer.py", *given), share=0.1),
        Candidate("quix", "Quix Streams 3.28.1, exactly once, RocksDB: the simple job",
                  lambda *given: _python("quix_peer.py", *given), share=0.5),
        Candidate("streams", streams, lambda *given: _streams(64 * 2**20, *given)),
        Candidate("streams-uncached", f"{streams}, no cache",
                  lambda *given: _streams(0, *given)),
    )  # fmt: skip
    return {candidate.name: candidate for candidate in found}


def race(
    log: Log,
    taking_part: Sequence[Candidate],
    repetitions: int,
    broker_pid: int | None,
    tell: Callable[[str], None],
) -> list[Result]:
    """Let each read the log, in turn, again and again."""
    runs: dict[str, list[Run]] = {candidate.name: [] for candidate in taking_part}
    for number in range(1, repetitions + 1):
        for candidate in taking_part:
            run = run_once(log, candidate, f"{candidate.name}-{number}-{os.getpid()}", broker_pid)
            runs[candidate.name].append(run)
            tell(
                f"run {number}  {candidate.name:17} {run.signals_per_second:9,.0f} signals/s  "
                f"{run.cpu_seconds_per_million:6.1f} CPU s a million"
            )
    return [Result(one.name, one.told, tuple(runs[one.name])) for one in taking_part]


def run_once(log: Log, candidate: Candidate, group: str, broker_pid: int | None) -> Run:
    """Start a candidate, watch it read its share, and end it."""
    if candidate.is_baton:
        renew_outputs(log.site)
    wanted = int(log.records * candidate.share)
    with ExitStack() as held:
        progress = held.enter_context(Progress(log, group))
        folder = Path(tempfile.mkdtemp(prefix="baton-bench-"))
        held.callback(shutil.rmtree, folder, ignore_errors=True)
        words = held.enter_context(tempfile.TemporaryFile())
        command = candidate.command(log, group, folder)
        began = time.perf_counter()
        children = []
        for number in range(candidate.processes):
            environment = _environment(log, candidate, group, folder, number)
            child = Child(command, words, environment=environment)
            held.callback(child.stop)
            children.append(child)
        pids = [child.pid for child in children]
        warm = _await(progress, wanted * WARM_UP, children)
        cpu, broker = cpu_seconds(*pids), cpu_seconds(broker_pid)
        warm_at = time.perf_counter()
        done = _await(progress, wanted, children)
        ended_at = time.perf_counter()
        millions = (done - warm) / 1e6
        return Run(
            signals_per_second=(done - warm) / (ended_at - warm_at),
            cpu_seconds_per_million=(cpu_seconds(*pids) - cpu) / millions,
            broker_seconds_per_million=(cpu_seconds(broker_pid) - broker) / millions,
            from_start_seconds=ended_at - began,
        )


def cpu_seconds(*pids: int | None) -> float:
    """Return the CPU time, user and system, that processes have used."""
    total = 0.0
    for pid in pids:
        if pid is not None:
            # Behind the name, which may hold anything, the fields are numbers.
            fields = (
                Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()
            )
            total += (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
    return total


def _await(progress: Progress, wanted: float, children: Sequence[Child]) -> int:
    deadline = time.perf_counter() + RUN_SECONDS_MAX
    while (records := progress.records()) < wanted:
        ended = next((child for child in children if child.exited() is not None), None)
        if ended is not None or time.perf_counter() > deadline:
            raise CandidateEndedError(f"stuck at {records:,} records: {children[0].tail()}")
        time.sleep(LOOK_SECONDS)
    return records


def _environment(
    log: Log, candidate: Candidate, group: str, folder: Path, number: int
) -> dict[str, str]:
    if not candidate.is_baton:
        return {name: text for name, text in os.environ.items() if not name.startswith("BATON_")}
    return log.site.environment(
        group=group,
        worker_name=f"w{number}",
        state_dir=folder / str(number),
        metrics_port=0,
        log_level="warning",
    )


def _baton(_log: Log, _group: str, _folder: Path) -> Sequence[str]:
    return [*BATON, "worker"]


def _python(script: str, log: Log, group: str, folder: Path) -> Sequence[str]:
    return [str(python_of_peers()), str(PEERS / script), *_told(log, group, folder)]


def _streams(cache_bytes: int, log: Log, group: str, folder: Path) -> Sequence[str]:
    java = ["java", "-Xmx1g", "-Dorg.slf4j.simpleLogger.defaultLogLevel=warn"]
    told = _told(log, group, folder)
    return [*java, "-cp", class_path_of_streams(), "StreamsPeer", *told, str(cache_bytes)]


def _told(log: Log, group: str, folder: Path) -> Sequence[str]:
    servers = log.site.properties["bootstrap.servers"]
    return [servers, log.site.topics.signals, peers_sink(log.site), group, str(folder)]
