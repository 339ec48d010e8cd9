"""A batch is put together within its limits, and what it holds stays in the inbox."""

from collections import deque
from dataclasses import dataclass, field
from typing import cast

from handlers.inbox import put_together
from handlers.owned import Owned
from handlers.records import Record


@dataclass(eq=False)
class Part:
    """What matters here of an owned partition."""

    inbox: deque[Record] = field(default_factory=deque)
    awaiting: str | None = None
    ticking: bool = False


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
