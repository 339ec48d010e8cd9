"""The facts about handing a lead over, and about its return."""

from typing import Literal

from lifecycle.stages import HandoverKind, ReasonClass, Trigger
from schemas.outbound_parts import (
    Count,
    FactData,
    Number,
    Receipt,
    Rejection,
    Time,
    Touch,
    Voice,
)


class HeadsUp(FactData):
    """Early notice to sales, without a clock: look, do not call yet; or a customer wants more."""

    heads_up: Literal["warm", "expansion"]
    """What it is about."""
    receipt: Receipt
    """Why."""
    play: str | None = None
    """What to do."""


class Handover(FactData):
    """The offer of a lead to sales: answer it with its id before `accept_due_at`."""

    handover: str
    """The handover's id; name it in every answer."""
    handover_kind: HandoverKind
    """Why it is offered."""
    attempt: Number
    """1 for an offer of its own; one more for each return of it."""
    fast: bool
    """On the fast track: the lead raised its hand."""
    assignee: str
    """The rep or queue it goes to."""
    team: str
    """The assignee's team."""
    receipt: Receipt
    """Why."""
    play: str
    """What to do next."""
    first_touches: tuple[Touch, ...] = ()
    """The lead's first touches."""
    last_touches: tuple[Touch, ...] = ()
    """The lead's last touches."""
    pain_points: tuple[str, ...] = ()
    """Pains known from earlier calls."""
    objections: tuple[str, ...] = ()
    """Objections known from earlier calls."""
    questions: tuple[str, ...] = ()
    """Questions known from earlier calls."""
    competitors: tuple[str, ...] = ()
    """Competitors known from earlier calls."""
    accept_due_at: Time | None = None
    """Until when to answer; absent for a claim."""
    contact_due_at: Time | None = None
    """Until when to try to reach the lead, if accepted at the last moment; of a claim: due."""
    rejections: tuple[Rejection, ...] = ()
    """Earlier noes of sales."""
    by: str | None = None
    """Who nominated or claimed it."""
    reason: str | None = None
    """Why it was nominated or claimed."""
    implied: bool
    """A claim that nobody made: sales told of a deal, and this is its handover."""


class HandoverUpdated(FactData):
    """Something about the offer on the table changed; its id stays."""

    handover: str
    """The handover's id."""
    change: Literal["fast", "cooled", "assigned"]
    """What changed: the lead raised its hand, cooled down, or somebody else answers."""
    fast: bool
    """On the fast track."""
    assignee: str
    """Who has it now."""
    team: str
    """The assignee's team."""
    accept_due_at: Time | None = None
    """Until when to answer now."""
    contact_due_at: Time | None = None
    """Until when to try to reach the lead now, if accepted at the last moment."""
    receipt: Receipt | None = None
    """Why."""


class HandoverWithdrawn(FactData):
    """The offer is off the table: stop working on it."""

    handover: str
    """The handover's id."""
    trigger: Trigger
    """What took it away."""
    reason: str | None = None
    """Why: `cooled`, `junk`, `disqualified`, `older_accepted`, `older_contacted` …"""


class HandRaised(FactData):
    """The lead raised its hand while sales has it: call."""

    activity: str
    """How it raised its hand."""


class Recycle(FactData):
    """The return of a lead to marketing, with a reason and a wake-up date."""

    reason: str
    """Why, by the policy's name."""
    reason_class: ReasonClass
    """What that reason says of the lead and its handling."""
    trigger: Trigger
    """What sent it back: `recycle`, `reject` or `return`."""
    wake_at: Time
    """When the lead wakes up."""
    recycles: Count
    """Counted toward the loop limit, this one included."""
    slow_track: bool
    """It came back too often and waits longer."""
    by: str | None = None
    """Who asked for it."""
    voice: Voice | None = None
    """What sales heard."""


class RecycleCancelled(FactData):
    """A late yes of sales took the lead back from marketing."""

    handover: str
    """The handover that was accepted."""


class JunkSuspected(FactData):
    """Junk rules match a lead that sales has: the owner decides."""

    junk: tuple[str, ...]
    """The junk rules that match."""


class OwnerChanged(FactData):
    """Somebody else is responsible."""

    from_rep: str | None = None
    """Who was."""
    to_rep: str
    """Who is."""
    team: str
    """The new owner's team."""
    voice: Voice | None = None
    """What sales heard, if a claim changed it."""
