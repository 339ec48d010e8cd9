"""What comes in on ``lead.signals``: one model a type, and what it means to the domain.

The models check shape alone: types, lengths, ranges. Which activities and reasons exist is the
policy's to say. Fields that no model names are dropped without a word, so that a newer sender
does no harm; a field that is named here and has the wrong type is refused.
"""

from typing import Annotated, Final, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from lifecycle import signals
from lifecycle.lead import ATTRIBUTES_MAX
from lifecycle.stages import ClockName
from schemas.envelope import LEAD_ID_CHARACTERS_MAX, lead_id_fault
from schemas.inbound_fields import (
    Amount,
    AttributeName,
    Codes,
    Currency,
    Day,
    GivenAttribute,
    Moment,
    Name,
    OptionalMoment,
    OptionalName,
    OptionalText,
    Text,
    Url,
    without_query,
)

HANDOVER_ID = "The handover this answers: `handover` of the lead.handover.v1 that offered it."
REP = "The rep, by a name that routing knows; an opaque id serves as well. No email address."


class Data(BaseModel):
    """Data of one inbound message."""

    model_config = ConfigDict(frozen=True, extra="ignore", allow_inf_nan=False)


class Feedback(Data):
    """What sales heard in the call. Codes of the policy; unknown codes are counted, not refused."""

    rep: Annotated[OptionalName, Field(description=REP)] = None
    pain_points: Annotated[Codes, Field(description="Pains named, as codes; at most 5.")] = ()
    objections: Annotated[Codes, Field(description="Objections raised, as codes; at most 5.")] = ()
    questions: Annotated[Codes, Field(description="Questions asked, as codes; at most 5.")] = ()
    competitor: Annotated[OptionalName, Field(description="Competitor named, as a code.")] = None
    content_used: Annotated[
        OptionalText, Field(description="The content sales used or the lead spoke of.")
    ] = None

    def voice(self) -> signals.Voice:
        """Gather the voice of the call; the shared empty one where nothing was heard."""
        voice = signals.Voice(
            pain_points=self.pain_points or (),
            objections=self.objections or (),
            questions=self.questions or (),
            competitor=self.competitor or None,
            content_used=self.content_used or None,
        )
        return signals.NO_VOICE if voice == signals.NO_VOICE else voice


class Engaged(Data):
    """The lead did something: viewed a page, opened an email, sent a form, asked for a demo.

    One type serves every business: what an activity is worth is the policy's. An activity that
    the policy does not name counts nothing, and shows in a metric.
    """

    activity: Annotated[Name, Field(description="What it did, as the policy names it.")]
    campaign: Annotated[OptionalText, Field(description="Campaign that brought it.")] = None
    source: Annotated[OptionalText, Field(description="Where it came from, as utm_source.")] = None
    medium: Annotated[OptionalText, Field(description="How it came, as utm_medium.")] = None
    content: Annotated[OptionalText, Field(description="The content it met.")] = None
    channel: Annotated[OptionalText, Field(description="Channel: web, email, event …")] = None
    url: Annotated[
        Url,
        Field(description="The page. Query, fragment and user info are removed on reading."),
    ] = None

    def to_body(self) -> signals.Engaged:
        """Hand over to the domain; empty texts count as absent."""
        url = self.url
        return signals.Engaged(
            self.activity,
            self.campaign or None,
            self.source or None,
            self.medium or None,
            self.content or None,
            self.channel or None,
            without_query(url) if url else None,
        )


