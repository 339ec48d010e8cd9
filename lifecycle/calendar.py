"""Business time: how much of it lies between two instants, and when an amount of it has passed.

Working hours are local: spans of minutes of the day, by weekday, without holidays. Time is an
instant. Between the two lies the zone's offset, and it changes. So a UTC day is cut into pieces
that have one offset and one local date each, in the order in which they happen; on a piece, local
hours are instants by one subtraction. What a clock shows twice in autumn counts twice, what it
skips in spring does not exist, and a zone that sets its clocks back over midnight needs no care.

Zones are read from the pinned ``tzdata`` package alone, never from the system's own database: a
log that is replayed elsewhere meets the same offsets.
"""

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from importlib import resources
from typing import Final, NamedTuple
from zoneinfo import ZoneInfo

from lifecycle.policy import WorkingHours

IDLE_DAYS_MAX: Final = 400
"""A calendar without business time for longer than this has none."""
ZONES_MAX: Final = 700
"""Zones kept in memory: more than there are."""
ZONE_DAYS_MAX: Final = 8192
"""Days of zones kept in memory: some 700 bytes each."""

_MINUTE_MS: Final = 60_000
DAY_MS: Final = 86_400_000
_PROBE_MS: Final = DAY_MS // 4
"""No zone changes its offset twice within this time."""
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_EPOCH_ORDINAL: Final = date(1970, 1, 1).toordinal()


class UnknownZoneError(ValueError):
    """No such time zone in the pinned database."""


class NoBusinessTimeError(ValueError):
    """A calendar that never opens."""


class _Piece(NamedTuple):
    """A part of a UTC day with one offset and one local date."""

    start: int
    end: int
    midnight: int
    """The instant of the local date's 00:00, as the piece's offset has it."""
    weekday: int
    date: str


def add_business(hours: WorkingHours, at: int, ms: int) -> int:
    """Return the earliest instant at which ``ms`` of business time have passed since ``at``.

    Nothing to wait for is over at once: 0 ms give ``at`` itself, open or not.

    Raises:
        NoBusinessTimeError: there is none for ``IDLE_DAYS_MAX`` days.
        UnknownZoneError: the zone has no such name.
    """
    if ms <= 0:
        return at
    left_ms = ms
    day = at // DAY_MS
    idle_from = day
    while day - idle_from <= IDLE_DAYS_MAX:
        for start, end in _open(hours, day):
            begin = max(start, at)
            if end <= begin:
                continue
            if end - begin >= left_ms:
                return begin + left_ms
            left_ms -= end - begin
            idle_from = day
        day += 1
    message = (
        f"no business time within {IDLE_DAYS_MAX} days after {_text(idle_from)}"
        f" in the calendar of zone {hours.zone}: give it working hours"
    )
    raise NoBusinessTimeError(message)


def business_between(hours: WorkingHours, start: int, end: int) -> int:
    """Return the business time from ``start`` to ``end`` in ms; 0 if ``end`` is not later.

    Raises:
        UnknownZoneError: the zone has no such name.
    """
    total_ms = 0
    for day in range(start // DAY_MS, -(-end // DAY_MS)):
        for opens, closes in _open(hours, day):
            total_ms += max(0, min(closes, end) - max(opens, start))
    return total_ms


@lru_cache(maxsize=1)
def zones() -> frozenset[str]:
    """Return the names of all time zones that a calendar may have."""
    return frozenset(resources.files("tzdata").joinpath("zones").read_text("utf-8").split())


def _open(hours: WorkingHours, day: int) -> Iterator[tuple[int, int]]:
    """Yield the open spans of a UTC day (days since 1970), rising."""
    for piece in _pieces(hours.zone, day):
        if piece.date in hours.holidays:
            continue
        for first, last in hours.weekly[piece.weekday]:
            start = max(piece.start, piece.midnight + first * _MINUTE_MS)
            end = min(piece.end, piece.midnight + last * _MINUTE_MS)
            if start < end:
                yield start, end


@lru_cache(maxsize=ZONE_DAYS_MAX)
def _pieces(name: str, day: int) -> tuple[_Piece, ...]:
    zone = _zone(name)
    pieces = []
    for start, end, offset_ms in _offsets(zone, day * DAY_MS):
        at = start
        while at < end:
            local_day = (at + offset_ms) // DAY_MS
            midnight = local_day * DAY_MS - offset_ms
            until = min(end, midnight + DAY_MS)
            local = date.fromordinal(_EPOCH_ORDINAL + local_day)
            pieces.append(_Piece(at, until, midnight, local.weekday(), local.isoformat()))
            at = until
    return tuple(pieces)


def _offsets(zone: ZoneInfo, start: int) -> Iterator[tuple[int, int, int]]:
    """Yield the parts of the UTC day from ``start`` on that have one offset, with it in ms."""
    since, offset_ms = start, _offset_ms(zone, start)
    for probe in range(start, start + DAY_MS, _PROBE_MS):
        until = probe + _PROBE_MS
        if _offset_ms(zone, until - 1) == offset_ms:
            continue
        before, after = probe - 1, until - 1
        while after - before > 1:
            middle = (before + after) // 2
            if _offset_ms(zone, middle) == offset_ms:
                before = middle
            else:
                after = middle
        yield since, after, offset_ms
        since, offset_ms = after, _offset_ms(zone, after)
    yield since, start + DAY_MS, offset_ms


def _offset_ms(zone: ZoneInfo, at: int) -> int:
    offset = (_EPOCH + timedelta(milliseconds=at)).astimezone(zone).utcoffset()
    return (offset or timedelta()) // timedelta(milliseconds=1)


@lru_cache(maxsize=ZONES_MAX)
def _zone(name: str) -> ZoneInfo:
    if name not in zones():
        message = f"no time zone is called {name!r}: use an IANA name such as Europe/Berlin"
        raise UnknownZoneError(message)
    with resources.files("tzdata").joinpath("zoneinfo", *name.split("/")).open("rb") as file:
        return ZoneInfo.from_file(file, name)


def _text(day: int) -> str:
    return date.fromordinal(_EPOCH_ORDINAL + day).isoformat()
