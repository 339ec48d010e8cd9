"""A fact as far as the tables need it: published bytes to a light record.

``schemas.outbound.parse`` checks every member against the contract, which costs more than the
whole projection. What is read here is a part of that contract, and the type decides nothing but
which members are there; members that are not needed are skipped by the parser.
"""

from datetime import datetime
from typing import Annotated, Final

import msgspec

from schemas.outbound import OUTBOUND
from schemas.times import EPOCH

_KINDS: Final = {name: name.removeprefix("lead.").removesuffix(".v1") for name in OUTBOUND}


Moment = Annotated[datetime, msgspec.Meta(tz=True)]


class NotAFactError(Exception):
    """These bytes are no fact that this release knows."""


class Touch(msgspec.Struct, gc=False, frozen=True):
    """One touch that a handover carries."""

    at: Moment
    activity: str
    campaign: str | None = None
    source: str | None = None
    content: str | None = None
    channel: str | None = None


class Voice(msgspec.Struct, gc=False, frozen=True):
    """What sales heard."""

    pain_points: tuple[str, ...] = ()
    objections: tuple[str, ...] = ()
    questions: tuple[str, ...] = ()
    competitor: str | None = None
    content_used: str | None = None


class Score(msgspec.Struct, gc=False, frozen=True):
    """What a receipt sums up to, in points."""

    fit_points: float = 0.0
    engagement_points: float = 0.0


class Data(msgspec.Struct, gc=False, frozen=True):
    """The members of all facts' data that the tables need; the names are the contract's."""

    seq: int
    happened_at: Moment
    stage: str
    policy: str
    arrival_source: str | None = None
    arrival_campaign: str | None = None
    arrival_content: str | None = None
    handover_id: str | None = None
    touch_source: str | None = None
    touch_campaign: str | None = None
    touch_content: str | None = None
    grade: str | None = None
    owner: str | None = None
    team: str | None = None
    origin: str | None = None
    from_stage: str | None = None
    to_stage: str | None = None
    trigger: str | None = None
    by: str | None = None
    reason: str | None = None
    reason_class: str | None = None
    implied: bool = False
    receipt: Score | None = None
    voice: Voice | None = None
    handover: str | None = None
    handover_kind: str | None = None
    attempt: int = 0
    fast: bool = False
    assignee: str | None = None
    accept_due_at: Moment | None = None
    contact_due_at: Moment | None = None
    first_touches: tuple[Touch, ...] = ()
    last_touches: tuple[Touch, ...] = ()
    reached: bool = False
    wake_at: Moment | None = None
    slow_track: bool = False
    to_rep: str | None = None
    opportunity: str | None = None
    currency: str | None = None
    amount: str | None = None
    close_date: str | None = None
    opportunity_stage: str | None = None
    was_won: bool = False
    lead_lost: bool = False
    clock: str | None = None
    ref: str | None = None
    run: int = 0
    level: int = 0
    allowed_seconds: float = 0.0
    used_seconds: float = 0.0
    paused_seconds: float = 0.0
    due_at: Moment | None = None
    next_due_at: Moment | None = None
    breached: bool = False
    edge: bool = False
    disputed: bool = False
    noticed_late: bool = False
    bare: bool = False
    uncontacted: bool = False
    short: bool = False


class _Event(msgspec.Struct, gc=False, frozen=True):
    type: str
    subject: str
    time: Moment
    data: Data


class Fact(msgspec.Struct, gc=False, frozen=True):
    """One fact."""

    lead_id: str
    kind: str
    at: int
    """When it was decided: ms."""
    happened_at: int
    data: Data
    body: bytes


_DECODE: Final = msgspec.json.Decoder(_Event).decode


def read_fact(body: bytes) -> Fact:
    """Read a record's value. Raises NotAFactError with a sentence."""
    try:
        event = _DECODE(body)
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise NotAFactError(f"not a fact of this contract: {error}") from error
    kind = _KINDS.get(event.type)
    if kind is None:
        raise NotAFactError(f"a type that this release does not know: {event.type:.100}")
    if event.data.seq < 1:
        raise NotAFactError(f"facts are numbered from 1, this one is {event.data.seq}")
    happened_at = ms(event.data.happened_at)
    return Fact(event.subject, kind, ms(event.time), happened_at, event.data, body)


def ms(moment: datetime) -> int:
    """Return the ms since the epoch of a time with a zone."""
    since = moment - EPOCH
    return since.days * 86_400_000 + since.seconds * 1000 + since.microseconds // 1000


def ms_or_none(moment: datetime | None) -> int | None:
    """As ``ms``, where there may be none."""
    return None if moment is None else ms(moment)
