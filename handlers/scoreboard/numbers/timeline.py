"""One lead's timeline: marketing's and sales' deeds together, each move with its receipt."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import msgspec
from sqlalchemy import Connection, func, select

from handlers.scoreboard.fact import Voice
from handlers.scoreboard.numbers.bars import Bar, Coming, bars, coming
from handlers.scoreboard.numbers.table import Column, Kind, Table
from handlers.scoreboard.numbers.told import Receipt, Told, read, sentence, side_of, who_of
from handlers.scoreboard.tables import FACTS, LEADS

FACTS_MAX: Final = 5_000
"""A lead's facts that are shown: the latest."""

DEFINITIONS: Final[Mapping[str, str]] = {
    "timeline": (
        "The timeline lists every fact of a lead in the order in which it was decided, with the "
        "time at which it happened."
    ),
    "clock": (
        "A bar is one run of a clock: running until its deadline, paused while the lead had asked "
        "to wait, overdue from the first breach on."
    ),
    "coming": (
        "What comes next is what will happen by itself if nobody does anything: warnings, "
        "breaches, the end of a pause, the wake-up."
    ),
}


@dataclass(frozen=True, slots=True)
class Deed:
    """One fact, as people read it."""

    seq: int
    at: int
    """When it happened: ms."""
    decided_at: int
    kind: str
    side: str
    """``marketing``, ``sales`` or ``baton``."""
    says: str
    who: str | None
    stage: str
    """After it."""
    receipt: Receipt | None
    heard: tuple[tuple[str, str], ...]
    """What sales heard: topic and code."""


@dataclass(frozen=True, slots=True)
class Known:
    """What stands at the top: a lead among those that were found."""

    lead_id: str
    stage: str | None
    stage_since_at: int | None
    campaign: str | None
    source: str | None
    grade: str | None
    rep: str | None
    last_at: int | None


@dataclass(frozen=True, slots=True)
class Timeline:
    """All of one lead."""

    lead: Known
    deeds: tuple[Deed, ...]
    """Oldest first."""
    clocks: tuple[Bar, ...]
    next: tuple[Coming, ...]
    """Soonest first."""
    left_out: int
    """Older facts that are not shown."""
    gap: bool
    """A fact is missing, so that what follows it is not counted yet."""
    now_at: int


_KNOWN: Final = (
    LEADS.c.lead_id,
    LEADS.c.stage,
    LEADS.c.stage_since,
    LEADS.c.arrival_campaign,
    LEADS.c.arrival_source,
    LEADS.c.grade,
    LEADS.c.rep,
    LEADS.c.last_at,
)


def timeline(connection: Connection, lead_id: str, now_at: int) -> Timeline | None:
    """Return a lead's timeline, or None where no fact tells of it. ``now_at`` in ms."""
    found = connection.execute(
        select(*_KNOWN, LEADS.c.gap).where(LEADS.c.lead_id == lead_id)
    ).one_or_none()
    if found is None:
        return None
    *known, gap = found
    story = _story(connection, lead_id)
    facts = connection.scalar(
        select(func.count()).select_from(FACTS).where(FACTS.c.lead_id == lead_id)
    )
    drawn = bars(story, now_at)
    return Timeline(
        lead=Known(*known),
        deeds=tuple(_deed(told) for told in story),
        clocks=drawn,
        next=tuple(sorted(coming(drawn), key=lambda one: (one.at, one.clock, one.what))),
        left_out=(facts or 0) - len(story),
        gap=bool(gap),
        now_at=now_at,
    )


def find_leads(connection: Connection, text: str, limit: int = 20) -> tuple[Known, ...]:
    """Return leads whose id begins with a text, exactly, in order of their ids."""
    # No LIKE: nothing in the text is a pattern, and capitals matter in both databases.
    begins = func.substr(LEADS.c.lead_id, 1, len(text)) == text
    asked = select(*_KNOWN).where(begins).order_by(LEADS.c.lead_id).limit(limit)
    return tuple(Known(*row) for row in connection.execute(asked))


