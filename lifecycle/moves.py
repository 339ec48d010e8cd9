"""Moves as they are made: the stage, the clocks it ends, the offer, the wait, and their facts.

What triggers a move is decided elsewhere (``derived``, ``requests``, ``firing``); how a move is
made stands here once, so that every way to a stage leaves the same traces.
"""

from dataclasses import dataclass
from typing import Final

from lifecycle import clocks, machine, scoring
from lifecycle.draft import Draft
from lifecycle.facts import (
    HandoverOffered,
    HandoverUpdated,
    HandoverWithdrawn,
    HeadsUp,
    RecycleFact,
    StageChanged,
)
from lifecycle.lead import MOVES_MAX, Handover, Move, Nurture
from lifecycle.light import replace
from lifecycle.policy import RecycleReason
from lifecycle.signals import NO_VOICE, Voice
from lifecycle.stages import (
    ClockName,
    HandoverKind,
    HandoverStatus,
    ReasonClass,
    Stage,
    Trigger,
)


@dataclass(frozen=True, slots=True)
class Why:
    """Who asked for a move, for which reason, and how it came about."""

    by: str | None = None
    reason: str | None = None
    reason_class: ReasonClass | None = None
    implied: bool = False
    late: bool = False
    bant: str | None = None
    voice: Voice = NO_VOICE
    rule: str | None = None
    """The receipt's rule where it says more than the trigger."""


DERIVED: Final = Why()


def move(
    draft: Draft, to: Stage, trigger: Trigger, why: Why = DERIVED, *, answered: bool = True
) -> None:
    """Move the lead: end the clocks of the stage it leaves and tell the change.

    The caller makes what the new stage needs (an offer, a wait) and then starts its clocks.
    """
    source = draft.stage
    machine.check(source, trigger, to, implied=why.implied)
    receipt = draft.receipt(why.rule or trigger.value)
    clocks.leave(draft, to, trigger, answered=answered)
    draft.stage = to
    draft.since = draft.at
    draft.moves = (*draft.moves, Move(draft.at, source, to, trigger.value))[-MOVES_MAX:]
    draft.tell(
        StageChanged(
            from_stage=source,
            to_stage=to,
            trigger=trigger,
            receipt=receipt,
            by=why.by,
            reason=why.reason,
            reason_class=why.reason_class,
            implied=why.implied,
            late=why.late,
            bant=why.bant,
            voice=why.voice,
        )
    )


def stage_by_score(draft: Draft) -> Stage:
    """Return where a lead without a history would stand by its engagement."""
    engagement = draft.totals().engagement_mp
    if engagement >= draft.policy.warm_mp:
        return Stage.WARM
    return Stage.CURIOUS if engagement >= draft.policy.curious_mp else Stage.COLD


def settle(draft: Draft, to: Stage, trigger: Trigger, why: Why = DERIVED) -> None:
    """Move to one of marketing's stages; reaching warm from below tells sales early."""
    rising = draft.stage is not Stage.MQL
    move(draft, to, trigger, why)
    draft.nurture = None
    clocks.enter(draft)
    if to is Stage.WARM and rising:
        heads_up(draft, "warm")


def heads_up(draft: Draft, kind: str) -> None:
    """Give early notice to sales, at most one in the policy's quiet time."""
    told_at = draft.person.heads_up_at
    if told_at is not None and draft.at - told_at < draft.policy.heads_up_quiet_ms:
        return
    draft.person = replace(draft.person, heads_up_at=draft.at)
    draft.tell(HeadsUp(kind, draft.receipt(f"heads_up:{kind}"), play_of(draft)))


def play_of(draft: Draft) -> str:
    """Return what sales should do next: the play for the strongest buying signal."""
    policy = draft.policy
    strongest = draft.totals().strongest
    if strongest is None:
        return policy.default_play
    return policy.activities[strongest].play or policy.default_play


def to_offer(
    draft: Draft, kind: HandoverKind, trigger: Trigger, why: Why = DERIVED, *, fast: bool = False
) -> None:
    """Move to mql with a new handover, and start its clocks."""
    move(draft, Stage.MQL, trigger, why)
    draft.nurture = None
    draft.person = replace(
        draft.person, owner=None, team=None, disqualified_for=None, disqualified_by_rule=False
    )
    open_handover(draft, kind, why.rule or trigger.value, why, fast=fast)
    clocks.enter(draft, fast=fast)


