"""What every fact carries besides its own matter."""

from lifecycle import clocks
from lifecycle.facts import OwnerChanged, StageChanged
from lifecycle.signals import Claimed, Voice
from lifecycle.stages import ClockName, HandoverKind
from tests.lifecycle.builders import POLICY, Story, mql, sal


def test_facts_carry_the_offer_from_the_handover_on() -> None:
    story = Story().engaged("ad_click", campaign="spring", source="google", content="banner")
    story.engaged("demo_request", campaign="summer", source="web", content="form").accepted("ann")

    before, after = story.facts[0].context, story.facts[-1].context
    assert (before.handover_id, before.grade, before.owner) == (None, None, None)
    assert (after.handover_id, after.handover_kind) == ("lead-1:h1", HandoverKind.HAND_RAISE)
    assert (after.arrival_campaign, after.arrival_source) == ("spring", "google")
    assert (after.touch_campaign, after.touch_source, after.touch_content) == (
        "summer",
        "web",
        "form",
    )
    assert (after.grade, after.owner, after.team) == ("D2", "ann", "berlin")
    assert {fact.context.policy for fact in story.facts} == {POLICY.version}


def test_a_later_touch_does_not_change_what_an_offer_came_from() -> None:
    story = Story().engaged("demo_request", campaign="spring").engaged("ad_click", campaign="later")

    assert story.facts[-1].context.touch_campaign == "spring"


def test_the_fact_that_records_a_feedback_carries_what_was_heard() -> None:
    heard = Voice(("high_cost",), content_used="the price list")
    story = mql(Story()).accepted(voice=heard)

    assert story.one(StageChanged).voice == heard
    assert story.attempted(voice=heard).kinds[0] == "contacted"
    assert getattr(story.told[0].body, "voice", None) == heard


def test_a_change_of_owner_carries_what_the_claimant_heard() -> None:
    heard = Voice(questions=("support",))
    story = sal(Story()).says(Claimed("bob", "old friend", heard))

    assert story.one(OwnerChanged).voice == heard


def test_clock_facts_name_what_they_belong_to() -> None:
    story = sal(Story()).reached().qualified().opened("d7")

    clock = story.clock(ClockName.DEAL)
    assert (clock.ref, clock.run, clock.level) == ("d7", 1, 1)
    assert story.opened("d7", "1").clock(ClockName.DEAL).run == 2
    assert clocks.next_due(story.lead) == story.clock(ClockName.DEAL).warn_at
