"""The state of a lead as bytes: what ``lead.state`` and the local store hold.

A lead begins with a head of fixed size: the encoding's version, the stage, and when its clocks want
to be looked at next. Indexing leads needs no more (``peek``), so that a restore decodes none. Then
one MessagePack array: the lead's ``at``, two tables, the lead's fields in the order of their
definition, records within as arrays likewise. Three things keep it small: no names of fields;
times as distances from the lead's ``at``; and what touches repeat is written once. The first
table has their origins (campaign, source, medium, content, channel); the second has their
activities, as far as they are not among the accumulators', whose names come first in the count.

A field that is added at the end of a record, with a default, reads old bytes; any other change of
the records raises ``ENCODING``, and bytes of before are then refused, not misread.
"""

from collections.abc import Callable, Mapping
from dataclasses import fields, is_dataclass
from enum import Enum
from struct import Struct
from typing import Any, Final, get_args, get_origin, get_type_hints

import msgspec

from events.plain import Origin, plain_lead
from lifecycle.clocks import next_due
from lifecycle.facts import Touch
from lifecycle.lead import Accumulator, Lead, Scores
from lifecycle.stages import Stage

ENCODING: Final = 2
"""Raised by any change that the bytes of before cannot be read through."""

_TIMES: Final = frozenset({"at", "since", "until"})
"""Names of times that do not end in ``_at``."""

_Table = tuple[list[list[str | None]], list[str]]
_Read = Callable[[Any, int, _Table], Any]
"""Value, the lead's ``at``, what touches repeat."""


class UnreadableStateError(Exception):
    """These bytes are no lead of this encoding."""


def encode_lead(lead: Lead) -> bytes:
    """Return the lead as bytes; equal leads, mappings in the same order, give equal bytes."""
    origins: dict[Origin, int] = {}
    accumulators = lead.scores.accumulators
    activities = {name: number for number, name in enumerate(accumulators)}
    plain = plain_lead(lead, origins, activities)
    others = list(activities)[len(accumulators) :]
    due_at = next_due(lead)
    head = _pack_head(ENCODING, _NUMBERS[lead.stage], -1 if due_at is None else due_at)
    return head + _encode([lead.at, list(origins), others, plain])


def decode_lead(data: bytes) -> Lead:
    """Return the lead that was encoded; UnreadableStateError if it was none of this encoding."""
    _check(data)
    try:
        at, origins, others, plain = _DECODER.decode(memoryview(data)[_HEAD.size :])
        activities = [*plain[_SCORES][_ACCUMULATORS], *others]
        lead: Lead = _READ_LEAD(plain, at, (origins, activities))
    except (msgspec.DecodeError, ArithmeticError, LookupError, TypeError, ValueError) as error:
        message = f"not the state of a lead: {error!r}"
        raise UnreadableStateError(message) from error
    return lead


def peek(data: bytes) -> tuple[Stage, int | None]:
    """Return a lead's stage and when it is due next, without decoding it.

    Raises UnreadableStateError as ``decode_lead`` does for another encoding.
    """
    _check(data)
    _, stage, due_at = _HEAD.unpack_from(data)
    return _STAGES[stage], None if due_at < 0 else due_at


def _check(data: bytes) -> None:
    if len(data) <= _HEAD.size or data[1] >= len(_STAGES):
        raise UnreadableStateError("not the state of a lead: its head is missing")
    if data[0] != ENCODING:
        raise UnreadableStateError(
            f"written in encoding {data[0]}, this release reads encoding {ENCODING}"
        )


def _read_touch(values: list[Any], base: int, table: _Table) -> Touch:
    at, activity, origin = values
    origins, activities = table
    campaign, source, medium, content, channel = origins[origin]
    return Touch(at + base, activities[activity], campaign, source, medium, content, channel)


def _read_accumulator(values: list[Any], base: int, _: _Table) -> Accumulator:
    points, gated, step, half_life_ms, count, last_at = values
    return Accumulator(points, float(gated), step, half_life_ms, count, last_at + base)


def _record_reader(record: type) -> _Read:
    hints = get_type_hints(record)
    names = [field.name for field in fields(record)]
    special = _special(names, lambda name: _reader(name, hints[name]))
    neutral = _neutral(record)

    def read(values: list[Any], base: int, shared: _Table) -> object:
        if not values and neutral is not None:
            return neutral
        count = len(values)
        for index, convert in special:
            if index < count:
                item = values[index]
                if item is not None:
                    values[index] = convert(item, base, shared)
        return record(*values)

    return read


def _special(names: list[str], of: Callable[[str], Any]) -> tuple[tuple[int, Any], ...]:
    """Return position and converter of the fields that need one."""
    converters = ((index, of(name)) for index, name in enumerate(names))
    return tuple((index, converter) for index, converter in converters if converter is not None)


def _neutral(record: type) -> object:
    """Return the record with nothing told, which is written as nothing; None if it needs telling.

    Only for records without mappings: a shared one would share its dictionary.
    """
    hints = get_type_hints(record)
    if any(_shape(hint)[0] is dict for hint in hints.values()):
        return None
    try:
        return record()
    except TypeError:
        return None


def _reader(name: str, hint: Any) -> _Read | None:  # noqa: ANN401 - a type hint
    """Return how a plain value becomes what it was, or None where it is."""
    if _is_time(name):
        return lambda distance, base, _: distance + base
    kind, item = _shape(hint)
    if item is not None:
        return _each_read(kind, _reader("", item))
    if kind in _OWN:
        return _OWN[kind]
    if is_dataclass(kind):
        return _record_reader(kind)
    if issubclass(kind, Enum):
        members = {member.value: member for member in kind}
        return lambda value, _, __: members[value]
    return None


def _each_read(collection: type, convert: _Read | None) -> _Read | None:
    if collection is tuple:
        if convert is None:
            return lambda values, _, __: tuple(values)
        return lambda values, base, shared: tuple(
            [convert(value, base, shared) for value in values]
        )
    if convert is None:
        return None
    return lambda values, base, shared: {
        key: convert(value, base, shared) for key, value in values.items()
    }


def _is_time(name: str) -> bool:
    return name in _TIMES or name.endswith("_at")


def _shape(hint: Any) -> tuple[type, Any]:  # noqa: ANN401 - a type hint
    """Return what a field holds, None aside: its kind, and of what if it is a collection."""
    origin = get_origin(hint)
    if origin is tuple:
        return tuple, get_args(hint)[0]
    if origin in {Mapping, dict}:  # The compiled domain says dict where the source says Mapping.
        return dict, get_args(hint)[1]
    arms = [arm for arm in get_args(hint) if arm is not type(None)]
    if len(arms) == 1:
        return _shape(arms[0])
    return (object if arms else hint), None


_OWN: Final[dict[type, _Read]] = {Touch: _read_touch, Accumulator: _read_accumulator}
"""Records with a way of their own: the most frequent ones."""
_HEAD: Final = Struct(">BBq")
"""Version, stage, due time in ms (-1: none)."""
_pack_head: Final = _HEAD.pack
_STAGES: Final = tuple(Stage)
"""Stages by their number in the head: a new one goes to the end."""
_NUMBERS: Final = {stage: number for number, stage in enumerate(_STAGES)}
_encode: Final = msgspec.msgpack.Encoder().encode
_DECODER: Final = msgspec.msgpack.Decoder(list[Any])
_SCORES: Final = [field.name for field in fields(Lead)].index("scores")
_ACCUMULATORS: Final = [field.name for field in fields(Scores)].index("accumulators")
_READ_LEAD: Final = _record_reader(Lead)
