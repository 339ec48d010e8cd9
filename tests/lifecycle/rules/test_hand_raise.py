"""A raised hand: straight to sales where sales does not have the lead, news where it has."""

import pytest

from lifecycle.facts import (
    ClockMet,
    HandoverOffered,
    HandoverUpdated,
    HandRaised,
    StageChanged,
    Touched,
)
from lifecycle.stages import ClockName, HandoverKind, Stage, Trigger
from tests.lifecycle.builders import Story, brought_to, differing, mql, sal
from tests.lifecycle.rules.standing import stands


@pytest.mark.parametrize(
    "stage", [Stage.COLD, Stage.CURIOUS, Stage.WARM, Stage.NURTURE, Stage.LOST, Stage.DISQUALIFIED]
)
def test_a_raised_hand_leads_to_sales_on_the_fast_track(stage: Stage) -> None:
    story = brought_to(stage).after(days=1).engaged("callback_request")

    assert story.one(StageChanged).trigger is Trigger.RAISE_HAND
    offer = story.one(HandoverOffered)
    assert (offer.handover_kind, offer.fast) == (HandoverKind.HAND_RAISE, True)
    assert story.clock(ClockName.ACCEPTANCE).allowed_ms == 3_600_000
    assert story.lead.person.disqualified_for is None
    assert story.lead.nurture is None


def test_at_mql_it_keeps_the_handover_and_makes_it_fast_once() -> None:
    story = brought_to(Stage.MQL).after(minutes=10).engaged("demo_request")

    updated = story.one(HandoverUpdated)
    assert (updated.change, updated.fast, updated.handover) == ("fast", True, "lead-1:h1")
    assert updated.accept_due_at == story.clock(ClockName.ACCEPTANCE).due_at
    assert story.all(HandoverOffered) == []
    assert story.engaged("demo_request").all(HandoverUpdated) == []


def test_before_contact_it_hastens_the_call() -> None:
    story = sal(Story()).after(minutes=10).engaged("demo_request")

    assert story.one(HandoverUpdated).contact_due_at == story.clock(ClockName.FIRST_CONTACT).due_at
    assert story.all(HandRaised) == []


@pytest.mark.parametrize("stage", [Stage.SQL, Stage.OPPORTUNITY])
def test_after_contact_the_owner_is_told_at_most_daily(stage: Stage) -> None:
    story = brought_to(stage).after(days=1).engaged("demo_request")
    assert story.one(HandRaised).activity == "demo_request"
    assert story.told[-1].context.owner == "ann"

    assert story.after(hours=23).engaged("demo_request").all(HandRaised) == []
    assert len(story.after(hours=1).engaged("demo_request").all(HandRaised)) == 1


@pytest.mark.parametrize(
    "reason", ["student", "competitor", "bot", "personal_use", "bad_data", "duplicate"]
)
def test_some_reasons_are_for_good(reason: str) -> None:
    story = sal(Story()).disqualified(reason).after(days=1).engaged("demo_request")

    assert stands(story, Stage.DISQUALIFIED)
    assert story.one(Touched).hand_raise


def test_a_junk_rule_that_matches_keeps_the_lead_out() -> None:
    story = sal(Story()).disqualified("no_fit").profiled(role="student")
    assert stands(story, Stage.DISQUALIFIED)

    assert stands(story.after(days=1).engaged("demo_request"), Stage.DISQUALIFIED)


def test_two_rejections_in_ninety_days_keep_the_lead_out() -> None:
    story = mql(Story()).rejected("no_fit").after(days=1).engaged("demo_request").rejected("no_fit")
    assert stands(story, Stage.DISQUALIFIED)

    assert stands(story.after(days=80).engaged("demo_request"), Stage.DISQUALIFIED)
    assert stands(story.after(days=11).engaged("demo_request"), Stage.MQL)


def test_rejections_keep_only_the_disqualified_out() -> None:
    story = mql(Story()).rejected("bad_timing").after(days=1)
    story.engaged("demo_request").rejected("bad_timing").after(days=1)

    assert stands(story.engaged("demo_request"), Stage.MQL)


def test_a_reason_that_the_definition_knows_no_more_may_reopen() -> None:
    story = sal(Story()).disqualified("no_fit").under(differing(disqualify_reasons={}))

    assert stands(story.after(days=1).engaged("demo_request"), Stage.MQL)


def test_a_raised_hand_of_junk_is_junk() -> None:
    story = Story().profiled(seniority="c_level")
    story.under(differing(junk=())).profiled(role="student").under(Story().policy)

    assert stands(story.engaged("demo_request"), Stage.DISQUALIFIED)


def test_a_further_raised_hand_leaves_a_fast_offer_as_it_is() -> None:
    story = Story().engaged("demo_request")
    due_at = story.clock(ClockName.ACCEPTANCE).due_at

    story.after(minutes=30).engaged("viewing_request")

    assert story.kinds == ["touched"]
    assert story.clock(ClockName.ACCEPTANCE).due_at == due_at


def test_the_fast_track_of_an_offer_is_the_fast_track_of_its_contact() -> None:
    story = Story().engaged("demo_request").accepted()

    assert story.clock(ClockName.FIRST_CONTACT).allowed_ms == 3_600_000
    assert [met.clock for met in story.all(ClockMet)] == [ClockName.ACCEPTANCE]
