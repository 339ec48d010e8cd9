"""Who is responsible: by the last assignment, for the offer, and for the sale."""

from lifecycle.facts import HandoverOffered, HandoverUpdated, OwnerChanged
from lifecycle.stages import ClockName, Stage
from tests.lifecycle.builders import Story, brought_to, mql, sal
from tests.lifecycle.rules.standing import stands


def offered(story: Story) -> HandoverOffered:
    return story.ever(HandoverOffered)[-1]


def test_assigned_at_mql_moves_the_offer_and_not_its_deadline() -> None:
    story = mql(Story())
    due_at = story.clock(ClockName.ACCEPTANCE).due_at

    story.after(hours=1).assigned("bob")

    updated = story.one(HandoverUpdated)
    assert (updated.change, updated.assignee, updated.accept_due_at) == ("assigned", "bob", due_at)
    assert story.told[0].context.owner == "bob"
    clock = story.clock(ClockName.ACCEPTANCE)
    assert (clock.assignee, clock.due_at, clock.run) == ("bob", due_at, 1)
    assert story.assigned("bob").kinds == []


def test_assigned_from_sal_on_changes_the_owner() -> None:
    story = sal(Story()).assigned("bob", "new_york")

    assert story.one(OwnerChanged) == OwnerChanged("ann", "bob", "new_york")
    assert (story.lead.person.owner, story.lead.person.team) == ("bob", "new_york")
    assert {clock.assignee for clock in story.lead.clocks} == {"bob"}
    assert stands(story, Stage.SAL)


def test_assigned_before_mql_is_remembered_and_moves_nothing() -> None:
    story = brought_to(Stage.WARM).assigned("bob")

    assert story.kinds == []
    assert offered(story.engaged("demo_request")).assignee == "bob"


def test_after_giving_a_lead_back_its_last_owner_is_on_its_facts() -> None:
    story = sal(Story()).assigned("bob").recycled()

    assert {fact.context.owner for fact in story.told} == {"bob"}
    assert story.lead.person.owner is None
