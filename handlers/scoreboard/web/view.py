"""What a page shows, apart from how: sentences, figures, cards and tables."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from sqlalchemy import Connection

from handlers.scoreboard.numbers.filters import Filters
from handlers.scoreboard.numbers.table import RateCell, Series, Table


@dataclass(frozen=True, slots=True)
class Line:
    """A sentence that a meeting can start from, with what stands behind it."""

    says: str
    detail: str = ""
    href: str = ""
    trend: Series = ()
    """What it is of, over time, oldest first: drawn as a small line."""
    trend_of: str = ""
    """What that counts, and over which time."""


@dataclass(frozen=True, slots=True)
class Figure:
    """One number at a glance."""

    title: str
    values: tuple[str, ...]
    """Each on a line: amounts in more than one currency are never added."""
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Measure:
    """A share beside the limit that it is judged by."""

    title: str
    rate: RateCell
    limit: float | None
    tone: str
    """``handling``, ``quality``, ``good`` or ``plain``: its colour."""
    limit_word: str = "limit"


@dataclass(frozen=True, slots=True)
class Card:
    """A verdict on something, with the shares behind it."""

    name: str
    verdict: str
    says: str
    measures: tuple[Measure, ...]
    detail: str = ""
    href: str = ""


@dataclass(frozen=True, slots=True)
class View:
    """One page's content."""

    tables: tuple[Table, ...] = ()
    lines: tuple[Line, ...] = ()
    figures: tuple[Figure, ...] = ()
    cards: tuple[Card, ...] = ()
    parts: Mapping[str, Any] = field(default_factory=dict)
    """What the page's own template draws besides."""
    title: str = ""
    """Instead of the page's own."""
    undrawn: frozenset[str] = frozenset()
    """Columns that stand in the documents only, since the page tells them in another way."""
    unlisted: frozenset[str] = frozenset()
    """Tables of which the same is true."""
    extra: Mapping[str, object] = field(default_factory=dict)
    """Stands in the page's JSON beside the tables."""

    @property
    def drawn(self) -> tuple[Table, ...]:
        """The tables as the page shows them."""
        listed = (table for table in self.tables if table.name not in self.unlisted)
        return tuple(_without(table, self.undrawn) for table in listed)


@dataclass(frozen=True, slots=True)
class Asked:
    """What a page is asked for."""

    connection: Connection
    filters: Filters
    now_at: int
    """Log time, in ms: the newest fact read."""
    query: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Page:
    """One page of the scoreboard."""

    name: str
    """Its address without the slash, and its label in metrics."""
    title: str
    group: str
    """Under which head it stands among the pages; empty: it does not."""
    lead: str
    """What it answers, in a sentence."""
    read: Callable[[Asked], View]
    template: str = "page.html"
    path: str = ""
    """Where it is, if not under its name."""
    filtered: bool = True
    """Whether filters have a meaning on it."""
    parameters: tuple[str, ...] = ()
    """What its address may carry besides filters."""
    under: str = ""
    """The page that it belongs to, if it does not stand among the pages itself."""

    @property
    def href(self) -> str:
        """The page's address."""
        return self.path or f"/{self.name}"


def _without(table: Table, keys: frozenset[str]) -> Table:
    kept = [index for index, one in enumerate(table.columns) if one.key not in keys]
    if len(kept) == len(table.columns):
        return table
    columns = tuple(table.columns[index] for index in kept)
    rows = tuple(tuple(row[index] for index in kept) for row in table.rows)
    return replace(table, columns=columns, rows=rows)
