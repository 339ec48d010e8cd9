"""Tables as JSON and as CSV: for machines, and for the spreadsheet that somebody keeps anyway."""

import csv
import io
from collections.abc import Iterator, Mapping
from dataclasses import asdict, is_dataclass
from decimal import Decimal
from typing import Any, Final

import msgspec

from handlers.scoreboard.numbers.table import Cell, Column, Kind, RateCell, Table
from handlers.scoreboard.web.formatting import machine_time

_FORMULA: Final = ("=", "+", "-", "@", "\t", "\r", "\n")
"""What makes a spreadsheet take a text for a formula, and run it."""
_RATE_PARTS: Final = ("count", "of", "share", "low", "high")


def as_json(document: Mapping[str, object]) -> bytes:
    """Return a page's document as JSON; numbers stay numbers, money stays decimal text."""
    return msgspec.json.encode(document, enc_hook=_encode)


def table_object(table: Table) -> dict[str, object]:
    """Return one table as JSON can hold it: each row by the columns' keys."""
    return {
        "name": table.name,
        "title": table.title,
        "definition": table.definition,
        "note": table.note or None,
        "columns": [
            {"key": one.key, "title": one.title, "kind": one.kind.value, "unit": unit(one) or None}
            for one in table.columns
        ],
        "rows": [
            {
                column.key: _plain(column, value)
                for column, value in zip(table.columns, row, strict=True)
            }
            for row in table.rows
        ],
    }


def as_csv(table: Table) -> str:
    """Return one table as CSV; text that a spreadsheet would run begins with an apostrophe."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\r\n")
    currencies = {
        index: _currencies(table, index)
        for index, column in enumerate(table.columns)
        if column.kind is Kind.MONEY
    }
    writer.writerow(
        name
        for index, column in enumerate(table.columns)
        for name in _names(column, currencies.get(index, ()))
    )
    for row in table.rows:
        writer.writerow(
            field
            for index, column in enumerate(table.columns)
            for field in _fields(column, row[index], currencies.get(index, ()))
        )
    return out.getvalue()


def unit(column: Column) -> str:
    """Return the unit in which a column's numbers are told to machines."""
    if column.kind is Kind.DURATION:
        return "seconds"
    return column.unit


def safe(text: str) -> str:
    """Return text that no spreadsheet takes for a formula."""
    return f"'{text}" if text.startswith(_FORMULA) else text


def _plain(column: Column, value: Cell) -> object:
    if value is None:
        return None
    match column.kind:
        case Kind.RATE:
            return dict(zip(_RATE_PARTS, _rate(value), strict=True))
        case Kind.MONEY:
            return dict(value)  # type: ignore[arg-type]
        case Kind.TIME:
            return machine_time(value)  # type: ignore[arg-type]
        case Kind.NUMBER if isinstance(value, Decimal):
            return str(value)
        case _:
            return value


def _rate(value: Any) -> tuple[int, int, float | None, float | None, float | None]:  # noqa: ANN401
    rate: RateCell = value
    return rate.count, rate.of, rate.count / rate.of if rate.of else None, rate.low, rate.high


def _currencies(table: Table, index: int) -> tuple[str, ...]:
    cells: list[Any] = [row[index] or () for row in table.rows]
    return tuple(sorted({currency for cell in cells for currency, _ in cell}))


def _names(column: Column, currencies: tuple[str, ...]) -> Iterator[str]:
    match column.kind:
        case Kind.RATE:
            yield from (f"{column.key}_{part}" for part in _RATE_PARTS)
        case Kind.MONEY:
            yield from (f"{column.key}_{currency}" for currency in currencies)
        case Kind.DURATION if not column.key.endswith("_seconds"):
            yield f"{column.key}_seconds"
        case _:
            yield column.key


def _fields(column: Column, value: Any, currencies: tuple[str, ...]) -> Iterator[str]:  # noqa: ANN401 - by the column's kind
    match column.kind:
        case Kind.RATE:
            parts = _rate(value) if value is not None else (None,) * len(_RATE_PARTS)
            yield from (_number(part) for part in parts)
        case Kind.MONEY:
            told = dict(value or ())
            yield from (told.get(currency, "") for currency in currencies)
        case Kind.COUNT | Kind.NUMBER | Kind.DURATION:
            yield _number(value)
        case Kind.TIME:
            yield "" if value is None else machine_time(value)
        case Kind.SERIES:
            yield " ".join(_number(one) or "-" for one in value or ())
        case _:
            yield "" if value is None else safe(str(value))


def _number(value: float | Decimal | None) -> str:
    return "" if value is None else str(value)


def _encode(value: object) -> object:
    if is_dataclass(value) and not isinstance(value, type):
        return asdict(value)
    raise TypeError(f"{type(value).__name__} has no place in a document")
