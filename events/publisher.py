"""For systems that tell Baton what leads do: checks a signal, then sends it.

What ``Publisher`` sends, Baton reads: the same code that reads ``lead.signals`` has read it
before it leaves. Nothing that the contract has no field for is sent at all, since it would stay
in the log for ever.
"""

import json
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from types import TracebackType
from typing import Any, Final, Self

from confluent_kafka import KafkaError, KafkaException, Message, Producer

from events import codec
from events.clients import Properties, producer_config, reason_of
from events.partitioner import partition_of
from events.topics import Topics
from events.wall_clock import WallClock, now_ms
from schemas import inbound
from schemas.refusal import RefusalCode, Refused, shown
from schemas.times import EPOCH

UNDELIVERED_KEPT_MAX: Final = 100
_POLL_SECONDS: Final = 0.1
_TOPICS: Final = Topics()


@dataclass(frozen=True, slots=True)
class Undelivered:
    """A signal that did not reach the log; send it again with the same id."""

    id: str
    lead_id: str
    reason: str


class PublishError(Exception):
    """Signals did not reach the log: some of them, and how many."""

    def __init__(self, undelivered: tuple[Undelivered, ...], count: int) -> None:
        """Say how many, and the reason of the first."""
        first = undelivered[0].reason if undelivered else "no answer from the broker in time"
        super().__init__(f"{count} not delivered: {first}")
        self.undelivered = undelivered
        self.count = count


class Publisher:
    """Sends signals to ``lead.signals``, each checked before it leaves.

    Use it as a context manager: leaving it waits until everything sent is in the log, and raises
    ``PublishError`` if something is not. ``config`` holds client properties of librdkafka, at
    least ``bootstrap.servers``. The producer is idempotent, and puts a lead where Baton expects
    it. Not for use by several threads at once.
    """

    def __init__(
        self,
        config: Properties,
        *,
        topics: Topics = _TOPICS,
        partitions: int | None = None,
        wall_clock: WallClock = now_ms,
    ) -> None:
        """Prepare the producer; it connects by itself. ``partitions`` fixes their count."""
        self._producer = Producer(producer_config(config))
        self._topic = topics.signals
        self._partitions = partitions
        self._now = wall_clock
        self._undelivered: list[Undelivered] = []
        self._undelivered_count = 0
        self.delivered = 0
        """Signals that the log has taken so far."""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Wait for what was sent; an error of the caller's block goes first."""
        if error is None:
            self.flush()
        else:
            self._producer.flush(_POLL_SECONDS)

    def publish(
        self,
        event: str | inbound.Data,
        lead_id: str,
        data: Mapping[str, Any] | None = None,
        *,
        source: str,
        id: str | None = None,  # noqa: A002 - CloudEvents' name
        time: datetime | int | None = None,
        timestamp: int | None = None,
    ) -> str:
        """Send one signal and return its id.

        ``event`` is a type (``lead.engaged.v1``) with its ``data``, or a model of
        ``schemas.inbound``. ``time`` is when it happened, an aware datetime or ms since the
        epoch; without it: now. ``timestamp`` sets the record's timestamp, for imports of history.
        Keep your own ``id`` where you have one: a repeat then changes nothing.

        Raises Refused for what Baton would refuse (nothing is sent then), PublishError if an
        earlier signal was not delivered.
        """
        self._raise_undelivered()
        event_type, content = _content_of(event, data)
        now = self._now()
        event_id = str(uuid.uuid4()) if id is None else id
        key, value, headers = _encoded(
            event_type, lead_id, content, event_id, source, now if time is None else _ms_of(time)
        )
        codec.decode(key, value, list(headers), now if timestamp is None else timestamp)
        extra: dict[str, Any] = {}
        if timestamp is not None:
            extra["timestamp"] = timestamp
        if self._partitions is not None:
            extra["partition"] = partition_of(key, self._partitions)

        def told(error: KafkaError | None, _: Message) -> None:
            self._delivered(event_id, lead_id, error)

        while True:
            try:
                self._producer.produce(
                    self._topic, value, key, headers=list(headers), on_delivery=told, **extra
                )
                break
            except BufferError:
                self._producer.poll(_POLL_SECONDS)
            except KafkaException as error:
                raise PublishError((Undelivered(event_id, lead_id, reason_of(error)),), 1) from None
        self._producer.poll(0)
        return event_id

    def flush(self, timeout_seconds: float | None = None) -> None:
        """Wait until everything sent so far is in the log. Raises PublishError if it is not.

        Without a timeout it waits as long as the producer tries (``delivery.timeout.ms``).
        """
        left = self._producer.flush(-1 if timeout_seconds is None else timeout_seconds)
        self._raise_undelivered()
        if left:
            raise PublishError((), left)

    def _delivered(self, event_id: str, lead_id: str, error: KafkaError | None) -> None:
        if error is None:
            self.delivered += 1
            return
        self._undelivered_count += 1
        if len(self._undelivered) < UNDELIVERED_KEPT_MAX:
            self._undelivered.append(Undelivered(event_id, lead_id, error.str()))

    def _raise_undelivered(self) -> None:
        if self._undelivered_count:
            error = PublishError(tuple(self._undelivered), self._undelivered_count)
            self._undelivered, self._undelivered_count = [], 0
            raise error


