"""What the scoreboard's tests read from, and the databases that they write to."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from deploy.kafka import Kafka
from events.topics import Topics
from tests.scoreboard.feed import Feed
from tests.scoreboard.postgresql import PostgreSQL, go_without, lacking


@pytest.fixture(scope="session")
def postgresql() -> Iterator[PostgreSQL]:
    """A server of PostgreSQL, one for all tests: ask it for a database to be alone in it."""
    if lack := lacking():
        go_without(lack)
    with PostgreSQL() as server:
        yield server


@pytest.fixture
def feed(kafka: Kafka, topics: Topics) -> Feed:
    """Topics of its own, to be filled with facts."""
    return Feed(kafka, topics)


@pytest.fixture
def sqlite_url(tmp_path: Path) -> str:
    """The address of a file that is not there yet."""
    return f"sqlite:///{tmp_path}/board.sqlite"


@pytest.fixture
def other_url(tmp_path: Path) -> str:
    """The address of another one, for whom nobody disturbs."""
    return f"sqlite:///{tmp_path}/other.sqlite"


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.slow)])
def database_url(request: pytest.FixtureRequest) -> str:
    """An empty database of either kind: for what has to hold on both."""
    if request.param == "postgresql":
        server: PostgreSQL = request.getfixturevalue("postgresql")
        return server.database()
    url: str = request.getfixturevalue("sqlite_url")
    return url
