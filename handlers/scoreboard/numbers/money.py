"""Sums of money by currency, exact: whole units and millionths are added apart, then put together.

Neither database adds decimals of both kinds exactly; integers both do. Currencies are never
added to each other: Baton knows no exchange rate.
"""

from collections.abc import Iterable, Mapping
from decimal import Decimal, localcontext
from typing import Final

from sqlalchemy import BigInteger, ColumnElement, case, cast, func

from handlers.scoreboard.numbers.table import Money
from handlers.scoreboard.tables import OPPORTUNITIES

_MILLION: Final = 1_000_000
_DIGITS: Final = 60
"""More than any sum of 64-bit units and millionths has."""


def units(when: ColumnElement[bool]) -> ColumnElement[int]:
    """Sum the whole units of the deals for which this holds."""
    return _sum(when, OPPORTUNITIES.c.amount_units)


def millionths(when: ColumnElement[bool]) -> ColumnElement[int]:
    """Sum the millionths beside them."""
    return _sum(when, OPPORTUNITIES.c.amount_millionths)


def amount(whole: int | None, parts: int | None) -> Decimal:
    """Put a sum together; what nobody told is nothing."""
    with localcontext(prec=_DIGITS):
        return Decimal(whole or 0) + Decimal(parts or 0) / _MILLION


def shown(amounts: Mapping[str | None, Decimal]) -> Money:
    """Return currency and amount as text, the largest amount first; nothing is left out."""
    told = ((currency or "?", sum_) for currency, sum_ in amounts.items() if sum_)
    return tuple(
        (currency, text(sum_)) for currency, sum_ in sorted(told, key=lambda one: (-one[1], one[0]))
    )


def text(sum_: Decimal) -> str:
    """Return an amount as a plain decimal: no exponent, no trailing zeros."""
    plain = format(sum_, "f")
    return plain.rstrip("0").rstrip(".") if "." in plain else plain


def added(amounts: Iterable[Mapping[str | None, Decimal]]) -> dict[str | None, Decimal]:
    """Add amounts, each currency to itself."""
    total: dict[str | None, Decimal] = {}
    with localcontext(prec=_DIGITS):
        for one in amounts:
            for currency, sum_ in one.items():
                total[currency] = total.get(currency, Decimal(0)) + sum_
    return total


def _sum(when: ColumnElement[bool], column: ColumnElement[int | None]) -> ColumnElement[int]:
    # PostgreSQL sums integers to a wider type by itself; asked for plainly, both answer an int.
    return cast(func.coalesce(func.sum(case((when, column), else_=0)), 0), BigInteger)
