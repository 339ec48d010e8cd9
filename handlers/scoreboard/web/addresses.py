"""Addresses of pages with their filters: whatever stands in a view can be sent to somebody."""

from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import quote, urlencode

from handlers.scoreboard.numbers.table import Cell, Column, Kind

_DOTS = frozenset({".", ".."})


def lead_href(lead_id: str) -> str:
    """Return the address of a lead's timeline, whatever its id is made of.

    Browsers fold the segments ``.`` and ``..`` away, percent-encoded or not.
    """
    if lead_id in _DOTS:
        return f"/lead?{urlencode({'id': lead_id})}"
    return f"/leads/{quote(lead_id, safe='')}"


def with_query(path: str, query: Mapping[str, str]) -> str:
    """Return a path with what is not empty of a query."""
    told = {name: value for name, value in query.items() if value}
    return f"{path}?{urlencode(told)}" if told else path


@dataclass(frozen=True, slots=True)
class Place:
    """Where a page is, with its filters."""

    path: str
    base: str
    """What its documents' addresses begin with."""
    query: Mapping[str, str]
    filters: frozenset[str]
    """Names that are filters on this page."""

    @property
    def href(self) -> str:
        """The page as it is seen."""
        return with_query(self.path, self.query)

    @property
    def json(self) -> str:
        """The same as JSON."""
        return with_query(f"{self.base}.json", self.query)

    def csv(self, table: str) -> str:
        """One of its tables as CSV."""
        return with_query(f"{self.base}/{quote(table, safe='')}.csv", self.query)

    def without(self, name: str) -> str:
        """The page with one filter less."""
        return with_query(self.path, {k: v for k, v in self.query.items() if k != name})

    def with_(self, **more: str) -> str:
        """The page with something more in its address, or something else."""
        return with_query(self.path, {**self.query, **more})

    def filtered(self, column: Column, value: Cell) -> str:
        """The page narrowed to what a cell names; empty where that means nothing."""
        if column.kind is not Kind.TEXT or column.filter not in self.filters:
            return ""
        if not isinstance(value, str) or not value or self.query.get(column.filter) == value:
            return ""
        return with_query(self.path, {**self.query, column.filter: value})
