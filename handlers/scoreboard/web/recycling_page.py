"""Recycling: how many went back to marketing, and how many of them came again."""

from handlers.scoreboard.numbers.recycling import recycling, tables
from handlers.scoreboard.web.formatting import NOTHING, count, duration, percent
from handlers.scoreboard.web.view import Asked, Figure, View


def read_recycling(asked: Asked) -> View:
    """Return what became of recycled leads."""
    result = recycling(asked.connection, asked.filters, asked.now_at)
    total = result.total
    after = NOTHING if total.after.median is None else duration(total.after.median)
    figures = (
        Figure("Went back", (count(total.recycles),), f"times; {count(total.waiting)} still wait"),
        Figure(
            "Came back",
            (percent(total.came_back.share),),
            f"{count(total.came_back.count)} of {count(total.came_back.of)} so far",
        ),
        Figure("After", (after,), f"median of {count(total.after.of)}"),
        Figure(
            "Won",
            (percent(total.won.share),),
            f"{count(total.won.count)} of {count(total.won.of)} so far",
        ),
    )
    return View(tables(result), figures=figures if total.recycles else ())
