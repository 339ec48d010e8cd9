"""What each move makes of each promise: kept, cancelled in its name, or none of its business.

The table is the domain's, written down here for itself; the engine's own is not looked at.
"""

from collections.abc import Callable
from dataclasses import dataclass

import pytest

from lifecycle.facts import ClockBreached, ClockCancelled, ClockMet, ClockStarted
from lifecycle.stages import ClockName, Stage
from tests.lifecycle.builders import Story, brought_to, nurture

Act = Callable[[Story], Story]
_ACCEPTANCE, _CONTACT, _CADENCE = (
    ClockName.ACCEPTANCE,
    ClockName.FIRST_CONTACT,
    ClockName.CADENCE,
)
_QUALIFICATION, _OPPORTUNITY, _DEAL = (
    ClockName.QUALIFICATION,
    ClockName.OPPORTUNITY,
    ClockName.DEAL,
)
_NURTURE = ClockName.NURTURE
MET = "met"


@dataclass(frozen=True)
class Ending:
    """A clock that runs at a stage, what happens there, and how the clock ends."""

    clock: ClockName
    begin: Act
    act: Act
    ends: str
    """``met``, or what it is cancelled by."""
    uncontacted: bool = False
    short: bool = False


def _at(stage: Stage) -> Act:
    return lambda _: brought_to(stage)


def _tried(_: Story) -> Story:
    return brought_to(Stage.SAL).attempted()


def _nurtured(_: Story) -> Story:
    """Wait for half a year, to be woken by fresh interest."""
    return brought_to(Stage.SAL).recycled("no_budget")


def _twice_on_sale(_: Story) -> Story:
    return brought_to(Stage.CUSTOMER).opened("d2")


_mql, _sal, _sql = _at(Stage.MQL), _at(Stage.SAL), _at(Stage.SQL)
_opp, _lost = _at(Stage.OPPORTUNITY), _at(Stage.LOST)


