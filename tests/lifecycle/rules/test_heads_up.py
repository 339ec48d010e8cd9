"""Early notice: sales hears of a warm lead, at most once in thirty days."""

from lifecycle.stages import ClockName, Stage
from tests.lifecycle.builders import Story, brought_to, mql
from tests.lifecycle.rules.standing import stands


def test_reaching_warm_tells_sales_early_at_most_once_in_thirty_days() -> None:
    story = brought_to(Stage.WARM)
    assert "heads_up" in story.kinds
    assert story.running == {ClockName.REVIEW}

    story.after(days=1).engaged("unsubscribe").after(days=1).engaged("event_visit", times=2)
    assert stands(story, Stage.WARM)
    assert "heads_up" not in story.kinds

    story.idle_until("2026-04-25 09:00")
    assert stands(story, Stage.COLD)
    story.engaged("event_visit", times=2).engaged("webinar_attended", times=2)
    assert "heads_up" in story.kinds


def test_an_offer_that_cools_to_warm_is_no_early_notice() -> None:
    story = mql(Story()).after(minutes=1).profiled(seniority="intern")

    assert stands(story, Stage.WARM)
    assert "heads_up" not in story.kinds
