"""One signal, one order: what is due, what it adds, what it asks for, what follows from it."""

import pytest

from lifecycle.decide import Outcome
from lifecycle.facts import ClockBreached, RefusedFact, StageChanged, Touched
from lifecycle.signals import Engaged, Profiled
from lifecycle.stages import ClockName, Stage, Trigger
from tests.lifecycle.builders import (
    MINUTE_MS,
    MONDAY,
    POLICY,
    Story,
    brought_to,
    differing,
    mql,
    ms,
    sal,
    warm,
)
from tests.lifecycle.rules.standing import stands


def asleep(story: Story) -> Story:
    """Leave a lead in nurture until Wednesday, 9 o'clock."""
    return sal(story).recycled("no_response", wake="2026-03-04 09:00")


def test_what_is_due_fires_before_the_signal_is_taken_in() -> None:
    story = asleep(Story()).at("2026-03-04 09:02").engaged("pricing_view")

    assert story.kinds == ["clock_met", "stage_changed", "touched"]


def test_late_feedback_has_two_minutes_of_grace() -> None:
    story = asleep(Story()).at("2026-03-04 09:01:59").engaged("pricing_view")

    assert story.kinds == ["touched"]
    assert stands(story, Stage.NURTURE)


@pytest.mark.parametrize(
    ("when", "heard"),
    [("2026-03-04 09:01", "2026-03-05 09:00"), ("2026-03-04 09:05", "2026-03-04 09:01")],
)
def test_the_earlier_of_time_and_timestamp_says_what_is_due(when: str, heard: str) -> None:
    story = asleep(Story()).at(when, heard=heard).engaged("page_view")

    assert stands(story, Stage.NURTURE)


def test_duplicates_fire_nothing() -> None:
    story = asleep(Story()).says(Engaged("page_view"), signal_id="twice")

    story.at("2026-03-05 09:00").says(Engaged("page_view"), signal_id="twice")

    assert (story.outcome, story.kinds, story.stage) == (Outcome.DUPLICATE, [], Stage.NURTURE)


def test_a_redriven_message_is_no_duplicate_of_its_refused_self() -> None:
    story = Story().says(Engaged("page_view"), signal_id="once")

    assert story.says(Engaged("page_view"), signal_id="once", redrive=1).outcome is Outcome.APPLIED


def test_illegal_requests_fire_what_is_due() -> None:
    story = asleep(Story()).at("2026-03-04 09:02").qualified()

    assert story.kinds == ["clock_met", "stage_changed", "refused"]
    assert story.one(RefusedFact).stage is story.stage


def test_the_requested_move_comes_first_and_ends_the_order() -> None:
    story = mql(Story()).under(differing(mql_engagement_mp=500_000)).after(minutes=5)

    story.accepted()

    assert [move.trigger for move in story.all(StageChanged)] == [Trigger.ACCEPT]


def test_a_request_that_moves_nothing_lets_the_order_go_on() -> None:
    story = brought_to(Stage.WARM).under(differing(warm_mp=100_000)).assigned("ann")

    assert [move.trigger for move in story.all(StageChanged)] == [Trigger.COOL_DOWN]


def in_nurture(story: Story) -> Story:
    """Recycle a lead with 39 points of reading, which may wake early."""
    return warm(story).claimed().recycled("no_response").after(minutes=1)


def test_a_raised_hand_comes_before_waking_and_qualifying() -> None:
    story = in_nurture(Story().fitting()).under(differing(mql_engagement_mp=500_000))
    story.engaged("trial_started").under(POLICY)
    assert stands(story, Stage.NURTURE)

    story.engaged("demo_request")

    assert [move.trigger for move in story.all(StageChanged)] == [Trigger.RAISE_HAND]


def test_waking_comes_before_qualifying_which_is_looked_at_again() -> None:
    story = in_nurture(Story().fitting()).under(differing(mql_engagement_mp=500_000))
    story.engaged("trial_started").under(POLICY)

    story.engaged("roi_calculator")

    assert [move.trigger for move in story.all(StageChanged)] == [Trigger.WAKE, Trigger.QUALIFY]


