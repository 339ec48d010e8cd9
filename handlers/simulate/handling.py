"""What one rep makes of one handover: a plan of deeds, drawn when the rep first sees the offer.

The plan follows what the lead really is and how the rep works. Whether a deed still makes sense
when its time comes is ``sales``' business.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from random import Random
from typing import Any, Final

from handlers.simulate.people import Person
from handlers.simulate.reps import Rep
from handlers.simulate.rhythm import DAY_MS, HOUR_MS, MINUTE_MS
from lifecycle.policy import Policy
from schemas.times import rfc3339

_BUSINESS_DAY_HOURS: Final = 9
_PICKED_GRADES: Final = frozenset({"A1"})
_SOFT_NO: Final = ("no_fit", "no_interest", "evaluating")
_NOT_NOW: Final = ("bad_timing", "no_budget", "evaluating", "in_contract", "no_fit", "no_interest")
_DISQUALIFYING: Final = frozenset({"no_fit", "no_interest"})
_SEEN_AT_ONCE: Final = 0.45
"""Share of hidden junk that a rep sees before calling."""


@dataclass(frozen=True, slots=True)
class Offer:
    """A handover as the rep's tool shows it."""

    id: str
    lead_id: str
    kind: str
    at: int
    fast: bool
    grade: str


@dataclass(frozen=True, slots=True)
class Deed:
    """One thing that somebody in sales will do."""

    at: int
    lead_id: str
    type: str
    data: Mapping[str, Any]
    offer_id: str | None = None
    """Only while this offer is the lead's present one; None: whatever has become of it."""
    oblivious: bool = False
    """Done even if the offer is gone by then: the rep has not noticed."""
    deal_id: str | None = None
    """A deal that goes on once it was opened, whatever becomes of the offer it began with."""


