"""Stories of leads under the shipped definition, told the way people would tell them.

``Story().at("2026-03-02 09:00").engaged("demo_request", campaign="c1").accepted(rep="ann")``.
Times are Berlin's wall clock, as the shipped teams' are; a trailing ``Z`` says UTC. Whatever a
story tells is checked for its order: seq 1, 2, 3 without a gap, times that never fall.
"""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from functools import cache, lru_cache
from typing import Self, TypeVar
from zoneinfo import ZoneInfo

from lifecycle.clocks import next_due
from lifecycle.decide import Decision, Outcome, advance, decide
from lifecycle.facts import Fact, FactBody
from lifecycle.lead import Clock, Lead, handover_id
from lifecycle.policy import AttributeValue, Policy
from lifecycle.signals import (
    NO_VOICE,
    Accepted,
    Assigned,
    Body,
    Claimed,
    ClockPaused,
    ClockResumed,
    ContactAttempted,
    Disqualified,
    Engaged,
    Lost,
    Nominated,
    OpportunityOpened,
    Profiled,
    Qualified,
    Recycled,
    Reinstated,
    Rejected,
    Signal,
    Voice,
    Won,
)
from lifecycle.stages import ClockName, Stage
from lifecycle.vet import vet
from schemas.policy import shipped

BERLIN = ZoneInfo("Europe/Berlin")
MINUTE_MS = 60_000
HOUR_MS = 60 * MINUTE_MS
DAY_MS = 24 * HOUR_MS
POLICY = shipped()
MONDAY = "2026-03-02 09:00"
"""A Monday on which the working day of Berlin begins."""

FactKind = TypeVar("FactKind", bound=FactBody)
When = str | int
"""``2026-03-02 09:00`` in Berlin, ``2026-03-02 08:00Z``, or ms."""


@lru_cache(maxsize=4096)
def ms(when: When) -> int:
    """Return a time in ms."""
    if isinstance(when, int):
        return when
    at = datetime.fromisoformat(when)
    return int((at if at.tzinfo else at.replace(tzinfo=BERLIN)).timestamp() * 1000)


def clockface(at: int) -> str:
    """Return ms as Berlin's wall clock, as stories write it."""
    return datetime.fromtimestamp(at / 1000, BERLIN).strftime("%Y-%m-%d %H:%M")