def open_handover(
    draft: Draft, kind: HandoverKind, rule: str, why: Why, *, fast: bool = False
) -> None:
    """Give the lead a new handover number and tell sales."""
    last = draft.handover
    person = draft.person
    assignee, team = responsible(draft)
    if kind is HandoverKind.RETURN:
        assignee, team = draft.policy.escalation.assignee, draft.policy.escalation.team
    elif kind is HandoverKind.CLAIM and why.by is not None:
        assignee = why.by
    returned = kind is HandoverKind.RETURN
    receipt = draft.receipt(rule)
    touch = draft.touches.last[-1] if draft.touches.last else None
    offer = Handover(
        number=1 + max(h.number if h else 0 for h in (last, draft.previous)),
        kind=kind,
        attempt=last.attempt + 1 if returned and last is not None else 1,
        fast=fast,
        at=draft.at,
        status=HandoverStatus.OPEN,
        assignee=assignee,
        team=team,
        grade=receipt.grade,
        touch_source=touch.source if touch else None,
        touch_campaign=touch.campaign if touch else None,
        touch_content=touch.content if touch else None,
        # What never met the definition cannot cool: that would be news of nothing.
        cooled=under_definition(draft, receipt.engagement_mp),
    )
    draft.previous = last
    draft.handover = offer
    draft.person = replace(person, returns=person.returns + 1 if returned else 0)
    accept_due_at, contact_due_at = _deadlines(draft, offer)
    draft.tell(
        HandoverOffered(
            handover=str(draft.offer_id),
            handover_kind=kind,
            attempt=offer.attempt,
            fast=fast,
            assignee=assignee,
            team=team,
            receipt=receipt,
            play=play_of(draft),
            first_touches=draft.touches.first,
            last_touches=draft.touches.last,
            pain_points=person.pain_points,
            objections=person.objections,
            questions=person.questions,
            competitors=person.competitors,
            accept_due_at=accept_due_at,
            contact_due_at=contact_due_at,
            rejections=person.rejections,
            by=why.by,
            reason=why.reason,
            implied=why.implied,
        )
    )


def under_definition(draft: Draft, engagement_mp: int) -> bool:
    """Return whether a lead on offer is cooler than the definition lets a qualified one be."""
    policy = draft.policy
    return (
        engagement_mp < policy.mql_engagement_mp * policy.hysteresis
        or draft.fit() < policy.mql_fit_mp
    )


def _deadlines(draft: Draft, offer: Handover) -> tuple[int | None, int]:
    """Return when acceptance is due, and contact, if accepted at the last moment."""
    at = clocks.starts_at(draft)
    who = (offer.assignee, offer.team)
    accept_due_at = None
    if offer.kind is not HandoverKind.CLAIM:
        at = accept_due_at = clocks.plan(draft, ClockName.ACCEPTANCE, at, *who, fast=offer.fast)[0]
    contact = clocks.plan(draft, ClockName.FIRST_CONTACT, at, *who, fast=offer.fast)
    return accept_due_at, contact[0]


def responsible(draft: Draft) -> tuple[str, str]:
    """Return (assignee, team): by the last assignment, else by the policy's routing."""
    route = next(
        route for route in draft.policy.routes if scoring.holds(route.conditions, draft.profile)
    )
    person = draft.person
    if person.assignee is None:
        return route.assignee, route.team
    return person.assignee, person.assignee_team or route.team


def take(draft: Draft, rep: str | None, trigger: Trigger, why: Why, *, stay: bool = True) -> None:
    """Move to sal in a rep's name: the last handover is accepted.

    ``stay`` False: passed on the way, so that its clocks do not start.
    """
    offer = draft.offer
    settle_owner(draft, rep or offer.assignee, offer.team)
    move(draft, Stage.SAL, trigger, why)
    accept_handover(draft)
    if stay:
        clocks.enter(draft, fast=offer.fast)


