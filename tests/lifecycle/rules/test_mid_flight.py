"""A lead may refer to what the definition in force knows no more."""

from lifecycle.facts import HandoverOffered
from lifecycle.policy import Condition, Route
from lifecycle.stages import ClockName, Stage
from tests.lifecycle.builders import HOUR_MS, POLICY, Story, brought_to, differing
from tests.lifecycle.rules.standing import stands


def offered(story: Story) -> HandoverOffered:
    return story.ever(HandoverOffered)[-1]


def test_a_lead_may_speak_of_what_the_definition_knows_no_more() -> None:
    bare = differing(
        version="bare",
        activities={"page_view": POLICY.activities["page_view"]},
        disqualify_reasons={},
        junk=(),
        routes=(Route("other", "new_york"),),
        teams={"new_york": POLICY.teams["new_york"]},
        reps={},
        escalation=Route("chief", "new_york"),
    )
    for stage in Stage:
        story = brought_to(stage).under(bare).after(days=1)
        story.engaged("demo_request").profiled(role="student").idle_until("2026-03-20 09:00")
        story.assigned("zoe").engaged("page_view").claimed().opened().won().lost("d1", "bad_timing")
        assert story.facts[-1].context.policy == "bare"


def test_a_rep_whose_hours_are_gone_works_in_the_teams() -> None:
    story = Story().assigned("rep-part-time").nominated().under(differing(reps={}))
    story.idle_until("2026-03-04 14:05")

    assert story.clock(ClockName.ACCEPTANCE).calendar == "team:berlin"
    assert story.clock(ClockName.ACCEPTANCE).allowed_ms == 8 * HOUR_MS


def test_a_newly_adopted_definition_moves_nobody_by_itself() -> None:
    story = brought_to(Stage.CURIOUS).under(differing(curious_mp=90_000, warm_mp=95_000))

    story.tick("2026-03-02 12:00")
    assert (story.kinds, story.stage) == ([], Stage.CURIOUS)

    story.tick("2026-03-03 09:03")
    assert stands(story, Stage.COLD)


def test_a_route_may_ask_for_what_is_unknown() -> None:
    unknown = Route("research", "berlin", (Condition("employees", "unknown"),))
    story = Story().under(differing(routes=(unknown, *POLICY.routes)))

    assert offered(story.nominated()).assignee == "research"
