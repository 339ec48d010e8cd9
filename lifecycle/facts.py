"""What Baton decided, as the domain sees it: one envelope, one body a kind.

A body's fields are, name by name, the fields of the published message's ``data``; ``None`` and
empty tuples stay out of it. Points are published as decimal points, times as RFC 3339,
durations as seconds; ``schemas.outbound`` says so field by field.
"""

from dataclasses import dataclass
from typing import ClassVar

from lifecycle.light import light
from lifecycle.policy import AttributeValue
from lifecycle.signals import NO_VOICE, Voice
from lifecycle.stages import ClockName, HandoverKind, ReasonClass, Stage, Trigger


@light
@dataclass(frozen=True, slots=True)
class FitPart:
    """One attribute's points; ``clamp`` is the attribute of what 0..100 cut off."""

    attribute: str
    value: AttributeValue
    points_mp: int


@light
@dataclass(frozen=True, slots=True)
class ActivityPart:
    """One activity's live points; ``other`` sums what the receipt's limit left out."""

    activity: str
    points_mp: int
    count: int
    last_at: int
    capped: bool = False
    buying_signal: bool = False
    alive: bool = False


@light
@dataclass(frozen=True, slots=True)
class NearMiss:
    """How far from a stage: 0 and False where nothing lacks."""

    to: Stage
    engagement_mp: int = 0
    fit_mp: int = 0
    requalify_mp: int = 0
    """Engagement that lacks since the gate closed."""
    buying_signal: bool = False
    """A buying signal lacks."""
    junk: tuple[str, ...] = ()
    """Junk rules that match and stand in the way."""


@light
@dataclass(frozen=True, slots=True)
class Receipt:
    """Why: parts add up to their totals exactly."""

    fit_mp: int
    engagement_mp: int
    intent_mp: int
    grade: str
    rule: str
    """The trigger or rule that fired, e.g. ``qualify``, ``junk:student``."""
    policy: str
    fit: tuple[FitPart, ...]
    unknown: tuple[str, ...]
    """Attributes the policy scores and nobody has told."""
    activities: tuple[ActivityPart, ...]
    near_misses: tuple[NearMiss, ...]


@light
@dataclass(frozen=True, slots=True)
class Touch:
    """One engagement, as far as attribution needs it."""

    at: int
    activity: str
    campaign: str | None = None
    source: str | None = None
    medium: str | None = None
    content: str | None = None
    channel: str | None = None


@dataclass(frozen=True, slots=True)
class Rejection:
    """An earlier no of sales."""

    handover_id: str
    at: int
    reason: str
    rep: str | None = None


@light
@dataclass(frozen=True, slots=True)
class Arrived:
    """A lead is known from here on."""

    kind: ClassVar[str] = "arrived"
    origin: str
    """``marketing`` or ``sales``"""


@light
@dataclass(frozen=True, slots=True)
class StageChanged:
    """A move."""

    kind: ClassVar[str] = "stage_changed"
    from_stage: Stage
    to_stage: Stage
    trigger: Trigger
    receipt: Receipt
    by: str | None = None
    reason: str | None = None
    reason_class: ReasonClass | None = None
    implied: bool = False
    late: bool = False
    bant: str | None = None
    """``confirmed``, or ``unconfirmed`` where sales skipped it."""
    voice: Voice = NO_VOICE


@dataclass(frozen=True, slots=True)
class HeadsUp:
    """Early notice to sales, without a clock."""

    kind: ClassVar[str] = "heads_up"
    heads_up: str
    """``warm`` or ``expansion``"""
    receipt: Receipt
    play: str | None = None


@light
@dataclass(frozen=True, slots=True)
class HandoverOffered:
    """The offer of a lead to sales."""

    kind: ClassVar[str] = "handover"
    handover: str
    """Handover id: ``<lead id>:h<n>``."""
    handover_kind: HandoverKind
    attempt: int
    """1 for an offer of its own; one more for each return of it."""
    fast: bool
    assignee: str
    team: str
    receipt: Receipt
    play: str
    first_touches: tuple[Touch, ...] = ()
    last_touches: tuple[Touch, ...] = ()
    pain_points: tuple[str, ...] = ()
    objections: tuple[str, ...] = ()
    questions: tuple[str, ...] = ()
    competitors: tuple[str, ...] = ()
    accept_due_at: int | None = None
    contact_due_at: int | None = None
    """Due if accepted at the last moment; of a claim: due."""
    rejections: tuple[Rejection, ...] = ()
    by: str | None = None
    reason: str | None = None
    implied: bool = False
    """A claim that nobody made, and that a deal tells of."""


