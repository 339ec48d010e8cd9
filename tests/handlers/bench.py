"""A partition in memory: committed leads and state, batches folded over them, what was put out."""

from collections.abc import Collection, Mapping
from dataclasses import replace
from typing import Any, NamedTuple

from events.codec import decode, encode_policy_adopted, encode_signal, encode_tick
from events.partitioner import partition_of
from events.state import decode_lead
from events.topics import Topics
from handlers.batch import Fold
from handlers.cache import Held
from handlers.folding import Limits, Place, Rules
from handlers.partition import Ledger, PartitionState, restored
from handlers.records import Headers, Record
from lifecycle.clocks import next_due
from lifecycle.decide import advance, decide
from lifecycle.lead import Lead
from lifecycle.policy import Policy
from lifecycle.vet import vet
from schemas.policy import shipped

POLICY = shipped()
DOMAIN = Rules(decode, vet, decide, advance, next_due)
LIMITS = Limits(
    tick_leads_max=1000,
    failed_max=10,
    refusal_rate_max=0.5,
    refusal_rate_min_messages=1000,
    refusal_bytes_max=900_000,
)
TOPICS = Topics()


class Put(NamedTuple):
    """One record that the fold put out."""

    topic: str
    partition: int
    key: bytes | None
    value: bytes | None
    headers: tuple[tuple[str, bytes | None], ...]
    timestamp: int

    @property
    def head(self) -> dict[str, bytes | None]:
        """The headers by name."""
        return dict(self.headers)


class Bench:
    """One partition of one, unless said otherwise; nothing of it needs a broker or a disk."""

    def __init__(
        self,
        policy: Policy = POLICY,
        *,
        rules: Rules = DOMAIN,
        limits: Limits = LIMITS,
        partition: int = 0,
        partitions: int = 1,
        **fewer: int,
    ) -> None:
        self.policy = policy
        self.shelf: dict[str, Policy] = {policy.version: policy}
        self.rules = rules
        self.limits = replace(limits, **fewer)
        self.place = Place(TOPICS, partition, partitions)
        self.state = PartitionState()
        self.leads: dict[str, Held] = {}
        self.raw: dict[bytes, bytes] = {}
        self.puts: list[Put] = []
        self.log: list[Record] = []
        self.position = 0
        self._fresh: list[Put] = []

    # The log.

    def record(
        self,
        value: bytes | None,
        key: bytes | None = b"L1",
        headers: Headers | None = None,
        timestamp: int = 0,
    ) -> None:
        """Append bytes."""
        self.log.append(Record(len(self.log), timestamp, key, value, headers))

    def says(
        self, lead: str, kind: str, data: Mapping[str, Any], at: int, *more: tuple[str, bytes]
    ) -> None:
        """Append a signal."""
        key, value, headers = encode_signal(
            f"lead.{kind}.v1", lead, data, id=f"e{len(self.log)}", source="/test", time=at
        )
        self.record(value, key, [*headers, *more], at)

    def engaged(self, lead: str, activity: str, at: int) -> None:
        """Append an engagement."""
        self.says(lead, "engaged", {"activity": activity}, at)

    def tick(self, at: int, recorded_at: int | None = None) -> None:
        """Append a tick."""
        key, value, headers = encode_tick(0, at, f"t{len(self.log)}", "/test")
        self.record(value, key, headers, at if recorded_at is None else recorded_at)

    def adopts(
        self,
        digest: str,
        at: int,
        *more: tuple[str, bytes],
        count: int | None = None,
        ticks: str = "owner",
    ) -> None:
        """Append an adoption."""
        key, value, headers = encode_policy_adopted(
            digest=digest,
            for_marketing="Mara",
            for_sales="Sam",
            reason="test",
            partition_count=self.place.partition_count if count is None else count,
            ticks=ticks,
            id=f"p{len(self.log)}",
            source="/test",
            time=at,
        )
        self.record(value, key, [*headers, *more], at)

    # The work.

    def fold(self, records: list[Record] | None = None, count: int | None = None) -> Fold:
        """Fold the next ``count`` records without committing anything."""
        self._fresh = []
        taken = self.log[self.position :] if records is None else records
        fold = Fold(
            self.place,
            self,
            Ledger(self.state, self.raw.get),
            self.policy,
            self.shelf.get,
            self.rules,
            self.limits,
            self,
        )
        fold.run(taken[:count])
        return fold

    def run(self, count: int | None = None) -> Fold:
        """Fold the next ``count`` records (default: all) and commit."""
        fold = self.fold(count=count)
        self.puts += self._fresh
        for lead_id, change in fold.changes.items():
            self.leads[lead_id] = Held(change.lead, change.due_at)
        for key, (value, _) in fold.ledger.changes().items():
            if value is None:
                self.raw.pop(key, None)
            else:
                self.raw[key] = value
        self.state = fold.ledger.state()
        assert self.state == restored(self.raw.items()), "what is told is not what is held"
        self.policy = fold.policy
        self.position += fold.taken
        return fold

    def run_all(self, size: int) -> None:
        """Fold and commit everything in batches of ``size``."""
        while self.position < len(self.log):
            self.run(size)

    def told(self, topic: str) -> list[Put]:
        """What was put out on a topic."""
        return [put for put in self.puts if put.topic == topic]

    def lead(self, lead_id: str) -> Lead:
        """The lead as the last state record has it."""
        states = [put for put in self.told(TOPICS.state) if put.key == lead_id.encode()]
        assert states[-1].value is not None
        return decode_lead(states[-1].value)

    def elsewhere(self) -> str:
        """A lead that does not live on this partition."""
        names = (f"lead-{number}" for number in range(1000))
        place = self.place
        return next(
            name
            for name in names
            if partition_of(name.encode(), place.partition_count) != place.partition
        )

    # What the fold asks for.

    def put(
        self,
        topic: str,
        partition: int,
        key: bytes | None,
        value: bytes | None,
        headers: Headers | None,
        timestamp: int,
    ) -> None:
        self._fresh.append(Put(topic, partition, key, value, tuple(headers or ()), timestamp))

    def cached(self, lead_id: str) -> Held | None:  # noqa: ARG002 - nothing is, so all is loaded
        return None

    def load(self, lead_ids: Collection[str]) -> dict[str, Held]:
        return {lead_id: self.leads[lead_id] for lead_id in lead_ids if lead_id in self.leads}

    def due_until(self, to: int, count_max: int, skip: Collection[str]) -> list[tuple[int, str]]:
        due = sorted(
            (held.due_at, lead_id)
            for lead_id, held in self.leads.items()
            if held.due_at is not None and held.due_at <= to and lead_id not in skip
        )
        return due[:count_max]

    def read(self, key: bytes) -> bytes | None:
        return self.raw.get(key)
