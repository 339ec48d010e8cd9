"""Engagement: any order gives the same score, and resets, gates and new policies do as told."""

from collections.abc import Sequence
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lifecycle.engagement import (
    Totals,
    absorb,
    carry_over,
    close_gate,
    gate_open,
    live_mp,
    reset,
    totals,
)
from lifecycle.lead import Scores
from tests.lifecycle.scored import (
    ACTIVITIES,
    DAY_MS,
    NOW,
    POLICY,
    activity,
    deeds,
    naming,
    scores_of,
)

Deeds = list[tuple[str, int]]
later = st.integers(0, 400 * DAY_MS).map(lambda ms: NOW + ms)


def assert_alike(one: Scores, other: Scores, at: int) -> None:
    """Assert that two scores are worth the same, whatever step their sums stand at."""
    assert one.accumulators.keys() == other.accumulators.keys()
    for name, left in one.accumulators.items():
        right = other.accumulators[name]
        assert left.points == pytest.approx(right.points, abs=1e-9)
        assert left.gated == pytest.approx(right.gated, abs=1e-9)
        assert (left.step, left.count, left.last_at) == (right.step, right.count, right.last_at)
    assert totals(one, POLICY, at) == totals(other, POLICY, at)


@given(st.data(), deeds, later)
def test_the_order_in_which_activities_arrive_changes_nothing(
    data: st.DataObject, done: Deeds, at: int
) -> None:
    shuffled = data.draw(st.permutations(done))

    assert_alike(scores_of(*done), scores_of(*shuffled), at)


@given(st.data(), deeds, later, st.integers(0, 200))
def test_nor_does_it_after_resets_and_a_closed_gate(
    data: st.DataObject, done: Deeds, at: int, days: int
) -> None:
    gate_at = NOW - days * DAY_MS
    begun = reset(Scores(), POLICY, gate_at - 5 * DAY_MS, engagement=True, intent=False)
    begun = close_gate(
        reset(begun, POLICY, gate_at - DAY_MS, engagement=False, intent=True), gate_at
    )
    shuffled = data.draw(st.permutations(done))

    assert_alike(scores_of(*done, since=begun), scores_of(*shuffled, since=begun), at)


@given(st.data(), st.integers(0, 12), st.lists(st.integers(0, 8), min_size=1, max_size=8))
def test_a_score_that_ends_in_half_a_thousandth_is_rounded_alike_in_any_order(
    data: st.DataObject, age: int, ages: Sequence[int]
) -> None:
    # Whole half-lives of round points end in halves all the time: 1 point after 4 is 62.5.
    times = [NOW - 7 * DAY_MS * each for each in ages]
    shuffled = data.draw(st.permutations(times))
    at = NOW + 7 * DAY_MS * age

    one = scores_of(*(("page_view", time) for time in times))
    other = scores_of(*(("page_view", time) for time in shuffled))

    assert totals(one, POLICY, at) == totals(other, POLICY, at)


@given(deeds, later)
def test_totals_are_the_sums_of_the_live_points_that_receipts_show(done: Deeds, at: int) -> None:
    scores = scores_of(*done[:10])
    scores = scores_of(*done[10:], since=close_gate(scores, NOW - 100 * DAY_MS))
    known = {name: (POLICY.activities[name], sums) for name, sums in scores.accumulators.items()}
    live = {name: live_mp(sums.points, each, sums, at)[0] for name, (each, sums) in known.items()}
    gated = {name: live_mp(sums.gated, each, sums, at)[0] for name, (each, sums) in known.items()}
    buying = {name for name in live if POLICY.activities[name].buying_signal}
    alive = {name for name in buying if live[name] > 5000}

    assert totals(scores, POLICY, at) == Totals(
        engagement_mp=max(0, sum(live.values())),
        intent_mp=sum(live[name] for name in buying),
        gated_mp=max(0, sum(gated.values())),
        alive=bool(alive),
        alive_gated=any(gated[name] > 5000 for name in buying),
        strongest=min(alive, key=lambda name: (-live[name], name), default=None),
    )


