"""The promises of both sides: when a clock starts, warns, breaks, waits, is met or cancelled.

Rules
- A clock belongs to a handover (``nurture`` and ``review``: to the lead; ``deal``: to an
  opportunity) and to a stage, and no clock outlives it: leaving ends it, as met where ``TABLE``
  says that the move is its answer, else as cancelled in the trigger's name. To disqualified,
  every clock ends.
- Sales' clocks start at the later of the decision's time and the timestamp of the record that
  caused it, so that an import of Friday's form on Tuesday breaches nobody; a later level starts
  when the breach was noticed, so that the engine's own downtime costs nobody a lead.
- Deadlines, time used, ``edge`` and ``disputed`` go by when a thing happened. Who answers after
  the deadline has broken it first (a *bare* breach where no tick came in between: dated and
  counted, nothing follows). Who answered in time and was heard after the breach is met, disputed.
- A clock keeps the allowance and the levels it started with whatever is adopted meanwhile; the
  working hours are those in force when a level starts or goes on.
- ``due_at`` is computed once, when a level starts or goes on, so finding what is due needs no
  calendar.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from lifecycle import clock_facts as told
from lifecycle.draft import Draft
from lifecycle.hours import between, calendar_of, later
from lifecycle.lead import Clock, Lead
from lifecycle.light import replace
from lifecycle.stages import ClockName, Stage, Trigger


@dataclass(frozen=True, slots=True)
class Effect:
    """Where a clock lives, what starts it and which moves are its answer."""

    stages: frozenset[Stage]
    starts: bool
    """On entering a stage of its own; else by an event of its own."""
    met_by: frozenset[Trigger] = frozenset()


TABLE: Final[dict[ClockName, Effect]] = {
    ClockName.ACCEPTANCE: Effect(
        frozenset({Stage.MQL}),
        starts=True,
        met_by=frozenset({Trigger.ACCEPT, Trigger.REJECT, Trigger.CLAIM}),
    ),
    # Met by a contact attempt, which is no move.
    ClockName.FIRST_CONTACT: Effect(frozenset({Stage.SAL}), starts=True),
    # Started by the first attempt that did not reach; met by one that did, or by enough of them.
    ClockName.CADENCE: Effect(frozenset({Stage.SAL}), starts=False),
    ClockName.QUALIFICATION: Effect(
        frozenset({Stage.SAL}),
        starts=True,
        met_by=frozenset({Trigger.QUALIFY_SALE, Trigger.RECYCLE, Trigger.DISQUALIFY}),
    ),
    ClockName.OPPORTUNITY: Effect(
        frozenset({Stage.SQL}),
        starts=True,
        met_by=frozenset({Trigger.OPEN_OPPORTUNITY, Trigger.RECYCLE, Trigger.DISQUALIFY}),
    ),
    # Started by each opportunity; met by the end of that opportunity, whatever the lead's stage.
    ClockName.DEAL: Effect(
        frozenset({Stage.OPPORTUNITY, Stage.CUSTOMER}),
        starts=False,
        met_by=frozenset({Trigger.WIN, Trigger.LOSE, Trigger.DISQUALIFY, Trigger.RECYCLE}),
    ),
    # Met by the wake-up on its date.
    ClockName.NURTURE: Effect(frozenset({Stage.NURTURE, Stage.LOST}), starts=False),
    ClockName.REVIEW: Effect(frozenset({Stage.CURIOUS, Stage.WARM, Stage.MQL}), starts=True),
}

RETURNING: Final = frozenset(
    {
        ClockName.ACCEPTANCE,
        ClockName.FIRST_CONTACT,
        ClockName.QUALIFICATION,
        ClockName.OPPORTUNITY,
    }
)
"""Their last breach takes the lead back."""
STALLING: Final = frozenset({ClockName.QUALIFICATION, ClockName.OPPORTUNITY})
"""Of those: the lead is stalled, not ignored."""
OFF_BUSINESS: Final = frozenset({ClockName.NURTURE, ClockName.REVIEW})
"""Nobody's promise: they neither break nor wait."""
_ANSWERABLE: Final = frozenset({ClockName.ACCEPTANCE, ClockName.FIRST_CONTACT})


