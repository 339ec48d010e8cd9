"""Whole histories, each with all the facts that it tells (``histories/<name>.txt``)."""

from pathlib import Path

from lifecycle.facts import (
    ClockBreached,
    ClockMet,
    ClockResumedFact,
    HandoverOffered,
    HandoverWithdrawn,
    HeadsUp,
    JunkSuspected,
    LostFact,
    OwnerChanged,
    RecycleFact,
    StageChanged,
)
from lifecycle.signals import Voice
from lifecycle.stages import ClockName, HandoverKind, Stage, Trigger
from tests.lifecycle.builders import Story, brought_to, differing, mql
from tests.lifecycle.transcript import transcript

HISTORIES = Path(__file__).parent / "histories"


def tells(story: Story, name: str) -> bool:
    expected = (HISTORIES / f"{name}.txt").read_text(encoding="utf-8")
    assert transcript(story) == expected
    return True


def stands(story: Story, stage: Stage) -> bool:
    return story.stage is stage


def implied(story: Story) -> list[Trigger]:
    return [fact.trigger for fact in story.ever(StageChanged) if fact.implied]


def test_an_unknown_lead_raises_its_hand_and_then_reads_pages() -> None:
    story = Story("2026-03-02 09:00").engaged("demo_request", campaign="spring", source="google")
    story.at("2026-03-02 09:05").engaged("page_view", times=3)

    assert stands(story, Stage.MQL)
    assert story.ever(HandoverOffered)[0].fast
    assert len(story.ever(HandoverOffered)) == 1
    assert tells(story, "hand_raise_of_an_unknown_lead")


def test_sales_accepts_late_after_the_offer_was_returned_twice() -> None:
    story = Story("2026-03-02 09:00").engaged("demo_request", campaign="spring")
    story.idle_until("2026-03-02 17:30")
    assert stands(story, Stage.NURTURE)

    story.at("2026-03-03 10:00").accepted(rep="ann", handover="lead-1:h2")

    assert stands(story, Stage.SAL)
    assert story.kinds[-1] != "refused"
    assert "recycle_cancelled" in story.kinds
    assert tells(story, "accepted_late_after_a_return")


def test_a_deal_is_won_that_nobody_accepted() -> None:
    story = mql(Story("2026-03-02 09:00"))

    story.at("2026-03-20 16:00").won("d1", "12000", rep="ann")

    assert stands(story, Stage.CUSTOMER)
    assert implied(story) == [Trigger.ACCEPT, Trigger.QUALIFY_SALE, Trigger.OPEN_OPPORTUNITY]
    assert not story.running
    assert tells(story, "won_without_accept")


def test_of_two_opportunities_one_is_lost_one_won_and_the_customer_churns() -> None:
    story = brought_to(Stage.OPPORTUNITY, "2026-03-02 09:00")
    story.at("2026-03-03 09:00").opened("d2", "40000")
    story.at("2026-03-20 09:00").lost("d1", "lost_no_decision")
    assert stands(story, Stage.OPPORTUNITY)
    story.at("2026-04-10 09:00").won("d2", "38000")
    assert stands(story, Stage.CUSTOMER)

    story.at("2027-04-12 09:00").recycled("churned", rep="ann")

    assert stands(story, Stage.NURTURE)
    assert story.lead.won == 0
    assert not any(fact.lead_lost for fact in story.ever(LostFact))
    assert tells(story, "two_opportunities_then_churn")


def test_a_lead_that_sales_has_turns_out_to_look_like_junk() -> None:
    story = brought_to(Stage.SAL, "2026-03-02 09:00")

    story.at("2026-03-02 11:00").profiled(role="student")
    story.at("2026-03-02 11:30").engaged("page_view")

    assert stands(story, Stage.SAL)
    assert len(story.ever(JunkSuspected)) == 1
    assert tells(story, "junk_at_sal")


def test_a_lead_recycled_for_its_budget_becomes_active_again() -> None:
    story = brought_to(Stage.SAL, "2026-03-02 09:00")
    story.at("2026-03-02 10:00").reached().qualified(budget=False, rep="ann")
    story.at("2026-03-02 10:05").recycled("no_budget", rep="ann")
    story.at("2026-03-09 10:00").engaged("webinar_attended", campaign="autumn")
    assert stands(story, Stage.NURTURE)

    story.at("2026-03-10 10:00").engaged("roi_calculator").engaged("pricing_view")

    assert stands(story, Stage.MQL)
    assert tells(story, "recycled_for_budget_then_active")


def test_an_offer_cools_is_withdrawn_and_the_lead_qualifies_again() -> None:
    story = mql(Story("2026-03-06 16:45"))
    story.idle_until("2026-03-09 10:00")
    story.at("2026-03-09 10:30").profiled(seniority="junior", role="other", industry="other")
    assert stands(story, Stage.WARM)
    assert len(story.ever(HandoverWithdrawn)) == 1
    story.at("2026-03-09 11:00").fitting()
    assert stands(story, Stage.WARM), "yesterday's points do not qualify twice"

    story.at("2026-03-10 09:00").engaged("pricing_view").engaged("roi_calculator")

    assert stands(story, Stage.MQL)
    assert story.offer == "lead-1:h2"
    assert tells(story, "withdrawn_then_qualified_again")