@dataclass(frozen=True, slots=True)
class HandoverUpdated:
    """Something about the offer on the table changed."""

    kind: ClassVar[str] = "handover_updated"
    handover: str
    change: str
    """``fast``, ``cooled`` or ``assigned``"""
    fast: bool
    assignee: str
    team: str
    accept_due_at: int | None = None
    contact_due_at: int | None = None
    receipt: Receipt | None = None


@dataclass(frozen=True, slots=True)
class HandoverWithdrawn:
    """The offer is off the table."""

    kind: ClassVar[str] = "handover_withdrawn"
    handover: str
    trigger: Trigger
    reason: str | None = None
    """``cooled``, ``junk``, ``disqualified``, ``older_accepted``, ``older_contacted``,
    ``reinstated``"""


@light
@dataclass(frozen=True, slots=True)
class Touched:
    """A touch worth telling."""

    kind: ClassVar[str] = "touched"
    touch: Touch
    first_of_campaign: bool = False
    buying_signal: bool = False
    hand_raise: bool = False


@dataclass(frozen=True, slots=True)
class HandRaised:
    """The lead raised its hand while sales has it."""

    kind: ClassVar[str] = "hand_raised"
    activity: str


@dataclass(frozen=True, slots=True)
class Contacted:
    """An attempt of sales, every one."""

    kind: ClassVar[str] = "contacted"
    channel: str
    reached: bool
    attempt: int
    """Attempts so far on its handover; 0 where it belongs to none."""
    handover: str | None = None
    by: str | None = None
    voice: Voice = NO_VOICE


@dataclass(frozen=True, slots=True)
class QualifiedSale:
    """BANT confirmed."""

    kind: ClassVar[str] = "qualified"
    budget: bool
    authority: bool
    need: bool
    timeline_days: int | None
    by: str | None = None
    voice: Voice = NO_VOICE


@dataclass(frozen=True, slots=True)
class QualificationShort:
    """BANT answered and not met: what is missing, and the recycle reason that fits."""

    kind: ClassVar[str] = "qualification_short"
    budget: bool
    authority: bool
    need: bool
    timeline_days: int | None
    missing: tuple[str, ...]
    """Of ``budget``, ``authority``, ``need``, ``timeline``."""
    recycle_reason: str
    by: str | None = None
    voice: Voice = NO_VOICE


@dataclass(frozen=True, slots=True)
class OpportunityOpenedFact:
    """A deal is on the table."""

    kind: ClassVar[str] = "opportunity_opened"
    opportunity: str
    amount: str | None
    currency: str | None
    close_date: str | None
    opportunity_stage: str | None = None
    implied: bool = False
    reopened: bool = False
    by: str | None = None
    voice: Voice = NO_VOICE


@dataclass(frozen=True, slots=True)
class OpportunityChanged:
    """A known deal's data changed."""

    kind: ClassVar[str] = "opportunity_changed"
    opportunity: str
    amount: str | None
    currency: str | None
    close_date: str | None
    opportunity_stage: str | None = None
    by: str | None = None
    voice: Voice = NO_VOICE


@dataclass(frozen=True, slots=True)
class WonFact:
    """A deal closed."""

    kind: ClassVar[str] = "won"
    opportunity: str
    amount: str
    currency: str | None
    reopened: bool = False
    by: str | None = None
    voice: Voice = NO_VOICE


@dataclass(frozen=True, slots=True)
class LostFact:
    """A deal ended; the lead moved to lost only if ``lead_lost``."""

    kind: ClassVar[str] = "lost"
    opportunity: str
    reason: str
    reason_class: ReasonClass
    amount: str | None
    currency: str | None
    was_won: bool = False
    lead_lost: bool = False
    wake_at: int | None = None
    by: str | None = None
    voice: Voice = NO_VOICE


@dataclass(frozen=True, slots=True)
class RecycleFact:
    """The return of a lead to marketing."""

    kind: ClassVar[str] = "recycle"
    reason: str
    reason_class: ReasonClass
    trigger: Trigger
    """``recycle``, ``reject`` or ``return``"""
    wake_at: int
    recycles: int
    """Counted toward the loop limit, this one included."""
    slow_track: bool = False
    by: str | None = None
    voice: Voice = NO_VOICE


@dataclass(frozen=True, slots=True)
class RecycleCancelled:
    """A late yes of sales took the lead back from marketing."""

    kind: ClassVar[str] = "recycle_cancelled"
    handover: str


@dataclass(frozen=True, slots=True)
class JunkSuspected:
    """Junk rules match a lead that sales has."""

    kind: ClassVar[str] = "junk_suspected"
    rules: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class OwnerChanged:
    """Somebody else is responsible."""

    kind: ClassVar[str] = "owner_changed"
    from_rep: str | None
    to_rep: str
    team: str
    voice: Voice = NO_VOICE
    """Of the claim that changed it."""


