"""One AsyncAPI 3 document: who may send what where, with which key and headers.

It is complete by itself: a plain Kafka client can be written from it, without Baton's classes.
"""

from collections.abc import Iterable
from typing import Any, Final

from schemas.envelope import CONTENT_TYPE, STRUCTURED
from schemas.inbound import NOT_YET, WITHOUT_LEAD
from schemas.outbound import HANDOVERS, RECYCLES

Json = dict[str, Any]
Messages = dict[tuple[str, str], Json]
"""JSON Schema of a whole message by direction and type."""

VERSION: Final = "1.0.0"
"""Of the contract: the major number is the ``v1`` of the types."""

MEDIA_TYPE: Final = STRUCTURED.decode()

_ABOUT: Final = """\
Baton moves B2B leads along the quality spectrum. Send it what leads do and what sales answers on
`lead.signals`; read what it decides on `lead.lifecycle`, or only what sales acts on
(`lead.handovers`) or marketing acts on (`lead.recycles`).

Every message is a CloudEvents 1.0 event in structured JSON: the whole event is the record's
value, and its header `content-type` is `application/cloudevents+json; charset=UTF-8`. Binary
mode (attributes in `ce_*` headers, `content-type: application/json`, the value is `data`) is read
as well.

The record's key is the lead id, in UTF-8, and equals `subject`. Partition by Kafka's own murmur2
hash of the key (`partitioner=murmur2_random` or `murmur2` in librdkafka; the Java client's
default). A record on another partition is moved to the right one and counted.

`id` and `source` identify an event: send it again with both unchanged, and nothing happens twice.
`time` is when it happened, not when it was sent. The record's timestamp must be CreateTime.
Read with `isolation.level=read_committed`.

Nothing personal belongs in any event: no names, no addresses, no phone numbers."""

_CHANNELS: Final[dict[str, tuple[str, str]]] = {
    "signals": (
        "lead.signals",
        """\
What happened to leads: engagement, profiles and sales' feedback. A lead's history has one order,
that of its partition.""",
    ),
    "lifecycle": (
        "lead.lifecycle",
        "Every fact. A lead's facts are numbered by `seq`: 1, 2, 3 …",
    ),
    "handovers": (
        "lead.handovers",
        """\
The facts that sales acts on: the same bytes as on lead.lifecycle. Gaps in `seq` mean nothing
here.""",
    ),
    "recycles": (
        "lead.recycles",
        """\
The facts that marketing acts on: the same bytes as on lead.lifecycle. A lost deal is here only if
the lead moved to lost with it.""",
    ),
    "refusals": (
        "lead.refusals",
        """\
What could not be used: key, value and headers of the original record, with reason and origin in
headers.""",
    ),
    "policies": (
        "lead.policies",
        """\
Every definition that was ever adopted, as canonical JSON. Compacted: the key is its version.""",
    ),
}

_KEY: Final[Json] = {
    "type": "string",
    "minLength": 1,
    "maxLength": 128,
    "description": "The lead id, equal to `subject`.",
}
_TRACE: Final[Json] = {
    "type": "string",
    "description": "W3C trace context; carried to the facts that the record causes.",
}
_REFUSAL_HEADERS: Final[dict[str, str]] = {
    "baton-refusal-reason": "Why: a code, such as `bad_field`.",
    "baton-refusal-detail": "What exactly, in words.",
    "baton-origin-topic": "Where the original stands.",
    "baton-origin-partition": "Its partition.",
    "baton-origin-offset": "Its offset.",
}
_CUT_HEADERS: Final[dict[str, str]] = {
    "baton-truncated": "There if the value was too long and is cut.",
    "baton-original-length": "Its length in bytes before that.",
    "baton-original-sha256": "Its digest before that.",
}


def document(messages: Messages, examples: dict[str, dict[str, Json]], policy: Json) -> Json:
    """Return the AsyncAPI document of these messages, with an example of each."""
    schemas: Json = {}
    components: Json = {}
    for (direction, name), schema in messages.items():
        payload = _hoisted(schema, direction, schemas)
        components[f"{direction}.{name}"] = _message(
            direction, name, payload, examples[direction][name]
        )
    components["refusal"] = _refusal()
    components["policy"] = _policy(_hoisted(policy, "policy", schemas))
    return {
        "asyncapi": "3.0.0",
        "info": {
            "title": "Baton",
            "version": VERSION,
            "description": _ABOUT,
            "license": {"name": "Apache-2.0"},
        },
        "defaultContentType": MEDIA_TYPE,
        "channels": {
            channel: _channel(channel, _carried(channel, messages)) for channel in _CHANNELS
        },
        "operations": _operations(),
        "components": {"messages": components, "schemas": schemas},
    }


