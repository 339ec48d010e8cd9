"""The first page: the verdict in a sentence, what stands behind it, and the whole funnel."""

from collections.abc import Iterable, Sequence
from typing import Final

from handlers.scoreboard.numbers.filters import NOBODY
from handlers.scoreboard.numbers.funnel import whole
from handlers.scoreboard.numbers.verdicts import (
    BOTH,
    FINE,
    HANDLING,
    QUALITY,
    TOO_FEW,
    Judged,
    Verdicts,
    tables,
    verdicts,
)
from handlers.scoreboard.web.addresses import with_query
from handlers.scoreboard.web.funnel_page import figures, steps
from handlers.scoreboard.web.verdicts_page import campaign_cards, rep_cards
from handlers.scoreboard.web.view import Asked, View

CARDS_MAX: Final = 6
"""Verdicts over a limit that are drawn; the page of verdicts has all."""
_BAD: Final = "leads that are not good"
_NUMBERS: Final = ("no", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine")


def read_overview(asked: Asked) -> View:
    """Return the verdict first, then the funnel."""
    judged = verdicts(asked.connection, asked.filters, asked.now_at)
    arrived = whole(asked.connection, asked.filters)
    cards = (*campaign_cards(judged), *rep_cards(judged))
    over = tuple(one for one in cards if one.verdict != FINE)
    query = asked.filters.query()
    parts = {
        "headline": headline(judged),
        "fine": tuple(one for one in cards if one.verdict == FINE),
        "more": max(0, len(over) - CARDS_MAX),
        "steps": steps(arrived),
        "limits": judged.limits,
        "verdicts_href": with_query("/verdicts", query),
        "weekly_href": with_query("/weekly", query),
    }
    return View(
        tables(judged),
        figures=figures(arrived),
        cards=over[:CARDS_MAX],
        parts=parts,
        unlisted=frozenset({"campaigns", "reps"}),
        extra={"headline": parts["headline"]},
    )


def headline(judged: Verdicts) -> str:
    """Say in one sentence where the trouble lies, as far as the samples tell."""
    all_ = (*judged.campaigns, *judged.reps)
    if all(one.verdict == TOO_FEW for one in all_):
        return "Too few to tell yet."
    said = [
        *_said(_with(judged.campaigns, QUALITY), "campaign", "brings", "bring", _BAD),
        *_said(_with(judged.campaigns, BOTH), "campaign", "is", "are", "bad on both counts"),
        *_said(_with(judged.campaigns, HANDLING), "campaign", "is", "are", "badly handled"),
        *_said(_with(judged.reps, HANDLING), "rep", "lets", "let", "leads down"),
    ]
    if not said:
        return "Nothing is over a limit."
    sentence = f"{', '.join(said[:-1])}{' and ' if said[1:] else ''}{said[-1]}."
    first = sentence.partition(" ")[0]
    # A name at the beginning keeps its own first letter.
    return sentence[0].upper() + sentence[1:] if first in _NUMBERS else sentence


def _with(judged: Iterable[Judged], *which: str) -> list[Judged]:
    return [one for one in judged if one.verdict in which]


def _said(found: Sequence[Judged], what: str, one: str, several: str, verdict: str) -> list[str]:
    if not found:
        return []
    if len(found) == 1 and found[0].name != NOBODY:
        return [f"{found[0].name} {one} {verdict}"]
    count = _NUMBERS[len(found)] if len(found) < len(_NUMBERS) else str(len(found))
    if len(found) == 1:
        return [f"{count} {what} {one} {verdict}"]
    return [f"{count} {what}s {several} {verdict}"]
