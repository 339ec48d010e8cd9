"""What people and their tools ask for, and what it takes."""

import pytest

from lifecycle.decide import Outcome
from lifecycle.facts import (
    HandoverOffered,
    HandoverWithdrawn,
    LostFact,
    OwnerChanged,
    QualificationShort,
    QualifiedSale,
    RecycleFact,
    RefusedFact,
    StageChanged,
)
from lifecycle.signals import Rejected, Signal, Voice
from lifecycle.stages import ClockName, HandoverKind, HandoverStatus, ReasonClass, Stage, Trigger
from lifecycle.vet import vet
from tests.lifecycle.builders import POLICY, Story, brought_to, differing, mql, sal, sql
from tests.lifecycle.rules.standing import stands

# Accept and reject.


def test_an_accept_without_a_rep_is_the_assignees() -> None:
    story = mql(Story()).accepted(rep=None)

    assert story.lead.person.owner == "queue-europe"


@pytest.mark.parametrize(
    ("reason", "stage", "reason_class"),
    [
        ("bad_timing", Stage.NURTURE, ReasonClass.SOFT),
        ("no_fit", Stage.DISQUALIFIED, ReasonClass.SOFT),
        ("duplicate", Stage.DISQUALIFIED, ReasonClass.HARD),
    ],
)
def test_the_reason_of_a_reject_decides_where_the_lead_goes(
    reason: str, stage: Stage, reason_class: ReasonClass
) -> None:
    story = mql(Story()).rejected(reason)

    move = story.one(StageChanged)
    assert (move.to_stage, move.trigger, move.by) == (stage, Trigger.REJECT, "ann")
    assert (move.reason, move.reason_class) == (reason, reason_class)
    assert story.all(HandoverWithdrawn) == []
    assert story.lead.handover is not None
    assert story.lead.handover.status is HandoverStatus.REJECTED
    assert [no.reason for no in story.lead.person.rejections] == [reason]


def test_a_reject_is_before_contact_only() -> None:
    story = sal(Story()).rejected("no_fit")

    assert (story.code, story.stage) == ("illegal_move", Stage.SAL)


def test_a_reject_for_a_contract_waits_as_long_as_its_reason_says() -> None:
    story = mql(Story())
    signal = Signal("s", "/s", "lead-1", story.now, story.now, Rejected(story.offer, "in_contract"))

    assert vet(signal, POLICY) is None
    assert story.rejected("in_contract").one(RecycleFact).wake_at == (
        story.now + POLICY.recycle_reasons["in_contract"].wait_ms
    )


def test_nobody_churns_who_is_no_customer() -> None:
    assert mql(Story()).rejected("churned").code == "illegal_move"
    assert mql(Story()).recycled("churned").code == "illegal_move"
    assert sal(Story()).recycled("churned").code == "illegal_move"


# Claim.


@pytest.mark.parametrize(
    "stage", [Stage.COLD, Stage.CURIOUS, Stage.WARM, Stage.NURTURE, Stage.LOST]
)
def test_a_claim_opens_a_handover_of_its_own(stage: Stage) -> None:
    story = brought_to(stage).after(days=1).claimed("bob", "old friend")

    offer = story.one(HandoverOffered)
    assert (offer.handover_kind, offer.by, offer.reason) == (
        HandoverKind.CLAIM,
        "bob",
        "old friend",
    )
    assert (offer.assignee, offer.accept_due_at, offer.implied) == ("bob", None, False)
    assert offer.contact_due_at == story.clock(ClockName.FIRST_CONTACT).due_at
    assert (story.stage, story.lead.person.owner) == (Stage.SAL, "bob")
    assert story.running == {ClockName.FIRST_CONTACT, ClockName.QUALIFICATION}
    assert story.reached().qualified(handover=offer.handover).stage is Stage.SQL


def test_a_claim_at_mql_accepts_the_open_handover() -> None:
    story = mql(Story()).claimed("bob")

    assert story.all(HandoverOffered) == []
    assert (story.offer, story.lead.person.owner) == ("lead-1:h1", "bob")
    assert story.one(StageChanged).trigger is Trigger.CLAIM