def _carried(channel: str, messages: Messages) -> Iterable[str]:
    """Return the messages that a channel carries, by their names among the components."""
    if channel in ("refusals", "policies"):
        return ["refusal" if channel == "refusals" else "policy"]
    if channel == "signals":
        return [f"inbound.{name}" for direction, name in messages if direction == "inbound"]
    carried = {"handovers": HANDOVERS, "recycles": RECYCLES}.get(channel)
    return [
        f"outbound.{name}"
        for direction, name in messages
        if direction == "outbound" and (carried is None or name in carried)
    ]


def _channel(channel: str, names: Iterable[str]) -> Json:
    address, description = _CHANNELS[channel]
    return {
        "address": address,
        "description": description,
        "messages": {name: {"$ref": f"#/components/messages/{name}"} for name in names},
    }


def _operations() -> Json:
    operations: Json = {
        "receiveSignals": {
            "action": "receive",
            "channel": {"$ref": "#/channels/signals"},
            "summary": "Baton reads what happened to leads.",
        }
    }
    for channel, (address, _) in _CHANNELS.items():
        if channel != "signals":
            operations[f"send{channel.capitalize()}"] = {
                "action": "send",
                "channel": {"$ref": f"#/channels/{channel}"},
                "summary": f"Baton writes {address}.",
            }
    return operations


def _message(direction: str, name: str, payload: Json, example: Json) -> Json:
    summary = str(payload.get("description", name)).partition("\n\n")[0].replace("\n", " ")
    message: Json = {
        "name": name,
        "title": name,
        "summary": summary,
        "contentType": MEDIA_TYPE,
        "headers": _headers(),
        "payload": payload,
        "bindings": {"kafka": {"key": _key(name)}},
        "examples": [
            {
                "name": name,
                "headers": {"content-type": CONTENT_TYPE.decode()},
                "payload": example,
            }
        ],
    }
    if direction == "inbound" and name in NOT_YET:
        message["tags"] = [{"name": "refused by this release"}]
    return message


def _key(name: str) -> Json:
    if name not in WITHOUT_LEAD:
        return _KEY
    return {"type": "string", "pattern": "^~", "description": "Equal to `subject`: no lead."}


def _headers() -> Json:
    return {
        "type": "object",
        "properties": {
            "content-type": {"type": "string", "examples": [CONTENT_TYPE.decode()]},
            "traceparent": _TRACE,
        },
        "required": ["content-type"],
    }


def _refusal() -> Json:
    return {
        "name": "refusal",
        "title": "A refused record",
        "summary": "The original record, byte by byte, and why it was refused.",
        "contentType": "application/octet-stream",
        "headers": {
            "type": "object",
            "properties": {
                name: {"type": "string", "description": description}
                for name, description in (_REFUSAL_HEADERS | _CUT_HEADERS).items()
            },
            "required": sorted(_REFUSAL_HEADERS),
        },
        "payload": {"description": "Whatever was sent; long values are cut, and headers say so."},
    }


def _policy(payload: Json) -> Json:
    return {
        "name": "policy",
        "title": "A definition",
        "summary": "The definition that facts with this version were decided by.",
        "contentType": "application/json",
        "payload": payload,
        "bindings": {
            "kafka": {
                "key": {
                    "type": "string",
                    "pattern": "^[0-9a-f]{16}$",
                    "description": "The version: a digest of the definition's meaning.",
                }
            }
        },
    }


def _hoisted(schema: Json, prefix: str, into: Json) -> Json:
    """Move a schema's definitions into the document's components, and point there."""
    for name, definition in schema.get("$defs", {}).items():
        into[f"{prefix}.{name}"] = _repointed(definition, prefix)
    payload = {
        key: value for key, value in schema.items() if key not in ("$defs", "$schema", "$id")
    }
    repointed: Json = _repointed(payload, prefix)
    return repointed


def _repointed(schema: Any, prefix: str) -> Any:  # noqa: ANN401 - any JSON
    if isinstance(schema, list):
        return [_repointed(item, prefix) for item in schema]
    if not isinstance(schema, dict):
        return schema
    return {
        key: value.replace("#/$defs/", f"#/components/schemas/{prefix}.")
        if key == "$ref"
        else _repointed(value, prefix)
        for key, value in schema.items()
    }
