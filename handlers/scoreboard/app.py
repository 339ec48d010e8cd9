"""The Faust app of the scoreboard: one agent that reads ``lead.lifecycle`` in batches.

At least once is all that is asked of Faust; the database makes it exactly once. The agent hands a
batch on and acknowledges it, in order, once it is committed. Faust acknowledges a message also
when its agent raises: so nothing may be raised in here. A batch that cannot be written is not
acknowledged, and the agent waits to be stopped instead of taking the next.

Of Faust's own pages none is served: they give data to anybody who asks.
"""

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from typing import Any, ClassVar, Final, cast

import faust
from aiohttp import web
from faust.app.base import BootStrategy
from faust.sensors import Monitor
from faust.streams import Stream
from faust.types import EventT, StreamT
from faust.types.transports import TransportT
from faust.web.drivers.aiohttp import Web

from handlers.scoreboard.broker import Broker
from handlers.scoreboard.projection import Received
from handlers.scoreboard.standing import Offsets
from handlers.scoreboard.transport import BoardConsumer, BoardTransport, StoredOffsets

log: Final = logging.getLogger("baton.scoreboard")

QUEUE_FACTS_MAX: Final = 16_000
"""Facts that are read and wait for the agent."""
COMMIT_SECONDS: Final = 5.0
"""Between two commits of the group's offsets, which are for lookers-on: nothing starts there."""

Blueprints = list[tuple[str, Any]]
Take = Callable[[list[Received]], Awaitable[bool]]
"""Writes a batch; False: it could not, and the app is about to be stopped."""


@dataclass(frozen=True, slots=True)
class Reading:
    """What is read, by whom, and what is done with it."""

    topic: str
    group: str
    member: str
    """Stable: whoever comes back under it need not wait until its predecessor's session is over."""
    batch_facts_max: int
    linger_seconds: float
    stored_offsets: StoredOffsets
    take: Take
    host: str
    """Where the pages are served."""
    port: int
    """0: any free one, which Faust's own setting does not know."""


class BoardWeb(Web):
    """Faust's web server without Faust's pages."""

    default_blueprints: ClassVar[Blueprints] = []
    production_blueprints: ClassVar[Blueprints] = []
    debug_blueprints: ClassVar[Blueprints] = []
    optional_blueprints: ClassVar[Blueprints] = []

    def __init__(self, app: "BoardApp", host: str, port: int) -> None:
        super().__init__(app)
        self._host, self._port = host, port

    @property
    def address(self) -> str | None:
        """Where it listens; None while it does not."""
        if not self._runner.addresses:
            return None
        host, port = self._runner.addresses[0][:2]
        return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"

    async def start_server(self) -> None:
        """Start the web server; whoever gives it up half way can still stop it.

        Broken off, aiohttp would listen on a socket that it does not know of.
        """
        await asyncio.shield(super().start_server())

    def _new_transport_tcp(self) -> web.BaseSite:
        return web.TCPSite(self._runner, self._host, self._port)


class BoardBoot(BootStrategy):
    """What Faust starts, without its producer: nothing is written to Kafka here.

    Given up while it connects, that client would leave its connection open.
    """

    enable_kafka_producer = False


