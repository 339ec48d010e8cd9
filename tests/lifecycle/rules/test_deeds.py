"""What sales did is recorded, not asked for: skipped steps are made, implied and in order."""

from dataclasses import replace

import pytest

from lifecycle.decide import Outcome
from lifecycle.facts import (
    ClockCancelled,
    ClockMet,
    ClockStarted,
    Contacted,
    HandoverOffered,
    LostFact,
    OpportunityChanged,
    OpportunityOpenedFact,
    RecycleFact,
    StageChanged,
    WonFact,
)
from lifecycle.stages import ClockName, HandoverKind, Stage, Trigger
from tests.lifecycle.builders import MONDAY, Story, brought_to, customer, differing, ms, opportunity
from tests.lifecycle.rules.standing import stands

BEFORE_SAL = [
    Stage.COLD,
    Stage.CURIOUS,
    Stage.WARM,
    Stage.NURTURE,
    Stage.LOST,
    Stage.DISQUALIFIED,
]


@pytest.mark.parametrize("stage", BEFORE_SAL)
def test_a_deal_from_before_sal_makes_claim_and_qualification_by_the_way(stage: Stage) -> None:
    story = brought_to(stage).opened("new", rep="bob")

    steps = story.all(StageChanged)
    assert [step.trigger for step in steps] == [
        Trigger.CLAIM,
        Trigger.QUALIFY_SALE,
        Trigger.OPEN_OPPORTUNITY,
    ]
    assert [step.implied for step in steps] == [True, True, False]
    assert [step.bant for step in steps] == [None, "unconfirmed", None]
    assert story.one(HandoverOffered).handover_kind is HandoverKind.CLAIM
    assert story.one(HandoverOffered).implied
    assert story.lead.person.owner == "bob"
    assert Stage.MQL not in {step.to_stage for step in steps}
    assert [clock.clock for clock in story.all(ClockStarted)] == [ClockName.DEAL]


def test_without_a_sender_the_known_assignee_is_the_rep() -> None:
    assert Story().assigned("bob").opened().lead.person.owner == "bob"
    assert Story().opened().lead.person.owner == "queue-europe"


def test_a_deal_at_mql_accepts_the_open_handover() -> None:
    story = brought_to(Stage.MQL).opened(rep="bob")

    assert [step.trigger for step in story.all(StageChanged)] == [
        Trigger.ACCEPT,
        Trigger.QUALIFY_SALE,
        Trigger.OPEN_OPPORTUNITY,
    ]
    assert story.all(HandoverOffered) == []
    assert [met.clock for met in story.all(ClockMet)] == [ClockName.ACCEPTANCE]
    assert (story.offer, story.lead.person.owner) == ("lead-1:h1", "bob")


def test_a_deal_at_sal_meets_qualification_and_cancels_the_rest() -> None:
    story = brought_to(Stage.SAL).opened()

    assert [met.clock for met in story.all(ClockMet)] == [ClockName.QUALIFICATION]
    assert [(end.clock, end.trigger) for end in story.all(ClockCancelled)] == [
        (ClockName.FIRST_CONTACT, "qualify_sale")
    ]
    assert not story.all(ClockCancelled)[0].uncontacted


@pytest.mark.parametrize("stage", [*BEFORE_SAL, Stage.MQL, Stage.SAL, Stage.SQL])
def test_a_win_of_an_unknown_deal_implies_the_deal_as_well(stage: Stage) -> None:
    story = brought_to(stage).won("new", "500", rep="bob")

    assert all(step.implied for step in story.all(StageChanged)[:-1])
    assert story.all(StageChanged)[-1].trigger is Trigger.WIN
    assert not story.all(StageChanged)[-1].implied
    assert story.one(OpportunityOpenedFact).implied
    assert story.one(WonFact).amount == "500"
    assert story.all(ClockStarted) == []
    assert story.running == set()


@pytest.mark.parametrize("stage", [*BEFORE_SAL, Stage.MQL, Stage.SAL, Stage.SQL])
def test_a_loss_of_an_unknown_deal_makes_the_steps_and_loses(stage: Stage) -> None:
    story = brought_to(stage).lost("new", "lost_no_decision", rep="bob")

    assert all(step.implied for step in story.all(StageChanged)[:-1])
    assert (story.stage, story.one(LostFact).lead_lost) == (Stage.LOST, True)
    assert story.running == {ClockName.NURTURE}


def test_a_second_win_or_loss_of_a_deal_tells_nothing() -> None:
    assert customer(Story()).won("d1", "1").kinds == []
    assert opportunity(Story()).opened("d2").lost("d1").lost("d1").kinds == []
    assert opportunity(Story()).lost("d1").lost("d1").outcome is Outcome.APPLIED


def test_a_lost_deal_reopens_by_an_opening_dated_after_its_end() -> None:
    story = opportunity(Story()).lost("d1").after(days=3).opened("d1", "700")

    assert story.one(OpportunityOpenedFact).reopened
    assert (story.stage, story.offer) == (Stage.OPPORTUNITY, "lead-1:h2")


