"""What a lead did is worth now: engagement, its buying signals, and the gate.

An activity's points are kept as one sum that fades (``decay``), so a signal costs the same whether
it is the lead's first or thousandth, and a late one counts with its own age: it is added as what
is left of it at the sum's step. Sums are floats, and a different order of addition may differ in
the last bits; what is *decided* on is integers, the live points of each activity rounded to
thousandths of a point. Engagement, intent and the receipt are sums of these very integers, so a
receipt adds up exactly, and no decision disagrees with the receipt that explains it.

Ties are no accident: ten points after six half-lives are 156.25 thousandths, after five 312.5.
The last bit of a sum must not decide there, so rounding up begins a millionth below the half.
"""

from dataclasses import dataclass
from math import floor
from typing import Final

from lifecycle.decay import LEFT, STEPS, decayed, halved, step_of
from lifecycle.lead import Accumulator, Scores
from lifecycle.light import light
from lifecycle.policy import Activity, Policy

_ROUND: Final = 0.500001


@light
@dataclass(frozen=True, slots=True)
class Totals:
    """A lead's engagement at one instant, in thousandths of a point."""

    engagement_mp: int
    """Never below 0."""
    intent_mp: int
    """The buying signals' part of the sum that engagement is."""
    gated_mp: int
    """Engagement dated after the gate closed; never below 0."""
    alive: bool
    """A buying signal is above its floor."""
    alive_gated: bool
    """A buying signal is above its floor by what is dated after the gate closed."""
    strongest: str | None
    """The alive buying signal with the most live points; of equals the first by name."""


def absorb(scores: Scores, activity: Activity, at: int) -> Scores:
    """Return the scores with one more activity, dated ``at``, in any order.

    What is dated before a reset adds nothing to what was reset, nor does what is worth nothing.
    """
    if not activity.points_mp:
        return scores
    reset_at = scores.engagement_reset_at
    if reset_at is not None and at < reset_at:
        return scores
    if activity.buying_signal:
        reset_at = scores.intent_reset_at
        if reset_at is not None and at < reset_at:
            return scores
    gate_at = scores.gate_at
    points = activity.points_mp / 1000
    gated = points if gate_at is not None and at > gate_at else 0.0
    accumulators = {**scores.accumulators}
    known = accumulators.get(activity.name)
    accumulators[activity.name] = (
        _begun(activity, points, gated, at) if known is None else _grown(known, points, gated, at)
    )
    return Scores(
        accumulators,
        scores.engagement_reset_at,
        scores.intent_reset_at,
        gate_at,
        scores.gate_waived_at,
        scores.policy,
    )


def _begun(activity: Activity, points: float, gated: float, at: int) -> Accumulator:
    half_life_ms = activity.half_life_ms
    return Accumulator(points, gated, step_of(at, half_life_ms), half_life_ms, 1, at)


def _grown(known: Accumulator, points: float, gated: float, at: int) -> Accumulator:
    half_life_ms = known.half_life_ms
    step = known.step
    age = step_of(at, half_life_ms) - step
    if age > 0:
        points += decayed(known.points, age)
        if known.gated:
            gated += decayed(known.gated, age)
        return Accumulator(points, gated, step + age, half_life_ms, known.count + 1, at)
    points = known.points + decayed(points, -age)
    gated = known.gated + decayed(gated, -age)
    last_at = max(known.last_at, at)
    return Accumulator(points, gated, step, half_life_ms, known.count + 1, last_at)


