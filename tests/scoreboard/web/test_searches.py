"""Looking a lead up by a piece of its id: the same leads on both databases."""

from collections.abc import Iterator

import pytest
from sqlalchemy import Connection, create_engine, insert

from handlers.scoreboard import database
from handlers.scoreboard.numbers.filters import Filters
from handlers.scoreboard.numbers.table import column
from handlers.scoreboard.tables import LEADS, METADATA
from handlers.scoreboard.web.leads_page import read_leads
from handlers.scoreboard.web.view import Asked

IDS = ("Lead-1", "LEAD-2", "lead_3", "lead%4", "Ärger-5", "ärger-6")


@pytest.fixture
def tables(database_url: str) -> Iterator[Connection]:
    engine = create_engine(database.place_of(database_url))
    METADATA.create_all(engine)
    with engine.connect() as connection:
        rows = [{"lead_id": one, "partition": 0, "stage": "warm", "last_at": 0} for one in IDS]
        connection.execute(insert(LEADS), rows)
        yield connection
    engine.dispose()


def found(connection: Connection, wanted: str) -> list[object]:
    (listed,) = read_leads(Asked(connection, Filters(), 0, {"q": wanted})).tables
    return sorted(column(listed, "lead_id"), key=repr)


@pytest.mark.parametrize(
    ("wanted", "ids"),
    [
        ("lead", ["LEAD-2", "Lead-1", "lead%4", "lead_3"]),
        ("LeAd-", ["LEAD-2", "Lead-1"]),
        ("D_", ["lead_3"]),
        ("%", ["lead%4"]),
        ("\\", []),
        ("ÄRGER", ["Ärger-5"]),
        ("ärger", ["ärger-6"]),
        ("RGER", ["Ärger-5", "ärger-6"]),
    ],
)
def test_small_letters_find_capitals_and_nothing_is_a_pattern(
    tables: Connection, wanted: str, ids: list[str]
) -> None:
    assert found(tables, wanted) == ids


def test_the_very_id_that_was_asked_for_stands_first(tables: Connection) -> None:
    (listed,) = read_leads(Asked(tables, Filters(), 0, {"q": "lead_3"})).tables

    assert column(listed, "lead_id")[0] == "lead_3"
