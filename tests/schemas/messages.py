"""Messages as upstream systems send them: one good one a type, to build tests from."""

from typing import Any

import msgspec

from events.codec import Headers, decode
from lifecycle.signals import Signal
from schemas.envelope import CONTENT_TYPE

LEAD = "lead-7f3a"
TIME = "2026-03-02T09:00:00.000Z"
AT = 1_772_442_000_000
RECORDED_AT = AT + 1500
HEADERS: Headers = [("content-type", CONTENT_TYPE)]

ENGAGED: dict[str, Any] = {
    "activity": "pricing_page",
    "campaign": "spring-launch",
    "source": "google",
    "medium": "cpc",
    "content": "pricing-guide",
    "channel": "web",
    "url": "https://www.example.com/pricing?gclid=abc#plans",
}
WON: dict[str, Any] = {"opportunity_id": "opp-1", "amount": "48000.00"}
QUALIFIED: dict[str, Any] = {
    "budget": True,
    "authority": True,
    "need": True,
    "timeline_days": 60,
}


def event(kind: str = "engaged", data: object = None, **attributes: object) -> dict[str, Any]:
    """An event that decodes; attributes replace its own, None takes one out."""
    whole = {
        "specversion": "1.0",
        "id": "e-1",
        "source": "/web",
        "type": f"lead.{kind}.v1",
        "subject": LEAD,
        "time": TIME,
        "data": ENGAGED if data is None else data,
    } | attributes
    return {name: value for name, value in whole.items() if value is not None}


def value_of(whole: object) -> bytes:
    """The bytes of an event."""
    return msgspec.json.encode(whole)


def decoded(kind: str, data: object, **attributes: object) -> Signal:
    """Decode a good event about the lead."""
    value = value_of(event(kind, data, **attributes))
    signal = decode(LEAD.encode(), value, HEADERS, RECORDED_AT)
    assert isinstance(signal, Signal)
    return signal
