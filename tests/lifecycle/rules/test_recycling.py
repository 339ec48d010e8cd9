"""Back to marketing: how long a lead waits, what it keeps, and what wakes it."""

import pytest

from lifecycle import scoring
from lifecycle.facts import ClockMet, HandoverOffered, HeadsUp, LostFact, RecycleFact, StageChanged
from lifecycle.stages import ClockName, ReasonClass, Stage, Trigger
from tests.lifecycle.builders import (
    DAY_MS,
    POLICY,
    Story,
    customer,
    differing,
    mql,
    ms,
    opportunity,
    sal,
    sql,
    warm,
)
from tests.lifecycle.rules.standing import stands


def engagement(story: Story) -> int:
    return scoring.totals(story.lead.scores, story.policy, story.lead.at).engagement_mp


def read_on(story: Story) -> Story:
    """Let a rep claim a lead that reads a lot and would never fit."""
    return warm(story).claimed()


@pytest.mark.parametrize(
    ("reason", "days", "reason_class"),
    [
        ("no_response", 30, ReasonClass.SOFT),
        ("bad_timing", 90, ReasonClass.SOFT),
        ("no_budget", 180, ReasonClass.SOFT),
        ("evaluating", 60, ReasonClass.SOFT),
        ("not_followed_up", 14, ReasonClass.HANDLING),
        ("stalled", 14, ReasonClass.HANDLING),
        ("lost_to_competitor", 180, ReasonClass.MARKET),
        ("lost_no_decision", 90, ReasonClass.MARKET),
    ],
)
def test_the_reason_decides_how_long_a_lead_waits(
    reason: str, days: int, reason_class: ReasonClass
) -> None:
    story = sal(Story()).recycled(reason)

    recycle = story.one(RecycleFact)
    assert (recycle.reason_class, recycle.slow_track) == (reason_class, False)
    assert recycle.wake_at == story.now + days * DAY_MS
    assert story.clock(ClockName.NURTURE).due_at == recycle.wake_at


def test_a_contract_waits_until_its_date() -> None:
    story = sal(Story()).recycled("in_contract", until="2026-11-01 09:00")

    assert story.one(RecycleFact).wake_at == ms("2026-11-01 09:00")


def test_a_wake_date_may_be_given_for_any_reason() -> None:
    story = sal(Story()).recycled("no_budget", wake="2026-05-01 09:00")

    assert story.one(RecycleFact).wake_at == ms("2026-05-01 09:00")


@pytest.mark.parametrize("way", ["recycle", "reject"])
def test_a_date_in_the_past_wakes_at_once(way: str) -> None:
    story = sal(Story()) if way == "recycle" else mql(Story())

    story.recycled("in_contract", until="2025-11-01 09:00")

    assert [move.trigger for move in story.all(StageChanged)] == [way, Trigger.WAKE]
    assert story.all(ClockMet)[-1].clock is ClockName.NURTURE
    assert (story.stage, story.lead.nurture) == (Stage.COLD, None)


def test_a_churned_customer_waits_as_the_reason_says() -> None:
    story = customer(Story()).recycled("churned")

    assert story.one(RecycleFact).wake_at == story.now + 180 * DAY_MS


def test_a_lost_deal_waits_as_its_reason_says() -> None:
    story = opportunity(Story()).lost("d1", "lost_no_decision")

    assert story.one(LostFact).wake_at == story.now + 90 * DAY_MS
    assert story.clock(ClockName.NURTURE).due_at == story.now + 90 * DAY_MS


def test_a_loss_can_be_told_with_a_reason_that_would_need_a_date() -> None:
    story = opportunity(Story()).lost("d1", "in_contract")

    assert story.one(LostFact).wake_at == story.now + 180 * DAY_MS


def test_engagement_is_kept_or_reset_as_the_reason_says_and_intent_is_reset() -> None:
    kept, gone = sal(Story()).recycled("no_budget"), customer(Story()).recycled("churned")

    assert engagement(kept) == 47_000
    assert engagement(gone) == 0
    assert scoring.totals(kept.lead.scores, POLICY, kept.lead.at).intent_mp == 0


def test_a_return_keeps_engagement_and_intent() -> None:
    story = mql(Story()).idle_until("2026-03-06 09:00")
    assert stands(story, Stage.NURTURE)

    assert scoring.totals(story.lead.scores, POLICY, story.lead.at).intent_mp > 0


