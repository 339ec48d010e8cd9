"""What a record of ``lead.refusals`` looks like: the original, untouched, with reason and origin.

The key, the value and the original headers are those of the refused record. What Baton knows
stands in headers of its own, whose names begin with ``baton-``. Nothing in them depends on when
or by which worker the record was refused, so the same log gives the same refusals.

A value over ``bytes_max`` does not travel whole: the record then carries its first
``TRUNCATED_BYTES`` bytes, says so, and names the length and the SHA-256 of the original, which
is still in the log at its origin.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

Headers = Sequence[tuple[str, bytes | None]]

REASON: Final = "baton-refusal-reason"
DETAIL: Final = "baton-refusal-detail"
ORIGIN_TOPIC: Final = "baton-origin-topic"
ORIGIN_PARTITION: Final = "baton-origin-partition"
ORIGIN_OFFSET: Final = "baton-origin-offset"
TRUNCATED: Final = "baton-truncated"
LENGTH: Final = "baton-original-length"
SHA256: Final = "baton-original-sha256"

REPLAY: Final = "baton-replay"
"""Marks the records of a replayed recording; no output carries it."""
REDRIVE: Final = "baton-redrive"
"""How often a refused record was sent again; counts as part of the event's id."""
REROUTED: Final = "baton-rerouted-from"
"""The partition on which a record was found that belongs to the one where it is now."""

TRUNCATED_BYTES: Final = 65_536
HEADERS_BYTES_MAX: Final = 65_536
"""Original headers larger than this in sum stay behind as well."""

_OWN: Final = frozenset(
    {REASON, DETAIL, ORIGIN_TOPIC, ORIGIN_PARTITION, ORIGIN_OFFSET, TRUNCATED, LENGTH, SHA256}
)


@dataclass(frozen=True, slots=True)
class Origin:
    """Where the refused record stands in the log."""

    topic: str
    partition: int
    offset: int


@dataclass(frozen=True, slots=True)
class Refusal:
    """One record of ``lead.refusals``, read back."""

    key: bytes | None
    value: bytes | None
    headers: tuple[tuple[str, bytes | None], ...]
    """The original's."""
    reason: str
    detail: str
    origin: Origin
    truncated: bool
    length: int


def write(
    value: bytes | None,
    headers: Headers | None,
    *,
    reason: str,
    detail: str,
    origin: Origin,
    bytes_max: int,
) -> tuple[bytes | None, list[tuple[str, bytes | None]]]:
    """Return value and headers of the refusal of a record; its key is the original's."""
    kept = [(name, content) for name, content in headers or () if _is_original(name)]
    size = len(value or b"") + sum(len(name) + len(content or b"") for name, content in kept)
    own: list[tuple[str, bytes | None]] = [
        (REASON, reason.encode()),
        (DETAIL, detail.encode("utf-8", "backslashreplace")),
        (ORIGIN_TOPIC, origin.topic.encode()),
        (ORIGIN_PARTITION, b"%d" % origin.partition),
        (ORIGIN_OFFSET, b"%d" % origin.offset),
    ]
    if size <= bytes_max:
        return value, kept + own
    whole = value or b""
    own += [
        (TRUNCATED, b"1"),
        (LENGTH, b"%d" % len(whole)),
        (SHA256, hashlib.sha256(whole).hexdigest().encode()),
    ]
    if sum(len(name) + len(content or b"") for name, content in kept) > HEADERS_BYTES_MAX:
        kept = []
    return whole[:TRUNCATED_BYTES], kept + own


def read(key: bytes | None, value: bytes | None, headers: Headers | None, *, at: Origin) -> Refusal:
    """Return what a record of ``lead.refusals`` says; ``at`` stands in where it names no origin."""
    own = {name: content or b"" for name, content in headers or () if name in _OWN}
    return Refusal(
        key=key,
        value=value,
        headers=tuple((name, content) for name, content in headers or () if name not in _OWN),
        reason=own.get(REASON, b"").decode("utf-8", "replace"),
        detail=own.get(DETAIL, b"").decode("utf-8", "replace"),
        origin=Origin(
            own.get(ORIGIN_TOPIC, at.topic.encode()).decode("utf-8", "replace"),
            _number(own.get(ORIGIN_PARTITION), at.partition),
            _number(own.get(ORIGIN_OFFSET), at.offset),
        ),
        truncated=TRUNCATED in own,
        length=_number(own.get(LENGTH), len(value or b"")),
    )


def _is_original(name: str) -> bool:
    """Say whether a header goes along: not the mark of a replay, not an earlier refusal's."""
    return name != REPLAY and name not in _OWN


def _number(text: bytes | None, otherwise: int) -> int:
    return int(text) if text is not None and text.isdigit() else otherwise
