"""Sales' first answers: accepting an offer, and trying to reach the lead.

Both may come late. An accept of an offer that was returned or withdrawn still takes the lead
while no newer offer is on the table; one that was given before its offer's last deadline wins
even over a newer offer. An attempt is recorded whatever the stage; at mql it says that somebody
took the lead, and one dated before the offer on the table belongs to the handover before.
"""

from typing import Final

from lifecycle import clocks, machine, moves
from lifecycle.draft import Draft
from lifecycle.facts import Contacted, RecycleCancelled
from lifecycle.illegal import illegal, stale
from lifecycle.lead import Handover, handover_id
from lifecycle.light import replace
from lifecycle.moves import Why
from lifecycle.signals import Accepted, ContactAttempted
from lifecycle.stages import SALES_STAGES, ClockName, HandoverStatus, Stage, Trigger

_GIVEN_BACK: Final = frozenset({HandoverStatus.RETURNED, HandoverStatus.WITHDRAWN})


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
    _settle_unanswered(draft, offer, ClockName.ACCEPTANCE)
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
    _settle_unanswered(draft, older, ClockName.ACCEPTANCE)
    _bring_back(draft, older, rep or older.assignee, why, "older_accepted")
    clocks.enter(draft, fast=older.fast)


def _bring_back(draft: Draft, older: Handover, rep: str, why: Why, reason: str) -> None:
    """Withdraw the offer on the table and move to a rep's sal under the handover before it."""
    moves.withdraw(draft, Trigger.ACCEPT, reason)
    clocks.leave(draft, Stage.SAL, Trigger.ACCEPT, answered=False)
    draft.handover, draft.previous = older, draft.handover
    moves.settle_owner(draft, rep, older.team)
    moves.move(draft, Stage.SAL, Trigger.ACCEPT, why)
    moves.accept_handover(draft)


def _settle_unanswered(draft: Draft, handover: Handover, name: ClockName) -> None:
    """Meet, disputed, the broken clock that this answer was in time for."""
    clock = handover.unanswered
    if clock is None or clock.name is not name or clock.broke_at is None:
        return
    if draft.happened_at <= clock.broke_at:
        clocks.meet(draft, clock)


def attempt(draft: Draft, body: ContactAttempted) -> None:
    """Record an attempt to reach the lead; never illegal."""
    rejoined = False
    if _of_older(draft, body):
        older = _older_of(draft, body)
        if older is None or not draft.on_offer or not _called_in_time(draft, older):
            _record_for_older(draft, body, older)
            return
        _rejoin(draft, older)
        rejoined = True
    elif draft.on_offer:
        moves.take(draft, body.rep, Trigger.ACCEPT, Why(by=body.rep, implied=True))
    offer = draft.handover
    if draft.stage not in SALES_STAGES or offer is None:
        _record_outside(draft, body, offer)
        return
    offer = _count(offer, body)
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


def _older_of(draft: Draft, body: ContactAttempted) -> Handover | None:
    """Return the handover before the last, unless the attempt names yet another one."""
    older = draft.previous
    if older is None or body.handover_id in (None, handover_id(draft.id, older.number)):
        return older
    return None


def _called_in_time(draft: Draft, handover: Handover) -> bool:
    """Return whether the attempt was in time for a lead that was taken from its owner since.

    One that sales sent back itself, or that stalled later, was not taken for want of a call.
    """
    clock = handover.unanswered
    return (
        handover.status is HandoverStatus.RETURNED
        and clock is not None
        and clock.name is ClockName.FIRST_CONTACT
        and draft.happened_at <= clock.due_at
    )


def _rejoin(draft: Draft, older: Handover) -> None:
    """Put the lead back at sal with the owner whose attempt was in time after all."""
    why = Why(by=older.assignee, implied=True, late=True)
    _settle_unanswered(draft, older, ClockName.FIRST_CONTACT)
    _bring_back(draft, older, older.assignee, why, "older_contacted")
    clocks.enter(draft, contacted=True)


def _record(draft: Draft, body: ContactAttempted, handover: str | None, attempts: int) -> None:
    draft.tell(Contacted(body.channel, body.reached, attempts, handover, body.rep, body.voice))


def _count(handover: Handover, body: ContactAttempted) -> Handover:
    attempts = handover.attempts + 1
    return replace(handover, attempts=attempts, reached=handover.reached or body.reached)


def _record_for_older(draft: Draft, body: ContactAttempted, older: Handover | None) -> None:
    """Record an attempt that changes nothing for the last handover."""
    if older is None:
        _record(draft, body, None, 0)
        return
    older = _count(older, body)
    draft.previous = older
    _record(draft, body, handover_id(draft.id, older.number), older.attempts)


def _record_outside(draft: Draft, body: ContactAttempted, offer: Handover | None) -> None:
    """Record an attempt where sales does not have the lead, or has it no more.

    Heard after the lead was taken from its owner and dated before: the breach is disputed.
    """
    if offer is None or not _called_in_time(draft, offer):
        _record(draft, body, None, 0)
        return
    offer = _count(offer, body)
    draft.handover = replace(offer, unanswered=None)
    _record(draft, body, draft.offer_id, offer.attempts)
    _settle_unanswered(draft, offer, ClockName.FIRST_CONTACT)


def _keep_cadence(draft: Draft, offer: Handover, *, reached: bool) -> None:
    """Start the cadence at the first attempt that did not reach; meet it when it is enough."""
    cadence = clocks.find(draft, ClockName.CADENCE)
    enough = draft.policy.clocks[ClockName.CADENCE].attempts
    if cadence is not None:
        if reached or offer.attempts >= enough:
            clocks.end(draft, cadence, Trigger.ACCEPT, met=True)
        return
    wanted = not offer.reached and not offer.cadence_run and offer.attempts < enough
    if draft.stage is Stage.SAL and wanted:
        draft.handover = replace(offer, cadence_run=True)
        person = draft.person
        clocks.start(draft, ClockName.CADENCE, draft.offer_id, person.owner, person.team)
