"""One partition's part of a batch, folded: records in, decisions told to an outlet, changes kept.

The rules of the fold, each for a reason:

- Records are taken in offset order, and what they cause is told in that order. Leads are never
  grouped: a reader of ``lead.lifecycle`` sees the same bytes in the same order, however the
  batches fell.
- A tick fires the clocks of the whole partition, earliest first, over what is stored and what
  this batch has changed so far, at most ``tick_leads_max`` a batch. What is left is found again
  by reading the tick again: firing is idempotent, so nothing has to remember where it stopped.
  Nothing behind the tick is taken before it is done.
- An exception inside the domain's functions refuses that record (``failed``) and leaves the lead
  as it was. Any other error is the caller's: it aborts the whole batch.
- Limits on refusals and failures are checked as they are crossed, and crossing raises: that
  batch is never committed, so a restart meets the same records again and stops again.
- The fold never looks at a clock, and writes nowhere but to its outlet; the store and the
  partition's state are changed by whoever commits the batch.
"""

from collections.abc import Callable, Iterable, Sequence
from heapq import heappop, heappush
from typing import Final

from events.codec import REPLAY, PolicyAdopted, Tick, traceparent_of
from events.facts import also_to, encode_fact, fact_headers
from events.partitioner import partition_of
from events.refusals import REROUTED, Origin
from events.refusals import write as write_refusal
from events.state import encode_lead
from handlers.cache import Held
from handlers.exits import Exit, Stop
from handlers.folding import Change, Leads, Limits, Outlet, Place, Rules, Tally
from handlers.partition import COUNTS_KEY, TAKEN, InForce, Ledger
from handlers.records import Record, has_header
from lifecycle.decide import Decision, Outcome
from lifecycle.facts import Fact
from lifecycle.lead import Lead
from lifecycle.policy import Policy
from lifecycle.signals import Engaged, Nominated, Signal
from lifecycle.vet import unknown_codes
from schemas.refusal import RefusalCode, Refused, sendable

SLICE_RECORDS: Final = 500
"""Decoded at a time: what was decoded is still in the processor's cache when it is decided about,
and what is not in memory of so many leads is read from the store together."""
UNKNOWN_TYPE: Final = "unknown"
"""The type, in counts, of a record that could not be decoded."""


class StuckError(Exception):
    """A lead stays due although its clocks were fired: firing it for ever would help nobody."""


