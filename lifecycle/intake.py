"""What a signal adds to a lead before anything moves: points, touches, attributes, codes heard."""

from bisect import insort
from typing import Final

from lifecycle.calendar import DAY_MS
from lifecycle.draft import Draft
from lifecycle.facts import Touch, Touched
from lifecycle.lead import (
    ATTRIBUTES_MAX,
    CAMPAIGNS_MAX,
    CODES_MAX,
    TOUCHES_FIRST_MAX,
    TOUCHES_LAST_MAX,
    Arrival,
    Attribute,
    Touches,
)
from lifecycle.light import replace
from lifecycle.scoring import absorb
from lifecycle.signals import NO_VOICE, Engaged, Profiled, Voice
from lifecycle.stages import SALES_STAGES, Stage

_TOLD_DAILY: Final = SALES_STAGES | {Stage.MQL}


def _when(touch: Touch) -> int:
    return touch.at


def engage(draft: Draft, body: Engaged, time: int) -> str | None:
    """Count an engagement at its own time; return the activity if it raises a hand."""
    activity = draft.policy.activities.get(body.activity)
    if activity is not None:
        draft.scores = absorb(draft.scores, activity, time)
    draft.arrival = arrived_by(draft.arrival, body)
    touch = Touch(
        time, body.activity, body.campaign, body.source, body.medium, body.content, body.channel
    )
    news = _remember(draft, touch)
    buying = activity is not None and activity.buying_signal
    raises = activity is not None and activity.hand_raise
    if _worth_telling(draft, touch, told=news or buying or raises):
        draft.tell(Touched(touch, news, buying, raises))
    return body.activity if raises else None


def arrived_by(arrival: Arrival, body: Engaged) -> Arrival:
    """Take the first known source, campaign and content as the arrival's, for good."""
    known = arrival.source is not None or arrival.campaign is not None
    if known or (body.source is None and body.campaign is None):
        return arrival
    return Arrival(arrival.at, arrival.origin, body.source, body.campaign, body.content)


def _remember(draft: Draft, touch: Touch) -> bool:
    """Keep the first and the last touches by time; return whether the campaign is new."""
    touches = draft.touches
    first, last, campaigns = touches.first, touches.last, touches.campaigns
    if len(first) < TOUCHES_FIRST_MAX or touch.at < first[-1].at:
        kept = list(first)
        insort(kept, touch, key=_when)
        first = tuple(kept[:TOUCHES_FIRST_MAX])
    if not last or touch.at >= last[-1].at:
        last = (*last, touch)[-TOUCHES_LAST_MAX:]
    elif len(last) < TOUCHES_LAST_MAX or touch.at > last[0].at:
        kept = list(last)
        insort(kept, touch, key=_when)
        last = tuple(kept[-TOUCHES_LAST_MAX:])
    news = touch.campaign is not None and touch.campaign not in campaigns
    if news:
        campaigns = (*campaigns, str(touch.campaign))[-CAMPAIGNS_MAX:]
    draft.touches = Touches(first, last, campaigns, touches.told_days)
    return news


def _worth_telling(draft: Draft, touch: Touch, *, told: bool) -> bool:
    """From mql on one an activity and UTC day; before, what is news by itself."""
    if draft.stage not in _TOLD_DAILY or touch.activity not in draft.policy.activities:
        return told
    day = touch.at // DAY_MS
    touches = draft.touches
    days = touches.told_days
    if days.get(touch.activity, -1) >= day:
        return False
    # Only what the definition names is kept, so the definition bounds it.
    known = {name: at for name, at in days.items() if name in draft.policy.activities}
    known[touch.activity] = day
    draft.touches = Touches(touches.first, touches.last, touches.campaigns, known)
    return True


def profile(draft: Draft, body: Profiled, time: int) -> None:
    """Replace attributes, each by the latest word on it; a change wakes silenced junk rules."""
    known = dict(draft.profile)
    changed = set()
    news = {**dict.fromkeys(body.clear), **body.attributes}
    for name, value in news.items():
        old = known.get(name)
        if old is not None and old.at > time:
            continue
        if (old.value if old is not None else None) != value:
            changed.add(name)
        known[name] = Attribute(value, time)
    # The oldest word gives way, so that a flood of attributes cannot grow a lead.
    while len(known) > ATTRIBUTES_MAX:
        del known[min(known, key=lambda name: (known[name].at, name))]
    draft.profile = known
    if changed and draft.person.junk_silenced:
        _unsilence(draft, changed)


def _unsilence(draft: Draft, changed: set[str]) -> None:
    reads = {
        rule.name: {condition.attribute for condition in rule.conditions}
        for rule in draft.policy.junk
    }
    kept = tuple(
        rule for rule in draft.person.junk_silenced if not reads.get(rule, set()) & changed
    )
    draft.person = replace(draft.person, junk_silenced=kept)


def hear(draft: Draft, voice: Voice) -> None:
    """Remember the codes that sales heard, for the next handover."""
    if voice is NO_VOICE or voice == NO_VOICE:
        return
    person = draft.person
    competitor = () if voice.competitor is None else (voice.competitor,)
    draft.person = replace(
        person,
        pain_points=_more(person.pain_points, voice.pain_points),
        objections=_more(person.objections, voice.objections),
        questions=_more(person.questions, voice.questions),
        competitors=_more(person.competitors, competitor),
    )


def _more(known: tuple[str, ...], heard: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(dict.fromkeys((*known, *heard)))[-CODES_MAX:]