def test_an_opening_dated_before_the_end_only_changes_the_deals_data() -> None:
    story = opportunity(Story()).after(days=3).lost("d1")

    story.at("2026-03-04 09:00", heard="2026-03-06 09:00").opened("d1", "700")

    assert (story.kinds, story.stage) == (["opportunity_changed"], Stage.LOST)
    assert story.one(OpportunityChanged).amount == "700"


def test_a_lost_deal_reopens_by_a_win() -> None:
    story = opportunity(Story()).lost("d1").after(days=3).won("d1", "700")

    assert story.one(WonFact).reopened
    assert story.one(OpportunityOpenedFact).reopened
    assert (story.stage, story.lead.won) == (Stage.CUSTOMER, 1)


def test_an_opening_of_a_won_deal_only_changes_its_data() -> None:
    story = customer(Story()).after(days=3).opened("d1", "700")

    assert (story.kinds, story.stage, story.lead.won) == (
        ["opportunity_changed"],
        Stage.CUSTOMER,
        1,
    )


@pytest.mark.parametrize(
    ("others", "stage"),
    [("none", Stage.LOST), ("open", Stage.OPPORTUNITY), ("won", Stage.CUSTOMER)],
)
def test_a_won_deal_that_falls_through_takes_its_revenue_back(others: str, stage: Stage) -> None:
    story = customer(Story())
    if others == "open":
        story.opened("d2")
    if others == "won":
        story.won("d2", "1")

    story.after(days=1).lost("d1", "lost_no_decision")

    loss = story.one(LostFact)
    assert (loss.was_won, loss.amount, loss.lead_lost) == (True, "9000", stage is Stage.LOST)
    assert story.stage is stage
    assert (story.lead.person.owner is None) == (stage is Stage.LOST)


def test_a_loss_while_another_deal_is_open_moves_nothing() -> None:
    story = opportunity(Story()).opened("d2").lost("d1")

    assert (story.stage, story.one(LostFact).lead_lost) == (Stage.OPPORTUNITY, False)
    assert story.lead.scores.gate_at is None


def test_the_last_open_deal_of_a_customer_may_be_lost() -> None:
    story = customer(Story()).opened("d2").lost("d2")

    assert (story.stage, story.lead.won) == (Stage.CUSTOMER, 1)


def test_a_customer_who_churns_has_neither_won_nor_open_deals() -> None:
    story = customer(Story()).opened("d2").after(days=30).recycled("churned")

    assert story.one(LostFact).opportunity == "d2"
    assert story.one(LostFact).reason == "churned"
    assert story.one(RecycleFact).reason == "churned"
    assert (story.stage, story.lead.won, story.lead.opportunities) == (Stage.NURTURE, 0, ())
    assert story.lost("d1").kinds == []
    assert story.after(days=1).opened("d1").one(OpportunityOpenedFact).reopened


def test_a_twenty_first_open_deal_is_illegal_and_changes_nothing() -> None:
    story = Story()
    for number in range(20):
        story.opened(f"d{number}")

    story.opened("d20")

    assert (story.code, len(story.lead.opportunities)) == ("too_many_opportunities", 20)
    assert story.opened("d3", "77").one(OpportunityChanged).amount == "77"
    assert story.won("d20", "1").stage is Stage.CUSTOMER


def test_of_ended_deals_twenty_are_remembered_and_the_number_won_always() -> None:
    story = Story()
    for number in range(25):
        story.won(f"d{number}", "1")

    assert (len(story.lead.ended), story.lead.won) == (20, 25)


def test_a_contact_at_mql_implies_the_accept() -> None:
    story = brought_to(Stage.MQL).reached()

    assert story.one(StageChanged).implied
    assert story.kinds.index("stage_changed") < story.kinds.index("contacted")
    assert [met.clock for met in story.all(ClockMet)] == [
        ClockName.ACCEPTANCE,
        ClockName.FIRST_CONTACT,
    ]
    assert story.lead.person.owner == "queue-europe"


@pytest.mark.parametrize("stage", [stage for stage in Stage if stage not in (Stage.MQL, Stage.SAL)])
def test_a_contact_anywhere_else_is_recorded_and_moves_nothing(stage: Stage) -> None:
    story = brought_to(stage).attempted()

    assert (story.kinds, story.stage) == (["contacted"], stage)


def test_an_attempt_that_is_the_only_one_asked_for_starts_no_cadence() -> None:
    cadence = differing().clocks[ClockName.CADENCE]

    once = {**differing().clocks, ClockName.CADENCE: replace(cadence, attempts=1)}
    story = brought_to(Stage.SAL).under(differing(clocks=once)).attempted()

    assert story.one(Contacted).attempt == 1
    assert ClockName.CADENCE not in story.running


def test_steps_made_late_are_dated_when_they_happened() -> None:
    story = Story().engaged("page_view").at("2026-03-02 10:00", heard="2026-03-05 10:00").won("d1")

    assert {fact.happened_at for fact in story.told} == {ms("2026-03-02 10:00")}
    assert stands(story, Stage.CUSTOMER)
    assert ms(MONDAY) < story.lead.at < ms("2026-03-05 10:00")
