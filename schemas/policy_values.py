"""The kinds of values a policy is written in: durations, points, names, hours, conditions.

Each is read into exact integers and written back in one canonical way, so that two texts with the
same meaning have the same digest.
"""

import re
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Annotated, Final

from pydantic import BeforeValidator, PlainSerializer, StringConstraints, WithJsonSchema

SECOND_MS: Final = 1_000
DAY_MS: Final = 86_400 * SECOND_MS
BUSINESS_HOURS_PER_DAY: Final = 8
_UNITS: Final[dict[str, int]] = {
    "second": SECOND_MS,
    "minute": 60 * SECOND_MS,
    "hour": 3_600 * SECOND_MS,
    "day": 86_400 * SECOND_MS,
    "week": 7 * 86_400 * SECOND_MS,
}
_WRITTEN_UNITS: Final = {unit: ms for unit, ms in _UNITS.items() if unit != "week"}
"""Weeks are read and written back as days, which compare at a glance."""
_BUSINESS_UNITS: Final[dict[str, int]] = {
    "business minute": 60 * SECOND_MS,
    "business hour": 3_600 * SECOND_MS,
    "business day": BUSINESS_HOURS_PER_DAY * 3_600 * SECOND_MS,
}
_DURATION: Final = re.compile(r"(\d{1,9}(?:\.\d{1,6})?) ([a-z]+(?: [a-z]+)?)", re.ASCII)
DURATION_MS_MAX: Final = 3_660 * 86_400 * SECOND_MS
"""Ten years: longer is a slip of the pen."""
POINTS_MAX: Final = 1_000_000
NUMBER_MAX: Final = 10**15
"""As in profiles, which these numbers are compared with."""
_DURATION_RIGHT: Final = "write a number and a unit, such as `2 minutes`, `12 hours` or `30 days`"
_ALLOWANCE_RIGHT: Final = "write a number and a unit, such as `8 business hours` or `60 days`"
_TIME: Final = re.compile(r"([01]\d|2[0-4]):([0-5]\d)", re.ASCII)
WEEKDAYS: Final = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
DAY_MINUTES: Final = 24 * 60

Span = tuple[int, int]
"""Local minutes of the day: [start, end)."""


@dataclass(frozen=True, slots=True)
class Allowance:
    """How long a promise may take, in business or in calendar time."""

    ms: int
    business: bool

    def __str__(self) -> str:
        """Return the canonical text: the largest unit that divides it evenly."""
        return _written(self.ms, _BUSINESS_UNITS if self.business else _WRITTEN_UNITS)


def _measured(value: object, right: str) -> Allowance:
    matched = _DURATION.fullmatch(value) if isinstance(value, str) else None
    if matched is None:
        raise ValueError(right)
    unit = matched[2].removesuffix("s")
    business = unit in _BUSINESS_UNITS
    factor = _BUSINESS_UNITS.get(unit) or _UNITS.get(unit)
    if factor is None:
        units = ", ".join(f"{name}s" for name in (*_UNITS, *_BUSINESS_UNITS))
        message = f"`{matched[2]}` is no unit of time; there are {units}"
        raise ValueError(message)
    ms = Decimal(matched[1]) * factor
    if ms != int(ms) or int(ms) % SECOND_MS:
        message = "durations are whole seconds"
        raise ValueError(message)
    if ms > DURATION_MS_MAX:
        message = "at most ten years"
        raise ValueError(message)
    return Allowance(int(ms), business)


def _duration(value: object) -> int:
    measured = _measured(value, _DURATION_RIGHT)
    if measured.business:
        message = f"business time is for the allowances of clocks; {_DURATION_RIGHT}"
        raise ValueError(message)
    return measured.ms


def _positive_duration(value: object) -> int:
    ms = _duration(value)
    if not ms:
        message = "has to be longer than nothing"
        raise ValueError(message)
    return ms


def _allowance(value: object) -> Allowance:
    allowance = _measured(value, _ALLOWANCE_RIGHT)
    if not allowance.ms:
        message = "has to be longer than nothing"
        raise ValueError(message)
    return allowance


def _written(ms: int, units: dict[str, int]) -> str:
    unit, factor = max(
        ((unit, factor) for unit, factor in units.items() if ms % factor == 0),
        key=lambda pair: pair[1],
        default=("business minute", 60 * SECOND_MS),
    )
    if ms % factor:  # business seconds have no word: a fraction of a minute says them exactly
        return f"{format(Decimal(ms) / factor, 'f')} {unit}s"
    count = ms // factor
    return f"{count} {unit}" if count == 1 else f"{count} {unit}s"


