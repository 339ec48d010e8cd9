"""A lead's rows while facts are told into them: plain data, no database.

One ``Story`` holds the rows of one lead as they stand in the tables (``tables.py``), takes its
facts in the order of ``seq`` and knows which rows it changed. A fact is told into the rows it
speaks of and no others, so that telling all facts of a lead, in however many pieces, gives the
same rows.

Three things to know of the facts. A ``stage_changed`` that makes a new offer comes before its
``handover`` and still names the lead's handover before that. A late answer can bring an older
handover back: then the newer one is told as withdrawn first. And what a person skipped is told as
``implied``: the step happened, but took no time of its own.
"""

from dataclasses import dataclass, field
from typing import Any, Final

from handlers.scoreboard.tables import (
    CLOCKS,
    HANDOVERS,
    LEADS,
    OPPORTUNITIES,
    RECYCLES,
    STEPS,
)

Row = dict[str, Any]
"""A row by column name."""


_IMPLIED: Final = frozenset({"accepted", "sql", "opportunity"})

_EMPTY: Final = {
    table.name: {column.name: 0 if column.default is not None else None for column in table.columns}
    for table in (LEADS, HANDOVERS, CLOCKS, OPPORTUNITIES, RECYCLES)
}


def new_row(table: str, **known: object) -> Row:
    """Return a row of a table in which nothing is known but this."""
    return {**_EMPTY[table], **known}


@dataclass(slots=True)
class Story:
    """The rows of one lead."""

    lead: Row
    handovers: dict[str, Row] = field(default_factory=dict)
    clocks: dict[tuple[str, int], Row] = field(default_factory=dict)
    """By clock and run."""
    opportunities: dict[str, Row] = field(default_factory=dict)
    recycles: list[Row] = field(default_factory=list)
    """Oldest first."""
    touches: list[Row] = field(default_factory=list)
    """New ones only, as of ``voices``: nothing that was told before asks for them."""
    voices: list[Row] = field(default_factory=list)
    changed: dict[int, tuple[str, Row]] = field(default_factory=dict)
    """The rows to write, by identity, with their table."""

    def touch(self, table: str, row: Row) -> Row:
        """Note that a row changes, and return it."""
        self.changed[id(row)] = (table, row)
        return row

    def offer(self, handover_id: str | None) -> Row | None:
        """Return a handover's row, to be changed."""
        offer = self.handovers.get(handover_id or "")
        return None if offer is None else self.touch("handovers", offer)

    def reach(self, step: str, at: int, *, implied: bool) -> None:
        """Note the first time of a step."""
        lead = self.lead
        lead["step"] = max(lead["step"], STEPS.index(step))
        if lead[f"{step}_at"] is None:
            lead[f"{step}_at"] = at
            if step in _IMPLIED:
                lead[f"{step}_implied"] = int(implied)

    def woke(self, at: int) -> None:
        """Note that the lead left where it waited."""
        self.lead["wake_at"] = None
        if self.recycles and self.recycles[-1]["woke_at"] is None:
            self.touch("recycles", self.recycles[-1])["woke_at"] = at


def earlier(known: int | None, at: int) -> int:
    """Return the earlier of two instants, of which the first may not be known."""
    return at if known is None else min(known, at)
