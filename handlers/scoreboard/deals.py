"""Deals told into a lead's rows."""

from typing import Final

from handlers.scoreboard.fact import Fact
from handlers.scoreboard.journey import waits
from handlers.scoreboard.story import Row, Story, new_row

_MILLIONTHS: Final = 6


def opened(story: Story, fact: Fact) -> None:
    """A deal is on the table, or is again."""
    data = fact.data
    offer = story.offer(data.handover_id)
    if offer is not None and offer["opportunity_at"] is None:
        offer["opportunity_at"] = fact.happened_at
    story.reach("opportunity", fact.happened_at, implied=data.implied)
    deal = story.opportunities.get(data.opportunity or "")
    if deal is None:
        deal = new_row(
            "opportunities",
            lead_id=fact.lead_id,
            opportunity_id=data.opportunity,
            handover_id=data.handover_id,
            campaign=data.touch_campaign,
            arrival_campaign=data.arrival_campaign,
            opened_at=fact.happened_at,
        )
        story.opportunities[data.opportunity or ""] = deal
    _deal(story, deal, fact, "open")


def deal_changed(story: Story, fact: Fact) -> None:
    """A deal's amount, stage or date is another."""
    deal = story.opportunities[fact.data.opportunity or ""]
    _deal(story, deal, fact, deal["state"])


def _deal(story: Story, deal: Row, fact: Fact, state: str) -> None:
    """Bring a deal's row to what is known of it now."""
    data = fact.data
    story.touch("opportunities", deal)
    deal["state"], deal["changed_at"] = state, fact.happened_at
    deal["rep"] = data.owner or data.by or deal["rep"]
    deal["currency"] = data.currency or deal["currency"]
    if data.amount is not None:
        deal["amount_units"], deal["amount_millionths"] = money(data.amount)
    deal["close_date"] = data.close_date or deal["close_date"]
    deal["deal_stage"] = data.opportunity_stage or deal["deal_stage"]


def won(story: Story, fact: Fact) -> None:
    """A deal closed."""
    deal = story.opportunities[fact.data.opportunity or ""]
    _deal(story, deal, fact, "won")
    deal["won_at"] = fact.happened_at
    deal["lost_at"] = deal["lost_reason"] = deal["lost_class"] = None
    story.reach("won", fact.happened_at, implied=False)
    offer = story.offer(deal["handover_id"])
    if offer is not None and offer["won_at"] is None:
        offer["won_at"] = fact.happened_at
    if story.recycles and story.recycles[-1]["won_at"] is None:
        story.touch("recycles", story.recycles[-1])["won_at"] = fact.happened_at


def lost(story: Story, fact: Fact) -> None:
    """A deal ended; the lead with it, perhaps."""
    data = fact.data
    deal = story.opportunities[data.opportunity or ""]
    _deal(story, deal, fact, "lost")
    deal["lost_at"] = fact.happened_at
    deal["lost_reason"], deal["lost_class"] = data.reason, data.reason_class
    if data.lead_lost:
        waits(story, fact, "lose")


def money(amount: str) -> tuple[int, int]:
    """Return a decimal's whole units and millionths of a unit: nothing is rounded."""
    units, _, fraction = amount.partition(".")
    return int(units), int(fraction.ljust(_MILLIONTHS, "0")[:_MILLIONTHS])
