"""Leaks: where leads and money lie, with the ages of leads drawn by stage."""

from dataclasses import dataclass
from itertools import pairwise
from typing import Final

from handlers.scoreboard.numbers import money
from handlers.scoreboard.numbers.leaks import AGES, Languishing, Leaks, leaks
from handlers.scoreboard.numbers.leaks_tables import tables
from handlers.scoreboard.web import charts, formatting
from handlers.scoreboard.web.view import Asked, Figure, View

AGE_WORDS: Final = (
    f"up to {AGES[0]} days",
    *(f"{low} to {high} days" for low, high in pairwise(AGES)),
    f"over {AGES[-1]} days",
)


@dataclass(frozen=True, slots=True)
class AgeBar:
    """The leads of one stage, by how long they have been there."""

    stage: str
    leads: int
    pieces: tuple[charts.Span, ...]
    """In per cent of the stage with most leads."""


def read_leaks(asked: Asked) -> View:
    """Return what lies where."""
    result = leaks(asked.connection, asked.filters, asked.now_at)
    most = max((one.leads for one in result.languishing), default=0)
    parts = {
        "ages": tuple(_bar(one, most) for one in result.languishing),
        "age_words": AGE_WORDS,
    }
    return View(tables(result), figures=_figures(result), parts=parts)


def _bar(one: Languishing, most: int) -> AgeBar:
    pieces, start = [], 0.0
    for place, (leads, word) in enumerate(zip(one.ages, AGE_WORDS, strict=True)):
        wide = charts.width(leads, most)
        pieces.append(charts.Span(f"age-{place}", round(start, 2), wide, f"{leads:,} {word}"))
        start += wide
    return AgeBar(one.stage, one.leads, tuple(pieces))


def _figures(result: Leaks) -> tuple[Figure, ...]:
    old = sum(one.ages[-1] for one in result.languishing)
    waiting = sum(one.open for one in result.uncontacted)
    overdue = sum(one.overdue for one in result.uncontacted)
    asleep = sum(one.undated + one.passed for one in result.asleep)
    stuck = money.shown(money.added({one.currency: one.unchanged_value} for one in result.stuck))
    past = money.shown(money.added({one.currency: one.overdue_value} for one in result.stuck))
    return (
        Figure("In a stage for long", (formatting.count(old),), f"leads, over {AGES[-1]} days"),
        Figure(
            "Accepted, not contacted",
            (formatting.count(waiting),),
            f"handovers, {formatting.count(overdue)} of them overdue",
        ),
        Figure("Without a wake-up", (formatting.count(asleep),), "recycled leads"),
        Figure(
            "Value stuck",
            formatting.amounts(stuck),
            f"in deals unchanged for {result.unchanged_days} days",
        ),
        Figure("Close date past", formatting.amounts(past), "in deals that are open still"),
    )
