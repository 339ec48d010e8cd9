"""What goes out on ``lead.lifecycle``, ``lead.handovers`` and ``lead.recycles``: one model a type.

The models are strict: what Baton sends is held to them field by field in its tests. ``parse`` is
for readers and reads as readers should: members it does not know are dropped, so that a newer
Baton does no harm to an older reader.
"""

from functools import cache
from typing import Annotated, Any, Final, Generic, Literal, TypeVar

from pydantic import Field, create_model
from pydantic_core import from_json

from lifecycle.stages import ReasonClass, Stage, Trigger
from schemas.outbound_clocks import (
    ClockBreached,
    ClockCancelled,
    ClockData,
    ClockMet,
    ClockPaused,
    ClockResumed,
    ClockStarted,
    ClockWarned,
)
from schemas.outbound_handover import (
    Handover,
    HandoverUpdated,
    HandoverWithdrawn,
    HandRaised,
    HeadsUp,
    JunkSuspected,
    OwnerChanged,
    Recycle,
    RecycleCancelled,
)
from schemas.outbound_parts import (
    ActivityPart,
    FactData,
    FitPart,
    Grade,
    NearMiss,
    Receipt,
    Record,
    Rejection,
    Time,
    Touch,
    Voice,
)
from schemas.outbound_sales import (
    Contacted,
    Lost,
    OpportunityChanged,
    OpportunityOpened,
    QualificationShort,
    Qualified,
    Won,
)

__all__ = [
    "HANDOVERS",
    "OUTBOUND",
    "RECYCLES",
    "ActivityPart",
    "Arrived",
    "ClockBreached",
    "ClockCancelled",
    "ClockData",
    "ClockMet",
    "ClockPaused",
    "ClockResumed",
    "ClockStarted",
    "ClockWarned",
    "Contacted",
    "Event",
    "FactData",
    "FitPart",
    "Grade",
    "HandRaised",
    "Handover",
    "HandoverUpdated",
    "HandoverWithdrawn",
    "HeadsUp",
    "JunkSuspected",
    "Lost",
    "NearMiss",
    "OpportunityChanged",
    "OpportunityOpened",
    "OwnerChanged",
    "QualificationShort",
    "Qualified",
    "Receipt",
    "Record",
    "Recycle",
    "RecycleCancelled",
    "Refused",
    "Rejection",
    "StageChanged",
    "Touch",
    "Touched",
    "UnreadableFactError",
    "Voice",
    "Won",
    "event_model",
    "parse",
]


class Arrived(FactData):
    """A lead is known from here on."""

    origin: Literal["marketing", "sales"]
    """Who knew it first."""


class StageChanged(FactData):
    """A move from one stage to another, and why."""

    from_stage: Stage
    """Where the lead was."""
    to_stage: Stage
    """Where it is."""
    trigger: Trigger
    """What moved it."""
    receipt: Receipt
    """Why."""
    by: str | None = None
    """Who asked for it."""
    reason: str | None = None
    """The reason given, by the policy's name."""
    reason_class: ReasonClass | None = None
    """What that reason says of the lead and its handling."""
    implied: bool
    """A step that was skipped and follows from what sales did; it took no time of its own."""
    late: bool
    """An accept after the lead had gone back to marketing."""
    bant: Literal["confirmed", "unconfirmed"] | None = None
    """On a move to sql: whether BANT was confirmed."""
    voice: Voice | None = None
    """What sales heard."""


class Touched(FactData):
    """A touch worth telling: the first of a campaign, a buying signal, a hand raise."""

    touch: Touch
    """What the lead did."""
    first_of_campaign: bool
    """The lead's first touch of this campaign."""
    buying_signal: bool
    """It counts toward intent."""
    hand_raise: bool
    """The lead asked for sales."""


class Refused(FactData):
    """An illegal or stale request: nothing changed."""

    asked: str
    """What was asked: the signal's kind, such as `accepted`."""
    code: str
    """The refusal's code."""
    detail: str
    """Why, in words."""
    possible: tuple[str, ...] = ()
    """What people may ask for from this stage."""
    open_handover: str | None = None
    """The handover that can be answered, if there is one."""
    by: str | None = None
    """Who asked."""


