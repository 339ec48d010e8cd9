"""Median and 90th percentile in SQL: the smallest value that so many of all do not exceed.

The nearest rank is a value that was really seen, and both databases agree on it to the last
digit: of n values in order the median is the ⌈n/2⌉th and the 90th percentile the ⌈9n/10⌉th.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import ColumnElement, FromClause, Select, case, func, select


@dataclass(frozen=True, slots=True)
class Spread:
    """How long something took."""

    of: int
    """The sample size."""
    median: int | None
    """In the unit of the values; None without a sample."""
    p90: int | None


NONE: Final = Spread(0, None, None)


def spreads(
    by: Sequence[ColumnElement[Any]],
    value: ColumnElement[Any],
    source: FromClause,
    *where: ColumnElement[bool],
) -> Select[Any]:
    """Return a statement: a row a group with its columns, sample size, median, 90th percentile.

    Without ``by`` it is one group. Rows whose value is NULL are left out.
    """
    groups = [column.label(f"by_{place}") for place, column in enumerate(by)]
    ranked = (
        select(
            *groups,
            value.label("value"),
            func.row_number().over(partition_by=by or None, order_by=value).label("place"),
            func.count().over(partition_by=by or None).label("of"),
        )
        .select_from(source)
        .where(value.is_not(None), *where)
        .subquery()
    )
    columns = ranked.c
    keys = [columns[f"by_{place}"] for place in range(len(by))]
    return select(
        *keys,
        func.max(columns.of),
        func.min(case((columns.place * 2 >= columns.of, columns.value))),
        func.min(case((columns.place * 10 >= columns.of * 9, columns.value))),
    ).group_by(*keys)


def spread_of(row: Sequence[Any]) -> Spread:
    """Return the spread that stands in the last three cells of a row."""
    of, median, p90 = row[-3:]
    return Spread(int(of or 0), median, p90)