class Fold:
    """The fold of one partition's records over its committed state."""

    def __init__(  # noqa: PLR0913, PLR0917 - all that a decision may rest on
        self,
        place: Place,
        leads: Leads,
        ledger: Ledger,
        policy: Policy,
        policy_of: Callable[[str], Policy | None],
        rules: Rules,
        limits: Limits,
        outlet: Outlet,
    ) -> None:
        self._place = place
        self._topics = place.topics
        self._lifecycle = place.topics.lifecycle
        self._leads = leads
        self._policy_of = policy_of
        self._rules = rules
        self._limits = limits
        self._outlet = outlet
        self._held: dict[str, Held] = {}
        self._due: list[tuple[int, str]] = []
        self._firings_left = limits.tick_leads_max
        self.ledger = ledger
        self.policy = policy
        self.changes: dict[str, Change] = {}
        self.tally = Tally()
        self.awaiting: str | None = None
        """The digest of a definition that has to be fetched before the next record is taken."""
        self._engaged = 0
        """Engagements applied and not in the tally yet: nearly all of what comes."""
        self.taken = 0
        """How many records are done with."""

    def run(self, records: Sequence[Record]) -> None:
        """Take as many of the records as can be taken now.

        Raises Stop when a limit is crossed: the batch must not be committed then.
        """
        for start in range(0, len(records), SLICE_RECORDS):
            if not self._run(records[start : start + SLICE_RECORDS]):
                break
        if self._engaged:
            self.tally.signals["engaged", Outcome.APPLIED] += self._engaged
            self._engaged = 0
        if self.taken or self.changes:
            rest = records[self.taken :]
            self._tell_state(rest[0].offset if rest else records[-1].offset + 1)

    def _run(self, records: Sequence[Record]) -> bool:
        """Take a slice of the records; say whether all of them could be taken."""
        messages = [self._decode(record) for record in records]
        self._fetch({message.lead_id for message in messages if isinstance(message, Signal)})
        ledger, at_least = self.ledger, self._limits.refusal_rate_min_messages
        for index, message in enumerate(messages):
            record = records[index]
            if isinstance(message, Signal):
                ledger.count_message(record.timestamp)
                self._take_signal(record, message)
            elif isinstance(message, Refused):
                ledger.count_message(record.timestamp)
                self._refuse(record, message.code, message.detail)
            elif not self._take_control(record, message):
                return False
            if ledger.messages == at_least:
                self._check_rate()
            self.taken += 1
        return True

    def _decode(self, record: Record) -> Signal | Tick | PolicyAdopted | Refused:
        try:
            return self._rules.decode(record.key, record.value, record.headers, record.timestamp)
        except Refused as refused:
            # A new one: what was raised refers to the stack, so to the batch that it would be in.
            return Refused(refused.code, refused.detail)

    def _fetch(self, lead_ids: Iterable[str]) -> None:
        """Have the leads at hand that exist; what memory lacks is read from the store at once."""
        held, cached = self._held, self._leads.cached
        missing = []
        for lead_id in lead_ids:
            if lead_id not in held:
                found = cached(lead_id)
                if found is None:
                    missing.append(lead_id)
                else:
                    held[lead_id] = found
        if missing:
            held.update(self._leads.load(missing))

    # Signals.

    def _take_signal(self, record: Record, signal: Signal) -> None:
        lead_id = signal.lead_id
        change = self.changes.get(lead_id)
        if change is not None:
            lead: Lead | None = change.lead
        else:
            held = self._held.get(lead_id)
            lead = None if held is None else held.lead
            # Whoever is known here is at home here; the hash is worth its price for others only.
            if lead is None and self._reroute(record, signal):
                return
        decision: Decision | None = None
        due_at = None
        rules, policy = self._rules, self.policy
        nominations = self._nominations(record, signal)
        try:
            fault = rules.vet(signal, policy)
            if fault is None:
                decision = rules.decide(lead, signal, policy, nominations)
                due_at = rules.next_due(decision.lead)
        except (MemoryError, RecursionError):
            raise
        except Exception as error:  # noqa: BLE001 - whatever the domain raises refuses the record
            self._fail(record, _described(error))
            return
        # Outside of the try: what the outlet raises is no fault of the record's.
        if decision is not None:
            self._take_decision(record, signal, lead, decision, due_at)
        elif fault is not None:
            self._refuse(record, fault[0], fault[1], _type_of(signal))

    def _nominations(self, record: Record, signal: Signal) -> int:
        """How many nominations the signal's person has made this month."""
        body = signal.body
        if not isinstance(body, Nominated):
            return 0
        return self.ledger.nominations(body.person, record.timestamp)

    def _take_decision(
        self,
        record: Record,
        signal: Signal,
        lead: Lead | None,
        decision: Decision,
        due_at: int | None,
    ) -> None:
        body, outcome, facts = signal.body, decision.outcome, decision.facts
        new = decision.lead
        if new is not lead:
            self._keep(new, due_at, record.timestamp)
            if self.ledger.excluded and signal.lead_id in self.ledger.excluded:
                self.ledger.include(signal.lead_id, record.timestamp)
        if facts:
            self._tell(record, facts)
            self.tally.caused_at.append(record.timestamp)
        if isinstance(body, Engaged):
            if outcome is Outcome.APPLIED:
                self._engaged += 1
            else:
                self.tally.signals[_type_of(signal), outcome] += 1
            if body.activity not in self.policy.activities:
                self.tally.unscored[body.activity] += 1
            return
        self.tally.signals[_type_of(signal), outcome] += 1
        if decision.nominated_by is not None:
            self.ledger.nominate(decision.nominated_by, record.timestamp)
        if outcome is Outcome.ILLEGAL:
            self._tell_refusal(record, decision.code or "", decision.detail or "")
        else:
            self.tally.unknown_codes.update(unknown_codes(body, self.policy))

    def _reroute(self, record: Record, signal: Signal) -> bool:
        """Send a record that lies on the wrong partition to the right one; say whether it did."""
        count = self._place.partition_count
        home = partition_of(record.key or b"", count)
        if home == self._place.partition:
            return False
        # The copy of a replayed record is in the recording as well.
        if not _is_replayed(record):
            self._outlet.put(
                self._topics.signals,
                home,
                record.key,
                record.value,
                [*(record.headers or ()), (REROUTED, b"%d" % self._place.partition)],
                record.timestamp,
            )
            self.tally.rerouted_to.add(home)
        self.tally.signals[_type_of(signal), "rerouted"] += 1
        return True

    # Messages about no lead.

    def _take_control(self, record: Record, message: Tick | PolicyAdopted) -> bool:
        """Take a tick or an adoption; say whether it is done with."""
        if isinstance(message, PolicyAdopted):
            done = self._adopt(record, message)
        elif message.time > message.recorded_at + self.policy.future_tolerance_ms:
            self.ledger.count_message(record.timestamp)
            self._refuse(
                record,
                RefusalCode.FROM_THE_FUTURE,
                "the tick is dated later than its record by more than the policy tolerates",
                "tick",
            )
            return True
        else:
            done = self._tick(record, message)
        if done:
            self.ledger.count_message(record.timestamp)
        return done

    def _adopt(self, record: Record, adopted: PolicyAdopted) -> bool:
        check_partition_count(self._place, adopted.partition_count)
        policy = self._policy_of(adopted.digest)
        if policy is None:
            self.awaiting = adopted.digest
            return False
        self.policy = policy
        self.ledger.adopt(in_force(adopted, replayed=_is_replayed(record)), record.timestamp)
        self.tally.signals["policy_adopted", "applied"] += 1
        return True

    def _tick(self, record: Record, tick: Tick) -> bool:
        """Fire what is due in the partition; say whether nothing is left."""
        to = min(tick.time, tick.recorded_at) - self.policy.grace_ms
        due = self._due
        # Of the stored ones no more can be fired than firings are left; one more shows a rest.
        stored = list(self._leads.due_until(to, self._firings_left + 1, self.changes))
        self._fetch(lead_id for _, lead_id in stored)
        for entry in stored:
            heappush(due, entry)
        while due and due[0][0] <= to:
            due_at, lead_id = due[0]
            change = self.changes.get(lead_id)
            if change is not None and change.due_at != due_at:
                heappop(due)  # It was due then when it was put here; a later change moved it.
                continue
            if self._firings_left == 0:
                self.ledger.begin(record.timestamp)
                return False
            self._firings_left -= 1
            heappop(due)
            self._fire(record, lead_id, due_at)
        self.ledger.tick(tick.time, record.timestamp)
        self.tally.ticks += 1
        self.tally.signals["tick", "applied"] += 1
        return True

    def _fire(self, record: Record, lead_id: str, due_at: int) -> None:
        change = self.changes.get(lead_id)
        lead = self._held[lead_id].lead if change is None else change.lead
        try:
            decision = self._rules.advance(lead, due_at, record.timestamp, self.policy)
            next_due = self._rules.next_due(decision.lead)
            if next_due is not None and next_due <= due_at and decision.lead == lead:
                raise StuckError("it is still due after it was fired")  # noqa: TRY301 - as any other
        except (MemoryError, RecursionError):
            raise
        except Exception as error:  # noqa: BLE001 - one lead's failure must not stop the tick
            self._exclude(record, lead_id, lead, error)
            return
        self._keep(decision.lead, next_due, record.timestamp, fired=True)
        self._tell(record, decision.facts)

    def _exclude(self, record: Record, lead_id: str, lead: Lead, error: Exception) -> None:
        """Leave a lead that cannot be fired out of the due index until its next signal."""
        self.ledger.exclude(lead_id, record.timestamp)
        change = self.changes.get(lead_id)
        if change is None:
            self.changes[lead_id] = Change(
                lead, None, record.timestamp, self._held.get(lead_id), dirty=False
            )
        else:
            change.due_at = None
        self._tell_refusal(record, RefusalCode.FAILED, f"lead {lead_id}: {_described(error)}")
        self.ledger.count_failed(record.timestamp)
        self._check_failures()

    # What became of a record.

    def _keep(self, lead: Lead, due_at: int | None, timestamp: int, *, fired: bool = False) -> None:
        lead_id = lead.id
        change = self.changes.get(lead_id)
        if change is None:
            moved = True
            self.changes[lead_id] = Change(lead, due_at, timestamp, self._held.get(lead_id))
        else:
            moved = fired or change.due_at != due_at
            change.lead, change.due_at, change.timestamp = lead, due_at, timestamp
            change.dirty = True
        # Where it is due when it was due before, it is among the due ones already; whoever was
        # fired was taken out of them.
        if moved and due_at is not None:
            heappush(self._due, (due_at, lead_id))

    def _tell(self, record: Record, facts: Iterable[Fact]) -> None:
        headers = fact_headers(traceparent_of(record.headers))
        put, partition, lifecycle = self._outlet.put, self._place.partition, self._lifecycle
        for fact in facts:
            key, value = fact.lead_id.encode(), encode_fact(fact)
            put(lifecycle, partition, key, value, headers, record.timestamp)
            other = also_to(fact)
            if other is not None:
                put(self._topics.prefix + other, partition, key, value, headers, record.timestamp)
            self.tally.facts.append(fact)

    def _tell_state(self, next_offset: int) -> None:
        """Tell each changed lead once, then the partition's own state, its counts last."""
        topic, partition = self._topics.state, self._place.partition
        for lead_id, change in self.changes.items():
            if change.dirty:
                change.value = encode_lead(change.lead)
                self._outlet.put(
                    topic, partition, lead_id.encode(), change.value, None, change.timestamp
                )
        for key, (value, timestamp) in self.ledger.changes().items():
            headers = [(TAKEN, b"%d" % next_offset)] if key == COUNTS_KEY else None
            self._outlet.put(topic, partition, key, value, headers, timestamp)

    def _refuse(self, record: Record, code: str, detail: str, kind: str = UNKNOWN_TYPE) -> None:
        self._tell_refusal(record, code, detail)
        self.tally.signals[kind, "refused"] += 1
        self.ledger.count_refused(record.timestamp)
        self._check_rate()

    def _fail(self, record: Record, detail: str) -> None:
        self._refuse(record, RefusalCode.FAILED, detail)
        self.ledger.count_failed(record.timestamp)
        self._check_failures()

    def _tell_refusal(self, record: Record, code: str, detail: str) -> None:
        value, headers = write_refusal(
            record.value,
            record.headers,
            reason=code,
            detail=detail,
            origin=Origin(self._topics.signals, self._place.partition, record.offset),
            bytes_max=self._limits.refusal_bytes_max,
        )
        self._outlet.put(
            self._topics.refusals,
            self._place.partition,
            record.key,
            value,
            headers,
            record.timestamp,
        )
        self.tally.refusals[str(code)] += 1

    # Limits.

    def _check_rate(self) -> None:
        ledger, limits = self.ledger, self._limits
        if (
            ledger.messages >= limits.refusal_rate_min_messages
            and ledger.refused > limits.refusal_rate_max * ledger.messages
        ):
            raise Stop(
                Exit.REFUSAL_RATE,
                f"partition {self._place.partition} refused {ledger.refused} of "
                f"{ledger.messages} messages of one minute, which looks like a bad deployment "
                "upstream and not like bad messages: this batch was not committed. Mend the "
                "sender, or raise BATON_REFUSAL_RATE_MAX to refuse them all",
            )

    def _check_failures(self) -> None:
        ledger = self.ledger
        if ledger.failed > self._limits.failed_max:
            raise Stop(
                Exit.FAILED_RATE,
                f"partition {self._place.partition} could not decide {ledger.failed} times in "
                "one minute, which is a defect of Baton: this batch was not committed. Upgrade, "
                "or raise BATON_FAILED_MAX to refuse what fails",
            )


