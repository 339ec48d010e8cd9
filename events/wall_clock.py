"""The one reader of the wall clock. Nothing about a lead is decided from it.

It stamps what this process sends by itself (ticks, adoptions) and measures how old things are;
whoever needs it takes it as an argument, so that a test can bring its own.
"""

import time
from collections.abc import Callable

WallClock = Callable[[], int]
"""Now, in ms since the epoch."""


def now_ms() -> int:
    """Return the wall clock's time in ms since the epoch."""
    return time.time_ns() // 1_000_000
