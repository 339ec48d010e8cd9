"""What is told of a clock: each fact from the clock's own fields and from when it happened."""

from lifecycle.draft import Draft
from lifecycle.facts import (
    ClockBreached,
    ClockCancelled,
    ClockMet,
    ClockPausedFact,
    ClockResumedFact,
    ClockStarted,
    ClockWarned,
)
from lifecycle.hours import between
from lifecycle.lead import Clock
from lifecycle.stages import ClockName, Trigger


def started(clock: Clock) -> ClockStarted:
    """Tell that a promise runs."""
    return ClockStarted(
        clock=clock.name,
        ref=clock.ref,
        run=clock.run,
        level=clock.level,
        allowed_ms=clock.allowed_ms,
        due_at=clock.due_at,
        warn_at=clock.warn_at,
        assignee=clock.assignee,
    )


def warned(clock: Clock) -> ClockWarned:
    """Tell that a promise is about to break."""
    return ClockWarned(
        clock=clock.name,
        ref=clock.ref,
        run=clock.run,
        level=clock.level,
        allowed_ms=clock.allowed_ms,
        due_at=clock.due_at,
        assignee=clock.assignee,
    )


def met(draft: Draft, clock: Clock) -> ClockMet:
    """Tell that a clock was answered: in time, at the edge, or after it broke."""
    happened_at = draft.happened_at
    left = between(draft.policy, clock.calendar, happened_at, clock.due_at)
    edge = (
        clock.broke_at is None
        and clock.paused_at is None
        and clock.name is not ClockName.NURTURE
        and left <= clock.allowed_ms * draft.policy.edge_fraction
    )
    return ClockMet(
        clock=clock.name,
        ref=clock.ref,
        run=clock.run,
        level=clock.level,
        allowed_ms=clock.allowed_ms,
        used_ms=_used(draft, clock),
        paused_ms=_paused(draft, clock),
        assignee=clock.assignee,
        breached=clock.broke_at is not None,
        edge=edge,
        disputed=clock.broke_at is not None and happened_at <= clock.broke_at,
    )


def breached(
    draft: Draft,
    clock: Clock,
    *,
    bare: bool = False,
    next_due_at: int | None = None,
    escalate_to: str | None = None,
) -> ClockBreached:
    """Tell that a level broke when it was due."""
    noticed_at = draft.noticed_at
    return ClockBreached(
        clock=clock.name,
        ref=clock.ref,
        run=clock.run,
        level=clock.level,
        allowed_ms=clock.allowed_ms,
        due_at=clock.due_at,
        noticed_at=noticed_at,
        paused_ms=clock.paused_ms,
        assignee=clock.assignee,
        noticed_late=noticed_at - clock.due_at > draft.policy.notice_max_ms,
        bare=bare,
        next_due_at=next_due_at,
        escalate_to=escalate_to,
    )


def paused(clock: Clock, until: int, reason: str) -> ClockPausedFact:
    """Tell that a promise waits."""
    return ClockPausedFact(
        clock=clock.name,
        ref=clock.ref,
        run=clock.run,
        level=clock.level,
        allowed_ms=clock.allowed_ms,
        left_ms=clock.left_ms,
        until=until,
        reason=reason,
        assignee=clock.assignee,
    )


def resumed(clock: Clock) -> ClockResumedFact:
    """Tell that a promise goes on with the time that was left."""
    return ClockResumedFact(
        clock=clock.name,
        ref=clock.ref,
        run=clock.run,
        level=clock.level,
        allowed_ms=clock.allowed_ms,
        due_at=clock.due_at,
        paused_ms=clock.paused_ms,
        assignee=clock.assignee,
    )


def cancelled(draft: Draft, clock: Clock, trigger: Trigger | str) -> ClockCancelled:
    """Tell that a promise ended without a verdict, and by what."""
    ends_sale = trigger in (Trigger.RECYCLE, Trigger.DISQUALIFY)
    return ClockCancelled(
        clock=clock.name,
        ref=clock.ref,
        run=clock.run,
        level=clock.level,
        allowed_ms=clock.allowed_ms,
        used_ms=_used(draft, clock),
        paused_ms=_paused(draft, clock),
        assignee=clock.assignee,
        trigger=str(trigger),
        breached=clock.broke_at is not None,
        uncontacted=ends_sale and clock.name is ClockName.FIRST_CONTACT,
        short=ends_sale and clock.name is ClockName.CADENCE,
    )


def _used(draft: Draft, clock: Clock) -> int:
    gross = between(draft.policy, clock.calendar, clock.started_at, draft.happened_at)
    return max(0, gross - _paused(draft, clock))


def _paused(draft: Draft, clock: Clock) -> int:
    if clock.paused_at is None:
        return clock.paused_ms
    policy = draft.policy
    return clock.paused_ms + between(policy, clock.calendar, clock.paused_at, draft.happened_at)