def test_what_was_dated_before_the_reset_adds_nothing_to_it() -> None:
    story = customer(Story()).after(days=1).recycled("churned")

    story.at(ms("2026-03-02 12:00"), heard=story.now + 1000).engaged("trial_started")

    assert engagement(story) == 0


def test_the_third_recycle_in_a_year_is_on_the_slow_track_and_says_so() -> None:
    story = Story()
    for number in (1, 2, 3):
        sal(story).recycled("no_response")
        recycle = story.one(RecycleFact)
        assert (recycle.recycles, recycle.slow_track) == (number, number == 3)
        story.after(days=40).tick()

    assert story.ever(RecycleFact)[2].wake_at == story.lead.since + 365 * DAY_MS
    assert stands(story, Stage.NURTURE)


def test_a_slow_track_is_never_shorter_than_the_given_date() -> None:
    story = Story().under(differing(loops_max=1))

    sal(story).recycled("in_contract", until="2029-01-01 09:00")

    assert story.one(RecycleFact).wake_at == ms("2029-01-01 09:00")
    assert story.one(RecycleFact).slow_track


def test_the_slow_track_overrules_a_date_in_the_past() -> None:
    story = Story().under(differing(loops_max=1))

    sal(story).recycled("in_contract", until="2025-01-01 09:00")

    assert stands(story, Stage.NURTURE)
    assert story.one(RecycleFact).wake_at == story.now + 365 * DAY_MS


def test_recycles_of_more_than_a_year_ago_do_not_count() -> None:
    story = Story()
    for _ in range(3):
        sal(story).recycled("no_response")
        story.after(days=190).tick()

    assert [recycle.recycles for recycle in story.ever(RecycleFact)] == [1, 2, 2]


def test_rejects_count_as_recycles_and_returns_and_losses_do_not() -> None:
    story = mql(Story()).rejected("bad_timing")
    assert story.one(RecycleFact).recycles == 1

    story.after(days=95).tick()
    mql(story).idle_until("2026-06-12 09:00")
    assert story.ever(RecycleFact)[-1].trigger is Trigger.RETURN
    assert story.ever(RecycleFact)[-1].recycles == 1

    story.opened().lost("d1")
    assert story.recycled("no_response").one(RecycleFact).recycles == 2


def test_a_lead_wakes_on_its_date_to_where_its_score_says() -> None:
    story = sal(Story()).recycled("no_response", wake="2026-03-04 09:00")

    story.idle_until("2026-03-04 10:00")

    assert story.one(StageChanged).trigger is Trigger.WAKE
    assert stands(story, Stage.WARM)
    assert story.all(HeadsUp) == []  # sales was told on Monday


def test_a_lost_lead_wakes_on_its_date() -> None:
    story = opportunity(Story()).lost("d1").after(days=180, hours=1).tick()

    assert stands(story, Stage.COLD)


def test_fresh_interest_wakes_a_lead_early_where_the_reason_allows_it() -> None:
    story = read_on(Story()).recycled("no_budget").after(days=5).engaged("trial_started")
    assert stands(story, Stage.NURTURE)

    story.engaged("case_study_view")

    assert story.all(StageChanged)[0].trigger is Trigger.WAKE
    assert ClockName.NURTURE not in story.running


def test_only_points_since_the_recycle_count_for_that() -> None:
    story = read_on(Story()).recycled("no_budget")
    assert engagement(story) > POLICY.warm_mp

    assert stands(story.after(days=1).engaged("trial_started"), Stage.NURTURE)


def test_some_reasons_let_a_lead_sleep() -> None:
    story = sal(Story()).recycled("in_contract", until="2026-11-01 09:00").after(days=5)

    story.engaged("event_visit", times=2).engaged("webinar_attended", times=2)

    assert stands(story, Stage.NURTURE)


def test_a_lost_lead_wakes_early_where_its_reason_allows_it() -> None:
    story = opportunity(Story()).lost("d1", "lost_no_decision").after(days=5)

    story.engaged("trial_started").engaged("event_visit")

    assert story.all(StageChanged)[0].trigger is Trigger.WAKE


def test_a_sale_that_stalls_comes_back_to_nurture_and_not_to_another_rep() -> None:
    story = sql(Story()).idle_until("2026-07-01 09:00")

    assert story.one(RecycleFact).reason == "stalled"
    assert story.one(RecycleFact).trigger is Trigger.RETURN
    assert story.all(HandoverOffered) == []