@pytest.mark.parametrize("stage", [Stage.SAL, Stage.SQL, Stage.OPPORTUNITY, Stage.CUSTOMER])
def test_a_claim_by_another_rep_changes_the_owner_and_no_promise(stage: Stage) -> None:
    story = brought_to(stage)
    clocks = [(clock.name, clock.due_at) for clock in story.lead.clocks]

    story.claimed("bob")

    assert story.one(OwnerChanged) == OwnerChanged("ann", "bob", "berlin")
    assert story.told[0].context.owner == "bob"
    assert [(clock.name, clock.due_at) for clock in story.lead.clocks] == clocks
    assert {clock.assignee for clock in story.lead.clocks} <= {"bob"}
    assert story.claimed("bob").kinds == []


def test_nobody_claims_what_is_disqualified() -> None:
    assert brought_to(Stage.DISQUALIFIED).claimed().code == "illegal_move"


# Nominate.


def test_a_nomination_is_marketings_judgement_on_the_normal_track() -> None:
    story = Story().nominated("mia", "met at the fair")

    offer = story.one(HandoverOffered)
    assert (offer.handover_kind, offer.fast) == (HandoverKind.NOMINATED, False)
    assert (offer.by, offer.reason) == ("mia", "met at the fair")
    assert story.decision is not None
    assert story.decision.nominated_by == "mia"


def test_junk_is_not_nominated() -> None:
    story = sal(Story()).profiled(role="student").recycled()
    assert stands(story, Stage.NURTURE)

    story.nominated()

    assert (story.code, story.stage) == ("illegal_move", Stage.NURTURE)
    assert "student" in story.one(RefusedFact).detail


def test_a_person_nominates_so_many_a_month() -> None:
    story = Story().engaged("page_view")
    story.nominations = 20

    story.nominated("mia")

    assert story.code == "nominations_exhausted"
    assert story.decision is not None
    assert story.decision.nominated_by is None


# Qualify.


def test_budget_authority_need_and_a_near_timeline_make_a_sale() -> None:
    story = sal(Story()).reached().qualified(timeline_days=90, rep="ann")

    assert story.one(StageChanged).bant == "confirmed"
    assert story.one(QualifiedSale).timeline_days == 90
    assert story.running == {ClockName.OPPORTUNITY}


@pytest.mark.parametrize(
    ("lacking", "missing", "reason"),
    [
        ({"budget": False}, ("budget",), "no_budget"),
        ({"authority": False}, ("authority",), "evaluating"),
        ({"need": False}, ("need",), "evaluating"),
        ({"timeline_days": 91}, ("timeline",), "bad_timing"),
        ({"timeline_days": None}, ("timeline",), "bad_timing"),
        ({"budget": False, "need": False}, ("budget", "need"), "no_budget"),
    ],
)
def test_an_answer_that_falls_short_is_kept_and_says_what_fits(
    lacking: dict[str, bool | int | None], missing: tuple[str, ...], reason: str
) -> None:
    story = sal(Story()).reached().qualified(**lacking)  # type: ignore[arg-type]

    short = story.one(QualificationShort)
    assert (short.missing, short.recycle_reason) == (missing, reason)
    assert (story.stage, story.lead.person.bant) == (Stage.SAL, "short")


# Recycle.


def test_a_recycle_at_mql_is_a_reject() -> None:
    story = mql(Story()).recycled("no_budget", rep="ann")

    assert story.one(StageChanged).trigger is Trigger.REJECT
    assert story.one(RecycleFact).trigger is Trigger.REJECT
    assert len(story.lead.person.rejections) == 1


@pytest.mark.parametrize("stage", [Stage.SAL, Stage.SQL, Stage.LOST])
def test_sales_gives_a_lead_back(stage: Stage) -> None:
    story = brought_to(stage).recycled("bad_timing", rep="ann")

    assert story.one(StageChanged).to_stage is Stage.NURTURE
    assert story.one(RecycleFact).reason_class is ReasonClass.SOFT
    assert (story.lead.person.owner, story.running) == (None, {ClockName.NURTURE})


