"""A table of numbers, apart from how it is shown: the page, JSON and CSV all come from this.

Every cell says by its column's kind what it is, so that nobody formats a number twice:

======== ==================================================== ==========================
kind     a cell                                               unit
======== ==================================================== ==========================
text     ``str``
lead     ``str``, a lead's id: linked to its timeline
count    ``int``, exact                                       what is counted: ``leads``
number   ``int``, ``float`` or ``Decimal``                    ``points``, ``a day`` ...
rate     anything with ``count``, ``of``, ``low``, ``high``   what ``of`` counts
money    pairs of currency and decimal string                 none: the currency is told
duration ``int`` or ``float``                                 seconds
time     ``int``                                              milliseconds of the epoch
day      ``str``, ``YYYY-MM-DD``; a week by its Monday
verdict  ``str``: a word that is shown as a badge
series   a tuple of ``int``, ``float`` or None, oldest first  as for number
======== ==================================================== ==========================

``None`` is a cell that has nothing to say, in every kind.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from typing import Protocol


class Kind(StrEnum):
    """What the cells of a column are."""

    TEXT = "text"
    LEAD = "lead"
    COUNT = "count"
    NUMBER = "number"
    RATE = "rate"
    MONEY = "money"
    DURATION = "duration"
    TIME = "time"
    DAY = "day"
    VERDICT = "verdict"
    SERIES = "series"


class RateCell(Protocol):
    """A share with its sample and its interval, as ``Rate`` has them."""

    @property
    def count(self) -> int:
        """How many."""

    @property
    def of(self) -> int:
        """Of how many: the sample size."""

    @property
    def low(self) -> float | None:
        """Lower bound of the interval, 0 to 1."""

    @property
    def high(self) -> float | None:
        """Upper bound of the interval, 0 to 1."""


Money = tuple[tuple[str, str], ...]
"""Currency and amount as a decimal string, the largest first."""

Series = tuple[int | float | None, ...]

Cell = str | int | float | Decimal | RateCell | Money | Series | None


@dataclass(frozen=True, slots=True)
class Column:
    """What one column holds."""

    key: str
    """Its name in JSON and CSV, ``lower_snake``; stays once published."""
    title: str
    """Its head, in words."""
    kind: Kind = Kind.TEXT
    unit: str = ""
    """What is counted, for people: ``leads``, ``handovers``, ``points``."""
    filter: str = ""
    """The filter that a cell's text may be put into (``campaign``), which makes it a link."""
    definition: str = ""
    """One sentence, where the title alone does not say it."""


@dataclass(frozen=True, slots=True)
class Table:
    """Rows under columns, with the sentence that defines them."""

    name: str
    """Its name in addresses, ``lower-kebab``, one of its kind on its page."""
    title: str
    definition: str
    columns: tuple[Column, ...]
    rows: tuple[tuple[Cell, ...], ...]
    empty: str = "Nothing to show for these filters: take one away, or wait for the first facts."
    """Said instead of rows, with what to do."""
    note: str = ""
    """A limit or a warning that belongs beside the numbers."""

    def __post_init__(self) -> None:
        """Refuse a row that does not fit the columns: it would shift every number after it."""
        width = len(self.columns)
        for row in self.rows:
            if len(row) != width:
                raise ValueError(f"{self.name}: a row of {len(row)} cells under {width} columns")


def column(table: Table, key: str) -> Sequence[Cell]:
    """Return the cells of one column. Raises KeyError when there is no such column."""
    for index, one in enumerate(table.columns):
        if one.key == key:
            return [row[index] for row in table.rows]
    raise KeyError(key)
