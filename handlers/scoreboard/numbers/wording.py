"""Shares in words, for sentences; tables are formatted by whoever shows them."""

from collections.abc import Sequence
from decimal import Decimal
from typing import Final

from handlers.scoreboard.numbers.table import RateCell

_TENTHS_BELOW: Final = 0.1


def percent(share: float) -> str:
    """Return a share as whole per cents, small ones with a digit more."""
    if 0 < share < _TENTHS_BELOW:
        return f"{share:.1%}".replace("%", " %")
    return f"{share:.0%}".replace("%", " %")


def span(share: RateCell) -> str:
    """Return both bounds: where the true share lies, with 95 % confidence."""
    if share.low is None or share.high is None:
        return "no sample"
    return f"{share.low:.0%}–{share.high:.0%}".replace("%–", "–").replace("%", " %")  # noqa: RUF001 - a span


def number(count: int, what: str) -> str:
    """Return a count with its noun, which takes an s."""
    return f"{count:,} {what}" if count == 1 else f"{count:,} {what}s"


def change(now: int, before: int) -> str:
    """Return what a count gained or lost."""
    return "as before" if now == before else f"{now - before:+,}".replace("-", "−")  # noqa: RUF001


def joined(parts: Sequence[str]) -> str:
    """Return parts of a sentence with commas and an ``and``."""
    return " and ".join(filter(None, (", ".join(parts[:-1]), *parts[-1:])))


def amount(currency: str, sum_: str) -> str:
    """Return an amount with its currency, its thousands apart."""
    return f"{Decimal(sum_):,f} {currency}"
