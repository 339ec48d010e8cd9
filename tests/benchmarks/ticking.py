"""A tick that finds many leads due at once: how long nothing else moves.

All of them are in one partition and wait for their daily review. Demo requests of unknown leads
come all the while, in that partition and in the others, and each should be a handover at once:
the longest that one of them takes is how long its partition stood still.
"""

import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import count
from pathlib import Path
from typing import Final

from events.codec import encode_signal, encode_tick
from events.partitioner import partition_of
from events.state import encode_lead
from handlers.worker import DOMAIN
from lifecycle.signals import Engaged, Signal
from schemas.policy import shipped
from tests.benchmarks.cluster import append, write_log
from tests.benchmarks.latency import LINGER, producer_of, sending, watching
from tests.benchmarks.load import PARTITIONS, START, Load, Sent
from tests.benchmarks.stored import begin_at_the_start
from tests.e2e.harness import worker

_TICKING: Final = 0
"""The partition of the tick."""
_TICK_AT: Final = START + 3 * 86_400_000
_EVERY_SECONDS: Final = 0.02
_BEFORE_SECONDS: Final = 2.0
_SECONDS_MAX: Final = 600.0


@dataclass(frozen=True, slots=True)
class Pause:
    """How long other things waited for a tick."""

    due_leads: int
    same_partition_ms: float
    """The longest that a handover took in the partition of the tick."""
    other_partitions_ms: float
    before_ms: float
    """The longest that one took before the tick, anywhere."""


def pause(properties: dict[str, str], due_leads: int, folder: Path) -> Pause:
    """Store leads that are due, tick, and watch what is asked for meanwhile."""
    site = write_log(properties, f"tick{due_leads}", Load(0, 1)).site
    append(site, _due(due_leads), site.topics.state)
    begin_at_the_start(site, [_TICKING])
    with (
        worker(site, folder, "ticking", log_level="warning", linger_seconds=LINGER) as running,
        watching(site) as seen,
    ):
        running.await_ready(_SECONDS_MAX)
        producer = producer_of(site)
        sent: dict[bytes, tuple[float, int, bool]] = {}
        tick_at = time.perf_counter() + _BEFORE_SECONDS
        deadline = tick_at + _SECONDS_MAX
        ticked = False
        for record in _requests():
            now = time.perf_counter()
            if now > deadline:
                raise RuntimeError("the tick does not end")
            if not ticked and now > tick_at:
                ticked = True
                sending(producer, site, _tick())
            sent[record.key] = (now, record.partition, ticked)
            sending(producer, site, record)
            producer.poll(0)
            if ticked and _is_over(sent, seen):
                break
            time.sleep(_EVERY_SECONDS)
        producer.flush()
        while any(key not in seen for key in sent) and time.perf_counter() < deadline:
            time.sleep(_EVERY_SECONDS)
    took = [
        (1000 * (seen[key] - at), partition == _TICKING, late)
        for key, (at, partition, late) in sent.items()
    ]
    return Pause(
        due_leads,
        max(ms for ms, same, late in took if late and same),
        max(ms for ms, same, late in took if late and not same),
        max(ms for ms, _, late in took if not late),
    )


def _is_over(sent: dict[bytes, tuple[float, int, bool]], seen: dict[bytes, float]) -> bool:
    """Say whether a request behind the tick has been answered, and fifty more after it."""
    behind = [key for key, (_, partition, late) in sent.items() if late and partition == _TICKING]
    return len(behind) > 50 and all(key in seen for key in behind[:50])


def _names(start: str) -> Iterator[tuple[str, int]]:
    for number in count():
        name = f"{start}-{number:07d}"
        yield name, partition_of(name.encode(), PARTITIONS)


def _due(wanted: int) -> Iterator[Sent]:
    policy = shipped()
    body = Engaged("trial_started")
    signal = Signal("someone", "one", "/try", START, START, body)
    lead = DOMAIN.decide(None, signal, policy, 0).lead
    done = 0
    for name, partition in _names("due"):
        if partition == _TICKING:
            value = encode_lead(replace(lead, id=name))
            yield Sent(partition, name.encode(), value, [], int(time.time() * 1000))
            done += 1
            if done == wanted:
                return


def _tick() -> Sent:
    key, value, headers = encode_tick(_TICKING, _TICK_AT, "tick-1", "/bench")
    return Sent(_TICKING, key, value, headers, _TICK_AT)


def _requests() -> Iterator[Sent]:
    for name, partition in _names("asks"):
        key, value, headers = encode_signal(
            "lead.engaged.v1",
            name,
            {"activity": "demo_request"},
            id=name,
            source="/website/forms",
            time=_TICK_AT,
        )
        yield Sent(partition, key, value, headers, _TICK_AT)
