"""The pages on the scoreboard that reads: what is committed shows, and is told to who listens."""

import http.client
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from confluent_kafka import Producer
from pydantic import SecretStr

from events.clients import producer_config
from events.embedded import EmbeddedBroker
from events.topics import Topics, create
from handlers.exits import Exit
from handlers.scoreboard.service import Scoreboard
from handlers.settings import Settings
from schemas.policy import canonical, digest, shipped_text
from tests.scoreboard.web.asking import ask
from tests.scoreboard.web.served import played

pytestmark = pytest.mark.embedded

SECONDS_MAX = 60.0
HALF = 400
TOKEN = "a-token-of-some-length"  # noqa: S105 - guards nothing


@contextmanager
def running(settings: Settings) -> Iterator[str]:
    """Run a scoreboard as `baton scoreboard` does, and give its address."""
    board, stopping, codes = Scoreboard(settings), threading.Event(), list[Exit]()
    thread = threading.Thread(target=lambda: codes.append(board.run(stopping)))
    thread.start()
    try:
        assert board.serving.wait(SECONDS_MAX)
        assert board.address is not None
        yield board.address
    finally:
        stopping.set()
        thread.join(SECONDS_MAX)
    assert codes == [Exit.OK]


def send(embedded: EmbeddedBroker, topic: str, *records: tuple[str, bytes]) -> None:
    producer = Producer(producer_config(dict(embedded.client_properties)))
    for key, value in records:
        producer.produce(topic, key=key, value=value, partition=0)
    assert producer.flush(SECONDS_MAX) == 0


def await_facts(url: str, facts: int) -> None:
    until = time.monotonic() + SECONDS_MAX
    while ask(url, "/leads.json", headers={}).json["facts"] != facts:
        assert time.monotonic() < until, f"{facts} facts did not show"
        time.sleep(0.1)


def test_a_committed_fact_shows_and_is_told(
    embedded: EmbeddedBroker, topics: Topics, tmp_path: Path
) -> None:
    properties = dict(embedded.client_properties)
    create(properties, topics, partitions=1)
    text = shipped_text()
    send(embedded, topics.policies, (digest(text), canonical(text)))
    facts = [("key", fact) for fact in played()[: 2 * HALF]]
    send(embedded, topics.lifecycle, *facts[:HALF])
    settings = Settings(
        kafka=properties,
        topics_prefix=topics.prefix,
        scoreboard_database_url=f"sqlite:///{tmp_path}/board.sqlite",
        scoreboard_port=0,
    )

    with running(settings) as url:
        await_facts(url, HALF)
        listening = http.client.HTTPConnection(urlsplit(url).netloc, timeout=SECONDS_MAX)
        listening.request("GET", "/news")
        news = listening.getresponse()
        begins = news.readline()
        send(embedded, topics.lifecycle, *facts[HALF:])
        await_facts(url, 2 * HALF)
        heard = [news.readline() for _ in range(3)]
        measured = ask(url, "/metrics", headers={}).text
        alive = ask(url, "/health/live", headers={})
        listening.close()

    assert news.headers["Content-Type"] == "text/event-stream"
    assert begins == b"retry: 3000\n"
    assert b"event: facts\n" in heard
    assert 'baton_scoreboard_page_seconds_count{page="leads.json",status="200"}' in measured
    assert alive.status == 200


@pytest.mark.parametrize(
    "door",
    [
        {"scoreboard_token": SecretStr(TOKEN)},
        {"scoreboard_proxy_header": "X-Forwarded-User"},
    ],
    ids=lambda door: next(iter(door)),
)
def test_a_probe_without_a_token_is_told_whether_and_not_why(
    embedded: EmbeddedBroker, topics: Topics, tmp_path: Path, door: dict[str, Any]
) -> None:
    properties = dict(embedded.client_properties)
    create(properties, topics, partitions=1)
    settings = Settings(
        kafka=properties,
        topics_prefix=topics.prefix,
        scoreboard_database_url=f"sqlite:///{tmp_path}/board.sqlite",
        scoreboard_port=0,
        **door,
    )
    known = {"Authorization": f"Bearer {TOKEN}", "X-Forwarded-User": "ana"}

    with running(settings) as url:
        joining = ask(url, "/health/ready", headers={})
        until = time.monotonic() + SECONDS_MAX
        while ask(url, "/health/ready", headers={}).status != 200:
            assert time.monotonic() < until, "it does not become ready"
            time.sleep(0.1)
        ready, live = (ask(url, f"/health/{of}", headers={}) for of in ("ready", "live"))
        told = ask(url, "/health/ready", headers=known)
        scraped = ask(url, "/metrics", headers={})
        scraped_with_it = ask(url, "/metrics", headers=known)

    assert (joining.status, joining.text) == (503, "not ready\n")
    assert (ready.status, ready.text) == (200, "ready\n")
    assert (live.status, live.text) == (200, "alive\n")
    assert told.text == "reading, 0 records behind\n"
    assert scraped.status == 401
    assert "baton_scoreboard_" not in scraped.text
    assert "baton_scoreboard_ready 1.0" in scraped_with_it.text