class Profiled(Data):
    """What is known of the lead changed: only what is named here is set or cleared.

    Attributes describe the company and the role (industry, company_size, seniority), never the
    person: names, email addresses and phone numbers have no place here and are refused.
    """

    attributes: Annotated[
        dict[AttributeName, GivenAttribute],
        Field(
            max_length=ATTRIBUTES_MAX,
            description="Attributes to set, by name in snake_case; null clears one.",
        ),
    ] = Field(default_factory=dict)
    clear: Annotated[
        tuple[AttributeName, ...],
        Field(max_length=ATTRIBUTES_MAX, description="Attributes no longer known."),
    ] = ()

    @model_validator(mode="after")
    def _says_something_once(self) -> Self:
        """Refuse a profile that says nothing, or both sets and clears an attribute."""
        if not self.attributes and not self.clear:
            raise ValueError("names no attribute, neither in attributes nor in clear")
        both = sorted(name for name in self.clear if self.attributes.get(name) is not None)
        if both:
            raise ValueError(f"{both[0]} is set and cleared at once")
        return self

    def to_body(self) -> signals.Profiled:
        """Hand over to the domain; a null clears."""
        given = {name: value for name, value in self.attributes.items() if value is not None}
        cleared = [name for name, value in self.attributes.items() if value is None]
        return signals.Profiled(given, tuple(dict.fromkeys((*self.clear, *cleared))))


class Assigned(Data):
    """Somebody else is responsible from here on: the offer or the lead moves to this rep."""

    rep: Annotated[Name, Field(description=REP)]
    team: Annotated[OptionalName, Field(description="The rep's team, whose hours count.")] = None

    def to_body(self) -> signals.Assigned:
        """Hand over to the domain."""
        return signals.Assigned(self.rep, self.team or None)


class Accepted(Feedback):
    """A rep took the lead that was offered."""

    handover_id: Annotated[Name, Field(description=HANDOVER_ID)]

    def to_body(self) -> signals.Accepted:
        """Hand over to the domain."""
        return signals.Accepted(self.handover_id, self.rep or None, self.voice())


class Rejected(Feedback):
    """Sales did not take the lead, before any contact: definition, data, duplicate."""

    handover_id: Annotated[Name, Field(description=HANDOVER_ID)]
    reason: Annotated[Name, Field(description="A recycle or disqualify reason of the policy.")]

    def to_body(self) -> signals.Rejected:
        """Hand over to the domain."""
        return signals.Rejected(self.handover_id, self.reason, self.rep or None, self.voice())


class Claimed(Feedback):
    """A rep takes a lead that nobody offered."""

    rep: Annotated[Name, Field(description=REP)]
    reason: Annotated[Text, Field(description="Why, in a few words. Nothing personal.")]

    def to_body(self) -> signals.Claimed:
        """Hand over to the domain."""
        return signals.Claimed(self.rep or "", self.reason, self.voice())


class Nominated(Data):
    """Marketing's judgement: a person offers this lead although its score does not."""

    person: Annotated[Name, Field(description="Who nominates, by a name the month is counted for.")]
    reason: Annotated[Text, Field(description="Why, in a few words. Nothing personal.")]

    def to_body(self) -> signals.Nominated:
        """Hand over to the domain."""
        return signals.Nominated(self.person, self.reason)


class ContactAttempted(Feedback):
    """Sales tried to reach the lead. Send every attempt, reached or not."""

    channel: Annotated[Name, Field(description="How: call, email, meeting …")]
    reached: Annotated[bool, Field(strict=True, description="The lead answered.")]
    handover_id: Annotated[OptionalName, Field(description=HANDOVER_ID)] = None

    def to_body(self) -> signals.ContactAttempted:
        """Hand over to the domain."""
        return signals.ContactAttempted(
            self.channel, self.reached, self.handover_id or None, self.rep or None, self.voice()
        )


class Qualified(Feedback):
    """Sales' answer on BANT: budget, authority, need, timeline. A no is an answer too."""

    budget: Annotated[bool, Field(strict=True, description="There is a budget.")]
    authority: Annotated[bool, Field(strict=True, description="The contact can decide.")]
    need: Annotated[bool, Field(strict=True, description="There is a need we can meet.")]
    timeline_days: Annotated[
        int | None,
        Field(strict=True, ge=0, le=3650, description="Days until they want to decide."),
    ] = None
    handover_id: Annotated[OptionalName, Field(description=HANDOVER_ID)] = None

    def to_body(self) -> signals.Qualified:
        """Hand over to the domain."""
        return signals.Qualified(
            self.budget,
            self.authority,
            self.need,
            self.timeline_days,
            self.handover_id or None,
            self.rep or None,
            self.voice(),
        )


