"""Tables as JSON and CSV: exact, and harmless in a spreadsheet."""

import csv
import io
import json
from decimal import Decimal

import pytest

from handlers.scoreboard.numbers.intervals import rate
from handlers.scoreboard.numbers.table import Cell, Column, Kind, Table
from handlers.scoreboard.web.documents import as_csv, as_json, safe, table_object


def one_column(kind: Kind, *values: Cell, key: str = "it") -> Table:
    columns = (Column("name", "Name"), Column(key, "It", kind))
    rows = tuple((f"row {place}", value) for place, value in enumerate(values))
    return Table("numbers", "Numbers", "A sentence.", columns, rows)


def lines(table: Table) -> list[list[str]]:
    return list(csv.reader(io.StringIO(as_csv(table))))


def test_a_rate_has_its_sample_and_interval_beside_it() -> None:
    table = one_column(Kind.RATE, rate(3, 12), rate(0, 0), None)

    head, known, empty, missing = lines(table)
    assert head == ["name", "it_count", "it_of", "it_share", "it_low", "it_high"]
    assert known[1:4] == ["3", "12", "0.25"]
    assert float(known[4]) < 0.25 < float(known[5])
    assert empty[1:] == ["0", "0", "", "", ""]
    assert missing[1:] == ["", "", "", "", ""]


def test_money_has_a_column_a_currency_and_every_digit() -> None:
    table = one_column(
        Kind.MONEY,
        (("EUR", "12345678901234567890.12"), ("USD", "1")),
        (("USD", "0.1"),),
        None,
    )

    assert lines(table) == [
        ["name", "it_EUR", "it_USD"],
        ["row 0", "12345678901234567890.12", "1"],
        ["row 1", "", "0.1"],
        ["row 2", "", ""],
    ]
    assert table_object(table)["rows"][0]["it"] == {  # type: ignore[index]
        "EUR": "12345678901234567890.12",
        "USD": "1",
    }


def test_a_duration_says_that_it_is_in_seconds() -> None:
    assert lines(one_column(Kind.DURATION, 90))[0] == ["name", "it_seconds"]
    assert lines(one_column(Kind.DURATION, 90, key="used_seconds"))[0] == ["name", "used_seconds"]


def test_a_time_is_told_as_a_time() -> None:
    table = one_column(Kind.TIME, 1_767_225_600_123, None)

    assert [row[1] for row in lines(table)[1:]] == ["2026-01-01T00:00:00.123Z", ""]


def test_a_decimal_number_keeps_its_digits_in_json() -> None:
    table = one_column(Kind.NUMBER, Decimal("0.10"), 2)

    rows = json.loads(as_json({"table": table_object(table)}))["table"]["rows"]

    assert [row["it"] for row in rows] == ["0.10", 2]


@pytest.mark.parametrize("text", ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "\n=1"])
def test_no_spreadsheet_takes_a_text_for_a_formula(text: str) -> None:
    table = one_column(Kind.TEXT, text)

    assert safe(text) == f"'{text}"
    assert f"'{text[0]}" in as_csv(table)


def test_harmless_text_stays_as_it_is() -> None:
    assert safe('spring-2026, "quoted"') == 'spring-2026, "quoted"'
    assert lines(one_column(Kind.TEXT, 'a "b", c\nd'))[1] == ["row 0", 'a "b", c\nd']


def test_a_series_is_one_field() -> None:
    assert lines(one_column(Kind.SERIES, (1, None, 2.5)))[1] == ["row 0", "1 - 2.5"]


def test_a_row_that_does_not_fit_its_columns_is_refused() -> None:
    with pytest.raises(ValueError, match="a row of 1 cells under 2 columns"):
        Table("t", "T", "A sentence.", (Column("a", "A"), Column("b", "B")), (("only",),))
