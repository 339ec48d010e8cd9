"""The weekly page: five lines that a joint meeting starts from, and the counts behind them."""

from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import parse_qsl, urlsplit

from handlers.scoreboard.numbers.weekly import TREND_WEEKS, Pair, tables, weekly
from handlers.scoreboard.numbers.weekly import Line as Told
from handlers.scoreboard.web.addresses import with_query
from handlers.scoreboard.web.view import Asked, Line, Measure, View


@dataclass(frozen=True, slots=True)
class Tile:
    """One count of this week, beside that of the week before."""

    title: str
    now: int
    before: int

    @property
    def change(self) -> int:
        """More than the week before."""
        return self.now - self.before


def read_weekly(asked: Asked) -> View:
    """Return the week in five lines."""
    result = weekly(asked.connection, asked.filters, asked.now_at)
    now, before = result.kept
    parts = {
        "since_at": result.since_at,
        "until_at": result.until_at,
        "tiles": tuple(_tile(one) for one in result.pairs),
        "kept": (
            Measure("Promises kept, last seven days", now, None, "good"),
            Measure("The seven days before", before, None, "plain"),
        ),
    }
    query = asked.filters.query()
    return View(
        tables(result),
        lines=tuple(_line(one, query) for one in result.lines),
        parts=parts,
    )


def _line(one: Told, query: Mapping[str, str]) -> Line:
    """Let the line lead on to its page, under the same filters."""
    place = urlsplit(one.href)
    return Line(
        one.says,
        one.detail,
        with_query(place.path, {**query, **dict(parse_qsl(place.query))}),
        one.trend,
        f"{one.trend_of}, the last {TREND_WEEKS} weeks" if one.trend_of else "",
    )


def _tile(one: Pair) -> Tile:
    return Tile(one.name, one.now, one.before)