@pytest.mark.parametrize(
    "stage", [Stage.COLD, Stage.WARM, Stage.OPPORTUNITY, Stage.CUSTOMER, Stage.NURTURE]
)
def test_what_sales_does_not_have_it_cannot_give_back(stage: Stage) -> None:
    story = brought_to(stage).recycled("bad_timing")

    assert (story.outcome, story.stage) == (Outcome.ILLEGAL, stage)


# Disqualify and reinstate.


def test_disqualified_at_opportunity_loses_what_is_open_for_that_reason() -> None:
    story = sql(Story()).opened("d1").opened("d2").disqualified("no_interest", rep="ann")

    losses = story.all(LostFact)
    assert [(loss.opportunity, loss.reason) for loss in losses] == [
        ("d1", "no_interest"),
        ("d2", "no_interest"),
    ]
    assert {loss.reason_class for loss in losses} == {ReasonClass.SOFT}
    assert (story.stage, story.lead.opportunities) == (Stage.DISQUALIFIED, ())


@pytest.mark.parametrize("stage", [Stage.CUSTOMER, Stage.DISQUALIFIED])
def test_a_customer_is_not_disqualified_nor_anybody_twice(stage: Stage) -> None:
    assert brought_to(stage).disqualified("no_fit").code == "illegal_move"


def test_an_offer_is_withdrawn_when_its_lead_is_disqualified() -> None:
    story = mql(Story()).disqualified("no_fit")

    assert story.one(HandoverWithdrawn).reason == "disqualified"
    assert story.lead.scores.gate_at is not None


@pytest.mark.parametrize("stage", [Stage.DISQUALIFIED, Stage.NURTURE, Stage.LOST])
def test_a_person_takes_a_lead_back_in(stage: Stage) -> None:
    story = brought_to(stage).reinstated("mia", "a mistake")

    move = story.all(StageChanged)[0]
    assert (move.trigger, move.by, move.reason) == (Trigger.REINSTATE, "mia", "a mistake")
    assert story.lead.nurture is None
    assert ClockName.NURTURE not in story.running


def test_reinstating_silences_the_rules_that_matched_until_what_they_read_changes() -> None:
    story = Story().engaged("page_view").profiled(role="student")
    assert stands(story, Stage.DISQUALIFIED)

    story.reinstated().profiled(seniority="intern").profiled(role="student")
    assert stands(story, Stage.COLD)

    story.profiled(role="pupil")
    assert stands(story, Stage.DISQUALIFIED)


def test_another_junk_rule_is_not_silenced_with_it() -> None:
    story = Story().profiled(role="student").reinstated().profiled(purpose="hobby")

    assert stands(story, Stage.DISQUALIFIED)
    assert story.lead.person.disqualified_for == "personal_use"


def test_a_lead_that_marketing_has_is_not_reinstated() -> None:
    assert brought_to(Stage.WARM).reinstated().code == "illegal_move"


# Refusals.


def test_a_refusal_says_where_the_lead_is_what_was_asked_and_what_is_possible() -> None:
    story = brought_to(Stage.COLD).qualified(rep="ann")

    refused = story.one(RefusedFact)
    assert (refused.asked, refused.stage, refused.by) == ("qualified", Stage.COLD, "ann")
    assert "claim" in refused.possible
    assert "qualify_sale" not in refused.possible


def test_an_illegal_request_ends_the_order() -> None:
    story = brought_to(Stage.WARM).under(differing(warm_mp=60_000, curious_mp=50_000))

    assert story.qualified().kinds == ["refused"]
    assert story.assigned("ann").kinds == ["stage_changed"]  # what was owed


def test_what_was_heard_in_a_refused_call_is_not_kept() -> None:
    story = mql(Story()).rejected("no_fit", handover="lead-1:h9", voice=Voice(("high_cost",)))

    assert story.lead.person.pain_points == ()
