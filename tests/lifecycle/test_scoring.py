"""Receipts add up to what was decided on, and say what is missing."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lifecycle.facts import ActivityPart, FitPart, NearMiss
from lifecycle.fit import Profile
from lifecycle.lead import RECEIPT_ACTIVITIES_MAX, Scores
from lifecycle.scoring import absorb, close_gate, fit, grade, receipt, totals
from lifecycle.stages import Stage
from tests.lifecycle.scored import (
    DAY_MS,
    NOW,
    POLICY,
    activity,
    deeds,
    naming,
    profile,
    profiles,
    scores_of,
)

MANY = naming(
    *(activity(f"plus{n:02}", 1 + n % 5, days=5 + n) for n in range(15)),
    *(activity(f"minus{n:02}", -2 - n % 7, days=5 + n) for n in range(15)),
    *(activity(f"buy{n:02}", 3 + n % 3, days=5 + n, alive=1) for n in range(15)),
)
many_deeds = st.lists(
    st.tuples(st.sampled_from(sorted(MANY.activities)), st.integers(NOW - 60 * DAY_MS, NOW)),
    max_size=60,
)


@given(deeds, profiles, st.sampled_from(Stage), st.integers(0, 100 * DAY_MS))
def test_a_receipt_adds_up_to_the_score_exactly(
    done: list[tuple[str, int]], known: Profile, stage: Stage, later_ms: int
) -> None:
    at = NOW + later_ms
    scores = scores_of(*done)

    told = receipt(scores, known, stage, POLICY, at, "warm_up")

    now = totals(scores, POLICY, at)
    assert sum(part.points_mp for part in told.activities) == told.engagement_mp
    assert sum(part.points_mp for part in told.activities if part.buying_signal) == told.intent_mp
    assert sum(part.points_mp for part in told.fit) == told.fit_mp
    assert (told.engagement_mp, told.intent_mp) == (now.engagement_mp, now.intent_mp)
    assert told.fit_mp == fit(known, POLICY)
    assert any(part.alive for part in told.activities) is now.alive
    assert told.grade == grade(told.fit_mp, told.engagement_mp, POLICY)
    assert (told.rule, told.policy) == ("warm_up", "p1")


@given(many_deeds)
def test_a_receipt_is_bounded_and_adds_up_all_the_same(done: list[tuple[str, int]]) -> None:
    scores = Scores()
    for name, at in done:
        scores = absorb(scores, MANY.activities[name], at)

    parts = receipt(scores, {}, Stage.COLD, MANY, NOW, "warm_up").activities

    now = totals(scores, MANY, NOW)
    assert len(parts) <= RECEIPT_ACTIVITIES_MAX
    assert sum(part.points_mp for part in parts) == now.engagement_mp
    assert sum(part.points_mp for part in parts if part.buying_signal) == now.intent_mp
    assert any(part.alive for part in parts) is now.alive


@pytest.mark.parametrize(
    ("kinds", "others"), [(("plus", "minus", "buy"), 2), (("plus", "plum"), 1)]
)
def test_what_the_limit_leaves_out_is_summed_with_buying_signals_apart(
    kinds: tuple[str, ...], others: int
) -> None:
    plums = (activity(f"plum{n:02}", 9, days=3) for n in range(15))
    policy = naming(*MANY.activities.values(), *plums)
    scores = Scores()
    for each in policy.activities.values():
        if each.name.startswith(kinds):
            scores = absorb(scores, each, NOW)

    parts = receipt(scores, {}, Stage.COLD, policy, NOW, "warm_up").activities

    rest = [part for part in parts if part.activity == "other"]
    assert len(rest) == others
    assert sum(part.count for part in parts) == len(scores.accumulators)
    assert all(part.last_at == NOW for part in parts)


def test_a_receipt_names_activities_by_weight_with_their_count_age_and_cap() -> None:
    scores = scores_of(*[("page_view", NOW)] * 30, ("trial", NOW), ("careers", NOW + 5))

    told = receipt(scores, {}, Stage.COLD, POLICY, NOW + 5, "warm_up")

    assert told.activities == (
        ActivityPart("trial", 20_000, 1, NOW, buying_signal=True, alive=True),
        ActivityPart("careers", -10_000, 1, NOW + 5),
        ActivityPart("page_view", 10_000, 30, NOW, capped=True),
    )


def test_bounds_that_bit_are_parts_of_their_own() -> None:
    gone = scores_of(("unsubscribe", NOW))
    best = profile(seniority="c_level", employees=500, budget=True)

    low = receipt(gone, profile(seniority="student"), Stage.COLD, POLICY, NOW, "cool_down")
    high = receipt(Scores(), best, Stage.COLD, POLICY, NOW, "cool_down")

    assert low.activities[-1] == ActivityPart("floor", 30_000, 0, NOW)
    assert low.fit[-1] == FitPart("clamp", 0, 50_000)
    assert high.fit[-1] == FitPart("clamp", 100, -5_000)


def test_what_has_faded_or_is_no_longer_named_is_no_part() -> None:
    scores = scores_of(("page_view", NOW - 400 * DAY_MS), ("trial", NOW), ("webinar", NOW))
    policy = naming(activity("page_view", 1, days=7), activity("trial", 20, days=14))

    parts = receipt(scores, {}, Stage.COLD, policy, NOW, "warm_up").activities

    assert [part.activity for part in parts] == ["trial"]


def test_a_receipt_lists_what_nobody_has_told() -> None:
    told = receipt(Scores(), profile(employees=12), Stage.COLD, POLICY, NOW, "warm_up")

    assert told.fit == (FitPart("employees", 12, 10_000),)
    assert told.unknown == ("seniority", "budget", "region")


@pytest.mark.parametrize(
    ("fit_mp", "engagement_mp", "expected"),
    [
        (0, 0, "D4"),
        (24_999, 14_999, "D4"),
        (25_000, 15_000, "C3"),
        (50_000, 59_999, "B2"),
        (75_000, 60_000, "A1"),
        (100_000, 0, "A4"),
    ],
)
def test_a_grade_is_fit_by_letter_and_engagement_by_number(
    fit_mp: int, engagement_mp: int, expected: str
) -> None:
    assert grade(fit_mp, engagement_mp, POLICY) == expected


def test_near_misses_say_what_each_stage_ahead_lacks() -> None:
    told = receipt(
        scores_of(("webinar", NOW)), profile(employees=12), Stage.COLD, POLICY, NOW, "warm_up"
    )

    assert told.near_misses == (
        NearMiss(Stage.CURIOUS, engagement_mp=2_500),
        NearMiss(Stage.WARM, engagement_mp=22_500),
        NearMiss(Stage.MQL, engagement_mp=47_500, fit_mp=30_000, buying_signal=True),
    )


@pytest.mark.parametrize(
    ("stage", "ahead"),
    [
        (Stage.COLD, [Stage.CURIOUS, Stage.WARM, Stage.MQL]),
        (Stage.CURIOUS, [Stage.WARM, Stage.MQL]),
        (Stage.WARM, [Stage.MQL]),
        (Stage.NURTURE, [Stage.MQL]),
        (Stage.LOST, [Stage.MQL]),
        (Stage.MQL, []),
        (Stage.SAL, []),
        (Stage.SQL, []),
        (Stage.OPPORTUNITY, []),
        (Stage.CUSTOMER, []),
        (Stage.DISQUALIFIED, []),
    ],
)
def test_near_misses_are_of_the_stages_that_a_lead_may_still_earn(
    stage: Stage, ahead: list[Stage]
) -> None:
    told = receipt(Scores(), {}, stage, POLICY, NOW, "cool_down")

    assert [miss.to for miss in told.near_misses] == ahead


def test_a_stage_for_which_nothing_lacks_is_no_near_miss() -> None:
    scores = scores_of(*[("trial", NOW)] * 3)
    known = profile(seniority="c_level")

    assert receipt(scores, known, Stage.COLD, POLICY, NOW, "qualify").near_misses == ()


def test_a_closed_gate_is_a_near_miss_of_its_own() -> None:
    scores = close_gate(scores_of(*[("trial", NOW - 1)] * 4), NOW - 1)
    known = profile(seniority="c_level")

    shut = receipt(scores, known, Stage.NURTURE, POLICY, NOW, "recycle")
    half = receipt(
        scores_of(("webinar", NOW), since=scores), known, Stage.NURTURE, POLICY, NOW, "recycle"
    )
    waived = receipt(
        replace(scores, gate_waived_at=NOW), known, Stage.NURTURE, POLICY, NOW, "recycle"
    )

    assert shut.near_misses == (NearMiss(Stage.MQL, requalify_mp=20_000, buying_signal=True),)
    assert half.near_misses == (NearMiss(Stage.MQL, requalify_mp=7_500, buying_signal=True),)
    assert waived.near_misses == ()


def test_junk_rules_stand_in_the_way_unless_a_person_overruled_them() -> None:
    scores = scores_of(*[("trial", NOW)] * 3)
    known = profile(seniority="student", employees=500, budget=True, region=7)
    policy = replace(POLICY, mql_fit_mp=0)

    told = receipt(scores, known, Stage.WARM, policy, NOW, "qualify")
    silenced = receipt(scores, known, Stage.WARM, policy, NOW, "qualify", ("student",))

    assert told.near_misses == (NearMiss(Stage.MQL, junk=("student",)),)
    assert silenced.near_misses == ()
