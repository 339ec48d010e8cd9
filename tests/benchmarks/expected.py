"""What a candidate has to hand over, reckoned here from the load, and whether it did.

A rate says nothing about somebody who does other work. So each run's handovers are compared, by
partition and in their order, with those of the same job done on the same records in one process:
for Baton the whole definition, for its peers the simple job. Who differs is not published.
"""

import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from events.codec import decode
from events.facts import also_to
from handlers.worker import DOMAIN
from lifecycle.lead import Lead
from lifecycle.policy import Policy
from lifecycle.signals import Signal
from schemas.refusal import Refused
from tests.benchmarks.load import Sent
from tests.benchmarks.peers.simple_job import step

_HANDOVERS: Final = "lead.handovers"

Handovers = dict[int, list[tuple[int, bytes]]]
"""By partition: the number there of the record that caused a handover, and the lead."""


@dataclass(slots=True)
class Expected:
    """What a load leads to."""

    simple: Handovers = field(default_factory=dict)
    """By the simple job."""
    whole: Handovers = field(default_factory=dict)
    """By the definition: all that ``lead.handovers`` gets."""
    records: int = 0
    facts: int = 0
    moving: int = 0
    """Signals that moved a lead to another stage."""
    decided: bool = False
    """Whether the definition was asked."""

    def watch(self, records: Iterable[Sent], policy: Policy | None) -> Iterator[Sent]:
        """Pass records on, and reckon what they lead to; by the definition if one is given."""
        self.decided = policy is not None
        counts: dict[int, int] = {}
        simple = _simple()
        decider = None if policy is None else self._decider(policy)
        for record in records:
            number = counts.get(record.partition, 0)
            counts[record.partition] = number + 1
            self.records += 1
            if simple(record):
                self.simple.setdefault(record.partition, []).append((number, record.key))
            if decider is not None:
                decider(record, number)
            yield record

    def _decider(self, policy: Policy) -> Callable[[Sent, int], None]:
        leads: dict[str, Lead] = {}

        def decide(record: Sent, number: int) -> None:
            try:
                signal = decode(record.key, record.value, record.headers, record.timestamp)
            except Refused:
                return
            if not isinstance(signal, Signal) or DOMAIN.vet(signal, policy) is not None:
                return
            known = leads.get(signal.lead_id)
            decision = DOMAIN.decide(known, signal, policy, 0)
            leads[signal.lead_id] = decision.lead
            self.facts += len(decision.facts)
            self.moving += decision.lead.stage != (known.stage if known else "cold")
            told = self.whole.setdefault(record.partition, [])
            told += [(number, record.key) for fact in decision.facts if also_to(fact) == _HANDOVERS]

        return decide


def _simple() -> Callable[[Sent], bool]:
    states: dict[bytes, dict[str, Any]] = {}

    def take(record: Sent) -> bool:
        try:
            states[record.key], offered = step(states.get(record.key), json.loads(record.value))
        except (KeyError, ValueError):
            return False
        return offered

    return take


def disagreement(
    wanted: Handovers, found: Mapping[int, Sequence[bytes]], done: Mapping[int, int]
) -> str:
    """Say how handovers differ from the wanted ones; nothing if they do not.

    ``done`` has the records of each partition that are committed: their handovers have to be
    there. Further ones may be, of records that were taken but not committed when it ended.
    """
    for partition, records in sorted(done.items()):
        told = wanted.get(partition, [])
        due = sum(number < records for number, _ in told)
        there = found.get(partition, ())
        if len(there) < due:
            return f"{due - len(there):,} of {due:,} handovers of partition {partition} missing"
        for place, key in enumerate(there):
            right = told[place][1] if place < len(told) else b"none"
            if key != right:
                return (
                    f"handover {place} of partition {partition} is of {key.decode()}, "
                    f"not of {right.decode()}"
                )
    return ""
