"""What people and their tools ask for: legal where the table and the handover allow it.

A request is checked whole before anything changes, so an illegal one (``IllegalRequestError``)
leaves the lead as it was. Each handler returns whether it made or recorded something that ends
the order of decision; ``deals`` records what sales did, which is never illegal.
"""

from collections.abc import Callable
from typing import Any, Final

from lifecycle import clocks, machine, moves, scoring
from lifecycle.answers import accept, attempt
from lifecycle.calendar import DAY_MS
from lifecycle.deals import lose, open_opportunity, win
from lifecycle.derived import active_junk, disqualify, lose_open, reinstate, wake
from lifecycle.draft import Draft
from lifecycle.facts import OwnerChanged, QualificationShort, QualifiedSale, Rejection
from lifecycle.illegal import IllegalRequestError, illegal, must_name_the_offer
from lifecycle.lead import REJECTIONS_MAX, SILENCED_MAX, Clock
from lifecycle.light import replace
from lifecycle.moves import Why, recycle
from lifecycle.signals import (
    NO_VOICE,
    Accepted,
    Assigned,
    Claimed,
    ClockPaused,
    ClockResumed,
    ContactAttempted,
    Disqualified,
    Lost,
    Nominated,
    OpportunityOpened,
    Qualified,
    Recycled,
    Reinstated,
    Rejected,
    Voice,
    Won,
)
from lifecycle.stages import (
    SALES_STAGES,
    ClockName,
    HandoverKind,
    HandoverStatus,
    ReasonClass,
    Stage,
    Trigger,
)


def reject(draft: Draft, body: Rejected) -> None:
    """Take sales' no to the offer on the table; the reason decides where the lead goes."""
    must_name_the_offer(draft, body.handover_id)
    if not draft.on_offer:
        raise illegal(draft, "rejected", "the handover is not on offer any more")
    track = draft.policy.recycle_reasons.get(body.reason)
    if track is not None and track.churn:
        raise illegal(draft, "rejected", f"{body.reason} is a reason for a customer only")
    _refuse_offer(draft, body.reason, body.rep, body.voice)


def _refuse_offer(
    draft: Draft,
    reason: str,
    rep: str | None,
    voice: Voice,
    until: int | None = None,
    wake_at: int | None = None,
) -> None:
    draft.handover = replace(draft.offer, status=HandoverStatus.REJECTED)
    rejection = Rejection(str(draft.offer_id), draft.happened_at, reason, rep)
    rejections = (*draft.person.rejections, rejection)[-REJECTIONS_MAX:]
    draft.person = replace(draft.person, rejections=rejections)
    out = draft.policy.disqualify_reasons.get(reason)
    if out is None:
        why = Why(by=rep, reason=reason, voice=voice)
        recycle(draft, Trigger.REJECT, why, until=until, wake_at=wake_at)
        wake_if_past(draft)
    else:
        why = Why(by=rep, reason=reason, reason_class=out.kind, voice=voice)
        disqualify(draft, why, trigger=Trigger.REJECT)
        draft.scores = scoring.close_gate(draft.scores, draft.at)


def wake_if_past(draft: Draft) -> None:
    """Wake a lead at once whose date has passed already."""
    if draft.nurture is not None and draft.nurture.wake_at <= draft.at:
        wake(draft)


def claim(draft: Draft, body: Claimed) -> None:
    """Let a rep take a lead: an entry follows the lead's interest, not a form."""
    why = Why(by=body.rep, reason=body.reason, voice=body.voice)
    if draft.stage in SALES_STAGES:
        change_owner(draft, body.rep, None, body.voice)
    elif draft.stage is Stage.MQL:
        moves.take(draft, body.rep, Trigger.CLAIM, why)
    elif machine.can(draft.stage, Trigger.CLAIM):
        moves.claim(draft, body.rep, why)
    else:
        raise illegal(draft, "claimed")


