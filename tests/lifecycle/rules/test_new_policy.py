"""A newly adopted definition and the points that a lead was given before."""

from dataclasses import replace

from lifecycle import scoring
from lifecycle.policy import Policy
from lifecycle.stages import Stage
from tests.lifecycle.builders import DAY_MS, POLICY, Story, brought_to, differing
from tests.lifecycle.rules.standing import stands


def live(story: Story, policy: Policy) -> int:
    return scoring.totals(story.lead.scores, policy, story.lead.at).engagement_mp


def fading(days: int) -> Policy:
    """Return the definition with another half-life of webinars."""
    webinar = replace(POLICY.activities["webinar_attended"], half_life_ms=days * DAY_MS)
    return differing(activities={**POLICY.activities, "webinar_attended": webinar})


def test_what_is_left_of_the_points_fades_by_the_new_half_life_from_the_next_signal_on() -> None:
    story = Story().engaged("webinar_attended").after(days=30).under(fading(1)).profiled(role="it")
    assert live(story, story.policy) == 7_000

    story.after(days=1).profiled(role="finance")

    assert live(story, story.policy) == 3_500


def test_a_review_carries_over_as_well() -> None:
    story = Story().engaged("webinar_attended", times=2).under(fading(1))

    story.tick("2026-03-03 09:03")

    assert story.lead.scores.policy == "other"
    assert story.lead.scores.accumulators["webinar_attended"].half_life_ms == DAY_MS


def test_an_activity_that_is_no_longer_named_is_dropped() -> None:
    without = {k: v for k, v in POLICY.activities.items() if k != "webinar_attended"}
    story = brought_to(Stage.WARM).under(differing(activities=without)).profiled(role="it")

    assert "webinar_attended" not in story.lead.scores.accumulators
    assert not stands(story, Stage.WARM)


def test_given_points_are_not_given_again_and_caps_hold_at_once() -> None:
    webinar = replace(POLICY.activities["webinar_attended"], points_mp=1000, cap_mp=20_000)
    policy = differing(activities={**POLICY.activities, "webinar_attended": webinar})

    story = Story().engaged("webinar_attended", times=2).under(policy).profiled(role="it")

    assert live(story, policy) == 20_000
    assert story.lead.scores.accumulators["webinar_attended"].points == 28


def test_a_lead_is_judged_by_the_new_thresholds_at_its_next_signal() -> None:
    story = Story().engaged("webinar_attended").under(differing(curious_mp=14_000))
    assert stands(story, Stage.COLD)

    assert stands(story.profiled(role="it"), Stage.CURIOUS)


def test_fit_is_replaced_and_never_accrued() -> None:
    story = Story().profiled(seniority="manager").profiled(seniority="vp")
    assert scoring.fit(story.lead.profile, POLICY) == 22_000

    story.profiled(clear=("seniority",))

    assert scoring.fit(story.lead.profile, POLICY) == 0
    receipt = scoring.receipt(
        story.lead.scores, story.lead.profile, story.stage, POLICY, story.lead.at, "look"
    )
    assert "seniority" in receipt.unknown


def test_a_day_shuffled_leaves_the_score_as_it_was() -> None:
    day = [("pricing_view", 9), ("page_view", 10), ("unsubscribe", 12), ("webinar_attended", 15)]
    ahead, back = Story("2026-03-02 20:00"), Story("2026-03-02 20:00")
    for activity, hour in day:
        ahead.at(f"2026-03-02 {hour:02}:00").engaged(activity)
    for activity, hour in reversed(day):
        back.at(f"2026-03-02 {hour:02}:00", heard="2026-03-02 20:00").engaged(activity)

    assert live(ahead, POLICY) == live(back, POLICY)
