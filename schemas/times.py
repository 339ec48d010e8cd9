"""Times in messages: RFC 3339 with a zone, to integer milliseconds and back."""

import re
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from typing import Final

EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
TIME_MAX: Final = 32_503_680_000_000
"""3000-01-01T00:00Z, exclusive: later is a placeholder (9999-12-31), not a time."""

_RFC_3339: Final = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}[Tt][0-9]{2}:[0-9]{2}:[0-9]{2}(?:\.[0-9]+)?"
    r"(?:[Zz]|[+-][0-9]{2}:[0-9]{2})"
).fullmatch
_DATE: Final = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}").fullmatch
_TIME_CHARACTERS_MAX: Final = 64
_DAY_CHARACTERS: Final = 11
_MINUTE_CHARACTERS: Final = 16
_SECOND_CHARACTERS: Final = 20
_DAY_MS: Final = 86_400_000
_MINUTE_MS: Final = 60_000
_MINUTE_TEXTS: Final = [f"{minute // 60:02}:{minute % 60:02}" for minute in range(24 * 60)]
_SECOND_TEXTS: Final = [f":{second:02}." for second in range(60)]
_MS_TEXTS: Final = [f"{ms:03}Z" for ms in range(1000)]
_MINUTES: Final = {text: minute * 60_000 for minute, text in enumerate(_MINUTE_TEXTS)}
_SECONDS: Final = {text: second * 1000 for second, text in enumerate(_SECOND_TEXTS)}
_MILLISECONDS: Final = {text: ms for ms, text in enumerate(_MS_TEXTS)}


def parse_time(text: str) -> int:
    """Read an RFC 3339 time with a zone into ms since the epoch, cut, not rounded.

    Raises ValueError with a sentence for people.
    """
    # The form that most senders write is looked up in four parts: a fifth of the time.
    ms = _MILLISECONDS.get(text[_SECOND_CHARACTERS:])
    seconds = _SECONDS.get(text[_MINUTE_CHARACTERS:_SECOND_CHARACTERS])
    minutes = _MINUTES.get(text[_DAY_CHARACTERS:_MINUTE_CHARACTERS])
    if ms is None or seconds is None or minutes is None:
        return _any_time(text)
    return _day(text[:_DAY_CHARACTERS]) + minutes + seconds + ms


@lru_cache(maxsize=4096)
def _day(text: str) -> int:
    return _any_time(text + "00:00:00Z")


def _any_time(text: str) -> int:
    if len(text) > _TIME_CHARACTERS_MAX or _RFC_3339(text) is None:
        raise ValueError("not an RFC 3339 time with a zone, such as 2026-03-02T09:00:00.000Z")
    try:
        since = datetime.fromisoformat(text.upper() if text[-1] == "z" else text) - EPOCH
    except (ValueError, OverflowError):
        raise ValueError("no such day or time of day") from None
    at = since.days * 86_400_000 + since.seconds * 1000 + since.microseconds // 1000
    if 0 <= at < TIME_MAX:
        return at
    raise ValueError("not between the years 1970 and 3000")


def parse_day(text: str) -> int:
    """Read ``YYYY-MM-DD`` into the ms at which that day begins in UTC. Raises ValueError."""
    if _DATE(text) is None:
        raise ValueError("not a date, such as 2026-03-02")
    try:
        days = (date.fromisoformat(text) - EPOCH.date()).days
    except ValueError:
        raise ValueError("no such day") from None
    if 0 <= days * 86_400_000 < TIME_MAX:
        return days * 86_400_000
    raise ValueError("not between the years 1970 and 3000")


def parse_moment(text: str) -> int:
    """Read a date or an RFC 3339 time with a zone into ms. Raises ValueError."""
    return parse_day(text) if _DATE(text) is not None else parse_time(text)


def rfc3339(at: int) -> str:
    """Write ms since the epoch as RFC 3339 in UTC with milliseconds: always 24 characters."""
    day, in_day = at // _DAY_MS, at % _DAY_MS
    minute, second, ms = in_day // _MINUTE_MS, in_day % _MINUTE_MS // 1000, in_day % 1000
    return f"{_day_text(day)}{_MINUTE_TEXTS[minute]}{_SECOND_TEXTS[second]}{_MS_TEXTS[ms]}"


@lru_cache(maxsize=4096)
def _day_text(day: int) -> str:
    return (EPOCH + timedelta(days=day)).isoformat()[:_DAY_CHARACTERS]
