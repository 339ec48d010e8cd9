"""One fact as its lead's timeline shows it: who did it, in a sentence, and with which receipt."""

from collections.abc import Callable
from typing import Any, Final

import msgspec

from handlers.scoreboard import fact
from handlers.scoreboard.fact import Moment, ms

MARKETING: Final = "marketing"
SALES: Final = "sales"
BATON: Final = "baton"


class FitPart(msgspec.Struct, gc=False, frozen=True):
    """One attribute's points."""

    attribute: str
    value: str | int | float | bool
    points: float


class ActivityPart(msgspec.Struct, gc=False, frozen=True):
    """One activity's live points."""

    activity: str
    points: float
    count: int
    last_at: Moment
    capped: bool = False
    buying_signal: bool = False
    alive: bool = False


class NearMiss(msgspec.Struct, gc=False, frozen=True):
    """What lacked for a stage."""

    to: str
    engagement_points: float = 0.0
    fit_points: float = 0.0
    requalify_points: float = 0.0
    buying_signal: bool = False
    junk: tuple[str, ...] = ()


class Receipt(fact.Score, gc=False, frozen=True, kw_only=True):
    """Why: the parts add up to the totals. Points."""

    intent_points: float
    grade: str
    rule: str
    policy: str
    fit: tuple[FitPart, ...] = ()
    unknown: tuple[str, ...] = ()
    activities: tuple[ActivityPart, ...] = ()
    near_misses: tuple[NearMiss, ...] = ()


class Data(fact.Data, gc=False, frozen=True):
    """What sentences are made of, besides what the tables need; the names are the contract's."""

    heads_up: str | None = None
    late: bool = False
    receipt: Receipt | None = None
    touch: dict[str, Any] | None = None
    activity: str | None = None
    change: str | None = None
    play: str | None = None
    channel: str | None = None
    missing: tuple[str, ...] = ()
    recycle_reason: str | None = None
    reopened: bool = False
    junk: tuple[str, ...] = ()
    asked: str | None = None
    detail: str | None = None
    warn_at: Moment | None = None
    until: Moment | None = None


class _Event(msgspec.Struct, gc=False, frozen=True):
    type: str
    time: Moment
    data: Data


class Told(msgspec.Struct, gc=False, frozen=True):
    """One fact."""

    kind: str
    at: int
    """When it happened: ms."""
    decided_at: int
    data: Data


_DECODE: Final = msgspec.json.Decoder(_Event).decode


def read(kind: str, body: bytes) -> Told:
    """Read a fact that the tables hold."""
    event = _DECODE(body)
    return Told(kind, ms(event.data.happened_at), ms(event.time), event.data)


_SALES_KINDS: Final = frozenset(
    {
        "contacted",
        "qualified",
        "qualification_short",
        "opportunity_opened",
        "opportunity_changed",
        "won",
        "lost",
        "refused",
        "clock_paused",
    }
)
_SALES_TRIGGERS: Final = frozenset(
    {
        "accept",
        "reject",
        "claim",
        "qualify_sale",
        "open_opportunity",
        "win",
        "lose",
        "recycle",
    }
)
_MARKETING_TRIGGERS: Final = frozenset({"nominate", "reinstate", "raise_hand"})


def side_of(told: Told) -> str:
    """Return whose deed it was: ``marketing``, ``sales``, or ``baton`` for what just followed.

    What the lead itself did stands with marketing, which made it do so.
    """
    kind, data = told.kind, told.data
    if kind in {"touched", "hand_raised"}:
        return MARKETING
    if kind == "arrived":
        return SALES if data.origin == "sales" else MARKETING
    if kind in _SALES_KINDS:
        return SALES
    if kind not in {"stage_changed", "recycle"}:
        return BATON
    if data.trigger in _MARKETING_TRIGGERS:
        return MARKETING
    by_person = data.trigger == "disqualify" and data.by is not None
    return SALES if by_person or data.trigger in _SALES_TRIGGERS else BATON


def who_of(told: Told) -> str | None:
    """Return who did it, or whose it was; None for what the lead did itself."""
    data = told.data
    if told.kind in {"touched", "hand_raised", "arrived"}:
        return None
    return data.by or data.to_rep or data.assignee or data.owner


