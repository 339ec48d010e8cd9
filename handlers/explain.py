"""Why a lead is where it is: its state, its receipt, its clocks, read from the topics themselves.

Nothing here asks a worker. The lead's last state is in ``lead.state``, in the partition that its
id gives, and beside it what the partition remembers: the definition in force and how far its time
has come.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

from confluent_kafka import OFFSET_BEGINNING

from events.partitioner import partition_of
from events.state import UnreadableStateError, decode_lead
from events.topics import Topics, partition_count
from handlers import adoption
from handlers.partition import POLICY_KEY, TICK_KEY, PartitionState, restored
from handlers.plain import Plain, members, plain
from handlers.reading import TopicReader
from lifecycle import scoring
from lifecycle.facts import Receipt
from lifecycle.hours import between
from lifecycle.lead import Clock, Lead
from lifecycle.machine import possible
from lifecycle.policy import Policy
from lifecycle.stages import ClockName
from schemas.policy import load_policy

RULE: Final = "explain"
"""The rule in an explanation's receipt: nothing fired, somebody asked."""


class ExplainError(Exception):
    """The lead cannot be explained; the text is one sentence."""


@dataclass(frozen=True, slots=True)
class RunningClock:
    """A clock and what is left of it."""

    clock: Clock
    left_ms: int
    """In the clock's own calendar; 0 when it is overdue."""

    @property
    def overdue(self) -> bool:
        """Whether its time is over and no tick has come by since."""
        return self.left_ms == 0 and self.clock.paused_at is None


@dataclass(frozen=True, slots=True)
class Explanation:
    """All there is to say about a lead at a time."""

    lead: Lead
    partition: int
    at: int
    policy: Policy
    receipt: Receipt
    clocks: tuple[RunningClock, ...]
    """Due first comes first; the engine's own review is not among them."""


def explain(
    kafka: Mapping[str, str],
    topics: Topics,
    lead_id: str,
    now_ms: Callable[[], int],
    at: int | None = None,
) -> Explanation:
    """Read a lead and explain it as of ``at``.

    Without ``at`` it is now; in a partition whose time comes from outside (a simulation, an
    import of history), how far that time has come. Never before the lead's last decision.
    """
    count = partition_count(kafka, topics.state)
    if count == 0:
        raise ExplainError(f"There is no topic {topics.state}.")
    partition = partition_of(lead_id.encode(), count)
    lead, state = _read(kafka, topics, partition, lead_id)
    policy = _policy_in_force(kafka, topics, state)
    external = state.in_force is not None and state.in_force.ticks == "external"
    if at is None:
        at = state.tick_at if external else now_ms()
    return explained(lead, partition, policy, max(at, lead.at))


def explained(lead: Lead, partition: int, policy: Policy, at: int) -> Explanation:
    """Explain a lead by a definition, as of a time; pure."""
    scores = scoring.carry_over(lead.scores, policy, at)
    receipt = scoring.receipt(
        scores, lead.profile, lead.stage, policy, at, RULE, lead.person.junk_silenced
    )
    running = [
        RunningClock(clock, _left(clock, policy, at))
        for clock in sorted(lead.clocks, key=lambda one: (one.due_at, one.name))
        if clock.name is not ClockName.REVIEW
    ]
    return Explanation(lead, partition, at, policy, receipt, tuple(running))


def as_object(one: Explanation) -> dict[str, Plain]:
    """Return an explanation as JSON can hold it, with the names and units of messages."""
    lead = one.lead
    running: list[Plain] = []
    for each in one.clocks:
        told: dict[str, Plain] = {"left_seconds": each.left_ms / 1000, "overdue": each.overdue}
        running.append(members(each.clock) | told)
    return {
        "lead": lead.id,
        "partition": one.partition,
        "at": plain(one.at, "at"),
        "stage": lead.stage.value,
        "since": plain(lead.since, "since"),
        "last_decision_at": plain(lead.at, "at"),
        "facts": lead.seq,
        "policy": one.policy.version,
        "possible": [trigger.value for trigger in possible(lead.stage)],
        "arrival": plain(lead.arrival),
        "owner": lead.person.owner,
        "team": lead.person.team,
        "receipt": plain(one.receipt),
        "clocks": running,
        "handover": plain(lead.handover),
        "nurture": plain(lead.nurture),
        "opportunities": plain(lead.opportunities),
        "disqualified_for": lead.person.disqualified_for,
        "moves": plain(lead.moves),
    }


def _left(clock: Clock, policy: Policy, at: int) -> int:
    if clock.paused_at is not None:
        return clock.left_ms
    return between(policy, clock.calendar, at, clock.due_at)


def _read(
    kafka: Mapping[str, str], topics: Topics, partition: int, lead_id: str
) -> tuple[Lead, PartitionState]:
    key = lead_id.encode()
    wanted: dict[bytes, bytes | None] = dict.fromkeys((key, POLICY_KEY, TICK_KEY))
    with TopicReader(kafka, topics.state, starts={partition: OFFSET_BEGINNING}) as reader:
        for record in reader.until_end():
            if record.key in wanted:
                wanted[record.key] = record.value
    found = wanted.pop(key)
    if found is None:
        raise ExplainError(f"No worker has told anything of a lead {lead_id!r}.")
    try:
        lead = decode_lead(found)
    except UnreadableStateError as error:
        raise ExplainError(f"The state of {lead_id!r} cannot be read: {error}.") from error
    entries = [(name, value) for name, value in wanted.items() if value is not None]
    return lead, restored(entries)


def _policy_in_force(kafka: Mapping[str, str], topics: Topics, state: PartitionState) -> Policy:
    if state.in_force is not None:
        digest = state.in_force.digest
    else:
        adoptions = adoption.history(kafka, topics)
        if not adoptions:
            raise ExplainError("No policy was ever adopted here.")
        digest = adoptions[-1].digest
    text = adoption.definition(kafka, topics, digest)
    if text is None:
        raise ExplainError(f"{topics.policies} does not have the definition in force, {digest}.")
    return load_policy(text)