def test_five_attempts_find_nobody() -> None:
    story = brought_to(Stage.SAL, "2026-03-02 09:00")

    for day in ("02 10:00", "03 11:00", "04 12:00", "05 13:00", "06 14:00"):
        story.idle_until(f"2026-03-{day}").attempted(rep="ann")
    assert ClockName.CADENCE not in story.running
    story.at("2026-03-06 14:10").recycled("no_response", rep="ann")

    assert stands(story, Stage.NURTURE)
    assert tells(story, "five_attempts_without_an_answer")


def test_a_lead_that_sales_never_qualifies_comes_back_as_stalled() -> None:
    story = brought_to(Stage.SAL, "2026-03-02 09:00")
    story.at("2026-03-02 10:00").reached()

    story.idle_until("2026-05-08 18:00")

    assert stands(story, Stage.NURTURE)
    assert [fact.reason for fact in story.ever(RecycleFact)] == ["stalled"]
    levels = [fact.level for fact in story.ever(ClockBreached)]
    assert levels == [1, 2, 3]
    assert tells(story, "stalled")


def test_a_customer_looks_around_again() -> None:
    story = brought_to(Stage.CUSTOMER, "2026-03-02 09:00")

    story.at("2026-06-01 09:00").engaged("demo_request", campaign="upsell")
    story.at("2026-06-01 12:00").engaged("callback_request")
    story.at("2026-06-02 10:00").engaged("pricing_view")

    assert stands(story, Stage.CUSTOMER)
    assert [fact.heads_up for fact in story.ever(HeadsUp)].count("expansion") == 1
    assert tells(story, "a_customers_expansion")


def test_the_worker_is_down_for_a_day_while_clocks_run() -> None:
    story = mql(Story("2026-03-02 09:00"))
    story.at("2026-03-02 15:00").tick()

    story.at("2026-03-03 16:00").tick()

    breach = story.one(ClockBreached)
    assert breach.noticed_late, "nobody's fault but the engine's"
    assert stands(story, Stage.MQL), "one tick breaks one level only"
    story.at("2026-03-03 16:01").accepted(rep="ann")
    assert stands(story, Stage.SAL)
    assert tells(story, "down_for_a_day")


def test_a_pause_covers_a_weekend_and_the_change_to_summer_time() -> None:
    story = brought_to(Stage.SAL, "2026-03-26 09:00")
    story.at("2026-03-26 10:00").reached()

    story.at("2026-03-27 15:00").paused(ClockName.QUALIFICATION, "2026-03-30 09:00")
    story.idle_until("2026-03-30 09:05")

    resumed = story.ever(ClockResumedFact)[0]
    assert resumed.paused_ms == 1 * 3_600_000, "one working hour, whatever the clocks on the wall"
    assert tells(story, "a_pause_over_a_weekend_and_summer_time")


def test_another_rep_claims_a_lead() -> None:
    story = brought_to(Stage.SAL, "2026-03-02 09:00")

    story.at("2026-03-02 09:30").claimed("bob", "knows their CEO")
    story.at("2026-03-02 09:40").claimed("bob", "knows their CEO")

    assert [fact.to_rep for fact in story.ever(OwnerChanged)] == ["bob"]
    assert story.lead.person.owner == "bob"
    assert tells(story, "a_claim_by_another_rep")


def test_a_policy_is_adopted_in_mid_flight() -> None:
    story = mql(Story("2026-03-02 09:00"))
    clock = story.clock(ClockName.ACCEPTANCE)
    stricter = differing(version="stricter", mql_engagement_mp=120_000)

    story.under(stricter).at("2026-03-02 09:30").tick()
    assert stands(story, Stage.MQL), "an adoption moves nobody by itself"
    assert story.clock(ClockName.ACCEPTANCE) == clock
    story.at("2026-03-02 10:00").engaged("page_view")

    assert stands(story, Stage.WARM), "the next signal is judged by the new definition"
    assert story.facts[-1].context.policy == "stricter"
    assert story.lead.scores.policy == "stricter"
    assert tells(story, "a_policy_adopted_in_mid_flight")


def test_an_accept_given_in_time_wins_over_the_newer_offer() -> None:
    story = mql(Story("2026-03-02 09:00"))
    story.idle_until("2026-03-03 16:20")
    assert story.ever(HandoverOffered)[-1].handover_kind is HandoverKind.RETURN

    heard = Voice(pain_points=("manual_work",), content_used="price-list")
    story.at("2026-03-03 15:30", heard="2026-03-03 16:20")
    story.accepted(rep="ann", handover="lead-1:h1", voice=heard)

    assert stands(story, Stage.SAL)
    assert story.offer == "lead-1:h1"
    assert [met.disputed for met in story.ever(ClockMet)] == [True]
    assert tells(story, "accepted_in_time_heard_late")
