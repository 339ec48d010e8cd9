"""The scoreboard's database: a file of SQLite, or PostgreSQL by its URL; one writer at a time.

All that is in it was read from the topic and can be read again, so there are no migrations: a
database of another schema is emptied and filled again. There is one writer, because two that
read with different speed would each take the other's rows for its own; it holds a lock for as
long as it lives, on PostgreSQL with the very connection that it writes with, so that whoever
lost the lock cannot write either. Readers may be many, and cannot write.
"""

import contextlib
import fcntl
import json
import logging
import time
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import IO, Any, Final

from sqlalchemy import (
    URL,
    Connection,
    Engine,
    create_engine,
    delete,
    event,
    insert,
    inspect,
    make_url,
    select,
    text,
)
from sqlalchemy.exc import ArgumentError, NoSuchModuleError, SQLAlchemyError

from handlers.exits import Exit, Stop
from handlers.scoreboard.tables import META, METADATA, SCHEMA_VERSION

log: Final = logging.getLogger("baton.scoreboard")

READERS_MAX: Final = 8
"""Pages that ask the database at the same time."""
BUSY_MS: Final = 10_000
"""How long SQLite waits for another process that writes: a request to rebuild, a copy."""
CONNECT_SECONDS: Final = 10
QUERY_SECONDS_MAX: Final = 30
"""A page that asks for more than that is given up, on PostgreSQL."""
LOCK_TRY_SECONDS: Final = 0.2
LOCK_KEY: Final = 0x6261746F6E  # "baton"
"""Of the advisory lock; PostgreSQL keeps those of each database apart."""

SCHEMA: Final = "schema"
TABLES: Final = "tables"
IDENTITY: Final = "database"

_SQLITE: Final = "sqlite"
_POSTGRESQL: Final = "postgresql"


class DatabaseError(Exception):
    """The database does not do what it is asked; the text is a sentence without end."""


@contextlib.contextmanager
def told_of() -> Iterator[None]:
    """Turn what the database's library raises into a DatabaseError."""
    try:
        yield
    except SQLAlchemyError as error:
        raise DatabaseError(f"the scoreboard's database fails: {reason_of(error)}") from error


def reason_of(error: SQLAlchemyError) -> str:
    """What the database said, in one line, without the statement."""
    told = str(getattr(error, "orig", None) or error)
    return " ".join(told.split()) or type(error).__name__


def place_of(url: str) -> URL:
    """Return the address of a database. Raises Stop when it is none that can be used."""
    try:
        place = make_url(url)
    except ArgumentError as error:
        raise _unusable("it is no address of a database") from error
    match place.get_backend_name():
        case "sqlite":
            if place.database in {None, "", ":memory:"}:
                raise _unusable("SQLite needs a file, as in sqlite:////var/lib/baton/board.sqlite")
            return place.set(drivername="sqlite+pysqlite")
        case "postgresql":
            if place.drivername not in {"postgresql", "postgresql+psycopg"}:
                raise _unusable("PostgreSQL is spoken to by psycopg alone: begin with postgresql:")
            return place.set(drivername="postgresql+psycopg")
        case other:
            raise _unusable(f"{other} is neither sqlite nor postgresql")


def writing(place: URL) -> Engine:
    """Return what the one writer connects with. Raises Stop."""
    if place.get_backend_name() == _SQLITE:
        file = Path(str(place.database))
        try:
            file.parent.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise Stop(Exit.DATABASE, f"{file.parent} cannot be made: {error.strerror}") from error
        return _sqlite(place, begin="BEGIN IMMEDIATE", query_only=False)
    return _postgresql(place, read_only=False)


def reading(place: URL) -> Engine:
    """Return what pages connect with: it cannot write. Raises Stop."""
    if place.get_backend_name() == _SQLITE:
        return _sqlite(place, begin="BEGIN", query_only=True)
    return _postgresql(place, read_only=True)


class Lock:
    """Who holds it is the one writer of a database."""

    def __init__(self, place: URL, connection: Connection) -> None:
        self._connection = connection
        self._file: IO[str] | None = None
        if place.get_backend_name() == _SQLITE:
            self._file = Path(f"{place.database}.lock").open("a", encoding="utf-8")  # noqa: SIM115 - held for life

    def take(self, seconds: float, given_up: Callable[[], bool]) -> None:
        """Wait for it. Raises Stop when another one keeps it, or whoever waits has given up."""
        until = time.monotonic() + seconds
        if not self._try():
            log.warning("another scoreboard writes to this database: waiting for its end")
        while not self._try():
            if time.monotonic() > until or given_up():
                raise Stop(
                    Exit.DATABASE,
                    "another scoreboard writes to this database already: stop it first, or give "
                    "this one a BATON_SCOREBOARD_DATABASE_URL and a BATON_SCOREBOARD_GROUP of "
                    "its own",
                )
            time.sleep(LOCK_TRY_SECONDS)

    def is_free(self) -> bool:
        """Take it if nobody has it, and say so."""
        return self._try()

    def close(self) -> None:
        """Let go of it; PostgreSQL does so when the connection ends."""
        if self._file is not None:
            self._file.close()

    def _try(self) -> bool:
        if self._file is not None:
            try:
                fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                return False
            return True
        with self._connection.begin():
            taken = self._connection.execute(
                text("SELECT pg_try_advisory_lock(:key)"), {"key": LOCK_KEY}
            )
            return bool(taken.scalar_one())


