"""One against the others on what both had: the same mix of strata, however unevenly they got it.

A rep who gets the hard leads must not look picky. So the others' share is taken stratum by
stratum (the same source, the same grade) and weighed by how many of each the one had; strata that
only one side knows are left out on both. The interval is Wilson's on the sample that is left of
the others after weighing (Kish: a weighed mean is worth fewer observations than went into it).
"""

from collections.abc import Hashable, Mapping
from dataclasses import dataclass

from handlers.scoreboard.numbers.intervals import Rate, rate, wilson

Strata = Mapping[Hashable, tuple[int, int]]
"""Stratum to how many, of how many."""


@dataclass(frozen=True, slots=True)
class Weighed:
    """The others' share on one's own mix."""

    share: float
    of: int
    """What the sample is worth, rounded."""
    low: float
    high: float

    @property
    def count(self) -> int:
        """How many of the sample that would be."""
        return round(self.share * self.of)


@dataclass(frozen=True, slots=True)
class Comparison:
    """One's own share and the others', on the strata that both know."""

    own: Rate
    others: Weighed

    @property
    def clearly_above(self) -> bool:
        """The intervals do not touch, and one's own is the higher one."""
        return self.own.low is not None and self.own.low > self.others.high


def compare(own: Strata, others: Strata, sample_min: int) -> Comparison | None:
    """Weigh one against the others; None if either side has fewer than ``sample_min`` to show."""
    shared = [key for key, (_, of) in own.items() if of and others.get(key, (0, 0))[1]]
    total = sum(own[key][1] for key in shared)
    if total < sample_min:
        return None
    weights = {key: own[key][1] / total for key in shared}
    worth = 1 / sum(weight**2 / others[key][1] for key, weight in weights.items())
    if worth < sample_min:
        return None
    share = sum(weight * others[key][0] / others[key][1] for key, weight in weights.items())
    share = min(1.0, share)  # Weights add up to 1 but for the last bit.
    low, high = wilson(share * worth, worth)
    mine = rate(sum(own[key][0] for key in shared), total)
    return Comparison(mine, Weighed(share, round(worth), low, high))
