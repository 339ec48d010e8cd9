"""A batch is put together within its limits, begins when it may, and stays in the inbox."""

from collections import deque
from dataclasses import dataclass, field
from typing import cast

from confluent_kafka import Consumer

from handlers.inbox import IDLE_SECONDS, fill, put_together
from handlers.owned import Owned
from handlers.ownership import Ownership
from handlers.records import Record
from handlers.settings import Settings


@dataclass(eq=False)
class Part:
    """What matters here of an owned partition."""

    inbox: deque[Record] = field(default_factory=deque)
    awaiting: str | None = None
    ticking: bool = False
    held_up: bool = False


def part(*sizes: int, awaiting: str | None = None, ticking: bool = False) -> Owned:
    records = (Record(offset, 0, b"", b"x" * size, []) for offset, size in enumerate(sizes))
    return cast("Owned", Part(deque(records), awaiting, ticking))


def taken(flowing: list[Owned], messages: int = 100, size: int = 100) -> list[int]:
    """How many records of each partition are in the batch."""
    batch = put_together(flowing, messages, size)
    return [len(batch.get(owned, ())) for owned in flowing]


def test_a_batch_holds_what_there_is() -> None:
    one, other = part(10, 10), part(10)

    assert taken([one, other]) == [2, 1]
    assert len(one.inbox) == 2, "a record leaves the inbox once it is committed"


def test_a_batch_ends_at_its_messages() -> None:
    assert taken([part(1, 1, 1), part(1, 1)], messages=4) == [3, 1]


def test_a_batch_ends_before_the_record_that_is_too_much() -> None:
    assert taken([part(40, 40, 40), part(15)], size=100) == [2, 1]


def test_a_record_larger_than_a_batch_is_one_by_itself() -> None:
    assert taken([part(500, 1), part(1)], size=100) == [1, 0]


def test_a_tick_that_is_not_done_is_taken_alone() -> None:
    assert taken([part(1, 1, 1, ticking=True), part(1, 1)]) == [1, 2]


def test_a_partition_that_waits_for_a_definition_gives_nothing() -> None:
    assert taken([part(1, awaiting="0123456789abcdef"), part(1)]) == [0, 1]


def test_nothing_to_take_is_no_batch() -> None:
    assert put_together([part(), part()], 100, 100) == {}


# Filling the inboxes.


@dataclass
class Log:
    """A consumer of messages that come in some order, at times of its own clock."""

    coming: list[tuple[float, int]]
    """When, and of which partition."""
    now: float = 100.0
    asked: list[tuple[int, float]] = field(default_factory=list)
    """Messages wanted and seconds waited."""

    def monotonic(self) -> float:
        return self.now

    def consume(self, wanted: int, seconds: float) -> list["Log.One"]:
        """As the client does: wait until all are there or the time is over."""
        began = self.now
        found: list[Log.One] = []
        until = self.now + seconds
        while len(found) < wanted and self.coming and self.coming[0][0] <= until:
            at, partition = self.coming.pop(0)
            self.now = max(self.now, at)
            found.append(Log.One(partition))
        if len(found) < wanted:
            self.now = until
        self.asked.append((wanted, self.now - began))
        return found

    @dataclass
    class One:
        """A message."""

        number: int

        def partition(self) -> int:
            return self.number

        def error(self) -> None:
            return None

        def offset(self) -> int:
            return 0

        def timestamp(self) -> tuple[int, int]:
            return 0, 0

        def key(self) -> bytes:
            return b"k"

        def value(self) -> bytes:
            return b"v"

        def headers(self) -> None:
            return None


@dataclass
class Owner:
    """Who owns these partitions."""

    parts: list[Owned]

    def flowing(self) -> list[Owned]:
        return self.parts

    def find(self, number: int) -> Owned | None:
        return self.parts[number]


def filled(log: Log, last_at: float, **settings: object) -> list[int]:
    """Fill once; how many each inbox has then."""
    owner = Owner([part(), part()])
    chosen = Settings(linger_seconds=0.05, **settings)  # type: ignore[arg-type]  # pydantic checks
    fill(cast("Consumer", log), cast("Ownership", owner), chosen, last_at, log.monotonic)
    return [len(owned.inbox) for owned in owner.parts]


def test_what_comes_after_a_pause_is_taken_at_once() -> None:
    log = Log([(100.02, 0), (100.04, 1)])

    found = filled(log, last_at=90.0)

    assert found == [1, 0]
    assert log.now == 100.02


def test_what_lies_there_already_is_taken_with_it() -> None:
    log = Log([(99.0, 0), (99.1, 1), (99.2, 1)])

    found = filled(log, last_at=90.0)

    assert found == [1, 2]
    assert log.now == 100.0


def test_a_trickle_waits_until_a_batch_may_begin() -> None:
    log = Log([(100.0, 0), (100.02, 1), (100.04, 1), (100.06, 0)])

    found = filled(log, last_at=100.0)

    assert found == [1, 2]
    assert log.now == 100.05


def test_a_full_batch_waits_for_nothing() -> None:
    log = Log([(100.0, 0)] * 30)

    found = filled(log, last_at=100.0, batch_messages_max=10)

    assert found == [10, 0]
    assert log.now == 100.0


def test_the_loop_comes_round_when_nothing_comes() -> None:
    log = Log([])

    assert filled(log, last_at=90.0) == [0, 0]
    assert log.now == 100.0 + IDLE_SECONDS
