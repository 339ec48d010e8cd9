"""The state of one lead: all that the next decision needs, and bounded."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from lifecycle.facts import Rejection, Touch
from lifecycle.light import light
from lifecycle.policy import AttributeValue
from lifecycle.stages import ClockName, HandoverKind, HandoverStatus, Stage

# Bounds of what a lead remembers. They are part of the behaviour: raise RULES with a change.
SEEN_MAX: Final = 32
"""Ids remembered for duplicates: a repeat further back than this counts again."""
DIGEST_BYTES: Final = 8
"""Of each of them."""
ATTRIBUTES_MAX: Final = 40
TOUCHES_FIRST_MAX: Final = 3
TOUCHES_LAST_MAX: Final = 5
CAMPAIGNS_MAX: Final = 20
REJECTIONS_MAX: Final = 5
CODES_MAX: Final = 10
OPPORTUNITIES_OPEN_MAX: Final = 20
OPPORTUNITIES_ENDED_MAX: Final = 20
RECEIPT_ACTIVITIES_MAX: Final = 20
SILENCED_MAX: Final = 20
JUNK_TOLD_MAX: Final = 10


@light
@dataclass(frozen=True, slots=True)
class Attribute:
    """The last known value of a profile attribute; ``None`` where it was cleared."""

    value: AttributeValue | None
    at: int


@light
@dataclass(frozen=True, slots=True)
class Accumulator:
    """The decaying points of one activity, as of ``step`` (``lifecycle.decay``)."""

    points: float
    """All that counts, uncapped, in points."""
    gated: float
    """The part dated after the gate closed."""
    step: int
    half_life_ms: int
    count: int
    last_at: int


@light
@dataclass(frozen=True, slots=True)
class Scores:
    """Accumulators by activity, and from when on they count."""

    accumulators: Mapping[str, Accumulator] = field(default_factory=dict)
    engagement_reset_at: int | None = None
    intent_reset_at: int | None = None
    gate_at: int | None = None
    """Set by a recycle, reject, loss or withdrawal: what is dated later opens it."""
    gate_waived_at: int | None = None
    """After a return to nurture: from this wake-up date on the gate does not hold."""
    policy: str = ""
    """The definition that the accumulators were last carried over to."""


@light
@dataclass(frozen=True, slots=True)
class Arrival:
    """The first known touch: set once each, never changed."""

    at: int
    origin: str
    source: str | None = None
    campaign: str | None = None
    content: str | None = None


@light
@dataclass(frozen=True, slots=True)
class Touches:
    """First and last touches, campaigns met, and days on which an activity was told."""

    first: tuple[Touch, ...] = ()
    last: tuple[Touch, ...] = ()
    campaigns: tuple[str, ...] = ()
    told_days: Mapping[str, int] = field(default_factory=dict)
    """Activity to the last UTC day number told from mql on."""


@light
@dataclass(frozen=True, slots=True)
class Clock:
    """A running promise. Paused: ``paused_at`` is set, and ``due_at`` is when it resumes."""

    name: ClockName
    ref: str | None
    run: int
    level: int
    levels: int
    """As at its start; 0: repeats without end."""
    allowed_ms: int
    level_ms: int
    """Allowance of a later level; ``allowed_ms`` is the running level's, and shorter or longer
    only where a hand raise hastened it."""
    warn_ms: int | None
    """Time used when it warns, within a level; None: never."""
    calendar: str | None
    """Key of the working hours, ``rep:<name>`` or ``team:<name>``; None: calendar time."""
    assignee: str | None
    started_at: int
    """Start of the first level."""
    level_at: int
    """Start of the running level, or when it resumed."""
    left_ms: int
    """What was left of the level at ``level_at``."""
    due_at: int
    warn_at: int | None
    """None: never, warned already, or paused."""
    paused_at: int | None = None
    paused_ms: int = 0
    broke_at: int | None = None
    """Due time of the level that broke last."""
    warned: bool = False
    """In the running level."""


@light
@dataclass(frozen=True, slots=True)
class Handover:
    """One offer, and what became of it."""

    number: int
    kind: HandoverKind
    attempt: int
    fast: bool
    at: int
    status: HandoverStatus
    assignee: str
    team: str
    grade: str
    touch_source: str | None = None
    touch_campaign: str | None = None
    touch_content: str | None = None
    attempts: int = 0
    reached: bool = False
    cadence_run: bool = False
    cooled: bool = False
    """That it cooled was told."""
    pauses: int = 0
    unanswered: Clock | None = None
    """The acceptance or first_contact clock that ended without its answer: an answer dated
    before its deadline may still come."""


@dataclass(frozen=True, slots=True)
class Opportunity:
    """An open deal."""

    id: str
    amount: str | None
    currency: str | None
    close_date: str | None
    stage: str | None
    opened_at: int


@dataclass(frozen=True, slots=True)
class Ended:
    """A deal that ended."""

    id: str
    won: bool
    """Counts as won until churned or lost after all."""
    ended_at: int
    amount: str | None
    currency: str | None
    close_date: str | None = None
    stage: str | None = None


@dataclass(frozen=True, slots=True)
class Nurture:
    """A lead that waits: in nurture, or in lost."""

    reason: str
    wake_at: int
    early_wake: bool
    returned: bool = False


@light
@dataclass(frozen=True, slots=True)
class Person:
    """What sales and marketing know and decided about the lead."""

    owner: str | None = None
    team: str | None = None
    assignee: str | None = None
    """By the last assigned, overriding the routing."""
    assignee_team: str | None = None
    returns: int = 0
    """Of this offer: since the last handover of another kind or contact attempt."""
    recycles: tuple[int, ...] = ()
    """When, within the loop window; as many as the limit needs."""
    rejections: tuple[Rejection, ...] = ()
    junk_told: tuple[str, ...] = ()
    """Sets of junk rules that the owner was told of, each its rules' names joined by ``+``."""
    junk_silenced: tuple[str, ...] = ()
    disqualified_for: str | None = None
    disqualified_by_rule: bool = False
    hand_raised_at: int | None = None
    heads_up_at: int | None = None
    bant: str | None = None
    """``confirmed``, ``unconfirmed`` or ``short``"""
    pain_points: tuple[str, ...] = ()
    objections: tuple[str, ...] = ()
    questions: tuple[str, ...] = ()
    competitors: tuple[str, ...] = ()


