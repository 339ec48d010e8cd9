"""Why a message cannot be read: looked at again, slowly, once something is known to be wrong."""

import json
import math
import re
from collections.abc import Iterator
from dataclasses import fields, is_dataclass
from typing import Any, Final, NoReturn

from schemas.lead_id import like_an_address
from schemas.refusal import RefusalCode, Refused

_ATTRIBUTES: Final = ("specversion", "id", "source", "type", "subject", "time")
_CONTROL: Final = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff]").search
"""Characters that stores and terminals downstream choke on; tabs and line ends may stay."""


_DIGITS_MAX: Final = 4300
"""More digits no parser here reads."""
_KINDS: Final = (
    (bool, "boolean"),
    (int, "number"),
    (float, "number"),
    (str, "string"),
    (list, "array"),
    (type(None), "null"),
)


class _OutOfRangeError(Exception):
    """A number is NaN or infinite, by name or by size."""


def text_fault(body: object) -> str | None:
    """Say which text of a domain body cannot stand; None if all can."""
    for path, text in _texts("data", body):
        if like_an_address(text):
            return f"{path}: looks like an email address"
        if _CONTROL(text) is not None:
            return f"{path}: has a control character"
    return None


def shape_fault(value: bytes, *, binary: bool = False) -> Refused:
    """Say why a value that did not parse did not: not JSON, another shape, a wrong type."""
    try:
        document = json.loads(
            value.decode(), parse_constant=_not_finite, parse_float=_finite, parse_int=_digits
        )
    except _OutOfRangeError:
        return Refused(RefusalCode.BAD_FIELD, "a number is NaN, infinite or out of range")
    except UnicodeDecodeError:
        return Refused(RefusalCode.NOT_JSON, "the value is not UTF-8")
    except (ValueError, RecursionError):
        return Refused(RefusalCode.NOT_JSON, "the value is not JSON")
    if not isinstance(document, dict):
        return Refused(RefusalCode.BAD_SHAPE, f"a JSON {_kind(document)}, not an object")
    wrong = None if binary else _wrong_attribute(document)
    return wrong or Refused(RefusalCode.NOT_JSON, "the value is not strict JSON")


def _wrong_attribute(document: dict[str, Any]) -> Refused | None:
    for name in _ATTRIBUTES:
        if not isinstance(document.get(name), str | None):
            kind = _kind(document[name])
            return Refused(RefusalCode.BAD_FIELD, f"{name}: a JSON {kind}, not a string")
    if not isinstance(document.get("data"), dict | None):
        kind = _kind(document["data"])
        return Refused(RefusalCode.BAD_SHAPE, f"data: a JSON {kind}, not an object")
    return None


def _texts(path: str, part: object) -> Iterator[tuple[str, str]]:
    """Walk all texts of a body with their paths: flat but for the voice, tuples and mappings."""
    if isinstance(part, str):
        yield path, part
    elif isinstance(part, tuple):
        for index, item in enumerate(part):
            yield from _texts(f"{path}.{index}", item)
    elif isinstance(part, dict):
        for name, item in part.items():
            yield from _texts(f"{path}.{name}", item)
    elif is_dataclass(part):
        for field in fields(part):
            yield from _texts(f"{path}.{field.name}", getattr(part, field.name))


def _not_finite(_: str) -> NoReturn:
    raise _OutOfRangeError


def _finite(text: str) -> float:
    number = float(text)
    if math.isinf(number):
        raise _OutOfRangeError
    return number


def _digits(text: str) -> int:
    if len(text) > _DIGITS_MAX:
        raise _OutOfRangeError
    return int(text)


def _kind(value: object) -> str:
    """JSON's own word for what a value is."""
    for kind, name in _KINDS:
        if isinstance(value, kind):
            return name
    return "object"
