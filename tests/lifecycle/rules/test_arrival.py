"""How a lead becomes known, and what every fact says of where it came from."""

import pytest

from lifecycle import signals
from lifecycle.decide import Outcome
from lifecycle.facts import Arrived, HandoverOffered, StageChanged
from lifecycle.signals import Body
from lifecycle.stages import ClockName, HandoverKind, Stage
from tests.lifecycle.builders import DAY_MS, MONDAY, Story, ms

OF_MARKETING: list[tuple[Body, Stage]] = [
    (signals.Engaged("page_view"), Stage.COLD),
    (signals.Engaged("nobody_named_this"), Stage.COLD),
    (signals.Engaged("webinar_attended"), Stage.COLD),
    (signals.Engaged("demo_request"), Stage.MQL),
    (signals.Profiled({"role": "it"}), Stage.COLD),
    (signals.Profiled({"role": "student"}), Stage.DISQUALIFIED),
    (signals.Assigned("ann"), Stage.COLD),
    (signals.Nominated("mia", "met at the fair"), Stage.MQL),
]
OF_SALES: list[tuple[Body, Stage]] = [
    (signals.Claimed("ann", "old friend"), Stage.SAL),
    (signals.ContactAttempted("phone", reached=True), Stage.COLD),
    (signals.Disqualified("no_fit"), Stage.DISQUALIFIED),
    (signals.OpportunityOpened("d1", "1000", "EUR", "2026-06-30"), Stage.OPPORTUNITY),
    (signals.Won("d1", "1000"), Stage.CUSTOMER),
    (signals.Lost("d1", "lost_to_competitor"), Stage.LOST),
]
REFUSED: list[Body] = [
    signals.Accepted("lead-1:h1"),
    signals.Rejected("lead-1:h1", "no_fit"),
    signals.Qualified(budget=True, authority=True, need=True, timeline_days=30),
    signals.Recycled("bad_timing"),
    signals.Reinstated("mia", "a mistake"),
    signals.ClockPaused(ClockName.QUALIFICATION, "on leave", ms(MONDAY) + DAY_MS),
    signals.ClockResumed(ClockName.QUALIFICATION),
]


@pytest.mark.parametrize(("body", "stage"), OF_MARKETING)
def test_what_marketing_sees_of_a_stranger_makes_it_a_lead(body: Body, stage: Stage) -> None:
    story = Story().says(body)

    assert story.facts[0].context.stage is Stage.COLD
    assert story.one(Arrived).origin == "marketing"
    assert (story.outcome, story.stage) == (Outcome.APPLIED, stage)


@pytest.mark.parametrize(("body", "stage"), OF_SALES)
def test_what_sales_does_with_a_stranger_makes_it_a_lead(body: Body, stage: Stage) -> None:
    story = Story().says(body)

    assert story.facts[0].context.stage is Stage.COLD
    assert story.one(Arrived).origin == "sales"
    assert (story.outcome, story.stage) == (Outcome.APPLIED, stage)


@pytest.mark.parametrize("body", REFUSED)
def test_a_stranger_arrives_before_the_request_is_refused(body: Body) -> None:
    story = Story().says(body)

    assert story.kinds == ["arrived", "refused"]
    assert (story.outcome, story.stage) == (Outcome.ILLEGAL, Stage.COLD)


def test_the_arrival_says_where_from() -> None:
    story = Story().engaged("ad_click", campaign="spring", source="google", content="banner")

    context = story.facts[0].context
    assert story.facts[0].body == Arrived("marketing")
    assert (context.arrival_campaign, context.arrival_source) == ("spring", "google")
    assert context.arrival_content == "banner"


def test_the_first_known_touch_stays_the_arrivals_for_good() -> None:
    story = Story().profiled(role="it").engaged("page_view", content="home")
    story.engaged("ad_click", campaign="spring", source="google")
    story.after(days=-30).engaged("ad_click", campaign="older", source="bing")
    story.after(days=60).engaged("demo_request", campaign="summer", source="web")

    assert {fact.context.arrival_campaign for fact in story.facts[:1]} == {None}
    assert {fact.context.arrival_campaign for fact in story.facts[1:]} == {"spring"}
    assert {fact.context.arrival_source for fact in story.facts[1:]} == {"google"}


def test_a_deal_of_a_stranger_makes_the_skipped_steps_and_names_its_rep() -> None:
    story = Story().opened("d1", rep="ann")

    assert [fact.to_stage for fact in story.all(StageChanged)] == [
        Stage.SAL,
        Stage.SQL,
        Stage.OPPORTUNITY,
    ]
    assert story.one(HandoverOffered).handover_kind is HandoverKind.CLAIM
    assert story.lead.person.owner == "ann"