ENDINGS = {
    "acceptance: accepted": Ending(_ACCEPTANCE, _mql, lambda s: s.accepted(), MET),
    "acceptance: rejected": Ending(_ACCEPTANCE, _mql, lambda s: s.rejected("bad_timing"), MET),
    "acceptance: rejected for good": Ending(_ACCEPTANCE, _mql, lambda s: s.rejected("no_fit"), MET),
    "acceptance: recycled": Ending(_ACCEPTANCE, _mql, lambda s: s.recycled("bad_timing"), MET),
    "acceptance: claimed": Ending(_ACCEPTANCE, _mql, lambda s: s.claimed("bob"), MET),
    "acceptance: attempted": Ending(_ACCEPTANCE, _mql, lambda s: s.attempted(), MET),
    "acceptance: opened": Ending(_ACCEPTANCE, _mql, lambda s: s.opened("d1"), MET),
    "acceptance: won": Ending(_ACCEPTANCE, _mql, lambda s: s.won("d1"), MET),
    "acceptance: lost": Ending(_ACCEPTANCE, _mql, lambda s: s.lost("d1"), MET),
    "acceptance: cooled": Ending(
        _ACCEPTANCE, _mql, lambda s: s.engaged("spam_complaint"), "cool_down"
    ),
    "acceptance: junk": Ending(
        _ACCEPTANCE, _mql, lambda s: s.profiled(role="student"), "disqualify"
    ),
    "acceptance: disqualified": Ending(
        _ACCEPTANCE, _mql, lambda s: s.disqualified("no_fit"), "disqualify"
    ),
    "contact: tried": Ending(_CONTACT, _sal, lambda s: s.attempted(), MET),
    "contact: reached": Ending(_CONTACT, _sal, lambda s: s.reached(), MET),
    "contact: qualified": Ending(_CONTACT, _sal, lambda s: s.qualified(), "qualify_sale"),
    "contact: opened": Ending(_CONTACT, _sal, lambda s: s.opened("d1"), "qualify_sale"),
    "contact: won": Ending(_CONTACT, _sal, lambda s: s.won("d1"), "qualify_sale"),
    "contact: lost": Ending(_CONTACT, _sal, lambda s: s.lost("d1"), "qualify_sale"),
    "contact: recycled": Ending(
        _CONTACT, _sal, lambda s: s.recycled("bad_timing"), "recycle", uncontacted=True
    ),
    "contact: disqualified": Ending(
        _CONTACT, _sal, lambda s: s.disqualified("no_fit"), "disqualify", uncontacted=True
    ),
    "cadence: reached": Ending(_CADENCE, _tried, lambda s: s.reached(), MET),
    "cadence: tried often enough": Ending(
        _CADENCE, _tried, lambda s: s.attempted().attempted().attempted().attempted(), MET
    ),
    "cadence: qualified": Ending(_CADENCE, _tried, lambda s: s.qualified(), "qualify_sale"),
    "cadence: opened": Ending(_CADENCE, _tried, lambda s: s.opened("d1"), "qualify_sale"),
    "cadence: recycled": Ending(
        _CADENCE, _tried, lambda s: s.recycled("no_response"), "recycle", short=True
    ),
    "cadence: disqualified": Ending(
        _CADENCE, _tried, lambda s: s.disqualified("no_fit"), "disqualify", short=True
    ),
    "qualification: qualified": Ending(_QUALIFICATION, _sal, lambda s: s.qualified(), MET),
    "qualification: recycled": Ending(
        _QUALIFICATION, _sal, lambda s: s.recycled("bad_timing"), MET
    ),
    "qualification: disqualified": Ending(
        _QUALIFICATION, _sal, lambda s: s.disqualified("no_fit"), MET
    ),
    "qualification: opened": Ending(_QUALIFICATION, _sal, lambda s: s.opened("d1"), MET),
    "qualification: won": Ending(_QUALIFICATION, _sal, lambda s: s.won("d1"), MET),
    "qualification: lost": Ending(_QUALIFICATION, _sal, lambda s: s.lost("d1"), MET),
    "opportunity: opened": Ending(_OPPORTUNITY, _sql, lambda s: s.opened("d1"), MET),
    "opportunity: won": Ending(_OPPORTUNITY, _sql, lambda s: s.won("d1"), MET),
    "opportunity: lost": Ending(_OPPORTUNITY, _sql, lambda s: s.lost("d1"), MET),
    "opportunity: recycled": Ending(_OPPORTUNITY, _sql, lambda s: s.recycled("bad_timing"), MET),
    "opportunity: disqualified": Ending(
        _OPPORTUNITY, _sql, lambda s: s.disqualified("no_fit"), MET
    ),
    "deal: won": Ending(_DEAL, _opp, lambda s: s.won("d1"), MET),
    "deal: lost": Ending(_DEAL, _opp, lambda s: s.lost("d1"), MET),
    "deal: disqualified": Ending(_DEAL, _opp, lambda s: s.disqualified("no_fit"), MET),
    "deal: churned": Ending(_DEAL, _twice_on_sale, lambda s: s.recycled("churned"), MET),
    "deal: changed": Ending(_DEAL, _opp, lambda s: s.opened("d1", "20000"), "opportunity_changed"),
    "nurture: woken early": Ending(
        _NURTURE,
        _nurtured,
        lambda s: s.engaged("event_visit", times=2).engaged("webinar_attended"),
        "wake",
    ),
    "nurture: qualified": Ending(
        _NURTURE,
        lambda _: nurture(Story()),
        lambda s: s.engaged("trial_started").engaged("roi_calculator", times=2),
        "qualify",
    ),
    "nurture: hand raised": Ending(
        _NURTURE, _nurtured, lambda s: s.engaged("demo_request"), "raise_hand"
    ),
    "nurture: claimed": Ending(_NURTURE, _nurtured, lambda s: s.claimed(), "claim"),
    "nurture: nominated": Ending(_NURTURE, _nurtured, lambda s: s.nominated(), "nominate"),
    "nurture: junk": Ending(
        _NURTURE, _nurtured, lambda s: s.profiled(role="student"), "disqualify"
    ),
    "nurture: disqualified": Ending(_NURTURE, _nurtured, lambda s: s.disqualified(), "disqualify"),
    "nurture: reinstated": Ending(_NURTURE, _nurtured, lambda s: s.reinstated(), "reinstate"),
    "nurture: opened": Ending(_NURTURE, _nurtured, lambda s: s.opened("d1"), "claim"),
    "nurture in lost: hand raised": Ending(
        _NURTURE, _lost, lambda s: s.engaged("demo_request"), "raise_hand"
    ),
    "nurture in lost: recycled": Ending(_NURTURE, _lost, lambda s: s.recycled(), "recycle"),
    "nurture in lost: won after all": Ending(_NURTURE, _lost, lambda s: s.won("d1"), "claim"),
}


@pytest.mark.parametrize("ending", ENDINGS.values(), ids=ENDINGS)
def test_a_clock_ends_as_the_domain_says(ending: Ending) -> None:
    story = ending.begin(Story()).after(minutes=30)
    clock = story.clock(ending.clock)
    told = len(story.facts)

    ending.act(story)

    story.told = story.facts[told:]
    met = [fact for fact in story.all(ClockMet) if fact.clock is ending.clock]
    cancelled = [fact for fact in story.all(ClockCancelled) if fact.clock is ending.clock]
    if ending.ends == MET:
        assert (len(met), len(cancelled)) == (1, 0)
        assert (met[0].ref, met[0].run) == (clock.ref, clock.run)
        assert not met[0].breached
        assert not met[0].disputed
    else:
        assert (len(met), len(cancelled)) == (0, 1)
        assert (cancelled[0].ref, cancelled[0].run) == (clock.ref, clock.run)
        assert cancelled[0].trigger == ending.ends
        assert cancelled[0].uncontacted is ending.uncontacted
        assert cancelled[0].short is ending.short
    assert not [c for c in story.lead.clocks if (c.name, c.run) == (clock.name, clock.run)]