def test_facts_stand_in_the_order_in_which_things_happen() -> None:
    story = Story().engaged("demo_request", campaign="spring").accepted()
    story.reached().qualified().opened().won()

    assert [fact.body.kind for fact in story.facts] == [
        "arrived",
        "touched",
        "stage_changed",
        "handover",
        "clock_started",
        "clock_met",
        "stage_changed",
        "clock_started",
        "clock_started",
        "contacted",
        "clock_met",
        "clock_met",
        "stage_changed",
        "qualified",
        "clock_started",
        "clock_met",
        "stage_changed",
        "opportunity_opened",
        "clock_started",
        "clock_met",
        "stage_changed",
        "won",
    ]


def test_what_goes_back_is_told_as_ended_moved_recycled_and_waiting() -> None:
    assert sal(Story()).recycled("no_budget").kinds == [
        "clock_cancelled",
        "clock_met",
        "stage_changed",
        "recycle",
        "clock_started",
    ]


def test_a_breach_that_takes_the_lead_back_is_told_before_the_return() -> None:
    story = mql(Story()).idle_until("2026-03-02 17:30")

    story.tick("2026-03-03 16:10")

    assert story.kinds == [
        "clock_warned",
        "clock_breached",
        "stage_changed",
        "handover",
        "clock_started",
    ]


# Decision time.


def test_a_late_signal_is_decided_now_and_happened_then() -> None:
    story = brought_to(Stage.WARM).after(days=2).engaged("page_view")
    now = story.lead.at

    story.at(MONDAY, heard=now + MINUTE_MS).engaged("pricing_view")

    fact = story.told[0]
    assert (fact.at, fact.happened_at) == (now, ms(MONDAY))
    assert isinstance(fact.body, Touched)
    assert fact.body.touch.at == ms(MONDAY)
    assert story.lead.at == now


def test_the_decision_is_dated_by_the_signal_not_by_its_record() -> None:
    story = Story().at("2026-03-06 15:00", heard="2026-03-10 10:00").engaged("demo_request")

    assert {fact.at for fact in story.told} == {ms("2026-03-06 15:00")}
    assert story.clock(ClockName.ACCEPTANCE).started_at == ms("2026-03-10 10:00")


def test_what_fires_is_dated_at_its_due_time() -> None:
    story = asleep(Story()).at("2026-03-08 12:00").tick()

    assert {fact.at for fact in story.told} == {ms("2026-03-04 09:00")}


def test_what_fires_after_a_later_decision_is_dated_at_that() -> None:
    story = mql(Story()).at("2026-03-02 17:01").engaged("pricing_view")
    now = story.lead.at

    story.tick("2026-03-02 17:30")

    breach = next(fact for fact in story.told if isinstance(fact.body, ClockBreached))
    assert (breach.at, breach.happened_at) == (now, ms("2026-03-02 17:00"))


def test_a_breach_says_when_it_was_noticed() -> None:
    story = mql(Story()).tick("2026-03-02 17:40")

    breach = story.one(ClockBreached)
    assert (breach.due_at, breach.noticed_at) == (ms("2026-03-02 17:00"), ms("2026-03-02 17:40"))
    assert breach.noticed_late
    assert breach.escalate_to == "head-of-sales"


def test_an_older_word_on_an_attribute_does_not_replace_a_newer_one() -> None:
    story = Story().at("2026-03-03 09:00").profiled(seniority="c_level")

    story.at("2026-03-02 09:00", heard="2026-03-04 09:00").says(Profiled({"seniority": "intern"}))

    assert story.lead.profile["seniority"].value == "c_level"


def test_the_last_thirty_two_ids_are_remembered() -> None:
    story = Story().says(Engaged("page_view"), signal_id="first").engaged("page_view", times=31)
    assert story.says(Engaged("page_view"), signal_id="first").outcome is Outcome.DUPLICATE

    story.engaged("page_view")

    assert story.says(Engaged("page_view"), signal_id="first").outcome is Outcome.APPLIED
