"""What is sent to a Baton that faults strike: a company's leads, and what nobody should send."""

import threading
import time
from random import Random
from typing import Final

from confluent_kafka import Producer

from events.clients import producer_config
from tests.e2e.harness import PARTITIONS, Sent, Site

GARBAGE: Final = 0.02
MISPLACED: Final = 0.02
DUPLICATE: Final = 0.01
OLD_SHARE: Final = 0.25
"""Of the time, for what is old."""
FLUSH_SECONDS_MAX: Final = 120.0


class Load(threading.Thread):
    """Sends a log over the time there is: first what is old, then what is young, each evenly.

    Of what is old no local store is kept, so a worker that starts again restores in full; later on
    it goes on from what it has.
    """

    def __init__(self, site: Site, log: list[Sent], old: int, seconds: float) -> None:
        super().__init__(name="load", daemon=True)
        self._site, self._log, self._old, self._seconds = site, log, old, seconds
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
            ahead = began + self._due(number) - time.monotonic()
            producer.poll(max(ahead, 0) if number % 10 == 0 else 0)
            if number % 10 == 0 and ahead > 0:
                time.sleep(ahead)
        if producer.flush(FLUSH_SECONDS_MAX):
            self._note("not all of it was delivered")

    def end(self) -> None:
        """Return when all of it was sent; fails if it was not."""
        self.join(self._seconds + FLUSH_SECONDS_MAX)
        if self.is_alive() or self.failure:
            raise AssertionError(f"the load could not be sent: {self.failure}")

    def _due(self, number: int) -> float:
        """When a record is sent, in seconds from the beginning."""
        old, young = self._old, len(self._log) - self._old
        if number < old:
            share = OLD_SHARE * number / old
        else:
            share = OLD_SHARE + (1 - OLD_SHARE) * (number - old) / young
        return share * self._seconds

    def _note(self, error: object) -> None:
        if error is not None:
            self.failure = str(error)


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
