"""When a partition is told the time: at what is due, not too often, and one unread tick at most."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import cast

import pytest

from events.codec import Tick, decode
from events.embedded import EmbeddedBroker
from events.topics import Topics, create
from handlers.owned import Owned
from handlers.partition import InForce
from handlers.ticker import UNKNOWN, Ticker
from lifecycle.policy import Policy
from schemas.policy import shipped
from tests.events.reading import headers_of, records_of
from tests.handlers.shop import MINUTE, START, eventually

PARTITIONS = 2


@dataclass
class DueStore:
    """The due index of a store, of which one entry is enough here."""

    due_at: int | None

    def earliest_due(self, to: int) -> int | None:
        return self.due_at if self.due_at is not None and self.due_at <= to else None


@dataclass
class Part:
    """What the ticker sees of an owned partition."""

    store: DueStore
    number: int = 1
    policy: Policy = field(default_factory=shipped)
    in_force: InForce = field(
        default_factory=lambda: InForce(shipped().version, "owner", PARTITIONS)
    )
    position: int = 0
    own_tick: int | None = None
    ticked_at: int = 0

    def as_owned(self) -> Owned:
        return cast("Owned", self)


class Wall:
    """A wall clock that stands still until it is set."""

    now = START

    def __call__(self) -> int:
        return self.now


@pytest.fixture
def wall() -> Wall:
    return Wall()


@pytest.fixture
def ticker(embedded: EmbeddedBroker, topics: Topics, wall: Wall) -> Iterator[Ticker]:
    create(embedded.client_properties, topics, partitions=PARTITIONS)
    one = Ticker(embedded.client_properties, topics, wall, worker_name="w", interval_seconds=10)
    yield one
    one.close()


def due(at: int | None) -> Part:
    return Part(DueStore(at))


def delivered(ticker: Ticker, part: Part) -> None:
    """Wait until the log has taken the tick."""
    eventually(lambda: not ticker.tick([]) and part.own_tick != UNKNOWN, "it is not delivered")


def test_a_tick_says_the_time_of_its_partition(
    embedded: EmbeddedBroker, topics: Topics, ticker: Ticker
) -> None:
    part = due(START - 3 * MINUTE)

    assert ticker.tick([part.as_owned()]) == 1

    [record] = records_of(embedded.client_properties, topics.signals, 1)
    tick = decode(record.key(), record.value(), headers_of(record), START)
    assert isinstance(tick, Tick)
    assert (tick.time, tick.partition, record.partition()) == (START, 1, 1)
    assert record.timestamp()[1] == START


def test_what_is_not_due_beyond_the_grace_is_not_ticked_for(ticker: Ticker) -> None:
    grace_ms = shipped().grace_ms

    assert ticker.tick([due(None).as_owned()]) == 0
    assert ticker.tick([due(START - grace_ms + 1).as_owned()]) == 0
    assert ticker.tick([due(START - grace_ms).as_owned()]) == 1


def test_an_unread_tick_of_its_own_is_waited_for_however_long_it_takes(
    ticker: Ticker, wall: Wall
) -> None:
    part = due(START - 3 * MINUTE)
    assert ticker.tick([part.as_owned()]) == 1

    wall.now += MINUTE
    assert ticker.tick([part.as_owned()]) == 0, "nobody knows yet where it lies"
    delivered(ticker, part)
    assert ticker.tick([part.as_owned()]) == 0, "it is in the log and not read"

    part.position = cast("int", part.own_tick) + 1
    assert ticker.tick([part.as_owned()]) == 1


def test_a_partition_is_ticked_once_in_an_interval(ticker: Ticker, wall: Wall) -> None:
    part = due(START - 3 * MINUTE)
    assert ticker.tick([part.as_owned()]) == 1
    delivered(ticker, part)
    part.position = cast("int", part.own_tick) + 1

    wall.now += 9_999
    too_soon = ticker.tick([part.as_owned()])
    wall.now += 1
    in_time = ticker.tick([part.as_owned()])

    assert (too_soon, in_time) == (0, 1)


def test_nobody_ticks_where_time_comes_from_outside(ticker: Ticker) -> None:
    part = due(START - 3 * MINUTE)
    part.in_force = InForce(shipped().version, "external", PARTITIONS)

    assert ticker.tick([part.as_owned()]) == 0
