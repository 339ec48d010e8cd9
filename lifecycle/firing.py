"""What falls due: warnings, wakes, reviews, resumptions, and on a tick the breaking of levels.

A level breaks on a tick only: the tick of the partition's owner proves that the engine was up to
hear an answer. Due things fire in the order of (due time, clock), each dated at its due time or
at the lead's last decision if that is later, so that a lead's facts never go back in time.
"""

from lifecycle import clocks, scoring
from lifecycle.derived import derive, wake
from lifecycle.draft import Draft
from lifecycle.lead import Clock
from lifecycle.light import replace
from lifecycle.moves import Why, recycle, to_offer
from lifecycle.stages import (
    SALES_STAGES,
    ClockName,
    HandoverKind,
    HandoverStatus,
    Trigger,
)


def fire(draft: Draft, to: int, *, levels: bool) -> None:
    """Fire what is due up to ``to``; the breaking of levels only if ``levels``."""
    while draft.clocks:
        clock = _next(draft, to, levels=levels)
        if clock is None:
            return
        due_at = clocks.event_at(clock)
        draft.at = max(draft.at, due_at)
        draft.happened_at = due_at
        _fire(draft, clock, due_at)


def _breaks(clock: Clock) -> bool:
    """Return whether the clock's next event is the breaking of a level."""
    if clock.paused_at is not None or clock.name in clocks.OFF_BUSINESS:
        return False
    return clock.warn_at is None or clock.warn_at > clock.due_at


def _next(draft: Draft, to: int, *, levels: bool) -> Clock | None:
    due = [clock for clock in draft.clocks if clocks.event_at(clock) <= to]
    if due and not levels:
        due = [clock for clock in due if not _breaks(clock)]
    if not due:
        return None
    return min(due, key=lambda c: (clocks.event_at(c), c.name.value, c.ref or "", c.run))


def _fire(draft: Draft, clock: Clock, due_at: int) -> None:
    if clock.name is ClockName.REVIEW:
        draft.scores = scoring.carry_over(draft.scores, draft.policy, draft.at)
        clocks.next_review(draft, clock)
        derive(draft)
    elif clock.name is ClockName.NURTURE:
        draft.scores = scoring.carry_over(draft.scores, draft.policy, draft.at)
        wake(draft)
    elif clock.paused_at is not None:
        clocks.resume(draft, clock, due_at, _team(draft))
    elif _breaks(clock):
        last = clocks.breach(draft, clock, _team(draft))
        if last and clock.name in clocks.RETURNING:
            _return(draft, stalled=clock.name in clocks.STALLING)
    else:
        clocks.warn(draft, clock)


def _team(draft: Draft) -> str | None:
    """Return whose hours hold from here on: the owner's team from sal on, else the offer's."""
    return draft.person.team if draft.stage in SALES_STAGES else draft.offer.team


def _return(draft: Draft, *, stalled: bool) -> None:
    """Take the lead back: a new handover at once, or to nurture when that was tried already."""
    policy, offer = draft.policy, draft.offer
    # What came before a sale that stalled is nobody's answer any more.
    unanswered = None if stalled else offer.unanswered
    draft.handover = replace(offer, status=HandoverStatus.RETURNED, unanswered=unanswered)
    reason = policy.stalled_reason if stalled else policy.returns_reason
    why = Why(reason=reason, reason_class=policy.recycle_reasons[reason].kind)
    if not stalled and draft.person.returns < policy.returns_max:
        to_offer(draft, HandoverKind.RETURN, Trigger.RETURN, why, fast=offer.fast)
    else:
        recycle(draft, Trigger.RETURN, why)
