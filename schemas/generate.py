"""The published contract, made from the models: JSON Schema a message, and one AsyncAPI document.

Nobody edits what is published: ``write`` makes it anew, and ``stale`` names what differs.
Inbound and outbound messages may share a type's name (``lead.won.v1`` is told to Baton and by
Baton), so each direction has its folder.
"""

import json
from collections.abc import Mapping
from functools import cache
from importlib import resources
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final

from pydantic import BaseModel
from pydantic.json_schema import GenerateJsonSchema

from schemas.asyncapi import document
from schemas.inbound import INBOUND, message_model
from schemas.outbound import OUTBOUND, event_model
from schemas.policy_document import PolicyDocument

__all__ = ["PUBLISHED", "examples", "files", "message_schema", "stale", "write"]

PUBLISHED: Final = Path(__file__).parent / "published"
DIALECT: Final = "https://json-schema.org/draft/2020-12/schema"

Json = dict[str, Any]


@cache
def files() -> Mapping[str, str]:
    """Return every published file's text by its path within the folder."""
    messages = {
        **{("inbound", name): message_schema("inbound", name) for name in INBOUND},
        **{("outbound", name): message_schema("outbound", name) for name in OUTBOUND},
    }
    written = {f"{direction}/{name}.json": schema for (direction, name), schema in messages.items()}
    written["policy.json"] = policy_schema()
    written["asyncapi.json"] = document(messages, examples(), policy_schema())
    return MappingProxyType({path: _text(written[path]) for path in sorted(written)})


def write(directory: Path = PUBLISHED) -> None:
    """Write all files, and remove schemas of messages that are no more."""
    expected = files()
    for path in _present(directory) - expected.keys():
        (directory / path).unlink()
    for path, text in expected.items():
        target = directory / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(text, encoding="utf-8")


def stale(directory: Path = PUBLISHED) -> list[str]:
    """Return one line for each file that is missing, differs or should not be there."""
    expected = files()
    present = _present(directory)
    lines = [f"{path}: missing" for path in expected.keys() - present]
    lines += [f"{path}: not generated from any model" for path in present - expected.keys()]
    lines += [
        f"{path}: differs from the models"
        for path in expected.keys() & present
        if (directory / path).read_text(encoding="utf-8") != expected[path]
    ]
    return sorted(lines)


def message_schema(direction: str, name: str) -> Json:
    """Return the JSON Schema of a whole message, envelope and data."""
    if direction == "inbound":
        return _schema(message_model(name), f"inbound:{name}")
    schema: Json = _without_nulls(_schema(event_model(name), f"outbound:{name}"))
    return schema


def policy_schema() -> Json:
    """Return the JSON Schema of the policy's document; ``baton policy check`` checks more."""
    return _schema(PolicyDocument, "policy")


@cache
def examples() -> dict[str, dict[str, Json]]:
    """Return one message of each type by direction and type."""
    folder = resources.files("schemas").joinpath("examples")
    return {
        direction: json.loads(folder.joinpath(f"{direction}.json").read_text(encoding="utf-8"))
        for direction in ("inbound", "outbound")
    }


def _schema(model: type[BaseModel], name: str) -> Json:
    schema = model.model_json_schema(by_alias=True, schema_generator=_Untitled)
    flowed: Json = _flowed(schema)
    return {"$schema": DIALECT, "$id": f"urn:leadbaton:{name}", **flowed}


class _Untitled(GenerateJsonSchema):
    """A title that repeats a member's name says nothing."""

    def field_title_should_be_set(self, schema: object) -> bool:  # noqa: ARG002 - overrides
        return False


def _flowed(schema: Any) -> Any:  # noqa: ANN401 - any JSON
    """Join the lines of descriptions, which docstrings break; paragraphs stay."""
    if isinstance(schema, list):
        return [_flowed(item) for item in schema]
    if not isinstance(schema, dict):
        return schema
    return {
        key: "\n\n".join(" ".join(part.split()) for part in value.split("\n\n"))
        if key == "description" and isinstance(value, str)
        else _flowed(value)
        for key, value in schema.items()
    }


def _without_nulls(schema: Any) -> Any:  # noqa: ANN401 - any JSON
    """Say what Baton sends: an optional member is absent, never null.

    A reader has to take members it does not know, or every new one would break it; so the
    strictness of the models, which holds Baton to them, is not published.
    """
    if isinstance(schema, list):
        return [_without_nulls(item) for item in schema]
    if not isinstance(schema, dict):
        return schema
    kept = {
        key: _without_nulls(value)
        for key, value in schema.items()
        if not (key == "additionalProperties" and value is False)
        and not (key == "default" and value in (None, []))
    }
    arms = [arm for arm in kept.get("anyOf", ()) if arm != {"type": "null"}]
    if len(arms) == 1 and len(kept["anyOf"]) > 1:
        del kept["anyOf"]
        return {**arms[0], **kept}
    return kept


def _present(directory: Path) -> set[str]:
    """Return the files that are ours by their place; whatever lies elsewhere is left alone."""
    places = ("asyncapi.json", "policy.json", "inbound/*.json", "outbound/*.json")
    return {
        path.relative_to(directory).as_posix() for place in places for path in directory.glob(place)
    }


def _text(content: Json) -> str:
    return json.dumps(content, indent=2, ensure_ascii=False) + "\n"
