"""Faults of all kinds at random, under load: ``python -m tests.faults.chaos --seconds 60``.

A company's leads are sent to three brokers while workers are killed at any point, halted, fenced
and robbed of their local state, brokers die, definitions change, and garbage, duplicates and
misplaced records stand between the good ones. At the end everything is recomputed from the log,
twice over, and compared byte by byte. The same seed brings the same faults in the same order.
"""

import argparse
import os
import shutil
import signal
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from random import Random
from typing import Final

from confluent_kafka import Producer

from deploy.kafka import JarsError, Kafka, missing
from events.clients import producer_config
from events.topics import Topics, create
from events.wall_clock import now_ms
from handlers import verify
from handlers.adoption import AdoptionError
from handlers.faults import Act, Point
from handlers.settings import Settings
from handlers.simulate.rhythm import END_AT, WEEK_MS
from handlers.worker import DOMAIN
from schemas.policy import shipped_text
from tests.e2e.harness import PARTITIONS, Sent, Site, agree, assert_same, views
from tests.e2e.reference import define, played, views_of
from tests.faults.lives import KILLED, MENDABLE, Crew, go_on, halt, logged, static, supervised

WEEKS: Final = 8
LEADS_A_SECOND: Final = 12
WORKERS: Final = ("w1", "w2", "w3")
FAULT_SECONDS: Final = (0.3, 1.8)
"""Between two faults."""
HALT_SECONDS: Final = (0.5, 6.0)
BROKER_SECONDS: Final = (1.0, 5.0)
IN_TRANSACTION: Final = [Point.BEGUN, Point.FOLDED, Point.SENT]
GARBAGE, MISPLACED, DUPLICATE = 0.02, 0.02, 0.01
OTHER: Final = shipped_text().replace("name: shipped", "name: other", 1)
DEFINITIONS: Final = (shipped_text(), OTHER)


class Load(threading.Thread):
    """Sends a log, evenly over the time there is."""

    def __init__(self, site: Site, log: list[Sent], seconds: float) -> None:
        super().__init__(name="load", daemon=True)
        self._site, self._log, self._seconds = site, log, seconds
        self.failure: str | None = None

    def run(self) -> None:
        """Send all of it, whatever happens to the brokers meanwhile."""
        producer = Producer(producer_config(self._site.properties))
        began = time.monotonic()
        for number, one in enumerate(self._log):
            producer.produce(
                self._site.topics.signals,
                one.value,
                one.key,
                partition=one.partition,
                headers=list(one.headers),
                timestamp=one.timestamp,
                on_delivery=lambda error, _: self._note(error),
            )
            ahead = began + self._seconds * number / len(self._log) - time.monotonic()
            producer.poll(max(ahead, 0) if number % 50 == 0 else 0)
            if number % 50 == 0 and ahead > 0:
                time.sleep(ahead)
        if producer.flush(120):
            self._note("not all of it was delivered")

    def _note(self, error: object) -> None:
        if error is not None:
            self.failure = str(error)


