"""Clocks told into a lead's rows: how promises were kept."""

from typing import Final

from handlers.scoreboard.fact import Fact, ms_or_none
from handlers.scoreboard.moments import week_of
from handlers.scoreboard.story import Row, Story, earlier, new_row

_ANSWERED_CLOCKS: Final = {
    "acceptance": "acceptance_broken",
    "first_contact": "contact_broken",
}


def _clock(story: Story, fact: Fact) -> Row:
    """Return the row of the clock that a fact speaks of; the first fact makes it."""
    data = fact.data
    key = (data.clock or "", data.run)
    row = story.clocks.get(key)
    if row is None:
        row = new_row(
            "clocks",
            lead_id=fact.lead_id,
            clock=data.clock,
            run=data.run,
            ref=data.ref,
            handover_id=data.handover_id,
            campaign=data.touch_campaign,
            source=data.touch_source,
            content=data.touch_content,
            grade=data.grade,
            started_at=fact.happened_at,
            week=week_of(fact.happened_at),
            allowed_seconds=round(data.allowed_seconds),
            outcome="running",
        )
        story.clocks[key] = row
    # Who took over after a breach did not cause it.
    if data.assignee is not None and row["breached_at"] is None:
        row["assignee"], row["team"] = data.assignee, data.team
    row["level"] = max(row["level"], data.level)
    return story.touch("clocks", row)


def clock_started(story: Story, fact: Fact) -> None:
    """A promise runs."""
    _clock(story, fact)["due_at"] = ms_or_none(fact.data.due_at)


def clock_warned(story: Story, fact: Fact) -> None:
    """A promise is about to break."""
    row = _clock(story, fact)
    row["warned_at"] = earlier(row["warned_at"], fact.happened_at)
    if row["clock"] in _ANSWERED_CLOCKS and (offer := story.offer(row["ref"])) is not None:
        offer["warned_at"] = earlier(offer["warned_at"], fact.happened_at)


def clock_met(story: Story, fact: Fact) -> None:
    """A promise was kept, or answered after a breach."""
    row, data = _clock(story, fact), fact.data
    row["met_at"], row["used_seconds"] = fact.happened_at, round(data.used_seconds)
    row["paused_seconds"], row["paused_at"] = round(data.paused_seconds), None
    row["edge"], row["disputed"] = int(data.edge), int(data.disputed)
    first_breach_at = row["breached_at"]
    if first_breach_at is None:
        row["outcome"] = "met"
    # An answer may be in time for the second level only: then the first one broke all the same.
    elif data.disputed and fact.happened_at <= first_breach_at:
        row["outcome"] = "disputed"
        flag = _ANSWERED_CLOCKS.get(row["clock"])
        if flag and (offer := story.offer(row["ref"])) is not None:
            offer[flag] = 0


def clock_breached(story: Story, fact: Fact) -> None:
    """A promise broke: the first breach counts."""
    row, data = _clock(story, fact), fact.data
    row["breaches"] += 1
    row["paused_seconds"] = round(data.paused_seconds)
    row["due_at"] = ms_or_none(data.next_due_at) or row["due_at"]
    if row["breached_at"] is not None:
        return
    row["breached_at"] = fact.happened_at
    row["noticed_late"], row["bare"] = int(data.noticed_late), int(data.bare)
    row["outcome"] = "late" if data.noticed_late else "broken"
    flag = _ANSWERED_CLOCKS.get(row["clock"])
    if flag and not data.noticed_late and (offer := story.offer(row["ref"])) is not None:
        offer[flag] = 1


def clock_paused(story: Story, fact: Fact) -> None:
    """A promise waits."""
    row = _clock(story, fact)
    row["paused_at"] = fact.happened_at
    row["pauses"] += 1


def clock_resumed(story: Story, fact: Fact) -> None:
    """A promise goes on."""
    row = _clock(story, fact)
    row["paused_at"], row["due_at"] = None, ms_or_none(fact.data.due_at)
    row["paused_seconds"] = round(fact.data.paused_seconds)


def clock_cancelled(story: Story, fact: Fact) -> None:
    """A promise ended without a verdict."""
    row, data = _clock(story, fact), fact.data
    row["cancelled_at"], row["cancel_trigger"] = fact.happened_at, data.trigger
    row["paused_seconds"], row["paused_at"] = round(data.paused_seconds), None
    if row["breached_at"] is None:
        row["outcome"] = "cancelled"
    row["uncontacted"], row["short"] = int(data.uncontacted), int(data.short)
