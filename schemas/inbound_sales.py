"""What comes in from sales: its answer on what it was offered, and what became of it."""

from typing import Annotated

from pydantic import Field

from lifecycle import signals
from lifecycle.stages import ClockName
from schemas.inbound_fields import (
    REP,
    Amount,
    Codes,
    Currency,
    Data,
    Day,
    Moment,
    Name,
    OptionalMoment,
    OptionalName,
    OptionalText,
    Text,
)

HANDOVER_ID = "The handover this answers: `handover` of the lead.handover.v1 that offered it."


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
