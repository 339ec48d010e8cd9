"""What sales did with deals is recorded from wherever the lead is, skipped steps included."""

import pytest

from lifecycle.decide import Outcome
from lifecycle.facts import (
    ClockStarted,
    HandoverOffered,
    LostFact,
    OpportunityChanged,
    OpportunityOpenedFact,
    RecycleFact,
    StageChanged,
    WonFact,
)
from lifecycle.lead import OPPORTUNITIES_ENDED_MAX, OPPORTUNITIES_OPEN_MAX
from lifecycle.signals import OpportunityOpened
from lifecycle.stages import ClockName, HandoverKind, Stage, Trigger
from tests.lifecycle.builders import DAY_MS, Story, brought_to, sal

_BEFORE_SAL = [
    Stage.COLD,
    Stage.CURIOUS,
    Stage.WARM,
    Stage.NURTURE,
    Stage.LOST,
    Stage.DISQUALIFIED,
]


# Skipped steps.


@pytest.mark.parametrize("stage", _BEFORE_SAL)
def test_a_deal_out_of_the_blue_is_claimed_and_qualified_on_the_way(stage: Stage) -> None:
    story = brought_to(stage).after(minutes=1).opened("d9", rep="bob")

    steps = [(m.trigger, m.to_stage, m.implied, m.bant) for m in story.all(StageChanged)]
    assert steps == [
        (Trigger.CLAIM, Stage.SAL, True, None),
        (Trigger.QUALIFY_SALE, Stage.SQL, True, "unconfirmed"),
        (Trigger.OPEN_OPPORTUNITY, Stage.OPPORTUNITY, False, None),
    ]
    offer = story.one(HandoverOffered)
    assert (offer.handover_kind, offer.assignee) == (HandoverKind.CLAIM, "bob")
    assert offer.accept_due_at is None
    assert [started.clock for started in story.all(ClockStarted)] == [ClockName.DEAL]
    assert (story.lead.person.owner, story.lead.person.bant) == ("bob", "unconfirmed")
    assert {fact.at for fact in story.told} == {story.now}


def test_without_a_sender_the_known_assignee_is_the_rep() -> None:
    assert brought_to(Stage.COLD).opened("d9").lead.person.owner == "queue-europe"
    assert brought_to(Stage.COLD).assigned("eve").opened("d9").lead.person.owner == "eve"


def test_an_offer_on_the_table_is_accepted_instead_of_claimed() -> None:
    story = brought_to(Stage.MQL).opened("d9", rep="bob")

    assert [move.trigger for move in story.all(StageChanged)] == [
        Trigger.ACCEPT,
        Trigger.QUALIFY_SALE,
        Trigger.OPEN_OPPORTUNITY,
    ]
    assert not story.all(HandoverOffered)
    assert story.lead.person.owner == "bob"


def test_confirmed_bant_stays_confirmed() -> None:
    story = brought_to(Stage.SQL).opened("d9")

    assert [move.implied for move in story.all(StageChanged)] == [False]
    assert story.lead.person.bant == "confirmed"


def test_a_win_of_an_unknown_lead_makes_it_arrive_from_sales() -> None:
    story = Story().won("d1", rep="bob")

    assert story.kinds[0] == "arrived"
    assert story.lead.arrival.origin == "sales"
    assert [move.to_stage for move in story.all(StageChanged)] == [
        Stage.SAL,
        Stage.SQL,
        Stage.OPPORTUNITY,
        Stage.CUSTOMER,
    ]
    assert [move.implied for move in story.all(StageChanged)] == [True, True, True, False]
    opened = story.one(OpportunityOpenedFact)
    assert (opened.implied, opened.reopened, opened.amount) == (True, False, "9000")
    assert story.running == set()


def test_a_loss_of_an_unknown_deal_is_opened_and_lost() -> None:
    story = sal(Story()).lost("d7", "lost_no_decision")

    assert story.stage is Stage.LOST
    assert story.one(OpportunityOpenedFact).implied
    lost = story.one(LostFact)
    assert (lost.opportunity, lost.lead_lost, lost.was_won) == ("d7", True, False)
    assert lost.wake_at == story.now + 90 * DAY_MS
    assert story.lead.person.owner is None


# Changes and repeats.


def test_a_known_deal_changes_its_data_and_the_same_data_change_nothing() -> None:
    story = brought_to(Stage.OPPORTUNITY).after(days=1)

    story.opened("d1", "12000", stage="offer")
    assert (story.one(OpportunityChanged).amount, story.stage) == ("12000", Stage.OPPORTUNITY)

    assert story.opened("d1", "12000").kinds == []
    assert story.lead.opportunities[0].stage == "offer"


def test_a_second_win_or_loss_of_a_deal_is_a_repeat() -> None:
    won, lost = brought_to(Stage.CUSTOMER), brought_to(Stage.LOST)

    assert (won.won("d1").kinds, lost.lost("d1").kinds) == ([], [])
    assert won.lead.won == 1


def test_a_won_deals_data_may_change_still() -> None:
    story = brought_to(Stage.CUSTOMER).after(days=1).opened("d1", "9500")

    assert story.kinds == ["opportunity_changed"]
    assert story.lead.ended[0].amount == "9500"
    assert story.opened("d1", "9500").kinds == []


def test_an_opening_dated_before_the_loss_only_changes_the_data() -> None:
    story = brought_to(Stage.OPPORTUNITY).after(days=3).lost("d1")

    story.at(story.now - DAY_MS, heard=story.now).opened("d1", "12000")

    assert story.kinds == ["opportunity_changed"]
    assert story.stage is Stage.LOST


