"""What sales did with deals: recorded, not asked for, hence never illegal.

A step that was skipped is made in order at the same time, marked implied; a stage passed this
way starts no clock. An opportunity is known by its id: an open one changes, an ended one may
come back by a win or by an opening dated after its end.
"""

from typing import Final, TypeVar

from lifecycle import clocks, moves
from lifecycle.derived import end_deal, end_deal_clock
from lifecycle.draft import Draft
from lifecycle.facts import LostFact, OpportunityChanged, OpportunityOpenedFact, WonFact
from lifecycle.illegal import IllegalRequestError
from lifecycle.lead import (
    OPPORTUNITIES_OPEN_MAX,
    Ended,
    Opportunity,
)
from lifecycle.light import replace
from lifecycle.moves import Why
from lifecycle.signals import Lost, OpportunityOpened, Won
from lifecycle.stages import ClockName, Stage, Trigger

Deal = TypeVar("Deal", Opportunity, Ended)

_SELLING: Final = frozenset({Stage.OPPORTUNITY, Stage.CUSTOMER})


def open_opportunity(draft: Draft, body: OpportunityOpened) -> None:
    """Record an opened deal; a known id changes its data, one ended before comes back."""
    known, ended = _open(draft, body.opportunity_id), _ended(draft, body.opportunity_id)
    if known is not None:
        _change(draft, known, body)
        return
    if ended is not None and (ended.won or draft.happened_at <= ended.ended_at):
        _change_ended(draft, ended, body)
        return
    if len(draft.opportunities) >= OPPORTUNITIES_OPEN_MAX:
        detail = f"{OPPORTUNITIES_OPEN_MAX} opportunities are open, which is the limit"
        raise IllegalRequestError("too_many_opportunities", detail)
    bring_to_deal(draft, body.rep)
    deal = Opportunity(
        body.opportunity_id,
        body.amount,
        body.currency,
        body.close_date,
        body.opportunity_stage,
        draft.happened_at,
    )
    _forget(draft, ended)
    draft.opportunities = (*draft.opportunities, deal)
    _enter_deal(draft, Why(by=body.rep))
    draft.tell(
        OpportunityOpenedFact(
            deal.id,
            deal.amount,
            deal.currency,
            deal.close_date,
            deal.stage,
            reopened=ended is not None,
            by=body.rep,
            voice=body.voice,
        )
    )
    _start_deal(draft, deal.id)


def win(draft: Draft, body: Won) -> None:
    """Record a won deal; a second win of an id is a duplicate."""
    known, ended = _open(draft, body.opportunity_id), _ended(draft, body.opportunity_id)
    if ended is not None and ended.won:
        return
    deal = known or _imply_deal(draft, body.opportunity_id, ended, body, body.rep)
    end_deal_clock(draft, deal.id, Trigger.WIN)
    currency = body.currency or deal.currency
    end_deal(draft, replace(deal, amount=body.amount, currency=currency), won=True)
    draft.won += 1
    if draft.stage is not Stage.CUSTOMER:
        moves.move(draft, Stage.CUSTOMER, Trigger.WIN, Why(by=body.rep))
    reopened = known is None and ended is not None
    draft.tell(WonFact(deal.id, body.amount, currency, reopened, body.rep, body.voice))


def lose(draft: Draft, body: Lost) -> None:
    """Record a lost deal, or that a won one fell through; a second loss is a duplicate."""
    known, ended = _open(draft, body.opportunity_id), _ended(draft, body.opportunity_id)
    if known is None and ended is not None and not ended.won:
        return
    was_won = ended is not None and ended.won
    if ended is not None and was_won:
        draft.won -= 1
        _forget(draft, ended)
        deal = Opportunity(
            ended.id, ended.amount, ended.currency, ended.close_date, ended.stage, ended.ended_at
        )
    else:
        deal = known or _imply_deal(draft, body.opportunity_id, None, None, body.rep)
        end_deal_clock(draft, deal.id, Trigger.LOSE)
    end_deal(draft, deal, won=False)
    _settle_loss(draft, deal, body, was_won=was_won)


