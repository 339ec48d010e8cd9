"""Lives of a worker: started, disturbed, ended, started again, as a supervisor would do it.

A life ends by its own fault (``handlers.faults``), or by the test's hand once the group has come
far enough. What the log says is known beforehand, so whatever happened in between, readers have to
see what an undisturbed worker would have written.
"""

import os
import signal
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from itertools import pairwise
from pathlib import Path
from typing import Final, Self

from events.topics import Topics
from events.wall_clock import now_ms
from handlers.exits import Exit
from handlers.restore import STORE_AGE_MS_MAX
from tests.e2e.harness import (
    PARTITIONS,
    Broker,
    Follower,
    RunningWorker,
    Sent,
    Site,
    append,
    assert_same,
    await_read,
    await_that,
    counted,
    log_ends,
    read,
    site_of,
    views,
    worker,
)
from tests.e2e.reference import define, recent, views_of

KILLED: Final = -signal.SIGKILL
SOON: Final = {"session.timeout.ms": "1500", "heartbeat.interval.ms": "400"}
"""How soon the group gives a dead member's partitions to the next."""
LIFE_SECONDS_MAX: Final = 60.0
TESTS_MS_MAX: Final = 3 * 3_600_000
"""How long all tests that share the story take at most."""
SUPERVISED_SECONDS_MAX: Final = 120.0
MENDABLE: Final = (Exit.ERROR, Exit.FENCED, KILLED)
"""How a worker may end that its supervisor starts again; the rest is for a person to look at."""


def static(name: str) -> dict[str, str]:
    """Client properties of a member that is known again when it comes back."""
    return {**SOON, "group.instance.id": name}


def filled(broker: Broker, topics: Topics, log: Sequence[Sent] | None = None) -> Site:
    """A site with a whole log in it, by default the story that went on just now."""
    site = site_of(broker, topics)
    define(site)
    append(site, recent().log if log is None else log)
    return site


def agreed(broker: Broker, topics: Topics) -> Site:
    """A site whose log holds only the adoption that the story begins with."""
    return filled(broker, topics, recent().log[:PARTITIONS])


