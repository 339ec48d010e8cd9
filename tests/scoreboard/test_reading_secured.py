"""The scoreboard on a cluster with TLS, logins and rules: its role is all that it needs."""

from functools import cache

import pytest

from deploy.kafka import Kafka
from events.acls import Kind, Role, allow, grants
from events.topics import Topics
from handlers.exits import Exit
from handlers.settings import Settings
from tests.handlers.simulate.fold import perform
from tests.scoreboard.feed import Feed
from tests.scoreboard.running import Running, await_that, running, settings_of, stands
from tests.scoreboard.stored import tables


@cache
def facts() -> tuple[bytes, ...]:
    return tuple(perform(3, 4, 60).values[:60])


@pytest.fixture
def feed(secured: Kafka, topics: Topics) -> Feed:
    feed = Feed(secured, topics)
    feed.commit(facts())
    return feed


def settings_as(user: str, feed: Feed, url: str) -> Settings:
    return settings_of(feed, url, kafka=feed.kafka.client_properties_of(user))


def let(feed: Feed, group: str, *kinds: Kind) -> None:
    given = [one for one in grants(Role.SCOREBOARD, feed.topics, group) if one.kind in kinds]
    if given:
        allow(feed.properties, given, f"User:{Role.SCOREBOARD}")


def test_what_its_role_may_is_enough(feed: Feed, sqlite_url: str) -> None:
    settings = settings_as(Role.SCOREBOARD, feed, sqlite_url)
    let(feed, settings.scoreboard_group, Kind.TOPIC, Kind.GROUP)

    with running(settings):
        await_that(lambda: stands(sqlite_url, feed).is_full)

    assert len(tables(sqlite_url)["facts"]) == len(facts())
    assert len(tables(sqlite_url)["policies"]) == 1


@pytest.mark.parametrize(
    ("kinds", "sentence"),
    [
        ((), "this user may not use it"),
        ((Kind.TOPIC,), "this user may not be in the consumer group"),
    ],
)
def test_what_it_may_not_is_told(
    feed: Feed,
    sqlite_url: str,
    kinds: tuple[Kind, ...],
    sentence: str,
    caplog: pytest.LogCaptureFixture,
) -> None:
    settings = settings_as(Role.SCOREBOARD, feed, sqlite_url)
    let(feed, settings.scoreboard_group, *kinds)

    code = Running(settings).ended()

    assert code is Exit.ERROR
    assert sentence in caplog.text
