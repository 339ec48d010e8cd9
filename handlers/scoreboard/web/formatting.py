"""Numbers as people read them: every one with its unit, none with digits that mean nothing."""

from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation
from typing import Final

from handlers.scoreboard.numbers.table import Money

NOTHING: Final = "\N{EN DASH}"
"""Shown where there is nothing to say."""

_PERCENT: Final = "\N{NO-BREAK SPACE}%"
_SECOND_MS: Final = 1_000
_MINUTE: Final = 60
_HOUR: Final = 60 * _MINUTE
_DAY: Final = 24 * _HOUR
_TENTHS_BELOW: Final = 10
_MONTHS: Final = "Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec".split()
_TIME_MAX_MS: Final = 253_402_300_799_999
"""The last millisecond that a date of four digits can name."""


def count(value: int) -> str:
    """Return an exact count, thousands apart."""
    return f"{value:,}".replace("-", "\N{MINUS SIGN}")


def number(value: float | Decimal) -> str:
    """Return a number with as many decimals as are worth reading."""
    if isinstance(value, int):
        return count(value)
    if isinstance(value, Decimal):  # One of a column: the points stand below each other.
        return f"{value:,.1f}"
    text = f"{value:,.2f}" if -_TENTHS_BELOW < value < _TENTHS_BELOW else f"{value:,.1f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def percent(share: float | None) -> str:
    """Return a share of one as per cent, with one decimal."""
    return NOTHING if share is None else f"{100 * share:.1f}{_PERCENT}"


def agreed(share: float) -> str:
    """Return a share that people agreed on as per cent, with no more digits than it has."""
    return f"{100 * share:.1f}".removesuffix(".0") + _PERCENT


def percent_span(low: float | None, high: float | None) -> str:
    """Return an interval of shares as per cent, whole ones."""
    return (
        ""
        if low is None or high is None
        else f"{100 * low:.0f}\N{EN DASH}{100 * high:.0f}{_PERCENT}"
    )


def share(part: int, whole: int) -> float | None:
    """Return part of whole; None where there is no whole."""
    return part / whole if whole else None


def duration(seconds: float) -> str:
    """Return a length of time in its two largest units."""
    whole = max(0, round(seconds))
    if whole < _MINUTE:
        return f"{whole} s"
    if whole < _HOUR:
        return f"{whole // _MINUTE} min"
    if whole < _DAY:
        return _two(whole // _HOUR, "h", whole % _HOUR // _MINUTE, "min")
    return _two(whole // _DAY, "d", whole % _DAY // _HOUR, "h")


def amount(decimal: str) -> str:
    """Return a decimal string with thousands apart; cents only where there are any."""
    try:
        value = Decimal(decimal)
    except InvalidOperation:
        return decimal
    if value == value.to_integral_value():
        return f"{value.quantize(Decimal(1)):,}"
    return f"{value:,}"


def money(value: Money) -> str:
    """Return amounts with their currencies."""
    return " + ".join(amounts(value))


def amounts(value: Money) -> tuple[str, ...]:
    """Return each amount with its currency."""
    return tuple(f"{amount(figure)} {currency}" for currency, figure in value) or (NOTHING,)


def moment(at_ms: int) -> str:
    """Return a time in UTC, to the minute."""
    at = _datetime(at_ms)
    return f"{at.day} {_MONTHS[at.month - 1]} {at.year}, {at:%H:%M}"


def day(at_ms: int) -> str:
    """Return the day of a time, in UTC."""
    at = _datetime(at_ms)
    return f"{at.day} {_MONTHS[at.month - 1]} {at.year}"


def short_day(iso: str) -> str:
    """Return ``YYYY-MM-DD`` as people write a day; anything else as it is."""
    try:
        at = datetime.strptime(iso, "%Y-%m-%d").replace(tzinfo=UTC)
    except ValueError:
        return iso
    return f"{at.day} {_MONTHS[at.month - 1]} {at.year}"


def month_name(month: str) -> str:
    """Return ``YYYY-MM`` in words."""
    return short_day(f"{month}-01").removeprefix("1 ")


def machine_time(at_ms: int) -> str:
    """Return a time as RFC 3339 in UTC, to the millisecond."""
    at = _datetime(at_ms)
    return f"{at:%Y-%m-%dT%H:%M:%S}.{at_ms % _SECOND_MS:03d}Z"


def words(code: str) -> str:
    """Return a code of the policy as words: ``not_followed_up`` as ``not followed up``."""
    return code.replace("_", " ")


def _two(first: int, first_unit: str, second: int, second_unit: str) -> str:
    if not second:
        return f"{first} {first_unit}"
    return f"{first} {first_unit} {second} {second_unit}"


def _datetime(at_ms: int) -> datetime:
    bounded = min(max(at_ms, 0), _TIME_MAX_MS)
    return datetime.fromtimestamp(bounded // _SECOND_MS, UTC)
