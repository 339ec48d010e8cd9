"""What happened to a lead, as the domain sees it: one envelope, one body a kind."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from lifecycle.light import light
from lifecycle.policy import AttributeValue
from lifecycle.stages import ClockName


@dataclass(frozen=True, slots=True)
class Voice:
    """What sales heard in the call: codes of the policy, at most 5 each, never free text."""

    pain_points: tuple[str, ...] = ()
    objections: tuple[str, ...] = ()
    questions: tuple[str, ...] = ()
    competitor: str | None = None
    content_used: str | None = None


NO_VOICE: Final = Voice()


@light
@dataclass(frozen=True, slots=True)
class Engaged:
    """The lead did something; what it is worth is the policy's."""

    activity: str
    campaign: str | None = None
    source: str | None = None
    medium: str | None = None
    content: str | None = None
    channel: str | None = None
    url: str | None = None


@light
@dataclass(frozen=True, slots=True)
class Profiled:
    """What is known of the lead changed."""

    attributes: Mapping[str, AttributeValue]
    clear: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Assigned:
    """Somebody else is responsible from here on."""

    rep: str
    team: str | None = None


@dataclass(frozen=True, slots=True)
class Accepted:
    """A rep took the lead."""

    handover_id: str
    rep: str | None = None
    voice: Voice = NO_VOICE


@dataclass(frozen=True, slots=True)
class Rejected:
    """Sales did not take the lead."""

    handover_id: str
    reason: str
    rep: str | None = None
    voice: Voice = NO_VOICE


@dataclass(frozen=True, slots=True)
class Claimed:
    """A rep takes a lead that nobody offered, and says why."""

    rep: str
    reason: str
    voice: Voice = NO_VOICE


@dataclass(frozen=True, slots=True)
class Nominated:
    """Marketing's judgement: a person offers this lead, and says why."""

    person: str
    reason: str


@dataclass(frozen=True, slots=True)
class ContactAttempted:
    """Sales tried to reach the lead."""

    channel: str
    reached: bool
    handover_id: str | None = None
    rep: str | None = None
    voice: Voice = NO_VOICE


@dataclass(frozen=True, slots=True)
class Qualified:
    """Sales' answer on BANT."""

    budget: bool
    authority: bool
    need: bool
    timeline_days: int | None
    handover_id: str | None = None
    rep: str | None = None
    voice: Voice = NO_VOICE


@dataclass(frozen=True, slots=True)
class OpportunityOpened:
    """A deal is on the table; a known id changes its data."""

    opportunity_id: str
    amount: str
    """Canonical decimal."""
    currency: str
    """ISO 4217."""
    close_date: str
    """``YYYY-MM-DD``"""
    opportunity_stage: str | None = None
    rep: str | None = None
    voice: Voice = NO_VOICE


@dataclass(frozen=True, slots=True)
class Won:
    """Closed won."""

    opportunity_id: str
    amount: str
    currency: str | None = None
    rep: str | None = None
    voice: Voice = NO_VOICE


@dataclass(frozen=True, slots=True)
class Lost:
    """Closed lost (of a won one: it fell through)."""

    opportunity_id: str
    reason: str
    rep: str | None = None
    voice: Voice = NO_VOICE


@dataclass(frozen=True, slots=True)
class Recycled:
    """Back to marketing, with a reason."""

    reason: str
    until: int | None = None
    """For reasons that need a date (``in_contract``): ms."""
    wake_at: int | None = None
    handover_id: str | None = None
    rep: str | None = None
    voice: Voice = NO_VOICE


@dataclass(frozen=True, slots=True)
class Disqualified:
    """Out, with a reason."""

    reason: str
    handover_id: str | None = None
    rep: str | None = None
    voice: Voice = NO_VOICE


@dataclass(frozen=True, slots=True)
class Reinstated:
    """A person takes a lead back in."""

    person: str
    reason: str


@dataclass(frozen=True, slots=True)
class ClockPaused:
    """A promise waits until a date, at the lead's wish."""

    clock: ClockName
    reason: str
    until: int
    handover_id: str | None = None
    rep: str | None = None


@dataclass(frozen=True, slots=True)
class ClockResumed:
    """A paused promise goes on."""

    clock: ClockName
    handover_id: str | None = None
    rep: str | None = None


Body = (
    Engaged
    | Profiled
    | Assigned
    | Accepted
    | Rejected
    | Claimed
    | Nominated
    | ContactAttempted
    | Qualified
    | OpportunityOpened
    | Won
    | Lost
    | Recycled
    | Disqualified
    | Reinstated
    | ClockPaused
    | ClockResumed
)


@light
@dataclass(frozen=True, slots=True)
class Signal:
    """One inbound event about one lead."""

    id: str
    source: str
    lead_id: str
    time: int
    """When it happened: ms."""
    recorded_at: int
    """The record's timestamp in the log: ms."""
    body: Body
    redrive: int = 0
    """Counts as part of the id: a re-driven message is not a duplicate of its refused self."""
