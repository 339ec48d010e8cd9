"""Bytes to domain and back: records of ``lead.signals``, in structured or binary CloudEvents mode.

Decoding is a large cost of a message, so the usual case is one pass: one parse of the bytes into a
typed envelope, one validation of the data by the model of its type, and for an engagement, which
most messages are, one parse that does both (``events.engaged``). Why a message
is refused is found out afterwards, by looking at it again with all the time in the world.
Whatever the bytes and headers, ``decode`` returns or raises ``Refused``, and nothing else; what
it says depends on the record alone, not on the machine or the depth of the stack.
"""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import msgspec
from pydantic import ValidationError
from pydantic_core import from_json

from events import engaged
from events.diagnosis import shape_fault, text_fault
from events.shapes import Envelope
from lifecycle.signals import Body, Signal
from schemas import inbound
from schemas.envelope import (
    CONTENT_TYPE,
    ID_CHARACTERS_MAX,
    SOURCE_CHARACTERS_MAX,
    SPECVERSION,
    STRUCTURED,
)
from schemas.lead_id import lead_id_fault
from schemas.refusal import RefusalCode, Refused, shown
from schemas.times import TIME_MAX, parse_time, rfc3339

Headers = list[tuple[str, bytes]]
"""Record headers as confluent-kafka hands them over."""

USUAL_HEADERS: Final[Headers] = [("content-type", CONTENT_TYPE)]
"""Those of nearly all records. Whoever reads many keeps this list, not one like it for each."""
VALUE_BYTES_MAX: Final = 1_000_000
_BRACKETS_PLAIN_MAX: Final = 200
"""Up to this many brackets nothing nests too deep to parse, however deep the stack is already."""
_BYTES_PLAIN_MAX: Final = 512
"""Nor in so few bytes: counting brackets costs a tenth of decoding a usual message."""
REDRIVE: Final = "baton-redrive"
REPLAY: Final = "baton-replay"
TRACEPARENT: Final = "traceparent"

_VERSIONED: Final = re.compile(r"(lead\.[a-z_]+)\.v([1-9][0-9]{0,5})").fullmatch
_TRACEPARENT: Final = re.compile(rb"[0-9a-f]{2}(?:-[0-9a-f]+)+").fullmatch
_TRACEPARENT_BYTES_MAX: Final = 128
_REDRIVE: Final = re.compile(rb"[0-9]{1,6}").fullmatch


@dataclass(frozen=True, slots=True)
class Tick:
    """The time of one partition has come this far; it is about no lead."""

    id: str
    source: str
    time: int
    recorded_at: int
    partition: int
    """As its sender says; where it was found is what counts."""


@dataclass(frozen=True, slots=True)
class PolicyAdopted:
    """The definition in force in one partition from here on; it is about no lead."""

    id: str
    source: str
    time: int
    recorded_at: int
    digest: str
    for_marketing: str
    for_sales: str
    reason: str
    partition_count: int
    ticks: str
    """``owner`` or ``external``"""


_structured: Final = msgspec.json.Decoder(Envelope).decode
_object: Final = msgspec.json.Decoder(dict[str, Any]).decode
_UNPARSED: Final = (msgspec.MsgspecError, UnicodeDecodeError, RecursionError)
_encode: Final = msgspec.json.Encoder().encode
_VALIDATE: Final[dict[str, Callable[[Any], inbound.Data]]] = {
    name: model.__pydantic_validator__.validate_python for name, model in inbound.INBOUND.items()
}


def decode(
    key: bytes | None,
    value: bytes | None,
    headers: Sequence[tuple[str, bytes | None]] | None,
    timestamp: int,
    value_bytes_max: int = VALUE_BYTES_MAX,
) -> Signal | Tick | PolicyAdopted:
    """Read one record of ``lead.signals``; ``timestamp`` is the record's, in ms.

    Raises Refused, with the code of the first thing that is wrong, in a fixed order.
    """
    if value is None:
        raise Refused(RefusalCode.TOMBSTONE, "the record has no value")
    if len(value) > value_bytes_max:
        raise Refused(
            RefusalCode.TOO_LARGE, f"{len(value)} bytes; at most {value_bytes_max} are read"
        )
    binary: dict[str, bytes] | None = None
    redrive = 0
    if headers and headers is not USUAL_HEADERS:
        binary, redrive = _read_headers(headers)
    if len(value) > _BYTES_PLAIN_MAX:
        _check_nesting(value)
    if binary is None and value.find(engaged.MARK) >= 0:
        signal = engaged.engaged_signal(key, value, timestamp, redrive)
        if signal is not None:
            return signal
    event = _parse(value) if binary is None else _parse_binary(value, binary)
    return _decode_any(event, key, value, timestamp, redrive)


