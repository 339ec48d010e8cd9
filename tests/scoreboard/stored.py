"""What stands in a scoreboard's database, to be compared."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from sqlalchemy import Connection, select

from handlers.scoreboard import database
from handlers.scoreboard.tables import META, METADATA

Tables = dict[str, list[tuple[Any, ...]]]


@contextmanager
def reading(url: str) -> Iterator[Connection]:
    """Read a database."""
    engine = database.reading(database.place_of(url))
    try:
        with engine.connect() as connection:
            yield connection
    finally:
        engine.dispose()


def tables(url: str) -> Tables:
    """Return every row of every table, sorted, but those that name the database."""
    with reading(url) as connection:
        return {
            table.name: sorted((tuple(row) for row in connection.execute(select(table))), key=repr)
            for table in METADATA.tables.values()
            if table is not META
        }


def assert_same(found: Tables, expected: Tables) -> None:
    """Compare tables; a difference is told by table and row, and not all of it."""
    assert {name: len(rows) for name, rows in found.items()} == {
        name: len(rows) for name, rows in expected.items()
    }
    for name, rows in expected.items():
        others = [
            (one, other) for one, other in zip(found[name], rows, strict=True) if one != other
        ]
        assert not others, f"{name}: {len(others)} rows differ, the first: {others[0]}"
