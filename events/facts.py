"""From a fact to the bytes of its message: the same fact gives the same bytes everywhere.

The names of the fields are those of ``lifecycle.facts``, with the unit of the message for the
unit of the domain: ``*_at`` is an RFC 3339 time, ``*_ms`` becomes ``*_seconds``, ``*_mp`` becomes
``*_points``. ``None`` and what is empty stays out. Points and seconds are written from their
integers, never through a float; members have one fixed order: the fact's own, then its context.
One name differs, since the context has it too: the rules of ``junk_suspected`` are ``junk``.
"""

from collections.abc import Callable
from dataclasses import fields, is_dataclass
from operator import attrgetter
from typing import Any, Final, get_args, get_origin, get_type_hints

import msgspec

from events.told import put_context, receipt, thousandths, touch
from lifecycle.facts import Fact, FactBody, JunkSuspected, LostFact, Receipt, Touch
from schemas.envelope import CONTENT_TYPE, SPECVERSION
from schemas.outbound import HANDOVERS, RECYCLES
from schemas.times import rfc3339

Headers = list[tuple[str, bytes]]

SOURCE: Final = "/baton"
_TIMES: Final = frozenset({"at", "until"})
"""Names of times that do not end in ``_at``."""

_RENAMED: Final[dict[tuple[type, str], str]] = {(JunkSuspected, "rules"): "junk"}

_Convert = Callable[[Any], Any]
_Field = tuple[str, _Convert | None]
"""Name in the message, how to write it (None: as it is)."""
_Plan = tuple[Callable[[Any], tuple[Any, ...]], tuple[_Field, ...]]
"""How to get all fields of a record at once, and what becomes of each."""


def encode_fact(fact: Fact) -> bytes:
    """Return the value of the fact's record: one CloudEvent in structured JSON."""
    body = fact.body
    data: dict[str, Any] = {"seq": fact.seq, "happened_at": rfc3339(fact.happened_at)}
    _write(data, body, _FIELDS[type(body)])
    put_context(data, fact.context)
    event = {
        "specversion": SPECVERSION,
        "id": f"{fact.lead_id}:{fact.seq}",
        "source": SOURCE,
        "type": _TYPES[type(body)],
        "subject": fact.lead_id,
        "time": rfc3339(fact.at),
        "datacontenttype": "application/json",
        "data": data,
    }
    return _encode(event)


def fact_headers(traceparent: bytes | None) -> Headers:
    """Return a fact's record headers: its media type, and the trace of what caused it."""
    headers: Headers = [("content-type", CONTENT_TYPE)]
    if traceparent is not None:
        headers.append(("traceparent", traceparent))
    return headers


def also_to(fact: Fact) -> str | None:
    """Return the topic that gets the same bytes besides ``lead.lifecycle``, if there is one."""
    body = fact.body
    name = _TYPES[type(body)]
    if name in HANDOVERS:
        return "lead.handovers"
    if name in RECYCLES and not (isinstance(body, LostFact) and not body.lead_lost):
        return "lead.recycles"
    return None


def message_name(name: str) -> str:
    """Return the name that a field of the domain has in messages."""
    if name == "points_mp":
        return "points"
    if name.endswith("_mp"):
        return name.removesuffix("_mp") + "_points"
    if name.endswith("_ms"):
        return name.removesuffix("_ms") + "_seconds"
    return name


def _write(into: dict[str, Any], record: object, plan: _Plan) -> None:
    get, told = plan
    for (name, convert), value in zip(told, get(record), strict=True):
        # To compare is dear where the value is a record: only what is falsy can be empty.
        if value is None or (not value and value == ()):
            continue
        if convert is None:
            into[name] = value
            continue
        written = convert(value)
        if written or written != {}:
            into[name] = written


def _plan(record: type) -> _Plan:
    hints = get_type_hints(record)
    names = [field.name for field in fields(record)]
    told = tuple(
        (_RENAMED.get((record, name)) or message_name(name), _converter(name, hints[name]))
        for name in names
    )
    return _getter(names), told


def _getter(names: list[str]) -> Callable[[Any], tuple[Any, ...]]:
    """Return what gets these fields; ``attrgetter`` makes no tuple of one, and takes no none."""
    if len(names) > 1:
        return attrgetter(*names)
    return lambda record: tuple([getattr(record, name) for name in names])


def _converter(name: str, hint: Any) -> _Convert | None:  # noqa: ANN401 - a type hint
    if name in _TIMES or name.endswith("_at"):
        return rfc3339
    if name.endswith(("_mp", "_ms")):
        return thousandths
    if get_origin(hint) is tuple:
        convert = _converter("", get_args(hint)[0])
        return None if convert is None else lambda items: [convert(item) for item in items]
    kinds = [arm for arm in get_args(hint) or (hint,) if isinstance(arm, type)]
    record = next((kind for kind in kinds if is_dataclass(kind)), None)
    if record is None:
        return None
    return _OWN.get(record) or _nested(_plan(record))


def _nested(plan: _Plan) -> _Convert:
    def convert(record: object) -> dict[str, Any]:
        written: dict[str, Any] = {}
        _write(written, record, plan)
        return written

    return convert


_encode: Final = msgspec.json.Encoder().encode
_BODIES: Final[tuple[type[FactBody], ...]] = get_args(FactBody)
_TYPES: Final[dict[type, str]] = {body: f"lead.{body.kind}.v1" for body in _BODIES}
_OWN: Final[dict[type, _Convert]] = {Touch: touch, Receipt: receipt}
_FIELDS: Final = {record: _plan(record) for record in _BODIES}
