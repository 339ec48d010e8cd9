"""What a signal leaves with a lead before anything moves: touches, attributes, codes, points."""

import pytest

from lifecycle.facts import Arrived, HandoverOffered, StageChanged, Touched
from lifecycle.lead import (
    ATTRIBUTES_MAX,
    CODES_MAX,
    TOUCHES_FIRST_MAX,
    TOUCHES_LAST_MAX,
)
from lifecycle.signals import Accepted, Profiled, Voice
from lifecycle.stages import Stage
from tests.lifecycle.builders import DAY_MS, Story, brought_to, cold, mql, sal

# Arrival.


def test_a_lead_arrives_by_its_first_touch() -> None:
    story = Story().engaged("ad_click", campaign="spring", source="ads", content="banner")

    assert story.one(Arrived).origin == "marketing"
    context = story.told[-1].context
    assert (context.arrival_source, context.arrival_campaign, context.arrival_content) == (
        "ads",
        "spring",
        "banner",
    )


def test_the_first_known_touch_is_the_arrivals_for_good() -> None:
    story = Story().profiled(role="it").engaged("page_view").engaged("ad_click", source="ads")

    story.engaged("webinar_attended", campaign="autumn", source="mail")

    arrival = story.lead.arrival
    assert (arrival.source, arrival.campaign) == ("ads", None)
    assert arrival.at == story.now


@pytest.mark.parametrize(
    ("story", "origin"),
    [
        (Story().engaged("page_view"), "marketing"),
        (Story().profiled(role="it"), "marketing"),
        (Story().assigned("ann"), "marketing"),
        (Story().nominated(), "marketing"),
        (Story().claimed(), "sales"),
        (Story().attempted(), "sales"),
        (Story().opened(), "sales"),
    ],
    ids=lambda value: value if isinstance(value, str) else value.kinds[-1],
)
def test_who_spoke_first_of_a_lead_is_its_origin(story: Story, origin: str) -> None:
    assert [arrived.origin for arrived in story.ever(Arrived)] == [origin]


# Touches.


def test_the_first_and_the_last_touches_are_kept_by_their_own_time() -> None:
    story = Story()
    begin = story.now
    for day in (5, 4, 9, 1, 8, 2, 7, 3, 6):
        story.at(begin + day * DAY_MS, heard=begin + 10 * DAY_MS).engaged(
            "email_click", content=f"day-{day}"
        )

    touches = story.lead.touches
    assert [touch.content for touch in touches.first] == ["day-1", "day-2", "day-3"]
    assert [touch.content for touch in touches.last] == [f"day-{day}" for day in (5, 6, 7, 8, 9)]
    assert (len(touches.first), len(touches.last)) == (TOUCHES_FIRST_MAX, TOUCHES_LAST_MAX)


def test_a_campaign_is_told_once() -> None:
    story = cold(Story())
    assert story.one(Touched).first_of_campaign

    assert story.engaged("page_view", campaign="spring").kinds == []
    assert story.engaged("page_view", campaign="autumn").one(Touched).first_of_campaign
    assert story.engaged("page_view").kinds == []


def test_buying_signals_and_raised_hands_are_told_each_time_before_the_offer() -> None:
    story = cold(Story())

    assert story.engaged("pricing_view").one(Touched).buying_signal
    assert story.engaged("pricing_view").one(Touched).buying_signal
    assert story.engaged("demo_request").one(Touched).hand_raise


def test_from_the_offer_on_an_activity_is_told_once_a_day() -> None:
    story = brought_to(Stage.MQL, "2026-03-02 09:00")

    assert story.engaged("page_view").kinds == ["touched"]
    assert story.engaged("page_view", campaign="autumn").kinds == []
    assert story.engaged("email_open").kinds == ["touched"]
    assert "touched" in story.at("2026-03-03 09:00").engaged("page_view").kinds