def prepare(connection: Connection) -> bool:
    """Make the tables, or make them anew when they are of another schema: then True.

    Within a transaction of the caller's. Raises Stop when tables of somebody else are there.
    """
    there = set(inspect(connection).get_table_names())
    emptied = False
    if META.name in there and _is_ours(connection):
        if get(connection, SCHEMA) == str(SCHEMA_VERSION):
            return False
        _drop(connection, (get(connection, TABLES) or "").split())
        emptied = True
    elif there & set(METADATA.tables):
        raise Stop(
            Exit.DATABASE,
            "the scoreboard's database has tables that Baton did not make: give it one of its own",
        )
    METADATA.create_all(connection, checkfirst=False)
    put(connection, SCHEMA, str(SCHEMA_VERSION))
    put(connection, TABLES, " ".join(METADATA.tables))
    put(connection, IDENTITY, uuid.uuid4().hex)
    return emptied


def empty(connection: Connection) -> None:
    """Take every row out of every table, but for who this database is."""
    read = [table for table in METADATA.tables.values() if table is not META]
    if connection.dialect.name == _POSTGRESQL:
        names = ", ".join(table.name for table in read)
        connection.execute(text(f"TRUNCATE {names}"))
    else:
        for table in read:
            connection.execute(delete(table))
    connection.execute(delete(META).where(META.c.name.not_in((SCHEMA, TABLES, IDENTITY))))


def get(connection: Connection, name: str) -> str | None:
    """Return what ``meta`` says under a name."""
    return connection.execute(select(META.c.value).where(META.c.name == name)).scalar()


def put(connection: Connection, name: str, value: str) -> None:
    """Let ``meta`` say something under a name."""
    drop(connection, name)
    connection.execute(insert(META).values(name=name, value=value))


def drop(connection: Connection, name: str) -> None:
    """Let ``meta`` say nothing under a name."""
    connection.execute(delete(META).where(META.c.name == name))


def get_numbers(connection: Connection, name: str) -> dict[int, int]:
    """Return what ``meta`` says under a name of each partition."""
    told = get(connection, name)
    return {} if told is None else {int(p): n for p, n in json.loads(told).items()}


def put_numbers(connection: Connection, name: str, numbers: dict[int, int]) -> None:
    """Let ``meta`` say a number of each partition."""
    put(connection, name, json.dumps({str(p): n for p, n in sorted(numbers.items())}))


def _unusable(why: str) -> Stop:
    return Stop(Exit.USAGE, f"BATON_SCOREBOARD_DATABASE_URL cannot be used: {why}")


def _is_ours(connection: Connection) -> bool:
    columns = {column["name"] for column in inspect(connection).get_columns(META.name)}
    return columns == {"name", "value"} and get(connection, SCHEMA) is not None


def _drop(connection: Connection, names: list[str]) -> None:
    # Names that this very program wrote there; those of a later release need not be known here.
    quoted = connection.dialect.identifier_preparer.quote
    for name in names:
        connection.execute(text(f"DROP TABLE {quoted(name)}"))


def _sqlite(place: URL, *, begin: str, query_only: bool) -> Engine:
    engine = create_engine(
        place,
        pool_size=READERS_MAX,
        max_overflow=0,
        connect_args={"check_same_thread": False, "timeout": BUSY_MS / 1000},
    )

    @event.listens_for(engine, "connect")
    def connected(connection: Any, _: object) -> None:  # noqa: ANN401 - the driver's own
        # The driver would begin transactions where it thinks they belong; we say where.
        connection.isolation_level = None
        cursor = connection.cursor()
        # Readers do not wait for the writer. A power cut may take the last transactions along,
        # rows and offsets together, and they are read again.
        cursor.execute("PRAGMA journal_mode = WAL")
        cursor.execute("PRAGMA synchronous = NORMAL")
        cursor.execute(f"PRAGMA busy_timeout = {BUSY_MS}")
        cursor.execute("PRAGMA foreign_keys = ON")
        # A batch is a few megabytes: not every one has to be carried over into the file at once.
        cursor.execute("PRAGMA wal_autocheckpoint = 8000")  # pages
        cursor.execute("PRAGMA temp_store = MEMORY")
        cursor.execute("PRAGMA cache_size = -32000")  # KiB
        if query_only:
            cursor.execute("PRAGMA query_only = ON")
        cursor.close()

    @event.listens_for(engine, "begin")
    def begun(connection: Connection) -> None:
        connection.exec_driver_sql(begin)

    return engine


def _postgresql(place: URL, *, read_only: bool) -> Engine:
    options = ["-c timezone=UTC"]
    if read_only:
        options += [
            "-c default_transaction_read_only=on",
            f"-c statement_timeout={QUERY_SECONDS_MAX * 1000}",
        ]
    given = place.query.get("options")
    arguments: dict[str, Any] = {
        "connect_timeout": CONNECT_SECONDS,
        "options": " ".join([*options, *([given] if isinstance(given, str) else [])]),
        "application_name": "baton-scoreboard",
        # A server that is gone without a word is noticed after half a minute.
        "keepalives_idle": 10,
        "keepalives_interval": 5,
        "keepalives_count": 4,
        "tcp_user_timeout": 30_000,
    }
    try:
        return create_engine(
            place.difference_update_query(["options"]),
            pool_size=READERS_MAX,
            max_overflow=0,
            # A page finds out about a restarted server before it asks, not instead.
            pool_pre_ping=read_only,
            connect_args=arguments,
        )
    except (ImportError, NoSuchModuleError) as error:
        raise Stop(
            Exit.USAGE,
            "PostgreSQL needs psycopg, which is not installed: pip install 'leadbaton[postgresql]'",
        ) from error


def size_of(place: URL) -> int | None:
    """Return the bytes of a database file with its journal; None where there is no file."""
    if place.get_backend_name() != _SQLITE:
        return None
    parts = [Path(f"{place.database}{end}") for end in ("", "-wal")]
    return sum(part.stat().st_size for part in parts if part.exists())
