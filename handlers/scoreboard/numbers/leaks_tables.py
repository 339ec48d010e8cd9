"""The leaks as tables."""

from typing import Final

from handlers.scoreboard.numbers import money
from handlers.scoreboard.numbers.leaks import AGES, DEFINITIONS, Leaks
from handlers.scoreboard.numbers.table import Column, Kind, Table

_SPANS: Final = (
    ("up_to_7_days", f"Up to {AGES[0]} days"),
    ("up_to_30_days", f"{AGES[0]} to {AGES[1]}"),
    ("up_to_90_days", f"{AGES[1]} to {AGES[2]}"),
    ("older", f"Over {AGES[2]}"),
)
_LANGUISHING: Final = (
    Column("stage", "Stage"),
    Column("leads", "Leads", Kind.COUNT, "leads"),
    *(Column(key, title, Kind.COUNT, "leads") for key, title in _SPANS),
    Column("untouched", "No touch in 30 days", Kind.COUNT, "leads"),
)
_OLDEST: Final = (
    Column("lead_id", "Lead", Kind.LEAD),
    Column("stage", "Stage"),
    Column("since", "There since", Kind.TIME),
    Column("campaign", "Arrival campaign", filter="campaign"),
    Column("rep", "Rep", filter="rep"),
)
_UNCONTACTED: Final = (
    Column("rep", "Rep", filter="rep"),
    Column("open", "Still theirs", Kind.COUNT, "handovers"),
    Column("overdue", "Of these overdue", Kind.COUNT, "handovers"),
    Column("ended", "Ended that way", Kind.COUNT, "handovers"),
)
_ASLEEP: Final = (
    Column("reason", "Reason"),
    Column("undated", "No date", Kind.COUNT, "leads"),
    Column("passed", "Date passed", Kind.COUNT, "leads"),
)
_STUCK: Final = (
    Column("currency", "Currency"),
    Column("deals", "Open deals", Kind.COUNT, "deals"),
    Column("value", "Value", Kind.MONEY),
    Column("unchanged", "Unchanged", Kind.COUNT, "deals"),
    Column("unchanged_value", "Unchanged: value", Kind.MONEY),
    Column("overdue", "Close date past", Kind.COUNT, "deals"),
    Column("overdue_value", "Past: value", Kind.MONEY),
    Column("unpriced", "Without an amount", Kind.COUNT, "deals"),
)


def tables(result: Leaks) -> tuple[Table, ...]:
    """Return the tables of the page."""
    return (
        Table(
            "languishing",
            "Leads by stage and age",
            DEFINITIONS["languishing"],
            _LANGUISHING,
            tuple((one.stage, one.leads, *one.ages, one.untouched) for one in result.languishing),
        ),
        Table(
            "oldest",
            "Longest in their stage",
            DEFINITIONS["languishing"],
            _OLDEST,
            tuple(
                (one.lead_id, one.stage, one.since_at, one.campaign, one.rep)
                for one in result.oldest
            ),
        ),
        Table(
            "uncontacted",
            "Accepted, never contacted",
            DEFINITIONS["uncontacted"],
            _UNCONTACTED,
            tuple((one.rep, one.open, one.overdue, one.ended) for one in result.uncontacted),
            empty="Every lead that sales took was contacted.",
        ),
        Table(
            "asleep",
            "Recycled without a wake-up",
            DEFINITIONS["asleep"],
            _ASLEEP,
            tuple((one.reason, one.undated, one.passed) for one in result.asleep),
            empty="Every lead that waits has a day on which it is looked at again.",
        ),
        _stuck(result),
    )


def _stuck(result: Leaks) -> Table:
    return Table(
        "stuck",
        "Value stuck",
        DEFINITIONS["stuck"],
        _STUCK,
        tuple(
            (
                one.currency,
                one.deals,
                money.shown({one.currency: one.value}),
                one.unchanged,
                money.shown({one.currency: one.unchanged_value}),
                one.overdue,
                money.shown({one.currency: one.overdue_value}),
                one.unpriced,
            )
            for one in result.stuck
        ),
        note=f"Unchanged: for {result.unchanged_days} days or longer.",
    )