class BoardApp(faust.App):
    """Faust's app with the corrected driver, and without a folder or pages of its own."""

    BootStrategy = BoardBoot

    def __init__(self, reading: Reading, cluster: Broker, **settings: Any) -> None:
        self._reading = reading
        self._fetch_wait_ms = cluster.fetch_wait_ms
        super().__init__(reading.group, **settings)

    @property
    def board_consumer(self) -> BoardConsumer:
        """The consumer, known to be ours."""
        consumer = self.consumer
        if not isinstance(consumer, BoardConsumer):
            raise TypeError("the corrected driver was not used")
        return consumer

    @property
    def server(self) -> web.Application:
        """The web server that Faust brings along."""
        return cast("BoardWeb", self.web).web_app

    @property
    def address(self) -> str | None:
        """Where the pages are served; None while they are not."""
        return cast("BoardWeb", self.web).address

    @property
    def has_joined(self) -> bool:
        """Whether the group has let this member in, and no rebalance is going on."""
        return self.started and not self.rebalancing and self._assignment is not None

    def end(self) -> None:
        """Let go of what stopping leaves, in an app that could not start."""
        if self._consumer is not None:
            self.board_consumer.end()

    def assigned(self) -> set[int]:
        """Return the partitions that this member has to read."""
        return {tp.partition for tp in self._assignment or ()}

    def done(self, stored: Offsets) -> Offsets:
        """Return how far nothing is left to do, see BoardConsumer."""
        return self.board_consumer.done(stored)

    async def ends(self) -> Offsets:
        """Return where each partition ends for a reader of what is committed; or nothing.

        Raises aiokafka's KafkaError.
        """
        assigned = self.board_consumer.assignment()
        found = await self.board_consumer.highwaters(*assigned) if assigned else {}
        return {tp.partition: end for tp, end in found.items()}

    def _new_transport(self) -> TransportT:
        transport = BoardTransport(self.conf.broker_consumer, self)
        transport.stored_offsets = self._reading.stored_offsets
        transport.fetch_wait_ms = self._fetch_wait_ms
        return transport

    def _new_web(self) -> "BoardWeb":
        return BoardWeb(self, self._reading.host, self._reading.port)

    def _create_directories(self) -> None:
        """Make none: no table is kept here."""


class Quiet(Monitor):
    """Faust's sensor with nothing to note for each message: the scoreboard counts by batch."""

    def on_message_in(self, tp: Any, offset: int, message: Any) -> None:
        """Note nothing."""

    def on_message_out(self, tp: Any, offset: int, message: Any) -> None:
        """Note nothing."""

    def on_stream_event_in(self, tp: Any, offset: int, stream: Any, event: Any) -> None:
        """Note nothing."""

    def on_stream_event_out(
        self, tp: Any, offset: int, stream: Any, event: Any, state: Any = None
    ) -> None:
        """Note nothing."""

    def track_tp_end_offset(self, tp: Any, offset: int) -> None:
        """Note nothing."""


def build(reading: Reading, broker: Broker) -> BoardApp:
    """Return the app, to be started in the running loop."""
    app = BoardApp(
        reading,
        broker,
        broker=broker.urls,
        broker_credentials=broker.credentials,
        broker_client_id=broker.client_id,
        broker_session_timeout=broker.session_seconds,
        broker_heartbeat_interval=broker.heartbeat_seconds,
        broker_max_poll_interval=broker.poll_interval_seconds,
        broker_rebalance_timeout=broker.session_seconds,
        broker_commit_interval=COMMIT_SECONDS,
        consumer_group_instance_id=reading.member,
        consumer_auto_offset_reset="earliest",
        processing_guarantee="at_least_once",
        autodiscover=False,
        cython_optimizations=True,
        key_serializer="raw",
        value_serializer="raw",
        store="memory://",
        stream_buffer_maxsize=QUEUE_FACTS_MAX,
        # What is not written when the end comes is read again; there is nothing to wait for.
        stream_wait_empty=False,
        table_standby_replicas=0,
        topic_allow_declare=False,
        topic_disable_leader=True,
        Monitor=Quiet,
        web_enabled=True,
        web_tables_enabled=False,
        web_router_enabled=False,
    )
    topic = app.topic(reading.topic, key_type=bytes, value_type=bytes)

    @app.agent(topic, concurrency=1)
    async def lifecycle(stream: StreamT[bytes]) -> None:
        batches = cast("Stream[bytes]", stream).noack_take(
            reading.batch_facts_max, within=reading.linger_seconds
        )
        # Faust says that these are values; they are the events around them.
        async for events in cast("AsyncIterator[list[EventT[bytes]]]", batches):
            if not await reading.take([_received(event) for event in events]):
                await asyncio.Event().wait()
            for event in events:
                event.ack()

    return app


def _received(event: EventT[bytes]) -> Received:
    message = event.message
    return Received(message.partition, message.offset, message.key, message.value)