def _content_of(
    event: str | inbound.Data, data: Mapping[str, Any] | None
) -> tuple[str, dict[str, Any]]:
    """Bring type and data to the form that is sent: checked, urls cut, nothing unknown."""
    if isinstance(event, str):
        event_type, model = event, _model_of(event, data)
    elif data is None:
        event_type, model = inbound.TYPE_OF[type(event)], event
    else:
        raise ValueError("a model carries its data: give either the model, or a type and data")
    if event_type in inbound.WITHOUT_LEAD:
        raise Refused(RefusalCode.UNKNOWN_TYPE, f"type: {event_type} is Baton's own to send")
    return event_type, model.model_dump(mode="json", exclude_unset=True)


def _model_of(event_type: str, data: Mapping[str, Any] | None) -> inbound.Data:
    codec.check_type(event_type)
    given = _plain(data)
    unknown = sorted(set(given) - set(inbound.INBOUND[event_type].model_fields))
    if unknown:
        raise Refused(
            RefusalCode.BAD_FIELD, f"data: {shown(unknown[0])} is no field of {event_type}"
        )
    return codec.validated(event_type, given)


def _plain(data: Mapping[str, Any] | None) -> dict[str, Any]:
    """Refuse what JSON cannot say before the encoder makes something else of it (NaN to null)."""
    try:
        given: dict[str, Any] = json.loads(json.dumps(dict(data or {}), allow_nan=False))
    except (ValueError, TypeError, RecursionError) as error:
        raise Refused(RefusalCode.BAD_FIELD, f"data: JSON cannot say it: {error}") from None
    return given


def _encoded(
    event_type: str,
    lead_id: str,
    content: dict[str, Any],
    event_id: str,
    source: str,
    time: int,
) -> tuple[bytes, bytes, codec.Headers]:
    try:
        return codec.encode_signal(
            event_type, lead_id, content, id=event_id, source=source, time=time
        )
    except UnicodeEncodeError:
        raise Refused(RefusalCode.BAD_FIELD, "a text that UTF-8 cannot carry") from None
    except OverflowError:
        raise Refused(RefusalCode.BAD_TIME, f"time: {time} ms is out of range") from None


def _ms_of(time: datetime | int) -> int:
    if isinstance(time, int):
        return time
    if time.tzinfo is None:
        raise Refused(RefusalCode.BAD_TIME, f"time: {time.isoformat()} has no zone")
    since = time - EPOCH
    return since.days * 86_400_000 + since.seconds * 1000 + since.microseconds // 1000
