"""An offer that nobody answered goes to the escalation, then back to marketing."""

from lifecycle.facts import HandoverOffered, StageChanged
from lifecycle.stages import HandoverKind, Stage
from tests.lifecycle.builders import Story, differing, mql, sal
from tests.lifecycle.rules.standing import stands


def offered(story: Story) -> HandoverOffered:
    return story.ever(HandoverOffered)[-1]


def test_a_returned_offer_goes_to_the_escalations_assignee() -> None:
    story = mql(Story()).assigned("bob").idle_until("2026-03-03 17:10")

    offer = offered(story)
    assert (offer.handover, offer.handover_kind, offer.attempt) == (
        "lead-1:h2",
        HandoverKind.RETURN,
        2,
    )
    assert (offer.assignee, offer.team) == ("head-of-sales", "berlin")
    move = story.all(StageChanged)[-1]
    assert (move.reason, move.from_stage, move.to_stage) == (
        "not_followed_up",
        Stage.MQL,
        Stage.MQL,
    )


def test_an_offer_of_another_kind_begins_at_the_first_attempt_with_returns_of_its_own() -> None:
    story = mql(Story()).idle_until("2026-03-06 09:00")
    assert stands(story, Stage.NURTURE)

    story.engaged("demo_request")

    assert offered(story).attempt == 1
    assert story.lead.person.returns == 0


def test_a_definition_without_returns_sends_it_to_nurture_at_once() -> None:
    story = mql(Story()).under(differing(returns_max=0)).idle_until("2026-03-04 17:10")

    assert stands(story, Stage.NURTURE)
    assert len(story.ever(HandoverOffered)) == 1


def test_contact_that_broke_for_the_last_time_returns_the_lead_from_sal() -> None:
    story = sal(Story()).idle_until("2026-03-02 17:10")

    assert (story.stage, offered(story).handover_kind) == (Stage.MQL, HandoverKind.RETURN)
    assert story.lead.person.owner is None
