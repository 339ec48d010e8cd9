"""What comes in on ``lead.signals``: every type, the model of its data, and the whole message.

The models check shape alone: types, lengths, ranges. Which activities and reasons exist is the
policy's to say. Fields that no model names are dropped without a word, so that a newer sender
does no harm; a field that is named here and has the wrong type is refused.
"""

from functools import cache
from typing import Annotated, Any, Final, Literal

from pydantic import Field, create_model

from schemas.envelope import Envelope
from schemas.inbound_fields import Data
from schemas.inbound_lead import (
    Assigned,
    Engaged,
    Erased,
    Merged,
    Nominated,
    PolicyAdopted,
    Profiled,
    Reinstated,
    Ticked,
)
from schemas.inbound_sales import (
    Accepted,
    Claimed,
    ClockPaused,
    ClockResumed,
    ContactAttempted,
    Disqualified,
    Lost,
    OpportunityOpened,
    Qualified,
    Recycled,
    Rejected,
    Won,
)

__all__ = [
    "INBOUND",
    "NOT_YET",
    "POLICY_ADOPTED",
    "SIGNALS",
    "TICK",
    "TYPE_OF",
    "WITHOUT_LEAD",
    "Accepted",
    "Assigned",
    "Claimed",
    "ClockPaused",
    "ClockResumed",
    "ContactAttempted",
    "Data",
    "Disqualified",
    "Engaged",
    "Erased",
    "Lost",
    "Merged",
    "Nominated",
    "OpportunityOpened",
    "PolicyAdopted",
    "Profiled",
    "Qualified",
    "Recycled",
    "Reinstated",
    "Rejected",
    "SignalData",
    "Ticked",
    "Won",
    "message_model",
]

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


@cache
def message_model(event_type: str) -> type[Envelope]:
    """The model of a whole message, envelope and data: what the published JSON Schema shows."""
    data = INBOUND[event_type]
    subject = "^~" if event_type in WITHOUT_LEAD else "^[^~]"
    fields: dict[str, Any] = {
        "type": Annotated[Literal[event_type], Field(description="What happened.")],
        "subject": Annotated[Envelope.__annotations__["subject"], Field(pattern=subject)],
        "data": data,
    }
    return create_model(
        data.__name__ + "Message", __base__=Envelope, __doc__=data.__doc__, **fields
    )
