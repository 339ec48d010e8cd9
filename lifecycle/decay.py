"""How points fade: an age in whole steps of a half-life, a table, and a shift of the exponent.

Baton replays a log to the same bytes on any machine, and the last bit of a C library's pow, exp
and log is not the same on all of them. So age is counted in integers, the fraction of a half-life
is looked up (``decay_table``), and whole half-lives are taken off by ``ldexp``, which is exact.

Steps are counted from 1970 and not from the activity, so that two values of one half-life have
ages that subtract exactly, in whatever order they arrived. The price is that a point may look up
to one step, 1 / 1,024 of its half-life, younger or older than it is: under 0.07 % of its points.
"""

from math import ldexp
from typing import Final

from lifecycle import decay_table

LEFT: Final = decay_table.LEFT
"""By step: what is left of a point, from 1 toward a half."""
STEPS: Final = 1024
"""Steps in a half-life: the length of the table, and a power of two."""
_HALVED_MAX: Final = 64
_HALVED: Final = tuple(ldexp(1.0, -halvings) for halvings in range(_HALVED_MAX))
"""What is left of a point after so many whole half-lives."""


def step_of(at: int, half_life_ms: int) -> int:
    """Return the number of whole steps from 1970 to ``at``; steps are half-life / 1,024 long."""
    return at * STEPS // half_life_ms


def decayed(points: float, steps: int) -> float:
    """Return what is left of the points after so many steps: half of them after each 1,024."""
    rest, halvings = points * LEFT[steps & 1023], steps >> 10
    # A product with a power of two is exact, as ``ldexp`` is, and cheaper.
    return rest * _HALVED[halvings] if 0 <= halvings < _HALVED_MAX else ldexp(rest, -halvings)


def halved(halvings: int) -> float:
    """Return what is left of 1 after so many whole half-lives: a power of two, so exact."""
    return _HALVED[halvings] if 0 <= halvings < _HALVED_MAX else ldexp(1.0, -halvings)
