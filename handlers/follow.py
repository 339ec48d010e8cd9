"""What Baton says, as lines: JSON for programs, and one readable line a record for people."""

import json
from base64 import b64encode
from collections.abc import Mapping
from typing import Any, Final

from rich.text import Text

from events.refusals import Origin, Refusal, read
from handlers.reading import Headers, Record
from schemas.times import rfc3339

_COLOURS: Final = {
    "stage_changed": "bold cyan",
    "handover": "bold green",
    "won": "bold green",
    "recycle": "yellow",
    "lost": "yellow",
    "clock_breached": "bold red",
    "clock_warned": "red",
    "refused": "red",
}
# What every fact carries, or what is too long for a line: `--json` and a pipe have all of it.
_LEFT_OUT: Final = frozenset(
    {
        "arrival_campaign",
        "arrival_content",
        "arrival_source",
        "first_touches",
        "from_stage",
        "happened_at",
        "last_touches",
        "owner",
        "policy",
        "receipt",
        "rejections",
        "rules",
        "seq",
        "stage",
        "team",
        "to_stage",
        "touch_campaign",
        "touch_content",
        "touch_source",
        "trigger",
        "voice",
    }
)
VALUE_CHARACTERS_MAX: Final = 60


def fact_json(record: Record) -> str:
    """Return a fact as one line of JSON: the published bytes themselves."""
    text = (record.value or b"null").decode("utf-8", "backslashreplace")
    return json.dumps(json.loads(text), ensure_ascii=False) if "\n" in text else text


def fact_text(record: Record) -> Text:
    """Return a fact as a line for people: when, who, what, and what matters of it."""
    try:
        event: dict[str, Any] = json.loads(record.value or b"null")
        data: Mapping[str, Any] = event["data"]
        name = str(event["type"]).removeprefix("lead.").rsplit(".v", 1)[0]
        head = f"{_short_time(str(event['time']))}  {event['subject']} #{data['seq']}  "
    except (ValueError, KeyError, TypeError) as error:
        return Text(f"{record.place}  not a fact of this version ({error})", style="red")
    line = Text(head)
    line.append(name, style=_COLOURS.get(name, "bold"))
    if name == "stage_changed":
        start, target = data.get("from_stage"), data.get("to_stage")
        line.append(f"  {start} → {target} ({data.get('trigger')})")
    shown = {key: value for key, value in data.items() if key not in _LEFT_OUT and _scalar(value)}
    line.append("".join(f"  {key}={_shown(value)}" for key, value in shown.items()), style="dim")
    return line


def refusal_of(record: Record) -> Refusal:
    """Return what a record of ``lead.refusals`` says."""
    at = Origin(record.topic, record.partition, record.offset)
    return read(record.key, record.value, record.headers, at=at)


def refusal_object(record: Record) -> dict[str, Any]:
    """Return a refusal as an object; bytes that are no text are base64 under ``…_base64``."""
    refusal = refusal_of(record)
    told: dict[str, Any] = {
        "reason": refusal.reason,
        "detail": refusal.detail,
        "origin": place_of(refusal.origin),
        "refusal": record.place,
        "time": rfc3339(record.timestamp) if record.timestamp >= 0 else None,
        "length": refusal.length,
        "truncated": refusal.truncated,
    }
    return (
        told
        | _readable("key", refusal.key)
        | {"headers": _headers(refusal.headers)}
        | _readable("value", refusal.value)
    )


def refusal_json(record: Record) -> str:
    """Return a refusal as one line of JSON."""
    return json.dumps(refusal_object(record), ensure_ascii=False)


def refusal_text(record: Record) -> Text:
    """Return a refusal as a line for people."""
    refusal = refusal_of(record)
    when = _short_time(rfc3339(record.timestamp)) if record.timestamp >= 0 else "?"
    line = Text(f"{when}  ")
    line.append(refusal.reason, style="red")
    line.append(f"  {place_of(refusal.origin)}  ", style="dim")
    line.append(refusal.detail)
    return line


def place_of(origin: Origin) -> str:
    """Return ``topic:partition:offset``."""
    return f"{origin.topic}:{origin.partition}:{origin.offset}"


def _headers(headers: tuple[tuple[str, bytes | None], ...] | Headers) -> list[list[str | None]]:
    shown: list[list[str | None]] = []
    for name, raw in headers:
        shown.append([name, None if raw is None else raw.decode("utf-8", "backslashreplace")])
    return shown


def _readable(name: str, raw: bytes | None) -> dict[str, str | None]:
    if raw is None:
        return {name: None}
    try:
        return {name: raw.decode()}
    except UnicodeDecodeError:
        return {f"{name}_base64": b64encode(raw).decode("ascii")}


def _scalar(value: object) -> bool:
    return isinstance(value, (str, int, float)) and value is not False


def _shown(value: object) -> str:
    text = "yes" if value is True else str(value)
    return text if len(text) <= VALUE_CHARACTERS_MAX else text[: VALUE_CHARACTERS_MAX - 1] + "…"


def _short_time(time: str) -> str:
    return time[:19].replace("T", " ")
