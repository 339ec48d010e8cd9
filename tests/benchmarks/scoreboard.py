"""How many facts a second the scoreboard takes into a database: from Kafka, through Faust, to SQL.

``python -m tests.benchmarks.scoreboard`` starts Apache Kafka, writes the facts of a played company
over and over under other leads' names, and lets a scoreboard read them into an empty database.
``--postgresql`` takes PostgreSQL instead of a file. Other load on the machine shows in the wall
time; the processor's seconds say what a fact costs.
"""

import argparse
import json
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from deploy.kafka import Kafka
from events.topics import Topics
from handlers import logs
from handlers.exits import Exit
from handlers.garbage import collect_seldom
from handlers.scoreboard.service import Scoreboard
from tests.handlers.simulate.fold import perform
from tests.scoreboard.feed import Feed
from tests.scoreboard.postgresql import PostgreSQL
from tests.scoreboard.running import no_pages, settings_of

FACTS = 100_000
PARTITIONS = 4
TRANSACTION_FACTS = 500
BAR = 5_000
"""Facts a second into SQLite, at least."""
SAMPLE_SECONDS = 0.05


@dataclass(frozen=True, slots=True)
class Measured:
    """What reading took."""

    facts: int
    wall_seconds: float
    cpu_seconds: float
    """Of this process, its server's apart."""

    def __str__(self) -> str:
        a_second = self.facts / self.wall_seconds
        micros = self.cpu_seconds / self.facts * 1e6
        return (
            f"{self.facts:,} facts in {self.wall_seconds:.1f} s: {a_second:,.0f} a second; "
            f"{self.cpu_seconds:.1f} s of processor, {micros:.0f} us a fact"
        )


def many(count: int) -> Iterator[bytes]:
    """Yield facts of a played company, again under other names until there are enough."""
    told = [(json.loads(fact)["subject"].encode(), fact) for fact in perform(3, 12, 450).values]
    for number in range(-(-count // len(told))):
        for lead, fact in told[: count - number * len(told)]:
            yield fact.replace(lead, b"%s-%d" % (lead, number))


def measure(feed: Feed, url: str, facts: int) -> Measured:
    """Let a scoreboard read all there is into an empty database."""
    board = Scoreboard(settings_of(feed, url), install=no_pages)
    stop = threading.Event()
    codes: list[Exit] = []
    thread = threading.Thread(target=lambda: codes.append(board.run(stop)))
    thread.start()
    begun = ended = cpu = 0.0
    while thread.is_alive() and not ended:
        read = board.metrics.registry.get_sample_value(
            "baton_scoreboard_facts_total", {"kind": "new"}
        )
        joined = board.metrics.registry.get_sample_value("baton_scoreboard_ready")
        if not read and not joined:
            begun, cpu = time.perf_counter(), time.process_time()
        if read and read >= facts:
            ended = time.perf_counter()
            cpu = time.process_time() - cpu
        time.sleep(SAMPLE_SECONDS)
    stop.set()
    thread.join()
    if codes != [Exit.OK]:
        raise SystemExit(f"the scoreboard ended with {codes}")
    return Measured(facts, ended - begun, cpu)


def main() -> None:
    """Measure once, and say whether it is enough."""
    asked = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    asked.add_argument("--facts", type=int, default=FACTS)
    asked.add_argument("--postgresql", action="store_true")
    given = asked.parse_args()
    logs.configure("text", "warning")
    collect_seldom()
    with ExitStack() as stack:
        kafka = stack.enter_context(Kafka())
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        url = f"sqlite:///{folder}/board.sqlite"
        if given.postgresql:
            url = stack.enter_context(PostgreSQL()).database()
        feed = Feed(kafka, Topics(), PARTITIONS)
        feed.commit(list(many(given.facts)), size=TRANSACTION_FACTS)
        measured = measure(feed, url, given.facts)
    sys.stdout.write(f"{url.split(':', 1)[0]}: {measured}\n")
    if not given.postgresql and measured.facts / measured.wall_seconds < BAR:
        sys.exit(f"fewer than {BAR:,} facts a second")


if __name__ == "__main__":
    main()
