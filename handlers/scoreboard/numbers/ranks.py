"""Medians where an index has the values in order: the value of a rank is looked up, not ranked.

A window function goes through every row and costs a second for 200,000 of them, several times
over on a page. To count a group and to step to one place in it costs SQLite a hundredth of that,
so with it each rank is a statement of its own. PostgreSQL is asked once, as it is quick at it and
each statement is a round trip.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from sqlalchemy import (
    ColumnElement,
    Connection,
    FromClause,
    Select,
    and_,
    bindparam,
    case,
    func,
    select,
    true,
)

from handlers.scoreboard.numbers.spread import NONE, Spread, spread_of, spreads

_CELLS: Final = 3
_ALL: Final = (true(),)


def spreads_in_order(
    connection: Connection,
    by: Sequence[ColumnElement[Any]],
    value: ColumnElement[Any],
    source: FromClause,
    *where: ColumnElement[bool],
    among: Sequence[ColumnElement[bool]] = _ALL,
) -> Iterator[tuple[tuple[Any, ...], tuple[Spread, ...]]]:
    """Yield each group's columns and a spread for each of ``among``; as ``spreads`` would say.

    Quick where an index begins with ``by`` and ``value`` and has all else that is asked for.
    """
    if connection.dialect.name != "sqlite":
        for row in connection.execute(spreads(by, value, source, *where, among=among)):
            cells = row[len(by) :]
            places = range(0, len(cells), _CELLS)
            yield tuple(row[: len(by)]), tuple(spread_of(cells[p : p + _CELLS]) for p in places)
        return
    counted = (func.sum(case((condition, 1), else_=0)) for condition in among)
    asked = (
        select(*by, *counted).select_from(source).where(value.is_not(None), *where).group_by(*by)
    )
    look = _Lookups(connection, by, value, source, where)
    for row in connection.execute(asked).all():
        key, counts = tuple(row[: len(by)]), row[len(by) :]
        found: dict[int, Spread] = {0: NONE}
        for condition, of in zip(among, counts, strict=True):
            # As many as of all: none is left out by the condition.
            if of not in found:
                found[of] = Spread(
                    of,
                    look.up(key, condition, (of + 1) // 2),
                    look.up(key, condition, (of * 9 + 9) // 10),
                )
        yield key, tuple(found[of] for of in counts)


class _Lookups:
    """One prepared statement for each condition and each pattern of unknown keys."""

    def __init__(
        self,
        connection: Connection,
        by: Sequence[ColumnElement[Any]],
        value: ColumnElement[Any],
        source: FromClause,
        where: Sequence[ColumnElement[bool]],
    ) -> None:
        self._connection = connection
        self._by, self._value, self._source, self._where = by, value, source, where
        self._prepared: dict[tuple[Any, ...], tuple[str, Sequence[str], Mapping[str, Any]]] = {}

    def up(self, key: tuple[Any, ...], condition: ColumnElement[bool], rank: int) -> int:
        """Return the value that stands at a rank, from 1, of those of a group in order."""
        unknown = tuple(one is None for one in key)
        shape = (id(condition), unknown)
        if shape not in self._prepared:
            self._prepared[shape] = self._prepare(condition, unknown)
        text, names, known = self._prepared[shape]
        bound = {**known, "place": rank - 1}
        bound.update((f"key_{index}", one) for index, one in enumerate(key))
        given = tuple(bound[name] for name in names)
        return int(self._connection.exec_driver_sql(text, given).scalar_one())

    def _prepare(
        self, condition: ColumnElement[bool], unknown: tuple[bool, ...]
    ) -> tuple[str, Sequence[str], Mapping[str, Any]]:
        statement = self._statement(condition, unknown)
        compiled = statement.compile(
            dialect=self._connection.dialect, compile_kwargs={"render_postcompile": True}
        )
        return str(compiled), list(compiled.positiontup or ()), compiled.params

    def _statement(self, condition: ColumnElement[bool], unknown: tuple[bool, ...]) -> Select[Any]:
        group = [
            column.is_(None) if none else column == bindparam(f"key_{index}", None, column.type)
            for index, (column, none) in enumerate(zip(self._by, unknown, strict=True))
        ]
        return (
            select(self._value)
            .select_from(self._source)
            .where(and_(*group, self._value.is_not(None), *self._where, condition))
            .order_by(self._value)
            .limit(1)
            .offset(bindparam("place", 0))
        )
