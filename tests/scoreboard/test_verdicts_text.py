"""Verdicts at a terminal, and those of the demo: they agree with what was truly played."""

import pytest
from rich.console import Console

from handlers.cli.demo import LEADS_DEFAULT, WEEKS_DEFAULT
from handlers.scoreboard.at_once import newest_at
from handlers.scoreboard.numbers.filters import Filters
from handlers.scoreboard.numbers.verdicts import (
    BOTH,
    FINE,
    HANDLING,
    QUALITY,
    TOO_FEW,
    Verdicts,
    verdicts,
)
from handlers.simulate import market, reps
from handlers.simulate.run import SEED_DEFAULT
from handlers.verdicts_text import render
from tests.scoreboard.played import Board, board

BAD_NEED_MAX = 0.15
"""Campaigns in which hardly anybody needs anything."""


def judged(given: Board) -> Verdicts:
    with given.connection() as connection:
        return verdicts(connection, Filters(), newest_at(connection))


def test_every_verdict_is_printed_with_its_numbers() -> None:
    assert_printed(judged(board(weeks=8, leads=150)))


def assert_printed(found: Verdicts) -> None:
    """Assert that each has its line, and what is too young to be judged is told."""
    console = Console(width=140)

    with console.capture() as printed:
        console.print(render(found))

    text = printed.get()
    for one in (*found.campaigns, *found.reps):
        line = next(line for line in text.splitlines() if line.strip().startswith(one.name))
        assert one.verdict in line
        assert str(one.handling.of) in line
    assert f"{found.young} handovers are younger" in text


@pytest.mark.slow
def test_the_demo_ends_with_verdicts_that_agree_with_what_was_played() -> None:
    found = judged(board(SEED_DEFAULT, WEEKS_DEFAULT, LEADS_DEFAULT))
    assert_printed(found)
    campaigns = {one.name: one.verdict for one in found.campaigns}
    people = {one.name: one.verdict for one in found.reps}

    bad = {one.name for one in market.CAMPAIGNS if one.need <= BAD_NEED_MAX}
    late = {rep.name for rep in reps.REPS if rep.style in {reps.LAZY, reps.SLOW}}
    picky = {rep.name for rep in reps.REPS if rep.style is reps.CHERRY}
    good = {rep.name for rep in reps.REPS if rep.style is reps.GOOD}
    assert bad
    assert late
    assert picky
    assert {name: campaigns[name] for name in bad if name} == {
        name: QUALITY for name in bad if name
    }
    assert {name: people[name] for name in late | picky} == dict.fromkeys(late | picky, HANDLING)
    assert {people[name] for name in good} <= {FINE, TOO_FEW}
    assert campaigns["ops-leaders"] == HANDLING
    others = set(campaigns) - bad - {"ops-leaders"}
    assert not {campaigns[name] for name in others} & {HANDLING, QUALITY, BOTH}
