"""The play: virtual time cut into slices, each a stream of records and ticks, then an answer.

Sales hears what Baton handed over at the end of a slice and answers in a later one. A rep who
means to answer within the fast track's hour must be able to: so in business hours a slice is an
hour, or half of one when somebody asks for a call in it. Nights and weekends are long slices.
"""

import heapq
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from operator import attrgetter
from typing import Final

from events.codec import encode_tick
from events.partitioner import partition_of
from handlers.simulate.feeds import Record
from handlers.simulate.rhythm import END_AT, HOUR_MS, MINUTE_MS
from handlers.simulate.sales import Heard, Sales
from handlers.simulate.world import World
from lifecycle.calendar import business_between
from lifecycle.policy import Policy, WorkingHours

SLICE_MS: Final = 30 * MINUTE_MS
QUIET_SLICE_MS: Final = HOUR_MS
IDLE_SLICE_MS: Final = 12 * HOUR_MS
TICK_MS: Final = 15 * MINUTE_MS
IDLE_TICK_MS: Final = HOUR_MS
SOURCE: Final = "/simulation"
TICK_KEY: Final = b"~tick"


@dataclass(frozen=True, slots=True)
class Slice:
    """A piece of virtual time, ``[start, end)``."""

    start: int
    end: int
    busy: bool
    """Somebody in sales is at work."""


@dataclass(frozen=True, slots=True)
class Placed:
    """A record and the partition it belongs to."""

    partition: int
    record: Record


class Play:
    """The world and its sales floor, slice by slice, against a Baton that somebody else runs."""

    def __init__(
        self,
        policy: Policy,
        *,
        seed: int,
        weeks: int,
        leads: int,
        partitions: int,
        ends_at: int = END_AT,
    ) -> None:
        self.world = World(seed, weeks, leads, ends_at)
        self.sales = Sales(seed, policy, self.world.people)
        self._policy, self.partitions = policy, partitions

    def slices(self) -> Iterator[Slice]:
        """Cut virtual time from the first Monday to the end."""
        calendars = [*self._policy.teams.values(), *self._policy.reps.values()]
        at = self.world.starts_at
        while at < self.world.ends_at:
            busy = self._at_work(at, calendars)
            longest_ms = QUIET_SLICE_MS if busy else IDLE_SLICE_MS
            if busy and self.world.asks_for_a_call(at, at + QUIET_SLICE_MS):
                longest_ms = SLICE_MS
            end = at + SLICE_MS
            while (
                end - at < longest_ms
                and end < self.world.ends_at
                and self._at_work(end, calendars) is busy
            ):
                end += SLICE_MS
            yield Slice(at, end, busy)
            at = end

    def _at_work(self, at: int, calendars: list[WorkingHours]) -> bool:
        return any(business_between(hours, at, at + SLICE_MS) > 0 for hours in calendars)

    def stream(self, piece: Slice) -> Iterator[Placed]:
        """Hand out all that reaches the log within the slice, in order of its timestamps."""
        self.world.tell(self.sales.due(piece.end))
        told = (
            Placed(partition_of(record.key, self.partitions), record)
            for record in self.world.records(piece.end)
        )
        return heapq.merge(told, self._ticks(piece), key=attrgetter("record.at"))

    def answer(self, facts: Iterable[Heard], piece: Slice) -> int:
        """Let sales hear what came out of a slice; return how many facts that was."""
        # Between partitions there is no order, so none may matter.
        ordered = sorted(facts, key=lambda fact: (fact.lead_id, fact.seq))
        for fact in ordered:
            self.sales.hear(fact, piece.end)
        return len(ordered)

    def _ticks(self, piece: Slice) -> Iterator[Placed]:
        every_ms = TICK_MS if piece.busy else IDLE_TICK_MS
        for at in reversed(range(piece.end, piece.start, -every_ms)):
            # Just before the full time, so that it is the slice's last word.
            ticks_at = at - 1
            for partition in range(self.partitions):
                tick_id = f"tick-{partition}-{ticks_at}"
                key, value, headers = encode_tick(partition, ticks_at, tick_id, SOURCE)
                yield Placed(partition, Record(ticks_at, key, value, headers))
