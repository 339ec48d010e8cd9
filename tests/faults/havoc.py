"""Faults of all kinds, one after the other, brought on a crew of workers and on three brokers.

What comes next is drawn by chance, so the same seed brings the same faults in the same order. What
takes long, such as a broker's start, goes on beside the next faults. Whoever ends is started
again, as a supervisor would, as long as it ends as its documentation says: with a code that may be
mended by a new start and a sentence, and within its time where it was asked to.
"""

import os
import shutil
import signal
import time
from collections import Counter
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from random import Random
from typing import Final

from deploy.kafka import Kafka
from events.wall_clock import now_ms
from handlers.adoption import AdoptionError
from handlers.exits import Exit
from handlers.faults import Act, Point
from schemas.policy import shipped_text
from tests.e2e.harness import agree
from tests.faults.lives import KILLED, MENDABLE, Crew, go_on, halt, last_sentence, static

WORKERS: Final = ("w1", "w2", "w3")
FAULT_SECONDS: Final = (0.5, 2.5)
"""Between two faults."""
HALT_SECONDS: Final = (0.5, 6.0)
BROKER_SECONDS: Final = (1.0, 5.0)
STOP_SECONDS_MAX: Final = 15.0
"""A stop takes 10 s at most, and a busy machine some more to notice."""
FIRST_SECONDS: Final = 3.0
IN_TRANSACTION: Final = [Point.BEGUN, Point.FOLDED, Point.SENT]
OTHER: Final = shipped_text().replace("name: shipped", "name: other", 1)
DEFINITIONS: Final = (shipped_text(), OTHER)