@light
@dataclass(frozen=True, slots=True)
class ClockStarted:
    """A promise runs."""

    kind: ClassVar[str] = "clock_started"
    clock: ClockName
    ref: str | None
    """Handover id, opportunity id, or None for the lead's own."""
    run: int
    level: int
    allowed_ms: int
    due_at: int
    warn_at: int | None
    assignee: str | None


@light
@dataclass(frozen=True, slots=True)
class ClockWarned:
    """A promise is about to break."""

    kind: ClassVar[str] = "clock_warned"
    clock: ClockName
    ref: str | None
    run: int
    level: int
    allowed_ms: int
    due_at: int
    assignee: str | None


@light
@dataclass(frozen=True, slots=True)
class ClockMet:
    """A promise was kept (or, after a breach, answered)."""

    kind: ClassVar[str] = "clock_met"
    clock: ClockName
    ref: str | None
    run: int
    level: int
    allowed_ms: int
    used_ms: int
    paused_ms: int
    assignee: str | None
    breached: bool = False
    """A level broke before."""
    edge: bool = False
    disputed: bool = False


@light
@dataclass(frozen=True, slots=True)
class ClockBreached:
    """A promise broke at its due time."""

    kind: ClassVar[str] = "clock_breached"
    clock: ClockName
    ref: str | None
    run: int
    level: int
    allowed_ms: int
    due_at: int
    noticed_at: int
    paused_ms: int
    assignee: str | None
    noticed_late: bool = False
    bare: bool = False
    """Noticed by the very answer: dated and counted, nothing follows."""
    next_due_at: int | None = None
    escalate_to: str | None = None


@dataclass(frozen=True, slots=True)
class ClockPausedFact:
    """A promise waits."""

    kind: ClassVar[str] = "clock_paused"
    clock: ClockName
    ref: str | None
    run: int
    level: int
    allowed_ms: int
    left_ms: int
    until: int
    reason: str
    assignee: str | None


@dataclass(frozen=True, slots=True)
class ClockResumedFact:
    """A promise goes on with the time that was left."""

    kind: ClassVar[str] = "clock_resumed"
    clock: ClockName
    ref: str | None
    run: int
    level: int
    allowed_ms: int
    due_at: int
    paused_ms: int
    assignee: str | None


@light
@dataclass(frozen=True, slots=True)
class ClockCancelled:
    """A promise ended without a verdict."""

    kind: ClassVar[str] = "clock_cancelled"
    clock: ClockName
    ref: str | None
    run: int
    level: int
    allowed_ms: int
    used_ms: int
    paused_ms: int
    assignee: str | None
    trigger: str
    """What ended it: a trigger's name, or ``opportunity_changed``."""
    breached: bool = False
    uncontacted: bool = False
    short: bool = False


@dataclass(frozen=True, slots=True)
class RefusedFact:
    """An illegal or stale request: nothing changed."""

    kind: ClassVar[str] = "refused"
    asked: str
    """The signal's kind, e.g. ``accepted``."""
    code: str
    detail: str
    stage: Stage
    possible: tuple[str, ...]
    """Triggers that people may ask for from this stage."""
    open_handover: str | None = None
    by: str | None = None


FactBody = (
    Arrived
    | StageChanged
    | HeadsUp
    | HandoverOffered
    | HandoverUpdated
    | HandoverWithdrawn
    | Touched
    | HandRaised
    | Contacted
    | QualifiedSale
    | QualificationShort
    | OpportunityOpenedFact
    | OpportunityChanged
    | WonFact
    | LostFact
    | RecycleFact
    | RecycleCancelled
    | JunkSuspected
    | OwnerChanged
    | ClockStarted
    | ClockWarned
    | ClockMet
    | ClockBreached
    | ClockPausedFact
    | ClockResumedFact
    | ClockCancelled
    | RefusedFact
)


@light
@dataclass(frozen=True, slots=True)
class Context:
    """What every fact carries besides its body; in the message these stand beside the body."""

    stage: Stage
    """The lead's stage after the fact."""
    policy: str
    rules: int
    """The number of the engine's behaviour (``lifecycle.decide.RULES``)."""
    arrival_source: str | None = None
    arrival_campaign: str | None = None
    arrival_content: str | None = None
    handover_id: str | None = None
    handover_kind: HandoverKind | None = None
    touch_source: str | None = None
    touch_campaign: str | None = None
    touch_content: str | None = None
    grade: str | None = None
    """The handover's grade."""
    owner: str | None = None
    """The assignee of the offer, or the owner from sal on."""
    team: str | None = None


@light
@dataclass(frozen=True, slots=True)
class Fact:
    """One decision about one lead: ``<lead id>:<seq>`` identifies it."""

    lead_id: str
    seq: int
    at: int
    """Decision time: never before the lead's previous fact's."""
    happened_at: int
    context: Context
    body: FactBody