def claim(draft: Draft, rep: str, why: Why, *, stay: bool = True) -> None:
    """Move to sal by a claim: with a handover number of its own, and no acceptance clock."""
    settle_owner(draft, rep, responsible(draft)[1])
    move(draft, Stage.SAL, Trigger.CLAIM, why)
    open_handover(draft, HandoverKind.CLAIM, Trigger.CLAIM.value, replace(why, by=rep))
    accept_handover(draft)
    if stay:
        clocks.enter(draft)


def settle_owner(draft: Draft, rep: str, team: str | None) -> None:
    """Make a rep the lead's owner; whatever kept the lead waiting or out is over."""
    draft.nurture = None
    draft.person = replace(
        draft.person,
        owner=rep,
        team=team,
        bant=None,
        disqualified_for=None,
        disqualified_by_rule=False,
    )


def accept_handover(draft: Draft) -> None:
    """Mark the last handover as accepted, in the owner's name."""
    offer, person = draft.offer, draft.person
    draft.handover = replace(
        offer,
        status=HandoverStatus.ACCEPTED,
        assignee=person.owner or offer.assignee,
        team=person.team or offer.team,
        unanswered=None,
    )


def withdraw(draft: Draft, trigger: Trigger, reason: str) -> None:
    """Take the offer off the table and close the gate."""
    offer = draft.handover
    if offer is None or offer.status is not HandoverStatus.OPEN:
        return
    draft.handover = replace(offer, status=HandoverStatus.WITHDRAWN)
    draft.scores = scoring.close_gate(draft.scores, draft.at)
    draft.tell(HandoverWithdrawn(str(draft.offer_id), trigger, reason))


def update_offer(draft: Draft, change: str, *, receipt: bool = False) -> None:
    """Tell sales that something about the handover in its hands changed."""
    offer = draft.offer
    acceptance = clocks.find(draft, ClockName.ACCEPTANCE)
    contact = clocks.find(draft, ClockName.FIRST_CONTACT)
    draft.tell(
        HandoverUpdated(
            handover=str(draft.offer_id),
            change=change,
            fast=offer.fast,
            assignee=offer.assignee,
            team=offer.team,
            accept_due_at=acceptance.due_at if acceptance else None,
            contact_due_at=contact.due_at if contact else None,
            receipt=draft.receipt(f"handover:{change}") if receipt else None,
        )
    )


def wait(draft: Draft, track: RecycleReason, wake_at: int, *, returned: bool = False) -> None:
    """Let a lead in nurture or lost wait; reset its scores and close its gate as the track says.

    A return resets nothing, and its gate holds only until the wake-up.
    """
    scores = draft.scores
    if not returned:
        engagement = not track.keep_engagement
        scores = scoring.reset(scores, draft.policy, draft.at, engagement=engagement, intent=True)
    waived_at = wake_at if returned else None
    draft.scores = scoring.close_gate(scores, draft.at, waived_at)
    draft.nurture = Nurture(track.name, wake_at, track.early_wake, returned)


def recycle(
    draft: Draft,
    trigger: Trigger,
    why: Why,
    *,
    until: int | None = None,
    wake_at: int | None = None,
) -> None:
    """Send the lead to nurture by the reason's track; a date that has passed wakes at once."""
    policy = draft.policy
    track = policy.recycle_reasons[str(why.reason)]
    returned = trigger is Trigger.RETURN
    due = until if track.needs_date and until is not None else wake_at
    if due is None:
        due = draft.at + track.wait_ms
    recycles = tuple(at for at in draft.person.recycles if draft.at - at < policy.loops_window_ms)
    slow = False
    if not returned:
        recycles = (*recycles, draft.at)[-policy.loops_max :]
        slow = len(recycles) >= policy.loops_max
    if slow:
        due = max(due, draft.at + policy.slow_track_ms)
    move(draft, Stage.NURTURE, trigger, replace(why, reason_class=track.kind, voice=NO_VOICE))
    draft.person = replace(draft.person, recycles=recycles, owner=None, team=None)
    wait(draft, track, due, returned=returned)
    draft.tell(
        RecycleFact(
            reason=track.name,
            reason_class=track.kind,
            trigger=trigger,
            wake_at=due,
            recycles=len(recycles),
            slow_track=slow,
            by=why.by,
            voice=why.voice,
        )
    )
    clocks.start_nurture(draft, due)