def test_points_halve_with_each_half_life() -> None:
    scores = scores_of(("trial", NOW))

    worth = [totals(scores, POLICY, NOW + 14 * DAY_MS * n).engagement_mp for n in range(5)]

    assert worth == [20_000, 10_000, 5_000, 2_500, 1_250]


def test_a_late_activity_counts_with_its_own_age() -> None:
    late = scores_of(("trial", NOW), ("trial", NOW - 14 * DAY_MS))

    assert totals(late, POLICY, NOW).engagement_mp == 30_000
    assert late.accumulators["trial"].count == 2
    assert late.accumulators["trial"].last_at == NOW


def test_a_cap_bounds_an_activity_either_way() -> None:
    eager = scores_of(*[("page_view", NOW)] * 50)
    put_off = scores_of(*[("careers", NOW)] * 50, ("trial", NOW), ("webinar", NOW))
    put_off = scores_of(*[("careers", NOW)] * 50, since=close_gate(put_off, NOW - 1))

    assert totals(eager, POLICY, NOW).engagement_mp == 10_000
    assert totals(put_off, POLICY, NOW).engagement_mp == 32_500 - 25_000


def test_a_cap_bounds_what_is_dated_after_the_gate_as_well() -> None:
    again = scores_of(*[("page_view", NOW)] * 50, since=close_gate(Scores(), NOW - 1))
    against = scores_of(*[("careers", NOW)] * 50, ("trial", NOW), ("trial", NOW), since=again)

    assert totals(again, POLICY, NOW).gated_mp == 10_000
    assert totals(against, POLICY, NOW).gated_mp == 10_000 + 40_000 - 25_000


def test_engagement_is_never_below_zero() -> None:
    gone = scores_of(("unsubscribe", NOW), ("trial", NOW), since=close_gate(Scores(), NOW - 1))

    now = totals(gone, POLICY, NOW)

    assert (now.engagement_mp, now.gated_mp, now.intent_mp) == (0, 0, 20_000)


def test_a_buying_signal_is_alive_above_its_floor_and_not_on_it() -> None:
    scores = scores_of(("trial", NOW))

    on_it = totals(scores, POLICY, NOW + 28 * DAY_MS)
    above = totals(scores, POLICY, NOW + 27 * DAY_MS)

    assert (on_it.intent_mp, on_it.alive, on_it.strongest) == (5_000, False, None)
    assert (above.alive, above.strongest) == (True, "trial")


def test_the_strongest_of_equal_buying_signals_is_the_first_by_name() -> None:
    policy = naming(*(activity(name, 9, alive=1) for name in ("c", "a", "b")), activity("z", 50))
    scores = Scores()
    for each in policy.activities.values():
        scores = absorb(scores, each, NOW)

    assert totals(scores, policy, NOW).strongest == "a"


def test_an_activity_worth_nothing_leaves_no_trace() -> None:
    assert absorb(Scores(), activity("opened", 0), NOW) == Scores()


def test_what_is_dated_before_a_reset_adds_nothing_to_what_was_reset() -> None:
    all_reset = reset(scores_of(("trial", NOW)), POLICY, NOW, engagement=True, intent=False)
    intent_reset = reset(
        scores_of(("trial", NOW), ("webinar", NOW)), POLICY, NOW, engagement=False, intent=True
    )

    assert all_reset.accumulators == {}
    assert list(intent_reset.accumulators) == ["webinar"]
    assert scores_of(("webinar", NOW - 1), since=all_reset) == all_reset
    assert scores_of(("trial", NOW - 1), since=intent_reset) == intent_reset
    assert (
        totals(
            scores_of(("webinar", NOW - 1), ("trial", NOW), since=intent_reset), POLICY, NOW
        ).intent_mp
        == 20_000
    )


def test_a_reset_of_nothing_keeps_everything() -> None:
    scores = scores_of(("trial", NOW), ("webinar", NOW))

    assert reset(scores, POLICY, NOW, engagement=False, intent=False) == scores


