"""Why a handover came to nothing, as both teams agreed to read it: the first that fits.

======== ===================================================================================
neither  an opportunity was reached
quality  it ended for a hard reason: true whatever sales did
handling sales was late at acceptance or first contact, let it lie or let it stall, ended it
         after accepting without one attempt, or gave up on it before all attempts were made
handling sales said no softly, and the lead was qualified soon after all (overturned)
quality  it ended for a soft reason
neither  all else: open, withdrawn, lost to the market
======== ===================================================================================

A breach that Baton noticed late, or that an answer from before the deadline disputes, is no
handling: the tables' flags leave both out.
"""

from collections.abc import Sequence
from typing import Any, Final

from sqlalchemy import ColumnElement, Select, and_, case, func, null, or_, select

from handlers.scoreboard.moments import DAY_MS
from handlers.scoreboard.numbers.limits import Definitions
from handlers.scoreboard.tables import HANDOVERS
from lifecycle.stages import ClockName

HANDLING: Final = "handling"
QUALITY: Final = "quality"

RULE: Final = (
    "Each handover has one cause, the first that fits: an opportunity was reached: neither; "
    "it ended for a hard reason (student, competitor, duplicate …): quality; acceptance or first "
    "contact broke, it was not followed up or stalled, it ended after acceptance without one "
    "attempt, or as no_response before all attempts were made: handling; a soft no whose lead "
    "was qualified soon after (overturned): handling; any other soft reason: quality; else "
    "neither. Breaches that Baton noticed late, and disputed ones, are not handling."
)

_NO_RESPONSE: Final = "no_response"


def cause(known: Definitions) -> ColumnElement[str | None]:
    """Return a handover's cause in SQL: ``handling``, ``quality``, or NULL for neither."""
    it = HANDOVERS.c
    attempts = known.limit(it.policy, lambda one: one.clocks[ClockName.CADENCE].attempts)
    overturn_ms = known.limit(it.policy, lambda one: one.scoreboard.overturn_days * DAY_MS)
    mishandled = or_(
        it.acceptance_broken == 1,
        it.contact_broken == 1,
        it.end_class == "handling",
        and_(it.accepted_at.is_not(None), it.ended_at.is_not(None), it.attempts == 0),
        and_(it.end_reason == _NO_RESPONSE, it.attempts < attempts),
    )
    overturned = and_(
        it.end_trigger == "reject",
        it.end_class == "soft",
        it.overturned_at - it.ended_at <= overturn_ms,
    )
    return case(
        (it.opportunity_at.is_not(None), null()),
        (it.end_class == "hard", QUALITY),
        (mishandled, HANDLING),
        (overturned, HANDLING),
        (it.end_class == "soft", QUALITY),
        else_=null(),
    )


def is_old(known: Definitions, now_at: int) -> ColumnElement[bool]:
    """Return whether a handover has had its time: by its own definition's days."""
    young_ms = known.limit(HANDOVERS.c.policy, lambda one: one.scoreboard.young_days * DAY_MS)
    return HANDOVERS.c.at + young_ms <= now_at


COUNTERS: Final = 4
"""Of each instant: handovers, those with handling and with quality for a cause, and open ones."""


def counted(
    known: Definitions,
    now_ats: Sequence[int],
    by: Sequence[ColumnElement[Any]],
    *where: ColumnElement[bool],
) -> Select[Any]:
    """Return a statement: a row a group, with ``COUNTERS`` for each of the instants (ms).

    What differs between instants is which handovers have had their time, not what is known.
    """
    it = HANDOVERS.c
    still_open = and_(it.ended_at.is_(None), it.withdrawn_at.is_(None), it.opportunity_at.is_(None))
    judged = (
        select(
            *(column.label(f"by_{place}") for place, column in enumerate(by)),
            *(
                case((is_old(known, now_at), 1), else_=0).label(f"old_{place}")
                for place, now_at in enumerate(now_ats)
            ),
            cause(known).label("cause"),
            case((still_open, 1), else_=0).label("open"),
        )
        .where(is_old(known, max(now_ats)), *where)
        .subquery()
    )
    cells = judged.c
    keys = [cells[f"by_{place}"] for place in range(len(by))]
    sums: list[ColumnElement[int]] = []
    for old in (cells[f"old_{place}"] for place in range(len(now_ats))):
        sums += [
            func.sum(old),
            func.sum(case((cells.cause == HANDLING, old), else_=0)),
            func.sum(case((cells.cause == QUALITY, old), else_=0)),
            func.sum(cells.open * old),
        ]
    return select(*keys, *sums).group_by(*keys)