class OpportunityOpened(Feedback):
    """A deal is on the table. Sent again with a known id, it changes that deal's data."""

    opportunity_id: Annotated[Name, Field(description="The CRM's id of the deal.")]
    amount: Annotated[Amount, Field(description="Expected amount, not negative.")]
    currency: Annotated[Currency, Field(description="ISO 4217 code, such as EUR.")]
    close_date: Annotated[Day, Field(description="Expected close: YYYY-MM-DD.")]
    opportunity_stage: Annotated[OptionalText, Field(description="The CRM's deal stage.")] = None

    def to_body(self) -> signals.OpportunityOpened:
        """Hand over to the domain."""
        return signals.OpportunityOpened(
            self.opportunity_id,
            self.amount,
            self.currency,
            self.close_date,
            self.opportunity_stage or None,
            self.rep or None,
            self.voice(),
        )


class Won(Feedback):
    """The deal closed."""

    opportunity_id: Annotated[Name, Field(description="The CRM's id of the deal.")]
    amount: Annotated[Amount, Field(description="The amount agreed, not negative.")]
    currency: Annotated[Currency | None, Field(description="ISO 4217; as opened if absent.")] = None

    def to_body(self) -> signals.Won:
        """Hand over to the domain."""
        return signals.Won(
            self.opportunity_id, self.amount, self.currency, self.rep or None, self.voice()
        )


class Lost(Feedback):
    """The deal ended without one; for a won deal: it fell through after all."""

    opportunity_id: Annotated[Name, Field(description="The CRM's id of the deal.")]
    reason: Annotated[Name, Field(description="A recycle reason of the policy.")]

    def to_body(self) -> signals.Lost:
        """Hand over to the domain."""
        return signals.Lost(self.opportunity_id, self.reason, self.rep or None, self.voice())


class Recycled(Feedback):
    """Back to marketing, with the reason that sets when the lead wakes up."""

    reason: Annotated[Name, Field(description="A recycle reason of the policy.")]
    until: Annotated[
        OptionalMoment,
        Field(description="For reasons that need a date (in_contract): when that ends."),
    ] = None
    wake_at: Annotated[
        OptionalMoment, Field(description="Wake the lead then, not after the reason's own wait.")
    ] = None
    handover_id: Annotated[OptionalName, Field(description=HANDOVER_ID)] = None

    def to_body(self) -> signals.Recycled:
        """Hand over to the domain."""
        return signals.Recycled(
            self.reason,
            self.until,
            self.wake_at,
            self.handover_id or None,
            self.rep or None,
            self.voice(),
        )


class Disqualified(Feedback):
    """Out, with a reason: after contact, where a reject is before."""

    reason: Annotated[Name, Field(description="A disqualify reason of the policy.")]
    handover_id: Annotated[OptionalName, Field(description=HANDOVER_ID)] = None

    def to_body(self) -> signals.Disqualified:
        """Hand over to the domain."""
        return signals.Disqualified(
            self.reason, self.handover_id or None, self.rep or None, self.voice()
        )


class Reinstated(Data):
    """A person takes a lead back in; the junk rules that matched keep quiet."""

    person: Annotated[Name, Field(description="Who reinstates.")]
    reason: Annotated[Text, Field(description="Why, in a few words. Nothing personal.")]

    def to_body(self) -> signals.Reinstated:
        """Hand over to the domain."""
        return signals.Reinstated(self.person, self.reason)


class ClockPaused(Data):
    """A promise waits until a date, at the lead's wish (asked to be called in March)."""

    clock: Annotated[ClockName, Field(description="Which promise waits; never acceptance.")]
    reason: Annotated[Text, Field(description="Why, in a few words. Nothing personal.")]
    until: Annotated[Moment, Field(description="It goes on by itself then.")]
    handover_id: Annotated[OptionalName, Field(description=HANDOVER_ID)] = None
    rep: Annotated[OptionalName, Field(description=REP)] = None

    def to_body(self) -> signals.ClockPaused:
        """Hand over to the domain."""
        return signals.ClockPaused(
            self.clock, self.reason, self.until, self.handover_id or None, self.rep or None
        )


