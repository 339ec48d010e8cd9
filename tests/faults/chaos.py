"""Faults of all kinds at random, under load: ``python -m tests.faults.chaos --seconds 60``.

A company's leads are sent to three brokers while workers are killed at any point, halted, fenced
and robbed of their local state, brokers die, definitions change, and garbage, duplicates and
misplaced records stand between the good ones. At the end everything is recomputed from the log,
twice over, and compared byte by byte. The same seed brings the same faults in the same order.

The run ends in any case: whatever does not come to its end in time is told with the seed.
"""

import argparse
import faulthandler
import os
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from random import Random
from typing import Final

from deploy.kafka import JarsError, Kafka, KafkaError, missing
from events.topics import Topics, create
from events.wall_clock import now_ms
from handlers import verify
from handlers.comparison import DifferentError
from handlers.settings import Settings
from handlers.simulate.rhythm import END_AT, WEEK_MS
from handlers.worker import DOMAIN
from tests.e2e.harness import PARTITIONS, Site, agree, assert_same, views
from tests.e2e.reference import Story, define, played, views_of
from tests.faults.havoc import DEFINITIONS, Havoc
from tests.faults.lives import Crew, logged, old_records, supervised
from tests.faults.load import Load, disturbed

WEEKS: Final = 2
LEADS_A_SECOND: Final = 30
LIMITS: Final = {"batch_messages_max": 200, "tick_leads_max": 30}
"""So small that most ticks take more than one batch, which is where many faults can strike."""
LOAD_SHARE: Final = 0.85
"""Of the time there are faults, so that the workers come to the end under faults as well."""
CATCH_UP_SECONDS_MAX: Final = 180.0
OVERTIME_SECONDS_MAX: Final = 420.0
"""What a run may take besides the faults on the slowest machine it is meant for."""
NO_END: Final = 2
"""The exit code of a run that did not come to its end: nothing was compared."""


class Phases:
    """What a run is at, and how long each part took."""

    def __init__(self) -> None:
        self.now = "nothing yet"
        self._took: dict[str, float] = {}

    @contextmanager
    def at(self, what: str) -> Iterator[None]:
        """Be at something while the block lasts."""
        self.now, began = what, time.monotonic()
        yield
        self._took[what] = time.monotonic() - began

    def __str__(self) -> str:
        """All of it as one line."""
        parts = ", ".join(f"{what} {seconds:.0f}" for what, seconds in self._took.items())
        return f"seconds: {sum(self._took.values()):.0f} ({parts})"


def run(seconds: float, seed: int, phases: Phases) -> int:
    """Bring chaos for so long and print what was survived; returns how many differences remain."""
    chance = Random(seed)
    with phases.at("story"):
        story = told(seconds, seed)
        log = disturbed(story.log[PARTITIONS:], chance)
    with tempfile.TemporaryDirectory(prefix="baton-chaos-") as name, Kafka(brokers=3) as kafka:
        with phases.at("cluster"):
            site = Site(kafka.client_properties, Topics("chaos."))
            create(
                site.properties, site.topics, partitions=PARTITIONS, replication=kafka.replication
            )
            define(site)
            agree(site, story.log[0].timestamp)
        with (
            Crew(site, Path(name), **LIMITS) as crew,
            Crew(site, Path(name) / "twins", **LIMITS) as twins,
        ):
            havoc = Havoc(kafka, crew, twins, Path(name), chance)
            load = Load(site, log, old_records(log), seconds * LOAD_SHARE)
            with phases.at("faults"):
                load.start()
                havoc.bring(seconds)
            with phases.at("coming to the end"):
                load.end()
                supervised(crew, seconds_max=CATCH_UP_SECONDS_MAX)
        with phases.at("comparing"):
            return report(site, havoc.survived, havoc.last_words)


def told(seconds: float, seed: int) -> Story:
    """A company's last weeks up to now, of a size that fits the time."""
    now = now_ms()
    monday = END_AT + (now - END_AT) // WEEK_MS * WEEK_MS
    return played(WEEKS, int(LEADS_A_SECOND * seconds), monday + WEEK_MS, now, seed)


def report(site: Site, survived: Counter[str], last_words: Counter[str]) -> int:
    """Recompute everything, and say what came of it."""
    found = views(site)
    messages = logged(site)
    kafka = {name: str(value) for name, value in site.properties.items()}
    settings = Settings(kafka=kafka, topics_prefix=site.topics.prefix, group=site.group)
    scope = verify.scope(settings, site.topics, site.partitions)
    differences: list[str] = []
    try:
        done = verify.verify(settings, DOMAIN, scope, lambda _: None, site.partitions)
        print(f"verified: {done.records:,} records against {done.signals:,} signals")
        assert_same(found, views_of(messages, DEFINITIONS))
    except (DifferentError, AssertionError) as error:
        differences.append(str(error))
    for kind, count in sorted((+survived).items()):
        print(f"  {count:4d}  {kind}")
    for words, count in sorted(last_words.items()):
        print(f"        {count} x {words}")
    print(f"faults survived: {survived.total()}")
    print(f"messages: {len(messages):,}")
    print(f"facts: {sum(map(len, found.lifecycle.values())):,}")
    print(f"differences: {len(differences)}", *differences, sep="\n")
    return len(differences)


@contextmanager
def bounded(seconds: float, say: Callable[[], str]) -> Iterator[None]:
    """End this process, and with it all that it started, if the block takes longer than this."""

    def give_up() -> None:
        print(say(), file=sys.stderr, flush=True)
        faulthandler.dump_traceback()
        os._exit(NO_END)

    watch = threading.Timer(seconds, give_up)
    watch.daemon = True
    watch.start()
    try:
        yield
    finally:
        watch.cancel()


def main() -> int:
    """Do what the command line says; 0: nothing differs, 1: something does, NO_END: no end."""
    parser = argparse.ArgumentParser(prog="python -m tests.faults.chaos", description=__doc__)
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--seed", type=int, default=None, help="default: any")
    chosen = parser.parse_args()
    seed = Random().randrange(1_000_000) if chosen.seed is None else chosen.seed
    print(f"seed: {seed}, seconds: {chosen.seconds:.0f}", flush=True)
    if lack := missing():
        print(lack, file=sys.stderr)
        return 1
    phases = Phases()
    limit = chosen.seconds + OVERTIME_SECONDS_MAX
    with bounded(limit, lambda: f"seed {seed}: not done after {limit:.0f} s, at: {phases.now}"):
        try:
            differences = run(chosen.seconds, seed, phases)
        except (JarsError, KafkaError, AssertionError) as error:
            print(f"seed {seed}, at: {phases.now}: {error}", file=sys.stderr)
            return NO_END
    print(phases)
    return 1 if differences else 0


if __name__ == "__main__":
    sys.exit(main())
