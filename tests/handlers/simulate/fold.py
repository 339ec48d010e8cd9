"""A Baton in memory, slow and obvious: one dict of leads, the domain's fold, no broker."""

from collections import Counter
from dataclasses import dataclass, field

from events.codec import PolicyAdopted, Tick, decode
from events.facts import also_to, encode_fact
from handlers.simulate.broker import heard
from handlers.simulate.play import Placed, Play
from handlers.simulate.sales import Heard
from lifecycle.clocks import next_due
from lifecycle.decide import advance, decide
from lifecycle.facts import Fact
from lifecycle.lead import Lead
from lifecycle.policy import Policy
from lifecycle.vet import vet
from schemas.policy import shipped
from schemas.refusal import Refused

PARTITIONS = 4


@dataclass
class Fold:
    """Decides record by record; ``facts`` and ``refusals`` are what came of it."""

    policy: Policy
    leads: dict[str, Lead] = field(default_factory=dict)
    due: tuple[dict[str, int], ...] = field(
        default_factory=lambda: tuple({} for _ in range(PARTITIONS))
    )
    """By partition: lead to the earliest time at which it wants to be looked at."""
    facts: list[Fact] = field(default_factory=list)
    refusals: Counter[str] = field(default_factory=Counter)
    outcomes: Counter[str] = field(default_factory=Counter)

    def take(self, placed: Placed) -> list[Fact]:
        record = placed.record
        try:
            signal = decode(record.key, record.value, record.headers, record.at)
        except Refused as refused:
            self.refusals[refused.code] += 1
            return []
        if isinstance(signal, PolicyAdopted):
            return []
        if isinstance(signal, Tick):
            return self._tick(placed.partition, signal)
        if (problem := vet(signal, self.policy)) is not None:
            self.refusals[problem[0]] += 1
            return []
        decision = decide(self.leads.get(signal.lead_id), signal, self.policy)
        if decision.code is not None:
            self.refusals[decision.code] += 1
        self.outcomes[decision.outcome] += 1
        return self._keep(placed.partition, decision.lead, decision.facts)

    def _tick(self, partition: int, tick: Tick) -> list[Fact]:
        to = min(tick.time, tick.recorded_at) - self.policy.grace_ms
        told = []
        while due := sorted((at, name) for name, at in self.due[partition].items() if at <= to):
            lead = self.leads[due[0][1]]
            decision = advance(lead, to, tick.recorded_at, self.policy)
            told += self._keep(partition, decision.lead, decision.facts)
        return told

    def _keep(self, partition: int, lead: Lead, facts: tuple[Fact, ...]) -> list[Fact]:
        self.leads[lead.id] = lead
        self.due[partition].pop(lead.id, None)
        if (due_at := next_due(lead)) is not None:
            self.due[partition][lead.id] = due_at
        self.facts += facts
        return list(facts)


@dataclass
class Performance:
    """A whole play, as it went."""

    play: Play
    fold: Fold
    placed: list[Placed]
    """All records, in order."""
    told: list[Heard]
    """All that sales heard."""

    @property
    def values(self) -> list[bytes]:
        return [encode_fact(fact) for fact in self.fold.facts]


def perform(seed: int = 1, weeks: int = 2, leads: int = 120) -> Performance:
    policy = shipped()
    play = Play(policy, seed=seed, weeks=weeks, leads=leads, partitions=PARTITIONS)
    performance = Performance(play, Fold(policy), [], [])
    for piece in play.slices():
        facts: list[Heard] = []
        for placed in play.stream(piece):
            performance.placed.append(placed)
            facts += [
                heard(encode_fact(fact))
                for fact in performance.fold.take(placed)
                if also_to(fact) is not None
            ]
        play.answer(facts, piece)
        performance.told += facts
    return performance
