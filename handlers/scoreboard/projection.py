"""Facts into rows: load the rows of a batch's leads, tell the facts into them, write them back.

The key of a fact is its lead and its number, and a lead's row says up to which number the tables
tell its story. What was told is skipped (a record read twice changes nothing); what comes after a
missing number is kept, but told only when what is missing has been read (``refold``), since a
story told in another order would be another story.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, TypeVar

from sqlalchemy import Connection, Executable, Table, delete, select
from sqlalchemy.dialects import postgresql, sqlite

from handlers.scoreboard.fact import Fact, NotAFactError, read_fact
from handlers.scoreboard.story import Row, Story, new_row
from handlers.scoreboard.tables import (
    CLOCKS,
    DECIDED,
    FACTS,
    HANDOVERS,
    LEADS,
    METADATA,
    OF_A_LEAD,
    OPPORTUNITIES,
    RECYCLES,
    TOUCHES,
    UNREADABLE,
    VOICES,
)
from handlers.scoreboard.telling import tell

_ASKED_AT_ONCE: Final = 500
"""Leads named in one statement: both databases bound the number of its parameters."""
_LOADED: Final = (HANDOVERS, CLOCKS, OPPORTUNITIES, RECYCLES)
_T = TypeVar("_T")


@dataclass(frozen=True, slots=True)
class Received:
    """A record of ``lead.lifecycle`` as it came."""

    partition: int
    offset: int
    key: bytes | None
    value: bytes | None


@dataclass(slots=True)
class Applied:
    """What became of a batch."""

    facts: int = 0
    """New ones, kept in ``facts``."""
    duplicates: int = 0
    unreadable: int = 0
    gapped: set[tuple[int, str]] = field(default_factory=set)
    """Partition and lead, where a fact is missing before one that was read."""
    newest_at: dict[int, int] = field(default_factory=dict)
    """By partition: the newest fact's time, ms."""
    policies: set[str] = field(default_factory=set)
    """The versions that the new facts were decided under."""


def project(connection: Connection, batch: Sequence[Received]) -> Applied:
    """Tell a batch into the tables, within the caller's transaction."""
    applied = Applied()
    arrived = list(_read(connection, batch, applied))
    leads = _leads(connection, {fact.lead_id for _, fact in arrived})
    fresh, known = [], _stored(connection, arrived, leads)
    for partition, fact in arrived:
        row = leads.get(fact.lead_id)
        seq = fact.data.seq
        if (row is not None and seq <= row["seq"]) or (fact.lead_id, seq) in known:
            applied.duplicates += 1
            continue
        if row is None:
            leads[fact.lead_id] = new_row("leads", lead_id=fact.lead_id, partition=partition)
        known.add((fact.lead_id, seq))
        fresh.append((partition, fact))
        applied.policies.add(fact.data.policy)
        applied.newest_at[partition] = max(applied.newest_at.get(partition, 0), fact.at)
    applied.facts = len(fresh)
    _keep(connection, [fact for _, fact in fresh])
    _sum_up(connection, [fact for _, fact in fresh])
    _tell(connection, leads, [fact for _, fact in fresh])
    applied.gapped = {
        (leads[fact.lead_id]["partition"], fact.lead_id)
        for _, fact in fresh
        if leads[fact.lead_id]["gap"]
    }
    return applied


def refold(connection: Connection, lead_ids: Collection[str], *, past_gaps: bool = False) -> int:
    """Make the rows of these leads again from ``facts``; return how many have a gap still.

    With ``past_gaps`` a story goes on after what is missing: to be asked for only when the topic
    was read again and what is missing is nowhere.
    """
    gaps = 0
    for some in _chunks(list(lead_ids)):
        rows = _leads(connection, some)
        fresh = {
            lead_id: new_row("leads", lead_id=lead_id, partition=row["partition"])
            for lead_id, row in rows.items()
        }
        for table in OF_A_LEAD:
            connection.execute(delete(table).where(table.c.lead_id.in_(some)))
        facts = _facts(connection, some)
        stories = {lead_id: Story(row) for lead_id, row in fresh.items()}
        for fact in facts:
            story = stories[fact.lead_id]
            if past_gaps or fact.data.seq == story.lead["seq"] + 1:
                tell(story, fact)
            else:
                story.lead["gap"] = 1
        for story in stories.values():
            story.changed[id(story.lead)] = ("leads", story.lead)
            gaps += story.lead["gap"]
        _write(connection, stories.values())
    return gaps


def _read(
    connection: Connection, batch: Sequence[Received], applied: Applied
) -> Iterator[tuple[int, Fact]]:
    """Read the bytes; what cannot be read is kept beside, with the reason."""
    unreadable = []
    for one in batch:
        try:
            yield one.partition, read_fact(one.value or b"")
        except NotAFactError as error:
            unreadable.append(
                {
                    "partition": one.partition,
                    "offset": one.offset,
                    "reason": str(error),
                    "key": one.key,
                    "value": one.value,
                }
            )
    if unreadable:
        applied.unreadable = len(unreadable)
        _upsert(connection, UNREADABLE, unreadable)


def _leads(connection: Connection, lead_ids: Collection[str]) -> dict[str, Row]:
    return {
        row["lead_id"]: row
        for some in _chunks(list(lead_ids))
        for row in _rows(connection, LEADS, some)
    }


def _stored(
    connection: Connection, arrived: Iterable[tuple[int, Fact]], leads: Mapping[str, Row]
) -> set[tuple[str, int]]:
    """Return the facts after a gap that are kept already, of those leads that have one."""
    gapped = {fact.lead_id for _, fact in arrived if leads.get(fact.lead_id, {"gap": 0})["gap"]}
    return {
        (lead_id, seq)
        for some in _chunks(list(gapped))
        for lead_id, seq in connection.execute(
            select(FACTS.c.lead_id, FACTS.c.seq).where(FACTS.c.lead_id.in_(some))
        )
    }