@pytest.mark.parametrize(
    "stage", [stage for stage in Stage if brought_to(stage).running], ids=lambda stage: stage
)
@pytest.mark.parametrize(
    "act",
    [
        lambda s: s.engaged("email_open"),
        lambda s: s.profiled(seniority="vp"),
        lambda s: s.assigned("bob"),
        lambda s: s.accepted(handover="lead-1:h9"),
    ],
    ids=["a page", "a profile", "another assignee", "nonsense"],
)
def test_what_moves_nothing_leaves_the_clocks_alone(stage: Stage, act: Act) -> None:
    story = brought_to(stage).after(minutes=30)
    before = {clock.name: clock.due_at for clock in story.lead.clocks}

    act(story)

    assert {clock.name: clock.due_at for clock in story.lead.clocks} == before
    assert not [kind for kind in story.kinds if kind.startswith("clock_")]


def test_an_offer_that_moves_keeps_its_clock_and_moves_once() -> None:
    story = brought_to(Stage.MQL).after(minutes=30)
    due_at = story.clock(_ACCEPTANCE).due_at

    assert story.assigned("bob").kinds == ["handover_updated"]
    assert story.assigned("bob").kinds == []
    assert (story.clock(_ACCEPTANCE).assignee, story.clock(_ACCEPTANCE).due_at) == ("bob", due_at)


def test_an_answer_that_falls_short_leaves_qualification_running() -> None:
    story = brought_to(Stage.SAL).reached().qualified(budget=False)

    assert story.kinds == ["qualification_short"]
    assert story.running == {_QUALIFICATION}


def test_another_deals_end_is_none_of_a_deals_business() -> None:
    story = brought_to(Stage.OPPORTUNITY).opened("d2").after(days=1).lost("d2")

    assert story.one(ClockMet).ref == "d2"
    assert story.clock(_DEAL).ref == "d1"


def test_an_attempt_is_none_of_a_deals_business() -> None:
    story = brought_to(Stage.OPPORTUNITY).after(days=1).attempted()

    assert story.kinds == ["contacted"]
    assert story.running == {_DEAL}


def test_a_won_customers_other_deal_keeps_its_clock() -> None:
    story = brought_to(Stage.OPPORTUNITY).opened("d2").won("d1")

    assert story.one(ClockMet).ref == "d1"
    assert story.clock(_DEAL).ref == "d2"


@pytest.mark.parametrize(
    ("stage", "until", "ends"),
    [
        (Stage.MQL, "2026-03-04 09:00", set()),
        (Stage.SAL, "2026-03-02 18:00", {_QUALIFICATION}),
    ],
)
def test_a_return_cancels_what_else_was_promised(
    stage: Stage, until: str, ends: set[ClockName]
) -> None:
    story = brought_to(stage).idle_until(until)

    cancelled = story.all(ClockCancelled)
    assert {fact.clock for fact in cancelled} == ends
    assert all(fact.trigger == "return" for fact in cancelled)
    # The clock that broke is gone by its last breach: neither met nor cancelled besides.
    assert len(story.all(ClockBreached)) == 2
    assert story.stage is Stage.MQL


def test_a_cadence_breaks_before_qualification_does_and_once() -> None:
    story = brought_to(Stage.SAL).attempted().idle_until("2026-05-30 09:00")

    assert [(b.clock, b.level) for b in story.all(ClockBreached)][:2] == [
        (_CADENCE, 1),
        (_QUALIFICATION, 1),
    ]
    assert _CADENCE not in story.running


def test_the_wake_up_on_its_date_meets_the_wait() -> None:
    story = nurture(Story()).idle_until("2027-01-04 09:05")

    met = story.one(ClockMet)
    assert (met.clock, met.edge, met.used_ms) == (_NURTURE, False, met.allowed_ms)


def test_reviews_are_silent() -> None:
    story = brought_to(Stage.CURIOUS)
    assert story.running == {ClockName.REVIEW}

    story.idle_until("2026-03-05 09:05")

    assert story.kinds == []
    assert not [s for s in story.ever(ClockStarted) if s.clock is ClockName.REVIEW]
    assert story.idle_until("2026-07-01 09:00").kinds == ["stage_changed"]
    assert story.running == set()


def test_only_the_stage_reached_starts_clocks() -> None:
    story = brought_to(Stage.WARM).opened("d1")

    assert [started.clock for started in story.all(ClockStarted)] == [_DEAL]
    assert brought_to(Stage.WARM).won("d1").all(ClockStarted) == []
