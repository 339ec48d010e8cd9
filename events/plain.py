"""A lead as plain values, in the order of its fields: what ``events.state`` writes as bytes.

Written out field by field, where the way back is derived from the definitions of the records:
every changed lead of every batch comes through here, and compiled, a field named in the source is
read at once, while one that is looked up by its name costs a hundred times as much. That both
agree, field by field, is what ``tests/events/test_state.py`` tries with leads of every kind.
"""

from math import copysign
from typing import Any, Final

from lifecycle.facts import Rejection, Touch
from lifecycle.lead import (
    Accumulator,
    Clock,
    Ended,
    Handover,
    Lead,
    Move,
    Nurture,
    Opportunity,
    Person,
    Scores,
    Touches,
)

Origin = tuple[str | None, str | None, str | None, str | None, str | None]
"""Campaign, source, medium, content and channel of a touch."""

_NOBODY: Final = Person()


def plain_lead(lead: Lead, origins: dict[Origin, int], activities: dict[str, int]) -> list[Any]:
    """Return the lead's fields, its times as distances from its ``at``.

    What touches repeat is numbered, and their numbers are put into the two mappings.
    """
    base = lead.at
    arrival, handover, previous, nurture = lead.arrival, lead.handover, lead.previous, lead.nurture
    scores = _scores(lead.scores, base)
    profile = {name: [known.value, known.at - base] for name, known in lead.profile.items()}
    return [
        lead.id,
        lead.seq,
        lead.stage,
        lead.since - base,
        0,
        lead.seen,
        [arrival.at - base, arrival.origin, arrival.source, arrival.campaign, arrival.content],
        scores,
        profile,
        _touches(lead.touches, base, origins, activities),
        None if handover is None else _handover(handover, base),
        None if previous is None else _handover(previous, base),
        [_clock(clock, base) for clock in lead.clocks],
        lead.runs,
        [_opportunity(deal, base) for deal in lead.opportunities],
        [_ended(deal, base) for deal in lead.ended],
        lead.won,
        None if nurture is None else _nurture(nurture, base),
        _person(lead.person, base),
        [_move(move, base) for move in lead.moves],
    ]


def _after(at: int | None, base: int) -> int | None:
    return None if at is None else at - base


def _scores(scores: Scores, base: int) -> list[Any]:
    return [
        {name: _accumulator(known, base) for name, known in scores.accumulators.items()},
        _after(scores.engagement_reset_at, base),
        _after(scores.intent_reset_at, base),
        _after(scores.gate_at, base),
        _after(scores.gate_waived_at, base),
        scores.policy,
    ]


def _accumulator(known: Accumulator, base: int) -> list[Any]:
    gated = known.gated
    # Most leads have no gate: the integer 0 stands for +0.0, and saves eight bytes.
    told: float | int = gated
    if gated == 0.0 and copysign(1.0, gated) > 0.0:
        told = 0
    return [
        known.points,
        told,
        known.step,
        known.half_life_ms,
        known.count,
        known.last_at - base,
    ]


def _touches(
    touches: Touches, base: int, origins: dict[Origin, int], activities: dict[str, int]
) -> list[Any]:
    return [
        [_touch(touch, base, origins, activities) for touch in touches.first],
        [_touch(touch, base, origins, activities) for touch in touches.last],
        touches.campaigns,
        touches.told_days,
    ]


def _touch(
    touch: Touch, base: int, origins: dict[Origin, int], activities: dict[str, int]
) -> list[int]:
    activity = activities.get(touch.activity)
    if activity is None:
        activity = activities[touch.activity] = len(activities)
    told = (touch.campaign, touch.source, touch.medium, touch.content, touch.channel)
    origin = origins.get(told)
    if origin is None:
        origin = origins[told] = len(origins)
    return [touch.at - base, activity, origin]


def _handover(offer: Handover, base: int) -> list[Any]:
    unanswered = offer.unanswered
    return [
        offer.number,
        offer.kind,
        offer.attempt,
        offer.fast,
        offer.at - base,
        offer.status,
        offer.assignee,
        offer.team,
        offer.grade,
        offer.touch_source,
        offer.touch_campaign,
        offer.touch_content,
        offer.attempts,
        offer.reached,
        offer.cadence_run,
        offer.cooled,
        offer.pauses,
        None if unanswered is None else _clock(unanswered, base),
    ]


def _clock(clock: Clock, base: int) -> list[Any]:
    return [
        clock.name,
        clock.ref,
        clock.run,
        clock.level,
        clock.levels,
        clock.allowed_ms,
        clock.level_ms,
        clock.warn_ms,
        clock.calendar,
        clock.assignee,
        clock.started_at - base,
        clock.level_at - base,
        clock.left_ms,
        clock.due_at - base,
        _after(clock.warn_at, base),
        _after(clock.paused_at, base),
        clock.paused_ms,
        _after(clock.broke_at, base),
        clock.warned,
    ]


def _opportunity(deal: Opportunity, base: int) -> list[Any]:
    return [
        deal.id,
        deal.amount,
        deal.currency,
        deal.close_date,
        deal.stage,
        deal.opened_at - base,
    ]


def _ended(deal: Ended, base: int) -> list[Any]:
    return [
        deal.id,
        deal.won,
        deal.ended_at - base,
        deal.amount,
        deal.currency,
        deal.close_date,
        deal.stage,
    ]


def _nurture(nurture: Nurture, base: int) -> list[Any]:
    return [nurture.reason, nurture.wake_at - base, nurture.early_wake, nurture.returned]


def _person(person: Person, base: int) -> list[Any]:
    if person is _NOBODY or person == _NOBODY:
        return []
    return [
        person.owner,
        person.team,
        person.assignee,
        person.assignee_team,
        person.returns,
        person.recycles,
        [_rejection(rejection, base) for rejection in person.rejections],
        person.junk_told,
        person.junk_silenced,
        person.disqualified_for,
        person.disqualified_by_rule,
        _after(person.hand_raised_at, base),
        _after(person.heads_up_at, base),
        person.bant,
        person.pain_points,
        person.objections,
        person.questions,
        person.competitors,
    ]


def _rejection(rejection: Rejection, base: int) -> list[Any]:
    return [rejection.handover_id, rejection.at - base, rejection.reason, rejection.rep]


def _move(move: Move, base: int) -> list[Any]:
    return [move.at - base, move.from_stage, move.to_stage, move.trigger]
