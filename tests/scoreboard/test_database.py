"""The scoreboard's database: whose it is, who may write, and what another release finds."""

from pathlib import Path

import pytest
from sqlalchemy import Connection, delete, insert, inspect, select, text
from sqlalchemy.exc import DBAPIError

from handlers.exits import Exit, Stop
from handlers.scoreboard import database
from handlers.scoreboard.tables import FACTS, META, METADATA, SCHEMA_VERSION
from handlers.scoreboard.writer import Writer
from tests.scoreboard.stored import reading

pytestmark = pytest.mark.slow

TOPIC = "lead.lifecycle"
FACT = {"lead_id": "l1", "seq": 1, "kind": "arrived", "at": 1, "happened_at": 1, "body": b"{}"}


def opened(url: str, lock_seconds: float = 0.0) -> Writer:
    writer = Writer(url, TOPIC, lambda: 0)
    writer.open(lock_seconds)
    return writer


def write(url: str, *statements: object) -> None:
    engine = database.writing(database.place_of(url))
    with engine.begin() as connection:
        for statement in statements:
            connection.execute(statement)  # type: ignore[call-overload]
    engine.dispose()


def count(connection: Connection) -> int:
    return len(connection.execute(select(FACTS.c.seq)).all())


def test_a_second_writer_waits_and_ends_with_a_sentence(database_url: str) -> None:
    first = opened(database_url)

    with pytest.raises(Stop, match="another scoreboard writes to this database already") as caught:
        opened(database_url, lock_seconds=0.5)
    first.close()
    opened(database_url).close()

    assert caught.value.code is Exit.DATABASE


def test_a_reader_cannot_write(database_url: str) -> None:
    opened(database_url).close()

    with (
        reading(database_url) as connection,
        pytest.raises(DBAPIError, match=r"(?i)read-?only"),
    ):
        connection.execute(insert(FACTS).values(**FACT))


def test_a_database_of_another_schema_is_emptied(database_url: str) -> None:
    opened(database_url).close()
    older = META.update().where(META.c.name == database.SCHEMA).values(value="0")
    known = META.update().where(META.c.name == database.TABLES)
    names = " ".join(["gone_since", *METADATA.tables])
    write(
        database_url,
        insert(FACTS).values(**FACT),
        text("CREATE TABLE gone_since (name TEXT)"),
        older,
        known.values(value=names),
    )

    opened(database_url).close()

    with reading(database_url) as connection:
        assert count(connection) == 0
        assert database.get(connection, database.SCHEMA) == str(SCHEMA_VERSION)
        assert "gone_since" not in inspect(connection).get_table_names()


def test_a_database_of_the_same_schema_keeps_its_rows(database_url: str) -> None:
    first = opened(database_url)
    identity = first.identity
    first.close()
    write(database_url, insert(FACTS).values(**FACT))

    second = opened(database_url)
    second.close()

    assert second.identity == identity
    with reading(database_url) as connection:
        assert count(connection) == 1


def test_tables_of_somebody_else_are_left_alone(database_url: str) -> None:
    write(
        database_url,
        text("CREATE TABLE leads (email TEXT)"),
        text("INSERT INTO leads VALUES ('theirs')"),
    )

    with pytest.raises(Stop, match="tables that Baton did not make") as caught:
        opened(database_url)

    assert caught.value.code is Exit.DATABASE
    with reading(database_url) as connection:
        assert connection.execute(text("SELECT email FROM leads")).scalar() == "theirs"


def test_a_database_belongs_to_one_topic(database_url: str) -> None:
    writer = opened(database_url)
    writer.belong_to("cluster/topic")
    writer.belong_to("cluster/topic")

    with pytest.raises(Stop, match=r"was filled from another lead\.lifecycle"):
        writer.belong_to("cluster/made-anew")
    writer.empty()
    writer.belong_to("cluster/made-anew")

    writer.close()


def test_a_name_is_said_once_in_meta(database_url: str) -> None:
    opened(database_url).close()
    engine = database.writing(database.place_of(database_url))

    with engine.begin() as connection:
        database.put_numbers(connection, "ends", {1: 5, 0: 3})
        database.put_numbers(connection, "ends", {0: 4})
        told = database.get_numbers(connection, "ends")
        database.drop(connection, "ends")
        after = database.get_numbers(connection, "ends")
    engine.dispose()

    assert (told, after) == ({0: 4}, {})


@pytest.mark.parametrize(
    ("url", "sentence"),
    [
        ("nowhere", "it is no address of a database"),
        ("sqlite://", "SQLite needs a file"),
        ("sqlite:///:memory:", "SQLite needs a file"),
        ("mysql://localhost/board", "mysql is neither sqlite nor postgresql"),
        ("postgresql+asyncpg://localhost/board", "spoken to by psycopg alone"),
    ],
)
def test_an_address_that_cannot_be_used_is_told_as_a_setting(url: str, sentence: str) -> None:
    with pytest.raises(Stop, match=sentence) as caught:
        Writer(url, TOPIC, lambda: 0)

    assert caught.value.code is Exit.USAGE
    assert "BATON_SCOREBOARD_DATABASE_URL" in str(caught.value)


def test_a_folder_that_cannot_be_made_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").touch()

    with pytest.raises(Stop, match="file/board cannot be made"):
        opened(f"sqlite:///{tmp_path}/file/board/board.sqlite")


def test_a_server_that_is_not_there_is_told() -> None:
    with pytest.raises(database.DatabaseError, match="the scoreboard's database fails: "):
        opened("postgresql://baton@127.0.0.1:1/board")


def test_all_rows_go_when_the_tables_are_made_again(database_url: str) -> None:
    writer = opened(database_url)
    write(database_url, insert(FACTS).values(**FACT))

    writer.empty()
    writer.close()

    with reading(database_url) as connection:
        assert count(connection) == 0
        assert database.get(connection, database.IDENTITY) == writer.identity


def test_emptying_leaves_no_note_behind(database_url: str) -> None:
    writer = opened(database_url)
    writer.note_ends({0: 3})

    writer.empty()
    stands = writer.standing()
    writer.close()

    assert stands.ends == {}
    write(database_url, delete(META))
