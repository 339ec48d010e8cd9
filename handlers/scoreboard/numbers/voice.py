"""The voice of calls: what sales heard, by campaign, content and how far the lead had come."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import ColumnElement, Connection, and_, case, distinct, func, select

from handlers.scoreboard.moments import DAY_MS
from handlers.scoreboard.numbers.filters import Filters
from handlers.scoreboard.numbers.table import Cell, Column, Kind, Table
from handlers.scoreboard.tables import HANDOVERS, VOICES

WEEK_MS: Final = 7 * DAY_MS
TOPICS: Final = ("pain", "objection", "question", "competitor", "content")
TITLES: Final = {
    "pain": "Pains",
    "objection": "Objections",
    "question": "Questions",
    "competitor": "Competitors",
    "content": "Content used in calls",
}
ROWS_MAX: Final = 200
"""Rows of a table by campaign or content: the codes heard most often."""

DEFINITIONS: Final[Mapping[str, str]] = {
    "heard": (
        "Heard is in how many calls or answers of sales a code was named, once in each; it belongs "
        "to the campaign and content of the handover's last touch, or of arrival before the first "
        "handover."
    ),
    "leads": "Leads is how many different leads it was heard from.",
    "change": (
        "The week's change is what was heard in the last seven days, less what was heard in the "
        "seven days before."
    ),
    "stage": "The stage is where the lead stood after that call.",
}

_IT: Final = VOICES.c
_BY: Final = {"campaign": _IT.campaign, "content": _IT.content, "stage": _IT.stage}


@dataclass(frozen=True, slots=True)
class Heard:
    """How often one thing was heard."""

    topic: str
    code: str
    where: str | None
    """The campaign, content or stage; None for all, and where nobody told."""
    times: int
    leads: int
    week: int
    """In the last seven days."""
    week_before: int

    @property
    def change(self) -> int:
        """More this week than in the week before."""
        return self.week - self.week_before


@dataclass(frozen=True, slots=True)
class Voice:
    """What sales heard, most often first."""

    codes: tuple[Heard, ...]
    by_campaign: tuple[Heard, ...]
    by_content: tuple[Heard, ...]
    by_stage: tuple[Heard, ...]


def voice(connection: Connection, filters: Filters, now_at: int) -> Voice:
    """Return what sales heard up to ``now_at`` (ms); the week of a filter is that of the call."""
    source, where = _narrowed(filters)
    return Voice(
        codes=_heard(connection, now_at, None, source, where),
        by_campaign=_heard(connection, now_at, _IT.campaign, source, where),
        by_content=_heard(connection, now_at, _IT.content, source, where),
        by_stage=_heard(connection, now_at, _IT.stage, source, where),
    )


def _narrowed(filters: Filters) -> tuple[Any, list[ColumnElement[bool]]]:
    """Return what to read, and the clauses: source, team and grade are the handover's."""
    where = filters.where(campaign=_IT.campaign, content=_IT.content, rep=_IT.rep, week=_IT.week)
    it = HANDOVERS.c
    of_handover = filters.where(source=it.source, team=it.team, grade=it.grade)
    if not of_handover:
        return VOICES, where
    joined = VOICES.join(HANDOVERS, it.handover_id == _IT.handover_id)
    return joined, [*where, *of_handover]


def _heard(
    connection: Connection,
    now_at: int,
    by: ColumnElement[Any] | None,
    source: Any,  # noqa: ANN401 - a table or a join
    where: list[ColumnElement[bool]],
) -> tuple[Heard, ...]:
    keys = (_IT.topic, _IT.code, *(() if by is None else (by,)))
    week = and_(_IT.at > now_at - WEEK_MS, _IT.at <= now_at)
    before = and_(_IT.at > now_at - 2 * WEEK_MS, _IT.at <= now_at - WEEK_MS)
    asked = (
        select(
            *keys,
            func.count(),
            func.count(distinct(_IT.lead_id)),
            func.sum(case((week, 1), else_=0)),
            func.sum(case((before, 1), else_=0)),
        )
        .select_from(source)
        .where(*where)
        .group_by(*keys)
    )
    found = (
        Heard(row[0], row[1], None if by is None else row[2], *map(int, row[-4:]))
        for row in connection.execute(asked)
    )
    return tuple(sorted(found, key=_order))


def _order(one: Heard) -> tuple[int, int, str, str]:
    return TOPICS.index(one.topic), -one.times, one.code, one.where or ""


_COUNTS: Final = (
    Column("times", "Heard", Kind.COUNT, "times", definition=DEFINITIONS["heard"]),
    Column("leads", "From", Kind.COUNT, "leads", definition=DEFINITIONS["leads"]),
    Column("week", "Last 7 days", Kind.COUNT, "times"),
    Column("change", "Change", Kind.NUMBER, "times", definition=DEFINITIONS["change"]),
)
_WHERE: Final = {
    "campaign": Column("campaign", "Campaign", filter="campaign"),
    "content": Column("content", "Content", filter="content"),
    "stage": Column("stage", "Stage", definition=DEFINITIONS["stage"]),
}


def tables(result: Voice) -> tuple[Table, ...]:
    """Return the tables of the page: one a topic, then all codes by campaign, content, stage."""
    topics = tuple(
        Table(
            topic,
            TITLES[topic],
            DEFINITIONS["heard"],
            (Column("code", "What"), *_COUNTS),
            tuple((one.code, *_cells(one)) for one in result.codes if one.topic == topic),
        )
        for topic in TOPICS
    )
    parts = (
        ("campaign", result.by_campaign),
        ("content", result.by_content),
        ("stage", result.by_stage),
    )
    return (*topics, *(_by(name, rows) for name, rows in parts))


def _by(name: str, rows: tuple[Heard, ...]) -> Table:
    most = sorted(rows, key=lambda one: -one.times)[:ROWS_MAX]
    left_out = len(rows) - len(most)
    return Table(
        f"heard-by-{name}",
        f"Heard by {name}",
        DEFINITIONS["heard"],
        (Column("topic", "Topic"), Column("code", "What"), _WHERE[name], *_COUNTS),
        tuple((one.topic, one.code, one.where, *_cells(one)) for one in most),
        note=f"{left_out} rarer rows are not shown: set a filter." if left_out else "",
    )


def _cells(one: Heard) -> tuple[Cell, ...]:
    return one.times, one.leads, one.week, one.change
