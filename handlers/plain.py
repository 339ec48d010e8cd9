"""The domain's records as plain objects, with the names and units that messages have."""

from dataclasses import fields, is_dataclass
from enum import Enum
from typing import Final

from events.facts import message_name
from schemas.times import rfc3339

Plain = str | int | float | bool | list["Plain"] | dict[str, "Plain"] | None

_TIMES: Final = frozenset({"at", "since", "until"})


def plain(value: object, name: str = "") -> Plain:
    """Return a record as JSON can hold it: times as RFC 3339, points and seconds as numbers."""
    if isinstance(value, Enum):
        return str(value.value)
    if is_dataclass(value):
        return members(value)
    if isinstance(value, dict):
        return {str(key): plain(one) for key, one in value.items()}
    if isinstance(value, (tuple, list, frozenset)):
        return [plain(one) for one in value]
    if isinstance(value, int) and not isinstance(value, bool):
        return _number(value, name)
    return value if isinstance(value, (str, float, bool)) else None


def members(record: object) -> dict[str, Plain]:
    """Return the fields of one record."""
    return {
        message_name(field.name): plain(getattr(record, field.name), field.name)
        for field in fields(record)  # type: ignore[arg-type]  # a data class
    }


def _number(value: int, name: str) -> Plain:
    if name in _TIMES or name.endswith("_at"):
        return rfc3339(value)
    return value / 1000 if name.endswith(("_mp", "_ms")) else value
