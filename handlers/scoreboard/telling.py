"""One fact told into its lead's rows."""

from collections.abc import Callable, Iterator
from typing import Final

from handlers.scoreboard import deals, journey, promises
from handlers.scoreboard.fact import Data, Fact, Voice
from handlers.scoreboard.moments import week_of
from handlers.scoreboard.story import Row, Story

_TOLD: Final[dict[str, Callable[[Story, Fact], None]]] = {
    "arrived": journey.arrived,
    "touched": journey.touched,
    "stage_changed": journey.moved,
    "handover": journey.handed_over,
    "handover_updated": journey.handover_updated,
    "handover_withdrawn": journey.withdrawn,
    "contacted": journey.contacted,
    "opportunity_opened": deals.opened,
    "opportunity_changed": deals.deal_changed,
    "won": deals.won,
    "lost": deals.lost,
    "recycle": journey.recycled,
    "recycle_cancelled": journey.recycle_cancelled,
    "owner_changed": journey.owner_changed,
    "clock_started": promises.clock_started,
    "clock_warned": promises.clock_warned,
    "clock_met": promises.clock_met,
    "clock_breached": promises.clock_breached,
    "clock_paused": promises.clock_paused,
    "clock_resumed": promises.clock_resumed,
    "clock_cancelled": promises.clock_cancelled,
}
"""What a kind of fact changes beyond its lead's stage and owner; other kinds change no more."""


def tell(story: Story, fact: Fact) -> None:
    """Tell the lead's next fact into its rows."""
    lead, data = story.lead, fact.data
    lead["seq"] = data.seq
    lead["last_at"] = max(lead["last_at"] or 0, fact.at)
    lead["policy"] = data.policy
    if lead["arrived_at"] is None:
        lead["arrived_at"] = fact.happened_at
        lead["week"] = week_of(fact.happened_at)
        lead["stage_since"] = fact.at
    if data.arrival_source or data.arrival_campaign or data.arrival_content:
        _arrived_by(story, data)
    if data.stage != lead["stage"]:
        lead["stage"], lead["stage_since"] = data.stage, fact.at
    if data.owner is not None:
        lead["rep"], lead["team"] = data.owner, data.team
    story.touch("leads", lead)
    if (told := _TOLD.get(fact.kind)) is not None:
        told(story, fact)
    if data.voice is not None:
        story.voices += _voices(fact, data.voice, lead)


def _arrived_by(story: Story, data: Data) -> None:
    """Keep the first known touch, which a lead that sales knew first gets later."""
    lead = story.lead
    if (
        lead["arrival_campaign"] == data.arrival_campaign
        and lead["arrival_source"] == data.arrival_source
        and lead["arrival_content"] == data.arrival_content
    ):
        return
    came = {
        "arrival_source": data.arrival_source,
        "arrival_campaign": data.arrival_campaign,
        "arrival_content": data.arrival_content,
    }
    lead.update(came)
    for offer in story.handovers.values():
        story.touch("handovers", offer).update(came)
    for deal in story.opportunities.values():
        story.touch("opportunities", deal)["arrival_campaign"] = data.arrival_campaign


def _voices(fact: Fact, voice: Voice, lead: Row) -> Iterator[Row]:
    data = fact.data
    heard = [("pain", code) for code in voice.pain_points]
    heard += [("objection", code) for code in voice.objections]
    heard += [("question", code) for code in voice.questions]
    if voice.competitor is not None:
        heard.append(("competitor", voice.competitor))
    if voice.content_used is not None:
        heard.append(("content", voice.content_used))
    for topic, code in dict.fromkeys(heard):
        yield {
            "lead_id": fact.lead_id,
            "seq": data.seq,
            "topic": topic,
            "code": code,
            "at": fact.happened_at,
            "week": week_of(fact.happened_at),
            "campaign": data.touch_campaign or data.arrival_campaign,
            "content": data.touch_content or data.arrival_content,
            "source": data.touch_source or data.arrival_source,
            "rep": data.owner or data.by or lead["rep"],
            "team": data.team or lead["team"],
            "grade": data.grade,
            "stage": data.stage,
            "handover_id": data.handover_id,
        }
