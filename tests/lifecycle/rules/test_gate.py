"""The gate: yesterday's points do not qualify twice."""

from collections.abc import Callable

import pytest

from lifecycle.facts import HandoverOffered, NearMiss, StageChanged
from lifecycle.stages import Stage, Trigger
from tests.lifecycle.builders import Story, brought_to, mql, sal
from tests.lifecycle.rules.standing import stands


def keen(story: Story) -> Story:
    """Give the lead 57 points and two living buying signals."""
    return story.engaged("trial_started").engaged("roi_calculator").engaged("pricing_view")


def recycled(story: Story) -> Story:
    return sal(story).recycled("no_response")


def rejected(story: Story) -> Story:
    return mql(story).rejected("bad_timing")


def lost(story: Story) -> Story:
    return sal(story).opened().lost("d1", "lost_no_decision")


def withdrawn(story: Story) -> Story:
    return mql(story).after(minutes=1).engaged("spam_complaint")


@pytest.mark.parametrize("no", [recycled, rejected, lost, withdrawn])
def test_after_a_no_fresh_points_and_a_fresh_buying_signal_are_needed(
    no: Callable[[Story], Story],
) -> None:
    story = no(Story())
    assert story.lead.scores.gate_at is not None
    at = story.lead.at

    assert story.lead.scores.gate_at == at
    assert all(known.gated == 0 for known in story.lead.scores.accumulators.values())


def test_old_points_with_fresh_reading_do_not_qualify_again() -> None:
    story = rejected(Story()).idle_until("2026-06-02 09:00")
    keen(story.fitting()).engaged("event_visit", times=2)
    assert stands(story, Stage.MQL)
    story.accepted().recycled("no_response").after(days=1)

    story.engaged("event_visit", times=2).engaged("webinar_attended", times=2)

    assert not stands(story, Stage.MQL)


def test_twenty_fresh_points_without_a_buying_signal_do_not_open_the_gate() -> None:
    story = withdrawn(Story()).after(days=1).engaged("event_visit", times=2)

    assert stands(story, Stage.WARM)  # 72 points, but pricing and calculator are of yesterday


def test_a_fresh_buying_signal_without_twenty_fresh_points_does_not_open_it() -> None:
    story = mql(Story()).after(minutes=1).profiled(seniority="intern")
    story.after(days=1).fitting().engaged("pricing_view")
    assert stands(story, Stage.WARM)

    story.engaged("case_study_view", times=2)

    assert stands(story, Stage.MQL)


def test_points_dated_before_the_gate_closed_do_not_open_it_however_late_they_come() -> None:
    story = mql(Story()).after(minutes=1).profiled(seniority="intern").fitting()
    now = story.now

    story.at(now - 60_001, heard=now + 60_000).engaged("trial_started")

    assert stands(story, Stage.WARM)


def test_the_gate_outlives_the_wake_up() -> None:
    story = sal(Story()).engaged("event_visit", times=2).recycled("no_response", wake="2026-03-04")
    story.idle_until("2026-03-04 09:00")
    assert stands(story, Stage.WARM)

    story.engaged("page_view")

    assert stands(story, Stage.WARM)
    assert story.lead.scores.gate_at is not None


def test_a_raised_hand_needs_no_gate() -> None:
    story = rejected(Story()).after(days=1).engaged("demo_request")

    assert story.one(StageChanged).trigger is Trigger.RAISE_HAND
    assert story.one(HandoverOffered).fast


def test_a_nomination_needs_no_gate() -> None:
    story = rejected(Story()).after(days=1).nominated()

    assert stands(story, Stage.MQL)


def ignored(story: Story) -> Story:
    """Let sales ignore the lead and its return."""
    mql(story).engaged("event_visit", times=2).engaged("trial_started")
    return story.idle_until("2026-03-06 18:00")


def test_after_a_return_the_gate_holds_until_the_wake_up_and_not_longer() -> None:
    story = ignored(Story())
    assert stands(story, Stage.NURTURE)
    handovers = len(story.ever(HandoverOffered))

    story.engaged("page_view")
    assert stands(story, Stage.NURTURE)

    story.idle_until("2026-03-20 18:00")
    assert [move.trigger for move in story.all(StageChanged)] == [Trigger.WAKE, Trigger.QUALIFY]
    assert len(story.ever(HandoverOffered)) == handovers + 1


def test_a_later_no_closes_the_gate_for_good_also_after_a_return() -> None:
    story = ignored(Story()).idle_until("2026-03-20 18:00").rejected("no_response")

    assert story.lead.scores.gate_waived_at is None


def test_a_return_at_once_needs_no_gate() -> None:
    story = mql(Story()).idle_until("2026-03-03 18:00")

    assert (story.stage, story.lead.scores.gate_at) == (Stage.MQL, None)


def test_disqualified_off_the_table_and_reinstated_needs_fresh_points() -> None:
    story = mql(Story()).after(minutes=1).profiled(role="student")
    assert stands(story, Stage.DISQUALIFIED)

    story.after(minutes=1).profiled(role="operations")

    assert [move.trigger for move in story.all(StageChanged)] == [Trigger.REINSTATE]
    assert stands(story, Stage.WARM)


def test_a_receipt_says_what_lacks_since_the_gate_closed() -> None:
    story = withdrawn(Story()).after(minutes=1).engaged("unsubscribe")

    misses = {miss.to: miss for miss in story.one(StageChanged).receipt.near_misses}

    assert misses[Stage.MQL] == NearMiss(
        Stage.MQL, misses[Stage.MQL].engagement_mp, requalify_mp=20_000, buying_signal=True
    )


def test_a_lead_that_was_never_refused_has_no_gate() -> None:
    assert brought_to(Stage.MQL).lead.scores.gate_at is None
