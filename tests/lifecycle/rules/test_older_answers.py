"""Answers that come late: of the last handover after it went back, and of the one before."""

import pytest

from lifecycle.decide import Outcome
from lifecycle.facts import (
    ClockCancelled,
    ClockMet,
    Contacted,
    HandoverOffered,
    HandoverWithdrawn,
    RecycleCancelled,
    RefusedFact,
    StageChanged,
)
from lifecycle.stages import ClockName, HandoverKind, HandoverStatus, Stage, Trigger
from tests.lifecycle.builders import Story, differing, mql, sal
from tests.lifecycle.rules.standing import stands


def ignored_once(story: Story) -> Story:
    """Let nobody accept: due on Monday at 17:00, its second level on Tuesday at 16:02."""
    return mql(story).idle_until("2026-03-03 16:05")


def ignored_twice(story: Story) -> Story:
    """Let nobody accept the return either: to nurture."""
    return mql(story).idle_until("2026-03-05 18:00")


def uncalled_once(story: Story) -> Story:
    """Let ann accept and never call: due on Monday at 13:00 and 17:02, then returned."""
    return sal(story).idle_until("2026-03-02 17:05")


def called_too_late(story: Story) -> Story:
    """Let ann call half an hour after her last deadline, heard after a newer offer was made."""
    sal(story).under(differing(returns_max=0)).idle_until("2026-03-02 18:00")
    story.after(days=1).engaged("demo_request")
    return story.at("2026-03-02 17:30", heard="2026-03-03 18:10").attempted()


# Accepts.


def test_an_accept_after_the_last_return_takes_the_lead_from_nurture() -> None:
    story = ignored_twice(Story())
    assert stands(story, Stage.NURTURE)

    story.accepted(rep="ann")

    assert story.one(StageChanged).late
    assert story.one(StageChanged).trigger is Trigger.ACCEPT
    assert story.one(RecycleCancelled).handover == story.offer == "lead-1:h2"
    assert (story.stage, story.lead.person.owner) == (Stage.SAL, "ann")
    assert story.running == {ClockName.FIRST_CONTACT, ClockName.QUALIFICATION}
    assert [clock.trigger for clock in story.all(ClockCancelled)] == ["accept"]  # the wait


def test_a_late_accept_after_the_lead_woke_cancels_no_recycle() -> None:
    story = ignored_twice(Story()).idle_until("2026-03-25 09:00")
    assert story.stage in (Stage.COLD, Stage.CURIOUS, Stage.WARM)

    story.accepted(rep="ann")

    assert (story.stage, story.all(RecycleCancelled)) == (Stage.SAL, [])


def test_a_late_accept_takes_a_withdrawn_offer_as_long_as_there_is_no_newer_one() -> None:
    story = mql(Story()).after(minutes=1).engaged("spam_complaint")
    assert stands(story, Stage.WARM)

    story.accepted(rep="ann")

    assert (story.stage, story.one(StageChanged).late) == (Stage.SAL, True)


def test_a_late_accept_is_illegal_once_disqualified() -> None:
    story = mql(Story()).after(minutes=1).profiled(role="student")

    story.accepted(rep="ann")

    assert (story.stage, story.outcome) == (Stage.DISQUALIFIED, Outcome.ILLEGAL)


def test_a_late_accept_of_a_handover_that_somebody_took_is_illegal() -> None:
    story = sal(Story()).accepted(rep="bob")

    assert (story.code, story.lead.person.owner) == ("illegal_move", "ann")


@pytest.mark.parametrize("answer", ["rejected", "recycled"])
def test_a_late_accept_does_not_bring_back_what_sales_itself_sent_back(answer: str) -> None:
    story = mql(Story()).rejected("bad_timing") if answer == "rejected" else sal(Story()).recycled()

    story.accepted(rep="bob")

    assert (story.code, story.stage) == ("illegal_move", Stage.NURTURE)


def test_an_accept_given_in_time_meets_the_broken_promise_as_disputed() -> None:
    story = ignored_twice(Story())

    story.at("2026-03-03 17:00", heard="2026-03-05 18:30").accepted(rep="ann")

    met = next(met for met in story.all(ClockMet))
    assert (met.clock, met.ref, met.disputed) == (ClockName.ACCEPTANCE, "lead-1:h2", True)


