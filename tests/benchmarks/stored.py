"""What many stored leads cost: restoring them, starting again, memory and disk."""

import json
import os
import time
from collections.abc import Iterable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Final

from confluent_kafka import Consumer, KafkaException, TopicPartition

from events.clients import consumer_config
from events.codec import decode
from events.partitioner import partition_of
from events.state import encode_lead
from handlers.worker import DOMAIN
from lifecycle.lead import Lead
from lifecycle.signals import Signal
from schemas.policy import shipped
from schemas.refusal import Refused
from tests.benchmarks.cluster import COMING_UP, Log, Progress, append, ends_of, write_log
from tests.benchmarks.latency import LINGER
from tests.benchmarks.load import Load, Sent
from tests.e2e.harness import RunningWorker, Site, await_that, worker

SAMPLE_SIGNALS: Final = 50_000
WORK_SIGNALS: Final = 200_000
_SECONDS_MAX: Final = 900.0
_COMING_UP_SECONDS: Final = 30.0
_LEAD_NAME: Final = "lead-{:07d}"


@dataclass(frozen=True, slots=True)
class Stored:
    """What so many leads cost."""

    leads: int
    restore_seconds: float
    warm_seconds: float
    resident_mb: float
    """Of a worker that has gone through signals of leads all over the store."""
    disk_bytes_a_lead: float
    state_bytes_a_lead: float
    """In ``lead.state``."""
    resident_restoring_mb: float = 0.0
    """Of a worker that has just restored them all."""
    signals_per_second: float = 0.0
    """Of signals of leads all over the store, evenly."""

    @property
    def restored_per_second(self) -> float:
        """Leads a second."""
        return self.leads / self.restore_seconds


def stored(properties: dict[str, str], leads: int, folder: Path) -> Stored:
    """Fill ``lead.state`` with typical leads, restore them, start again, and work on them."""
    log = write_log(properties, f"stored{leads}-{os.getpid()}", Load(0, 1))
    state_bytes = _fill(log.site, leads)
    begin_at_the_start(log.site, range(log.site.partitions))
    with _worker(log.site, folder) as running:
        restore_seconds = _restoring_seconds(running)
        restoring_mb = _resident_mb(running.child.pid)
    with _worker(log.site, folder) as running:
        warm_seconds = _restoring_seconds(running)
        rate = _work_through(log.site, leads, running)
        resident = _resident_mb(running.child.pid)
    disk = sum(file.stat().st_size for file in folder.rglob("*") if file.is_file())
    return Stored(
        leads=leads,
        restore_seconds=restore_seconds,
        warm_seconds=warm_seconds,
        resident_mb=resident,
        disk_bytes_a_lead=disk / leads,
        state_bytes_a_lead=state_bytes,
        resident_restoring_mb=restoring_mb,
        signals_per_second=rate,
    )


def typical_leads() -> list[Lead]:
    """Leads as the reference load leaves them, from the busiest to those seen once."""
    policy = shipped()
    leads: dict[str, Lead] = {}
    for record in Load(SAMPLE_SIGNALS, SAMPLE_SIGNALS // 10).records():
        try:
            signal = decode(record.key, record.value, record.headers, record.timestamp)
        except Refused:
            continue
        if isinstance(signal, Signal):
            known = leads.get(signal.lead_id)
            leads[signal.lead_id] = DOMAIN.decide(known, signal, policy, 0).lead
    return list(leads.values())


def _fill(site: Site, count: int) -> float:
    names = _LEAD_NAME.format(0).encode()
    sample = [_around_name(lead, names) for lead in typical_leads()]
    size = 0

    def records() -> Iterator[Sent]:
        nonlocal size
        now = int(time.time() * 1000)
        for number in range(count):
            name = _LEAD_NAME.format(number)
            value = name.encode().join(sample[number % len(sample)])
            size += len(value)
            key = name.encode()
            yield Sent(partition_of(key, site.partitions), key, value, [], now)

    append(site, records(), site.topics.state)
    return size / count


def _around_name(lead: Lead, name: bytes) -> list[bytes]:
    """Return a lead's bytes without its id: names of one length make leads of the same bytes."""
    return encode_lead(replace(lead, id=name.decode())).split(name)


def begin_at_the_start(site: Site, partitions: Iterable[int]) -> None:
    """Give the group offsets where leads are: without, they are refused, and so the other way."""
    asker = Consumer(consumer_config(site.properties, site.group))
    topic = site.topics.signals
    places = [TopicPartition(topic, number, 0) for number in partitions]
    deadline = time.monotonic() + _COMING_UP_SECONDS
    while True:
        try:
            asker.commit(offsets=places, asynchronous=False)
        except KafkaException as error:
            if error.args[0].code() not in COMING_UP or time.monotonic() > deadline:
                raise
            time.sleep(0.1)
        else:
            break
    asker.close()


def _worker(site: Site, folder: Path) -> AbstractContextManager[RunningWorker]:
    return worker(site, folder, "stored", log_format="json", linger_seconds=LINGER)


def _restoring_seconds(running: RunningWorker) -> float:
    """Return the time from being assigned partitions to having restored the last one."""
    running.await_ready(_SECONDS_MAX)
    times: dict[str, list[float]] = {}
    for line in running.child.tail().splitlines():
        if line.startswith("{") and line.endswith("}"):
            told = json.loads(line)
            at = datetime.fromisoformat(told["time"]).timestamp()
            times.setdefault(told["event"], []).append(at)
    return max(times["partition restored"]) - min(times["partitions assigned"])


def _work_through(site: Site, leads: int, running: RunningWorker) -> float:
    """Let signals be taken while they are appended faster than that; return the rate."""
    before = sum(ends_of(site).values())
    records = list(Load(WORK_SIGNALS, leads, even=True, seed=3).records())
    append(site, records)
    log = Log(site, ends_of(site))
    with Progress(log, site.group) as progress:
        began_at, began = time.perf_counter(), progress.records()
        await_that(lambda: progress.records() >= log.records, _SECONDS_MAX, "all read", [running])
    if began - before > WORK_SIGNALS / 2:
        raise RuntimeError("most was taken before it was watched: more signals are needed")
    return (log.records - began) / (time.perf_counter() - began_at)


def _resident_mb(pid: int) -> float:
    for line in Path(f"/proc/{pid}/status").read_text(encoding="utf-8").splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1]) / 1024
    raise RuntimeError("the operating system does not tell the resident memory")
