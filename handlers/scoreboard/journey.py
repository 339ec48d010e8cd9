"""A lead's way told into its rows: where it stands, its handovers, its returns to marketing."""

from collections.abc import Iterable
from typing import Final

import msgspec

from handlers.scoreboard.fact import Data, Fact, Touch, ms, ms_or_none
from handlers.scoreboard.moments import month_of, week_of
from handlers.scoreboard.story import Row, Story, earlier, new_row

_WITH_MARKETING: Final = frozenset({"cold", "curious", "warm", "nurture", "lost", "disqualified"})
_WAITING: Final = frozenset({"nurture", "lost"})
_REFUSED: Final = frozenset({"reject", "recycle", "disqualify"})
"""How sales says no to an offer."""
_STEP_OF_STAGE: Final = {
    "mql": "mql",
    "sal": "accepted",
    "sql": "sql",
    "opportunity": "opportunity",
    "customer": "won",
}


def arrived(story: Story, fact: Fact) -> None:
    """Note who knew the lead first."""
    story.lead["origin"] = fact.data.origin


def touched(story: Story, fact: Fact) -> None:
    """Note the last touch that was worth telling."""
    story.lead["touched_at"] = max(story.lead["touched_at"] or 0, fact.happened_at)


def moved(story: Story, fact: Fact) -> None:
    """Note how far a lead came, and what its move says of its handover."""
    data, at = fact.data, fact.happened_at
    if (step := _STEP_OF_STAGE.get(data.to_stage or "")) is not None:
        story.reach(step, at, implied=data.implied)
    if data.from_stage in _WAITING and data.to_stage != data.from_stage:
        story.woke(at)
    offer = story.offer(data.handover_id)
    if offer is None:
        return
    claimed = data.trigger == "claim" and data.from_stage != "mql"
    if data.to_stage == "sal" and not claimed:
        _accepted(offer, fact)
    elif data.to_stage in {"sql", "opportunity", "customer"} and not claimed:
        _worked(offer, data, at)
        if data.to_stage == "sql":
            _overturn(story, offer, at)
    elif data.trigger == "return":
        _end(offer, data, at, data.reason or "not_followed_up", "handling")
    elif (
        data.to_stage in _WITH_MARKETING
        and data.from_stage not in _WITH_MARKETING
        and data.trigger != "cool_down"
    ):
        _end(offer, data, at, data.reason, data.reason_class)


def _accepted(offer: Row, fact: Fact) -> None:
    """Accepted, perhaps late: what was told of its end does not hold any more."""
    if offer["accepted_at"] is None:
        offer["accepted_at"] = fact.happened_at
        offer["accepted_implied"] = int(fact.data.implied)
    offer["rep"] = fact.data.owner or fact.data.by or offer["rep"]
    offer["team"] = fact.data.team or offer["team"]
    for column in ("ended_at", "end_trigger", "end_reason", "end_class"):
        offer[column] = None
    offer["withdrawn_at"] = offer["withdrawn_reason"] = None


def _overturn(story: Story, offer: Row, at: int) -> None:
    """Sales said no, softly, to an earlier offer of a lead that is qualified now."""
    for before in story.handovers.values():
        if (
            before["number"] < offer["number"]
            and before["end_trigger"] == "reject"
            and before["end_class"] == "soft"
            and before["overturned_at"] is None
        ):
            story.touch("handovers", before)["overturned_at"] = at


def handed_over(story: Story, fact: Fact) -> None:
    """Open the row of a handover."""
    data, at = fact.data, fact.happened_at
    handover_id = data.handover or ""
    claim = data.handover_kind == "claim"
    score = data.receipt
    offer = new_row(
        "handovers",
        handover_id=handover_id,
        lead_id=fact.lead_id,
        number=int(handover_id.rpartition(":h")[2]),
        kind=data.handover_kind,
        attempt=data.attempt,
        fast=int(data.fast),
        at=at,
        week=week_of(at),
        month=month_of(at),
        source=data.touch_source,
        campaign=data.touch_campaign,
        content=data.touch_content,
        arrival_source=data.arrival_source,
        arrival_campaign=data.arrival_campaign,
        arrival_content=data.arrival_content,
        grade=data.grade,
        fit_mp=round(score.fit_points * 1000) if score else 0,
        engagement_mp=round(score.engagement_points * 1000) if score else 0,
        assignee=data.assignee,
        rep=data.assignee,
        team=data.team,
        by=data.by,
        implied=int(data.implied),
        policy=data.policy,
        accept_due_at=ms_or_none(data.accept_due_at),
        contact_due_at=ms_or_none(data.contact_due_at),
        accepted_at=at if claim else None,
        accepted_implied=int(claim and data.implied),
    )
    story.handovers[handover_id] = story.touch("handovers", offer)
    lead = story.lead
    lead["grade"], lead["last_handover_id"] = data.grade, handover_id
    lead["rep"], lead["team"] = data.assignee, data.team
    if story.recycles and story.recycles[-1]["returned_at"] is None:
        story.touch("recycles", story.recycles[-1])["returned_at"] = at
    story.touches.append(_touches(offer, data))


