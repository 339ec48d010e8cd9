"""Moves that follow from score, profile and time: nobody asks for them, nobody is refused.

For one signal or review the first that applies is made, in this order: junk, reinstate, the
raised hand, wake, qualify, cool down, warm up. Only after a wake or a reinstatement is qualify
looked at again. Thresholds are compared before a receipt is built: most signals move nothing.
"""

from typing import Final

from lifecycle import clocks, scoring
from lifecycle.draft import Draft
from lifecycle.facts import HandRaised, JunkSuspected, LostFact
from lifecycle.lead import JUNK_TOLD_MAX, OPPORTUNITIES_ENDED_MAX, Ended, Opportunity
from lifecycle.light import replace
from lifecycle.machine import JUNK_MOVES
from lifecycle.moves import (
    Why,
    heads_up,
    move,
    settle,
    stage_by_score,
    to_offer,
    under_definition,
    update_offer,
    withdraw,
)
from lifecycle.scoring import Totals
from lifecycle.stages import (
    SALES_STAGES,
    ClockName,
    HandoverKind,
    ReasonClass,
    Stage,
    Trigger,
)

_QUALIFY_FROM: Final = frozenset({Stage.COLD, Stage.CURIOUS, Stage.WARM, Stage.NURTURE})
_WAITING: Final = frozenset({Stage.NURTURE, Stage.LOST})


def derive(draft: Draft, raised: str | None = None) -> None:
    """Make the first derived move that applies. ``raised``: the activity that raised a hand."""
    junk = active_junk(draft)
    stage = draft.stage
    if junk and stage in JUNK_MOVES:
        _out_by_rule(draft, junk)
    elif stage in SALES_STAGES:
        _tell_sales(draft, junk, raised)
    elif stage is Stage.DISQUALIFIED and draft.person.disqualified_by_rule and not junk:
        reinstate(draft, Why(rule="no_junk_rule"))
    elif raised is not None and stage is Stage.MQL:
        _hasten_offer(draft)
    elif raised is not None and _may_raise(draft, junk):
        to_offer(draft, HandoverKind.HAND_RAISE, Trigger.RAISE_HAND, fast=True)
    else:
        _by_score(draft)


def active_junk(draft: Draft) -> tuple[str, ...]:
    """Return the junk rules that match and that nobody has silenced."""
    if not draft.profile:
        return ()
    silenced = draft.person.junk_silenced
    rules = scoring.junk_rules(draft.profile, draft.policy)
    return tuple(rule for rule in rules if rule not in silenced) if silenced else rules


def _out_by_rule(draft: Draft, junk: tuple[str, ...]) -> None:
    policy = draft.policy
    rule = next(rule for rule in policy.junk if rule.name == junk[0])
    reason_class = policy.disqualify_reasons[rule.reason].kind
    why = Why(reason=rule.reason, reason_class=reason_class, rule=f"junk:{rule.name}")
    disqualify(draft, why, by_rule=True)


def disqualify(
    draft: Draft, why: Why, *, by_rule: bool = False, trigger: Trigger = Trigger.DISQUALIFY
) -> None:
    """Take the lead out: every clock ends, the offer is off, open deals are lost."""
    reason, reason_class = str(why.reason), why.reason_class
    if draft.opportunities and reason_class is not None:
        lose_open(draft, reason, reason_class, Trigger.DISQUALIFY, by=why.by)
    move(draft, Stage.DISQUALIFIED, trigger, why)
    withdraw(draft, trigger, "junk" if by_rule else "disqualified")
    draft.nurture = None
    draft.person = replace(
        draft.person,
        disqualified_for=reason,
        disqualified_by_rule=by_rule,
        owner=None,
        team=None,
    )


def lose_open(
    draft: Draft, reason: str, reason_class: ReasonClass, trigger: Trigger, *, by: str | None
) -> None:
    """End every open deal as lost for one reason."""
    for deal in draft.opportunities:
        end_deal(draft, deal, won=False)
        end_deal_clock(draft, deal.id, trigger)
        draft.tell(LostFact(deal.id, reason, reason_class, deal.amount, deal.currency, by=by))


def end_deal(draft: Draft, deal: Opportunity, *, won: bool) -> None:
    """Move a deal, as it now is, from the open ones to the remembered ended ones."""
    draft.opportunities = tuple(o for o in draft.opportunities if o.id != deal.id)
    ended = Ended(
        id=deal.id,
        won=won,
        ended_at=draft.happened_at,
        amount=deal.amount,
        currency=deal.currency,
        close_date=deal.close_date,
        stage=deal.stage,
    )
    draft.ended = (*draft.ended, ended)[-OPPORTUNITIES_ENDED_MAX:]


def end_deal_clock(draft: Draft, opportunity: str, trigger: Trigger) -> None:
    """Meet the clock of a deal that ended."""
    for clock in tuple(clocks.deals(draft, opportunity)):
        clocks.end(draft, clock, trigger, met=True)


def reinstate(draft: Draft, why: Why) -> None:
    """Take a lead back in, to where its score says; qualify is looked at again."""
    settle(draft, stage_by_score(draft), Trigger.REINSTATE, why)
    draft.person = replace(draft.person, disqualified_for=None, disqualified_by_rule=False)
    _qualify(draft, draft.totals())


def wake(draft: Draft) -> None:
    """Wake a waiting lead, to where its score says; qualify is looked at again."""
    settle(draft, stage_by_score(draft), Trigger.WAKE)
    _qualify(draft, draft.totals())