def _duration_text(ms: int) -> str:
    return _written(ms, _WRITTEN_UNITS)


def _exact(value: object, right: str) -> Decimal:
    """Return a finite number as it was written: 0.1 is a tenth."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise ValueError(right)  # noqa: TRY004 - pydantic collects ValueErrors
    return Decimal(repr(value))


def _points(value: object) -> int:
    right = "points are a number with at most three decimals, such as 12 or 0.5"
    milli = _exact(value, right) * 1_000
    if milli != int(milli):
        raise ValueError(right)
    if abs(milli) > POINTS_MAX * 1_000:
        message = f"points are between -{POINTS_MAX} and {POINTS_MAX}"
        raise ValueError(message)
    return int(milli)


def _positive_points(value: object) -> int:
    points_mp = _points(value)
    if points_mp <= 0:
        message = "has to be more than 0 points"
        raise ValueError(message)
    return points_mp


def _not_negative_points(value: object) -> int:
    points_mp = _points(value)
    if points_mp < 0:
        message = "has to be 0 points or more"
        raise ValueError(message)
    return points_mp


def _fraction(value: object) -> float:
    right = "a fraction is a number between 0 and 1"
    exact = _exact(value, right)
    if not 0 <= exact <= 1:
        raise ValueError(right)
    return float(exact)


def plain_number(value: float) -> int | float:
    """Return a whole float as an integer, so that 1.0 and 1 are written the same."""
    return int(value) if value == int(value) else float(value)


def points_number(points_mp: int) -> int | float:
    """Return milli-points as points."""
    return plain_number(points_mp / 1_000)


def _number(value: object) -> float:
    right = f"a number, such as 50 or 0.5, between -{NUMBER_MAX} and {NUMBER_MAX}"
    exact = _exact(value, right)
    if abs(exact) > NUMBER_MAX:
        raise ValueError(right)
    return float(exact)


def _date(value: object) -> str:
    right = "a date that exists, as YYYY-MM-DD"
    if not isinstance(value, str) or re.fullmatch(r"\d{4}-\d\d-\d\d", value, re.ASCII) is None:
        raise ValueError(right)
    try:
        return date.fromisoformat(value).isoformat()
    except ValueError:
        raise ValueError(right) from None


def _spans(value: object) -> list[Span]:
    right = "a span of local time such as 09:00-17:30, or a list of spans in rising order"
    written = value if isinstance(value, list) else [value]
    spans: list[Span] = []
    for text in written:
        start, dash, end = text.partition("-") if isinstance(text, str) else ("", "", "")
        if not dash:
            raise ValueError(right)
        span = _minute(start, right), _minute(end, right)
        if span[0] >= span[1] or (spans and span[0] < spans[-1][1]):
            raise ValueError(right)
        spans.append(span)
    return spans


def _minute(text: str, right: str) -> int:
    matched = _TIME.fullmatch(text)
    minute = int(matched[1]) * 60 + int(matched[2]) if matched else DAY_MINUTES + 1
    if minute > DAY_MINUTES:
        raise ValueError(right)
    return minute


def _hours(value: object) -> tuple[tuple[Span, ...], ...]:
    """Read working hours by weekday or range of weekdays into seven days, Monday first."""
    if not isinstance(value, dict) or not value:
        message = "hours by weekday, such as {monday-friday: 09:00-17:30}"
        raise ValueError(message)
    week: list[tuple[Span, ...]] = [()] * 7
    for days, spans in value.items():
        for day in _days(str(days)):
            if week[day]:
                message = f"`{WEEKDAYS[day]}` has hours twice; keep one"
                raise ValueError(message)
            week[day] = tuple(_spans(spans))
    if not any(week):
        message = "at least one span of business time a week"
        raise ValueError(message)
    return tuple(week)


def _days(text: str) -> range:
    first, dash, last = text.partition("-")
    if first not in WEEKDAYS or (dash and last not in WEEKDAYS):
        message = f"`{text}` is no weekday and no range of them, such as monday-friday"
        raise ValueError(message)
    start, end = WEEKDAYS.index(first), WEEKDAYS.index(last or first)
    if start > end:
        message = f"`{text}` runs backwards; write two ranges"
        raise ValueError(message)
    return range(start, end + 1)


def _clock_time(minute: int) -> str:
    return f"{minute // 60:02}:{minute % 60:02}"


def _hours_text(week: tuple[tuple[Span, ...], ...]) -> dict[str, list[str]]:
    return {
        day: [f"{_clock_time(start)}-{_clock_time(end)}" for start, end in spans]
        for day, spans in zip(WEEKDAYS, week, strict=True)
        if spans
    }


def text_value(value: object) -> str:
    """Return an attribute's value as conditions and fit compare it: casefolded text."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float):
        return str(plain_number(value))
    if isinstance(value, str) and value.strip():
        return value.casefold()
    message = "a word, a number, true or false"
    raise ValueError(message)


