"""Verdicts are right where the truth is known, nearly always."""

import pytest

from tests.scoreboard.seeds import KINDS, right

SEEDS = 24
"""A command gives the figure over 200 seeds: ``python -m tests.scoreboard.seeds``."""
RIGHT_MIN = 0.85


@pytest.mark.slow
def test_what_is_known_is_what_the_verdict_says() -> None:
    shares, wrong = right(range(1_000, 1_000 + SEEDS))

    for kind in KINDS:
        share = shares[kind].share
        assert share is not None
        assert share >= RIGHT_MIN, (kind.says, wrong)


@pytest.mark.slow
def test_nobody_is_accused_who_did_well() -> None:
    _, wrong = right(range(2_000, 2_000 + SEEDS))

    accused = {(kind.says, verdict) for kind, verdict in wrong if kind.verdict == "fine"}
    assert {verdict for _, verdict in accused} <= {"too few to tell"}
