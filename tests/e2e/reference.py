"""A simulated company played against the fold alone: no broker, no store, no batches, no process.

It gives a log that a person could believe, in a second, and what has to come out of that log
whoever works through it and however: every run of real workers is held against it.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Final

from confluent_kafka import Producer

from events.clients import producer_config
from events.codec import decode, encode_policy_adopted
from events.topics import Topics
from events.wall_clock import now_ms
from handlers.batch import Fold
from handlers.cache import Held
from handlers.folding import Change, Limits, Place, Rules
from handlers.partition import InForce, Ledger, PartitionState
from handlers.records import Headers, Record
from handlers.simulate.broker import heard
from handlers.simulate.play import Play
from handlers.simulate.rhythm import END_AT, WEEK_MS
from handlers.simulate.sales import Heard
from lifecycle.clocks import next_due
from lifecycle.decide import advance, decide
from lifecycle.policy import Policy
from lifecycle.vet import vet
from schemas.policy import canonical, digest, load_policy, shipped_text
from tests.e2e.harness import PARTITIONS, Sent, Site, View, Views, placed

SEED: Final = 1
WEEKS: Final = 5
LEADS: Final = 240
RECENT_WEEKS: Final = 3
RECENT_LEADS: Final = 700
"""So many that the last days, whose leads a worker's store may keep, are a good part of it."""
TOPICS: Final = Topics("reference.")
_RULES: Final = Rules(decode, vet, decide, advance, next_due)
_LIMITS: Final = Limits(1_000_000, 10, 1.0, 1_000_000, 900_000)


@dataclass(frozen=True)
class Story:
    """A log, and what comes out of it."""

    log: tuple[Sent, ...]
    views: Views


@cache
def story() -> Story:
    """The one story that all tests of a process share: it is always the same."""
    return played(WEEKS, LEADS, END_AT, END_AT)


@cache
def recent() -> Story:
    """Another that was going on just now: a store of its leads is young enough to be kept."""
    now = now_ms()
    monday = END_AT + (now - END_AT) // WEEK_MS * WEEK_MS
    return played(RECENT_WEEKS, RECENT_LEADS, monday + WEEK_MS, now)


def views_of(log: Iterable[Sent], definitions: Iterable[str | bytes] = (shipped_text(),)) -> Views:
    """What has to come out of a log; the first definition is in force before any is adopted."""
    baton = _Baton(*map(load_policy, definitions))
    baton.take(log)
    return baton.views()


def played(weeks: int, leads: int, ends_at: int, until: int, seed: int = SEED) -> Story:
    """Play a company against the fold, as far as it gets until then."""
    text = shipped_text()
    policy = load_policy(text)
    play = Play(policy, seed=seed, weeks=weeks, leads=leads, partitions=PARTITIONS, ends_at=ends_at)
    baton = _Baton(policy)
    log = list(_adoption(text, play.world.starts_at))
    baton.take(log)
    for piece in play.slices():
        if piece.end > until:
            break
        stream = [
            Sent(one.partition, one.record.key, one.record.value, one.record.headers, one.record.at)
            for one in play.stream(piece)
        ]
        log += stream
        play.answer(baton.take(stream), piece)
    return Story(tuple(log), baton.views())


def define(site: Site) -> None:
    """Put the definition where a log that names it needs it."""
    text = shipped_text()
    producer = Producer(producer_config(site.properties))
    producer.produce(site.topics.policies, canonical(text), digest(text))
    assert producer.flush(30) == 0


def _adoption(text: str, at: int) -> Iterator[Sent]:
    for partition in range(PARTITIONS):
        key, value, headers = encode_policy_adopted(
            digest=digest(text),
            for_marketing="ana",
            for_sales="ben",
            reason="a story",
            partition_count=PARTITIONS,
            ticks="external",
            id="adoption",
            source="/reference",
            time=at,
        )
        yield Sent(partition, key, value, headers, at)


