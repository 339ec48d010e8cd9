"""Content and campaigns that make opportunities, not clicks: three ways to share the credit."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Final

from handlers.scoreboard.numbers.attribution import Credit, attribution, tables
from handlers.scoreboard.web import charts
from handlers.scoreboard.web.view import Asked, View

BARS_MAX: Final = 8
"""Drawn at most; the tables have all."""


@dataclass(frozen=True, slots=True)
class Shares:
    """What one name is credited with, each way in per cent of the most."""

    name: str
    first: float
    linear: float
    last: float
    deals: Decimal
    """By the linear way."""


def read_content(asked: Asked) -> View:
    """Return who is credited with what."""
    result = attribution(asked.connection, asked.filters, asked.now_at)
    parts = {
        "credits": (
            ("campaigns", "Campaigns", _drawn(result.campaigns)),
            ("contents", "Contents", _drawn(result.contents)),
        ),
        "deals": result.deals,
    }
    return View(tables(result), parts=parts)


def _drawn(all_: Sequence[Credit]) -> tuple[Shares, ...]:
    kept = sorted(all_, key=lambda one: (-one.linear, one.name))[:BARS_MAX]
    most = max((max(Decimal(one.first), Decimal(one.last), one.linear) for one in kept), default=0)
    return tuple(
        Shares(
            one.name,
            charts.width(one.first, float(most)),
            charts.width(float(one.linear), float(most)),
            charts.width(one.last, float(most)),
            one.linear,
        )
        for one in kept
        if one.first or one.last or one.linear
    )
