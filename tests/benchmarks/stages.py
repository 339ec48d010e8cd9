"""What each step of a signal's way costs, one after the other in one process, in CPU time.

The steps are the worker's own functions, each run over a whole batch at a time, so that the
clock is asked twice a batch and not twice a signal.
"""

import shutil
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, TypeVar

from confluent_kafka import Consumer, TopicPartition

from events.clients import consumer_config
from events.codec import PolicyAdopted, Tick, decode
from events.facts import also_to, encode_fact, fact_headers
from events.state import encode_lead
from events.topics import Topics, create
from handlers.cache import Held, LeadCache
from handlers.folding import Change
from handlers.partition import Ledger
from handlers.records import Record, record_of
from handlers.store import Identity, Memory, PartitionStore
from handlers.transaction import Transactions
from handlers.worker import DOMAIN
from lifecycle.facts import Fact
from lifecycle.lead import Lead
from lifecycle.signals import Signal
from schemas.policy import shipped
from schemas.refusal import Refused
from tests.benchmarks.cluster import Log

BATCH: Final = 5_000
SIGNALS_MAX: Final = 100_000
_PARTITION: Final = 2
_POLL_SECONDS: Final = 5.0
Answer = TypeVar("Answer")


@dataclass(frozen=True, slots=True)
class StageCosts:
    """What each step costs."""

    micros: dict[str, float]
    """µs of CPU a signal, by step."""
    facts_a_signal: float
    changed_a_signal: float
    """Leads written to ``lead.state``: one a batch, however often it changed."""
    commit_ms: float
    """What a batch waited for its commit, on average: the broker's work, mostly."""


class _Stages:
    """CPU time by step."""

    def __init__(self) -> None:
        self.seconds: dict[str, float] = {}
        self.signals = 0
        self.facts = 0
        self.changed = 0
        self.commit_seconds = 0.0
        """Wall time waited for commits: the broker's work, mostly."""
        self.batches = 0

    def take(self, step: str, act: Callable[[], Answer]) -> Answer:
        """Do a step and count its CPU time, that of the client's own threads included."""
        began = time.process_time()
        try:
            return act()
        finally:
            spent = time.process_time() - began
            self.seconds[step] = self.seconds.get(step, 0.0) + spent

    def costs(self) -> StageCosts:
        """All of it, for one signal."""
        return StageCosts(
            micros={step: 1e6 * spent / self.signals for step, spent in self.seconds.items()},
            facts_a_signal=self.facts / self.signals,
            changed_a_signal=self.changed / self.signals,
            commit_ms=1e3 * self.commit_seconds / self.batches,
        )


def cost_of_stages(log: Log) -> StageCosts:
    """Take the signals of one partition through every step."""
    site = log.site
    scratch = Topics(f"{site.topics.prefix}stages.")
    create(site.properties, scratch, partitions=site.partitions)
    stages = _Stages()
    folder = Path(tempfile.mkdtemp(prefix="baton-bench-"))
    consumer = Consumer(consumer_config(site.properties, "stages"))
    consumer.assign([TopicPartition(site.topics.signals, _PARTITION, 0)])
    transactions = Transactions(site.properties, "stages", scratch, giving_up=lambda: False)
    transactions.init()
    store = PartitionStore(folder / "store", Memory(), LeadCache(25_000))
    store.begin(Identity("bench", "bench", _PARTITION))
    work = _Work(stages, store, transactions, scratch, consumer, site.topics.signals)
    try:
        while stages.signals < min(SIGNALS_MAX, log.ends[_PARTITION] - BATCH):
            work.batch()
    finally:
        consumer.close()
        store.close()
        shutil.rmtree(folder, ignore_errors=True)
    return stages.costs()