class Handling:
    """The plan of one rep for one offer, as ``deeds``."""

    def __init__(
        self, policy: Policy, rep: Rep, offer: Offer, who: Person, seen_at: int, chance: Random
    ) -> None:
        self.deeds: list[Deed] = []
        self._policy, self._rep, self._offer, self._who = policy, rep, offer, who
        self._chance, self._seen_at, self._at = chance, seen_at, offer.at
        self._plan()

    def _plan(self) -> None:
        style = self._rep.style
        if self._offer.kind != "claim":
            if self._maybe(style.never):
                self._work_beside_the_tool()
                return
            self._wait(style.answer_hours, style.answer_fast_minutes)
            reason = self._objection()
            if reason is not None:
                self._do("lead.rejected.v1", {"reason": reason})
                return
            self._do("lead.accepted.v1", {})
        if not self._forgotten():
            self._call()

    def _objection(self) -> str | None:
        """Why this rep says no before calling; None for a yes."""
        who, chance = self._who, self._chance
        if who.junk is not None and self._maybe(_SEEN_AT_ONCE):
            return who.junk
        if self._maybe(0.02):  # Some are in the CRM already.
            return "duplicate"
        if self._offer.grade not in _PICKED_GRADES and self._maybe(self._rep.style.picky):
            return chance.choice(_SOFT_NO)
        return None

    def _call(self) -> None:
        """Call until somebody answers, or until this rep gives up."""
        style, chance, who = self._rep.style, self._chance, self._who
        answers = 0.45 if who.need else 0.33
        self._wait(style.contact_hours, style.contact_fast_minutes)
        for attempt in range(style.attempts):
            if attempt:
                self._wait_days(0.8, 2.2)
            reached = self._maybe(answers)
            voice = self._voice() if reached else {}
            channel = chance.choice(("phone", "phone", "email", "linkedin"))
            self._do("lead.contact_attempted.v1", {"channel": channel, "reached": reached} | voice)
            if reached:
                self._talk()
                return
        if not self._forgotten():
            self._wait_days(0.5, 2)
            self._do("lead.recycled.v1", {"reason": "no_response"})

    def _talk(self) -> None:
        """Find out what this lead really is."""
        who, chance = self._who, self._chance
        if self._forgotten():
            return
        self._wait_days(0.05, 3)
        if who.junk is not None:
            self._do("lead.disqualified.v1", {"reason": who.junk})
            return
        if self._maybe(0.07):  # "Call me again after the holidays."
            until = rfc3339(self._at + chance.randrange(7, 25) * DAY_MS)
            pause = {"clock": "qualification", "reason": "asked to be called later", "until": until}
            self._do("lead.clock_paused.v1", pause)
            self._wait_days(8, 18)
        if not who.need:
            self._give_up_for(chance.choice(_NOT_NOW))
            return
        bant = {"budget": who.budget, "authority": who.authority or self._maybe(0.5)}
        bant |= {"need": True}
        self._do("lead.qualified.v1", bant | {"timeline_days": who.timeline_days} | self._voice())
        if bant["budget"] and bant["authority"]:
            if not self._forgotten():
                self._sell()
        elif not self._forgotten():
            self._wait_days(0.1, 2)
            self._give_up_for("no_budget" if not bant["budget"] else "evaluating")

    def _give_up_for(self, reason: str) -> None:
        if reason in _DISQUALIFYING:
            self._do("lead.disqualified.v1", {"reason": reason} | self._voice())
            return
        data: dict[str, Any] = {"reason": reason}
        if reason == "in_contract":
            data["until"] = rfc3339(self._at + self._chance.randrange(60, 400) * DAY_MS)
        self._do("lead.recycled.v1", data)

    def _sell(self) -> None:
        """Open the deal, change it once or twice, win or lose it weeks later."""
        chance = self._chance
        self._wait_days(0.2, 7)
        deal = {
            "opportunity_id": f"opp-{self._offer.id.replace(':', '-')}",
            "amount": self._amount(),
            "currency": "USD" if self._rep.team == "new_york" else "EUR",
            "close_date": _day(self._at + chance.randrange(21, 75) * DAY_MS),
        }
        self._do("lead.opportunity_opened.v1", deal | {"opportunity_stage": "proposal"})
        for stage in ("negotiation", "contract")[: chance.randrange(0, 3)]:
            self._wait_days(2, 8)
            deal |= {"amount": self._amount(), "opportunity_stage": stage}
            self._do("lead.opportunity_opened.v1", deal)
        self._wait_days(3, 22)
        ended = {"opportunity_id": deal["opportunity_id"]}
        if chance.random() >= self._who.wins:
            reason = chance.choice(("lost_to_competitor", "lost_no_decision", "no_budget"))
            self._do("lead.lost.v1", ended | {"reason": reason} | self._voice())
            return
        self._do("lead.won.v1", ended | {"amount": deal["amount"], "currency": deal["currency"]})
        if self._maybe(0.06):  # Some fall through, some leave again.
            self._wait_days(4, 20)
            self._do("lead.lost.v1", ended | {"reason": "lost_no_decision"})
        elif self._maybe(0.05):
            self._wait_days(10, 30)
            self._do("lead.recycled.v1", {"reason": "churned"})

    def _work_beside_the_tool(self) -> None:
        """Never answer, and now and then turn up with a deal all the same."""
        if self._who.need and self._maybe(0.25):
            self._wait_days(6, 15)
            self._sell()

    def _amount(self) -> str:
        employees = self._who.profile["employees"]
        seats = min(float(employees), 1_500)
        return f"{round(4_000 + seats * self._chance.uniform(25, 60), -2):.0f}"

    def _voice(self) -> dict[str, Any]:
        """What the call was about, as codes; now and then one that nobody agreed on."""
        chance, codes = self._chance, self._policy.codes
        heard: dict[str, Any] = {}
        for field in ("pain_points", "objections", "questions"):
            if self._maybe(0.5):
                heard[field] = chance.sample(sorted(codes[field]), chance.randrange(1, 3))
        if self._maybe(0.2):
            heard["competitor"] = chance.choice([*sorted(codes["competitors"]), "somebody_new"])
        if self._who.content is not None and self._maybe(0.3):
            heard["content_used"] = self._who.content
        return heard

    def _maybe(self, share: float) -> bool:
        return self._chance.random() < share

    def _forgotten(self) -> bool:
        return self._maybe(self._rep.style.forgets)

    def _wait(self, hours: tuple[float, float], fast_minutes: tuple[int, int]) -> None:
        if self._offer.fast:
            self._pass(self._chance.uniform(*fast_minutes) * MINUTE_MS)
        else:
            self._pass(self._chance.uniform(*hours) * HOUR_MS)

    def _wait_days(self, least: float, most: float) -> None:
        self._pass(self._chance.uniform(least, most) * _BUSINESS_DAY_HOURS * HOUR_MS)

    def _pass(self, business_ms: float) -> None:
        self._at = self._rep.after(self._policy, self._at, int(business_ms))
        if self._at <= self._seen_at:
            # Nobody answers what they have not seen: then it is one of the next things they do.
            self._at = self._seen_at + self._chance.randrange(20_000, 8 * MINUTE_MS)

    def _do(self, kind: str, data: dict[str, Any]) -> None:
        deal_id = data.get("opportunity_id")
        if deal_id is None:
            data = {"handover_id": self._offer.id} | data
        self.deeds.append(
            Deed(
                self._at,
                self._offer.lead_id,
                kind,
                {"rep": self._rep.name} | data,
                self._offer.id,
                oblivious=self._maybe(self._rep.style.oblivious),
                deal_id=deal_id,
            )
        )


def _day(at: int) -> str:
    return rfc3339(at)[:10]