def _text_values(value: object) -> list[str]:
    if not isinstance(value, list) or not value:
        message = "a list of values, such as [student, pupil]"
        raise ValueError(message)
    return sorted({text_value(item) for item in value})


_DURATION_SCHEMA: Final = {
    "type": "string",
    "pattern": r"^[0-9]{1,9}(\.[0-9]{1,6})? (second|minute|hour|day|week)s?$",
    "examples": ["30 days"],
}
_ALLOWANCE_SCHEMA: Final = {
    "type": "string",
    "pattern": (
        r"^[0-9]{1,9}(\.[0-9]{1,6})? "
        r"(second|minute|hour|day|week|business minute|business hour|business day)s?$"
    ),
    "examples": ["8 business hours"],
}
_SPAN_SCHEMA: Final = {"type": "string", "pattern": "^[0-2][0-9]:[0-5][0-9]-[0-2][0-9]:[0-5][0-9]$"}
_SCALAR_SCHEMA: Final = {"type": ["string", "number", "boolean"]}

Name = Annotated[
    str,
    StringConstraints(pattern=r"^[a-z][a-z0-9_]{0,63}$"),
]
"""A word of the definition: small letters, digits and underscores."""
Assignee = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$")]
"""A rep or a queue; an identifier, not a name or an address of a person."""
Text = Annotated[str, StringConstraints(min_length=1, max_length=200, strip_whitespace=True)]
Duration = Annotated[
    int,
    BeforeValidator(_duration),
    PlainSerializer(_duration_text, return_type=str),
    WithJsonSchema(_DURATION_SCHEMA),
]
PositiveDuration = Annotated[
    int,
    BeforeValidator(_positive_duration),
    PlainSerializer(_duration_text, return_type=str),
    WithJsonSchema(_DURATION_SCHEMA),
]
ClockAllowance = Annotated[
    Allowance,
    BeforeValidator(_allowance),
    PlainSerializer(str, return_type=str),
    WithJsonSchema(_ALLOWANCE_SCHEMA),
]
Points = Annotated[
    int,
    BeforeValidator(_points),
    PlainSerializer(points_number),
    WithJsonSchema({"type": "number"}),
]
PositivePoints = Annotated[
    int,
    BeforeValidator(_positive_points),
    PlainSerializer(points_number),
    WithJsonSchema({"type": "number", "exclusiveMinimum": 0}),
]
NotNegativePoints = Annotated[
    int,
    BeforeValidator(_not_negative_points),
    PlainSerializer(points_number),
    WithJsonSchema({"type": "number", "minimum": 0}),
]
Fraction = Annotated[
    float,
    BeforeValidator(_fraction),
    PlainSerializer(plain_number),
    WithJsonSchema({"type": "number", "minimum": 0, "maximum": 1}),
]
Number = Annotated[
    float,
    BeforeValidator(_number),
    PlainSerializer(plain_number),
    WithJsonSchema({"type": "number"}),
]
Date = Annotated[str, BeforeValidator(_date), WithJsonSchema({"type": "string", "format": "date"})]
Hours = Annotated[
    tuple[tuple[Span, ...], ...],
    BeforeValidator(_hours),
    PlainSerializer(_hours_text, return_type=dict[str, list[str]]),
    WithJsonSchema(
        {
            "type": "object",
            "minProperties": 1,
            "additionalProperties": {
                "anyOf": [_SPAN_SCHEMA, {"type": "array", "items": _SPAN_SCHEMA}]
            },
        }
    ),
]
Values = Annotated[
    list[str],
    BeforeValidator(_text_values),
    WithJsonSchema({"type": "array", "minItems": 1, "items": _SCALAR_SCHEMA}),
]