def nominate(draft: Draft, body: Nominated, nominations: int) -> None:
    """Offer a lead by marketing's judgement: the gate is waived, junk rules hold."""
    if not machine.can(draft.stage, Trigger.NOMINATE):
        raise illegal(draft, "nominated")
    junk = active_junk(draft)
    if junk:
        raise illegal(draft, "nominated", f"junk rules match: {', '.join(junk)}")
    limit = draft.policy.nominations_max
    if nominations >= limit:
        detail = f"{body.person} has made {nominations} nominations this month; {limit} may be"
        raise IllegalRequestError("nominations_exhausted", detail)
    why = Why(by=body.person, reason=body.reason)
    moves.to_offer(draft, HandoverKind.NOMINATED, Trigger.NOMINATE, why)


def qualify_sale(draft: Draft, body: Qualified) -> None:
    """Take sales' answer on BANT: confirmed moves to sql, short is kept and told."""
    must_name_the_offer(draft, body.handover_id)
    if not machine.can(draft.stage, Trigger.QUALIFY_SALE):
        raise illegal(draft, "qualified")
    days = body.timeline_days
    timeline = days is not None and days <= draft.policy.bant_timeline_max_days
    answers = {
        "budget": body.budget,
        "authority": body.authority,
        "need": body.need,
        "timeline": timeline,
    }
    missing = tuple(name for name, given in answers.items() if not given)
    given = (body.budget, body.authority, body.need, days)
    if missing:
        draft.person = replace(draft.person, bant="short")
        reason = draft.policy.bant_short_reasons[missing[0]]
        draft.tell(QualificationShort(*given, missing, reason, body.rep, body.voice))
        return
    why = Why(by=body.rep, bant="confirmed")
    moves.move(draft, Stage.SQL, Trigger.QUALIFY_SALE, why)
    draft.person = replace(draft.person, bant="confirmed")
    draft.tell(QualifiedSale(*given, body.rep, body.voice))
    clocks.enter(draft)


def send_back(draft: Draft, body: Recycled) -> None:
    """Recycle a lead; at mql that is a no to the offer."""
    must_name_the_offer(draft, body.handover_id)
    track = draft.policy.recycle_reasons[body.reason]
    if track.churn != (draft.stage is Stage.CUSTOMER):
        where = "a customer" if track.churn else "a lead that is no customer"
        raise illegal(draft, "recycled", f"{body.reason} is a reason for {where} only")
    if draft.stage is Stage.MQL:
        _refuse_offer(draft, body.reason, body.rep, body.voice, body.until, body.wake_at)
        return
    if not machine.can(draft.stage, Trigger.RECYCLE):
        raise illegal(draft, "recycled")
    if track.churn:
        _churn(draft, body, track.kind)
    why = Why(by=body.rep, reason=body.reason, voice=body.voice)
    recycle(draft, Trigger.RECYCLE, why, until=body.until, wake_at=body.wake_at)
    wake_if_past(draft)


def _churn(draft: Draft, body: Recycled, reason_class: ReasonClass) -> None:
    """End what was won and lose what is open: a customer who left has neither."""
    lose_open(draft, body.reason, reason_class, Trigger.LOSE, by=body.rep)
    draft.ended = tuple(
        replace(deal, won=False, ended_at=draft.happened_at) if deal.won else deal
        for deal in draft.ended
    )
    draft.won = 0


def take_out(draft: Draft, body: Disqualified) -> None:
    """Disqualify a lead at a person's word."""
    must_name_the_offer(draft, body.handover_id)
    if not machine.can(draft.stage, Trigger.DISQUALIFY):
        raise illegal(draft, "disqualified")
    reason_class = draft.policy.disqualify_reasons[body.reason].kind
    disqualify(draft, Why(body.rep, body.reason, reason_class, voice=body.voice))


def take_in(draft: Draft, body: Reinstated) -> None:
    """Reinstate a lead at a person's word, which silences the junk rules that matched."""
    if not machine.can(draft.stage, Trigger.REINSTATE):
        raise illegal(draft, "reinstated")
    silenced = (*draft.person.junk_silenced, *active_junk(draft))[-SILENCED_MAX:]
    draft.person = replace(draft.person, junk_silenced=silenced)
    reinstate(draft, Why(by=body.person, reason=body.reason))