class Story:
    """One lead's history, step by step; each step returns the story."""

    def __init__(
        self, when: When = MONDAY, *, policy: Policy = POLICY, lead_id: str = "lead-1"
    ) -> None:
        self.policy = policy
        self.lead_id = lead_id
        self.now = self.heard_at = ms(when)
        self.decision: Decision | None = None
        self.facts: list[Fact] = []
        """All that was told."""
        self.told: list[Fact] = []
        """What the last step told."""
        self.nominations = 0
        self._lead: Lead | None = None
        self._count = 0

    # When.

    def at(self, when: When, heard: When | None = None) -> Self:
        """Say when the next steps happen, and when their records were written if later."""
        self.now = ms(when)
        self.heard_at = self.now if heard is None else ms(heard)
        return self

    def after(self, *, days: float = 0, hours: float = 0, minutes: float = 0) -> Self:
        """Let time pass on the wall, nothing firing of itself."""
        return self.at(self.now + int(days * DAY_MS + hours * HOUR_MS + minutes * MINUTE_MS))

    def tick(self, when: When | None = None) -> Self:
        """Let a tick be read that was written then: what was due two minutes earlier fires."""
        if when is not None:
            self.at(when)
        to = self.now - self.policy.grace_ms
        return self._step(advance(self.lead, to, self.now, self.policy))

    def idle_until(self, when: When) -> Self:
        """Let an engine that is always up tick as soon as anything is due, up to a time."""
        end, told = ms(when), []
        while (due := next_due(self.lead)) is not None and due + self.policy.grace_ms <= end:
            self.tick(max(self.now, due + self.policy.grace_ms))
            told += self.told
        self.at(end)
        self.told = told
        return self

    # What marketing's tools say.

    def engaged(
        self,
        activity: str,
        *,
        campaign: str | None = None,
        source: str | None = None,
        content: str | None = None,
        medium: str | None = None,
        channel: str | None = None,
        times: int = 1,
    ) -> Self:
        told = []
        for _ in range(times):
            self.says(Engaged(activity, campaign, source, medium, content, channel))
            told += self.told
        self.told = told
        return self

    def profiled(self, *, clear: tuple[str, ...] = (), **attributes: AttributeValue) -> Self:
        return self.says(Profiled(attributes, clear))

    def fitting(self) -> Self:
        """Make the lead one that sales would want: fit 60."""
        return self.profiled(seniority="c_level", role="operations", industry="manufacturing")

    def assigned(self, rep: str, team: str | None = None) -> Self:
        return self.says(Assigned(rep, team))

    def nominated(self, person: str = "mia", reason: str = "met at the fair") -> Self:
        return self.says(Nominated(person, reason))

    def reinstated(self, person: str = "mia", reason: str = "a mistake") -> Self:
        return self.says(Reinstated(person, reason))

    # What sales' tools say; feedback that needs a handover names the last one.

    def accepted(
        self, rep: str | None = "ann", *, handover: str | None = None, voice: Voice = NO_VOICE
    ) -> Self:
        return self.says(Accepted(handover or self.offer, rep, voice))

    def rejected(
        self,
        reason: str = "no_fit",
        rep: str | None = "ann",
        *,
        handover: str | None = None,
        voice: Voice = NO_VOICE,
    ) -> Self:
        return self.says(Rejected(handover or self.offer, reason, rep, voice))

    def claimed(self, rep: str = "ann", reason: str = "old friend") -> Self:
        return self.says(Claimed(rep, reason))

    def attempted(
        self,
        *,
        reached: bool = False,
        channel: str = "phone",
        handover: str | None = None,
        rep: str | None = None,
        voice: Voice = NO_VOICE,
    ) -> Self:
        return self.says(ContactAttempted(channel, reached, handover, rep, voice))

    def reached(self) -> Self:
        return self.attempted(reached=True)

    def qualified(
        self,
        *,
        budget: bool = True,
        authority: bool = True,
        need: bool = True,
        timeline_days: int | None = 60,
        handover: str | None = None,
        rep: str | None = None,
    ) -> Self:
        return self.says(Qualified(budget, authority, need, timeline_days, handover, rep))

    def opened(
        self,
        deal: str = "d1",
        amount: str = "10000",
        *,
        currency: str = "EUR",
        close_date: str = "2026-06-30",
        stage: str | None = None,
        rep: str | None = None,
    ) -> Self:
        return self.says(OpportunityOpened(deal, amount, currency, close_date, stage, rep))

    def won(self, deal: str = "d1", amount: str = "9000", *, rep: str | None = None) -> Self:
        return self.says(Won(deal, amount, None, rep))

    def lost(
        self, deal: str = "d1", reason: str = "lost_to_competitor", *, rep: str | None = None
    ) -> Self:
        return self.says(Lost(deal, reason, rep))

    def recycled(
        self,
        reason: str = "bad_timing",
        *,
        until: When | None = None,
        wake: When | None = None,
        handover: str | None = None,
        rep: str | None = None,
        voice: Voice = NO_VOICE,
    ) -> Self:
        until_at = None if until is None else ms(until)
        wake_at = None if wake is None else ms(wake)
        return self.says(Recycled(reason, until_at, wake_at, handover, rep, voice))

    def disqualified(
        self, reason: str = "no_fit", *, handover: str | None = None, rep: str | None = None
    ) -> Self:
        return self.says(Disqualified(reason, handover, rep))

    def paused(
        self,
        clock: ClockName,
        until: When,
        *,
        reason: str = "asked to be called later",
        handover: str | None = None,
    ) -> Self:
        return self.says(ClockPaused(clock, reason, ms(until), handover))

    def resumed(self, clock: ClockName, *, handover: str | None = None) -> Self:
        return self.says(ClockResumed(clock, handover))

    # Any signal.

    def says(self, body: Body, *, signal_id: str | None = None, redrive: int = 0) -> Self:
        """Decide about one more signal, at the story's time; a new id unless one is given."""
        self._count += 1
        signal = Signal(
            id=signal_id or f"s{self._count}",
            source="/story",
            lead_id=self.lead_id,
            time=self.now,
            recorded_at=self.heard_at,
            body=body,
            redrive=redrive,
        )
        assert vet(signal, self.policy) is None
        return self._step(decide(self._lead, signal, self.policy, self.nominations))

    def under(self, policy: Policy) -> Self:
        """Let another definition be in force from here on."""
        self.policy = policy
        return self

    def fork(self) -> "Story":
        """Return the same story, to be continued in another way."""
        other = Story(self.now, policy=self.policy, lead_id=self.lead_id)
        other.heard_at, other.nominations = self.heard_at, self.nominations
        other.decision, other._lead, other._count = self.decision, self._lead, self._count
        other.facts, other.told = list(self.facts), list(self.told)
        return other

    def _step(self, decision: Decision) -> Self:
        before = self.facts[-1] if self.facts else None
        seq, at = (before.seq, before.at) if before else (0, 0)
        for fact in decision.facts:
            seq += 1
            assert (fact.lead_id, fact.seq) == (self.lead_id, seq)
            assert fact.at >= at
            at = fact.at
        assert decision.lead.seq == seq
        assert decision.lead.at >= at
        self.decision, self._lead = decision, decision.lead
        self.told = list(decision.facts)
        self.facts += decision.facts
        return self

    # What came of it.

    @property
    def lead(self) -> Lead:
        assert self._lead is not None, "nothing has happened yet"
        return self._lead

    @property
    def stage(self) -> Stage:
        return self.lead.stage

    @property
    def kinds(self) -> list[str]:
        """The kinds of the facts that the last step told."""
        return [fact.body.kind for fact in self.told]

    @property
    def outcome(self) -> Outcome:
        assert self.decision is not None, "nothing has happened yet"
        return self.decision.outcome

    @property
    def code(self) -> str | None:
        """The code of the last step's refusal, if it was illegal."""
        assert self.decision is not None, "nothing has happened yet"
        return self.decision.code

    @property
    def offer(self) -> str:
        """The id of the last handover."""
        handover = self._lead.handover if self._lead else None
        return handover_id(self.lead_id, handover.number if handover else 1)

    def all(self, kind: type[FactKind]) -> list[FactKind]:
        """Return the bodies of one kind that the last step told."""
        return [fact.body for fact in self.told if isinstance(fact.body, kind)]

    def one(self, kind: type[FactKind]) -> FactKind:
        """Return the only body of a kind that the last step told."""
        bodies = self.all(kind)
        assert len(bodies) == 1, f"{len(bodies)} {kind.kind} in {self.kinds}"
        return bodies[0]

    def ever(self, kind: type[FactKind]) -> list[FactKind]:
        """Return the bodies of one kind that the whole story told."""
        return [fact.body for fact in self.facts if isinstance(fact.body, kind)]

    @property
    def running(self) -> set[ClockName]:
        return {clock.name for clock in self.lead.clocks}

    def clock(self, name: ClockName) -> Clock:
        """Return the only running clock of a name."""
        found = [clock for clock in self.lead.clocks if clock.name is name]
        assert len(found) == 1, f"{len(found)} {name} clocks run"
        return found[0]