class ClockResumed(Data):
    """A paused promise goes on before its date."""

    clock: Annotated[ClockName, Field(description="Which promise goes on.")]
    handover_id: Annotated[OptionalName, Field(description=HANDOVER_ID)] = None
    rep: Annotated[OptionalName, Field(description=REP)] = None

    def to_body(self) -> signals.ClockResumed:
        """Hand over to the domain."""
        return signals.ClockResumed(self.clock, self.handover_id or None, self.rep or None)


class Merged(Data):
    """Two leads are one. Checked and refused as `not_supported_yet` by this release."""

    into: Annotated[
        str,
        Field(
            min_length=1,
            max_length=LEAD_ID_CHARACTERS_MAX,
            description="The lead id that remains.",
        ),
    ]

    @model_validator(mode="after")
    def _into_a_lead(self) -> Self:
        """Hold the remaining lead id to the rules of every lead id."""
        fault = lead_id_fault(self.into)
        if fault is not None:
            raise ValueError(fault)
        return self


class Erased(Data):
    """Forget this lead. Checked and refused as `not_supported_yet` by this release."""


class Ticked(Data):
    """No lead: the time of one partition has come this far. Sent by Baton or a simulation."""

    partition: Annotated[int, Field(strict=True, ge=0, description="The partition it is for.")]


class PolicyAdopted(Data):
    """No lead: the definition in force in this partition from here on. Sent by `policy adopt`."""

    digest: Annotated[
        str,
        Field(pattern="^[0-9a-f]{16}$", description="The policy: its key in lead.policies."),
    ]
    for_marketing: Annotated[Name, Field(description="Who agreed for marketing.")]
    for_sales: Annotated[Name, Field(description="Who agreed for sales.")]
    reason: Annotated[Text, Field(description="Why it changed.")]
    partition_count: Annotated[
        int, Field(strict=True, ge=1, le=100_000, description="Partitions of lead.signals.")
    ]
    ticks: Annotated[
        Literal["owner", "external"],
        Field(description="Who tells the time: the partition's worker, or somebody outside."),
    ] = "owner"


SignalData = (
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

SIGNALS: Final[dict[str, type[SignalData]]] = {
    "lead.engaged.v1": Engaged,
    "lead.profiled.v1": Profiled,
    "lead.assigned.v1": Assigned,
    "lead.accepted.v1": Accepted,
    "lead.rejected.v1": Rejected,
    "lead.claimed.v1": Claimed,
    "lead.nominated.v1": Nominated,
    "lead.contact_attempted.v1": ContactAttempted,
    "lead.qualified.v1": Qualified,
    "lead.opportunity_opened.v1": OpportunityOpened,
    "lead.won.v1": Won,
    "lead.lost.v1": Lost,
    "lead.recycled.v1": Recycled,
    "lead.disqualified.v1": Disqualified,
    "lead.reinstated.v1": Reinstated,
    "lead.clock_paused.v1": ClockPaused,
    "lead.clock_resumed.v1": ClockResumed,
}
"""What a lead or a person did: each becomes a ``lifecycle.signals.Signal``."""

TICK: Final = "lead.tick.v1"
POLICY_ADOPTED: Final = "lead.policy_adopted.v1"

WITHOUT_LEAD: Final[dict[str, type[Data]]] = {TICK: Ticked, POLICY_ADOPTED: PolicyAdopted}
"""Key and subject start with ``~``."""

NOT_YET: Final[dict[str, type[Data]]] = {"lead.merged.v1": Merged, "lead.erased.v1": Erased}

INBOUND: Final[dict[str, type[Data]]] = {**SIGNALS, **WITHOUT_LEAD, **NOT_YET}
"""Every type that ``lead.signals`` may carry, to the model of its data."""

TYPE_OF: Final[dict[type[Data], str]] = {model: name for name, model in INBOUND.items()}
"""The way back: a publisher is given a model and has to name its type."""
