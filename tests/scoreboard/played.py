"""A board of a played company: its raw facts, and the tables that they give, in memory."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache

from sqlalchemy import Connection, Engine, create_engine
from sqlalchemy.pool import StaticPool

from handlers.scoreboard.projection import Received, project
from handlers.scoreboard.tables import METADATA, POLICIES
from handlers.simulate.rhythm import END_AT
from schemas.policy import canonical, digest, shipped_text
from tests.handlers.simulate.fold import perform

BATCH_FACTS = 2_000


@dataclass(frozen=True, slots=True)
class Board:
    """What was told, and where it stands."""

    engine: Engine
    facts: tuple[bytes, ...]
    """As published, each lead's in their order."""
    now_at: int = END_AT
    """When it is looked at: ms."""

    @contextmanager
    def connection(self) -> Iterator[Connection]:
        """Give a connection to read by."""
        with self.engine.connect() as connection:
            yield connection


@cache
def board(seed: int = 3, weeks: int = 12, leads: int = 450) -> Board:
    """Return the board of a company, played once for all tests that only look at it."""
    return board_of(perform(seed, weeks, leads).values)


def board_of(facts: Sequence[bytes], now_at: int = END_AT, *, policy: str | None = None) -> Board:
    """Tell facts into tables; under the shipped policy unless another is given."""
    engine = create_engine("sqlite://", poolclass=StaticPool)
    METADATA.create_all(engine)
    text = shipped_text() if policy is None else policy
    with engine.begin() as connection:
        connection.execute(POLICIES.insert(), {"version": digest(text), "body": canonical(text)})
        for start in range(0, len(facts), BATCH_FACTS):
            batch = facts[start : start + BATCH_FACTS]
            project(
                connection,
                [Received(0, start + place, None, value) for place, value in enumerate(batch)],
            )
    return Board(engine, tuple(facts), now_at)
