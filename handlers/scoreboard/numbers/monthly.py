"""What both sides promised for a month, and what came of it, by the month of the handover.

Marketing promised how many leads it hands over and how many of those answered on their merits are
accepted; sales promised a final answer for each. Months are those of UTC.
"""

from calendar import monthrange
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Final

from sqlalchemy import ColumnElement, Connection, and_, case, func, or_, select

from handlers.scoreboard.moments import DAY_MS, month_of
from handlers.scoreboard.numbers.filters import Filters
from handlers.scoreboard.numbers.intervals import Rate, rate
from handlers.scoreboard.tables import HANDOVERS
from lifecycle.policy import Scoreboard

_IT: Final = HANDOVERS.c
_BY_DEFINITION: Final = or_(_IT.kind == "qualified", _IT.kind == "hand_raise")
_ACCEPTED: Final = _IT.accepted_at.is_not(None)
_REJECTED: Final = and_(
    _IT.accepted_at.is_(None),
    _IT.end_trigger == "reject",
    or_(_IT.end_class == "hard", _IT.end_class == "soft"),
)
_OF_MARKETING: Final = _IT.kind != "claim"


@dataclass(frozen=True, slots=True)
class Month:
    """One month of handovers."""

    month: str
    """YYYY-MM, UTC."""
    volume: int
    """Leads whose first handover fell in it, by the definition or a raised hand."""
    hand_raises: int
    """Of these: by a raised hand."""
    repeats: int
    """Further handovers of leads that had one, by the definition or a raised hand."""
    nominations: int
    claims: int
    returns: int
    """Offered again because nobody had followed up."""
    quality: Rate
    """Accepted, of those accepted or rejected for a hard or soft reason."""
    feedback: Rate
    """With a final reason or a deal in time, of those whose time is over."""
    young: int
    """Whose time for that is not over."""
    projection: int | None
    """Of the volume of the month that runs; None for others, and in its first day."""


def months(
    connection: Connection, filters: Filters, limits: Scoreboard, now_at: int
) -> tuple[Month, ...]:
    """Return the months of the handovers, oldest first."""
    feedback_ms = limits.feedback_days * DAY_MS
    counts = (
        and_(_IT.number == 1, _BY_DEFINITION),
        and_(_IT.number == 1, _IT.kind == "hand_raise"),
        and_(_IT.number > 1, _BY_DEFINITION),
        _IT.kind == "nominated",
        _IT.kind == "claim",
        _IT.kind == "return",
        and_(_OF_MARKETING, _ACCEPTED),
        and_(_OF_MARKETING, _REJECTED),
        *_feedback(feedback_ms, now_at),
    )
    asked = (
        select(_IT.month, *(func.sum(case((one, 1), else_=0)) for one in counts))
        .where(*filters.on(HANDOVERS))
        .group_by(_IT.month)
        .order_by(_IT.month)
    )
    return tuple(
        _month(row[0], list(map(int, row[1:])), now_at) for row in connection.execute(asked)
    )


def _feedback(feedback_ms: int, now_at: int) -> Sequence[ColumnElement[bool]]:
    """Return when the promise was kept, when not, and when it cannot be told yet."""
    by = _IT.at + feedback_ms
    owed = and_(_OF_MARKETING, _IT.withdrawn_at.is_(None))
    reason = and_(_IT.end_reason.is_not(None), _IT.end_trigger != "return", _IT.ended_at <= by)
    told = or_(reason, _IT.opportunity_at <= by, _IT.won_at <= by)
    return (
        and_(owed, by <= now_at, told),
        and_(owed, by <= now_at),
        and_(owed, by > now_at),
    )


def _month(month: str, counts: list[int], now_at: int) -> Month:
    volume, raised, repeats, nominated, claimed, returned = counts[:6]
    accepted, rejected, told, owed, young = counts[6:]
    return Month(
        month=month,
        volume=volume,
        hand_raises=raised,
        repeats=repeats,
        nominations=nominated,
        claims=claimed,
        returns=returned,
        quality=rate(accepted, accepted + rejected),
        feedback=rate(told, owed),
        young=young,
        projection=projected(volume, now_at) if month == month_of(now_at) else None,
    )


def projected(volume: int, now_at: int) -> int | None:
    """Return what a month's volume becomes at its pace so far; None in its first day."""
    first = date.fromisoformat(f"{month_of(now_at)}-01")
    length_ms = monthrange(first.year, first.month)[1] * DAY_MS
    began_at = round(datetime(first.year, first.month, 1, tzinfo=UTC).timestamp()) * 1000
    gone_ms = now_at - began_at
    if gone_ms < DAY_MS:
        return None
    return (2 * volume * length_ms + gone_ms) // (2 * gone_ms)
