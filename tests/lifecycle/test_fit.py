"""Fit: points for what is known, and conditions on it."""

from dataclasses import replace

import pytest
from hypothesis import given

from lifecycle.fit import Profile, fit, holds, junk_rules, scored, unknown
from lifecycle.policy import AttributeValue, Condition
from tests.lifecycle.scored import POLICY, profile, profiles


@pytest.mark.parametrize(
    ("name", "value", "points_mp"),
    [
        ("seniority", "C_Level", 40_000),
        ("seniority", "intern", 0),
        ("employees", 9, 0),
        ("employees", 10, 10_000),
        ("employees", 199.5, 10_000),
        ("employees", 200, 35_000),
        ("employees", "many", 1_000),
        ("employees", True, 1_000),
        ("budget", True, 30_000),
        ("budget", False, -5_000),
        ("region", 7, 5_000),
        ("region", 7.0, 5_000),
        ("region", "7", 5_000),
        ("region", 0.5, 2_000),
        ("region", 8, 500),
    ],
)
def test_a_value_has_the_points_of_its_name_its_band_or_the_rest(
    name: str, value: AttributeValue, points_mp: int
) -> None:
    assert scored(profile(**{name: value}), POLICY) == [(name, value, points_mp)]


def test_a_profile_is_judged_anew_by_another_definition_and_a_new_one_by_each() -> None:
    strict = replace(POLICY, fit={}, junk=())
    known = profile(seniority="c_level")
    for _ in range(2):
        assert fit(known, POLICY) == 40_000
        assert fit(known, strict) == 0
    # More of them than are remembered, and each a new one, which may lie where another one lay.
    for number in range(5_000):
        expected = 40_000 if number % 2 else 0
        assert fit(profile(seniority="c_level" if number % 2 else "intern"), POLICY) == expected


def test_fit_stays_between_0_and_100() -> None:
    best = profile(seniority="c_level", employees=500, budget=True)

    assert fit(best, POLICY) == 100_000
    assert fit(profile(seniority="student"), POLICY) == 0
    assert fit({}, POLICY) == 0


def test_a_promotion_replaces_points_and_adds_none() -> None:
    assert fit(profile(employees=10), POLICY) == 10_000
    assert fit(profile(employees=200), POLICY) == 35_000


@given(profiles)
def test_each_scored_attribute_is_either_known_or_unknown(known: Profile) -> None:
    names = [name for name, _, _ in scored(known, POLICY)]

    assert sorted([*names, *unknown(known, POLICY)]) == sorted(POLICY.fit)


def test_what_was_cleared_is_unknown() -> None:
    assert unknown(profile(seniority=None), POLICY) == (
        "seniority",
        "employees",
        "budget",
        "region",
    )


@pytest.mark.parametrize(
    ("op", "value", "met"),
    [
        ("known", "x", True),
        ("known", None, False),
        ("unknown", "x", False),
        ("unknown", None, True),
        ("in", "Student", True),
        ("in", "boss", False),
        ("in", None, False),
        ("not_in", "Student", False),
        ("not_in", "boss", True),
        ("not_in", None, False),
        ("at_least", 10, True),
        ("at_least", 9.5, False),
        ("at_least", "10", False),
        ("at_least", True, False),
        ("at_least", None, False),
        ("at_most", 10, True),
        ("at_most", 10.5, False),
        ("at_most", None, False),
    ],
)
def test_a_condition_holds(op: str, value: AttributeValue | None, *, met: bool) -> None:
    condition = Condition("a", op, ("student",), 10)

    assert holds((condition,), profile(a=value)) is met


def test_all_conditions_have_to_hold_and_none_always_do() -> None:
    met, failed = Condition("a", "known"), Condition("b", "known")

    assert holds((), {})
    assert holds((met,), profile(a=1))
    assert not holds((met, failed), profile(a=1))


def test_junk_rules_are_named_in_the_policys_order() -> None:
    assert junk_rules(profile(employees=1, seniority="student"), POLICY) == ("student", "tiny")
    assert junk_rules(profile(employees=1, budget=True), POLICY) == ()
