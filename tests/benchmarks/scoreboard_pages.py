"""``python -m tests.benchmarks.scoreboard_pages``: how long each page of the scoreboard takes.

What is measured is all that a page costs the server, from the query to the HTML: reading a file of
SQLite of 100,000 leads and 2 million facts, one page after the other, as a reader of its own with
a cache that is warm. First each page as it opens, without a filter; then with each of several
filters that people set. Wall clock, where a busy machine shows, and CPU time beside it.
"""

import argparse
import json
import sys
import tempfile
import time
from collections.abc import Callable, Collection, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Final

from sqlalchemy import Engine, select

from handlers.scoreboard import database
from handlers.scoreboard.news import News
from handlers.scoreboard.tables import HANDOVERS, LEADS
from handlers.scoreboard.web.access import Access
from handlers.scoreboard.web.pages import PAGES
from handlers.scoreboard.web.site import Site
from handlers.scoreboard.web.timeline_page import LEAD
from handlers.scoreboard.web.view import Page
from tests.benchmarks.scoreboard_board import NOW_AT, TOPIC, Size, build

LEADS_COUNT: Final = 100_000
FACTS_COUNT: Final = 2_000_000
ROUNDS: Final = 20
SINCE_WEEK: Final = "2026-02-02"
TIMELINES: Final = 20
_MS: Final = 1_000

Query = dict[str, str]


@dataclass(frozen=True, slots=True)
class Measured:
    """How long a page took: ms."""

    page: str
    asked: str
    """``all`` or ``filtered``."""
    times: int
    p50_ms: float
    p95_ms: float
    slowest_ms: float
    cpu_p50_ms: float
    cpu_p95_ms: float


def measure(engine: Engine, rounds: int, wanted: Collection[str] = ()) -> Iterator[Measured]:
    """Yield the times of each page, or of those wanted, as it opens and with filters."""
    site = Site(engine, Access("", "", "127.0.0.1", lambda: NOW_AT), News(), PAGES, TOPIC)
    narrowed = list(_filters(engine))
    for page in PAGES:
        if wanted and page.name not in wanted:
            continue
        yield _timed(page.name, "all", [_opening(site, page, {})] * rounds)
        if page.filtered:
            some = [_opening(site, page, query) for query in narrowed]
            yield _timed(page.name, "filtered", some * max(1, rounds // len(some)))
    if wanted and LEAD.name not in wanted:
        return
    leads = [_opening(site, LEAD, {}, f"/leads/{lead}") for lead in _leads(engine)]
    yield _timed("lead", "all", leads)


def _opening(site: Site, page: Page, query: Query, path: str = "") -> Callable[[], str]:
    told = dict(query)
    if path:
        told["id"] = path.rpartition("/")[2]
    return lambda: site._rendered(page, path or page.href, told)


def _timed(page: str, asked: str, openings: list[Callable[[], str]]) -> Measured:
    for opening in dict.fromkeys(openings):
        opening()
    took, worked = [], []
    for opening in openings:
        since, busy_since = time.perf_counter(), time.process_time()
        opening()
        worked.append((time.process_time() - busy_since) * _MS)
        took.append((time.perf_counter() - since) * _MS)
    return Measured(
        page,
        asked,
        len(took),
        *(_percentile(took, percent) for percent in (50, 95, 100)),
        *(_percentile(worked, percent) for percent in (50, 95)),
    )


def _percentile(values: list[float], percent: int) -> float:
    return round(sorted(values)[-(-len(values) * percent // 100) - 1], 1)


def _filters(engine: Engine) -> Iterator[Query]:
    """Yield what people narrow down to: the most frequent value of each filter, and a time."""
    it = HANDOVERS.c
    with engine.connect() as connection:
        for name in ("campaign", "source", "content", "rep", "team", "grade"):
            column = it[name]
            found: dict[str, int] = {}
            for value in connection.execute(select(column).where(column.is_not(None))).scalars():
                found[value] = found.get(value, 0) + 1
            yield {name: max(found, key=lambda value: found[value])}
    yield {"since_week": SINCE_WEEK}


def _leads(engine: Engine) -> list[str]:
    with engine.connect() as connection:
        longest = select(LEADS.c.lead_id).order_by(LEADS.c.seq.desc(), LEADS.c.lead_id)
        return list(connection.execute(longest.limit(TIMELINES)).scalars())


def main() -> None:
    """Measure, print a table, and write the figures as JSON where asked to."""
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("--board", type=Path, help="a board's file: made if it is not there")
    asked.add_argument("--leads", type=int, default=LEADS_COUNT)
    asked.add_argument("--facts", type=int, default=FACTS_COUNT)
    asked.add_argument("--rounds", type=int, default=ROUNDS)
    asked.add_argument("--pages", nargs="*", default=(), help="these alone, by their names")
    asked.add_argument("--json", type=Path, help="where to write the figures")
    chosen = asked.parse_args()
    with tempfile.TemporaryDirectory(prefix="baton-board-") as folder:
        file = chosen.board or Path(folder) / "board.sqlite"
        if not file.exists():
            _say(f"writing a board of {chosen.leads:,} leads and {chosen.facts:,} facts")
            build(file, Size(chosen.leads, chosen.facts))
        engine = database.reading(database.place_of(f"sqlite:///{file.resolve()}"))
        _say("page           asked        times     p50     p95 slowest CPU p50 CPU p95  (ms)")
        figures = []
        for one in measure(engine, chosen.rounds, chosen.pages):
            figures.append(asdict(one))
            page, asked_, times, *took = asdict(one).values()
            _say(f"{page:14} {asked_:9} {times:8}" + "".join(f"{ms:8.0f}" for ms in took))
        engine.dispose()
    if chosen.json is not None:
        chosen.json.write_text(json.dumps(figures, indent=2) + "\n", encoding="utf-8")


def _say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
