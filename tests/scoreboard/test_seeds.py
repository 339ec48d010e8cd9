"""Verdicts are right where the truth is known, nearly always."""

from collections import Counter
from functools import cache

import pytest

from handlers.scoreboard.numbers.intervals import Rate
from tests.scoreboard.seeds import KINDS, Kind, right

SEEDS = 24
"""A command gives the figure over 200 seeds: ``python -m tests.scoreboard.seeds``."""
RIGHT_MIN = 0.85


@cache
def judged() -> tuple[dict[Kind, Rate], Counter[tuple[Kind, str]]]:
    """Companies played once, for all that is asked of their verdicts."""
    return right(range(1_000, 1_000 + SEEDS))


@pytest.mark.slow
def test_what_is_known_is_what_the_verdict_says() -> None:
    shares, wrong = judged()

    for kind in KINDS:
        share = shares[kind].share
        assert share is not None
        assert share >= RIGHT_MIN, (kind.says, wrong)


@pytest.mark.slow
def test_nobody_is_accused_who_did_well() -> None:
    _, wrong = judged()

    accused = {(kind.says, verdict) for kind, verdict in wrong if kind.verdict == "fine"}
    assert {verdict for _, verdict in accused} <= {"too few to tell"}