def _settle_loss(draft: Draft, deal: Opportunity, body: Lost, *, was_won: bool) -> None:
    """Move to where the deals that are left say, and tell the loss."""
    track = draft.policy.recycle_reasons[body.reason]
    target = Stage.OPPORTUNITY if draft.opportunities else Stage.LOST
    if draft.won:
        target = Stage.CUSTOMER
    lead_lost = target is Stage.LOST
    wake_at = draft.at + track.wait_ms if lead_lost else None
    if target is not draft.stage:
        why = Why(by=body.rep, reason=body.reason, reason_class=track.kind)
        moves.move(draft, target, Trigger.LOSE, why)
    if wake_at is not None:
        draft.person = replace(draft.person, owner=None, team=None)
        moves.wait(draft, track, wake_at)
    draft.tell(
        LostFact(
            deal.id,
            body.reason,
            track.kind,
            deal.amount,
            deal.currency,
            was_won,
            lead_lost,
            wake_at,
            body.rep,
            body.voice,
        )
    )
    if wake_at is not None:
        clocks.start_nurture(draft, wake_at)


def bring_to_deal(draft: Draft, rep: str | None) -> None:
    """Make the skipped steps up to sql, in order, implied."""
    if draft.stage in _SELLING:
        return
    who = rep or moves.responsible(draft)[0]
    why = Why(by=who, implied=True)
    if draft.stage is Stage.MQL:
        moves.take(draft, rep, Trigger.ACCEPT, replace(why, by=rep), stay=False)
    elif draft.stage not in (Stage.SAL, Stage.SQL):
        moves.claim(draft, who, why, stay=False)
    if draft.stage is Stage.SAL:
        moves.move(draft, Stage.SQL, Trigger.QUALIFY_SALE, replace(why, bant="unconfirmed"))
        draft.person = replace(draft.person, bant="unconfirmed")


def _enter_deal(draft: Draft, why: Why) -> None:
    if draft.stage is Stage.SQL:
        moves.move(draft, Stage.OPPORTUNITY, Trigger.OPEN_OPPORTUNITY, why)


def _imply_deal(
    draft: Draft, opportunity: str, ended: Ended | None, body: Won | None, rep: str | None
) -> Opportunity:
    """Open a deal of which only the end is told; it is in hand, so no clock starts."""
    bring_to_deal(draft, rep)
    _enter_deal(draft, Why(by=rep, implied=True))
    amount = body.amount if body is not None else None
    currency = body.currency if body is not None else None
    deal = Opportunity(opportunity, amount, currency, None, None, draft.happened_at)
    if ended is not None:
        _forget(draft, ended)
        deal = replace(deal, currency=currency or ended.currency, close_date=ended.close_date)
    draft.tell(
        OpportunityOpenedFact(
            deal.id,
            deal.amount,
            deal.currency,
            deal.close_date,
            implied=True,
            reopened=ended is not None,
            by=rep,
        )
    )
    return deal


def _change(draft: Draft, deal: Opportunity, body: OpportunityOpened) -> None:
    """Change an open deal's data, which restarts its clock; the same data change nothing."""
    new = _changed(deal, body)
    if new == deal:
        return
    draft.opportunities = tuple(new if o is deal else o for o in draft.opportunities)
    for clock in tuple(clocks.deals(draft, deal.id)):
        clocks.end(draft, clock, "opportunity_changed", met=False)
    _tell_change(draft, new.id, body, new.stage)
    _start_deal(draft, new.id)


def _change_ended(draft: Draft, deal: Ended, body: OpportunityOpened) -> None:
    new = _changed(deal, body)
    if new != deal:
        draft.ended = tuple(new if o is deal else o for o in draft.ended)
        _tell_change(draft, new.id, body, new.stage)


def _changed(deal: Deal, body: OpportunityOpened) -> Deal:
    return replace(
        deal,
        amount=body.amount,
        currency=body.currency,
        close_date=body.close_date,
        stage=body.opportunity_stage or deal.stage,
    )


def _tell_change(
    draft: Draft, opportunity: str, body: OpportunityOpened, stage: str | None
) -> None:
    data = (body.amount, body.currency, body.close_date, stage)
    draft.tell(OpportunityChanged(opportunity, *data, body.rep, body.voice))


def _start_deal(draft: Draft, opportunity: str) -> None:
    person = draft.person
    clocks.start(draft, ClockName.DEAL, opportunity, person.owner, person.team)


def _open(draft: Draft, opportunity: str) -> Opportunity | None:
    return next((deal for deal in draft.opportunities if deal.id == opportunity), None)


def _ended(draft: Draft, opportunity: str) -> Ended | None:
    return next((deal for deal in draft.ended if deal.id == opportunity), None)


def _forget(draft: Draft, ended: Ended | None) -> None:
    draft.ended = tuple(deal for deal in draft.ended if deal is not ended)