def recent_leads(connection: Connection, limit: int = 20) -> tuple[Known, ...]:
    """Return the leads that something happened to last, the latest first."""
    asked = select(*_KNOWN).order_by(LEADS.c.last_at.desc(), LEADS.c.lead_id).limit(limit)
    return tuple(Known(*row) for row in connection.execute(asked))


def _story(connection: Connection, lead_id: str) -> list[Told]:
    asked = (
        select(FACTS.c.kind, FACTS.c.body)
        .where(FACTS.c.lead_id == lead_id)
        .order_by(FACTS.c.seq.desc())
        .limit(FACTS_MAX)
    )
    return [read(kind, body) for kind, body in connection.execute(asked)][::-1]


def _deed(told: Told) -> Deed:
    data = told.data
    return Deed(
        seq=data.seq,
        at=told.at,
        decided_at=told.decided_at,
        kind=told.kind,
        side=side_of(told),
        says=sentence(told),
        who=who_of(told),
        stage=data.stage,
        receipt=data.receipt,
        heard=() if data.voice is None else _heard(data.voice),
    )


def _heard(voice: Voice) -> tuple[tuple[str, str], ...]:
    heard = []
    for topic, codes in msgspec.structs.asdict(voice).items():
        several = codes if isinstance(codes, tuple) else [codes]
        heard += [(topic, code) for code in several if code is not None]
    return tuple(heard)


_DEEDS: Final = (
    Column("seq", "Number", Kind.COUNT),
    Column("at", "Time", Kind.TIME),
    Column("side", "Side"),
    Column("kind", "Fact"),
    Column("says", "What"),
    Column("who", "Who"),
    Column("stage", "Stage after"),
    Column("fit", "Fit", Kind.NUMBER, "points"),
    Column("engagement", "Engagement", Kind.NUMBER, "points"),
)
_CLOCKS: Final = (
    Column("clock", "Clock"),
    Column("assignee", "Whose", filter="rep"),
    Column("started", "Started", Kind.TIME),
    Column("ended", "Ended", Kind.TIME),
    Column("due", "Due", Kind.TIME),
    Column("outcome", "Outcome", Kind.VERDICT),
    Column("paused", "Paused", Kind.DURATION),
)
_NEXT: Final = (
    Column("at", "Time", Kind.TIME),
    Column("clock", "Clock"),
    Column("what", "What"),
    Column("who", "Who"),
)


def tables(result: Timeline) -> tuple[Table, ...]:
    """Return the timeline as tables; the page draws the bars and receipts besides."""
    return (
        Table(
            "next",
            "What comes next",
            DEFINITIONS["coming"],
            _NEXT,
            tuple((one.at, one.clock, one.what, one.who) for one in result.next),
            empty="Nothing: no clock runs for this lead.",
        ),
        Table(
            "clocks",
            "Clocks",
            DEFINITIONS["clock"],
            _CLOCKS,
            tuple(
                (
                    one.clock,
                    one.assignee,
                    one.started_at,
                    one.ended_at,
                    one.due_at,
                    one.outcome,
                    _paused_seconds(one),
                )
                for one in result.clocks
            ),
        ),
        Table(
            "timeline",
            "Timeline",
            DEFINITIONS["timeline"],
            _DEEDS,
            tuple(
                (
                    one.seq,
                    one.at,
                    one.side,
                    one.kind,
                    one.says,
                    one.who,
                    one.stage,
                    one.receipt.fit_points if one.receipt else None,
                    one.receipt.engagement_points if one.receipt else None,
                )
                for one in result.deeds
            ),
            note=f"{result.left_out} older facts are not shown." if result.left_out else "",
        ),
    )


def _paused_seconds(bar: Bar) -> int:
    waits = (one.to_at - one.from_at for one in bar.segments if one.state == "paused")
    return sum(waits) // 1000