class Havoc:
    """A crew, three brokers, and one fault after the other."""

    def __init__(self, kafka: Kafka, crew: Crew, twins: Crew, folder: Path, chance: Random) -> None:
        self._kafka, self._crew, self._twins = kafka, crew, twins
        self._folder, self._chance = folder, chance
        self._later: list[tuple[float, Callable[[], None]]] = []
        self._beside = ThreadPoolExecutor(3)
        self._going_on: list[tuple[str, Future[bool]]] = []
        self._asked: dict[str, float] = {}
        """Workers that were asked to end, and when."""
        self._halted: set[str] = set()
        self._brokers_away: set[int] = set()
        self._kinds: dict[str, Callable[[], bool]] = {
            "worker killed": self._kill,
            "worker stopped in order": self._stop,
            "worker halted": self._halt,
            "worker fenced by a twin": self._twin,
            "local state deleted": lambda: self._spoil(shutil.rmtree),
            "local state garbled": lambda: self._spoil(_garble),
            "broker killed": self._kill_broker,
            "broker halted": self._halt_broker,
            "definition adopted": self._adopt,
        }
        self.survived: Counter[str] = Counter()
        self.last_words: Counter[str] = Counter()
        """What those said that ended by themselves."""

    def bring(self, seconds: float) -> None:
        """Bring faults for so long, then mend everything but the faults workers have in them."""
        until = time.monotonic() + seconds
        next_at = time.monotonic() + FIRST_SECONDS
        while time.monotonic() < until:
            self._mend()
            if time.monotonic() >= next_at:
                kind = self._chance.choice(list(self._kinds))
                self.survived[kind] += self._kinds[kind]()
                next_at = time.monotonic() + self._chance.uniform(*FAULT_SECONDS)
            time.sleep(0.02)
        for _, mend in self._later:
            mend()
        self._later.clear()
        while self._asked:
            for name in list(self._asked):
                self._look_after(name)
            time.sleep(0.02)
        for name in WORKERS:
            if name not in self._crew.running:
                self._start(name)
        self._beside.shutdown()
        self._look_beside()
        for name in list(self._twins.running):
            self._twins.kill(name)

    # Mending.

    def _mend(self) -> None:
        now = time.monotonic()
        for entry in [entry for entry in self._later if entry[0] <= now]:
            self._later.remove(entry)
            entry[1]()
        self._look_beside()
        for name in WORKERS:
            if name in self._crew.running:
                self._look_after(name)
            if name not in self._crew.running:
                self._start(name)
        for name in list(self._twins.running):
            if self._twins.running[name].child.exited() is not None:
                self._twins.bury(name)

    def _look_after(self, name: str) -> None:
        """Let go of a worker that ended; fail if it ended otherwise than it may."""
        code = self._crew.running[name].child.exited()
        asked_at = self._asked.get(name)
        if code is None:
            if asked_at is not None and time.monotonic() - asked_at > STOP_SECONDS_MAX:
                raise AssertionError(f"{name} was asked to end and does not: {self._words(name)}")
            return
        self._asked.pop(name, None)
        self._crew.bury(name)
        # Who is asked before it listens ends as any program does.
        if asked_at is not None and code in {Exit.OK, -signal.SIGTERM}:
            self.survived["worker stopped in order"] += 1
        elif code == KILLED:
            self.survived["worker killed inside"] += 1
        else:
            said = self._crew.last_words
            if code not in MENDABLE or "Traceback" in said:
                raise AssertionError(f"{name} ended with {code}\n{said}")
            self.survived[f"exit {code}"] += 1
            self.last_words[f"exit {code}: {last_sentence(said)}"] += 1

    def _words(self, name: str) -> str:
        return self._crew.running[name].child.tail()

    def _start(self, name: str) -> None:
        fault = ""
        if self._chance.random() < 0.6:
            act = self._chance.choice((Act.KILL, Act.KILL, Act.ABORT, Act.PAUSE))
            point = self._chance.choice(IN_TRANSACTION if act is Act.ABORT else list(Point))
            fault = f"{point}:{self._chance.randrange(1, 30)}:{act}"
        member = static(name) if self._chance.random() < 0.5 else None
        self._crew.start(name, member, fault=fault)

    def _look_beside(self) -> None:
        """Count what was done beside, or raise what it failed with."""
        for entry in [entry for entry in self._going_on if entry[1].done()]:
            self._going_on.remove(entry)
            self.survived[entry[0]] += entry[1].result()

    # Each fault says whether it was brought; those that go on beside are counted when they end.

    def _anybody(self) -> str | None:
        """A worker that runs as far as is known."""
        there = sorted(self._crew.running.keys() - self._halted - self._asked.keys())
        return self._chance.choice(there) if there else None

    def _kill(self) -> bool:
        name = self._anybody()
        if name is None:
            return False
        self._crew.kill(name)
        return True

    def _stop(self) -> bool:
        name = self._anybody()
        if name is not None and self._crew.running[name].child.exited() is None:
            self._asked[name] = time.monotonic()
            os.kill(self._crew.running[name].child.pid, signal.SIGTERM)
        return False

    def _halt(self) -> bool:
        name = self._anybody()
        if name is None or self._crew.running[name].child.exited() is not None:
            return False
        one = self._crew.running[name]
        halt(one)
        self._halted.add(name)

        def mend() -> None:
            # It may have ended by a fault of its own before it could be halted.
            if one.child.exited() is None:
                go_on(one)
            self._halted.discard(name)

        self._after(HALT_SECONDS, mend)
        return True

    def _twin(self) -> bool:
        name = self._anybody()
        if name is None or name in self._twins.running:
            return False
        self._twins.start(name)
        return True

    def _spoil(self, how: Callable[[Path], object]) -> bool:
        name = self._anybody()
        if name is None:
            return False
        self._crew.kill(name)
        stores = self._folder / name / self._crew.site.group / name
        for store in sorted(stores.glob("*")):
            how(store)
        return True

    def _kill_broker(self) -> bool:
        if self._brokers_away:
            return False
        number = self._chance.choice(list(self._kafka.pids))
        self._brokers_away.add(number)
        self._kafka.kill_broker(number)

        def back() -> bool:
            self._kafka.start_broker(number)
            self._brokers_away.discard(number)
            return False  # The kill was counted.

        self._after(BROKER_SECONDS, lambda: self._begin("broker back", back))
        return True

    def _halt_broker(self) -> bool:
        if self._brokers_away:
            return False
        number = self._chance.choice(list(self._kafka.pids))
        pid = self._kafka.pids[number]
        self._brokers_away.add(number)
        os.kill(pid, signal.SIGSTOP)

        def mend() -> None:
            os.kill(pid, signal.SIGCONT)
            self._brokers_away.discard(number)

        self._after(BROKER_SECONDS, mend)
        return True

    def _adopt(self) -> bool:
        text = self._chance.choice(DEFINITIONS)

        def adopted() -> bool:
            try:
                agree(self._crew.site, now_ms(), text=text)
            except AdoptionError:
                return False  # A broker is away, or somebody else adopts just now.
            return True

        if not any(what == "definition adopted" for what, _ in self._going_on):
            self._begin("definition adopted", adopted)
        return False

    def _begin(self, what: str, act: Callable[[], bool]) -> None:
        self._going_on.append((what, self._beside.submit(act)))

    def _after(self, seconds: tuple[float, float], mend: Callable[[], None]) -> None:
        self._later.append((time.monotonic() + self._chance.uniform(*seconds), mend))


def _garble(store: Path) -> None:
    for file in store.glob("*.sst"):
        content = bytearray(file.read_bytes())
        for at in range(len(content) // 8, len(content) // 2):
            content[at] ^= 0x5A
        file.write_bytes(bytes(content))
