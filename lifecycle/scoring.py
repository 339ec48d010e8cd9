"""Scores, grades and receipts: how fit and engagement come together, and why.

A receipt is made of the integers that were decided on: its parts add up to its totals exactly.
Where a bound bit, the difference is a part of its own: ``clamp`` where fit leaves 0 to 100,
``floor`` where engagement would fall below 0, ``other`` for what the receipt's limit left out
(buying signals apart, so that intent adds up too).
"""

from typing import Final

from lifecycle.engagement import (
    Totals,
    absorb,
    carry_over,
    close_gate,
    gate_open,
    live_mp,
    reset,
    totals,
)
from lifecycle.facts import ActivityPart, FitPart, NearMiss, Receipt
from lifecycle.fit import FIT_MAX_MP, Profile, fit, holds, junk_rules, scored, unknown
from lifecycle.lead import RECEIPT_ACTIVITIES_MAX, Scores
from lifecycle.policy import Policy
from lifecycle.stages import Stage

__all__ = [
    "Profile",
    "Totals",
    "absorb",
    "carry_over",
    "close_gate",
    "fit",
    "gate_open",
    "grade",
    "holds",
    "junk_rules",
    "receipt",
    "reset",
    "totals",
]

_AHEAD: Final = {
    Stage.COLD: (Stage.CURIOUS, Stage.WARM, Stage.MQL),
    Stage.CURIOUS: (Stage.WARM, Stage.MQL),
    Stage.WARM: (Stage.MQL,),
    Stage.NURTURE: (Stage.MQL,),
    Stage.LOST: (Stage.MQL,),
}
"""The stages that a lead may still earn, by where it is."""


def grade(fit_mp: int, engagement_mp: int, policy: Policy) -> str:
    """Return the grade, ``A1`` (best) to ``D4``: fit by letter, engagement by number."""
    letter = sum(fit_mp >= bound for bound in policy.grades.fit_mp)
    number = sum(engagement_mp >= bound for bound in policy.grades.engagement_mp)
    return "DCBA"[letter] + "4321"[number]


def receipt(
    scores: Scores,
    profile: Profile,
    stage: Stage,
    policy: Policy,
    at: int,
    rule: str,
    silenced: tuple[str, ...] = (),
) -> Receipt:
    """Return why a lead is worth what it is at ``at``, and what it lacks for the stages ahead.

    ``silenced`` are junk rules that a person overruled.
    """
    now = totals(scores, policy, at)
    fit_parts = _fit_parts(profile, policy)
    fit_mp = sum(part.points_mp for part in fit_parts)
    return Receipt(
        fit_mp=fit_mp,
        engagement_mp=now.engagement_mp,
        intent_mp=now.intent_mp,
        grade=grade(fit_mp, now.engagement_mp, policy),
        rule=rule,
        policy=policy.version,
        fit=fit_parts,
        unknown=unknown(profile, policy),
        activities=_activity_parts(scores, policy, at),
        near_misses=_near_misses(
            stage,
            fit_mp,
            now,
            policy,
            gated=not gate_open(scores, now, policy, at),
            junk=tuple(name for name in junk_rules(profile, policy) if name not in silenced),
        )
        if stage in _AHEAD
        else (),
    )


def _fit_parts(profile: Profile, policy: Policy) -> tuple[FitPart, ...]:
    parts = [FitPart(name, value, points) for name, value, points in scored(profile, policy)]
    total = sum(part.points_mp for part in parts)
    if total < 0:
        parts.append(FitPart("clamp", 0, -total))
    if total > FIT_MAX_MP:
        parts.append(FitPart("clamp", FIT_MAX_MP // 1000, FIT_MAX_MP - total))
    return tuple(parts)


def _activity_parts(scores: Scores, policy: Policy, at: int) -> tuple[ActivityPart, ...]:
    """Return the live points by activity, weightiest first, then what makes them add up."""
    parts = []
    for name, known in scores.accumulators.items():
        activity = policy.activities.get(name)
        if activity is None:
            continue
        live, capped = live_mp(known.points, activity, known, at)
        if live:
            parts.append(
                ActivityPart(
                    activity=name,
                    points_mp=live,
                    count=known.count,
                    last_at=known.last_at,
                    capped=capped,
                    buying_signal=activity.buying_signal,
                    alive=activity.buying_signal and live > activity.alive_mp,
                )
            )
    parts.sort(key=lambda part: (-abs(part.points_mp), part.activity))
    total = sum(part.points_mp for part in parts)
    floor = [ActivityPart("floor", -total, 0, at)] if total < 0 else []
    return (*_bounded(parts, RECEIPT_ACTIVITIES_MAX - len(floor)), *floor)


def _bounded(parts: list[ActivityPart], room: int) -> list[ActivityPart]:
    if len(parts) <= room:
        return parts
    shown, rest = parts[: room - 2], parts[room - 2 :]
    for buying_signal in (True, False):
        others = [part for part in rest if part.buying_signal is buying_signal]
        if others:
            shown.append(
                ActivityPart(
                    activity="other",
                    points_mp=sum(part.points_mp for part in others),
                    count=sum(part.count for part in others),
                    last_at=max(part.last_at for part in others),
                    capped=any(part.capped for part in others),
                    buying_signal=buying_signal,
                    alive=any(part.alive for part in others),
                )
            )
    return shown


def _near_misses(
    stage: Stage,
    fit_mp: int,
    now: Totals,
    policy: Policy,
    *,
    gated: bool,
    junk: tuple[str, ...],
) -> tuple[NearMiss, ...]:
    """Return what is missing for each stage ahead for which anything is."""
    engagement = now.engagement_mp
    lacks = {
        Stage.CURIOUS: NearMiss(Stage.CURIOUS, max(0, policy.curious_mp - engagement)),
        Stage.WARM: NearMiss(Stage.WARM, max(0, policy.warm_mp - engagement)),
        Stage.MQL: NearMiss(
            Stage.MQL,
            engagement_mp=max(0, policy.mql_engagement_mp - engagement),
            fit_mp=max(0, policy.mql_fit_mp - fit_mp),
            requalify_mp=max(0, policy.requalify_mp - now.gated_mp) if gated else 0,
            buying_signal=not now.alive or (gated and not now.alive_gated),
            junk=junk,
        ),
    }
    return tuple(lacks[to] for to in _AHEAD[stage] if lacks[to] != NearMiss(to))
