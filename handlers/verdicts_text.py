"""Quality or handling, for people at a terminal: each verdict with the shares behind it."""

from collections.abc import Iterable
from typing import Final

from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from handlers.scoreboard.numbers.table import RateCell
from handlers.scoreboard.numbers.verdicts import (
    BOTH,
    FINE,
    HANDLING,
    QUALITY,
    TOO_FEW,
    Judged,
    Verdicts,
)
from handlers.scoreboard.numbers.wording import percent, span

_ORDER: Final = (BOTH, HANDLING, QUALITY, FINE, TOO_FEW)
_COLOURS: Final = {BOTH: "red", HANDLING: "red", QUALITY: "magenta", FINE: "green", TOO_FEW: "dim"}


def render(found: Verdicts) -> RenderableType:
    """Return the verdicts to print: the worst first, then by the size of their sample."""
    limits = found.limits
    note = (
        f"Handling over {percent(limits.handling_limit)}, quality over "
        f"{percent(limits.quality_limit)} for sure (95 %).\n"
        f"  {found.young:,} handovers are younger than {limits.young_days} days and left out."
    )
    parts: list[RenderableType] = []
    for title, judged in (("campaign", found.campaigns), ("rep", found.reps)):
        parts += [
            Text(f"\nQuality or handling, by {title}", style="bold"),
            Padding(_table(judged), (0, 0, 0, 2), expand=False),
        ]
    return Group(*parts, Text(f"  {note}", style="dim"))


def _table(judged: Iterable[Judged]) -> Table:
    table = Table(box=None, show_header=False, pad_edge=False, padding=(0, 1, 0, 0))
    for place in range(7):
        table.add_column(justify="right" if place in {2, 3, 5} else "left", no_wrap=True)
    table.add_row("", "", "of", "handling", "", "quality", "", style="dim")
    for one in sorted(judged, key=_place):
        table.add_row(
            one.name,
            Text(one.verdict, style=_COLOURS[one.verdict]),
            f"{one.handling.of:,}",
            *_share(one.handling),
            *_share(one.quality),
        )
    return table


def _place(one: Judged) -> tuple[int, int, str]:
    return _ORDER.index(one.verdict), -one.handling.of, one.name


def _share(share: RateCell) -> tuple[str, Text]:
    """Return a share as a percentage, and its interval."""
    if not share.of:
        return "", Text("")
    return percent(share.count / share.of), Text(span(share), style="dim")