def _decode_any(
    event: Envelope, key: bytes | None, value: bytes, timestamp: int, redrive: int
) -> Signal | Tick | PolicyAdopted:
    """Read an event of any type. Raises Refused."""
    event_type, event_id, source, subject, time = _attributes(event)
    if not 0 <= timestamp < TIME_MAX:
        raise Refused(RefusalCode.BAD_TIME, f"the record's timestamp is {timestamp}")
    _check_subject(event_type, subject, key)
    data = validated(event_type, event.data)
    if isinstance(data, inbound.SignalData):
        return Signal(event_id, source, subject, time, timestamp, _body(data, value), redrive)
    if isinstance(data, inbound.Ticked):
        return Tick(event_id, source, time, timestamp, data.partition)
    if isinstance(data, inbound.PolicyAdopted):
        return PolicyAdopted(event_id, source, time, timestamp, **data.model_dump())
    raise Refused(RefusalCode.NOT_SUPPORTED_YET, f"{event_type} is not acted on yet")


def check_type(event_type: str | None) -> None:
    """Refuse a type that this release does not read. Raises Refused."""
    if event_type not in _VALIDATE:
        raise _bad_type(event_type)


def validated(event_type: str, data: dict[str, Any] | None) -> inbound.Data:
    """Check the data of a message by the model of its type. Raises Refused."""
    if data is None:
        raise Refused(RefusalCode.BAD_SHAPE, "data is missing; it has to be a JSON object")
    try:
        return _VALIDATE[event_type](data)
    except ValidationError as error:
        raise _invalid(event_type, error) from None


def traceparent_of(headers: Iterable[tuple[str, bytes | None]] | None) -> bytes | None:
    """The trace context of a record, for the facts it causes; None if it has none or a bad one."""
    for name, content in headers or ():
        if (
            name in {TRACEPARENT, "ce_traceparent"}
            and content is not None
            and len(content) <= _TRACEPARENT_BYTES_MAX
            and _TRACEPARENT(content) is not None
        ):
            return content
    return None


def encode_signal(
    event_type: str,
    lead_id: str,
    data: Mapping[str, Any],
    *,
    id: str,  # noqa: A002 - CloudEvents' name
    source: str,
    time: int,
) -> tuple[bytes, bytes, Headers]:
    """Write key, value and headers of a signal in structured mode; ``time`` in ms.

    Equal arguments give equal bytes. Nothing is checked: ``Publisher`` does that by ``decode``.
    """
    value = _encode(
        {
            "specversion": SPECVERSION,
            "id": id,
            "source": source,
            "type": event_type,
            "subject": lead_id,
            "time": rfc3339(time),
            "datacontenttype": "application/json",
            "data": data,
        }
    )
    return lead_id.encode(), value, [("content-type", CONTENT_TYPE)]


def encode_tick(
    partition: int,
    time: int,
    id: str,  # noqa: A002 - CloudEvents' name
    source: str,
) -> tuple[bytes, bytes, Headers]:
    """Write a tick for one partition; the sender puts it there."""
    return encode_signal(
        inbound.TICK, "~tick", {"partition": partition}, id=id, source=source, time=time
    )


def encode_policy_adopted(  # noqa: PLR0913 - the message has as many attributes
    *,
    digest: str,
    for_marketing: str,
    for_sales: str,
    reason: str,
    partition_count: int,
    ticks: str,
    id: str,  # noqa: A002 - CloudEvents' name
    source: str,
    time: int,
) -> tuple[bytes, bytes, Headers]:
    """Write the message that puts a policy into force; the sender puts it on every partition."""
    data = {
        "digest": digest,
        "for_marketing": for_marketing,
        "for_sales": for_sales,
        "reason": reason,
        "partition_count": partition_count,
        "ticks": ticks,
    }
    return encode_signal(inbound.POLICY_ADOPTED, "~policy", data, id=id, source=source, time=time)


def _read_headers(
    headers: Sequence[tuple[str, bytes | None]],
) -> tuple[dict[str, bytes] | None, int]:
    """Find the event's attributes if they are headers (binary mode), and the re-drive number."""
    structured, redrive = False, 0
    attributes: dict[str, bytes] = {}
    for name, content in headers:
        if content is None:
            continue
        if name == "content-type":
            structured = content == CONTENT_TYPE or _is_structured(content)
        elif name.startswith("ce_"):
            attributes[name[3:]] = content
        elif name == REDRIVE:
            if _REDRIVE(content) is None:
                raise Refused(RefusalCode.BAD_SHAPE, f"header {REDRIVE} is not a number")
            redrive = int(content)
    return (None if structured or not attributes else attributes), redrive


def _is_structured(media_type: bytes) -> bool:
    lowered = media_type.lower()
    if lowered.startswith(b"application/cloudevents-batch"):
        raise Refused(RefusalCode.BAD_SHAPE, "a batch; send one event a record")
    return lowered.startswith(STRUCTURED)


def _parse(value: bytes) -> Envelope:
    try:
        return _structured(value)
    except _UNPARSED:
        raise shape_fault(value) from None


