"""The facts about what sales does: attempts, BANT, opportunities, wins and losses."""

from typing import Annotated, Literal

from pydantic import Field

from lifecycle.stages import ReasonClass
from schemas.outbound_parts import Count, FactData, Time, Voice

Amount = Annotated[str, Field(pattern=r"^[0-9]+(\.[0-9]+)?$")]
Currency = Annotated[str, Field(pattern="^[A-Z]{3}$")]
Day = Annotated[str, Field(json_schema_extra={"format": "date"})]


class Contacted(FactData):
    """An attempt of sales to reach the lead."""

    channel: str
    """How."""
    reached: bool
    """The lead answered."""
    attempt: Count
    """Attempts so far on its handover; 0 where it belongs to none."""
    handover: str | None = None
    """The handover it belongs to."""
    by: str | None = None
    """Who."""
    voice: Voice | None = None
    """What sales heard."""


class Bant(FactData):
    """Sales' answer on BANT."""

    budget: bool
    """There is a budget."""
    authority: bool
    """The contact can decide."""
    need: bool
    """There is a need."""
    timeline_days: Count | None = None
    """Days until they want to decide."""
    by: str | None = None
    """Who answered."""
    voice: Voice | None = None
    """What sales heard."""


class Qualified(Bant):
    """BANT confirmed."""


class QualificationShort(Bant):
    """BANT answered and not met; the lead does not move."""

    missing: tuple[Literal["budget", "authority", "need", "timeline"], ...]
    """What lacks."""
    recycle_reason: str
    """The recycle reason that fits."""


class OpportunityData(FactData):
    """What a fact tells of an opportunity."""

    opportunity: str
    """The CRM's id of the deal."""
    currency: Currency | None = None
    """ISO 4217."""
    by: str | None = None
    """Who told it."""
    voice: Voice | None = None
    """What sales heard."""


class OpportunityOpened(OpportunityData):
    """A deal is on the table."""

    amount: Amount | None = None
    """Amount as a decimal, without rounding."""
    close_date: Day | None = None
    """Expected close: YYYY-MM-DD."""
    opportunity_stage: str | None = None
    """The CRM's deal stage."""
    implied: bool
    """It follows from a win or a loss of a deal that nobody had told."""
    reopened: bool
    """It had ended before."""


class OpportunityChanged(OpportunityData):
    """A known deal's data changed."""

    amount: Amount | None = None
    """Amount as a decimal, without rounding."""
    close_date: Day | None = None
    """Expected close: YYYY-MM-DD."""
    opportunity_stage: str | None = None
    """The CRM's deal stage."""


class Won(OpportunityData):
    """A deal closed."""

    amount: Amount
    """The amount agreed."""
    reopened: bool
    """It had been lost before."""


class Lost(OpportunityData):
    """A deal ended; with `lead_lost` the lead is marketing's again (also on lead.recycles)."""

    amount: Amount | None = None
    """Amount as a decimal, without rounding."""
    reason: str
    """Why, by the policy's name."""
    reason_class: ReasonClass
    """What that reason says of the lead and its handling."""
    was_won: bool
    """It had been won: its revenue goes."""
    lead_lost: bool
    """The lead moved to lost with it."""
    wake_at: Time | None = None
    """When the lead wakes up."""
