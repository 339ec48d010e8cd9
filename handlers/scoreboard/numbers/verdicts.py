"""Quality or handling? A verdict for each campaign and each rep, with what it stands on.

h is the share of handovers that were spoilt by handling, q the share of all others that ended for
reasons of quality. A campaign is judged against the agreed limits. A rep is judged by h against
the limit, but by q only against other reps who had leads of the same source and grade: whom
routing gave the worse leads is not the worse rep, but who says no to what others work is picky.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from sqlalchemy import ColumnElement, Connection, func, not_, select

from handlers.scoreboard.numbers.alike import Comparison, compare
from handlers.scoreboard.numbers.causes import RULE, counted, is_old
from handlers.scoreboard.numbers.filters import NOBODY, Filters
from handlers.scoreboard.numbers.intervals import Rate
from handlers.scoreboard.numbers.limits import Definitions, definitions
from handlers.scoreboard.numbers.table import Column, Kind, Table
from handlers.scoreboard.numbers.tallies import Count, Reps, each
from handlers.scoreboard.numbers.wording import percent, span
from handlers.scoreboard.tables import HANDOVERS
from lifecycle.policy import Scoreboard

HANDLING: Final = "handling"
QUALITY: Final = "quality"
BOTH: Final = "both"
FINE: Final = "fine"
TOO_FEW: Final = "too few to tell"

DEFINITIONS: Final[Mapping[str, str]] = {
    "handling share": "h: handovers whose cause is handling, of all that have had their time.",
    "quality share": "q: handovers whose cause is quality, of all whose cause is not handling.",
    "had their time": (
        "A handover counts from the age at which the policy no longer calls it young (30 days in "
        "the shipped one), whether it is open still or has ended."
    ),
    "cause": RULE,
    "verdict on a campaign": (
        "`handling`, `quality` or `both` where Wilson's lower bound of h, q or both lies above "
        "the policy's limit; `fine` where both upper bounds lie below; `too few to tell` "
        "otherwise, and always under the policy's smallest sample."
    ),
    "verdict on a rep": (
        "`handling` where the lower bound of h lies above the limit, or q is clearly above that "
        "of other reps; `fine` where the upper bound of h lies below the limit and q is not "
        "clearly above; `too few to tell` otherwise."
    ),
    "clearly above other reps": (
        "The lower bound of a rep's q lies above the upper bound of the others' q on leads of the "
        "same source and grade, weighed to the rep's own mix."
    ),
}


@dataclass(frozen=True, slots=True)
class Judged:
    """A campaign or a rep."""

    name: str
    """``(none)``: nobody told."""
    verdict: str
    says: str
    """The verdict in words, with its numbers."""
    handling: Rate
    quality: Rate
    open: int
    others_handling: Rate
    """All others together, under the same filters."""
    others_quality: Rate
    alike: Comparison | None = None
    """A rep's q beside that of others who had such leads; None: too few of them."""


@dataclass(frozen=True, slots=True)
class Verdicts:
    """All verdicts under the filters."""

    campaigns: tuple[Judged, ...]
    reps: tuple[Judged, ...]
    limits: Scoreboard
    young: int
    """Handovers that have not had their time yet, left out everywhere."""


def verdicts(connection: Connection, filters: Filters, now_at: int) -> Verdicts:
    """Judge every campaign and rep that the filters leave; ``now_at`` (ms) is the log's time."""
    return verdicts_at(connection, filters, (now_at,))[0]


def verdicts_at(
    connection: Connection, filters: Filters, now_ats: Sequence[int]
) -> tuple[Verdicts, ...]:
    """Judge for several instants by what is known today: each counts what was old enough then."""
    known = definitions(connection)
    campaigns = _campaigns(connection, known, filters, now_ats)
    reps = _reps(connection, known, filters, now_ats)
    all_ = select(func.count()).select_from(HANDOVERS).where(*_narrowed(filters))
    found = []
    for place, now_at in enumerate(now_ats):
        young = all_.where(HANDOVERS.c.at <= now_at, not_(is_old(known, now_at)))
        left_out = int(connection.execute(young).scalar_one())
        found.append(Verdicts(campaigns[place], reps[place], known.newest.scoreboard, left_out))
    return tuple(found)