class _Work:
    def __init__(
        self,
        stages: _Stages,
        store: PartitionStore,
        transactions: Transactions,
        topics: Topics,
        consumer: Consumer,
        source: str,
    ) -> None:
        self._stages = stages
        self._store = store
        self._transactions = transactions
        self._topics = topics
        self._consumer = consumer
        self._source = source
        self._policy = shipped()

    def batch(self) -> None:
        stages, take = self._stages, self._stages.take
        records = take("consume", self._consume)
        signals = take("decode", lambda: _decoded(records))
        held = take("load", lambda: self._load(signals))
        changes: dict[str, Change] = {}
        facts = take("decide", lambda: self._decide(signals, held, changes))
        told = take("encode facts", lambda: _encoded_facts(facts))
        take("encode leads", lambda: _encode_leads(changes))
        self._transactions.begin()
        take("produce", lambda: self._produce(told, changes))
        began = time.perf_counter()
        take("commit", lambda: self._commit(records[-1].offset + 1))
        stages.commit_seconds += time.perf_counter() - began
        ledger = Ledger(self._store.state, self._store.read)
        take("store", lambda: self._store.apply(changes, {}, ledger.state(), 0))
        stages.signals += len(records)
        stages.facts += len(facts)
        stages.changed += len(changes)
        stages.batches += 1

    def _consume(self) -> list[Record]:
        records: list[Record] = []
        while len(records) < BATCH:
            found = self._consumer.consume(BATCH - len(records), _POLL_SECONDS)
            records += [record_of(message) for message in found if message.error() is None]
        return records

    def _load(self, signals: Sequence[Signal]) -> dict[str, Held]:
        held, missing = {}, []
        for lead_id in {signal.lead_id for signal in signals}:
            found = self._store.cached(lead_id)
            if found is None:
                missing.append(lead_id)
            else:
                held[lead_id] = found
        held.update(self._store.load(missing))
        return held

    def _decide(
        self, signals: Sequence[Signal], held: dict[str, Held], changes: dict[str, Change]
    ) -> list[tuple[Fact, Signal]]:
        policy, facts = self._policy, []
        leads: dict[str, Lead] = {lead_id: known.lead for lead_id, known in held.items()}
        for signal in signals:
            lead_id = signal.lead_id
            DOMAIN.vet(signal, policy)
            decision = DOMAIN.decide(leads.get(lead_id), signal, policy, 0)
            due_at = DOMAIN.next_due(decision.lead)
            leads[lead_id] = decision.lead
            changes[lead_id] = Change(decision.lead, due_at, signal.recorded_at, held.get(lead_id))
            facts += [(fact, signal) for fact in decision.facts]
        return facts

    def _produce(
        self, told: Sequence[tuple[bytes, bytes, str | None, int]], changes: dict[str, Change]
    ) -> None:
        put, topics = self._transactions.put, self._topics
        headers = fact_headers(None)
        for key, value, other, timestamp in told:
            put(topics.lifecycle, _PARTITION, key, value, headers, timestamp)
            if other is not None:
                put(topics.prefix + other, _PARTITION, key, value, headers, timestamp)
        for lead_id, change in changes.items():
            key = lead_id.encode()
            put(topics.state, _PARTITION, key, change.value, None, change.timestamp)

    def _commit(self, offset: int) -> None:
        member = self._consumer.consumer_group_metadata()
        self._transactions.commit([TopicPartition(self._source, _PARTITION, offset)], member)


def _decoded(records: Sequence[Record]) -> list[Signal]:
    signals = []
    for record in records:
        try:
            found: Signal | Tick | PolicyAdopted = decode(
                record.key, record.value, record.headers, record.timestamp
            )
        except Refused:
            continue
        if isinstance(found, Signal):
            signals.append(found)
    return signals


def _encoded_facts(
    facts: Sequence[tuple[Fact, Signal]],
) -> list[tuple[bytes, bytes, str | None, int]]:
    return [
        (fact.lead_id.encode(), encode_fact(fact), also_to(fact), signal.recorded_at)
        for fact, signal in facts
    ]


def _encode_leads(changes: dict[str, Change]) -> None:
    for change in changes.values():
        change.value = encode_lead(change.lead)
