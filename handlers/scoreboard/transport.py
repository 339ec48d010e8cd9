"""Faust's Kafka driver with five corrections: without four facts would be wrong or missing.

They were found by reading faust-streaming 0.15.3 and tried against real transactions; each has a
test that fails without it.

1. The driver reads what was not committed, unless Faust writes transactions itself. A worker that
   dies in a transaction would leave facts on the page that never became true. The isolation level
   is set before the client starts.
2. The driver takes offsets that it is never given for acknowledged: those of the markers that end
   transactions. It counts one too many, the offset of the message after the marker. What it
   commits runs ahead of what was worked on, and a restart steps over a message
   (faust-streaming's issue 606).
3. The driver starts where the group's commits say. Those are written after the database's
   transaction, at an interval, and by whatever else used the group's name. The rows and the
   offsets behind them are in the database together, so the database says where to start.
4. The client leaves the group when for ``max.poll.interval.ms`` nobody has asked it for records,
   and comes back only when somebody asks; the driver asks for none until it is back. A database
   that stood still for that long, or a machine that did, would be the end of reading, without a
   word. Here the client is never idle: whether the process lives is asked at its liveness.
5. Where partitions are given out while the app stops, the driver closes the client in the app's
   loop, which is not the client's: nothing is closed, and the client takes itself for closed when
   its own thread stops it. Its connections stayed open until the process ended. Here its thread
   alone closes it.

The loops are asyncio's own, which are Python all through. Faust's driver lets two threads talk to
each other's loops, and on uvloop a scoreboard that was told to stop crashed the process once, in
C, where on asyncio's loop nothing worse than an exception can come of it.

Besides, the consumer knows how far everything was handed out: where the last thing in a partition
is a marker, no record tells that its end is reached. And it hands a message on without the four
tasks that the driver starts for each, where nothing has to be waited for: they were half of the
cost of reading.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Final, cast

import aiokafka
from faust.transport.drivers import aiokafka as driver
from faust.types import TP
from mode.services import WaitResults
from mode.threads import ServiceThread, WorkerThread

from handlers.scoreboard.standing import Offsets

log: Final = logging.getLogger("baton.scoreboard")

ISOLATION: Final = "read_committed"
FETCH_BYTES_MAX: Final = 8 * 1024 * 1024
"""Of one answer. The client's default of 50 MB is more than the queue behind it may hold."""

NEVER_IDLE_MS: Final = 10**12

StoredOffsets = Callable[[], Awaitable[Offsets]]
"""Asks the database for the first offset of each partition that is not in the tables."""


class _Abandoned(WorkerThread):
    """A thread that keeps no process alive: one that does not end in time is left behind."""

    def __init__(self, service: ServiceThread, **more: Any) -> None:
        super().__init__(service, **more)
        self.daemon = True


class BoardConsumerThread(driver.AIOKafkaConsumerThread):
    """The thread of the client, with corrections 1, 4 and 5."""

    Worker: type[WorkerThread] = _Abandoned

    def _create_worker_consumer(self, transport: driver.Transport) -> aiokafka.AIOKafkaConsumer:
        consumer = super()._create_worker_consumer(transport)
        # The client reads it when it starts, which is what happens next.
        consumer._isolation_level = ISOLATION
        consumer._max_poll_interval_ms = NEVER_IDLE_MS
        consumer._fetch_max_wait_ms = cast("BoardTransport", transport).fetch_wait_ms
        consumer._fetch_max_bytes = FETCH_BYTES_MAX
        return consumer

    def positions(self) -> Offsets:
        """Return the next offset of each partition that the client would give out."""
        consumer = self._consumer
        if consumer is None:
            return {}
        subscription = consumer._subscription.subscription
        if subscription is None or subscription.assignment is None:
            return {}
        assignment = subscription.assignment
        states = {tp.partition: assignment.state_value(tp) for tp in assignment.tps}
        return {
            partition: state._position
            for partition, state in states.items()
            if state is not None and state._position is not None
        }

    def close(self) -> None:
        """Leave it open: the app is about to stop this thread, and that closes it."""

    def on_crash(self, msg: str, *fmt: Any, **_: Any) -> None:
        """Tell the log what the base class would print."""
        log.error(msg.format(*fmt))


