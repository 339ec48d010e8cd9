"""Quality or handling: a card for each campaign and rep that something can be said of."""

from collections.abc import Iterable, Iterator
from typing import Final

from handlers.scoreboard.numbers.causes import RULE
from handlers.scoreboard.numbers.verdicts import FINE, TOO_FEW, Judged, Verdicts, tables, verdicts
from handlers.scoreboard.web.addresses import with_query
from handlers.scoreboard.web.formatting import percent
from handlers.scoreboard.web.view import Asked, Card, Measure, View
from lifecycle.policy import Scoreboard

CARDS_MAX: Final = 12
"""Of each kind; the table below has all."""


def read_verdicts(asked: Asked) -> View:
    """Return every verdict, with the rule that made it."""
    result = verdicts(asked.connection, asked.filters, asked.now_at)
    parts = {
        "campaigns": campaign_cards(result),
        "reps": rep_cards(result),
        "rule": _steps(RULE),
        "limits": result.limits,
        "unsure": sum(one.verdict == TOO_FEW for one in (*result.campaigns, *result.reps)),
    }
    told = [
        {"name": one.name, "verdict": one.verdict, "says": one.says}
        for one in (*result.campaigns, *result.reps)
    ]
    return View(tables(result), parts=parts, undrawn=frozenset({"says"}), extra={"verdicts": told})


def campaign_cards(result: Verdicts) -> tuple[Card, ...]:
    """Return a card for each campaign that can be judged."""
    return tuple(
        Card(
            name=one.name,
            verdict=one.verdict,
            says=_first_sentence(one.says),
            measures=(
                _handling(one, result.limits),
                Measure(
                    "Not good, of the well handled",
                    one.quality,
                    result.limits.quality_limit,
                    "quality",
                ),
            ),
            detail=_others(one),
            href=with_query("/verdicts", {"campaign": one.name}),
        )
        for one in _judged(result.campaigns)
    )


def rep_cards(result: Verdicts) -> tuple[Card, ...]:
    """Return a card for each rep who can be judged."""
    return tuple(
        Card(
            name=one.name,
            verdict=one.verdict,
            says=_first_sentence(one.says),
            measures=(_handling(one, result.limits), *_turned_away(one)),
            detail=_others(one),
            href=with_query("/verdicts", {"rep": one.name}),
        )
        for one in _judged(result.reps)
    )


def _judged(all_: Iterable[Judged]) -> list[Judged]:
    """Return whom something can be said of: what is wrong first, then the largest sample."""
    judged = [one for one in all_ if one.verdict != TOO_FEW]
    return sorted(judged, key=lambda one: one.verdict == FINE)[:CARDS_MAX]


def _handling(one: Judged, limits: Scoreboard) -> Measure:
    return Measure("Spoilt by handling", one.handling, limits.handling_limit, "handling")


def _turned_away(one: Judged) -> Iterator[Measure]:
    if one.alike is None:
        return
    yield Measure("Turned away as not good", one.alike.own, None, "quality")
    yield Measure("The same, by others on such leads", one.alike.others, None, "plain")


def _first_sentence(says: str) -> str:
    head, dot, _ = says.partition(". ")
    return f"{head}." if dot else says


def _others(one: Judged) -> str:
    """Say how all others fare: what a share is to be compared with."""
    handling, quality = one.others_handling.share, one.others_quality.share
    if handling is None or quality is None:
        return ""
    return (
        f"All others together: {percent(handling)} spoilt, {percent(quality)} of the rest not good."
    )


def _steps(rule: str) -> tuple[str, tuple[str, ...], str]:
    """Return the rule's head, its steps in their order, and what is said after them."""
    head, _, rest = rule.partition(": ")
    steps, _, after = rest.partition(". ")
    return f"{head}:", tuple(steps.split("; ")), after
