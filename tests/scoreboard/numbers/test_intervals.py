"""Wilson's interval: known values, its limits, and that it covers what it promises to."""

from math import comb

import pytest
from hypothesis import given
from hypothesis import strategies as st

from handlers.scoreboard.numbers.intervals import rate, wilson


@pytest.mark.parametrize(
    ("count", "of", "low", "high"),
    [  # From Newcombe, "Two-sided confidence intervals for the single proportion", 1998, table I.
        (81, 263, 0.2553, 0.3662),
        (15, 148, 0.0624, 0.1605),
        (0, 20, 0.0, 0.1611),
        (1, 29, 0.0061, 0.1718),
    ],
)
def test_bounds_are_those_in_the_literature(count: int, of: int, low: float, high: float) -> None:
    assert wilson(count, of) == pytest.approx((low, high), abs=0.00005)


@given(st.integers(1, 10_000).flatmap(lambda of: st.tuples(st.integers(0, of), st.just(of))))
def test_the_share_lies_between_its_bounds(sample: tuple[int, int]) -> None:
    count, of = sample

    low, high = wilson(count, of)

    assert 0 <= low <= count / of <= high <= 1
    assert wilson(of - count, of) == pytest.approx((1 - high, 1 - low))


def test_without_a_sample_there_is_no_share() -> None:
    empty = rate(0, 0)

    assert (empty.share, empty.low, empty.high) == (None, None, None)


@pytest.mark.parametrize(("count", "of"), [(2, 1), (-1, 5), (1, 0)])
def test_what_is_no_share_is_refused(count: int, of: int) -> None:
    with pytest.raises(ValueError, match="is no share"):
        rate(count, of)


@pytest.mark.parametrize("share", [0.1, 0.2, 0.4, 0.7])
@pytest.mark.parametrize("of", [20, 50, 150])
def test_the_true_share_is_within_about_nineteen_times_of_twenty(share: float, of: int) -> None:
    covered = 0.0

    for count in range(of + 1):
        low, high = wilson(count, of)
        if low <= share <= high:
            covered += comb(of, count) * share**count * (1 - share) ** (of - count)

    assert 0.92 < covered < 0.985