def pieces(count: int) -> list[list[Sent]]:
    """What follows in the story, in so many pieces.

    The first has all that is old as well: whoever starts again in a later one has a store that may
    be kept, and has to find out how far it is.
    """
    log = recent().log
    old = old_records(log)
    cuts = [PARTITIONS, *(old + (len(log) - old) * n // count for n in range(1, count + 1))]
    return [list(log[start:end]) for start, end in pairwise(cuts)]


def old_records(log: Sequence[Sent]) -> int:
    """How many records a log begins with whose leads no store may keep, or will not for long."""
    young = now_ms() - STORE_AGE_MS_MAX + TESTS_MS_MAX
    return next((at for at, one in enumerate(log) if one.timestamp > young), len(log))


def await_end(site: Site, workers: Sequence[RunningWorker]) -> None:
    """Return once everything in the log is committed."""
    await_read(site, log_ends(site), workers)


def await_story(site: Site, workers: Sequence[RunningWorker]) -> None:
    """Return once the whole story is committed, in a log that holds nothing else."""
    await_read(site, counted(recent().log), workers)


def assert_undisturbed(site: Site) -> None:
    """Readers see what an undisturbed worker would have written from the story."""
    assert_same(views(site), recent().views)


def assert_follows_from_log(site: Site) -> None:
    """Readers see what follows from the log as it lies there, for a log no test knows before."""
    assert_same(views(site), views_of(logged(site)))


def logged(site: Site) -> list[Sent]:
    """The log as it lies there."""
    return [
        Sent(one.partition, one.key, one.value, one.headers, one.timestamp)
        for one in read(site, site.topics.signals)
    ]


def taken(site: Site, follower: Follower) -> int:
    """How many offsets are committed, all partitions together."""
    return sum(follower.committed().values())


def metric(one: RunningWorker, name: str) -> float:
    """One sample of a worker's metrics; 0 while it does not answer."""
    try:
        return one.count(name)
    except AssertionError:
        return 0.0


def await_taken(site: Site, follower: Follower, count: int) -> None:
    """Return once more offsets than this are committed."""
    await_that(lambda: taken(site, follower) > count, LIFE_SECONDS_MAX, f"{count} taken")


def await_exit(one: RunningWorker, seconds: float = LIFE_SECONDS_MAX) -> int:
    """Return the exit code of a worker that ends by itself."""
    deadline = time.monotonic() + seconds
    while (code := one.child.exited()) is None:
        assert time.monotonic() < deadline, f"it does not end\n{one.child.tail()}"
        time.sleep(0.01)
    return code


def await_halt(one: RunningWorker, seconds: float = LIFE_SECONDS_MAX) -> None:
    """Return once the process was halted by its fault."""
    await_that(lambda: _state(one.child.pid) == "T", seconds, "halted", [one])


def go_on(one: RunningWorker) -> None:
    """Let a halted process go on."""
    os.kill(one.child.pid, signal.SIGCONT)


def halt(one: RunningWorker) -> None:
    """Halt all threads of a process."""
    os.kill(one.child.pid, signal.SIGSTOP)


def await_seconds(seconds: float, workers: Sequence[RunningWorker] = ()) -> None:
    """Let time-outs of the cluster pass: there is nothing to be seen of them from here."""
    until = time.monotonic() + seconds
    await_that(lambda: time.monotonic() >= until, seconds + 30, "time to pass", workers)


def last_sentence(said: str) -> str:
    """What a worker's log says last of what went wrong, without the time of day; or all of it."""
    wrong = [line for line in said.splitlines() if line[9:14] in {"error", "criti"}]
    return wrong[-1][9:] if wrong else said


class Crew:
    """The workers of a site: started, ended and started again by name. All end with the block."""

    def __init__(self, site: Site, directory: Path, **settings: object) -> None:
        self.site = site
        self.running: dict[str, RunningWorker] = {}
        self.last_words = ""
        """What was told last by whoever ended last."""
        self._directory = directory
        self._settings = settings
        self._held: dict[str, ExitStack] = {}

    def start(
        self,
        name: str,
        properties: Mapping[str, str] | None = None,
        **settings: object,
    ) -> RunningWorker:
        """Start one, with its store where it was the last time."""
        held = ExitStack()
        one = held.enter_context(
            worker(
                self.site,
                self._directory / name,
                name,
                properties={**SOON, **(properties or {})},
                **(self._settings | settings),
            )
        )
        self._held[name], self.running[name] = held, one
        return one

    def stop(self, name: str) -> int:
        """End one in good order and return its exit code."""
        one = self.running.pop(name)
        with self._held.pop(name):
            code = one.stop()
            self.last_words = one.child.tail()
        return code

    def kill(self, name: str) -> None:
        """End one as a power cut would."""
        one = self.running.pop(name)
        with self._held.pop(name):
            one.kill()

    def bury(self, name: str) -> int:
        """Let go of one that ended by itself, and return its exit code."""
        one = self.running.pop(name)
        with self._held.pop(name):
            code = await_exit(one)
            self.last_words = one.child.tail()
        return code

    @property
    def workers(self) -> list[RunningWorker]:
        """Those that were started and neither stopped nor killed."""
        return list(self.running.values())

    def __enter__(self) -> Self:
        """Start nobody."""
        return self

    def __exit__(self, *_: object) -> None:
        """End whoever is left."""
        for name in list(self.running):
            self.kill(name)


def supervised(
    crew: Crew,
    ends: dict[int, int] | None = None,
    *,
    share: float = 1,
    seconds_max: float = SUPERVISED_SECONDS_MAX,
) -> Counter[int]:
    """Come to the end, starting again whoever ends for a reason that a new start may mend.

    Returns how often that was, by exit code. Without ``ends`` the log's own end is meant, which
    moves while misplaced records are sent on; a ``share`` of it may do.
    """
    again: Counter[int] = Counter()
    wanted = log_ends(crew.site) if ends is None else ends
    wanted = {partition: int(end * share) for partition, end in wanted.items()}
    deadline = time.monotonic() + seconds_max
    with Follower(crew.site) as follower:
        while True:
            committed = follower.committed()
            if all(committed.get(partition, 0) >= end for partition, end in wanted.items()):
                farther = wanted if ends is not None or share < 1 else log_ends(crew.site)
                if farther == wanted:
                    return again
                wanted = farther
            for name, one in list(crew.running.items()):
                code = one.child.exited()
                if code is not None:
                    crew.bury(name)
                    orderly = code in MENDABLE and "Traceback" not in crew.last_words
                    assert orderly, f"{name} ended with {code}\n{crew.last_words}"
                    again[code] += 1
                    crew.start(name, static(name))
            if time.monotonic() > deadline:
                words = [f"{lags(one)}\n{one.child.tail()}" for one in crew.workers]
                raise AssertionError(
                    "\n".join([f"it stands at {committed}, its end is {wanted}", *words])
                )
            time.sleep(0.05)


def lags(one: RunningWorker) -> list[str]:
    """What a worker says of the lag of its partitions, and of what it waits for."""
    status, ready = one._get("/health/ready")
    if not status:
        return ["it does not answer"]
    told = [line for line in one.metrics().splitlines() if line.startswith("baton_lag_messages{")]
    return [ready.strip(), *told]


def _state(pid: int) -> str:
    """The scheduler's letter for a process: R, S, T ..."""
    stat = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8")
    return stat.rpartition(") ")[2][0]
