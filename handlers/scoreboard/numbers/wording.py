"""Shares in words, for sentences; tables are formatted by whoever shows them."""

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