@dataclass(frozen=True, slots=True)
class _Fetched:
    """What the client gave out, in one generation of the group, since it went somewhere."""

    generation: int
    positions: Offsets
    """The offset behind it, markers and all."""
    newest: Offsets
    """The offset of the newest record."""


_DELIVERED_OR_STOPPED: Final = 2
_NOTHING: Final = _Fetched(-1, {}, {})


class BoardConsumer(driver.Consumer):
    """The consumer, with corrections 2 and 3."""

    def __init__(self, *arguments: Any, **more: Any) -> None:
        super().__init__(*arguments, **more)
        self._fetched = _NOTHING
        self._handed_out = _NOTHING
        self._queues: list[asyncio.Queue[Any]] = []

    def _new_consumer_thread(self) -> BoardConsumerThread:
        # Given no loop of ours, the thread makes its own and closes it at its end.
        return BoardConsumerThread(self, loop=self.loop, beacon=self.beacon)

    def end(self) -> None:
        """Close the loop of a thread that was never started: one that ran has closed its own."""
        thread = cast("BoardConsumerThread", self._thread)
        if not thread._thread_started.is_set():
            thread.thread_loop.close()

    async def _add_gap(self, tp: TP, offset_from: int, offset_to: int) -> None:
        # The driver means "up to and without", and adds one as if it meant "up to and with".
        await super()._add_gap(tp, offset_from, offset_to - 1)

    async def seek_to_committed(self) -> Mapping[TP, int]:
        """Go to where the database stands; where it has nothing, to the first there is."""
        self._forget()
        # Agents have registered by now: who reads is settled.
        self._queues = [channel.queue for channel in self.app.topics]
        stored = await cast("BoardTransport", self.transport).stored_offsets()
        assigned = self.assignment()
        unknown = [tp for tp in assigned if tp.partition not in stored]
        places = {tp: stored[tp.partition] for tp in assigned if tp.partition in stored}
        if unknown:
            places |= await self.earliest_offsets(*unknown)
        await self.seek_wait(places)
        log.info(
            "reading from",
            extra={"offsets": {tp.partition: at for tp, at in sorted(places.items())}},
        )
        return places

    async def wait_first(
        self,
        *coros: Any,
        timeout: Any = None,  # noqa: ASYNC109 - the base's
    ) -> WaitResults:
        """Wait for what comes first; for a message that has a place to go, without ado.

        The driver asks for each message "is it delivered, or is the flow stopped?", to be able to
        give up a message that waits. One that finds the flow open and room in the queue does not.
        """
        if len(coros) == _DELIVERED_OR_STOPPED and self.flow_active and self._has_room():
            delivery, stopped = coros
            stopped.close()
            return WaitResults([delivery], [await delivery], stopped=False)
        return await super().wait_first(*coros, timeout=timeout)

    def _has_room(self) -> bool:
        return bool(self._queues) and not any(queue.full() for queue in self._queues)

    def done(self, stored: Offsets) -> Offsets:
        """Return, by partition, how far nothing is left to do; ``stored`` is how far rows are."""
        handed_out = self._handed_out
        return {
            partition: position
            for partition, position in handed_out.positions.items()
            if handed_out.newest.get(partition, -1) < stored.get(partition, 0)
        }

    async def _getmany(
        self,
        active_partitions: set[TP] | None,
        timeout: float,  # noqa: ASYNC109 - the base's
    ) -> Any:
        # Who asks for more has handed out all of what came before.
        fetched = self._fetched
        if self.flow_active and fetched.generation == self.app.consumer_generation_id:
            self._handed_out = fetched
        generation = self.app.consumer_generation_id
        records = await super()._getmany(active_partitions, timeout)
        newest = dict(fetched.newest)
        newest |= {tp.partition: some[-1].offset for tp, some in records.items() if some}
        positions = cast("BoardConsumerThread", self._thread).positions()
        self._fetched = _Fetched(generation, positions, newest)
        return records

    def _forget(self) -> None:
        self._fetched = self._handed_out = _NOTHING


class BoardTransport(driver.Transport):
    """Brings the corrected parts together."""

    Consumer: ClassVar[type] = BoardConsumer

    stored_offsets: StoredOffsets
    fetch_wait_ms: int = 500
