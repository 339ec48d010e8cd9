"""Campaigns and reps whose truth is known, played lead by lead through the domain: real facts.

A lane is one campaign's leads in the hands of some reps. What a lead is and how a rep works are
the simulation's (``handlers.simulate``); that the reps get these leads and no others is ours.
Leads do not know of each other, so each is played alone, without ticks for everybody.
"""

import heapq
import itertools
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from random import Random
from typing import Any, Final

from events.codec import PolicyAdopted, Tick, decode, encode_signal
from events.facts import encode_fact
from handlers.simulate.handling import Deed, Handling, Offer
from handlers.simulate.market import Campaign
from handlers.simulate.people import Person
from handlers.simulate.reps import BY_NAME
from handlers.simulate.rhythm import DAY_MS, END_AT, HOUR_MS, MINUTE_MS
from lifecycle.clocks import next_due
from lifecycle.decide import Decision, advance, decide
from lifecycle.facts import Fact, HandoverOffered, HandoverWithdrawn, RecycleCancelled, RecycleFact
from lifecycle.lead import Lead
from schemas.policy import shipped

_POLICY: Final = shipped()
_ARRIVE_DAYS: Final = 28
_SEEN_DAYS: Final = 45
"""Days before the end by which the last one arrives: all handovers have had their time."""
_ONCE_OPENED: Final = frozenset({"lead.won.v1", "lead.lost.v1"})
_VISITS: Final = ("return_visit", "pricing_view", "roi_calculator", "trial_started")
"""Together they meet the definition, the last one last: no hand is raised."""


@dataclass(frozen=True, slots=True)
class Lane:
    """Leads of one kind for some reps."""

    campaign: str
    reps: tuple[str, ...]
    """Given leads in turn."""
    leads: int
    need: float
    """Probability that there is something to sell."""
    junk: float = 0.0


def play(seed: int, lanes: Sequence[Lane], now_at: int = END_AT) -> tuple[bytes, ...]:
    """Return all facts of all lanes, each lead's in their order."""
    return tuple(
        encode_fact(fact)
        for lane in lanes
        for number in range(lane.leads)
        for fact in _Journey(seed, lane, number, now_at).facts
    )


def _person(lane: Lane, name: str, chance: Random) -> Person:
    junk = (
        chance.choice(("student", "competitor", "bad_data")) if _maybe(chance, lane.junk) else None
    )
    need = junk is None and _maybe(chance, lane.need)
    return Person(
        id=name,
        campaign=Campaign(lane.campaign, f"source of {lane.campaign}", "cpc", 1, 1, 1, 1, ()),
        content=None,
        zone="Europe/Berlin",
        # Grade B: no cherry for whoever looks at grades.
        profile={
            "seniority": chance.choice(("manager", "specialist")),
            "role": "operations",
            "employees": 60,
            "industry": "retail",
            "country": "DE",
        },
        interest=1,
        need=need,
        budget=need or _maybe(chance, 0.2),
        authority=True,
        timeline_days=45,
        wins=0.4,
        junk=junk,
    )


class _Journey:
    """One lead from its first visit on."""

    def __init__(self, seed: int, lane: Lane, number: int, now_at: int) -> None:
        name = f"{lane.campaign}-{number:04d}"
        chance = Random(f"{seed}:{name}")
        self.facts: list[Fact] = []
        self._chance, self._now_at = chance, now_at
        self._lead: Lead | None = None
        self._who = _person(lane, name, chance)
        self._rep = BY_NAME[lane.reps[number % len(lane.reps)]]
        self._present: str | None = None
        self._deals: set[str] = set()
        self._deeds: list[tuple[int, int, Deed]] = []
        self._numbers = itertools.count()
        self._walk(now_at - (_SEEN_DAYS + chance.randrange(_ARRIVE_DAYS)) * DAY_MS)

    def _walk(self, day: int) -> None:
        begins_at = day + self._chance.randrange(8 * HOUR_MS, 14 * HOUR_MS)
        for told_at, type_, data in self._arrival(begins_at):
            self._tell(told_at, type_, data)
        while (at := self._next()) is not None:
            if self._deeds and self._deeds[0][0] <= at:
                deed = heapq.heappop(self._deeds)[-1]
                if self._makes_sense(deed):
                    self._tell(deed.at, deed.type, deed.data)
            else:
                # The tick that finds it due comes a moment later.
                self._keep(advance(self._known(), at, at + 5 * MINUTE_MS, _POLICY), at)

    def _arrival(self, at: int) -> Iterator[tuple[int, str, Mapping[str, Any]]]:
        campaign = self._who.campaign
        tracked = {"campaign": campaign.name, "source": campaign.source, "medium": campaign.medium}
        yield at, "lead.profiled.v1", {"attributes": dict(self._who.profile)}
        yield at + 1, "lead.assigned.v1", {"rep": self._rep.name, "team": self._rep.team}
        for activity in _VISITS:
            at += self._chance.randrange(MINUTE_MS, 10 * MINUTE_MS)
            yield at, "lead.engaged.v1", {"activity": activity, "channel": "web"} | tracked

    def _next(self) -> int | None:
        """Return when the next thing happens, whatever it is."""
        due_at = next_due(self._known())
        times = [] if due_at is None else [due_at]
        times += [at for at, _, _ in self._deeds[:1]]
        at = min(times, default=None)
        return at if at is not None and at < self._now_at else None

    def _tell(self, at: int, type_: str, data: Mapping[str, Any]) -> None:
        number = next(self._numbers)
        key, value, headers = encode_signal(
            type_, self._who.id, data, id=str(number), source="/floor", time=at
        )
        signal = decode(key, value, headers, at + 1_000)
        assert not isinstance(signal, PolicyAdopted | Tick)
        self._keep(decide(self._lead, signal, _POLICY), at)

    def _keep(self, decision: Decision, at: int) -> None:
        self._lead = decision.lead
        self.facts += decision.facts
        for fact in decision.facts:
            self._hear(fact, at)

    def _hear(self, fact: Fact, at: int) -> None:
        body = fact.body
        if isinstance(body, HandoverOffered):
            self._present = body.handover
            offer = Offer(
                body.handover,
                self._who.id,
                body.handover_kind,
                fact.at,
                fast=body.fast,
                grade=body.receipt.grade,
            )
            rep = BY_NAME.get(body.assignee, self._rep)
            chance = Random(f"{self._chance.random()}:{body.handover}")
            for deed in Handling(_POLICY, rep, offer, self._who, at, chance).deeds:
                heapq.heappush(self._deeds, (deed.at, next(self._numbers), deed))
        elif isinstance(body, HandoverWithdrawn | RecycleFact):
            self._present = None
        elif isinstance(body, RecycleCancelled):
            self._present = body.handover

    def _makes_sense(self, deed: Deed) -> bool:
        """Tell whether the rep still does this: nobody here goes on in vain."""
        if deed.deal_id in self._deals:
            return True
        if deed.type in _ONCE_OPENED or deed.offer_id != self._present:
            return False
        if deed.deal_id is not None:
            self._deals.add(deed.deal_id)
        return True

    def _known(self) -> Lead:
        assert self._lead is not None
        return self._lead


def _maybe(chance: Random, share: float) -> bool:
    return chance.random() < share