def assign(draft: Draft, body: Assigned) -> None:
    """Make somebody else responsible: of the offer on the table, or of the lead from sal on."""
    _, team = moves.responsible(draft)
    team = body.team or team
    draft.person = replace(draft.person, assignee=body.rep, assignee_team=team)
    offer = draft.handover
    if draft.stage in SALES_STAGES:
        change_owner(draft, body.rep, body.team)
    elif offer is not None and draft.on_offer:
        if (offer.assignee, offer.team) == (body.rep, team):
            return
        draft.handover = replace(offer, assignee=body.rep, team=team)
        _hand_clocks_to(draft, body.rep)
        moves.update_offer(draft, "assigned")


def change_owner(draft: Draft, rep: str, team: str | None, voice: Voice = NO_VOICE) -> None:
    """Make another rep the owner; the same one again changes nothing."""
    person = draft.person
    team = team or person.team or moves.responsible(draft)[1]
    if (person.owner, person.team) == (rep, team):
        return
    draft.person = replace(person, owner=rep, team=team)
    # Who had it last is who gets it back, should an answer of theirs turn up.
    draft.handover = replace(draft.offer, assignee=rep, team=team)
    _hand_clocks_to(draft, rep)
    draft.tell(OwnerChanged(person.owner, rep, team, voice))


def _hand_clocks_to(draft: Draft, rep: str) -> None:
    """Let running promises count against the new assignee, without a restart."""
    draft.clocks = tuple(
        clock if clock.name in clocks.OFF_BUSINESS else replace(clock, assignee=rep)
        for clock in draft.clocks
    )


def pause(draft: Draft, body: ClockPaused) -> None:
    """Let a clock wait at the lead's wish, for a while that the policy bounds."""
    clock = _named_clock(draft, body, "clock_paused")
    policy, at, offer = draft.policy, draft.happened_at, draft.offer
    problem = None
    if clock.paused_at is not None:
        problem = f"{clock.name} is paused already"
    elif clock.due_at < at:
        problem = f"{clock.name} was due before"
    elif body.until <= max(at, clock.level_at):
        problem = "until is not later than the pause"
    elif body.until - at > policy.pause_max_ms:
        problem = f"until is more than {policy.pause_max_ms // DAY_MS} days away"
    elif offer.pauses >= policy.pauses_max:
        problem = f"its handover was paused {offer.pauses} times already"
    if problem is not None:
        raise illegal(draft, "clock_paused", problem)
    draft.handover = replace(offer, pauses=offer.pauses + 1)
    clocks.pause(draft, clock, body.until, body.reason)


def resume(draft: Draft, body: ClockResumed) -> None:
    """Let a paused clock go on before its date."""
    clock = _named_clock(draft, body, "clock_resumed")
    if clock.paused_at is None:
        raise illegal(draft, "clock_resumed", f"{clock.name} is not paused")
    clocks.resume(draft, clock, draft.happened_at, draft.person.team)


def _named_clock(draft: Draft, body: ClockPaused | ClockResumed, asked: str) -> Clock:
    name = body.clock
    must_name_the_offer(draft, body.handover_id)
    if name is ClockName.ACCEPTANCE or name in clocks.OFF_BUSINESS:
        raise illegal(draft, asked, f"{name} cannot wait")
    clock = clocks.find(draft, name, paused=isinstance(body, ClockResumed))
    if clock is None:
        raise illegal(draft, asked, f"no {name} clock runs")
    return clock


HANDLERS: Final[dict[type, Callable[[Draft, Any], None]]] = {
    Accepted: accept,
    Rejected: reject,
    Claimed: claim,
    Qualified: qualify_sale,
    Recycled: send_back,
    Disqualified: take_out,
    Reinstated: take_in,
    Assigned: assign,
    ClockPaused: pause,
    ClockResumed: resume,
    ContactAttempted: attempt,
    OpportunityOpened: open_opportunity,
    Won: win,
    Lost: lose,
}
"""By the signal's body; ``nominate`` besides, which is given a number."""

KIND_OF: Final[dict[type, str]] = {
    Accepted: "accepted",
    Rejected: "rejected",
    Claimed: "claimed",
    Nominated: "nominated",
    Qualified: "qualified",
    Recycled: "recycled",
    Disqualified: "disqualified",
    Reinstated: "reinstated",
    ClockPaused: "clock_paused",
    ClockResumed: "clock_resumed",
    OpportunityOpened: "opportunity_opened",
}
"""Of the requests that can be illegal: the event type's middle."""
