"""A cluster that goes away under the scoreboard: it waits, says so, and goes on."""

from collections.abc import Iterator

import pytest

from deploy.kafka import Kafka
from events.topics import Topics
from handlers.scoreboard import life
from tests.conftest import running_kafka
from tests.handlers.simulate.fold import perform
from tests.scoreboard.feed import Feed
from tests.scoreboard.running import await_that, running, settings_of, stands
from tests.scoreboard.stored import tables


@pytest.fixture
def lonely() -> Iterator[Kafka]:
    """One broker of this test's own, which it may end."""
    yield from running_kafka(Kafka())


@pytest.mark.kafka
def test_a_broker_that_goes_away_is_waited_for(
    lonely: Kafka, topics: Topics, sqlite_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(life, "ANSWER_SECONDS_MAX", 1.0)
    facts = perform(3, 4, 60).values
    feed = Feed(lonely, topics)
    feed.commit(facts[:100])

    with running(settings_of(feed, sqlite_url)) as board:
        await_that(lambda: stands(sqlite_url, feed).is_full)
        lonely.stop_broker(1)
        gone = (503, "the cluster does not answer\n")
        await_that(lambda: board.get("/health/ready") == gone)
        alive = board.get("/health/live")[0]
        lonely.start_broker(1)
        feed.commit(facts[100:200])
        await_that(lambda: len(tables(sqlite_url)["facts"]) == 200)
        await_that(lambda: board.get("/health/ready")[0] == 200)

    assert alive == 200