def test_what_the_definition_does_not_name_is_told_by_its_campaign_alone() -> None:
    story = brought_to(Stage.SAL)

    assert story.engaged("unheard_of").kinds == []
    assert story.engaged("unheard_of", campaign="autumn").kinds == ["touched"]
    assert "unheard_of" not in story.lead.scores.accumulators
    assert "unheard_of" not in story.lead.touches.told_days


def test_an_offer_carries_the_touches_so_far_and_names_the_last() -> None:
    story = mql(Story())

    offer = story.one(HandoverOffered)
    assert [touch.activity for touch in offer.last_touches][-1] == "roi_calculator"
    assert len(offer.first_touches) == TOUCHES_FIRST_MAX
    assert story.told[-1].context.touch_campaign is None
    assert story.told[-1].context.grade == offer.receipt.grade == "B1"


# Attributes.


def test_an_attribute_is_what_was_said_of_it_last() -> None:
    story = Story().at("2026-03-05 09:00").profiled(role="it")

    story.at("2026-03-04 09:00", heard="2026-03-06 09:00").profiled(role="finance", country="DE")

    profile = story.lead.profile
    assert (profile["role"].value, profile["country"].value) == ("it", "DE")


def test_a_cleared_attribute_stays_cleared_against_older_news() -> None:
    story = Story().profiled(role="it").at("2026-03-05 09:00").profiled(clear=("role",))

    story.at("2026-03-04 09:00", heard="2026-03-06 09:00").profiled(role="finance")

    assert story.lead.profile["role"].value is None


def test_a_flood_of_attributes_drops_the_oldest_words() -> None:
    story = Story().profiled(role="it").after(days=1)

    story.says(Profiled({f"attribute_{number:02}": number for number in range(ATTRIBUTES_MAX)}))

    assert len(story.lead.profile) == ATTRIBUTES_MAX
    assert "role" not in story.lead.profile


def test_a_promotion_changes_the_points_it_adds_none() -> None:
    story = cold(Story()).profiled(seniority="manager").profiled(seniority="director")

    story.nominated()

    assert story.one(StageChanged).receipt.fit_mp == 20_000


def test_a_silenced_junk_rule_sleeps_until_what_it_reads_changes() -> None:
    story = cold(Story()).profiled(relationship="competitor").reinstated()
    assert story.stage is Stage.COLD

    assert story.profiled(country="DE").stage is Stage.COLD
    assert story.after(minutes=1).profiled(relationship="competitor").stage is Stage.COLD
    story.after(minutes=1).profiled(relationship="partner")
    assert story.lead.person.junk_silenced == ()
    assert story.after(minutes=1).profiled(relationship="competitor").stage is Stage.DISQUALIFIED


# What sales heard.


def test_what_sales_heard_is_kept_for_the_next_handover() -> None:
    heard = Voice(("manual_work",), ("price",), ("support",), "acme", "one-pager")
    story = mql(Story()).accepted(voice=heard)
    assert story.one(StageChanged).voice == heard

    again = Voice(("manual_work", "data_silos"), competitor="northwind")
    story.attempted(voice=again).recycled("in_contract", until="2026-03-02 09:00").nominated()

    offer = story.one(HandoverOffered)
    assert offer.pain_points == ("manual_work", "data_silos")
    assert (offer.objections, offer.questions) == (("price",), ("support",))
    assert offer.competitors == ("acme", "northwind")


def test_codes_are_remembered_up_to_a_bound_the_latest_first_to_stay() -> None:
    story = sal(Story())
    for number in range(CODES_MAX + 2):
        story.attempted(voice=Voice(objections=(f"code_{number}",)))

    objections = story.lead.person.objections
    assert (len(objections), objections[-1]) == (CODES_MAX, f"code_{CODES_MAX + 1}")


def test_an_illegal_request_is_not_heard_out() -> None:
    story = sal(Story())

    story.says(Accepted("lead-1:h7", "bob", Voice(objections=("price",))))

    assert story.code == "stale_handover"
    assert story.lead.person.objections == ()
