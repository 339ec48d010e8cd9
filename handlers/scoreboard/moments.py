"""Weeks and months of instants, in UTC: the calendar that figures are counted by."""

from datetime import date, timedelta
from functools import lru_cache
from typing import Final

DAY_MS: Final = 86_400_000
_EPOCH_DAY: Final = date(1970, 1, 1)
_DAYS_KEPT: Final = 20_000
"""Days whose names are remembered: half a century."""


def week_of(at: int) -> str:
    """Return the Monday of the week of an instant (ms), as YYYY-MM-DD."""
    return _week(at // DAY_MS)


def month_of(at: int) -> str:
    """Return the month of an instant (ms), as YYYY-MM."""
    return _month(at // DAY_MS)


@lru_cache(_DAYS_KEPT)
def _week(day: int) -> str:
    moment = _EPOCH_DAY + timedelta(days=day)
    return (moment - timedelta(days=moment.weekday())).isoformat()


@lru_cache(_DAYS_KEPT)
def _month(day: int) -> str:
    return (_EPOCH_DAY + timedelta(days=day)).isoformat()[:7]


def week_starts_at(week: str) -> int:
    """Return the instant (ms) at which a week begins, which is named by its Monday."""
    return (date.fromisoformat(week) - _EPOCH_DAY).days * DAY_MS
