"""What sales says about leads: the cases it works on, each step by step, the oldest one first.

A case is a lead that showed interest. It is claimed, called up to five times, and then either goes
back to marketing with a reason or becomes a deal, whose amount changes before it is won or lost.
"""

import random
from collections import deque
from collections.abc import Iterator
from typing import Any, Final

Said = tuple[str, str, dict[str, Any]]
"""Lead, kind of message, its data."""

IN_HAND: Final = 400
"""Cases that sales has in hand at a time."""
_WAITING_MAX: Final = 2_000
_ANSWERS: Final = 0.35
"""Calls that somebody answers."""
_ATTEMPTS_MAX: Final = 5
_QUALIFIED: Final = 0.35
_WON: Final = 0.25
_CHANGES_MAX: Final = 3
"""Changes of a deal's amount."""
_REP: Final = "rep-7"
_BANT: Final = {"budget": True, "authority": True, "need": True, "timeline_days": 45}
_RECYCLE_REASONS: Final = ("no_response", "bad_timing", "no_budget", "evaluating")
_CLOSE_DATE: Final = "2026-06-30"


class Cases:
    """Sales' cases; everything by chance comes from the given one."""

    def __init__(self, chance: random.Random) -> None:
        self._chance = chance
        self._waiting: deque[str] = deque()
        self._seen: set[str] = set()
        self._in_hand: deque[tuple[str, Iterator[tuple[str, dict[str, Any]]]]] = deque()

    def interest(self, lead: str) -> None:
        """A lead did something that sales looks at; each has its case once."""
        if lead not in self._seen and len(self._waiting) < _WAITING_MAX:
            self._seen.add(lead)
            self._waiting.append(lead)

    def next(self, drawn: str) -> Said:
        """Return what sales says next; about ``drawn`` if nobody waits for sales."""
        while True:
            if len(self._in_hand) >= IN_HAND or (self._in_hand and not self._waiting):
                lead, steps = self._in_hand.popleft()
            else:
                lead = self._waiting.popleft() if self._waiting else drawn
                self._seen.add(lead)
                steps = self._steps()
            said = next(steps, None)
            if said is not None:
                self._in_hand.append((lead, steps))
                return lead, *said

    def _steps(self) -> Iterator[tuple[str, dict[str, Any]]]:
        chance = self._chance
        yield "claimed", {"rep": _REP, "reason": "asked for a call"}
        reached = False
        for _ in range(_ATTEMPTS_MAX):
            reached = chance.random() < _ANSWERS
            yield "contact_attempted", {"channel": "phone", "reached": reached, "rep": _REP}
            if reached:
                break
        if not reached or chance.random() >= _QUALIFIED:
            reason = chance.choice(_RECYCLE_REASONS) if reached else "no_response"
            yield "recycled", {"reason": reason, "rep": _REP}
            return
        yield "qualified", {**_BANT, "rep": _REP}
        amount = chance.randrange(5, 90) * 1_000
        for change in range(1 + chance.randrange(_CHANGES_MAX + 1)):
            yield "opportunity_opened", _deal(amount + 500 * change, 0)
        if chance.random() < _WON:
            yield "won", {"opportunity_id": "o-0", "amount": amount, "currency": "EUR",
                          "rep": _REP}  # fmt: skip
        else:
            yield "lost", {"opportunity_id": "o-0", "reason": "lost_to_competitor", "rep": _REP}


def move(step: int) -> tuple[str, dict[str, Any]]:
    """Return a message that moves a lead whatever its step: round and round through sales."""
    round_, place = divmod(step, 4)
    if place == 0:
        return "claimed", {"rep": _REP, "reason": "met at the fair"}
    if place == 1:
        return "qualified", {**_BANT, "rep": _REP}
    if place == 2:
        return "opportunity_opened", _deal(48_000, round_)
    return "lost", {
        "opportunity_id": f"o-{round_}",
        "reason": "lost_to_competitor",
        "rep": _REP,
    }


def _deal(amount: int, number: int) -> dict[str, Any]:
    return {
        "opportunity_id": f"o-{number}",
        "amount": amount,
        "currency": "EUR",
        "close_date": _CLOSE_DATE,
        "rep": _REP,
    }
