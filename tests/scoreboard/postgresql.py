"""PostgreSQL for tests: the distribution's own, on a free port, with nothing kept afterwards."""

import importlib.util
import os
import pwd
import shutil
import signal
import socket
import subprocess
import tempfile
import time
import uuid
from pathlib import Path
from typing import IO, NoReturn, Self

import pytest
from sqlalchemy import create_engine, make_url, text
from sqlalchemy.exc import OperationalError

from events.child import Child

START_SECONDS_MAX = 30.0
USERS = ("postgres", "nobody")
"""Whom it runs as where the tests run as root, which it refuses to."""


def lacking() -> str | None:
    """Say what is not there; None: it can be started."""
    if importlib.util.find_spec("psycopg") is None:
        return "psycopg is not installed (the extra `postgresql`)"
    if binaries() is None:
        return "PostgreSQL is not installed (Debian: apt install postgresql)"
    if os.geteuid() == 0 and shutil.which("setpriv") is None:
        return "PostgreSQL does not run as root, and there is no setpriv to run it as another user"
    return None


def binaries() -> Path | None:
    """Return the folder of its programs, the newest where there are several."""
    found = shutil.which("initdb")
    if found and (Path(found).resolve().parent / "postgres").exists():
        return Path(found).resolve().parent
    there = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=_version)
    return there[-1].parent if there else None


def _version(initdb: Path) -> float:
    name = initdb.parent.parent.name
    return float(name) if name.replace(".", "", 1).isdigit() else 0.0


def go_without(reason: str) -> NoReturn:
    """Skip, or fail where PostgreSQL has to be there."""
    if os.environ.get("BATON_REQUIRE_POSTGRESQL") == "1":
        pytest.fail(f"BATON_REQUIRE_POSTGRESQL=1, but: {reason}", pytrace=False)
    pytest.skip(reason)


class PostgreSQL:
    """A server as a context manager; databases are made in it as tests ask for them."""

    def __init__(self) -> None:
        self._folder = Path(tempfile.mkdtemp(prefix="baton-postgresql-"))
        self._data = self._folder / "data"
        self._log: IO[bytes] = (self._folder / "log").open("ab+")
        self._child: Child | None = None
        self._port = 0
        found = binaries()
        assert found is not None
        self._bin = found

    def __enter__(self) -> Self:
        self._give_away(self._folder)
        initdb = [self._bin / "initdb", "-D", self._data, "-U", "baton", "-A", "trust", "-N"]
        subprocess.run(
            [*self._as_user(), *map(str, initdb), "--locale=C", "--encoding=UTF8"],
            check=True,
            stdout=subprocess.DEVNULL,
            cwd="/",
        )
        with socket.create_server(("127.0.0.1", 0)) as probe:
            self._port = probe.getsockname()[1]
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()
        self._log.close()
        shutil.rmtree(self._folder, ignore_errors=True)

    def start(self) -> None:
        """Start it where it was stopped, and come back when it answers."""
        options = {
            "port": self._port,
            "listen_addresses": "127.0.0.1",
            "unix_socket_directories": self._folder,
            "fsync": "off",
            "max_connections": 40,
        }
        given = [f"--{name}={value}" for name, value in options.items()]
        program = [*self._as_user(), str(self._bin / "postgres"), "-D", str(self._data), *given]
        self._child = Child(program, self._log)
        until = time.monotonic() + START_SECONDS_MAX
        while True:
            try:
                self._connect()
            except OperationalError:
                assert self._child.exited() is None, self._child.tail()
                assert time.monotonic() < until, self._child.tail()
                time.sleep(0.05)
            else:
                return

    def stop(self) -> None:
        """Stop it at once, with everybody's connection."""
        child, self._child = self._child, None
        if child is not None:
            os.kill(child.pid, signal.SIGINT)
            child.stop()

    def database(self) -> str:
        """Make a database, and return the address of it."""
        name = f"board_{uuid.uuid4().hex[:12]}"
        self._connect(f'CREATE DATABASE "{name}"')
        return self._url(name)

    def _connect(self, statement: str = "SELECT 1") -> None:
        engine = create_engine(
            make_url(self._url("postgres")).set(drivername="postgresql+psycopg"),
            isolation_level="AUTOCOMMIT",
            connect_args={"connect_timeout": 1},
        )
        try:
            with engine.connect() as connection:
                connection.execute(text(statement))
        finally:
            engine.dispose()

    def _url(self, database: str) -> str:
        return f"postgresql://baton@127.0.0.1:{self._port}/{database}"

    def _give_away(self, folder: Path) -> None:
        user = self._user()
        if user is not None:
            os.chown(folder, user.pw_uid, user.pw_gid)

    def _as_user(self) -> list[str]:
        user = self._user()
        if user is None:
            return []
        return ["setpriv", f"--reuid={user.pw_uid}", f"--regid={user.pw_gid}", "--clear-groups"]

    @staticmethod
    def _user() -> pwd.struct_passwd | None:
        if os.geteuid() != 0:
            return None
        known = {user.pw_name: user for user in pwd.getpwall()}
        return next(known[name] for name in USERS if name in known)
