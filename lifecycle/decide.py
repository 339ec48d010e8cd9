"""The fold: one lead, one signal, one definition, one decision. Nothing else composes the domain.

Decision order, for one signal
1. An id that the lead remembers changes nothing (``duplicate``).
2. A lead that nobody knows arrives, at cold.
3. Clocks due by the *firing time* fire: min(the signal's time, its record's timestamp) less the
   policy's grace, which leaves late feedback the time to count. Warnings, wakes, reviews and
   resumptions; a level breaks on a tick only (``advance``).
4. Points, touches, attributes and codes are taken in.
5. The requested move, if the signal asks for one: made, or refused as illegal; either ends the
   order.
6. Else, also after a request that moved nothing (an attempt, an assignment), the first derived
   move that applies (``derived``).

Decision time (``at``) is the later of the signal's time (or the due time of what fires) and the
lead's last decision. Scores are taken, and moves, resets, gates and review grids are dated, at
it; so a lead's facts never go back in time, and a late signal is seen from the lead's present and
counts with its own age. ``happened_at`` is the signal's own time, or the due time of what fired:
deadlines, time used, edge and disputed go by it. ``noticed_at`` is the timestamp of the record.

An illegal request changes nothing of the lead but what was due before it and the memory of its id.
"""

from dataclasses import dataclass
from enum import StrEnum
from hashlib import blake2b
from typing import Final

from lifecycle import scoring
from lifecycle.derived import derive
from lifecycle.draft import RULES, Draft
from lifecycle.facts import Arrived, Fact, RefusedFact
from lifecycle.firing import fire
from lifecycle.illegal import IllegalRequestError
from lifecycle.intake import arrived_by, engage, hear, profile
from lifecycle.lead import DIGEST_BYTES, SEEN_MAX, Arrival, Lead
from lifecycle.light import light
from lifecycle.machine import possible
from lifecycle.policy import Policy
from lifecycle.requests import HANDLERS, KIND_OF, nominate
from lifecycle.signals import (
    NO_VOICE,
    Assigned,
    Engaged,
    Nominated,
    Profiled,
    Reinstated,
    Signal,
)
from lifecycle.stages import Stage

__all__ = ["RULES", "Decision", "Outcome", "advance", "decide"]

_OF_MARKETING: Final = (Engaged, Profiled, Assigned, Nominated, Reinstated)


class Outcome(StrEnum):
    """What became of a signal."""

    APPLIED = "applied"
    DUPLICATE = "duplicate"
    ILLEGAL = "illegal"


@light
@dataclass(frozen=True, slots=True)
class Decision:
    """The lead after a decision, and the facts that it told."""

    lead: Lead
    facts: tuple[Fact, ...]
    outcome: Outcome = Outcome.APPLIED
    code: str | None = None
    """Of an illegal request."""
    detail: str | None = None
    nominated_by: str | None = None
    """Who used one of the month's nominations."""


def decide(lead: Lead | None, signal: Signal, policy: Policy, nominations: int = 0) -> Decision:
    """Decide about one signal.

    ``nominations`` is how many the signal's person has made this month (nominations only).
    Raises nothing for any signal that ``vet`` lets through.
    """
    digest = _digest(signal)
    if lead is not None and remembers(lead.seen, digest):
        return Decision(lead, (), Outcome.DUPLICATE)
    draft = _arrive(signal, policy) if lead is None else Draft(lead, policy, signal.recorded_at)
    fire(draft, min(signal.time, signal.recorded_at) - policy.grace_ms, levels=False)
    draft.at = max(signal.time, draft.at)
    draft.happened_at = signal.time
    draft.scores = scoring.carry_over(draft.scores, policy, draft.at)
    draft.seen = (draft.seen + digest)[-SEEN_MAX * DIGEST_BYTES :]
    body = signal.body
    if isinstance(body, Engaged):
        derive(draft, engage(draft, body, signal.time))
    elif isinstance(body, Profiled):
        profile(draft, body, signal.time)
        derive(draft)
    else:
        try:
            _request(draft, signal, nominations)
        except IllegalRequestError as error:
            return _refuse(draft, signal, error)
    named = body.person if isinstance(body, Nominated) else None
    return Decision(draft.freeze(), tuple(draft.facts), nominated_by=named)


def advance(lead: Lead, to: int, noticed_at: int, policy: Policy) -> Decision:
    """Fire the lead's clocks that are due by ``to``, levels included: a tick says so.

    ``noticed_at`` is the timestamp of the tick's record; a level that starts, starts then.
    """
    draft = Draft(lead, policy, noticed_at)
    fire(draft, to, levels=True)
    return Decision(draft.freeze(), tuple(draft.facts))


def remembers(seen: bytes, digest: bytes) -> bool:
    """Return whether the digest is one of those that stand one behind the other."""
    place = seen.find(digest)
    while place > 0 and place % DIGEST_BYTES:
        # The end of one and the start of the next, by chance.
        place = seen.find(digest, place + 1)
    return place >= 0


def _digest(signal: Signal) -> bytes:
    """Return what stands for the signal's source, id and number of re-drives."""
    name = f"{signal.source}\0{signal.id}\0{signal.redrive}".encode()
    return blake2b(name, digest_size=DIGEST_BYTES).digest()


def _arrive(signal: Signal, policy: Policy) -> Draft:
    body, time = signal.body, signal.time
    origin = "marketing" if isinstance(body, _OF_MARKETING) else "sales"
    arrival = Arrival(time, origin)
    if isinstance(body, Engaged):
        # Before anything is told: the fact of the arrival says where from.
        arrival = arrived_by(arrival, body)
    new = Lead(signal.lead_id, 0, Stage.COLD, since=time, at=time, seen=b"", arrival=arrival)
    draft = Draft(new, policy, signal.recorded_at)
    draft.happened_at = time
    draft.tell(Arrived(origin))
    return draft


def _request(draft: Draft, signal: Signal, nominations: int) -> None:
    body = signal.body
    heard, moved = draft.person, draft.moves
    hear(draft, getattr(body, "voice", NO_VOICE))
    try:
        if isinstance(body, Nominated):
            nominate(draft, body, nominations)
        else:
            HANDLERS[type(body)](draft, body)
    except IllegalRequestError:
        draft.person = heard
        raise
    if draft.moves is moved:
        derive(draft)


def _refuse(draft: Draft, signal: Signal, error: IllegalRequestError) -> Decision:
    body = signal.body
    draft.tell(
        RefusedFact(
            asked=KIND_OF[type(body)],
            code=error.code,
            detail=error.detail,
            stage=draft.stage,
            possible=tuple(trigger.value for trigger in possible(draft.stage)),
            open_handover=draft.offer_id if draft.on_offer else None,
            by=getattr(body, "rep", None) or getattr(body, "person", None),
        )
    )
    return Decision(draft.freeze(), tuple(draft.facts), Outcome.ILLEGAL, error.code, error.detail)
