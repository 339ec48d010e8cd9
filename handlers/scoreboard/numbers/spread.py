"""Median and 90th percentile in SQL: the smallest value that so many of all do not exceed.

The nearest rank is a value that was really seen, and both databases agree on it to the last
digit: of n values in order the median is the ⌈n/2⌉th and the 90th percentile the ⌈9n/10⌉th.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Final

import msgspec
from sqlalchemy import (
    ColumnElement,
    FromClause,
    Select,
    String,
    and_,
    case,
    cast,
    func,
    select,
    true,
)


@dataclass(frozen=True, slots=True)
class Spread:
    """How long something took."""

    of: int
    """The sample size."""
    median: int | None
    """In the unit of the values; None without a sample."""
    p90: int | None


NONE: Final = Spread(0, None, None)
_ALL: Final = (true(),)
_DECODE: Final = msgspec.json.Decoder(list[int]).decode


def spreads(
    by: Sequence[ColumnElement[Any]],
    value: ColumnElement[Any],
    source: FromClause,
    *where: ColumnElement[bool],
    among: Sequence[ColumnElement[bool]] = _ALL,
) -> Select[Any]:
    """Return a statement: a row a group, with its columns and three cells for each of ``among``.

    The cells are sample size, median and 90th percentile of the rows for which the condition
    holds; all of them are counted while the values are gone through once. Without ``by`` it is
    one group. Rows whose value is NULL are left out.
    """
    groups = [column.label(f"by_{place}") for place, column in enumerate(by)]
    counted = [case((condition, 1), else_=0) for condition in among]
    ranked = (
        select(
            *groups,
            value.label("value"),
            *(one.label(f"in_{place}") for place, one in enumerate(counted)),
            *(
                func.sum(one)
                .over(partition_by=by or None, order_by=value, rows=(None, 0))
                .label(f"place_{place}")
                for place, one in enumerate(counted)
            ),
            *(
                func.sum(one).over(partition_by=by or None).label(f"of_{place}")
                for place, one in enumerate(counted)
            ),
        )
        .select_from(source)
        .where(value.is_not(None), *where)
        .subquery()
    )
    columns = ranked.c
    keys = [columns[f"by_{place}"] for place in range(len(by))]
    cells: list[ColumnElement[Any]] = []
    for place in range(len(counted)):
        within, rank = columns[f"in_{place}"] == 1, columns[f"place_{place}"]
        of = columns[f"of_{place}"]
        cells += (
            func.max(of),
            func.min(case((and_(within, rank * 2 >= of), columns.value))),
            func.min(case((and_(within, rank * 10 >= of * 9), columns.value))),
        )
    return select(*keys, *cells).group_by(*keys)


def spread_of(cells: Sequence[Any]) -> Spread:
    """Return the spread that stands in the last three of these cells."""
    of, median, p90 = cells[-3:]
    return Spread(int(of or 0), median, p90)


def told_together(value: ColumnElement[int | None]) -> ColumnElement[str]:
    """Return, in SQL, all values of a group in one cell, in no order; NULL where there is none.

    A database goes through its rows several times as fast as they can be taken out of it one by
    one, and Python sorts numbers faster than a window function ranks them.
    """
    return func.aggregate_strings(cast(value, String), ",")


def told_apart(cell: str | None) -> list[int]:
    """Return the values that stand in such a cell."""
    return _DECODE(f"[{cell or ''}]")


def spread_among(values: Iterable[int]) -> Spread:
    """Return the spread of values that are at hand, by the same ranks."""
    ordered = sorted(values)
    of = len(ordered)
    if not of:
        return NONE
    return Spread(of, ordered[(of + 1) // 2 - 1], ordered[(of * 9 + 9) // 10 - 1])
