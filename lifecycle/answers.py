"""Sales' first answers: accepting an offer, and trying to reach the lead.

Both may come late. An accept of an offer that was returned or withdrawn still takes the lead
while no newer offer is on the table; one that was given before its offer's last deadline wins
even over a newer offer. An attempt is recorded whatever the stage; at mql it says that somebody
took the lead, and one dated before the offer on the table belongs to the handover before.
"""

from dataclasses import replace

from lifecycle import clocks, machine, moves
from lifecycle.draft import Draft
from lifecycle.facts import Contacted, RecycleCancelled
from lifecycle.illegal import illegal, stale
from lifecycle.lead import Handover, handover_id
from lifecycle.moves import Why
from lifecycle.signals import Accepted, ContactAttempted
from lifecycle.stages import SALES_STAGES, ClockName, HandoverStatus, Stage, Trigger

_GIVEN_BACK = frozenset({HandoverStatus.RETURNED, HandoverStatus.WITHDRAWN})


def accept(draft: Draft, body: Accepted) -> None:
    """Take the lead in a rep's name."""
    offer, older = draft.handover, draft.previous
    why = Why(by=body.rep, voice=body.voice)
    if body.handover_id != draft.offer_id:
        if older is None or not _older_wins(draft, body, older):
            raise stale(draft, body.handover_id)
        _take_older(draft, older, body.rep, replace(why, late=True))
    elif draft.on_offer:
        moves.take(draft, body.rep, Trigger.ACCEPT, why)
    elif offer is not None and offer.status in _GIVEN_BACK and draft.stage not in SALES_STAGES:
        _take_late(draft, offer, body.rep, replace(why, late=True))
    else:
        raise illegal(draft, "accepted", "the handover is not on offer any more")


def _take_late(draft: Draft, offer: Handover, rep: str | None, why: Why) -> None:
    """Accept the last handover after it went back: its recycle is cancelled."""
    if not machine.can(draft.stage, Trigger.ACCEPT):
        raise illegal(draft, "accepted")
    recycled = draft.nurture is not None
    _settle_unanswered(draft, offer)
    moves.take(draft, rep, Trigger.ACCEPT, why)
    if recycled:
        draft.tell(RecycleCancelled(str(draft.offer_id)))


def _older_wins(draft: Draft, body: Accepted, older: Handover) -> bool:
    clock = older.unanswered
    return (
        draft.on_offer
        and body.handover_id == handover_id(draft.id, older.number)
        and older.status in _GIVEN_BACK
        and clock is not None
        and clock.name is ClockName.ACCEPTANCE
        and draft.happened_at < clock.due_at
    )


def _take_older(draft: Draft, older: Handover, rep: str | None, why: Why) -> None:
    _bring_back(draft, older, rep or older.assignee, why, "older_accepted")
    clocks.enter(draft, fast=older.fast)


def _bring_back(draft: Draft, older: Handover, rep: str, why: Why, reason: str) -> None:
    """Withdraw the offer on the table and move to a rep's sal under the handover before it."""
    _settle_unanswered(draft, older)
    moves.withdraw(draft, Trigger.ACCEPT, reason)
    clocks.leave(draft, Stage.SAL, Trigger.ACCEPT, answered=False)
    draft.handover, draft.previous = older, draft.handover
    moves.settle_owner(draft, rep, older.team)
    moves.move(draft, Stage.SAL, Trigger.ACCEPT, why)
    moves.accept_handover(draft)


def _settle_unanswered(draft: Draft, handover: Handover) -> None:
    """Meet, disputed, the broken clock that this answer was in time for."""
    clock = handover.unanswered
    if clock is not None and clock.broke_at is not None and draft.happened_at <= clock.broke_at:
        clocks.meet(draft, clock)


def attempt(draft: Draft, body: ContactAttempted) -> None:
    """Record an attempt to reach the lead; never illegal."""
    rejoined = False
    if _of_older(draft, body):
        if not _rejoins(draft):
            _record(draft, body, None, 0)
            return
        _rejoin(draft)
        rejoined = True
    elif draft.on_offer:
        moves.take(draft, body.rep, Trigger.ACCEPT, Why(by=body.rep, implied=True))
    offer = draft.handover
    if draft.stage not in SALES_STAGES or offer is None:
        _record(draft, body, None, 0)
        return
    offer = replace(offer, attempts=offer.attempts + 1, reached=offer.reached or body.reached)
    draft.handover = offer
    draft.person = replace(draft.person, returns=0)
    _record(draft, body, draft.offer_id, offer.attempts)
    contact = clocks.find(draft, ClockName.FIRST_CONTACT)
    if contact is not None and not rejoined:
        clocks.end(draft, contact, Trigger.ACCEPT, met=True)
    _keep_cadence(draft, offer, reached=body.reached)


def _of_older(draft: Draft, body: ContactAttempted) -> bool:
    """Return whether the attempt belongs to a handover before the last."""
    offer = draft.handover
    if offer is None:
        return False
    if body.handover_id is not None:
        return body.handover_id != draft.offer_id
    return draft.on_offer and draft.happened_at < offer.at


def _rejoins(draft: Draft) -> bool:
    """Return whether the handover before was still in time for contact, and can be rejoined."""
    older = draft.previous
    clock = None if older is None else older.unanswered
    return (
        draft.on_offer
        and clock is not None
        and clock.name is ClockName.FIRST_CONTACT
        and draft.happened_at <= clock.due_at
    )


def _rejoin(draft: Draft) -> None:
    """Put the lead back at sal with the owner whose attempt was in time after all."""
    older = draft.previous
    if older is None:  # ``_rejoins`` has looked; the types cannot know.
        return
    why = Why(by=older.assignee, implied=True, late=True)
    _bring_back(draft, older, older.assignee, why, "older_contacted")
    clocks.enter(draft, contacted=True)


def _record(draft: Draft, body: ContactAttempted, handover: str | None, attempts: int) -> None:
    draft.tell(Contacted(body.channel, body.reached, attempts, handover, body.rep, body.voice))


def _keep_cadence(draft: Draft, offer: Handover, *, reached: bool) -> None:
    """Start the cadence at the first attempt that did not reach; meet it when it is enough."""
    cadence = clocks.find(draft, ClockName.CADENCE)
    enough = draft.policy.clocks[ClockName.CADENCE].attempts
    if cadence is not None:
        if reached or offer.attempts >= enough:
            clocks.end(draft, cadence, Trigger.ACCEPT, met=True)
    elif draft.stage is Stage.SAL and not offer.reached and not offer.cadence_run:
        draft.handover = replace(offer, cadence_run=True)
        person = draft.person
        clocks.start(draft, ClockName.CADENCE, draft.offer_id, person.owner, person.team)
