"""What the facts on ``lead.lifecycle`` have in common: kinds of values, context, receipts."""

from typing import Annotated

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from lifecycle.stages import HandoverKind, Stage

Time = AwareDatetime
Seconds = Annotated[float, Field(ge=0, allow_inf_nan=False)]
Points = Annotated[float, Field(allow_inf_nan=False)]
Count = Annotated[int, Field(ge=0)]
Number = Annotated[int, Field(ge=1)]
Grade = Annotated[str, Field(pattern="^[A-D][1-4]$")]
Value = str | int | float | bool


class Record(BaseModel):
    """A part of a fact. Optional members are absent where there is nothing to tell, never null."""

    model_config = ConfigDict(
        extra="forbid", strict=True, frozen=True, use_attribute_docstrings=True
    )


class FitPart(Record):
    """One attribute's points of fit; `clamp` is what the bounds 0 and 100 cut off or added."""

    attribute: str
    """The profile attribute."""
    value: Value
    """Its value."""
    points: Points
    """What it is worth."""


class ActivityPart(Record):
    """One activity's live points; `other` sums what did not fit into the receipt."""

    activity: str
    """The activity, by the policy's name."""
    points: Points
    """What is left of its points, after decay and cap."""
    count: Count
    """How often it happened."""
    last_at: Time
    """When it happened last."""
    capped: bool
    """Its cap cut something off."""
    buying_signal: bool
    """It counts toward intent."""
    alive: bool
    """As a buying signal, it is above its floor."""


class NearMiss(Record):
    """How far the lead is from a stage; 0 and false where nothing lacks."""

    to: Stage
    """The stage."""
    engagement_points: Points
    """Engagement that lacks."""
    fit_points: Points
    """Fit that lacks."""
    requalify_points: Points
    """Engagement that lacks since sales' last no."""
    buying_signal: bool
    """A buying signal lacks."""
    junk: tuple[str, ...] = ()
    """Junk rules that match and stand in the way."""


class Receipt(Record):
    """Why: the parts add up to their totals exactly."""

    fit_points: Points
    """Fit, 0 to 100."""
    engagement_points: Points
    """Engagement, 0 or more."""
    intent_points: Points
    """The buying signals' part of engagement."""
    grade: Grade
    """Fit A to D times engagement 1 to 4."""
    rule: str
    """The trigger or rule that fired, such as `qualify` or `junk:student`."""
    policy: str
    """The policy's version."""
    fit: tuple[FitPart, ...] = ()
    """Fit by attribute."""
    unknown: tuple[str, ...] = ()
    """Attributes that the policy scores and nobody has told."""
    activities: tuple[ActivityPart, ...] = ()
    """Engagement by activity."""
    near_misses: tuple[NearMiss, ...] = ()
    """What lacks for the stages ahead."""


class Touch(Record):
    """One engagement, as far as attribution needs it."""

    at: Time
    """When it happened."""
    activity: str
    """What the lead did."""
    campaign: str | None = None
    """The campaign that brought it."""
    source: str | None = None
    """Where it came from."""
    medium: str | None = None
    """How it came."""
    content: str | None = None
    """The content it met."""
    channel: str | None = None
    """The channel."""


class Rejection(Record):
    """An earlier no of sales."""

    handover_id: str
    """The handover that was rejected."""
    at: Time
    """When."""
    reason: str
    """Why, by the policy's name."""
    rep: str | None = None
    """Who."""


class Voice(Record):
    """What sales heard in the call, as codes; never free text."""

    pain_points: tuple[str, ...] = ()
    """Pains named."""
    objections: tuple[str, ...] = ()
    """Objections raised."""
    questions: tuple[str, ...] = ()
    """Questions asked."""
    competitor: str | None = None
    """Competitor named."""
    content_used: str | None = None
    """The content sales used or the lead spoke of."""


class FactData(Record):
    """What every fact tells besides its own."""

    seq: Number
    """The fact's number within its lead: 1, 2, 3 … on lead.lifecycle. Use it to dedupe."""
    happened_at: Time
    """When what it tells of happened: a signal's time, or a clock's due time. The event's `time`
    is the time of the decision, never before the lead's previous fact's."""
    stage: Stage
    """The lead's stage after the fact."""
    policy: str
    """The version of the policy that decided: its key in lead.policies."""
    rules: Number
    """The number of the engine's behaviour."""
    arrival_source: str | None = None
    """Source of the lead's first known touch; never changes."""
    arrival_campaign: str | None = None
    """Campaign of the lead's first known touch; never changes."""
    arrival_content: str | None = None
    """Content of the lead's first known touch; never changes."""
    handover_id: str | None = None
    """The lead's last handover, from the first one on."""
    handover_kind: HandoverKind | None = None
    """Why it was offered."""
    touch_source: str | None = None
    """Source of the last touch before that handover."""
    touch_campaign: str | None = None
    """Campaign of the last touch before that handover."""
    touch_content: str | None = None
    """Content of the last touch before that handover."""
    grade: Grade | None = None
    """The lead's grade at that handover."""
    owner: str | None = None
    """The assignee of the offer on the table; the owner from sal on."""
    team: str | None = None
    """The assignee's or owner's team."""