def test_an_accept_after_the_deadline_is_late_and_disputes_nothing() -> None:
    story = ignored_twice(Story()).accepted(rep="ann")

    assert story.all(ClockMet) == []


def test_an_accept_says_nothing_about_the_contact_that_broke() -> None:
    story = sal(Story()).under(differing(returns_max=0)).idle_until("2026-03-02 17:05")
    assert stands(story, Stage.NURTURE)

    story.at("2026-03-02 09:30", heard="2026-03-02 17:10").accepted(rep="ann")

    assert stands(story, Stage.SAL)
    assert [met.clock for met in story.all(ClockMet)] == []


def test_an_accept_of_the_older_handover_in_time_wins_over_the_newer_offer() -> None:
    story = ignored_once(Story())
    assert story.offer == "lead-1:h2"

    story.at("2026-03-03 15:00", heard="2026-03-03 16:10")
    story.accepted(rep="ann", handover="lead-1:h1")

    withdrawn = story.one(HandoverWithdrawn)
    assert (withdrawn.handover, withdrawn.reason) == ("lead-1:h2", "older_accepted")
    assert story.one(ClockMet).ref == "lead-1:h1"
    assert story.one(ClockMet).disputed
    assert (story.offer, story.stage, story.lead.person.owner) == ("lead-1:h1", Stage.SAL, "ann")
    assert {clock.ref for clock in story.lead.clocks} == {"lead-1:h1"}


def test_an_accept_of_the_older_handover_too_late_is_stale_and_names_the_open_one() -> None:
    story = ignored_once(Story()).accepted(rep="ann", handover="lead-1:h1")

    assert story.code == "stale_handover"
    assert story.one(RefusedFact).open_handover == "lead-1:h2"
    assert "lead-1:h2" in story.one(RefusedFact).detail
    assert stands(story, Stage.MQL)


def test_an_accept_of_the_older_handover_loses_once_the_newer_one_is_taken() -> None:
    story = ignored_once(Story()).accepted(rep="bob")

    story.at("2026-03-03 15:00", heard="2026-03-03 16:10")
    story.accepted(rep="ann", handover="lead-1:h1")

    assert (story.code, story.lead.person.owner) == ("stale_handover", "bob")


def test_the_next_handover_after_an_older_one_won_has_a_number_of_its_own() -> None:
    story = ignored_once(Story()).at("2026-03-03 15:00", heard="2026-03-03 16:10")
    story.accepted(rep="ann", handover="lead-1:h1").recycled("no_response").after(days=1)

    story.engaged("demo_request")

    assert story.one(HandoverOffered).handover == "lead-1:h3"


@pytest.mark.parametrize("answer", ["rejected", "qualified", "recycled", "disqualified"])
def test_any_other_feedback_on_an_older_handover_is_stale(answer: str) -> None:
    story = ignored_once(Story()).at("2026-03-03 15:00", heard="2026-03-03 16:10")

    getattr(story, answer)(handover="lead-1:h1")

    assert story.code == "stale_handover"
    assert story.one(RefusedFact).open_handover == "lead-1:h2"


def test_feedback_on_a_handover_that_never_was_is_stale() -> None:
    story = mql(Story()).rejected("no_fit", handover="lead-1:h9")

    assert (story.code, story.stage) == ("stale_handover", Stage.MQL)


# Attempts.


def test_an_attempt_in_time_for_the_handover_before_takes_the_lead_back_to_its_owner() -> None:
    story = uncalled_once(Story())
    assert (story.stage, story.offer) == (Stage.MQL, "lead-1:h2")

    story.at("2026-03-02 16:00", heard="2026-03-02 17:10").attempted()

    met = story.one(ClockMet)
    assert (met.clock, met.ref, met.disputed) == (ClockName.FIRST_CONTACT, "lead-1:h1", True)
    assert story.one(HandoverWithdrawn).reason == "older_contacted"
    assert story.one(Contacted).handover == "lead-1:h1"
    assert (story.stage, story.offer) == (Stage.SAL, "lead-1:h1")
    assert story.lead.person.owner == "ann"
    assert story.running == {ClockName.QUALIFICATION, ClockName.CADENCE}