def handover_updated(story: Story, fact: Fact) -> None:
    """Note what changed of an offer on the table."""
    data = fact.data
    if (offer := story.offer(data.handover)) is not None:
        offer["fast"] = max(offer["fast"], int(data.fast))
        offer["assignee"] = offer["rep"] = data.assignee
        offer["team"] = data.team
        if data.accept_due_at is not None:
            offer["accept_due_at"] = ms(data.accept_due_at)
        if data.contact_due_at is not None:
            offer["contact_due_at"] = ms(data.contact_due_at)


def withdrawn(story: Story, fact: Fact) -> None:
    """Note that an offer is off the table."""
    if (offer := story.offer(fact.data.handover)) is not None:
        offer["withdrawn_at"] = fact.happened_at
        offer["withdrawn_reason"] = fact.data.reason or fact.data.trigger


def contacted(story: Story, fact: Fact) -> None:
    """Count an attempt."""
    data, at = fact.data, fact.happened_at
    story.reach("contacted", at, implied=False)
    if (offer := story.offer(data.handover)) is None:
        return
    offer["attempts"] += 1
    offer["contacted_at"] = earlier(offer["contacted_at"], at)
    if data.reached:
        offer["reached_at"] = earlier(offer["reached_at"], at)


def recycled(story: Story, fact: Fact) -> None:
    """Note a return to marketing."""
    story.lead["recycles"] += 1
    waits(story, fact, fact.data.trigger or "recycle")


def waits(story: Story, fact: Fact, trigger: str) -> None:
    """Back with marketing until a day."""
    data = fact.data
    wake_at = ms_or_none(data.wake_at)
    story.lead["recycle_reason"], story.lead["wake_at"] = data.reason, wake_at
    offer = story.handovers.get(data.handover_id or "")
    row = new_row(
        "recycles",
        lead_id=fact.lead_id,
        seq=data.seq,
        handover_id=data.handover_id,
        campaign=data.touch_campaign or data.arrival_campaign,
        reason=data.reason,
        reason_class=data.reason_class,
        trigger=trigger,
        rep=offer["rep"] if offer else None,
        at=fact.happened_at,
        wake_at=wake_at,
        slow_track=int(data.slow_track),
    )
    story.recycles.append(story.touch("recycles", row))


def recycle_cancelled(story: Story, _fact: Fact) -> None:
    """Note that a late yes took a return back."""
    story.lead["wake_at"] = None
    if story.recycles:
        story.touch("recycles", story.recycles[-1])["cancelled"] = 1


def owner_changed(story: Story, fact: Fact) -> None:
    """Note who has the lead now."""
    data = fact.data
    story.lead["rep"], story.lead["team"] = data.to_rep, data.team
    if (offer := story.offer(data.handover_id)) is not None:
        offer["rep"], offer["team"] = data.to_rep, data.team


def _worked(offer: Row, data: Data, at: int) -> None:
    """Note how far a handover came."""
    if data.to_stage == "sql" and offer["sql_at"] is None:
        offer["sql_at"], offer["sql_implied"] = at, int(data.implied)
    elif data.to_stage == "opportunity" and offer["opportunity_at"] is None:
        offer["opportunity_at"] = at


def _end(offer: Row, data: Data, at: int, reason: str | None, kind: str | None) -> None:
    if offer["accepted_at"] is None and data.trigger in _REFUSED and data.by is not None:
        # Who said no to what lay in a queue: the no is that person's, as a yes would be.
        offer["rep"] = data.by
    offer["ended_at"], offer["end_trigger"] = at, data.trigger
    offer["end_reason"], offer["end_class"] = reason, kind


def _touches(offer: Row, data: Data) -> Row:
    """Return what the touches name that a handover carries, each once, oldest first."""
    seen: dict[Touch, None] = dict.fromkeys(data.first_touches)
    seen.update(dict.fromkeys(data.last_touches))
    touches = sorted(seen, key=lambda one: one.at)
    return {
        "handover_id": offer["handover_id"],
        "lead_id": offer["lead_id"],
        "campaigns": _listed(touch.campaign for touch in touches),
        "contents": _listed(touch.content for touch in touches),
    }


def _listed(names: Iterable[str | None]) -> str | None:
    """Return those that are names as a JSON list; None where there is none."""
    told = [name for name in names if name]
    return msgspec.json.encode(told).decode() if told else None
