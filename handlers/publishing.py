"""Publishing signals from lines of JSON: each line checked by itself, bad ones told and left out.

A line is a CloudEvent, as an integrator would send it: ``type``, ``subject`` (or by its plain name
``lead_id``) and ``data``, and if they are known ``id``, ``source`` and ``time``. Without ``time``
it is now. Without ``id`` it is made of the line and its number, so that publishing the same file
twice changes nothing the second time.
"""

import hashlib
import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any, Final

from events.publisher import Publisher, PublishError
from schemas.refusal import RefusalCode, Refused
from schemas.times import parse_time

KNOWN: Final = frozenset(
    {
        "specversion",
        "type",
        "subject",
        "lead_id",
        "data",
        "id",
        "source",
        "time",
        "datacontenttype",
    }
)


@dataclass(frozen=True, slots=True)
class BadLine:
    """A line that was not sent, or did not arrive."""

    number: int
    """From 1."""
    reason: str


@dataclass(slots=True)
class Outcome:
    """What became of the lines."""

    sent: int = 0
    bad: int = 0


def publish(
    lines: Iterable[bytes],
    publisher: Publisher,
    source: str,
    tell: Callable[[BadLine], None],
    progress: Callable[[int], None],
) -> Outcome:
    """Send every line that is a signal, tell each that is not, and return how many there were."""
    outcome = Outcome()
    numbers: dict[str, int] = {}

    def bad(number: int, reason: str) -> None:
        outcome.bad += 1
        tell(BadLine(number, reason))

    def undelivered(error: PublishError) -> None:
        for one in error.undelivered:
            bad(numbers.get(one.id, 0), f"not delivered: {one.reason}")
        outcome.bad += error.count - len(error.undelivered)

    for number, line in enumerate(lines, start=1):
        if line.strip():
            try:
                event = _event(number, line, source)
                numbers[event["id"]] = number
                _send(publisher, event, undelivered)
            except Refused as error:
                bad(number, str(error))
        progress(len(line))
    try:
        publisher.flush()
    except PublishError as error:
        undelivered(error)
    outcome.sent = publisher.delivered
    return outcome


def _send(
    publisher: Publisher, event: dict[str, Any], undelivered: Callable[[PublishError], None]
) -> None:
    """Send one event; what the broker says of earlier ones is told, and stops nothing."""
    while True:
        try:
            publisher.publish(
                event["type"],
                event["subject"],
                event["data"],
                source=event["source"],
                id=event["id"],
                time=event["time"],
            )
        except PublishError as error:
            undelivered(error)
            if any(one.id == event["id"] for one in error.undelivered):
                return
            continue
        return


def _event(number: int, line: bytes, source: str) -> dict[str, Any]:
    try:
        told = json.loads(line)
    except (ValueError, RecursionError) as error:
        raise Refused(RefusalCode.NOT_JSON, f"not JSON: {error}") from None
    if not isinstance(told, dict):
        raise Refused(RefusalCode.BAD_SHAPE, "not a JSON object with type, subject and data")
    unknown = sorted(set(told) - KNOWN)
    if unknown:
        raise Refused(RefusalCode.BAD_SHAPE, f"{unknown[0]!r} is no attribute; data go in 'data'")
    if "subject" in told and "lead_id" in told:
        raise Refused(RefusalCode.BAD_SHAPE, "subject and lead_id are the same: give one of them")
    digest = hashlib.sha256(b"%d:%s" % (number, line.strip())).hexdigest()[:32]
    return {
        "type": _text(told, "type"),
        "subject": _text(told, "lead_id" if "lead_id" in told else "subject"),
        "data": _data(told),
        "id": _text(told, "id", digest),
        "source": _text(told, "source", source),
        "time": _time(told),
    }


def _text(told: dict[str, Any], name: str, otherwise: str | None = None) -> str:
    value = told.get(name, otherwise)
    if not isinstance(value, str) or not value:
        raise Refused(RefusalCode.MISSING_ATTRIBUTE, f"{name} is missing, or no text")
    return value


def _data(told: dict[str, Any]) -> dict[str, Any]:
    data = told.get("data")
    if not isinstance(data, dict):
        raise Refused(RefusalCode.BAD_SHAPE, "data is missing, or no JSON object")
    return data


def _time(told: dict[str, Any]) -> int | None:
    if "time" not in told:
        return None
    try:
        return parse_time(_text(told, "time"))
    except ValueError as error:
        raise Refused(RefusalCode.BAD_TIME, f"time: {error}") from None
