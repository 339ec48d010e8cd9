"""Leads to look up: by a piece of their id, by stage, by the page's filters; the latest first."""

from string import ascii_lowercase, ascii_uppercase
from typing import Final

from sqlalchemy import ColumnElement, Connection, func, select

from handlers.scoreboard.numbers.filters import FilterError
from handlers.scoreboard.numbers.table import Column, Kind, Table
from handlers.scoreboard.tables import LEADS
from handlers.scoreboard.web.view import Asked, View
from lifecycle.stages import Stage

ROWS_MAX: Final = 50
"""Leads listed at most; the search finds the others."""
SEARCH_CHARACTERS_MAX: Final = 128
"""A lead's id has no more."""

_COLUMNS: Final = (
    Column("lead_id", "Lead", Kind.LEAD),
    Column("stage", "Stage", filter="stage"),
    Column("since", "There since", Kind.TIME),
    Column("arrival_campaign", "Arrival campaign", filter="campaign"),
    Column("arrival_source", "Source", filter="source"),
    Column("grade", "Grade", filter="grade", definition="Of its last handover."),
    Column("rep", "Rep", filter="rep", definition="Who has it, or had it last."),
    Column("facts", "Facts", Kind.COUNT),
    Column("last", "Last fact", Kind.TIME),
)


def read_leads(asked: Asked) -> View:
    """Return the leads that were looked for. Raises FilterError with a sentence."""
    wanted = asked.query.get("q", "").strip()[:SEARCH_CHARACTERS_MAX]
    stage = asked.query.get("stage", "")
    if not wanted.isprintable():
        raise FilterError("a lead's id has no characters that cannot be shown")
    if stage and stage not in set(Stage):
        raise FilterError(f"stage is one of {', '.join(Stage)}, not {stage[:40]!r}")
    clauses = _clauses(asked, wanted, stage)
    found = asked.connection.execute(
        select(func.count()).select_from(LEADS).where(*clauses)
    ).scalar_one()
    # The very id that was asked for stands first, however long ago it was heard of.
    listed = select(LEADS).where(*clauses)
    listed = listed.order_by(
        (LEADS.c.lead_id == wanted).desc(), LEADS.c.last_at.desc(), LEADS.c.lead_id
    ).limit(ROWS_MAX)
    rows = tuple(
        (
            one.lead_id,
            one.stage,
            one.stage_since,
            one.arrival_campaign,
            one.arrival_source,
            one.grade,
            one.rep,
            one.seq,
            one.last_at,
        )
        for one in asked.connection.execute(listed)
    )
    table = Table(
        "leads",
        f"{found:,} {'lead' if found == 1 else 'leads'}",
        "Leads with at least one fact, by arrival; the one that was heard of last stands first.",
        _COLUMNS,
        rows,
        empty="No lead fits. Look for a shorter piece of its id, or take a filter away.",
        note="" if found <= ROWS_MAX else f"The {ROWS_MAX} latest are listed; search for the rest.",
    )
    stages = tuple(one.value for one in Stage)
    return View((table,), parts={"q": wanted, "stage": stage, "stages": stages})


def _clauses(asked: Asked, wanted: str, stage: str) -> list[ColumnElement[bool]]:
    clauses = asked.filters.on_leads()
    if wanted:
        clauses.append(_names(asked.connection, wanted))
    if stage:
        clauses.append(LEADS.c.stage == stage)
    return clauses


def _names(connection: Connection, wanted: str) -> ColumnElement[bool]:
    """Return whether a lead's id has this in it; capitals of ASCII are as good as small letters.

    So does LIKE on SQLite, and stops there. PostgreSQL's would mind them, and its ``lower`` would
    fold what its collation knows besides: the same search must find the same leads on both.
    """
    if connection.dialect.name == "sqlite":
        return LEADS.c.lead_id.contains(wanted, autoescape=True)
    folded = func.translate(LEADS.c.lead_id, ascii_uppercase, ascii_lowercase)
    small = wanted.translate(str.maketrans(ascii_uppercase, ascii_lowercase))
    return folded.contains(small, autoescape=True)