def _tell(connection: Connection, leads: Mapping[str, Row], fresh: Sequence[Fact]) -> None:
    """Tell facts in the order of their leads' stories, and what had waited for them."""
    waiting = {fact.lead_id for fact in fresh if leads[fact.lead_id]["gap"]}
    stories = _stories(connection, {fact.lead_id: leads[fact.lead_id] for fact in fresh})
    for fact in fresh:
        if fact.lead_id not in waiting:
            _go_on(stories[fact.lead_id], fact)
    for fact in _facts(connection, waiting):
        if fact.data.seq > leads[fact.lead_id]["seq"]:
            story = stories[fact.lead_id]
            story.lead["gap"] = 0
            _go_on(story, fact)
    _write(connection, stories.values())


def _go_on(story: Story, fact: Fact) -> None:
    """Tell a fact if it is the next one; else the story waits, and says so."""
    lead = story.lead
    if not lead["gap"] and fact.data.seq == lead["seq"] + 1:
        tell(story, fact)
    else:
        lead["gap"] = 1
        story.changed[id(lead)] = ("leads", lead)


def _stories(connection: Connection, leads: Mapping[str, Row]) -> dict[str, Story]:
    """Load what the tables tell of these leads; a lead without facts so far has no rows."""
    stories = {lead_id: Story(row) for lead_id, row in leads.items()}
    known = [lead_id for lead_id, row in leads.items() if row["seq"]]
    for some in _chunks(known):
        for row in _rows(connection, HANDOVERS, some):
            stories[row["lead_id"]].handovers[row["handover_id"]] = row
        for row in _rows(connection, CLOCKS, some):
            stories[row["lead_id"]].clocks[row["clock"], row["run"]] = row
        for row in _rows(connection, OPPORTUNITIES, some):
            stories[row["lead_id"]].opportunities[row["opportunity_id"]] = row
        for row in sorted(_rows(connection, RECYCLES, some), key=lambda row: int(row["seq"])):
            stories[row["lead_id"]].recycles.append(row)
    return stories


def _rows(connection: Connection, table: Table, lead_ids: Collection[str]) -> list[Row]:
    names = [column.name for column in table.columns]
    found = connection.execute(select(table).where(table.c.lead_id.in_(lead_ids)))
    return [dict(zip(names, row, strict=True)) for row in found]


def _facts(connection: Connection, lead_ids: Collection[str]) -> Iterator[Fact]:
    """Yield the kept facts of leads, each lead's in their order."""
    for some in _chunks(list(lead_ids)):
        asked = (
            select(FACTS.c.body)
            .where(FACTS.c.lead_id.in_(some))
            .order_by(FACTS.c.lead_id, FACTS.c.seq)
        )
        for (body,) in connection.execute(asked).all():
            yield read_fact(body)


def _keep(connection: Connection, facts: Iterable[Fact]) -> None:
    _upsert(
        connection,
        FACTS,
        [
            {
                "lead_id": fact.lead_id,
                "seq": fact.data.seq,
                "kind": fact.kind,
                "at": fact.at,
                "happened_at": fact.happened_at,
                "body": fact.body,
            }
            for fact in facts
        ],
    )


def _sum_up(connection: Connection, facts: Iterable[Fact]) -> None:
    """Add new facts to what is known of the definitions that they were decided under."""
    asked = select(DECIDED.c.version, DECIDED.c.facts, DECIDED.c.last_at)
    known = {version: (count, at) for version, count, at in connection.execute(asked)}
    changed: dict[str, tuple[int, int]] = {}
    for fact in facts:
        version = fact.data.policy
        count, at = changed.get(version) or known.get(version, (0, 0))
        changed[version] = (count + 1, max(at, fact.at))
    _upsert(
        connection,
        DECIDED,
        [
            {"version": version, "facts": count, "last_at": at}
            for version, (count, at) in changed.items()
        ],
    )


def _write(connection: Connection, stories: Iterable[Story]) -> None:
    rows: dict[str, list[Row]] = {}
    for story in stories:
        for table, row in story.changed.values():
            rows.setdefault(table, []).append(row)
        rows.setdefault(TOUCHES.name, []).extend(story.touches)
        rows.setdefault(VOICES.name, []).extend(story.voices)
    for name, changed in rows.items():
        _upsert(connection, METADATA.tables[name], changed)


def _upsert(connection: Connection, table: Table, rows: Sequence[Mapping[str, Any]]) -> None:
    """Write rows, new ones and known ones alike."""
    if rows:
        connection.execute(_UPSERTS[connection.dialect.name][table.name], rows)


def _chunks(many: Sequence[_T]) -> Iterator[Sequence[_T]]:
    for start in range(0, len(many), _ASKED_AT_ONCE):
        yield many[start : start + _ASKED_AT_ONCE]


def _upsert_of(insert: Any, table: Table) -> Executable:  # noqa: ANN401 - of either dialect
    statement = insert(table)
    keys = [column.name for column in table.primary_key]
    values = {
        column.name: statement.excluded[column.name]
        for column in table.columns
        if column.name not in keys
    }
    upsert: Executable = statement.on_conflict_do_update(index_elements=keys, set_=values)
    return upsert


_UPSERTS: Final = {
    name: {table.name: _upsert_of(insert, table) for table in METADATA.tables.values()}
    for name, insert in (("sqlite", sqlite.insert), ("postgresql", postgresql.insert))
}