def _narrowed(filters: Filters, *without: str) -> list[ColumnElement[bool]]:
    it = HANDOVERS.c
    columns = {
        "campaign": it.campaign,
        "source": it.source,
        "content": it.content,
        "rep": it.rep,
        "team": it.team,
        "grade": it.grade,
        "week": it.week,
    }
    return filters.where(**{name: one for name, one in columns.items() if name not in without})


def _campaigns(
    connection: Connection, known: Definitions, filters: Filters, now_ats: Sequence[int]
) -> list[tuple[Judged, ...]]:
    asked = counted(known, now_ats, (HANDOVERS.c.campaign,), *_narrowed(filters, "campaign"))
    limits = known.newest.scoreboard
    counts: list[dict[str, Count]] = [{} for _ in now_ats]
    for campaign, *cells in connection.execute(asked):
        for place, count in each(cells):
            counts[place][campaign or NOBODY] = count
    judged = []
    for one in counts:
        total = sum(one.values(), Count())
        shown = _shown(one, filters.campaign)
        judged.append(tuple(_campaign(name, one[name], total, limits) for name in shown))
    return judged


def _reps(
    connection: Connection, known: Definitions, filters: Filters, now_ats: Sequence[int]
) -> list[tuple[Judged, ...]]:
    it = HANDOVERS.c
    # Others may be of any team: the filter narrows whom to judge, not whom to compare with.
    asked = counted(
        known, now_ats, (it.rep, it.source, it.grade, it.team), *_narrowed(filters, "rep", "team")
    )
    reps = [Reps() for _ in now_ats]
    for rep, source, grade, team, *cells in connection.execute(asked):
        own = filters.team is None or (team or NOBODY) == filters.team
        for place, count in each(cells):
            reps[place].add(rep or NOBODY, (source, grade), count, own=own)
    limits = known.newest.scoreboard
    return [
        tuple(
            _rep(
                name,
                one.counts[name],
                sum(one.counts.values(), Count()),
                limits,
                compare(one.mine[name], one.others(name), limits.sample_min),
            )
            for name in _shown(one.counts, filters.rep)
        )
        for one in reps
    ]


def _shown(counts: Mapping[str, Count], only: str | None) -> list[str]:
    """Return whom to show, the largest sample first."""
    names = sorted(counts, key=lambda name: (-counts[name].handovers, name))
    return [name for name in names if only in {None, name}]


def _campaign(name: str, count: Count, total: Count, limits: Scoreboard) -> Judged:
    h, q = count.h, count.q
    bad_handling, good_handling = _against(h, limits.handling_limit)
    bad_quality, good_quality = _against(q, limits.quality_limit)
    if count.handovers < limits.sample_min:
        verdict = TOO_FEW
    elif bad_handling and bad_quality:
        verdict = BOTH
    elif bad_handling:
        verdict = HANDLING
    elif bad_quality:
        verdict = QUALITY
    else:
        verdict = FINE if good_handling and good_quality else TOO_FEW
    says = f"{_CAMPAIGN_SAYS[verdict]} {_handled(h, limits)}; {_good(q, limits)}."
    if count.handovers < limits.sample_min:
        says = _small(count, limits)
    rest = _rest(count, total)
    return Judged(name, verdict, says, h, q, count.open, rest.h, rest.q)


def _rep(
    name: str, count: Count, total: Count, limits: Scoreboard, alike: Comparison | None
) -> Judged:
    h, q = count.h, count.q
    bad, good = _against(h, limits.handling_limit)
    picky = alike is not None and alike.clearly_above
    if count.handovers < limits.sample_min:
        verdict, says = TOO_FEW, _small(count, limits)
    elif bad or picky:
        verdict = HANDLING
        head = _LETS_DOWN if bad else "Handling: says no to what others work."
        says = f"{head} {_handled(h, limits)}; {_compared(alike)}."
    elif good and alike is not None:
        verdict = FINE
        head = "Fine: few are let down, and no more are turned away than by others."
        says = f"{head} {_handled(h, limits)}; {_compared(alike)}."
    else:
        verdict = TOO_FEW
        says = f"Too few to tell. {_handled(h, limits)}; {_compared(alike)}."
    rest = _rest(count, total)
    return Judged(name, verdict, says, h, q, count.open, rest.h, rest.q, alike)