def carry_over(scores: Scores, policy: Policy, at: int) -> Scores:
    """Return the scores as the policy goes on with them from ``at``.

    An activity it does not name is dropped; one with another half-life has what is left of it at
    ``at`` as its points, and fades by the new one. Nothing else changes: points are not re-scored.
    """
    if scores.policy == policy.version:
        return scores
    carried = {}
    for name, known in scores.accumulators.items():
        activity = policy.activities.get(name)
        if activity is None:
            continue
        if activity.half_life_ms == known.half_life_ms:
            carried[name] = known
            continue
        age = step_of(at, known.half_life_ms) - known.step
        carried[name] = Accumulator(
            decayed(known.points, age),
            decayed(known.gated, age),
            step_of(at, activity.half_life_ms),
            activity.half_life_ms,
            known.count,
            known.last_at,
        )
    return Scores(
        carried,
        scores.engagement_reset_at,
        scores.intent_reset_at,
        scores.gate_at,
        scores.gate_waived_at,
        policy.version,
    )


def reset(scores: Scores, policy: Policy, at: int, *, engagement: bool, intent: bool) -> Scores:
    """Return the scores with all engagement, or its buying signals, taken off.

    Earlier activity that arrives later adds nothing to what was taken off.
    """
    kept: dict[str, Accumulator] = {}
    if not engagement:
        for name, known in scores.accumulators.items():
            activity = policy.activities.get(name)
            if not (intent and activity is not None and activity.buying_signal):
                kept[name] = known
    return Scores(
        kept,
        at if engagement else scores.engagement_reset_at,
        at if intent else scores.intent_reset_at,
        scores.gate_at,
        scores.gate_waived_at,
        scores.policy,
    )


def close_gate(scores: Scores, at: int, waived_at: int | None = None) -> Scores:
    """Return the scores with the gate closed at ``at``: what opens it has to be dated later.

    ``waived_at`` is the time from which on it does not hold.
    """
    return Scores(
        {
            name: Accumulator(a.points, 0.0, a.step, a.half_life_ms, a.count, a.last_at)
            for name, a in scores.accumulators.items()
        },
        scores.engagement_reset_at,
        scores.intent_reset_at,
        at,
        waived_at,
        scores.policy,
    )


def totals(scores: Scores, policy: Policy, at: int) -> Totals:
    """Return what all activities are worth at ``at``."""
    engagement = intent = gated = strongest_mp = 0
    alive_gated = False
    strongest: str | None = None
    activities = policy.activities
    steps = at * STEPS
    for name, known in scores.accumulators.items():
        activity = activities.get(name)
        if activity is None:
            continue
        # ``live_mp`` twice, by hand: this runs for every activity of a lead at every page view.
        age = steps // known.half_life_ms - known.step
        left = LEFT[age & 1023]
        rest = halved(age >> 10)
        cap = activity.cap_mp
        live = floor(known.points * left * rest * 1000 + _ROUND)
        if live > cap:
            live = cap
        elif live < -cap:
            live = -cap
        engagement += live
        later = 0
        if known.gated:
            later = floor(known.gated * left * rest * 1000 + _ROUND)
            if later > cap:
                later = cap
            elif later < -cap:
                later = -cap
            gated += later
        if activity.buying_signal:
            intent += live
            alive_mp = activity.alive_mp
            alive_gated |= later > alive_mp
            if live > alive_mp and (
                strongest is None
                or live > strongest_mp
                or (live == strongest_mp and name < strongest)
            ):
                strongest, strongest_mp = name, live
    return Totals(
        max(0, engagement),
        intent,
        max(0, gated),
        strongest is not None,
        alive_gated,
        strongest,
    )


def live_mp(points: float, activity: Activity, known: Accumulator, at: int) -> tuple[int, bool]:
    """Return what is left of an accumulator's points at ``at``, and whether the cap bit."""
    age = step_of(at, known.half_life_ms) - known.step
    live = floor(decayed(points, age) * 1000 + _ROUND)
    bounded = min(activity.cap_mp, max(-activity.cap_mp, live))
    return bounded, bounded != live


def gate_open(scores: Scores, now: Totals, policy: Policy, at: int) -> bool:
    """Return whether yesterday's points no longer stand in the way of a new handover."""
    if scores.gate_at is None:
        return True
    if scores.gate_waived_at is not None and at >= scores.gate_waived_at:
        return True
    return now.gated_mp >= policy.requalify_mp and now.alive_gated
