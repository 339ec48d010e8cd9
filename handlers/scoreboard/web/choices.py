"""What there is to filter by, and what is chosen: the values that the tables really hold."""

import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from sqlalchemy import Connection, select, union

from handlers.scoreboard.numbers.filters import NOBODY
from handlers.scoreboard.tables import HANDOVERS, LEADS

VALUES_MAX: Final = 500
"""Values of one filter offered at most; any other still works in the address."""
FRESH_SECONDS: Final = 20.0
"""How long the values are kept: they are the same for everybody and change slowly."""

TITLES: Final = {
    "campaign": "Campaign",
    "source": "Source",
    "content": "Content",
    "rep": "Rep",
    "team": "Team",
    "grade": "Grade",
    "since_week": "From the week of",
    "until_week": "To the week of",
}
_COLUMNS: Final = {
    "campaign": (LEADS.c.arrival_campaign, HANDOVERS.c.campaign),
    "source": (LEADS.c.arrival_source, HANDOVERS.c.source),
    "content": (LEADS.c.arrival_content, HANDOVERS.c.content),
    "rep": (HANDOVERS.c.rep,),
    "team": (HANDOVERS.c.team,),
    "grade": (HANDOVERS.c.grade,),
    "week": (LEADS.c.week,),
}
_WITH_NOBODY: Final = frozenset({"campaign", "source", "content"})


@dataclass(frozen=True, slots=True)
class Choice:
    """One filter with the values to choose from."""

    name: str
    title: str
    values: tuple[str, ...]
    chosen: str


@dataclass(frozen=True, slots=True)
class Chosen:
    """One filter that is set."""

    name: str
    title: str
    value: str


class Choices:
    """Remembers for a while what there is to choose from."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._values: Mapping[str, tuple[str, ...]] = {}
        self._read_at = float("-inf")

    def offered(self, connection: Connection, query: Mapping[str, str]) -> tuple[Choice, ...]:
        """Return every filter; what is chosen is among its values, whether it exists or not."""
        with self._lock:
            if time.monotonic() - self._read_at > FRESH_SECONDS or not any(self._values.values()):
                self._values = _read(connection)
                self._read_at = time.monotonic()
            known = self._values
        return tuple(_choice(name, known, query.get(name, "")) for name in TITLES)


def chosen(query: Mapping[str, str]) -> tuple[Chosen, ...]:
    """Return the filters that are set."""
    return tuple(
        Chosen(name, title, query[name]) for name, title in TITLES.items() if query.get(name)
    )


def _choice(name: str, known: Mapping[str, tuple[str, ...]], value: str) -> Choice:
    values = known["week" if name.endswith("_week") else name]
    if name in _WITH_NOBODY:
        values = (*values, NOBODY)
    if value and value not in values:
        values = (value, *values)
    return Choice(name, TITLES[name], values, value)


def _read(connection: Connection) -> dict[str, tuple[str, ...]]:
    found = {}
    for name, columns in _COLUMNS.items():
        each = [select(column.label("value")).where(column.is_not(None)) for column in columns]
        values = union(*each).subquery()
        asked = select(values.c.value).order_by(values.c.value).limit(VALUES_MAX)
        found[name] = tuple(row.value for row in connection.execute(asked))
    found["week"] = found["week"][::-1]
    return found
