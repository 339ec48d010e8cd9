"""A board of any size: a played company's leads told again under other names, in other weeks.

Playing 100,000 leads would take hours and change nothing for a database: what matters to it is how
many rows there are, how they are spread over leads, weeks, campaigns and reps, and how large the
facts are. So one company is played, and its leads are written down again and again: each copy
with an id of its own, half of them half a year earlier, in one of a few regions that have
campaigns and reps of their own. Leads that sales had are drawn more often, until a lead has as
many facts on average as asked for.
"""

import json
import sqlite3
from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import Any, Final

from sqlalchemy import create_engine, select
from sqlalchemy.schema import CreateIndex, CreateTable

from handlers.scoreboard.moments import DAY_MS, month_of, week_of
from handlers.scoreboard.tables import FACTS, LEADS, METADATA, OF_A_LEAD, POLICIES
from handlers.simulate.rhythm import END_AT
from tests.scoreboard.played import board

SEED: Final = 7
PLAYED_WEEKS: Final = 26
PLAYED_LEADS: Final = 900
SHIFT_MS: Final = PLAYED_WEEKS * 7 * DAY_MS
REGIONS: Final = 4
USED_SECONDS_APART: Final = 1_800
NOW_AT: Final = END_AT
TOPIC: Final = "lead.lifecycle"
_BATCH_LEADS: Final = 2_000
_REGIONAL: Final = frozenset({"campaign", "arrival_campaign", "campaigns", "rep", "assignee"})
_OF_HANDOVERS: Final = frozenset({"handover_id", "ref", "last_handover_id"})

Rows = dict[str, list[dict[str, Any]]]
"""A lead's rows by table."""


@dataclass(frozen=True, slots=True)
class Size:
    """How large a board is."""

    leads: int
    facts: int


def build(file: Path, size: Size) -> Size:
    """Write a board into a new file of SQLite; return how large it became."""
    engine = create_engine("sqlite://")
    connection = sqlite3.connect(file)
    connection.executescript(
        "PRAGMA journal_mode = WAL; PRAGMA synchronous = OFF; PRAGMA temp_store = MEMORY;"
    )
    for table in METADATA.sorted_tables:
        connection.execute(str(CreateTable(table).compile(engine)))
    connection.executemany("INSERT INTO policies VALUES (?, ?)", _policies())
    connection.execute("INSERT INTO offsets VALUES (?, 0, ?, ?)", (TOPIC, size.facts, NOW_AT))
    facts = _tell(connection, size)
    connection.execute(
        "INSERT INTO decided SELECT policy, sum(seq), max(last_at) FROM leads GROUP BY policy"
    )
    # Last, as a database is quicker with them made at once.
    for table in METADATA.sorted_tables:
        for index in table.indexes:
            connection.execute(str(CreateIndex(index).compile(engine)))
    connection.commit()
    connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    connection.close()
    return Size(size.leads, facts)


def _tell(connection: sqlite3.Connection, size: Size) -> int:
    with_sales, without = _templates()
    share = _share(with_sales, without, size.facts / size.leads)
    chance = Random(SEED)
    facts, written = 0, defaultdict[str, list[tuple[Any, ...]]](list)
    for number in range(size.leads):
        rows = chance.choice(with_sales if chance.random() < share else without)
        facts += len(rows[FACTS.name])
        for name, told in _copy(rows, number, chance):
            written[name].append(told)
        if number % _BATCH_LEADS == _BATCH_LEADS - 1 or number == size.leads - 1:
            _write(connection, written)
            written.clear()
    return facts


def _write(connection: sqlite3.Connection, written: Mapping[str, list[tuple[Any, ...]]]) -> None:
    for name, rows in written.items():
        marks = ", ".join("?" * len(METADATA.tables[name].columns))
        connection.executemany(f"INSERT INTO {name} VALUES ({marks})", rows)  # noqa: S608 - our names
    connection.commit()


def _templates() -> tuple[list[Rows], list[Rows]]:
    """Return the played leads' rows: of those that sales had, and of the others."""
    leads: dict[str, Rows] = {}
    with board(SEED, PLAYED_WEEKS, PLAYED_LEADS).connection() as connection:
        for table in (LEADS, FACTS, *OF_A_LEAD):
            for row in connection.execute(select(table)).mappings():
                rows = leads.setdefault(row["lead_id"], {})
                rows.setdefault(table.name, []).append(dict(row))
    had = [rows for rows in leads.values() if "handovers" in rows]
    return had, [rows for rows in leads.values() if "handovers" not in rows]


def _share(with_sales: list[Rows], without: list[Rows], wanted: float) -> float:
    """Return the share of leads that sales had for so many facts a lead."""
    many, few = (
        sum(len(rows[FACTS.name]) for rows in group) / len(group) for group in (with_sales, without)
    )
    return min(1.0, max(0.0, (wanted - few) / (many - few)))


def _copy(rows: Rows, number: int, chance: Random) -> Iterator[tuple[str, tuple[Any, ...]]]:
    region, shift_ms = number % REGIONS, SHIFT_MS * (number // REGIONS % 2)
    lead_id = f"lead-{number:06}"
    was = rows[LEADS.name][0]["lead_id"]
    for name, told in rows.items():
        for row in told:
            yield name, tuple(_cells(row, was, lead_id, region, shift_ms, chance))


def _cells(
    row: Mapping[str, Any], was: str, lead_id: str, region: int, shift_ms: int, chance: Random
) -> Iterator[Any]:
    for column, value in row.items():
        if value is None:
            yield None
        elif column == "lead_id":
            yield lead_id
        elif column in _OF_HANDOVERS and value.startswith(f"{was}:"):
            yield lead_id + value[len(was) :]
        elif column in _REGIONAL:
            yield _regional(column, value, region)
        elif column == "used_seconds":
            # No two reps take the same time to the second.
            yield value + chance.randrange(USED_SECONDS_APART)
        elif column == "at" or column.endswith("_at"):
            yield value - shift_ms
        elif column == "week":
            yield week_of(_moment(row) - shift_ms)
        elif column == "month":
            yield month_of(_moment(row) - shift_ms)
        else:
            yield value


def _regional(column: str, value: str, region: int) -> str:
    """Return a campaign's or a rep's name in a region; of several, as JSON lists them."""
    if column == "campaigns":
        return json.dumps([f"{name}-{region}" for name in json.loads(value)])
    return f"{value}-{region}"


def _moment(row: Mapping[str, Any]) -> int:
    """Return the time by which a row was given its week."""
    for column in ("arrived_at", "started_at", "at"):
        if column in row:
            return int(row[column])
    raise KeyError(f"no time among {sorted(row)}")


def _policies() -> list[tuple[str, bytes]]:
    with board(SEED, PLAYED_WEEKS, PLAYED_LEADS).connection() as connection:
        return [tuple(row) for row in connection.execute(select(POLICIES))]
