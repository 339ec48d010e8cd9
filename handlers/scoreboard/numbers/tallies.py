"""What is counted for verdicts: of a campaign or rep, and of reps stratum by stratum."""

from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Self

from handlers.scoreboard.numbers.causes import COUNTERS
from handlers.scoreboard.numbers.intervals import Rate, rate


@dataclass(frozen=True, slots=True)
class Count:
    """Handovers, and why they came to nothing."""

    handovers: int = 0
    handling: int = 0
    quality: int = 0
    open: int = 0

    def __add__(self, other: Self) -> Self:
        """Return both together."""
        return type(self)(
            self.handovers + other.handovers,
            self.handling + other.handling,
            self.quality + other.quality,
            self.open + other.open,
        )

    @property
    def h(self) -> Rate:
        """The share that handling spoilt."""
        return rate(self.handling, self.handovers)

    @property
    def q(self) -> Rate:
        """The share, of all others, that ended for their quality."""
        return rate(self.quality, self.handovers - self.handling)


def each(cells: Sequence[int]) -> Iterator[tuple[int, Count]]:
    """Yield the instants at which a group has handovers, by their place, and its counts."""
    for place, start in enumerate(range(0, len(cells), COUNTERS)):
        count = Count(*map(int, cells[start : start + COUNTERS]))
        if count.handovers:
            yield place, count


class Reps:
    """What is counted of reps at one instant."""

    def __init__(self) -> None:
        """Begin with nothing."""
        self.counts: defaultdict[str, Count] = defaultdict(Count)
        self.mine: defaultdict[str, dict[object, tuple[int, int]]] = defaultdict(dict)
        """Of those to judge, by stratum: ended for their quality, of those handled well."""
        self.all: defaultdict[object, Counter[str]] = defaultdict(Counter)
        self.well: defaultdict[object, Counter[str]] = defaultdict(Counter)

    def add(self, name: str, stratum: object, count: Count, *, own: bool) -> None:
        """Add what one rep made of one stratum; only ``own`` handovers are judged."""
        handled = count.handovers - count.handling
        for who in (name, ""):  # The empty name has the sum of all.
            self.all[stratum][who] += count.quality
            self.well[stratum][who] += handled
        if own:
            self.counts[name] += count
            quality, well = self.mine[name].get(stratum, (0, 0))
            self.mine[name][stratum] = (quality + count.quality, well + handled)

    def others(self, name: str) -> dict[object, tuple[int, int]]:
        """Return the same strata of everybody else, of whatever team."""
        return {
            stratum: (
                self.all[stratum][""] - self.all[stratum][name],
                self.well[stratum][""] - self.well[stratum][name],
            )
            for stratum in self.mine[name]
        }
