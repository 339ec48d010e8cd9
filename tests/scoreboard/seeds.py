"""How often a verdict is right where the truth is known: ``python -m tests.scoreboard.seeds``.

Each seed is another company with the same truth: other leads, other answers, other bad luck.
Right is only the one verdict that the truth asks for; "too few to tell" is right for the small
campaign alone, and wrong wherever there was enough to tell.
"""

import argparse
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from handlers.scoreboard.numbers.filters import Filters
from handlers.scoreboard.numbers.intervals import Rate, rate
from handlers.scoreboard.numbers.verdicts import BOTH, FINE, HANDLING, QUALITY, TOO_FEW, verdicts
from tests.scoreboard.floor import Lane, play
from tests.scoreboard.played import board_of

SEEDS: Final = 200
_GOOD_NEED: Final = 0.92
_BAD_NEED: Final = 0.1
_BAD_JUNK: Final = 0.3

LANES: Final = (
    Lane("good-lazy", ("rep-finn",), 60, _GOOD_NEED),
    Lane("junk-good", ("rep-anna", "rep-bela"), 80, _BAD_NEED, _BAD_JUNK),
    Lane("junk-lazy", ("rep-finn",), 120, _BAD_NEED, _BAD_JUNK),
    Lane("good-good", ("rep-anna", "rep-bela", "rep-emma"), 120, _GOOD_NEED),
    Lane("worked", ("rep-emma", "rep-bela", "rep-dora"), 150, _GOOD_NEED),
    Lane("small", ("rep-emma",), 12, _GOOD_NEED),
)


@dataclass(frozen=True, slots=True)
class Kind:
    """One thing that is known."""

    says: str
    name: str
    """The campaign's or the rep's."""
    verdict: str


KINDS: Final = (
    Kind("campaign: good leads, lazy rep", "good-lazy", HANDLING),
    Kind("campaign: junk, good reps", "junk-good", QUALITY),
    Kind("campaign: junk, lazy rep", "junk-lazy", BOTH),
    Kind("campaign: good leads, good reps", "good-good", FINE),
    Kind("campaign: 12 handovers", "small", TOO_FEW),
    Kind("rep: lazy", "rep-finn", HANDLING),
    Kind("rep: rejects what others work", "rep-dora", HANDLING),
    Kind("rep: good, but got the junk", "rep-anna", FINE),
)


def found(seed: int) -> dict[str, str]:
    """Return the verdict on each campaign and rep of one company."""
    board = board_of(play(seed, LANES))
    with board.connection() as connection:
        judged = verdicts(connection, Filters(), board.now_at)
    board.engine.dispose()
    return {one.name: one.verdict for one in (*judged.campaigns, *judged.reps)}


def right(seeds: Iterable[int]) -> tuple[dict[Kind, Rate], Counter[tuple[Kind, str]]]:
    """Return, by kind, how often the verdict was right, and what else was said."""
    wrong: Counter[tuple[Kind, str]] = Counter()
    of = 0
    for seed in seeds:
        of += 1
        said = found(seed)
        for kind in KINDS:
            if said[kind.name] != kind.verdict:
                wrong[kind, said[kind.name]] += 1
    missed = Counter(dict.fromkeys(KINDS, 0))
    for (kind, _), times in wrong.items():
        missed[kind] += times
    return {kind: rate(of - missed[kind], of) for kind in KINDS}, wrong


def table(seeds: int) -> str:
    """Return the figures as a Markdown table."""
    shares, wrong = right(range(seeds))
    lines = [
        f"| what was played, {seeds} seeds | right verdict | right | 95 % interval | else |",
        "|---|---|---:|---:|---|",
    ]
    for kind, share in shares.items():
        assert share.low is not None
        assert share.high is not None
        others = ", ".join(
            f"{verdict} {times}" for (one, verdict), times in wrong.items() if one is kind
        )
        lines.append(
            f"| {kind.says} | `{kind.verdict}` | {share.count} of {share.of} "
            f"| {share.low:.1%} to {share.high:.1%} | {others or '–'} |"  # noqa: RUF001 - a dash
        )
    return "\n".join(lines)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=SEEDS)
    print(table(parser.parse_args().seeds))  # noqa: T201 - what it is for