def test_it_goes_back_to_whoever_owned_it_last() -> None:
    story = sal(Story()).assigned("bob").idle_until("2026-03-02 17:05")

    story.at("2026-03-02 16:00", heard="2026-03-02 17:10").reached()

    assert (story.stage, story.lead.person.owner) == (Stage.SAL, "bob")


def test_an_attempt_after_the_last_deadline_is_only_recorded() -> None:
    story = called_too_late(Story())

    assert story.kinds == ["contacted"]
    assert (story.stage, story.offer) == (Stage.MQL, "lead-1:h2")
    assert story.one(Contacted).handover == "lead-1:h1"
    assert story.one(Contacted).attempt == 1


def test_an_attempt_may_name_the_handover_before() -> None:
    story = uncalled_once(Story()).at("2026-03-02 16:00", heard="2026-03-02 17:10")

    story.attempted(handover="lead-1:h1")

    assert (story.stage, story.offer) == (Stage.SAL, "lead-1:h1")


def test_an_attempt_on_a_handover_that_never_was_is_only_recorded() -> None:
    story = uncalled_once(Story()).at("2026-03-02 16:00", heard="2026-03-02 17:10")

    story.attempted(handover="lead-1:h9")

    assert (story.stage, story.kinds) == (Stage.MQL, ["contacted"])
    assert story.one(Contacted).handover is None


def test_an_attempt_that_names_the_offer_on_the_table_implies_its_accept() -> None:
    story = uncalled_once(Story()).attempted(handover="lead-1:h2", rep="bob")

    assert story.one(StageChanged).implied
    assert (story.stage, story.lead.person.owner) == (Stage.SAL, "bob")


def test_an_attempt_does_not_bring_back_what_sales_itself_sent_back() -> None:
    story = sal(Story()).recycled("no_response").after(minutes=30).engaged("demo_request")
    assert story.offer == "lead-1:h2"

    story.at("2026-03-02 09:10", heard="2026-03-02 09:35").attempted()

    assert (story.stage, story.offer) == (Stage.MQL, "lead-1:h2")
    assert story.kinds == ["contacted"]


def test_an_attempt_does_not_bring_back_a_sale_that_stalled() -> None:
    story = sal(Story()).qualified()  # nobody called first: the contact clock is cancelled
    story.under(differing(stalled_reason="no_response"))
    story.idle_until("2026-06-20 09:00").engaged("demo_request")
    assert stands(story, Stage.MQL)

    story.at("2026-03-02 09:10", heard="2026-06-20 09:35").attempted()

    assert (story.stage, story.kinds) == (Stage.MQL, ["contacted"])


def test_an_attempt_in_time_heard_in_nurture_disputes_the_breach_and_moves_nothing() -> None:
    story = sal(Story()).under(differing(returns_max=0)).idle_until("2026-03-02 17:05")
    assert stands(story, Stage.NURTURE)

    story.at("2026-03-02 16:00", heard="2026-03-02 17:10").attempted()

    assert story.one(ClockMet).disputed
    assert story.one(ClockMet).clock is ClockName.FIRST_CONTACT
    assert story.one(Contacted).handover == "lead-1:h1"
    assert stands(story, Stage.NURTURE)

    story.attempted()
    assert story.kinds == ["contacted"]


def test_an_attempt_at_any_stage_is_recorded() -> None:
    story = Story().engaged("page_view").attempted(reached=True)

    assert (story.kinds, story.stage) == (["contacted"], Stage.COLD)
    assert story.one(Contacted).handover is None


def test_an_older_handover_that_was_rejoined_counts_as_accepted() -> None:
    story = uncalled_once(Story()).at("2026-03-02 16:00", heard="2026-03-02 17:10").attempted()

    assert story.lead.handover is not None
    assert story.lead.handover.status is HandoverStatus.ACCEPTED
    assert story.lead.handover.kind is HandoverKind.QUALIFIED
    assert story.lead.previous is not None
    assert story.lead.previous.status is HandoverStatus.WITHDRAWN
