"""The sales floor: hears what Baton tells sales, plans, and does each deed when its time comes.

``hear`` takes facts of ``lead.handovers`` and ``lead.recycles`` in any order between partitions:
what is drawn for a handover depends on the seed and the handover's id alone.
"""

import heapq
import itertools
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from random import Random
from typing import Any, Final

from handlers.simulate.handling import Deed, Handling, Offer
from handlers.simulate.happening import CRM, Happening
from handlers.simulate.people import Person
from handlers.simulate.reps import BY_NAME, HEAD_OF_SALES, MARKETER, REPS, Rep
from handlers.simulate.rhythm import HOUR_MS, MINUTE_MS
from lifecycle.policy import Policy

_CRM_ASSIGNS: Final = 0.6
"""Share of queued offers that the CRM gives to somebody by name, before that one answers."""
_A_LOOK_MS: Final = 15 * MINUTE_MS
_ABOUT_THE_SAME_MS: Final = 2 * HOUR_MS
_CLAIMED: Final = 0.05
_NOMINATED: Final = 0.04
_EXPANDS: Final = 0.3
_JUNK_ENDED: Final = 0.6
_ONCE_OPENED: Final = frozenset({"lead.won.v1", "lead.lost.v1"})


@dataclass(frozen=True, slots=True)
class Heard:
    """A fact as somebody in sales reads it."""

    kind: str
    lead_id: str
    seq: int
    at: int
    data: Mapping[str, Any]


class Sales:
    """Everybody in sales, and marketing's one judge of character."""

    def __init__(self, seed: int, policy: Policy, people: Mapping[str, Person]) -> None:
        self._seed, self._policy, self._people = seed, policy, people
        self._present: dict[str, str] = {}
        self._waiting: list[tuple[int, str, int, Deed]] = []
        self._deals: set[str] = set()
        self._corrected: set[str] = set()
        self._counts: dict[str, int] = {}
        self._places = itertools.count()

    def hear(self, fact: Heard, now: int) -> None:
        """Take in one fact; whatever follows happens after ``now``."""
        who = self._people.get(fact.lead_id)
        if who is None:
            return
        chance = Random(f"{self._seed}:{fact.kind}:{fact.lead_id}:{fact.seq}")
        if fact.kind == "handover":
            self._take(fact, who, now, chance)
        elif fact.kind in {"handover_withdrawn", "recycle"}:
            self._present.pop(fact.lead_id, None)
        elif fact.kind == "recycle_cancelled":
            self._present[fact.lead_id] = fact.data["handover"]
        elif fact.kind == "heads_up":
            self._notice(fact, now, chance)
        elif fact.kind == "junk_suspected" and chance.random() < _JUNK_ENDED:
            at = now + chance.randrange(MINUTE_MS, 30 * HOUR_MS)
            reason = who.junk or "no_fit"
            self._later(Deed(at, fact.lead_id, "lead.disqualified.v1", {"reason": reason}))

    def due(self, until: int) -> Iterator[Happening]:
        """Hand out what is done before ``until``, in order; deeds without a point are dropped."""
        while self._waiting and self._waiting[0][0] < until:
            deed = heapq.heappop(self._waiting)[-1]
            if not self._makes_sense(deed):
                continue
            number = self._counts.get(deed.lead_id, 0)
            self._counts[deed.lead_id] = number + 1
            yield Happening(deed.at, deed.lead_id, number, CRM, deed.type, deed.data)

    def _makes_sense(self, deed: Deed) -> bool:
        """Tell whether somebody still does this; who does it in vain is told so, and stops."""
        if deed.deal_id in self._deals:
            return True
        if deed.type in _ONCE_OPENED:
            return False
        if deed.offer_id is not None and self._present.get(deed.lead_id) != deed.offer_id:
            if not deed.oblivious or deed.offer_id in self._corrected:
                return False
            self._corrected.add(deed.offer_id)
        if deed.deal_id is not None:
            self._deals.add(deed.deal_id)
        return True

    def _take(self, fact: Heard, who: Person, now: int, chance: Random) -> None:
        data = fact.data
        offer = Offer(
            id=data["handover"],
            lead_id=fact.lead_id,
            kind=data["handover_kind"],
            at=fact.at,
            fast=data["fast"],
            grade=data["receipt"]["grade"],
        )
        self._present[fact.lead_id] = offer.id
        rep = self._rep_for(data["assignee"], data["team"], now, chance)
        handling = Handling(self._policy, rep, offer, who, now, chance)
        if rep.name != data["assignee"] and handling.deeds and chance.random() < _CRM_ASSIGNS:
            at = now + chance.randrange(5_000, 90_000)
            if at < handling.deeds[0].at:
                assigned = {"rep": rep.name, "team": rep.team}
                self._later(Deed(at, fact.lead_id, "lead.assigned.v1", assigned, offer.id))
        for deed in handling.deeds:
            self._later(deed)

    def _notice(self, fact: Heard, now: int, chance: Random) -> None:
        """Somebody claims what marketing only mentioned, nominates it, or sells more of it."""
        rep = chance.choice(REPS)
        draw = chance.random()
        at = rep.after(self._policy, now, chance.randrange(10 * MINUTE_MS, 12 * HOUR_MS))
        if fact.data["heads_up"] == "expansion":
            if draw < _EXPANDS:
                self._expand(fact, rep, at, chance)
        elif draw < _CLAIMED:
            data = {"rep": rep.name, "reason": "met them at a customer"}
            self._later(Deed(at, fact.lead_id, "lead.claimed.v1", data))
        elif draw < _CLAIMED + _NOMINATED:
            data = {"person": MARKETER, "reason": "asked the right questions"}
            self._later(Deed(at, fact.lead_id, "lead.nominated.v1", data))

    def _expand(self, fact: Heard, rep: Rep, at: int, chance: Random) -> None:
        deal_id = f"opp-{fact.lead_id}-more-{fact.seq}"
        deal = {"opportunity_id": deal_id, "currency": "EUR"}
        amount = {"amount": f"{chance.randrange(20, 90)}00"}
        close = {"close_date": "2026-06-30"}
        opened = deal | amount | close
        self._later(Deed(at, fact.lead_id, "lead.opportunity_opened.v1", opened, deal_id=deal_id))
        won_at = rep.after(self._policy, at, chance.randrange(20, 90) * HOUR_MS)
        self._later(Deed(won_at, fact.lead_id, "lead.won.v1", deal | amount, deal_id=deal_id))

    def _rep_for(self, assignee: str, team: str, now: int, chance: Random) -> Rep:
        """Return who takes an offer: of a queue, one of those who are at work first."""
        if assignee in BY_NAME:
            return BY_NAME[assignee]
        at_work = {
            rep: rep.after(self._policy, now, _A_LOOK_MS) for rep in REPS if rep.team == team
        }
        if not at_work:
            return HEAD_OF_SALES
        soon = min(at_work.values()) + _ABOUT_THE_SAME_MS
        return chance.choice([rep for rep, at in at_work.items() if at <= soon])

    def _later(self, deed: Deed) -> None:
        # Deeds themselves are never compared; and of two leads' deeds at the same time, which one
        # was planned first does not decide which one comes first.
        place = (deed.at, deed.lead_id, next(self._places), deed)
        heapq.heappush(self._waiting, place)
