"""From a signal's append to its handover, as a subscriber reads it, at a given rate.

Every hundredth signal is a demo request of a lead that nobody knows, which is a handover at once.
The signal's time is taken when it is given to the producer, the handover's when a committed
reader has it: the client's own waiting on both ways is in it.
"""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from confluent_kafka import Consumer, Producer, TopicPartition

from events.clients import producer_config, reader_config
from events.codec import encode_signal
from events.partitioner import partition_of
from handlers.settings import Settings
from tests.benchmarks.load import PARTITIONS, Load, Sent
from tests.e2e.harness import Site, worker

EVERY: Final = 100
WARM_UP_SECONDS: Final = 20.0
"""Sent before anything counts, at the same rate: a broker that has just started needs a whole
processor for that long, while its virtual machine compiles, and on two that is what is measured."""
_STEP_SECONDS: Final = 0.005
_LAST_SECONDS: Final = 10.0
LINGER: Final = Settings.model_fields["linger_seconds"].default
"""What a worker has that nobody configures; tests hurry it otherwise."""


@dataclass(frozen=True, slots=True)
class Latency:
    """Milliseconds from append to readable handover, at a rate that was kept."""

    signals_per_second: float
    handovers: int
    p50: float
    p95: float
    p99: float
    worst: float


def latency(site: Site, rate: float, seconds: float, folder: Path) -> Latency:
    """Send signals at the rate for so long, and watch ``lead.handovers``."""
    records = list(_live(int(rate * (WARM_UP_SECONDS + seconds))))
    sent: dict[bytes, float] = {}
    with worker(site, folder, "latency", log_level="warning", linger_seconds=LINGER) as running:
        running.await_ready()
        with watching(site) as seen:
            kept = _send(site, records, rate, sent)
            deadline = time.perf_counter() + _LAST_SECONDS
            while len(seen) < len(sent) and time.perf_counter() < deadline:
                time.sleep(_STEP_SECONDS)
    missing = len(sent.keys() - seen.keys())
    if missing:
        raise RuntimeError(f"{missing} handovers of {len(sent)} were not seen")
    began = min(sent.values()) + WARM_UP_SECONDS
    took = sorted(1000 * (seen[key] - at) for key, at in sent.items() if at >= began)
    return Latency(
        kept, len(took), *(took[int(part * (len(took) - 1))] for part in (0.5, 0.95, 0.99, 1.0))
    )


def producer_of(site: Site) -> Producer:
    """Return a producer that sends what it is given almost at once."""
    return Producer(producer_config({**site.properties, "linger.ms": "1"}))


def sending(producer: Producer, site: Site, record: Sent, *, now: bool = False) -> None:
    """Send a record to ``lead.signals``; ``now``: stamped by the client."""
    producer.produce(
        site.topics.signals,
        record.value,
        record.key,
        record.partition,
        headers=[*record.headers],
        timestamp=0 if now else record.timestamp,
    )


@contextmanager
def watching(site: Site) -> Iterator[dict[bytes, float]]:
    """Note when each handover of who asks became readable, until the block ends."""
    seen: dict[bytes, float] = {}
    stop = threading.Event()
    watcher = threading.Thread(target=_watch, args=(site, seen, stop), daemon=True)
    watcher.start()
    try:
        yield seen
    finally:
        stop.set()
        watcher.join()


def _live(count: int) -> Iterator[Sent]:
    """Signals of now, with demo requests among them."""
    now = int(time.time() * 1000)
    ordinary = Load(count, max(1_000, count // 10), seed=2, start=now, days=0).records()
    for number, record in enumerate(ordinary):
        if number % EVERY:
            yield record
            continue
        key, value, headers = encode_signal(
            "lead.engaged.v1",
            f"asks-{number:09d}",
            {"activity": "demo_request", "campaign": "spring", "source": "google"},
            id=f"demo-{number}",
            source="/website/forms",
            time=now,
        )
        yield Sent(partition_of(key, PARTITIONS), key, value, headers, now)


def _send(site: Site, records: list[Sent], rate: float, sent: dict[bytes, float]) -> float:
    producer = producer_of(site)
    began = time.perf_counter()
    done = 0
    while done < len(records):
        due = min(len(records), int((time.perf_counter() - began) * rate) + 1)
        for record in records[done:due]:
            if record.key.startswith(b"asks-"):
                sent[record.key] = time.perf_counter()
            sending(producer, site, record, now=True)
        done = due
        producer.poll(0)
        time.sleep(_STEP_SECONDS)
    kept = done / (time.perf_counter() - began)
    producer.flush()
    return kept


def _watch(site: Site, seen: dict[bytes, float], stop: threading.Event) -> None:
    consumer = Consumer(reader_config({**site.properties, "fetch.wait.max.ms": 5}))
    topic = site.topics.handovers
    consumer.assign([TopicPartition(topic, number, 0) for number in range(site.partitions)])
    while not stop.is_set():
        for message in consumer.consume(1_000, 0.002):
            key = message.key()
            if message.error() is None and key is not None and key.startswith(b"asks-"):
                seen.setdefault(key, time.perf_counter())
    consumer.close()
