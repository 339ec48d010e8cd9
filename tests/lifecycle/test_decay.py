"""Decay: the table is exact to the last bit, and ages subtract."""

import ast
import decimal
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

import lifecycle
from lifecycle.decay import STEPS, decayed, step_of
from lifecycle.decay_table import LEFT

DAY_MS = 86_400_000

steps = st.integers(0, 40 * STEPS)
points = st.floats(-1e6, 1e6, allow_nan=False)


def test_the_table_has_one_value_for_each_step_of_a_half_life() -> None:
    assert len(LEFT) == STEPS
    assert LEFT[0] == 1.0
    assert all(0.5 < later < earlier for earlier, later in pairwise(LEFT))


def test_each_entry_is_the_double_nearest_to_the_exact_value() -> None:
    # LEFT[k] = m / 2**53, and the exact value x fulfils x**1024 == 2**-k. So the neighbours'
    # midpoints lie around x if and only if (2m - 1)**1024 < 2**(54 * 1024 - k) < (2m + 1)**1024.
    for k, value in enumerate(LEFT[1:], start=1):
        numerator = int(value * 2**53)
        exact = 1 << (54 * STEPS - k)

        assert numerator / 2**53 == value
        assert (2 * numerator - 1) ** STEPS < exact < (2 * numerator + 1) ** STEPS


def test_the_table_is_what_its_recipe_makes() -> None:
    with decimal.localcontext(prec=60):
        made = [float(decimal.Decimal(2) ** (decimal.Decimal(-k) / STEPS)) for k in range(STEPS)]

    assert list(LEFT) == made


@pytest.mark.parametrize(("steps", "left"), [(0, 8.0), (1024, 4.0), (3072, 1.0), (5120, 0.25)])
def test_each_half_life_halves_exactly(steps: int, left: float) -> None:
    assert decayed(8.0, steps) == left


def test_an_age_of_thousands_of_years_leaves_nothing() -> None:
    assert decayed(1e6, 10**9) == 0.0


@given(points, steps, steps)
def test_fading_in_two_goes_is_fading_in_one(amount: float, first: int, second: int) -> None:
    assert decayed(decayed(amount, first), second) == pytest.approx(
        decayed(amount, first + second), rel=1e-14
    )


@given(points, steps, steps)
def test_older_is_never_more(amount: float, younger: int, longer: int) -> None:
    assert abs(decayed(amount, younger + longer)) <= abs(decayed(amount, younger))


@given(st.integers(0, 2**43), st.integers(1, 4000 * DAY_MS), st.integers(0, 2**40))
def test_a_step_is_a_1024th_of_a_half_life(at: int, half_life_ms: int, later_ms: int) -> None:
    step = step_of(at, half_life_ms)

    assert step * half_life_ms <= at * STEPS < (step + 1) * half_life_ms
    assert step_of(at + half_life_ms, half_life_ms) == step + STEPS
    assert step_of(at + later_ms, half_life_ms) >= step


def test_nothing_in_lifecycle_asks_the_c_library_for_a_power_or_a_logarithm() -> None:
    forbidden = {"pow", "exp", "exp2", "expm1", "log", "log2", "log10", "log1p", "cbrt"}

    for path in Path(lifecycle.__path__[0]).glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            power = isinstance(node, ast.BinOp | ast.AugAssign) and isinstance(node.op, ast.Pow)
            name = getattr(node, "id", getattr(node, "attr", getattr(node, "name", "")))
            assert not power, f"{path.name}: **"
            assert name not in forbidden, f"{path.name}: {name}"