def differing(policy: Policy = POLICY, *, version: str = "other", **fields: object) -> Policy:
    """Return the definition with other fields, under another version."""
    return replace(policy, version=version, **fields)  # type: ignore[arg-type]


# Leads brought to each stage by a history of their own.


def cold(story: Story) -> Story:
    return story.engaged("page_view", campaign="spring", source="web")


def curious(story: Story) -> Story:
    return story.engaged("webinar_attended", campaign="spring", source="web").engaged("email_click")


def warm(story: Story) -> Story:
    return curious(story).engaged("webinar_attended").engaged("ebook_download")


def mql(story: Story) -> Story:
    """By the definition: fit 60, engagement over 60, a buying signal alive."""
    return (
        warm(story.fitting())
        .engaged("ebook_download")
        .engaged("pricing_view", content="price-list")
        .engaged("roi_calculator")
    )


def sal(story: Story) -> Story:
    return mql(story).accepted(rep="ann")


def sql(story: Story) -> Story:
    return sal(story).reached().qualified()


def opportunity(story: Story) -> Story:
    return sql(story).opened("d1")


def customer(story: Story) -> Story:
    return opportunity(story).won("d1")


def nurture(story: Story) -> Story:
    return sal(story).recycled("in_contract", until="2027-01-04 09:00")


def lost(story: Story) -> Story:
    return opportunity(story).lost("d1")


def disqualified(story: Story) -> Story:
    return sal(story).disqualified("no_fit")


TO: dict[Stage, Callable[[Story], Story]] = {
    Stage.COLD: cold,
    Stage.CURIOUS: curious,
    Stage.WARM: warm,
    Stage.MQL: mql,
    Stage.SAL: sal,
    Stage.SQL: sql,
    Stage.OPPORTUNITY: opportunity,
    Stage.CUSTOMER: customer,
    Stage.NURTURE: nurture,
    Stage.LOST: lost,
    Stage.DISQUALIFIED: disqualified,
}


def brought_to(stage: Stage, when: When = MONDAY, *, policy: Policy = POLICY) -> Story:
    """Return a story that has just reached a stage, all at one time."""
    if policy is not POLICY:
        return _brought_to(stage, when, policy)
    return _by_the_shipped_policy(stage, when).fork()


@cache
def _by_the_shipped_policy(stage: Stage, when: When) -> Story:
    """Tell it once, for all who go on from there."""
    return _brought_to(stage, when, POLICY)


def _brought_to(stage: Stage, when: When, policy: Policy) -> Story:
    story = TO[stage](Story(when, policy=policy))
    assert story.stage is stage, f"{story.stage}, not {stage}"
    return story