def sentence(told: Told) -> str:
    """Say what happened; names and codes stand as they were told."""
    say = _SENTENCES.get(told.kind)
    return told.kind.replace("_", " ") if say is None else say(told.data)


def _stage_changed(data: Data) -> str:
    said = f"{data.from_stage} → {data.to_stage} by {data.trigger}"
    if data.reason:
        said += f", for {data.reason}"
    if data.implied:
        said += " (a step that was skipped)"
    return said + (" (late)" if data.late else "")


def _touched(data: Data) -> str:
    touch = data.touch or {}
    parts = [str(touch.get("activity", ""))]
    parts += [
        f"{name} {touch[name]}" for name in ("campaign", "content", "source") if name in touch
    ]
    return ", ".join(parts)


def _handover(data: Data) -> str:
    said = f"Handed over to {data.assignee} ({data.handover_kind}"
    said += f", attempt {data.attempt}" if data.attempt > 1 else ""
    said += ", fast track)" if data.fast else ")"
    return said + (f": {data.play}" if data.play else "")


def _contacted(data: Data) -> str:
    return f"Tried by {data.channel}: {'reached' if data.reached else 'not reached'}"


def _deal(verb: str) -> Callable[[Data], str]:
    def say(data: Data) -> str:
        said = f"Deal {data.opportunity} {verb}"
        if data.amount is not None:
            said += f", {data.amount} {data.currency or ''}".rstrip()
        if data.close_date is not None:
            said += f", closing {data.close_date}"
        return said + (f", for {data.reason}" if data.reason else "")

    return say


def _recycle(data: Data) -> str:
    said = f"Back to marketing for {data.reason}"
    return said + (", on the slow track" if data.slow_track else "")


def _clock(verb: str) -> Callable[[Data], str]:
    def say(data: Data) -> str:
        said = f"{(data.clock or '').replace('_', ' ').capitalize()} {verb}"
        if data.level > 1:
            said += f" at level {data.level}"
        marks = {
            "at the edge": data.edge,
            "disputed": data.disputed,
            "noticed late": data.noticed_late,
            "without a contact": data.uncontacted,
            "too few attempts": data.short,
        }
        said += "".join(f", {mark}" for mark, holds in marks.items() if holds)
        return said + (f": {data.reason}" if data.reason else "")

    return say


_SENTENCES: Final[dict[str, Callable[[Data], str]]] = {
    "arrived": lambda data: f"Known from here on, by {data.origin}",
    "stage_changed": _stage_changed,
    "heads_up": lambda data: f"Early notice to sales ({data.heads_up})",
    "handover": _handover,
    "handover_updated": lambda data: f"Offer changed: {data.change}, with {data.assignee}",
    "handover_withdrawn": lambda data: f"Offer withdrawn: {data.reason or data.trigger}",
    "touched": _touched,
    "hand_raised": lambda data: f"Raised a hand: {data.activity}",
    "contacted": _contacted,
    "qualified": lambda _: "Budget, authority, need and timeline confirmed",
    "qualification_short": lambda data: (
        f"Not qualified: {', '.join(data.missing)} missing; {data.recycle_reason} would fit"
    ),
    "opportunity_opened": _deal("opened"),
    "opportunity_changed": _deal("changed"),
    "won": _deal("won"),
    "lost": _deal("lost"),
    "recycle": _recycle,
    "recycle_cancelled": lambda _: "Taken back from marketing by a late yes",
    "junk_suspected": lambda data: f"Looks like junk: {', '.join(data.junk)}",
    "owner_changed": lambda data: f"Now with {data.to_rep}",
    "refused": lambda data: f"Refused: {data.asked}: {data.detail}",
    "clock_started": _clock("runs"),
    "clock_warned": _clock("is about to break"),
    "clock_met": _clock("met"),
    "clock_breached": _clock("broke"),
    "clock_paused": _clock("waits"),
    "clock_resumed": _clock("goes on"),
    "clock_cancelled": _clock("called off"),
}
