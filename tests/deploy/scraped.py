"""What a running worker and a scoreboard show to Prometheus, after a morning of everything."""

import re
import threading
import urllib.request
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Final

from events.embedded import EmbeddedBroker
from events.topics import Topics
from handlers.exits import Exit
from handlers.scoreboard.service import Scoreboard
from handlers.settings import Settings
from tests.handlers.shop import HOUR, MINUTE, PATIENCE_SECONDS, START, Shop, eventually

_SAMPLE: Final = re.compile(r"^(?P<name>[a-zA-Z_:][\w:]*)(?:\{(?P<labels>.*)\})? \S+$")
_LABEL: Final = re.compile(r'(\w+)="')

Series = Mapping[str, frozenset[str]]
"""Names of samples with the names of their labels."""


def scrape(broker: EmbeddedBroker, topics: Topics, directory: Path) -> str:
    """Return ``/metrics`` of a worker that has taken signals of every sort, and of a scoreboard."""
    shop = Shop(broker, topics, directory)
    shop.adopt(ticks="owner")
    _live_through_a_morning(shop)
    with shop.worker(failed_max=100, clock=lambda: START + HOUR + 10 * MINUTE) as running:
        running.ready()
        eventually(
            lambda: (
                running.metric("baton_clocks_total", clock="acceptance", outcome="breached_1") > 0
                and running.metric("baton_leads", stage="sal") > 0
            ),
            "no tick fired what was due, or the gauges are not renewed",
        )
        status, text = running.page("/metrics")
    assert status == 200
    return text + _scrape_scoreboard(broker, topics, directory)


def _scrape_scoreboard(broker: EmbeddedBroker, topics: Topics, directory: Path) -> str:
    """Return ``/metrics`` of a scoreboard that has read what the worker told, and shown a page."""
    settings = Settings(
        kafka=dict(broker.client_properties),
        topics_prefix=topics.prefix,
        scoreboard_database_url=f"sqlite:///{directory}/scoreboard.sqlite",
        scoreboard_port=0,
    )
    board, stopping, ended = Scoreboard(settings), threading.Event(), list[Exit]()
    thread = threading.Thread(target=lambda: ended.append(board.run(stopping)))
    thread.start()

    def got(path: str) -> str:
        with urllib.request.urlopen(f"{board.address}{path}", timeout=10) as answer:  # noqa: S310 - ours
            found: str = answer.read().decode()
            return found

    try:
        assert board.serving.wait(PATIENCE_SECONDS)
        assert got("/")
        eventually(
            lambda: (
                "baton_scoreboard_lag_records{" in (text := got("/metrics"))
                and "baton_scoreboard_ready 1.0" in text
            ),
            "the scoreboard does not read",
        )
        return got("/metrics")
    finally:
        stopping.set()
        thread.join(PATIENCE_SECONDS)
        assert ended == [Exit.OK]


def series_of(text: str) -> Series:
    """Return what the samples of a scrape are called, and their labels."""
    found: dict[str, set[str]] = {}
    for line in text.splitlines():
        match = _SAMPLE.match(line)
        if match is not None:
            names = _LABEL.findall(match["labels"] or "")
            found.setdefault(match["name"], set()).update(names)
    return {name: frozenset(labels) for name, labels in found.items()}


def _live_through_a_morning(shop: Shop) -> None:
    for number, lead in enumerate(_leads()):
        shop.engaged(lead, "demo_request", START + number * MINUTE)
        shop.engaged(lead, "an_activity_that_nobody_scores", START + number * MINUTE)
    at = START + HOUR // 2
    for lead in ("accepted", "worked-on"):
        shop.send(lead, "accepted", {"handover_id": f"{lead}:h1", "rep": "ann"}, at)
    no = {"handover_id": "rejected:h1", "rep": "ann", "reason": "no_fit"}
    shop.send("rejected", "rejected", no, at)
    shop.send("accepted", "contact_attempted", {"channel": "phone", "reached": True}, at + MINUTE)
    shop.send("accepted", "recycled", {"reason": "no_budget"}, at + 2 * MINUTE)
    for partition in range(shop.partitions):
        shop.raw(b"broken", b"{broken", timestamp=at, partition=partition)


def _leads() -> Iterator[str]:
    yield from ("accepted", "worked-on", "rejected", "ignored")
