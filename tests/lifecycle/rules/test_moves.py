"""Derived moves: where one applies it is made, where none does nothing happens."""

import pytest

from lifecycle.facts import HandoverOffered, HandoverWithdrawn, HeadsUp, StageChanged
from lifecycle.stages import HandoverKind, Stage, Trigger
from tests.lifecycle.builders import POLICY, Story, brought_to, differing
from tests.lifecycle.rules.standing import stands


def steps(story: Story) -> list[tuple[Stage, Stage, Trigger]]:
    """Return the moves of the last step."""
    return [(move.from_stage, move.to_stage, move.trigger) for move in story.all(StageChanged)]


def test_a_lead_warms_up_at_the_very_threshold() -> None:
    story = Story().engaged("webinar_attended")
    assert stands(story, Stage.COLD)

    story.engaged("page_view")

    assert steps(story) == [(Stage.COLD, Stage.CURIOUS, Trigger.WARM_UP)]


def test_a_lead_may_climb_two_stages_at_once() -> None:
    story = Story().under(differing(warm_mp=20_000)).engaged("trial_started")

    assert steps(story) == [(Stage.COLD, Stage.WARM, Trigger.WARM_UP)]


def test_a_lead_cools_only_well_under_the_threshold_it_climbed() -> None:
    story = brought_to(Stage.CURIOUS)  # 17 points that halve in 14 to 30 days
    story.idle_until("2026-03-20 09:00")
    assert stands(story, Stage.CURIOUS)

    story.idle_until("2026-04-20 09:00")

    assert stands(story, Stage.COLD)
    assert story.one(StageChanged).trigger is Trigger.COOL_DOWN


def test_a_lead_may_fall_two_stages_at_once() -> None:
    story = brought_to(Stage.WARM).after(minutes=1).engaged("spam_complaint")

    assert steps(story) == [(Stage.WARM, Stage.COLD, Trigger.COOL_DOWN)]


def test_a_lead_falls_from_warm_to_curious() -> None:
    story = brought_to(Stage.WARM).after(minutes=1).engaged("unsubscribe")

    assert steps(story) == [(Stage.WARM, Stage.CURIOUS, Trigger.COOL_DOWN)]


@pytest.mark.parametrize("stage", [Stage.COLD, Stage.CURIOUS, Stage.WARM])
def test_a_lead_that_meets_the_definition_qualifies_past_the_stages_between(stage: Stage) -> None:
    story = brought_to(stage).fitting()
    easy = differing(mql_engagement_mp=1000)

    story.under(easy).engaged("pricing_view")

    assert steps(story) == [(stage, Stage.MQL, Trigger.QUALIFY)]
    assert story.one(HandoverOffered).handover_kind is HandoverKind.QUALIFIED


def test_a_lead_in_nurture_qualifies_without_waking_first() -> None:
    story = brought_to(Stage.NURTURE).after(days=10)  # in contract: no early wake
    for activity in ("trial_started", "roi_calculator", "webinar_attended", "pricing_view"):
        story.engaged(activity)

    assert steps(story) == [(Stage.NURTURE, Stage.MQL, Trigger.QUALIFY)]


def test_a_lost_lead_does_not_qualify_however_keen_it_is() -> None:
    story = brought_to(Stage.LOST).after(days=10)  # to a competitor: no early wake
    for activity in ("trial_started", "roi_calculator", "roi_calculator", "webinar_attended"):
        story.engaged(activity)

    assert stands(story, Stage.LOST)


@pytest.mark.parametrize("lacking", ["fit", "engagement", "buying signal"])
def test_each_part_of_the_definition_is_needed(lacking: str) -> None:
    story = Story()
    if lacking != "fit":
        story.fitting()
    if lacking == "buying signal":
        for activity in ("event_visit", "webinar_attended", "ebook_download"):
            story.engaged(activity, times=2)
    else:
        story.engaged("trial_started")
    if lacking == "fit":
        story.engaged("event_visit", times=2).engaged("webinar_attended", times=2)

    assert story.stage is Stage.WARM or lacking == "engagement"
    assert story.ever(HandoverOffered) == []


def test_a_buying_signal_that_faded_below_its_floor_is_not_alive() -> None:
    story = Story().fitting().engaged("pricing_view")
    story.after(days=9)
    for activity in ("event_visit", "webinar_attended", "ebook_download"):
        story.engaged(activity, times=2)
    assert stands(story, Stage.WARM)

    story.engaged("pricing_view")

    assert stands(story, Stage.MQL)


def test_an_offer_that_cools_before_its_warning_goes_back_to_warm() -> None:
    story = brought_to(Stage.MQL).after(minutes=1).engaged("spam_complaint")

    assert steps(story) == [(Stage.MQL, Stage.WARM, Trigger.COOL_DOWN)]
    assert story.one(HandoverWithdrawn).reason == "cooled"
    assert story.all(HeadsUp) == []


def test_an_offer_whose_fit_is_gone_cools_as_well() -> None:
    story = brought_to(Stage.MQL).after(minutes=1).profiled(seniority="intern")

    assert steps(story) == [(Stage.MQL, Stage.WARM, Trigger.COOL_DOWN)]


def test_an_offer_stays_once_its_acceptance_has_warned_and_says_once_that_it_cooled() -> None:
    story = brought_to(Stage.MQL).tick("2026-03-02 14:00")
    assert story.kinds == ["clock_warned"]

    story.engaged("spam_complaint")
    assert (story.stage, story.kinds) == (Stage.MQL, ["touched", "handover_updated"])

    story.after(minutes=5).engaged("unsubscribe")
    assert story.kinds == ["touched"]


@pytest.mark.parametrize("kind", ["hand raise", "nominated", "return"])
def test_an_offer_that_did_not_come_from_qualify_never_cools(kind: str) -> None:
    story = brought_to(Stage.MQL) if kind == "return" else Story()
    if kind == "hand raise":
        story.fitting().engaged("trial_started").engaged("demo_request")
    elif kind == "nominated":
        story.under(differing(mql_engagement_mp=90_000)).fitting().engaged("trial_started")
        story.engaged("event_visit", times=2).engaged("webinar_attended", times=2).nominated()
        story.under(POLICY)
    else:
        story.idle_until("2026-03-03 17:10")
    assert stands(story, Stage.MQL)

    story.after(minutes=1).engaged("spam_complaint").after(minutes=1).engaged("unsubscribe")

    assert stands(story, Stage.MQL)
    assert len([body for body in story.facts if body.body.kind == "handover_updated"]) == 1


def test_what_never_met_the_definition_is_not_told_to_have_cooled() -> None:
    story = Story().nominated().after(minutes=5).engaged("spam_complaint")

    assert (story.stage, story.kinds) == (Stage.MQL, ["touched"])


def test_points_count_even_where_nothing_moves() -> None:
    story = brought_to(Stage.SAL)
    before = len(story.lead.scores.accumulators)

    story.engaged("case_study_view")

    assert stands(story, Stage.SAL)
    assert len(story.lead.scores.accumulators) == before + 1
