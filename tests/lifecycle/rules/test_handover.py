"""What an offer tells sales, to whom it goes, and what it owes."""

from lifecycle.facts import HandoverOffered
from lifecycle.signals import Voice
from lifecycle.stages import ClockName, HandoverKind
from tests.lifecycle.builders import POLICY, Story, mql, ms


def offered(story: Story) -> HandoverOffered:
    return story.ever(HandoverOffered)[-1]


def test_an_offer_has_a_number_a_receipt_a_grade_and_a_play() -> None:
    story = mql(Story())

    offer = offered(story)
    assert (offer.handover, offer.handover_kind, offer.attempt) == (
        "lead-1:h1",
        HandoverKind.QUALIFIED,
        1,
    )
    assert (offer.receipt.rule, offer.receipt.grade) == ("qualify", "B1")
    assert offer.receipt.policy == POLICY.version
    assert sum(part.points_mp for part in offer.receipt.fit) == offer.receipt.fit_mp
    assert sum(p.points_mp for p in offer.receipt.activities) == offer.receipt.engagement_mp
    assert offer.play == POLICY.activities["roi_calculator"].play


def test_without_a_living_buying_signal_the_play_is_the_definitions_own() -> None:
    assert offered(Story().nominated()).play == POLICY.default_play


def test_an_offer_shows_first_and_last_touches_by_time() -> None:
    story = Story().at("2026-03-02 10:00")
    for minute, activity in enumerate(["page_view"] * 6 + ["webinar_attended"]):
        story.at(f"2026-03-02 10:{minute:02}").engaged(activity)
    story.at("2026-03-01 08:00", heard="2026-03-02 11:00").engaged("ad_click")

    offer = offered(story.at("2026-03-02 12:00").engaged("demo_request"))

    first = [touch.activity for touch in offer.first_touches]
    last = [touch.activity for touch in offer.last_touches]
    assert first == ["ad_click", "page_view", "page_view"]
    assert last == ["page_view", "page_view", "page_view", "webinar_attended", "demo_request"]


def test_an_offer_says_both_deadlines() -> None:
    story = mql(Story())
    offer = offered(story)

    assert offer.accept_due_at == ms("2026-03-02 17:00")
    assert offer.contact_due_at == ms("2026-03-03 12:00")  # if accepted at the last moment
    assert story.clock(ClockName.ACCEPTANCE).due_at == offer.accept_due_at


def test_an_offer_tells_what_was_heard_before_and_who_said_no() -> None:
    heard = Voice(("high_cost",), ("price",), ("support",), "acme", "the price list")
    story = mql(Story()).rejected("bad_timing", "ann", voice=heard)

    offer = offered(story.after(days=1).engaged("demo_request"))

    assert (offer.pain_points, offer.objections) == (("high_cost",), ("price",))
    assert (offer.questions, offer.competitors) == (("support",), ("acme",))
    no = offer.rejections[0]
    assert (no.handover_id, no.reason, no.rep) == ("lead-1:h1", "bad_timing", "ann")


def test_routing_looks_at_the_profile_and_the_first_route_wins() -> None:
    assert offered(Story().nominated()).assignee == "queue-europe"
    assert offered(Story().profiled(country="us").nominated()).assignee == "queue-americas"
    big = Story().profiled(country="US", employees=9000).nominated()
    assert (offered(big).assignee, offered(big).team) == ("queue-enterprise", "berlin")


def test_the_last_assignment_overrides_the_routing() -> None:
    story = Story().assigned("ann", "new_york").profiled(employees=9000).nominated()

    assert (offered(story).assignee, offered(story).team) == ("ann", "new_york")
    assert story.clock(ClockName.ACCEPTANCE).calendar == "team:new_york"


def test_acceptance_runs_in_the_assignees_hours() -> None:
    story = Story().assigned("rep-part-time").nominated()

    assert story.clock(ClockName.ACCEPTANCE).calendar == "rep:rep-part-time"
    assert story.clock(ClockName.ACCEPTANCE).due_at == ms("2026-03-04 14:00")