def test_an_opening_and_a_loss_of_one_moment_leave_a_lost_deal() -> None:
    story = brought_to(Stage.LOST).opened("d1", "12000")

    assert (story.kinds, story.stage) == (["opportunity_changed"], Stage.LOST)


def test_an_opening_dated_after_the_loss_opens_the_deal_again() -> None:
    story = brought_to(Stage.LOST).after(days=3).opened("d1", "12000")

    opened = story.one(OpportunityOpenedFact)
    assert (opened.reopened, opened.implied) == (True, False)
    assert story.stage is Stage.OPPORTUNITY
    assert story.lead.ended == ()


def test_a_win_of_a_lost_deal_opens_it_again_and_closes_it() -> None:
    story = brought_to(Stage.LOST).after(days=3).won("d1", "11000")

    assert story.one(OpportunityOpenedFact).reopened
    assert (story.one(WonFact).reopened, story.one(WonFact).currency) == (True, "EUR")
    assert story.stage is Stage.CUSTOMER


# Several deals, and wins that fall through.


def test_a_lead_is_lost_with_its_last_open_deal_alone() -> None:
    story = brought_to(Stage.OPPORTUNITY).opened("d2").lost("d1")
    assert (story.stage, story.one(LostFact).lead_lost) == (Stage.OPPORTUNITY, False)

    assert story.lost("d2").stage is Stage.LOST


def test_a_customers_lost_deal_leaves_a_customer() -> None:
    story = brought_to(Stage.CUSTOMER).opened("d2").lost("d2")

    assert (story.stage, story.all(StageChanged)) == (Stage.CUSTOMER, [])


@pytest.mark.parametrize(
    ("deal", "stage"), [(None, Stage.LOST), ("open", Stage.OPPORTUNITY), ("won", Stage.CUSTOMER)]
)
def test_a_win_that_fell_through_leads_to_what_is_left(deal: str | None, stage: Stage) -> None:
    story = brought_to(Stage.OPPORTUNITY).opened("d1", stage="contract").won("d1")
    if deal is not None:
        story.opened("d2")
    if deal == "won":
        story.won("d2")

    story.lost("d1", "lost_no_decision")

    lost = story.one(LostFact)
    assert (lost.was_won, lost.amount, lost.lead_lost) == (True, "9000", stage is Stage.LOST)
    assert story.stage is stage
    assert story.lead.won == (deal == "won")
    ended = next(each for each in story.lead.ended if each.id == "d1")
    assert (ended.won, ended.stage) == (False, "contract")


def test_a_customer_who_churns_has_won_nothing_and_loses_what_is_open() -> None:
    story = brought_to(Stage.CUSTOMER).opened("d2").after(days=30).recycled("churned", rep="bob")

    assert [(lost.opportunity, lost.reason) for lost in story.all(LostFact)] == [("d2", "churned")]
    assert story.one(RecycleFact).wake_at == story.now + 180 * DAY_MS
    assert (story.stage, story.lead.won) == (Stage.NURTURE, 0)
    assert not [ended for ended in story.lead.ended if ended.won]
    assert story.lost("d1").kinds == []


def test_news_of_a_won_deal_from_before_it_churned_opens_nothing() -> None:
    story = brought_to(Stage.CUSTOMER).after(days=30).recycled("churned")

    story.at(story.now - DAY_MS, heard=story.now).opened("d1", "9900")

    assert story.kinds == ["opportunity_changed"]
    assert story.stage is Stage.NURTURE


def test_a_disqualified_lead_loses_its_open_deals_for_that_reason() -> None:
    story = brought_to(Stage.OPPORTUNITY).opened("d2").disqualified("wrong_industry")

    assert [(lost.opportunity, lost.reason) for lost in story.all(LostFact)] == [
        ("d1", "wrong_industry"),
        ("d2", "wrong_industry"),
    ]
    assert story.running == set()


# Limits.


def test_the_twenty_first_open_deal_is_illegal() -> None:
    story = brought_to(Stage.SQL)
    for number in range(OPPORTUNITIES_OPEN_MAX):
        story.opened(f"d{number}")

    story.opened("one-too-many")

    assert (story.outcome, story.code) == (Outcome.ILLEGAL, "too_many_opportunities")
    assert len(story.lead.opportunities) == OPPORTUNITIES_OPEN_MAX
    # A known one may change, and a win makes room.
    assert story.opened("d3", "1").kinds[1] == "opportunity_changed"
    assert story.won("d3").opened("d99").outcome is Outcome.APPLIED


def test_the_number_won_outlives_the_memory_of_what_was_won() -> None:
    story = brought_to(Stage.CUSTOMER)
    for number in range(OPPORTUNITIES_ENDED_MAX + 5):
        story.opened(f"n{number}").won(f"n{number}")

    assert len(story.lead.ended) == OPPORTUNITIES_ENDED_MAX
    assert story.lead.won == OPPORTUNITIES_ENDED_MAX + 6
    assert story.lost("d1").stage is Stage.CUSTOMER


def test_the_fact_of_a_deal_carries_what_sales_said() -> None:
    story = brought_to(Stage.SQL)

    story.says(OpportunityOpened("d1", "10.50", "USD", "2026-12-31", "offer", "ann"))

    opened = story.one(OpportunityOpenedFact)
    assert (opened.amount, opened.currency, opened.close_date) == ("10.50", "USD", "2026-12-31")
    assert (opened.opportunity_stage, opened.by, opened.implied) == ("offer", "ann", False)
