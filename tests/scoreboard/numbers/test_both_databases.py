"""Every number is the same on SQLite and on PostgreSQL, to the last digit."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from sqlalchemy import Connection, Engine, create_engine, insert, select

from handlers.scoreboard import database
from handlers.scoreboard.numbers.attribution import attribution
from handlers.scoreboard.numbers.filters import Filters
from handlers.scoreboard.numbers.funnel import funnel, whole
from handlers.scoreboard.numbers.leaks import leaks
from handlers.scoreboard.numbers.recycling import recycling
from handlers.scoreboard.numbers.sla import sla
from handlers.scoreboard.numbers.timeline import find_leads, recent_leads, timeline
from handlers.scoreboard.numbers.trust import trust
from handlers.scoreboard.numbers.verdicts import verdicts
from handlers.scoreboard.numbers.voice import voice
from handlers.scoreboard.numbers.weekly import weekly
from handlers.scoreboard.tables import LEADS, METADATA
from tests.scoreboard.played import Board, board
from tests.scoreboard.postgresql import PostgreSQL

pytestmark = pytest.mark.slow

Number = Callable[[Connection, Filters, int], Any]
NUMBERS: dict[str, Number] = {
    "funnel": funnel,
    "verdicts": verdicts,
    "sla": sla,
    "trust": trust,
    "leaks": leaks,
    "recycling": recycling,
    "attribution": attribution,
    "voice": voice,
    "weekly": weekly,
    "whole": lambda connection, filters, _: whole(connection, filters),
}
FILTERS = (
    Filters(),
    Filters(source="google", since_week="2026-01-26"),
    Filters(rep="rep-anna", team="berlin"),
    Filters(campaign="(none)", until_week="2026-03-16"),
    Filters(grade="B1", content="text-ad-a"),
)


@pytest.fixture(scope="module")
def copied(postgresql: PostgreSQL) -> Iterator[Engine]:
    """The played board's rows in PostgreSQL."""
    engine = create_engine(database.place_of(postgresql.database()))
    METADATA.create_all(engine)
    with board(3).connection() as connection, engine.begin() as other:
        for table in METADATA.sorted_tables:
            rows = [dict(row) for row in connection.execute(select(table)).mappings()]
            if rows:
                other.execute(insert(table), rows)
    yield engine
    engine.dispose()


@pytest.fixture
def given() -> Board:
    return board(3)


@pytest.mark.parametrize("filters", FILTERS, ids=lambda one: "-".join(one.query()) or "all")
@pytest.mark.parametrize("name", NUMBERS)
def test_a_number_is_the_same_on_both(
    name: str, filters: Filters, given: Board, copied: Engine
) -> None:
    with given.connection() as sqlite, copied.connect() as postgresql:
        expected = NUMBERS[name](sqlite, filters, given.now_at)

        found = NUMBERS[name](postgresql, filters, given.now_at)

    assert found == expected
    assert "Decimal" not in repr(found) or name in {"leaks", "funnel", "attribution"}


def test_timelines_and_searches_are_the_same_on_both(given: Board, copied: Engine) -> None:
    with given.connection() as sqlite, copied.connect() as postgresql:
        leads = sqlite.execute(select(LEADS.c.lead_id).order_by(LEADS.c.seq.desc())).scalars()
        for lead in leads.fetchmany(30):
            assert timeline(postgresql, lead, given.now_at) == timeline(sqlite, lead, given.now_at)
        assert find_leads(postgresql, "s3-0000") == find_leads(sqlite, "s3-0000")
        assert recent_leads(postgresql) == recent_leads(sqlite)
