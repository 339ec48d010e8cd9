"""Garbage collection for a process that holds a hundred thousand leads and makes no cycles.

What the worker makes is freed as soon as nobody refers to it; leads, facts and records refer to
nothing that refers back. Looking for cycles among all of them, again and again, found none, and
took a tenth of the time of decoding and deciding. So new objects are looked at once, while they
are few, and old ones hardly ever: cycles that the libraries may leave behind are still found.
"""

import gc
from typing import Final

_YOUNG_OBJECTS: Final = 20_000
"""Made and not freed again between two looks at what is new."""
_YOUNG_LOOKS: Final = 500
_MIDDLE_LOOKS: Final = 1_000


def collect_seldom() -> None:
    """Settle it for this process, with all that was imported so far left out of any look."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(_YOUNG_OBJECTS, _YOUNG_LOOKS, _MIDDLE_LOOKS)