def event_at(clock: Clock) -> int:
    """Return when the clock wants to be looked at next."""
    warn_at = clock.warn_at
    return clock.due_at if warn_at is None or warn_at > clock.due_at else warn_at


def next_due(lead: Lead) -> int | None:
    """Return the earliest time at which firing the lead's clocks would do something, or None."""
    due_at: int | None = None
    for clock in lead.clocks:
        at = event_at(clock)
        if due_at is None or at < due_at:
            due_at = at
    return due_at


def find(draft: Draft, name: ClockName, *, paused: bool = False) -> Clock | None:
    """Return the clock of that name; of several, one that is ``paused`` or not, due first."""
    found = [clock for clock in draft.clocks if clock.name is name]
    if not found:
        return None
    return min(found, key=lambda c: ((c.paused_at is None) is paused, c.due_at, c.run))


def put(draft: Draft, old: Clock | None, new: Clock | None) -> None:
    """Replace a clock of the draft, or add or remove one."""
    kept = tuple(clock for clock in draft.clocks if clock is not old)
    draft.clocks = kept if new is None else (*kept, new)


def plan(
    draft: Draft, name: ClockName, at: int, assignee: str | None, team: str | None, *, fast: bool
) -> tuple[int, int, str | None]:
    """Return (due, allowance, calendar) of a clock that would start at ``at``."""
    rule = draft.policy.clocks[name]
    allowed = rule.allowance_ms
    if fast and rule.fast_allowance_ms is not None:
        allowed = rule.fast_allowance_ms
    calendar = calendar_of(draft.policy, assignee, team) if rule.business else None
    return later(draft.policy, calendar, at, allowed), allowed, calendar


def starts_at(draft: Draft) -> int:
    """Return when sales' clocks start that this decision starts."""
    return max(draft.at, draft.noticed_at)


def start(
    draft: Draft,
    name: ClockName,
    ref: str | None,
    assignee: str | None,
    team: str | None,
    *,
    fast: bool = False,
) -> None:
    """Start a promise of sales and tell it."""
    at = starts_at(draft)
    due_at, allowed, calendar = plan(draft, name, at, assignee, team, fast=fast)
    rule = draft.policy.clocks[name]
    warn_ms = None if rule.warn_fraction is None else int(allowed * rule.warn_fraction)
    clock = Clock(
        name=name,
        ref=ref,
        run=_count_run(draft, name),
        level=1,
        levels=rule.levels,
        allowed_ms=allowed,
        level_ms=allowed,
        warn_ms=warn_ms,
        calendar=calendar,
        assignee=assignee,
        started_at=at,
        level_at=at,
        left_ms=allowed,
        due_at=due_at,
        warn_at=None if warn_ms is None else later(draft.policy, calendar, at, warn_ms),
    )
    _begin(draft, clock)


def start_nurture(draft: Draft, wake_at: int) -> None:
    """Start the wait of a lead in nurture or lost; calendar time, from the decision on."""
    clock = _own(draft, ClockName.NURTURE, _count_run(draft, ClockName.NURTURE), wake_at)
    _begin(draft, clock)


def start_review(draft: Draft) -> None:
    """Start the daily look at a lead, on a grid from entering the stage; told to nobody."""
    period = draft.policy.clocks[ClockName.REVIEW].allowance_ms
    put(draft, None, _own(draft, ClockName.REVIEW, 0, draft.since + period))