def test_an_open_gate_asks_for_nothing() -> None:
    assert gate_open(Scores(), totals(Scores(), POLICY, NOW), POLICY, NOW)


def test_yesterdays_points_do_not_open_the_gate() -> None:
    scores = close_gate(scores_of(*[("trial", NOW - DAY_MS)] * 3), NOW)
    late = scores_of(*[("trial", NOW)] * 3, since=scores)

    for each in (scores, late):
        now = totals(each, POLICY, NOW)
        assert (now.gated_mp, now.alive_gated) == (0, False)
        assert not gate_open(each, now, POLICY, NOW)


@pytest.mark.parametrize(
    ("since", "opens"),
    [
        (["trial"], True),
        (["pricing"], False),
        (["webinar", "webinar"], False),
        (["pricing", "webinar"], True),
    ],
    ids=["enough", "too few points", "no buying signal", "points of both"],
)
def test_the_gate_opens_by_engagement_and_a_buying_signal_dated_later(
    since: list[str], *, opens: bool
) -> None:
    closed = close_gate(scores_of(*[("trial", NOW - DAY_MS)] * 3), NOW - 1)

    scores = scores_of(*((name, NOW) for name in since), since=closed)

    assert gate_open(scores, totals(scores, POLICY, NOW), POLICY, NOW) is opens


def test_a_waived_gate_holds_until_its_date() -> None:
    scores = close_gate(Scores(), NOW, waived_at=NOW + DAY_MS)
    now = totals(scores, POLICY, NOW)

    assert not gate_open(scores, now, POLICY, NOW + DAY_MS - 1)
    assert gate_open(scores, now, POLICY, NOW + DAY_MS)


@given(deeds)
def test_a_policy_already_carried_over_costs_nothing(done: Deeds) -> None:
    scores = scores_of(*done)

    assert carry_over(scores, POLICY, NOW) is scores


@given(deeds, st.integers(0, 50))
def test_what_is_left_is_carried_over_and_fades_by_the_new_half_life(
    done: Deeds, days: int
) -> None:
    at = NOW + days * DAY_MS
    scores = scores_of(*done, since=close_gate(Scores(policy="p1"), NOW - 100 * DAY_MS))
    slower = naming(*(replace(each, half_life_ms=each.half_life_ms * 3) for each in ACTIVITIES))

    carried = carry_over(scores, slower, at)

    assert carried.policy == "p2"
    assert totals(carried, slower, at) == totals(scores, POLICY, at)
    for name, sums in carried.accumulators.items():
        half_life_ms = slower.activities[name].half_life_ms
        assert sums.half_life_ms == half_life_ms
        assert (sums.count, sums.last_at) == (
            scores.accumulators[name].count,
            scores.accumulators[name].last_at,
        )
        before, _ = live_mp(sums.points, slower.activities[name], sums, at)
        after, _ = live_mp(sums.points / 2, slower.activities[name], sums, at)
        halved, _ = live_mp(sums.points, slower.activities[name], sums, at + half_life_ms)
        assert halved == after
        assert abs(halved) <= abs(before)


def test_an_activity_with_the_same_half_life_is_left_alone_and_one_without_a_name_dropped() -> None:
    scores = scores_of(("trial", NOW), ("webinar", NOW))
    policy = naming(activity("trial", 99, days=14, cap=15, alive=1))

    carried = carry_over(scores, policy, NOW + DAY_MS)

    assert carried.accumulators == {"trial": scores.accumulators["trial"]}
    assert totals(carried, policy, NOW).engagement_mp == 15_000
    assert totals(scores, policy, NOW).engagement_mp == 15_000


@pytest.mark.parametrize("at", [NOW, NOW + 14 * DAY_MS])
def test_an_accumulator_keeps_its_half_life_until_it_is_carried_over(at: int) -> None:
    scores = absorb(scores_of(("trial", NOW)), activity("trial", 20, days=1), at)

    assert scores.accumulators["trial"].half_life_ms == 14 * DAY_MS
