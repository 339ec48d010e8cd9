"""A record of ``lead.signals`` as the worker handles it, and how it comes out of the client."""

from collections.abc import Sequence
from typing import NamedTuple, cast

from confluent_kafka import Message

Headers = Sequence[tuple[str, bytes | None]]


class Record(NamedTuple):
    """One record of ``lead.signals``."""

    offset: int
    timestamp: int
    key: bytes | None
    value: bytes | None
    headers: Headers | None


def record_of(message: Message) -> Record:
    """Return the record in a message that carries one and not an error."""
    return Record(
        cast("int", message.offset()),
        message.timestamp()[1],
        cast("bytes | None", message.key()),
        cast("bytes | None", message.value()),
        cast("Headers | None", message.headers()),
    )


def has_header(headers: Headers | None, name: str) -> bool:
    """Say whether a record carries a header of this name."""
    return any(found == name for found, _ in headers or ())
