"""Trust: what became of what was called hot, beside all else, and who stops opening alerts."""

from handlers.scoreboard.numbers.filters import NOBODY
from handlers.scoreboard.numbers.trust import Opened, Precision, tables, trust
from handlers.scoreboard.web.formatting import percent
from handlers.scoreboard.web.view import Asked, Card, Line, Measure, View


def read_trust(asked: Asked) -> View:
    """Return how far alerts are to be trusted, warnings first."""
    result = trust(asked.connection, asked.filters, asked.now_at)
    return View(
        tables(result),
        lines=tuple(_warning(one) for one in result.warnings),
        cards=(_card(result.hot), _card(result.others)),
    )


def _card(one: Precision) -> Card:
    tone = "handling" if one.hot else "plain"
    says = (
        f"{one.opportunities.count:,} of {one.handovers:,} became an opportunity."
        if one.handovers
        else "None is old enough to tell what became of it."
    )
    return Card(
        name="Called hot" if one.hot else "All others",
        verdict="hot" if one.hot else "not hot",
        says=says,
        measures=(
            Measure("Accepted", one.accepted, None, tone),
            Measure("Contacted", one.contacted, None, tone),
            Measure("Became an opportunity", one.opportunities, None, tone),
            Measure("Ignored", one.ignored, None, tone),
        ),
        detail=f"{one.young:,} more are too young to count." if one.young else "",
    )


def _warning(one: Opened) -> Line:
    whose = {
        "everything": "Offers",
        "source": f"Offers from {one.name or NOBODY}",
        "assignee": f"Offers to {one.name or NOBODY}",
    }[one.by]
    detail = (
        f"{percent(one.recent.share)} of {one.recent.of:,} in the last weeks, "
        f"{percent(one.before.share)} of {one.before.of:,} before."
    )
    return Line(f"{whose} are answered less than they were.", detail)
