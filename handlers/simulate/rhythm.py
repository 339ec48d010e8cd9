"""When people do things: in their own zone, mostly in office hours, in bursts, then silence."""

from datetime import UTC, datetime
from functools import cache
from random import Random
from typing import Final

from lifecycle.calendar import add_business
from lifecycle.policy import WorkingHours

MINUTE_MS: Final = 60_000
HOUR_MS: Final = 60 * MINUTE_MS
DAY_MS: Final = 24 * HOUR_MS
WEEK_MS: Final = 7 * DAY_MS

END_AT: Final = int(datetime(2026, 4, 6, tzinfo=UTC).timestamp()) * 1000
"""A simulation ends on this Monday unless told another: after both changes to summer time."""

_OFFICE: Final = ((8 * 60, 12 * 60), (12 * 60 + 45, 18 * 60))
_EVENING: Final = ((19 * 60, 22 * 60 + 30),)
_WEEKEND: Final = ((9 * 60, 21 * 60),)
_OFFICE_SHARE: Final = 0.82
_EVENING_SHARE: Final = 0.13


def starts_at(weeks: int, ends_at: int = END_AT) -> int:
    """Return the Monday, 00:00 UTC, on which a simulation of so many weeks begins."""
    return ends_at - weeks * WEEK_MS


@cache
def office_hours(zone: str) -> WorkingHours:
    """Return when somebody in this zone sits at a desk."""
    return WorkingHours(zone, (_OFFICE,) * 5 + ((), ()))


@cache
def evenings(zone: str) -> WorkingHours:
    """Return when somebody in this zone reads on at home."""
    return WorkingHours(zone, (_EVENING,) * 5 + ((), ()))


@cache
def weekends(zone: str) -> WorkingHours:
    """Return when somebody in this zone has time at the weekend."""
    return WorkingHours(zone, ((),) * 5 + (_WEEKEND, _WEEKEND))


def visit_at(chance: Random, zone: str, earliest: int) -> int:
    """Return when a visit that could begin at ``earliest`` does begin."""
    draw = chance.random()
    if draw < _OFFICE_SHARE:
        return add_business(office_hours(zone), earliest, chance.randrange(1, 9 * HOUR_MS))
    if draw < _OFFICE_SHARE + _EVENING_SHARE:
        return add_business(evenings(zone), earliest, chance.randrange(1, 3 * HOUR_MS))
    return add_business(weekends(zone), earliest, chance.randrange(1, 11 * HOUR_MS))


def silence_ms(chance: Random, days_mean: float) -> int:
    """Return how long nobody hears anything: mostly short, now and then very long."""
    return int(chance.expovariate(1 / days_mean) * DAY_MS)
