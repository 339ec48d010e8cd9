"""Shares with the interval that their sample allows: Wilson's, 95 %.

Wilson's interval keeps its promise for small samples and for shares near 0 and 1, where the usual
one does not. Bounds are ratios for people to read, not money: floats.
"""

from dataclasses import dataclass
from math import sqrt
from typing import Final

Z: Final = 1.959963984540054
"""Of the normal distribution: 95 % lie within so many standard deviations."""


@dataclass(frozen=True, slots=True)
class Rate:
    """So many of so many."""

    count: int
    of: int
    """The sample size."""
    low: float | None
    """Lower bound of the interval, 0 to 1; None without a sample."""
    high: float | None

    @property
    def share(self) -> float | None:
        """The share itself, 0 to 1; None without a sample."""
        return self.count / self.of if self.of else None


def rate(count: int, of: int) -> Rate:
    """Return a share with its interval. Raises ValueError unless 0 <= count <= of."""
    if not 0 <= count <= of:
        raise ValueError(f"{count} of {of} is no share")
    if of == 0:
        return Rate(0, 0, None, None)
    low, high = wilson(count, of)
    return Rate(count, of, low, high)


def wilson(count: float, of: float) -> tuple[float, float]:
    """Return both bounds of Wilson's score interval for a sample that is not empty.

    A sample that was weighed need not be whole.
    """
    share, square = count / of, Z * Z
    centre = share + square / (2 * of)
    margin = Z * sqrt(share * (1 - share) / of + square / (4 * of * of))
    scale = 1 + square / of
    # Exact at both ends, where rounding would leave a trace of the margin.
    low = 0.0 if count == 0 else (centre - margin) / scale
    high = 1.0 if count == of else (centre + margin) / scale
    return low, high
