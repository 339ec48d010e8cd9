"""Telling a partition the time: when a clock of an idle lead is due, its owner appends a tick.

A tick is input like any other: it stands in the log, and it is acted on when it is read back.
Ticks are monotone and firing is idempotent, so a second one, or one of a worker that has lost the
partition without knowing, changes nothing. That is why a plain idempotent producer is enough.
"""

import logging
from collections.abc import Iterable
from typing import Final

from confluent_kafka import KafkaError, Message, Producer

from events.clients import Properties, producer_config
from events.codec import encode_tick
from events.topics import Topics
from events.wall_clock import WallClock
from handlers.owned import Owned

log: Final = logging.getLogger("baton.ticker")

SOURCE: Final = "/baton/ticker"
UNKNOWN: Final = -1
FLUSH_SECONDS: Final = 1.0


class Ticker:
    """Appends ticks to partitions whose earliest due time plus grace has passed.

    At most one in ``interval_seconds`` and partition, and none while an own one is unread.
    """

    def __init__(
        self,
        properties: Properties,
        topics: Topics,
        clock: WallClock,
        *,
        worker_name: str,
        interval_seconds: float,
    ) -> None:
        self._producer = Producer(producer_config(properties))
        self._topic = topics.signals
        self._clock = clock
        self._worker_name = worker_name
        self._interval_ms = int(interval_seconds * 1000)

    def tick(self, partitions: Iterable[Owned]) -> int:
        """Tick where it is time to; returns how many ticks were appended."""
        now = self._clock()
        sent = 0
        for owned in partitions:
            if self._is_time(owned, now):
                self._append(owned, now)
                sent += 1
        self._producer.poll(0)
        return sent

    def close(self) -> None:
        """Let what was appended reach the log, within reason."""
        self._producer.flush(FLUSH_SECONDS)

    def _is_time(self, owned: Owned, now: int) -> bool:
        if owned.in_force.ticks != "owner" or now - owned.ticked_at < self._interval_ms:
            return False
        if owned.own_tick is not None and (
            owned.own_tick == UNKNOWN or owned.position <= owned.own_tick
        ):
            return False
        return owned.store.earliest_due(now - owned.policy.grace_ms) is not None

    def _append(self, owned: Owned, now: int) -> None:
        def delivered(error: KafkaError | None, message: Message) -> None:
            if error is not None:
                log.warning("a tick was not appended: %s", error.str())
            owned.own_tick = message.offset() if error is None else None

        key, value, headers = encode_tick(
            owned.number, now, f"{self._worker_name}:{owned.number}:{now}", SOURCE
        )
        owned.ticked_at = now
        owned.own_tick = UNKNOWN
        self._producer.produce(
            self._topic,
            value,
            key,
            partition=owned.number,
            timestamp=now,
            headers=[*headers],
            on_delivery=delivered,
        )