class _Leads:
    """The committed leads of one partition, in a dictionary."""

    def __init__(self) -> None:
        self.held: dict[str, Held] = {}
        self.own: dict[bytes, bytes] = {}

    def cached(self, lead_id: str) -> Held | None:
        return self.held.get(lead_id)

    def load(self, lead_ids: Collection[str]) -> Mapping[str, Held]:
        return {lead_id: self.held[lead_id] for lead_id in lead_ids if lead_id in self.held}

    def due_until(self, to: int, count_max: int, skip: Collection[str]) -> list[tuple[int, str]]:
        due = (
            (held.due_at, lead_id)
            for lead_id, held in self.held.items()
            if held.due_at is not None and held.due_at <= to and lead_id not in skip
        )
        return sorted(due)[:count_max]

    def read(self, key: bytes) -> bytes | None:
        return self.own.get(key)

    def apply(self, changes: Mapping[str, Change]) -> None:
        for lead_id, change in changes.items():
            self.held[lead_id] = Held(change.lead, change.due_at)


class _Outlet:
    """Keeps what is told, topic by topic."""

    def __init__(self) -> None:
        self.told: dict[tuple[str, int], list[Sent]] = {}

    def put(
        self,
        topic: str,
        partition: int,
        key: bytes | None,
        value: bytes | None,
        headers: Headers | None,
        timestamp: int,
    ) -> None:
        sent = Sent(partition, key, value, tuple(headers or ()), timestamp)
        self.told.setdefault((topic, partition), []).append(sent)


class _Baton:
    """All partitions, one fold after the other."""

    def __init__(self, policy: Policy, *more: Policy) -> None:
        self._definitions = {one.version: one for one in (policy, *more)}
        self._outlet = _Outlet()
        self._leads = [_Leads() for _ in range(PARTITIONS)]
        in_force = InForce(policy.version, "external", PARTITIONS)
        self._states = [PartitionState(in_force) for _ in range(PARTITIONS)]
        self._policies = [policy] * PARTITIONS
        self._offsets = [0] * PARTITIONS

    def take(self, records: Iterable[Sent]) -> list[Heard]:
        """Fold records and return what sales hears of it."""
        heard_before = {place: len(told) for place, told in self._outlet.told.items()}
        by_partition: list[list[Record]] = [[] for _ in range(PARTITIONS)]
        for sent in records:
            offset = self._offsets[sent.partition]
            self._offsets[sent.partition] += 1
            by_partition[sent.partition].append(
                Record(offset, sent.timestamp, sent.key, sent.value, sent.headers)
            )
        for partition, batch in enumerate(by_partition):
            if batch:
                self._fold(partition, batch)
        return [
            heard(sent.value or b"")
            for place, told in self._outlet.told.items()
            if place[0] in {TOPICS.handovers, TOPICS.recycles}
            for sent in told[heard_before.get(place, 0) :]
        ]

    def views(self) -> Views:
        """What all of it came to."""
        state: dict[int, dict[bytes, bytes | None]] = {}
        for partition in range(PARTITIONS):
            last: dict[bytes, bytes | None] = {}
            for sent in self._outlet.told.get((TOPICS.state, partition), []):
                last[sent.key or b""] = sent.value
            state[partition] = {key: value for key, value in last.items() if value is not None}
        return Views(
            lifecycle=self._view(TOPICS.lifecycle),
            handovers=self._view(TOPICS.handovers),
            recycles=self._view(TOPICS.recycles),
            refusals={
                partition: [placed(row, TOPICS, lambda offset: offset) for row in rows]
                for partition, rows in self._view(TOPICS.refusals).items()
            },
            state=state,
        )

    def _fold(self, partition: int, batch: list[Record]) -> None:
        leads = self._leads[partition]
        fold = Fold(
            Place(TOPICS, partition, PARTITIONS),
            leads,
            Ledger(self._states[partition], leads.read),
            self._policies[partition],
            self._definitions.get,
            _RULES,
            _LIMITS,
            self._outlet,
        )
        fold.run(batch)
        assert fold.taken == len(batch)
        leads.apply(fold.changes)
        for key, (value, _) in fold.ledger.changes().items():
            if value is None:
                leads.own.pop(key, None)
            else:
                leads.own[key] = value
        self._states[partition] = fold.ledger.state()
        self._policies[partition] = fold.policy

    def _view(self, topic: str) -> View:
        return {
            partition: [
                (one.key, one.value, tuple(one.headers), one.timestamp)
                for one in self._outlet.told.get((topic, partition), [])
            ]
            for partition in range(PARTITIONS)
        }
