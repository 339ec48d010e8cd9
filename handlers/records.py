"""A record of ``lead.signals`` as the worker handles it, and how it comes out of the client."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import cast

from confluent_kafka import Message

from events.codec import USUAL_HEADERS, PolicyAdopted, decode
from lifecycle.light import light
from schemas.refusal import Refused

Headers = Sequence[tuple[str, bytes | None]]


@light
@dataclass(frozen=True, slots=True)
class Record:
    """One record of ``lead.signals``."""

    offset: int
    timestamp: int
    key: bytes | None
    value: bytes | None
    headers: Headers | None


def record_of(message: Message) -> Record:
    """Return the record in a message that carries one and not an error."""
    headers = cast("Headers | None", message.headers())
    return Record(
        cast("int", message.offset()),
        message.timestamp()[1],
        message.key(),
        message.value(),
        USUAL_HEADERS if headers == USUAL_HEADERS else headers,
    )


def has_header(headers: Headers | None, name: str) -> bool:
    """Say whether a record carries a header of this name."""
    return any(found == name for found, _ in headers or ())


def adoption_in(
    key: bytes | None, value: bytes | None, headers: Headers | None, timestamp: int
) -> PolicyAdopted | None:
    """Return the adoption that a record of ``lead.signals`` is; None for any other.

    One that cannot be read is none: a worker refuses it and tells why, and nothing is in force
    by it.
    """
    if key is None or not key.startswith(b"~"):
        return None
    try:
        decoded = decode(key, value, headers, timestamp)
    except Refused:
        return None
    return decoded if isinstance(decoded, PolicyAdopted) else None
