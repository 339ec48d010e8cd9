"""The voice of calls: what sales heard, by campaign, content and how far the lead had come."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import (
    ColumnElement,
    Connection,
    Select,
    String,
    and_,
    case,
    cast,
    distinct,
    func,
    literal,
    null,
    select,
    union_all,
)

from handlers.scoreboard.moments import DAY_MS
from handlers.scoreboard.numbers.filters import Filters
from handlers.scoreboard.numbers.table import Cell, Column, Kind, Table
from handlers.scoreboard.tables import VOICES

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
_BY: Final = ("all", "campaign", "content", "stage")


@dataclass(frozen=True, slots=True)
class Heard:
    """How often one thing was heard."""

    topic: str
    code: str
    where: str | None
    """The campaign, content or stage; None for all, and where nobody told."""
    times: int
    leads: int | None
    """Different ones; known for all, not for a part."""
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
    where = filters.on(VOICES)
    leads = _leads(connection, where)
    found: dict[str, list[Heard]] = {name: [] for name in _BY}
    for name, topic, code, place, *counts in connection.execute(_counts(where, now_at)):
        times, week, before = map(int, counts)
        known = leads[topic, code] if name == "all" else None
        found[name].append(Heard(topic, code, place, times, known, week, before))
    rows = {name: tuple(sorted(told, key=_order)) for name, told in found.items()}
    return Voice(rows["all"], rows["campaign"], rows["content"], rows["stage"])


def _leads(connection: Connection, where: list[ColumnElement[bool]]) -> dict[tuple[str, str], int]:
    asked = (
        select(_IT.topic, _IT.code, func.count(distinct(_IT.lead_id)))
        .where(*where)
        .group_by(_IT.topic, _IT.code)
    )
    return {(topic, code): leads for topic, code, leads in connection.execute(asked)}


def _counts(where: list[ColumnElement[bool]], now_at: int) -> Select[Any]:
    """Count at the finest grain once, then add up to each of the parts."""
    week = and_(_IT.at > now_at - WEEK_MS, _IT.at <= now_at)
    before = and_(_IT.at > now_at - 2 * WEEK_MS, _IT.at <= now_at - WEEK_MS)
    keys = (_IT.topic, _IT.code, _IT.campaign, _IT.content, _IT.stage)
    grain = (
        select(
            *keys,
            func.count().label("times"),
            func.sum(case((week, 1), else_=0)).label("this_week"),
            func.sum(case((before, 1), else_=0)).label("week_before"),
        )
        .where(*where)
        .group_by(*keys)
        .cte("grain")
    )
    it = grain.c
    each = []
    for name in _BY:
        place = cast(null(), String) if name == "all" else it[name]
        each.append(
            select(
                literal(name).label("name"),
                it.topic,
                it.code,
                place.label("place"),
                func.sum(it.times).label("times"),
                func.sum(it.this_week).label("this_week"),
                func.sum(it.week_before).label("week_before"),
            ).group_by(it.topic, it.code, *(() if name == "all" else (place,)))
        )
    return select(union_all(*each).subquery())


def _order(one: Heard) -> tuple[int, int, str, str]:
    return TOPICS.index(one.topic), -one.times, one.code, one.where or ""


_LEADS: Final = Column("leads", "From", Kind.COUNT, "leads", definition=DEFINITIONS["leads"])
_COUNTS: Final = (
    Column("times", "Heard", Kind.COUNT, "times", definition=DEFINITIONS["heard"]),
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
            (Column("code", "What"), _LEADS, *_COUNTS),
            tuple(
                (one.code, one.leads, *_cells(one)) for one in result.codes if one.topic == topic
            ),
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
    return one.times, one.week, one.change
