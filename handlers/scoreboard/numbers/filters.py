"""What somebody wants to look at, from an address to the clauses of a statement.

A value is compared as a bound parameter and never becomes part of a statement's text. What a page
cannot narrow down by (a clock knows no content) is left to it: ``where`` takes the columns that
the page has, and says which filters found none, so that the page can tell.
"""

from collections.abc import Mapping
from dataclasses import dataclass, fields
from datetime import date, timedelta
from typing import Any, Final, Self

from sqlalchemy import ColumnElement, Table

from handlers.scoreboard.tables import LEADS

TEXT_CHARACTERS_MAX: Final = 256
"""More than any name in the contract has."""
NOBODY: Final = "(none)"
"""Stands for what nobody told: no campaign, no source."""
_WEEKS: Final = ("since_week", "until_week")
_OF_ARRIVAL: Final = ("campaign", "source", "content")
_COLUMNS: Final = (*_OF_ARRIVAL, "rep", "team", "grade", "week")


class FilterError(ValueError):
    """A filter that means nothing; the text is one sentence."""


@dataclass(frozen=True, slots=True)
class Filters:
    """What to narrow down to; None: everything. ``(none)`` asks for what nobody told."""

    campaign: str | None = None
    source: str | None = None
    content: str | None = None
    rep: str | None = None
    team: str | None = None
    grade: str | None = None
    since_week: str | None = None
    """The first week: its Monday, ``YYYY-MM-DD``."""
    until_week: str | None = None
    """The last week, itself included."""

    @classmethod
    def from_query(cls, query: Mapping[str, str]) -> Self:
        """Read filters from an address; names that are no filter are somebody else's.

        Any day stands for its week. Raises FilterError with a sentence.
        """
        found: dict[str, str] = {}
        for name in NAMES:
            value = query.get(name, "").strip()
            if value:
                found[name] = _week(name, value) if name in _WEEKS else _text(name, value)
        filters = cls(**found)
        if filters.since_week and filters.until_week and filters.since_week > filters.until_week:
            raise FilterError(
                f"since_week {filters.since_week} is after until_week {filters.until_week}: "
                "exchange them, or take one away"
            )
        return filters

    def query(self) -> dict[str, str]:
        """Return what an address has to carry to mean the same."""
        return {name: value for name in NAMES if (value := getattr(self, name)) is not None}

    def where(self, **columns: ColumnElement[Any]) -> list[ColumnElement[bool]]:
        """Return the clauses for a statement.

        Columns are given by the filter's name; ``week`` stands for both ends of the time.
        """
        clauses = []
        for name, column in columns.items():
            if name == "week":
                if self.since_week is not None:
                    clauses.append(column >= self.since_week)
                if self.until_week is not None:
                    clauses.append(column <= self.until_week)
                continue
            value = getattr(self, name)
            if value is not None:
                clauses.append(column.is_(None) if value == NOBODY else column == value)
        return clauses

    def on(self, table: Table, *, weeks: bool = True) -> list[ColumnElement[bool]]:
        """Return the clauses for a table that has all filters' columns, by their names."""
        return self.where(**{name: table.c[name] for name in _COLUMNS if weeks or name != "week"})

    def on_leads(self, *, weeks: bool = True) -> list[ColumnElement[bool]]:
        """Return the clauses for leads, whose campaign, source and content are those of arrival."""
        return self.where(
            **{
                name: LEADS.c[f"arrival_{name}" if name in _OF_ARRIVAL else name]
                for name in _COLUMNS
                if weeks or name != "week"
            }
        )

    def unused(self, *names: str) -> tuple[str, ...]:
        """Return the filters that are set, but not among those that a page knows."""
        known = {*names, *(_WEEKS if "week" in names else ())}
        return tuple(name for name in self.query() if name not in known)


NAMES: Final = tuple(one.name for one in fields(Filters))
"""The filters' names, as they stand in an address."""


def _text(name: str, value: str) -> str:
    if len(value) > TEXT_CHARACTERS_MAX:
        raise FilterError(f"{name} is longer than {TEXT_CHARACTERS_MAX} characters")
    if not value.isprintable():
        raise FilterError(f"{name} has characters that cannot be shown")
    return value


def _week(name: str, value: str) -> str:
    try:
        day = date.fromisoformat(value)
        return (day - timedelta(days=day.weekday())).isoformat()
    except (ValueError, OverflowError):
        raise FilterError(f"{name} wants a day as YYYY-MM-DD, not {value[:40]!r}") from None