def _against(share: Rate, limit: float) -> tuple[bool, bool]:
    """Return whether a share is surely above a limit, and whether it is surely below."""
    if share.low is None or share.high is None:
        return False, False
    return share.low > limit, share.high < limit


def _rest(count: Count, total: Count) -> Count:
    return Count(
        total.handovers - count.handovers,
        total.handling - count.handling,
        total.quality - count.quality,
        total.open - count.open,
    )


_LETS_DOWN: Final = "Handling: too many of these leads were let down."
_CAMPAIGN_SAYS: Final = {
    HANDLING: _LETS_DOWN,
    QUALITY: "Quality: too many of those that were handled well were not good.",
    BOTH: "Both: too many were let down, and too many of the others were not good.",
    FINE: "Fine: both shares are surely below their limits.",
    TOO_FEW: "Too few to tell: a limit lies within what the sample allows.",
}


def _handled(h: Rate, limits: Scoreboard) -> str:
    return (
        f"{h.count} of {h.of} handovers were spoilt by handling "
        f"({span(h)}, the limit is {percent(limits.handling_limit)})"
    )


def _good(q: Rate, limits: Scoreboard) -> str:
    if not q.of:
        return "none is left to judge the quality by"
    return (
        f"{q.count} of the other {q.of} ended for their quality "
        f"({span(q)}, the limit is {percent(limits.quality_limit)})"
    )


def _compared(alike: Comparison | None) -> str:
    if alike is None:
        return "other reps had too few such leads to compare what was turned away"
    return (
        f"{alike.own.count} of {alike.own.of} handled well ended for their quality "
        f"({span(alike.own)}), with others on such leads {percent(alike.others.share)} "
        f"({span(alike.others)})"
    )


def _small(count: Count, limits: Scoreboard) -> str:
    have = "1 handover has" if count.handovers == 1 else f"{count.handovers} handovers have"
    return f"Too few to tell: {have} had their time, {limits.sample_min} are needed."


def tables(result: Verdicts) -> tuple[Table, ...]:
    """Return the verdicts as tables: campaigns, then reps."""
    limits = result.limits
    note = (
        f"{result.young} handovers are younger than {limits.young_days} days and left out. "
        "Bounds are Wilson's, 95 %."
    )
    empty = (
        "No handover under these filters has had its time: take a filter away, or wait until "
        f"some are {limits.young_days} days old."
    )
    return (
        Table(
            "campaigns",
            "Campaigns",
            DEFINITIONS["verdict on a campaign"],
            (Column("campaign", "Campaign", filter="campaign"), *_SHARED, *_OTHERS),
            tuple(
                (*_cells(one), one.others_handling, one.others_quality) for one in result.campaigns
            ),
            empty=empty,
            note=note,
        ),
        Table(
            "reps",
            "Reps",
            DEFINITIONS["verdict on a rep"],
            (Column("rep", "Rep", filter="rep"), *_SHARED, *_ALIKE),
            tuple(
                (
                    *_cells(one),
                    one.alike.own if one.alike else None,
                    one.alike.others if one.alike else None,
                )
                for one in result.reps
            ),
            empty=empty,
            note=note,
        ),
    )


def _cells(one: Judged) -> tuple[str, str, int, Rate, Rate, int, str]:
    return one.name, one.verdict, one.handling.of, one.handling, one.quality, one.open, one.says


_SHARED: Final = (
    Column("verdict", "Verdict", Kind.VERDICT),
    Column("handovers", "Handovers", Kind.COUNT, "handovers", definition="Those that count."),
    Column(
        "handling", "Handling", Kind.RATE, "handovers", definition=DEFINITIONS["handling share"]
    ),
    Column("quality", "Quality", Kind.RATE, "handovers", definition=DEFINITIONS["quality share"]),
    Column("open", "Open", Kind.COUNT, "handovers", definition="Old enough, and without an end."),
    Column("says", "In words"),
)
_OTHERS: Final = (
    Column("others_handling", "Handling, all others", Kind.RATE, "handovers"),
    Column("others_quality", "Quality, all others", Kind.RATE, "handovers"),
)
_ALIKE: Final = (
    Column("alike_own", "Quality, on leads others had too", Kind.RATE, "handovers"),
    Column(
        "alike_others",
        "Quality, others on such leads",
        Kind.RATE,
        "handovers",
        definition=DEFINITIONS["clearly above other reps"],
    ),
)