def _parse_binary(value: bytes, attributes: dict[str, bytes]) -> Envelope:
    try:
        given = {
            name: attributes[name].decode()
            for name in ("specversion", "id", "source", "type", "subject", "time")
            if name in attributes
        }
    except UnicodeDecodeError:
        raise Refused(RefusalCode.BAD_SHAPE, "a ce_ header is not UTF-8") from None
    try:
        return Envelope(data=_object(value), **given)
    except _UNPARSED:
        raise shape_fault(value, binary=True) from None


def _check_nesting(value: bytes) -> None:
    """Refuse what nests deeper than a fixed limit: the parser's own depends on the stack."""
    if value.count(b"[") + value.count(b"{") <= _BRACKETS_PLAIN_MAX:
        return
    try:
        from_json(value)
    except ValueError as error:
        if "recursion" in str(error):
            raise Refused(RefusalCode.BAD_SHAPE, "nested too deep") from None


def _attributes(event: Envelope) -> tuple[str, str, str, str, int]:
    """Check the envelope: type, id, source, subject, time."""
    if event.specversion != SPECVERSION:
        raise _bad_specversion(event)
    event_type = event.type
    if event_type not in _VALIDATE:
        raise _bad_type(event_type)
    event_id, source, subject, time = event.id, event.source, event.subject, event.time
    if not event_id or not source or not subject or not time:
        missing = [name for name in ("id", "source", "subject", "time") if not getattr(event, name)]
        raise Refused(RefusalCode.MISSING_ATTRIBUTE, f"missing or empty: {', '.join(missing)}")
    if len(event_id) > ID_CHARACTERS_MAX or not event_id.isprintable():
        raise Refused(
            RefusalCode.BAD_FIELD, f"id: not up to {ID_CHARACTERS_MAX} printable characters"
        )
    if len(source) > SOURCE_CHARACTERS_MAX or not source.isprintable():
        raise Refused(
            RefusalCode.BAD_FIELD, f"source: not up to {SOURCE_CHARACTERS_MAX} printable characters"
        )
    try:
        at = parse_time(time)
    except ValueError as error:
        raise Refused(RefusalCode.BAD_TIME, f"time: {shown(time)} is {error}") from None
    return event_type, event_id, source, subject, at


def _bad_specversion(event: Envelope) -> Refused:
    if event.specversion:
        return Refused(
            RefusalCode.UNSUPPORTED_VERSION,
            f"specversion: {shown(event.specversion)}; {SPECVERSION} is read",
        )
    if event.type is None and event.id is None and event.source is None:
        return Refused(RefusalCode.BAD_SHAPE, "not a CloudEvents event: no attribute of one")
    return Refused(RefusalCode.MISSING_ATTRIBUTE, "missing or empty: specversion")


def _bad_type(event_type: str | None) -> Refused:
    if not event_type:
        return Refused(RefusalCode.MISSING_ATTRIBUTE, "missing or empty: type")
    versioned = _VERSIONED(event_type)
    if versioned is not None and f"{versioned[1]}.v1" in _VALIDATE:
        return Refused(
            RefusalCode.UNSUPPORTED_VERSION,
            f"type: {shown(event_type)}; this release reads {versioned[1]}.v1",
        )
    return Refused(RefusalCode.UNKNOWN_TYPE, f"type: {shown(event_type)} is not in the contract")


def _check_subject(event_type: str, subject: str, key: bytes | None) -> None:
    if key != subject.encode():
        raise Refused(
            RefusalCode.KEY_MISMATCH,
            f"the key is {shown(key)}, the subject {shown(subject)}; they have to be the same",
        )
    if event_type in inbound.WITHOUT_LEAD:
        if not subject.startswith("~"):
            raise Refused(
                RefusalCode.BAD_LEAD_ID,
                f"{event_type} is about no lead: its subject has to start with ~",
            )
        return
    fault = lead_id_fault(subject)
    if fault is not None:
        raise Refused(RefusalCode.BAD_LEAD_ID, f"the lead id {fault}")


def _invalid(event_type: str, error: ValidationError) -> Refused:
    """Say where the first fault of the data is, and how many more there are."""
    first, *more = error.errors(include_url=False, include_context=False, include_input=False)
    path = ".".join(str(step) for step in ("data", *first["loc"]))
    rest = f" (and {len(more)} more)" if more else ""
    adopted = event_type == inbound.POLICY_ADOPTED
    code = RefusalCode.BAD_POLICY if adopted else RefusalCode.BAD_FIELD
    return Refused(code, f"{path}: {first['msg']}{rest}")


def _body(data: inbound.SignalData, value: bytes) -> Body:
    """Hand over to the domain; look at the texts only if the bytes can hold anything to refuse."""
    body = data.to_body()
    if engaged.has_signs(value):
        fault = text_fault(body)
        if fault is not None:
            raise Refused(RefusalCode.BAD_FIELD, fault)
    return body