def check_partition_count(place: Place, adopted: int) -> None:
    """Raise Stop if leads would be looked for on other partitions than they were sent to."""
    if adopted != place.partition_count:
        raise Stop(
            Exit.PARTITION_COUNT,
            f"{place.topics.signals} has {place.partition_count} partitions, but the definition "
            f"in force was adopted for {adopted}: leads would change partitions. Restore the "
            "partition count; a log with another count has to be replayed into a new topic",
        )


def in_force(adopted: PolicyAdopted, *, replayed: bool) -> InForce:
    """Return what an adoption puts in force; a replayed one never lets the owner tick."""
    external = replayed or adopted.ticks != "owner"
    return InForce(adopted.digest, "external" if external else "owner", adopted.partition_count)


def _is_replayed(record: Record) -> bool:
    return has_header(record.headers, REPLAY)


def _described(error: Exception) -> str:
    return sendable(f"{type(error).__name__}: {error}")


_TYPES: Final[dict[type, str]] = {}


def _type_of(signal: Signal) -> str:
    """Return the type of a signal as the metrics name it: ``contact_attempted``."""
    body = type(signal.body)
    name = _TYPES.get(body)
    if name is None:
        letters = (f"_{letter.lower()}" if letter.isupper() else letter for letter in body.__name__)
        name = _TYPES[body] = "".join(letters).lstrip("_")
    return name
