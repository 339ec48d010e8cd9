"""Which touches are told: news before mql, one an activity and day from mql on."""

from lifecycle.facts import Touched
from tests.lifecycle.builders import Story, mql


def test_before_mql_only_news_is_told_of_touches() -> None:
    story = Story()

    assert story.engaged("page_view", campaign="a").one(Touched).first_of_campaign
    assert story.engaged("page_view", campaign="a").all(Touched) == []
    assert story.engaged("page_view", campaign="b").one(Touched).first_of_campaign
    assert story.engaged("page_view").all(Touched) == []
    assert story.engaged("pricing_view").one(Touched).buying_signal
    assert story.engaged("pricing_view").one(Touched).buying_signal
    assert story.engaged("demo_request").one(Touched).hand_raise


def test_from_mql_on_a_touch_is_told_once_an_activity_and_day() -> None:
    story = mql(Story()).after(hours=1).engaged("page_view")
    assert len(story.all(Touched)) == 1

    assert story.after(hours=1).engaged("page_view").all(Touched) == []
    assert len(story.engaged("case_study_view").all(Touched)) == 1
    assert len(story.after(days=1).engaged("page_view").all(Touched)) == 1


def test_an_activity_that_the_definition_does_not_name_counts_nothing() -> None:
    story = Story().engaged("juggling", times=50)

    assert story.lead.scores.accumulators == {}
    assert story.lead.touches.last[-1].activity == "juggling"
    assert story.ever(Touched) == []
