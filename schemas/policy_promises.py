"""The sections of a policy about people: requests, promises, reasons, routes, working hours."""

from typing import Annotated

from pydantic import BeforeValidator, Field

from lifecycle.lead import REJECTIONS_MAX
from lifecycle.policy import ClockRule, RecycleReason, Scoreboard, WorkingHours
from lifecycle.stages import ReasonClass
from schemas.policy_lead import When
from schemas.policy_part import Part
from schemas.policy_values import (
    DAY_MS,
    Assignee,
    ClockAllowance,
    Date,
    Duration,
    Fraction,
    Hours,
    Name,
    PositiveDuration,
)


class ReopenPart(Part):
    """When a raised hand no longer reopens a disqualified lead."""

    rejections_max: int = Field(ge=1, le=REJECTIONS_MAX)
    """This many rejections within the window; a lead remembers no more of them."""
    window: PositiveDuration


class ShortReasons(Part):
    """The recycle reason that fits what BANT lacks."""

    budget: Name
    authority: Name
    need: Name
    timeline: Name


class BantPart(Part):
    """Budget, authority, need, timeline."""

    timeline_max: PositiveDuration
    """A longer buying timeline is not yet a qualified one; whole days."""
    short_reasons: ShortReasons


class RequestsPart(Part):
    """Limits on what people may ask for and on what they are told."""

    nominations_max: int = Field(ge=0, le=1_000_000)
    """Nominations a month and person."""
    hand_raise_quiet: Duration
    """At most one raised hand is told in this time."""
    heads_up_quiet: Duration
    """At most one early notice is given in this time."""
    reopen: ReopenPart
    bant: BantPart


class ClockPart(Part):
    """One promise."""

    allowance: ClockAllowance
    """How long it may take."""
    fast: ClockAllowance | None = None
    """The same on the fast track."""
    warn: Fraction | None = None
    """The part of the allowance after which a warning goes out."""
    levels: int = Field(1, ge=0, le=20)
    """The breach of the last level ends it; 0 repeats for ever."""
    attempts: int = Field(0, ge=0, le=100)
    """Cadence: this many contact attempts meet it."""

    def to_domain(self) -> ClockRule:
        """Build the domain's view."""
        return ClockRule(
            allowance_ms=self.allowance.ms,
            fast_allowance_ms=self.fast.ms if self.fast else None,
            business=self.allowance.business,
            warn_fraction=self.warn,
            levels=self.levels,
            attempts=self.attempts,
        )


class ClocksPart(Part):
    """The promises, by name."""

    acceptance: ClockPart
    """From the handover to sales' answer."""
    first_contact: ClockPart
    """From acceptance to the first contact attempt."""
    cadence: ClockPart
    """From the first attempt that did not reach to the last one due."""
    qualification: ClockPart
    """From acceptance to an answer on BANT."""
    opportunity: ClockPart
    """From sql to an opportunity."""
    deal: ClockPart
    """From one change of an open opportunity to the next."""
    review: ClockPart
    """How often an idle lead is looked at; tells no facts."""


class PausesPart(Part):
    """How far a clock may be paused."""

    length_max: PositiveDuration
    per_handover_max: int = Field(ge=0, le=100)


class TargetPart(Part):
    """Who gets a handover."""

    assignee: Assignee
    """A rep or a queue."""
    team: Name


class ReturnsPart(Part):
    """What happens when a promise broke for the last time."""

    max: int = Field(ge=0, le=100)
    """Returns of one offer before the lead goes back to marketing."""
    to: TargetPart
    """Who gets a returned lead."""
    reason: Name
    """The recycle reason after the last return."""
    stalled_reason: Name
    """The recycle reason when qualification or opportunity stalled."""


_REASON_CLASS = BeforeValidator(
    lambda value: ReasonClass(value) if value in tuple(ReasonClass) else _no_class()
)


def _no_class() -> ReasonClass:
    message = "one of hard, soft, handling, market"
    raise ValueError(message)


class RecyclePart(Part):
    """A reason to send a lead back to marketing, and its track."""

    kind: Annotated[ReasonClass, _REASON_CLASS] = Field(alias="class")
    """What the reason tells: hard or soft of the lead, handling of us, market of neither."""
    wait: Duration
    """From the no to the wake-up."""
    needs_date: bool = False
    """A recycle has to say until when."""
    keep_engagement: bool = True
    """False: engagement starts from 0 again."""
    early_wake: bool = False
    """Fresh interest wakes the lead before the wait is over."""
    churn: bool = False
    """Of a customer who leaves."""

    def to_domain(self, name: str) -> RecycleReason:
        """Build the domain's view."""
        return RecycleReason(
            name=name,
            kind=self.kind,
            wait_ms=self.wait,
            needs_date=self.needs_date,
            keep_engagement=self.keep_engagement,
            early_wake=self.early_wake,
            churn=self.churn,
        )


class LoopsPart(Part):
    """When a lead has come back too often."""

    max: int = Field(ge=1, le=100)
    """This many recycles within the window."""
    window: PositiveDuration
    slow_track: PositiveDuration
    """The wait then."""


class DisqualifyPart(Part):
    """A reason to take a lead out altogether."""

    kind: Annotated[ReasonClass, _REASON_CLASS] = Field(alias="class")
    """As of a recycle reason."""
    reopens: bool
    """A raised hand may bring the lead back."""


class RoutePart(TargetPart):
    """Who gets which handovers; the first route that holds wins."""

    when: When = Field({})
    """All tests hold; none: everybody else."""


class HoursPart(Part):
    """A calendar of business time."""

    zone: str
    """An IANA time zone."""
    hours: Hours
    """Local spans by weekday or range of weekdays."""
    holidays: list[Date] = Field([])
    """Local dates without business time."""

    def to_domain(self) -> WorkingHours:
        """Build the domain's view."""
        return WorkingHours(self.zone, self.hours, frozenset(self.holidays))


class CodesPart(Part):
    """The codes of what sales hears in calls."""

    pain_points: list[Name]
    objections: list[Name]
    questions: list[Name]
    competitors: list[Name]


class ScoreboardPart(Part):
    """When figures say something, and what both teams promise."""

    handling_limit: Fraction
    """Handovers spoilt by handling."""
    quality_limit: Fraction
    """Well-handled handovers that were not good."""
    sample_min: int = Field(ge=1, le=1_000_000)
    young: Duration
    """A handover counts from this age; whole days."""
    feedback: PositiveDuration
    """Sales owes a final answer within this time; whole days."""
    overturn: PositiveDuration
    """A soft no that reaches sql within this time was none; whole days."""
    mql_promise: int = Field(ge=0, le=1_000_000_000)
    """Leads first handed over in a month."""
    quality_promise: Fraction
    feedback_promise: Fraction

    def to_domain(self) -> Scoreboard:
        """Build the domain's view."""
        return Scoreboard(
            handling_limit=self.handling_limit,
            quality_limit=self.quality_limit,
            sample_min=self.sample_min,
            young_days=self.young // DAY_MS,
            feedback_days=self.feedback // DAY_MS,
            overturn_days=self.overturn // DAY_MS,
            mql_promise_per_month=self.mql_promise,
            quality_promise=self.quality_promise,
            feedback_promise=self.feedback_promise,
        )
