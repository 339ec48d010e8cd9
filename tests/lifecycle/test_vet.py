"""What only the definition in force can call bad input, and what it has to leave alone."""

import pytest

from lifecycle.signals import (
    Accepted,
    Body,
    Disqualified,
    Engaged,
    Lost,
    Recycled,
    Rejected,
    Signal,
    Voice,
)
from lifecycle.vet import unknown_codes, vet
from tests.lifecycle.builders import MINUTE_MS, POLICY

_AT = 1_772_438_400_000


def _signal(body: Body, early_ms: int = 0) -> Signal:
    return Signal("s1", "/crm", "lead-1", _AT + early_ms, _AT, body)


@pytest.mark.parametrize("early_ms", [0, -40 * 86_400_000, 5 * MINUTE_MS])
def test_the_past_is_welcome_and_five_minutes_ahead_are_forgiven(early_ms: int) -> None:
    assert vet(_signal(Engaged("page_view"), early_ms), POLICY) is None


def test_what_claims_to_have_happened_further_ahead_is_refused() -> None:
    problem = vet(_signal(Engaged("page_view"), 5 * MINUTE_MS + 1), POLICY)

    assert problem == ("from_the_future", "time is 300 s past the record's timestamp; 300 s may be")


@pytest.mark.parametrize(
    "body",
    [
        Recycled("no_fit"),
        Lost("d1", "no_fit"),
        Disqualified("bad_timing"),
        Rejected("lead-1:h1", "unheard_of"),
    ],
    ids=lambda body: type(body).__name__,
)
def test_a_reason_that_the_definition_does_not_know_is_refused_with_those_it_knows(
    body: Body,
) -> None:
    problem = vet(_signal(body), POLICY)

    assert problem is not None
    assert problem[0] == "unknown_reason"
    known = POLICY.disqualify_reasons if isinstance(body, Disqualified) else POLICY.recycle_reasons
    assert all(name in problem[1] for name in known)


def test_a_rejection_may_give_a_reason_of_either_kind() -> None:
    for reason in (*POLICY.disqualify_reasons, *POLICY.recycle_reasons):
        assert vet(_signal(Rejected("lead-1:h1", reason)), POLICY) is None


def test_a_recycle_for_a_contract_says_until_when() -> None:
    code, detail = vet(_signal(Recycled("in_contract")), POLICY) or ("", "")

    assert code == "date_missing"
    assert "until" in detail
    assert vet(_signal(Recycled("in_contract", until=_AT)), POLICY) is None


@pytest.mark.parametrize("body", [Lost("d1", "in_contract"), Rejected("lead-1:h1", "in_contract")])
def test_no_date_is_asked_of_what_has_no_place_for_one(body: Body) -> None:
    assert vet(_signal(body), POLICY) is None


def test_an_illegal_request_is_not_bad_input() -> None:
    assert vet(_signal(Accepted("lead-9:h4")), POLICY) is None


def test_codes_that_nobody_agreed_on_are_named_with_their_list() -> None:
    known = min(POLICY.codes["pain_points"])
    voice = Voice(pain_points=(known, "gout"), objections=("mood",), competitor="nobody")

    unknown = unknown_codes(Accepted("lead-1:h1", "ann", voice), POLICY)

    assert unknown == (("pain_points", "gout"), ("objections", "mood"), ("competitors", "nobody"))


@pytest.mark.parametrize("body", [Engaged("page_view"), Accepted("lead-1:h1"), Lost("d1", "x")])
def test_who_heard_nothing_has_no_unknown_codes(body: Body) -> None:
    assert unknown_codes(body, POLICY) == ()
