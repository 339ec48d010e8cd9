"""Customers do not move, and junk never reaches sales; both are news to the owner."""

import pytest

from lifecycle.facts import HandoverWithdrawn, HeadsUp, JunkSuspected, StageChanged
from lifecycle.stages import ClockName, ReasonClass, Stage, Trigger
from tests.lifecycle.builders import POLICY, Story, brought_to, customer, differing, mql, sal
from tests.lifecycle.rules.standing import stands


def faded(story: Story) -> Story:
    """Let a customer's interest of before the win fade away."""
    return customer(story).after(days=200)


def test_a_customer_who_raises_a_hand_is_told_to_the_owner_and_stays() -> None:
    story = faded(Story()).engaged("demo_request")

    assert story.one(HeadsUp).heads_up == "expansion"
    assert story.told[-1].context.owner == "ann"
    assert stands(story, Stage.CUSTOMER)


def test_a_customers_raised_hand_is_told_at_most_daily() -> None:
    story = faded(Story()).engaged("demo_request")

    assert story.after(hours=23).engaged("demo_request").all(HeadsUp) == []
    assert len(story.after(hours=2).engaged("demo_request").all(HeadsUp)) == 1


def test_a_customer_who_meets_the_definition_again_is_told_once_a_month() -> None:
    story = faded(Story()).engaged("trial_started").engaged("roi_calculator")
    assert story.all(HeadsUp) == []

    assert story.engaged("event_visit", times=2).one(HeadsUp).heads_up == "expansion"
    assert story.after(days=1).engaged("pricing_view").all(HeadsUp) == []
    assert stands(story, Stage.CUSTOMER)


@pytest.mark.parametrize(
    "stage", [Stage.COLD, Stage.CURIOUS, Stage.WARM, Stage.MQL, Stage.NURTURE, Stage.LOST]
)
def test_junk_takes_a_lead_out_up_to_mql(stage: Stage) -> None:
    story = brought_to(stage).after(days=1).profiled(relationship="Competitor")

    move = story.one(StageChanged)
    assert (move.to_stage, move.trigger, move.reason) == (
        Stage.DISQUALIFIED,
        Trigger.DISQUALIFY,
        "competitor",
    )
    assert (move.reason_class, move.receipt.rule) == (ReasonClass.HARD, "junk:competitor")
    assert story.running == set()
    assert [out.reason for out in story.all(HandoverWithdrawn)] == (
        ["junk"] if stage is Stage.MQL else []
    )


@pytest.mark.parametrize("stage", [Stage.SAL, Stage.SQL, Stage.OPPORTUNITY, Stage.CUSTOMER])
def test_from_sal_on_junk_is_only_told_once_for_a_set_of_rules(stage: Stage) -> None:
    story = brought_to(stage).after(days=40).profiled(role="student")
    assert story.one(JunkSuspected).rules == ("student",)

    assert story.engaged("page_view").all(JunkSuspected) == []
    assert story.profiled(purpose="hobby").one(JunkSuspected).rules == ("student", "personal_use")
    assert story.profiled(clear=("purpose",)).all(JunkSuspected) == []
    assert story.profiled(clear=("role",)).all(JunkSuspected) == []
    assert story.stage is stage


def test_a_junk_suspect_given_back_is_taken_out_at_its_next_signal() -> None:
    story = sal(Story()).profiled(role="student").recycled()
    assert stands(story, Stage.NURTURE)

    assert stands(story.after(minutes=1).engaged("page_view"), Stage.DISQUALIFIED)


def test_who_was_taken_out_by_a_rule_comes_back_when_none_matches() -> None:
    story = Story().fitting().engaged("webinar_attended", times=2).profiled(role="student")

    story.after(minutes=5).profiled(role="operations")

    assert story.one(StageChanged).trigger is Trigger.REINSTATE
    assert story.one(StageChanged).receipt.rule == "no_junk_rule"
    assert stands(story, Stage.CURIOUS)
    assert not story.lead.person.disqualified_by_rule


def test_who_was_taken_out_by_a_person_stays_out() -> None:
    story = sal(Story()).disqualified("student").profiled(role="student")

    assert stands(story.profiled(role="operations"), Stage.DISQUALIFIED)


def test_after_a_reinstatement_qualify_is_looked_at_again() -> None:
    story = Story().profiled(role="student").fitting()
    story = Story().profiled(seniority="c_level", industry="manufacturing", role="student")
    for activity in ("trial_started", "roi_calculator"):
        story.engaged(activity, times=2)

    story.profiled(role="operations")

    assert [move.trigger for move in story.all(StageChanged)] == [
        Trigger.REINSTATE,
        Trigger.QUALIFY,
    ]


def test_junk_comes_before_everything_that_follows_by_itself() -> None:
    story = mql(Story().under(differing(junk=()))).profiled(role="student").under(POLICY)

    story.engaged("demo_request")

    assert [move.trigger for move in story.all(StageChanged)] == [Trigger.DISQUALIFY]


def test_a_definition_that_drops_the_rule_reinstates_at_the_next_signal() -> None:
    story = Story().profiled(role="student").under(differing(junk=()))

    story.engaged("demo_request")

    assert story.all(StageChanged)[0].trigger is Trigger.REINSTATE


def test_every_clock_ends_when_a_lead_is_taken_out() -> None:
    story = sal(Story()).reached().opened("d1").opened("d2")
    assert story.running == {ClockName.DEAL}

    assert story.disqualified("no_fit").running == set()
