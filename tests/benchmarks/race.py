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
from dataclasses import dataclass, replace
from pathlib import Path
from statistics import median
from typing import Any, Final

from events.child import Child
from handlers.build import CORE
from tests.benchmarks.cluster import Log, Progress, keys_of, renew_outputs, scratch_topic
from tests.benchmarks.expected import disagreement
from tests.benchmarks.machinery import PEERS, class_path_of_streams, python_of_peers
from tests.e2e.harness import BATON, ROOT

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
    command: Callable[[Log, str, Path, str], Sequence[str]]
    """Of log, group, a folder of its own and a topic for handovers."""
    share: float = 1.0
    """Of the log; slow ones need not read all of it to show how slow they are."""
    processes: int = 1
    is_baton: bool = False
    interpreted: bool = False
    """Without the compiled domain, even where there is one."""


@dataclass(frozen=True, slots=True)
class Run:
    """One candidate's figures, once."""

    signals_per_second: float
    cpu_seconds_per_million: float
    broker_seconds_per_million: float
    from_start_seconds: float
    """From the start of the process until all was committed."""
    processors: float = 0.0
    """How many processors' time it had."""
    broker_processors: float = 0.0
    handovers: int = 0
    """Found behind it, in its output."""
    disagreement: str = ""
    """How its handovers differ from what they have to be."""


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

    @property
    def disagreement(self) -> str:
        """How the handovers of a run differ; nothing if all are right."""
        return next((run.disagreement for run in self.runs if run.disagreement), "")


def candidates() -> dict[str, Candidate]:
    """Everybody, by a short name."""
    streams = "Kafka Streams 4.3.1, exactly once v2, RocksDB, one thread: the simple job"
    found = (
        Candidate("baton", f"Baton, domain {CORE}, exactly once, RocksDB, one process: "
                  "the whole policy", _baton, is_baton=True),
        Candidate("baton-interpreted", "Baton, domain interpreted", _baton, is_baton=True,
                  interpreted=True),
        *(Candidate(f"baton-{count}", f"Baton, {count} processes", _baton, processes=count,
                    is_baton=True) for count in (2, 3, 4)),
        Candidate("faust", "Faust 0.15.3, agent with a table, at least once: the simple job",
                  lambda *given: _python("faust_peer.py", *given), share=0.1),
        Candidate("quix", "Quix Streams 3.28.1, exactly once, RocksDB: the simple job",
                  lambda *given: _python("quix_peer.py", *given), share=0.5),
        Candidate("streams", streams, lambda *given: _streams(64 * 2**20, *given)),
        Candidate("streams-uncached", f"{streams}, no cache",
                  lambda *given: _streams(0, *given)),
    )  # fmt: skip
    return {candidate.name: candidate for candidate in found}


def run_once(log: Log, candidate: Candidate, group: str, broker_pid: int | None) -> Run:
    """Start a candidate, watch it read its share, end it, and look at its handovers."""
    if candidate.is_baton:
        renew_outputs(log.site)
    with ExitStack() as held:
        sink = log.site.topics.handovers
        if not candidate.is_baton:
            sink = held.enter_context(scratch_topic(log.site, f"peer.{group}"))
        progress = held.enter_context(Progress(log, group))
        run = _watched(log, candidate, group, sink, progress, broker_pid)
        if not log.starts:
            return run
        handovers = keys_of(log.site, sink)
        done = {
            partition: offset - log.starts[partition]
            for partition, offset in progress.offsets().items()
        }
        wanted = log.expected.whole if candidate.is_baton else log.expected.simple
        if candidate.is_baton and not log.expected.decided:
            return run
        return replace(
            run,
            handovers=sum(map(len, handovers.values())),
            disagreement=disagreement(wanted, handovers, done),
        )


def _folder(held: ExitStack) -> Path:
    folder = Path(tempfile.mkdtemp(prefix="baton-bench-"))
    held.callback(shutil.rmtree, folder, ignore_errors=True)
    return folder


def _watched(
    log: Log,
    candidate: Candidate,
    group: str,
    sink: str,
    progress: Progress,
    broker_pid: int | None,
) -> Run:
    wanted = int(log.records * candidate.share)
    with ExitStack() as held:
        folder = _folder(held)
        words = held.enter_context(tempfile.TemporaryFile())
        command = candidate.command(log, group, folder, sink)
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
        done = _await(progress, max(wanted, warm + 1), children)
        seconds = time.perf_counter() - warm_at
        own, brokers = cpu_seconds(*pids) - cpu, cpu_seconds(broker_pid) - broker
        millions = (done - warm) / 1e6
        return Run(
            signals_per_second=(done - warm) / seconds,
            cpu_seconds_per_million=own / millions,
            broker_seconds_per_million=brokers / millions,
            from_start_seconds=time.perf_counter() - began,
            processors=own / seconds,
            broker_processors=brokers / seconds,
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
    environment = log.site.environment(
        group=group,
        worker_name=f"w{number}",
        state_dir=folder / str(number),
        metrics_port=0,
        log_level="warning",
    )
    return environment | ({"PYTHONPATH": str(ROOT)} if candidate.interpreted else {})


def _baton(_log: Log, _group: str, _folder: Path, _sink: str) -> Sequence[str]:
    return [*BATON, "worker"]


def _python(script: str, *given: Any) -> Sequence[str]:  # noqa: ANN401 - of ``_told``
    return [str(python_of_peers()), str(PEERS / script), *_told(*given)]


def _streams(cache_bytes: int, *given: Any) -> Sequence[str]:  # noqa: ANN401 - of ``_told``
    java = ["java", "-Xmx1g", "-Dorg.slf4j.simpleLogger.defaultLogLevel=warn"]
    return [*java, "-cp", class_path_of_streams(), "StreamsPeer", *_told(*given), str(cache_bytes)]


def _told(log: Log, group: str, folder: Path, sink: str) -> Sequence[str]:
    servers = log.site.properties["bootstrap.servers"]
    return [servers, log.site.topics.signals, sink, group, str(folder)]
