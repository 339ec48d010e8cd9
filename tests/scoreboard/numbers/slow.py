"""What the slow versions of several numbers have in common."""

from collections.abc import Iterable

from events.facts import encode_fact
from handlers.scoreboard.numbers.spread import Spread
from tests.lifecycle.builders import Story as Tale
from tests.scoreboard.numbers.told import Event, Offer, Story, ms
from tests.scoreboard.played import Board, board_of

DAY_MS = 86_400_000
WEEK_MS = 7 * DAY_MS

Ending = tuple[str, str | None, str | None, int]
"""Trigger, reason, class, time."""


def spread(values: Iterable[int]) -> Spread:
    """The smallest value that half, and nine of ten, do not exceed."""
    ordered = sorted(values)
    if not ordered:
        return Spread(0, None, None)
    half = next(v for v in ordered if 2 * sum(o <= v for o in ordered) >= len(ordered))
    most = next(v for v in ordered if 10 * sum(o <= v for o in ordered) >= 9 * len(ordered))
    return Spread(len(ordered), half, most)


def board_told(*tales: Tale, now_at: int | None = None) -> Board:
    """A board of stories told by hand, looked at when the last of them ends."""
    values = [encode_fact(fact) for tale in tales for fact in tale.facts]
    return board_of(values, max(tale.now for tale in tales) if now_at is None else now_at)


def at(data: Event) -> int:
    """When a fact happened."""
    return ms(data["happened_at"])


def accepted(offer: Offer) -> bool:
    """Whether sales took an offer, or claimed the lead."""
    if offer.made["handover_kind"] == "claim":
        return True
    return any(
        kind == "stage_changed"
        and data["to_stage"] == "sal"
        and not (data["trigger"] == "claim" and data["from_stage"] != "mql")
        for kind, data in offer.facts
    )


def ending(offer: Offer) -> Ending | None:
    """How an offer ended: trigger, reason, class, time; None: it did not, or was taken after."""
    end: Ending | None = None
    marketing = {"cold", "curious", "warm", "nurture", "lost", "disqualified"}
    for kind, data in offer.facts:
        if kind != "stage_changed":
            continue
        claimed = data["trigger"] == "claim" and data["from_stage"] != "mql"
        if data["to_stage"] == "sal" and not claimed:
            end = None
        elif data["trigger"] == "return":
            end = ("return", data.get("reason") or "not_followed_up", "handling", at(data))
        elif (
            data["to_stage"] in marketing
            and data["from_stage"] not in marketing
            and data["trigger"] != "cool_down"
        ):
            end = (data["trigger"], data.get("reason"), data.get("reason_class"), at(data))
    return end


def withdrawn(offer: Offer) -> bool:
    """Whether an offer is off the table, and was not taken after that."""
    off = False
    for kind, data in offer.facts:
        if kind == "handover_withdrawn":
            off = True
        elif kind == "stage_changed" and data["to_stage"] == "sal" and data["from_stage"] != "sal":
            claimed = data["trigger"] == "claim" and data["from_stage"] != "mql"
            off = off and claimed
    return off


def first_at(offer: Offer, *kinds: str, to_stage: str | None = None) -> int | None:
    """When an offer first told one of these, or a move to a stage."""
    found = [
        at(data)
        for kind, data in offer.facts
        if kind in kinds or (kind == "stage_changed" and data["to_stage"] == to_stage)
    ]
    return found[0] if found else None


def offers(stories: dict[str, Story]) -> list[Offer]:
    """All offers of all leads."""
    return [offer for story in stories.values() for offer in story.offers.values()]