@light
@dataclass(frozen=True, slots=True)
class Move:
    """One of the last moves, for ``explain``."""

    at: int
    from_stage: Stage
    to_stage: Stage
    trigger: str


@light
@dataclass(frozen=True, slots=True)
class Lead:
    """One lead. ``next_due(lead)`` in ``clocks`` says when it wants to be looked at."""

    id: str
    seq: int
    """Facts told so far."""
    stage: Stage
    since: int
    at: int
    """The last decision's time."""
    seen: bytes
    """Digests of the last ids, oldest first, one behind the other: in one piece, because they are
    looked through at every signal."""
    arrival: Arrival
    scores: Scores = Scores()
    profile: Mapping[str, Attribute] = field(default_factory=dict)
    touches: Touches = Touches()
    handover: Handover | None = None
    previous: Handover | None = None
    """The handover before the last."""
    clocks: tuple[Clock, ...] = ()
    runs: Mapping[str, int] = field(default_factory=dict)
    """Clock name to how often it was started."""
    opportunities: tuple[Opportunity, ...] = ()
    ended: tuple[Ended, ...] = ()
    won: int = 0
    """Won and not churned."""
    nurture: Nurture | None = None
    person: Person = Person()
    moves: tuple[Move, ...] = ()
    """The last MOVES_MAX."""


MOVES_MAX: Final = 10


def handover_id(lead_id: str, number: int) -> str:
    """Return the public name of a lead's nth handover."""
    return f"{lead_id}:h{number}"