OUTBOUND: Final[dict[str, type[FactData]]] = {
    "lead.arrived.v1": Arrived,
    "lead.stage_changed.v1": StageChanged,
    "lead.heads_up.v1": HeadsUp,
    "lead.handover.v1": Handover,
    "lead.handover_updated.v1": HandoverUpdated,
    "lead.handover_withdrawn.v1": HandoverWithdrawn,
    "lead.touched.v1": Touched,
    "lead.hand_raised.v1": HandRaised,
    "lead.contacted.v1": Contacted,
    "lead.qualified.v1": Qualified,
    "lead.qualification_short.v1": QualificationShort,
    "lead.opportunity_opened.v1": OpportunityOpened,
    "lead.opportunity_changed.v1": OpportunityChanged,
    "lead.won.v1": Won,
    "lead.lost.v1": Lost,
    "lead.recycle.v1": Recycle,
    "lead.recycle_cancelled.v1": RecycleCancelled,
    "lead.junk_suspected.v1": JunkSuspected,
    "lead.owner_changed.v1": OwnerChanged,
    "lead.clock_started.v1": ClockStarted,
    "lead.clock_warned.v1": ClockWarned,
    "lead.clock_met.v1": ClockMet,
    "lead.clock_breached.v1": ClockBreached,
    "lead.clock_paused.v1": ClockPaused,
    "lead.clock_resumed.v1": ClockResumed,
    "lead.clock_cancelled.v1": ClockCancelled,
    "lead.refused.v1": Refused,
}
"""Every type that Baton sends, to the model of its data."""

HANDOVERS: Final = frozenset(
    {
        "lead.heads_up.v1",
        "lead.handover.v1",
        "lead.handover_updated.v1",
        "lead.handover_withdrawn.v1",
        "lead.hand_raised.v1",
        "lead.junk_suspected.v1",
        "lead.owner_changed.v1",
        "lead.clock_warned.v1",
        "lead.clock_breached.v1",
    }
)
"""The types that go to ``lead.handovers`` as well."""

RECYCLES: Final = frozenset({"lead.recycle.v1", "lead.recycle_cancelled.v1", "lead.lost.v1"})
"""The types that go to ``lead.recycles`` as well; a lost only if the lead moved to lost."""

D_co = TypeVar("D_co", bound=FactData, covariant=True)


class Event(Record, Generic[D_co]):
    """One fact: the CloudEvents 1.0 envelope around its data, in structured JSON."""

    specversion: Literal["1.0"]
    """Version of CloudEvents."""
    id: str
    """`<lead id>:<seq>`: the same fact has the same id, wherever and how often it is read."""
    source: Literal["/baton"]
    """Always Baton."""
    type: str
    """What was decided, and the version of its data."""
    subject: str
    """The lead id; the record's key is the same."""
    time: Time
    """When it was decided, in the log's time."""
    datacontenttype: Literal["application/json"] = "application/json"
    """Media type of data."""
    data: D_co
    """What was decided, in full."""

    @property
    def lead_id(self) -> str:
        """Return the lead it is about."""
        return self.subject


@cache
def event_model(event_type: str) -> type[Event[FactData]]:
    """Return the model of a whole event, envelope and data, of one type of ``OUTBOUND``."""
    data = OUTBOUND[event_type]
    fields: dict[str, Any] = {
        "type": Annotated[Literal[event_type], Field(description="What was decided.")],
        "data": Annotated[data, Field(description="What was decided, in full.")],
    }
    return create_model(f"{data.__name__}Event", __base__=Event, __doc__=data.__doc__, **fields)


class UnreadableFactError(Exception):
    """These bytes are no fact of this contract."""


def parse(value: bytes, *, strict: bool = False) -> Event[FactData]:
    """Return the fact in a record's value; ``data`` is of the model that ``OUTBOUND`` names.

    With ``strict``, members that the model does not know are refused instead of dropped.
    Raises UnreadableFactError, also for a type that this release does not know.
    """
    try:
        tree = from_json(value, allow_inf_nan=False)
        kind = tree.get("type") if isinstance(tree, dict) else None
        if kind not in OUTBOUND:
            message = f"not a fact of this contract: type {kind!r:.100}"
            raise UnreadableFactError(message)
        extra: Literal["forbid", "ignore"] = "forbid" if strict else "ignore"
        return event_model(kind).model_validate_json(value, extra=extra)
    except (ValueError, TypeError) as error:
        message = f"not a fact of this contract: {error}"
        raise UnreadableFactError(message) from error
