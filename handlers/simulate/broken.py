"""The few messages of a real feed that nobody can use: one maker for each way to be wrong."""

import json
from collections.abc import Callable
from random import Random
from typing import Any, Final

from handlers.simulate.rhythm import HOUR_MS
from schemas.times import rfc3339

_Event = dict[str, Any]


def broken(chance: Random, key: bytes, value: bytes, arrives_at: int) -> tuple[bytes, bytes | None]:
    """Return key and value of a message that went wrong on its way, in one of the ways."""
    way = chance.choice(tuple(WAYS))
    return WAYS[way](key, value, arrives_at)


def _changed(value: bytes, **changes: object) -> bytes:
    event: _Event = json.loads(value) | changes
    return json.dumps(event, separators=(",", ":"), sort_keys=True).encode()


def _addressed(value: bytes) -> tuple[bytes, bytes]:
    address = "ann.example@mail.example"
    return address.encode(), _changed(value, subject=address)


WAYS: Final[dict[str, Callable[[bytes, bytes, int], tuple[bytes, bytes | None]]]] = {
    "tombstone": lambda key, _value, _at: (key, None),
    "not_json": lambda key, value, _at: (key, value[:-17]),
    "bad_shape": lambda key, _value, _at: (key, b'["lead",1]'),
    "missing_attribute": lambda key, value, _at: (key, _changed(value, id="")),
    "unknown_type": lambda key, value, _at: (key, _changed(value, type="lead.sneezed.v1")),
    "unsupported_version": lambda key, value, _at: (key, _changed(value, type="lead.engaged.v2")),
    "not_supported_yet": lambda key, value, _at: (
        key,
        _changed(value, type="lead.merged.v1", data={"into": "another"}),
    ),
    "bad_time": lambda key, value, at: (key, _changed(value, time=rfc3339(at)[:-1])),
    "from_the_future": lambda key, value, at: (key, _changed(value, time=rfc3339(at + HOUR_MS))),
    "key_mismatch": lambda key, value, _at: (key + b"-old", value),
    "bad_lead_id": lambda _key, value, _at: _addressed(value),
    "bad_field": lambda key, value, _at: (
        key,
        _changed(value, type="lead.engaged.v1", data={"activity": ["page_view"]}),
    ),
    "unknown_reason": lambda key, value, _at: (
        key,
        _changed(value, type="lead.disqualified.v1", data={"reason": "bad_vibes"}),
    ),
}
"""The refusal's code to what earns it."""