def next_review(draft: Draft, clock: Clock) -> None:
    """Move the review to the first point of its grid that is still ahead of the decision."""
    period = clock.allowed_ms
    due_at = draft.since + ((draft.at - draft.since) // period + 1) * period
    put(draft, clock, replace(clock, due_at=due_at))


def _own(draft: Draft, name: ClockName, run: int, due_at: int) -> Clock:
    at = draft.at
    allowed = (
        draft.policy.clocks[name].allowance_ms if name is ClockName.REVIEW else max(0, due_at - at)
    )
    return Clock(
        name=name,
        ref=None,
        run=run,
        level=1,
        levels=1,
        allowed_ms=allowed,
        level_ms=allowed,
        warn_ms=None,
        calendar=None,
        assignee=None,
        started_at=at,
        level_at=at,
        left_ms=allowed,
        due_at=due_at,
        warn_at=None,
    )


def _count_run(draft: Draft, name: ClockName) -> int:
    run = draft.runs.get(name, 0) + 1
    draft.runs = {**draft.runs, name.value: run}
    return run


def _begin(draft: Draft, clock: Clock) -> None:
    put(draft, None, clock)
    draft.tell(told.started(clock))


def enter(draft: Draft, *, fast: bool = False, contacted: bool = False) -> None:
    """Start the clocks of the stage that the lead has come to stay in.

    ``contacted``: the first contact has been made already, so that it is not asked for again.
    """
    stage = draft.stage
    offer = draft.handover
    for name, effect in TABLE.items():
        if not effect.starts or stage not in effect.stages:
            continue
        if name is ClockName.REVIEW:
            start_review(draft)
        elif name is ClockName.ACCEPTANCE and offer is not None:
            start(draft, name, draft.offer_id, offer.assignee, offer.team, fast=fast)
        elif name is not ClockName.FIRST_CONTACT or not contacted:
            person = draft.person
            start(draft, name, draft.offer_id, person.owner, person.team, fast=fast)


def leave(draft: Draft, to: Stage, trigger: Trigger, *, answered: bool = True) -> None:
    """End the clocks of the stage that the lead leaves; to disqualified, all of them.

    ``answered`` False: the move is not the answer that it looks like, so nothing is met.
    """
    for clock in draft.clocks:
        effect = TABLE[clock.name]
        if to is Stage.DISQUALIFIED or (
            draft.stage in effect.stages and clock.name is not ClockName.DEAL
        ):
            end(draft, clock, trigger, met=answered and _meets(draft, clock, trigger))


def _meets(draft: Draft, clock: Clock, trigger: Trigger) -> bool:
    if clock.name is ClockName.NURTURE:
        return trigger is Trigger.WAKE and draft.at >= clock.due_at
    return trigger in TABLE[clock.name].met_by


def end(draft: Draft, clock: Clock, trigger: Trigger | str, *, met: bool) -> None:
    """End a clock, as met or as cancelled; what was due before breaks first, bare."""
    if clock.name is ClockName.REVIEW:
        put(draft, clock, None)
        return
    clock = _broken_bare(draft, clock)
    put(draft, clock, None)
    if met:
        meet(draft, clock)
        return
    offer = draft.handover
    if offer is not None and clock.name in _ANSWERABLE and clock.ref == draft.offer_id:
        draft.handover = replace(offer, unanswered=clock)
    draft.tell(told.cancelled(draft, clock, trigger))


def meet(draft: Draft, clock: Clock) -> None:
    """Tell that a clock was answered, by when the answer happened."""
    draft.tell(told.met(draft, clock))


def _broken_bare(draft: Draft, clock: Clock) -> Clock:
    """Break a clock that was due before the very answer that ends it."""
    overdue = (
        clock.name not in OFF_BUSINESS
        and clock.paused_at is None
        and clock.due_at < draft.happened_at
    )
    if not overdue:
        return clock
    broken = replace(clock, broke_at=clock.due_at)
    put(draft, clock, broken)
    draft.tell(told.breached(draft, clock, bare=True), happened_at=clock.due_at)
    return broken


def warn(draft: Draft, clock: Clock) -> None:
    """Tell that a promise is about to break; once a level."""
    put(draft, clock, replace(clock, warned=True, warn_at=None))
    draft.tell(told.warned(clock))


def breach(draft: Draft, clock: Clock, team: str | None) -> bool:
    """Break a level; start the next one when it was noticed. Return whether it was the last.

    After the last one the clock is gone; what follows from that is the caller's.
    """
    escalate_to = draft.policy.escalation.assignee
    if clock.levels and clock.level >= clock.levels:
        put(draft, clock, None)
        offer = draft.handover
        if offer is not None and clock.name in _ANSWERABLE:
            broken = replace(clock, broke_at=clock.due_at)
            draft.handover = replace(offer, unanswered=broken)
        fact = told.breached(draft, clock, escalate_to=escalate_to)
        draft.tell(fact, happened_at=clock.due_at)
        return True
    policy = draft.policy
    at = max(draft.noticed_at, draft.at)
    calendar = clock.calendar
    if calendar is not None:
        calendar = calendar_of(policy, clock.assignee, team)
    allowed = clock.level_ms
    due_at = later(policy, calendar, at, allowed)
    warn_ms = clock.warn_ms
    new = replace(
        clock,
        level=clock.level + 1,
        allowed_ms=allowed,
        calendar=calendar,
        level_at=at,
        left_ms=allowed,
        due_at=due_at,
        warn_at=None if warn_ms is None else later(policy, calendar, at, warn_ms),
        broke_at=clock.due_at,
        warned=False,
    )
    put(draft, clock, new)
    fact = told.breached(draft, clock, next_due_at=due_at, escalate_to=escalate_to)
    draft.tell(fact, happened_at=clock.due_at)
    return False


def hasten(draft: Draft, clock: Clock, team: str | None) -> Clock:
    """Make a clock due at the earlier of its own and the fast-track time; its wait is over."""
    if clock.paused_at is not None:
        clock = resume(draft, clock, draft.happened_at, team)
    due_at, fast_ms, calendar = plan(
        draft, clock.name, starts_at(draft), clock.assignee, team, fast=True
    )
    rule = draft.policy.clocks[clock.name]
    warn_ms = None if rule.warn_fraction is None else int(fast_ms * rule.warn_fraction)
    new = replace(clock, level_ms=min(clock.level_ms, fast_ms), warn_ms=warn_ms)
    if due_at < clock.due_at:
        policy = draft.policy
        since = clock.started_at if clock.level == 1 else clock.level_at
        paused_ms = clock.paused_ms if clock.level == 1 else 0
        new = replace(
            new,
            allowed_ms=max(0, between(policy, calendar, since, due_at) - paused_ms),
            calendar=calendar,
            level_at=starts_at(draft),
            left_ms=fast_ms,
            due_at=due_at,
            warn_at=None
            if warn_ms is None or clock.warned
            else later(policy, calendar, starts_at(draft), warn_ms),
        )
    put(draft, clock, new)
    return new


def pause(draft: Draft, clock: Clock, until: int, reason: str) -> None:
    """Let a clock wait; it goes on by itself with the time that was left."""
    at = max(draft.happened_at, clock.level_at)
    left = between(draft.policy, clock.calendar, at, clock.due_at)
    new = replace(clock, paused_at=at, left_ms=left, due_at=until, warn_at=None)
    put(draft, clock, new)
    draft.tell(told.paused(new, until, reason))


def resume(draft: Draft, clock: Clock, at: int, team: str | None) -> Clock:
    """Let a paused clock go on with the time that was left, in the hours in force now.

    It goes on at ``at``, or on its date if word of it comes later than that.
    """
    policy = draft.policy
    paused_at = at if clock.paused_at is None else clock.paused_at
    at = max(min(at, clock.due_at), paused_at)
    paused_ms = clock.paused_ms + between(policy, clock.calendar, paused_at, at)
    calendar = clock.calendar
    if calendar is not None:
        calendar = calendar_of(policy, clock.assignee, team)
    warn_left = None
    if clock.warn_ms is not None and not clock.warned:
        warn_left = max(0, clock.warn_ms - (clock.level_ms - clock.left_ms))
    due_at = later(policy, calendar, at, clock.left_ms)
    new = replace(
        clock,
        calendar=calendar,
        level_at=at,
        due_at=due_at,
        warn_at=None if warn_left is None else later(policy, calendar, at, warn_left),
        paused_at=None,
        paused_ms=paused_ms,
    )
    put(draft, clock, new)
    draft.tell(told.resumed(new))
    return new


def deals(draft: Draft, opportunity: str) -> Iterator[Clock]:
    """Return the clocks of an opportunity."""
    return (
        clock for clock in draft.clocks if clock.name is ClockName.DEAL and clock.ref == opportunity
    )