def _may_raise(draft: Draft, junk: tuple[str, ...]) -> bool:
    if draft.stage is not Stage.DISQUALIFIED:
        return True
    policy = draft.policy
    reason = policy.disqualify_reasons.get(str(draft.person.disqualified_for))
    since = draft.at - policy.reopen_window_ms
    rejected = sum(1 for rejection in draft.person.rejections if rejection.at > since)
    # A reason that the definition in force knows no more says nothing against the lead.
    reopens = reason is None or reason.reopens
    return reopens and not junk and rejected < policy.reopen_rejections_max


def _hasten_offer(draft: Draft) -> None:
    """Make the offer on the table fast track; a further raised hand changes no clock."""
    offer = draft.handover
    acceptance = clocks.find(draft, ClockName.ACCEPTANCE)
    if offer is None or acceptance is None or offer.fast:
        return
    draft.handover = replace(offer, fast=True)
    clocks.hasten(draft, acceptance, offer.team)
    update_offer(draft, "fast", receipt=True)


def _tell_sales(draft: Draft, junk: tuple[str, ...], raised: str | None) -> None:
    """Tell the owner what the lead does while sales has it; nothing moves."""
    person = draft.person
    suspicion = "+".join(sorted(junk))
    if junk and suspicion not in person.junk_told:
        draft.person = replace(person, junk_told=(*person.junk_told, suspicion)[-JUNK_TOLD_MAX:])
        draft.tell(JunkSuspected(junk))
    if draft.stage is Stage.CUSTOMER:
        _tell_expansion(draft, raised)
    elif raised is not None:
        contact = clocks.find(draft, ClockName.FIRST_CONTACT)
        if contact is None:
            if _hand_is_news(draft):
                draft.tell(HandRaised(raised))
        elif draft.handover is not None and not draft.handover.fast:
            draft.handover = replace(draft.handover, fast=True)
            clocks.hasten(draft, contact, draft.person.team)
            update_offer(draft, "fast")


def _hand_is_news(draft: Draft) -> bool:
    told_at = draft.person.hand_raised_at
    if told_at is not None and draft.at - told_at < draft.policy.hand_raise_quiet_ms:
        return False
    draft.person = replace(draft.person, hand_raised_at=draft.at)
    return True


def _tell_expansion(draft: Draft, raised: str | None) -> None:
    """A customer who raises a hand or meets the definition again is the owner's news."""
    if raised is not None:
        if _hand_is_news(draft):
            # A raised hand is told within its own quiet time, whatever was told of the score.
            draft.person = replace(draft.person, heads_up_at=None)
            heads_up(draft, "expansion")
    elif _meets_definition(draft, draft.totals()):
        heads_up(draft, "expansion")


def _by_score(draft: Draft) -> None:
    stage = draft.stage
    totals = draft.totals()
    waiting = draft.nurture
    if (
        stage in _WAITING
        and waiting is not None
        and waiting.early_wake
        and totals.gated_mp >= draft.policy.warm_mp
    ):
        wake(draft)
    elif stage in _QUALIFY_FROM and _qualify(draft, totals):
        return
    elif stage is Stage.MQL:
        _cool_offer(draft, totals)
    else:
        _drift(draft, totals)


def _meets_definition(draft: Draft, totals: Totals) -> bool:
    policy = draft.policy
    return (
        totals.engagement_mp >= policy.mql_engagement_mp
        and totals.alive
        and draft.fit() >= policy.mql_fit_mp
    )


def _qualify(draft: Draft, totals: Totals) -> bool:
    if (
        draft.stage not in _QUALIFY_FROM
        or not _meets_definition(draft, totals)
        or not scoring.gate_open(draft.scores, totals, draft.policy, draft.at)
        or active_junk(draft)
    ):
        return False
    to_offer(draft, HandoverKind.QUALIFIED, Trigger.QUALIFY)
    return True


def _cool_offer(draft: Draft, totals: Totals) -> None:
    """Withdraw an offer that cooled before anybody was reminded of it; else only tell it."""
    offer = draft.handover
    if offer is None or not under_definition(draft, totals.engagement_mp):
        return
    acceptance = clocks.find(draft, ClockName.ACCEPTANCE)
    fresh = acceptance is not None and acceptance.level == 1 and not acceptance.warned
    if offer.kind is HandoverKind.QUALIFIED and fresh:
        settle(draft, Stage.WARM, Trigger.COOL_DOWN)
        withdraw(draft, Trigger.COOL_DOWN, "cooled")
    elif not offer.cooled:
        draft.handover = replace(offer, cooled=True)
        update_offer(draft, "cooled", receipt=True)


def _drift(draft: Draft, totals: Totals) -> None:
    """Cool down or warm up among marketing's first three stages."""
    policy, engagement, stage = draft.policy, totals.engagement_mp, draft.stage
    if stage in (Stage.COLD, Stage.CURIOUS):
        if engagement >= policy.warm_mp:
            settle(draft, Stage.WARM, Trigger.WARM_UP)
            return
        if stage is Stage.COLD:
            if engagement >= policy.curious_mp:
                settle(draft, Stage.CURIOUS, Trigger.WARM_UP)
            return
    if stage in (Stage.CURIOUS, Stage.WARM):
        if engagement < policy.curious_mp * policy.hysteresis:
            settle(draft, Stage.COLD, Trigger.COOL_DOWN)
        elif stage is Stage.WARM and engagement < policy.warm_mp * policy.hysteresis:
            settle(draft, Stage.CURIOUS, Trigger.COOL_DOWN)