class Chaos:
    """A crew, three brokers, and one fault after the other."""

    def __init__(self, kafka: Kafka, crew: Crew, twins: Crew, folder: Path, chance: Random) -> None:
        self._kafka, self._crew, self._twins = kafka, crew, twins
        self._folder, self._chance = folder, chance
        self._later: list[tuple[float, Callable[[], None]]] = []
        self._halted: set[str] = set()
        self.survived: Counter[str] = Counter()

    def bring(self, seconds: float) -> None:
        """Bring faults for so long, then mend everything but the workers' own ends."""
        until = time.monotonic() + seconds
        next_at = time.monotonic() + 3
        while time.monotonic() < until:
            self._mend()
            if time.monotonic() >= next_at:
                self._one()
                next_at = time.monotonic() + self._chance.uniform(*FAULT_SECONDS)
            time.sleep(0.02)
        for _, mend in self._later:
            mend()
        self._later.clear()
        for name in list(self._twins.running):
            self._twins.kill(name)

    def _one(self) -> None:
        kinds: dict[str, Callable[[], bool]] = {
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
        kind = self._chance.choice(list(kinds))
        if kinds[kind]():
            self.survived[kind] += 1

    def _mend(self) -> None:
        now = time.monotonic()
        for entry in [entry for entry in self._later if entry[0] <= now]:
            self._later.remove(entry)
            entry[1]()
        for name in WORKERS:
            if name not in self._crew.running:
                self._start(name)
                continue
            code = self._crew.running[name].child.exited()
            if code is not None:
                self._crew.bury(name)
                if code not in MENDABLE:
                    raise AssertionError(f"{name} ended with {code}\n{self._crew.last_words}")
                self.survived["worker killed inside" if code == KILLED else f"exit {code}"] += 1
                self._start(name)
        for name in list(self._twins.running):
            if self._twins.running[name].child.exited() is not None:
                self._twins.bury(name)

    def _start(self, name: str) -> None:
        fault = ""
        if self._chance.random() < 0.6:
            act = self._chance.choice((Act.KILL, Act.KILL, Act.ABORT, Act.PAUSE))
            point = self._chance.choice(IN_TRANSACTION if act is Act.ABORT else list(Point))
            fault = f"{point}:{self._chance.randrange(1, 30)}:{act}"
        member = static(name) if self._chance.random() < 0.5 else None
        self._crew.start(name, member, fault=fault)

    # Each fault says whether it could be brought now.

    def _anybody(self) -> str | None:
        there = sorted(self._crew.running.keys() - self._halted)
        return self._chance.choice(there) if there else None

    def _kill(self) -> bool:
        name = self._anybody()
        if name is None:
            return False
        self._crew.kill(name)
        return True

    def _stop(self) -> bool:
        name = self._anybody()
        if name is None or self._crew.running[name].child.exited() is not None:
            return False
        code = self._crew.stop(name)
        return code == 0

    def _halt(self) -> bool:
        name = self._anybody()
        if name is None or self._crew.running[name].child.exited() is not None:
            return False
        one = self._crew.running[name]
        halt(one)
        self._halted.add(name)

        def mend() -> None:
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
        if len(self._kafka.pids) < self._kafka.brokers or self._broker_halted():
            return False
        number = self._chance.choice(list(self._kafka.pids))
        self._kafka.kill_broker(number)
        self._after(BROKER_SECONDS, lambda: self._kafka.start_broker(number))
        return True

    def _halt_broker(self) -> bool:
        if len(self._kafka.pids) < self._kafka.brokers or self._broker_halted():
            return False
        number = self._chance.choice(list(self._kafka.pids))
        pid = self._kafka.pids[number]
        os.kill(pid, signal.SIGSTOP)
        self._halted.add("broker")

        def mend() -> None:
            os.kill(pid, signal.SIGCONT)
            self._halted.discard("broker")

        self._after(BROKER_SECONDS, mend)
        return True

    def _broker_halted(self) -> bool:
        return "broker" in self._halted

    def _adopt(self) -> bool:
        try:
            agree(self._crew.site, now_ms(), text=self._chance.choice(DEFINITIONS))
        except AdoptionError:
            return False  # A broker is away, perhaps the one that coordinates it.
        return True

    def _after(self, seconds: tuple[float, float], mend: Callable[[], None]) -> None:
        self._later.append((time.monotonic() + self._chance.uniform(*seconds), mend))


def disturbed(log: tuple[Sent, ...], chance: Random) -> list[Sent]:
    """A log with garbage in it, duplicates, and records where they do not belong."""
    mixed: list[Sent] = []
    for one in log:
        about_lead = not (one.key or b"~").startswith(b"~")
        where = one.partition
        if about_lead and chance.random() < MISPLACED:
            where = (where + 1) % PARTITIONS
        mixed.append(Sent(where, one.key, one.value, one.headers, one.timestamp))
        if about_lead and chance.random() < DUPLICATE:
            mixed.append(mixed[-1])
        if chance.random() < GARBAGE:
            junk = chance.randbytes(chance.randrange(1, 100))
            mixed.append(Sent(one.partition, one.key, junk, (), one.timestamp))
    return mixed


def run(kafka: Kafka, seconds: float, seed: int) -> int:
    """Bring chaos for so long and print what was survived; returns how many differences remain."""
    chance = Random(seed)
    monday = END_AT + (now_ms() - END_AT) // WEEK_MS * WEEK_MS
    story = played(WEEKS, int(LEADS_A_SECOND * seconds), monday, monday, seed)
    log = disturbed(story.log[PARTITIONS:], chance)
    site = Site(kafka.client_properties, Topics("chaos."))
    create(site.properties, site.topics, partitions=PARTITIONS, replication=kafka.replication)
    define(site)
    agree(site, story.log[0].timestamp)
    with (
        tempfile.TemporaryDirectory(prefix="baton-chaos-") as name,
        Crew(site, Path(name), batch_messages_max=100, tick_leads_max=9) as crew,
        Crew(site, Path(name) / "twins", batch_messages_max=100, tick_leads_max=9) as twins,
    ):
        chaos = Chaos(kafka, crew, twins, Path(name), chance)
        load = Load(site, log, seconds)
        load.start()
        chaos.bring(seconds)
        load.join(180)
        if load.is_alive() or load.failure:
            raise AssertionError(f"the load could not be sent: {load.failure}")
        supervised(crew)
    return report(site, chaos.survived)


def report(site: Site, survived: Counter[str]) -> int:
    """Recompute everything, and say what came of it."""
    found = views(site)
    messages = logged(site)
    kafka = {name: str(value) for name, value in site.properties.items()}
    settings = Settings(kafka=kafka, topics_prefix=site.topics.prefix, group=site.group)
    until = verify.targets(settings, site.topics, site.partitions)
    differences: list[str] = []
    try:
        done = verify.verify(
            settings, DOMAIN, lambda _: None, until=until, partition_count=site.partitions
        )
        print(f"verified: {done.records:,} records against {done.signals:,} signals")
        assert_same(found, views_of(messages, DEFINITIONS))
    except (verify.DifferentError, AssertionError) as error:
        differences.append(str(error))
    for kind, count in sorted(survived.items()):
        print(f"  {count:4d}  {kind}")
    print(f"faults survived: {survived.total()}")
    print(f"messages: {len(messages):,}")
    print(f"facts: {sum(map(len, found.lifecycle.values())):,}")
    print(f"differences: {len(differences)}", *differences, sep="\n")
    return len(differences)


def _garble(store: Path) -> None:
    for file in store.glob("*.sst"):
        content = bytearray(file.read_bytes())
        for at in range(len(content) // 8, len(content) // 2):
            content[at] ^= 0x5A
        file.write_bytes(bytes(content))


def main() -> int:
    """Do what the command line says; 0 when nothing differs."""
    parser = argparse.ArgumentParser(prog="python -m tests.faults.chaos", description=__doc__)
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--seed", type=int, default=None, help="default: any")
    chosen = parser.parse_args()
    seed = Random().randrange(1_000_000) if chosen.seed is None else chosen.seed
    print(f"seed: {seed}, seconds: {chosen.seconds:.0f}", flush=True)
    if lack := missing():
        print(lack, file=sys.stderr)
        return 1
    try:
        with Kafka(brokers=3) as kafka:
            return 1 if run(kafka, chosen.seconds, seed) else 0
    except (JarsError, AssertionError) as error:
        print(f"seed {seed}: {error}", file=sys.stderr)
        return 1


if __name__ == "__main__":
    sys.exit(main())
