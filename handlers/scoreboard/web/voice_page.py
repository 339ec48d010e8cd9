"""The voice of calls: what sales heard, as bars by topic, and by campaign, content and stage."""

from dataclasses import dataclass

from handlers.scoreboard.numbers.voice import TITLES, TOPICS, Heard, Voice, tables, voice
from handlers.scoreboard.web import charts
from handlers.scoreboard.web.view import Asked, View


@dataclass(frozen=True, slots=True)
class Bar:
    """How often one thing was heard."""

    name: str
    times: int
    change: int | None
    """More in the last seven days than in the seven before; None: nobody can tell."""
    width: float


@dataclass(frozen=True, slots=True)
class Bars:
    """One topic, the most frequent first."""

    name: str
    title: str
    bars: tuple[Bar, ...]


def read_voice(asked: Asked) -> View:
    """Return what sales heard."""
    result = voice(asked.connection, asked.filters, asked.now_at)
    topics = tuple(_topic(result, name) for name in TOPICS)
    return View(tables(result), parts={"topics": topics}, unlisted=frozenset(TOPICS))


def _topic(result: Voice, name: str) -> Bars:
    heard = [one for one in result.codes if one.topic == name]
    most = max((one.times for one in heard), default=0)
    return Bars(name, TITLES[name], tuple(_bar(one, most) for one in heard))


def _bar(one: Heard, most: int) -> Bar:
    return Bar(one.code, one.times, one.change, charts.width(one.times, most))
