"""Every kind of message that nobody can use, each about a lead of its own."""

from collections.abc import Callable
from dataclasses import dataclass, field

from schemas.refusal import RefusalCode
from schemas.times import rfc3339
from tests.schemas.messages import AT, HEADERS, QUALIFIED, event, value_of

MINUTE = 60_000
SEEDED_AT, BAD_AT, NEXT_AT = AT, AT + 10 * MINUTE, AT + 20 * MINUTE
MEGABYTE = 1_000_000


@dataclass(frozen=True)
class Made:
    """A record as it is sent."""

    key: bytes | None
    value: bytes | None
    headers: tuple[tuple[str, bytes], ...] = tuple(HEADERS)


@dataclass(frozen=True)
class Bad:
    """One kind of bad message: the reason it has to get, and how it is made for a lead."""

    name: str
    code: RefusalCode
    make: Callable[[str], Made]
    decided: bool = field(default=False)
    """An illegal request: it was understood, and its id is remembered."""


def good(lead: str, activity: str, event_id: str, at: int) -> Made:
    """An engagement that counts; equal but for the lead."""
    whole = event(data={"activity": activity}, subject=lead, id=event_id, time=rfc3339(at))
    return Made(lead.encode(), value_of(whole))


def signal(
    kind: str = "engaged", data: object = None, /, **changes: object
) -> Callable[[str], Made]:
    """A message about the lead, as it differs from a good one; None takes an attribute out."""

    def make(lead: str) -> Made:
        given: dict[str, object] = {"subject": lead, "id": "bad", "time": rfc3339(BAD_AT)}
        whole = event(kind, {"activity": "page_view"} if data is None else data, **given | changes)
        return Made(lead.encode(), value_of(whole))

    return make


def raw(value: bytes | None, headers: tuple[tuple[str, bytes], ...] = ()) -> Callable[[str], Made]:
    """Bytes under the lead's key."""
    return lambda lead: Made(lead.encode(), value, headers)


def keyed(key: bytes | None) -> Callable[[str], Made]:
    """A message about the lead under another key."""
    return lambda lead: Made(key, signal()(lead).value)


def about(
    subject: str, kind: str = "engaged", data: object = None, **changes: object
) -> Callable[[str], Made]:
    """A message about somebody or something else, which only stands in the lead's partition."""
    return lambda _: signal(kind, data, **changes)(subject)


def instead(old: bytes, new: bytes, kind: str, data: object) -> Callable[[str], Made]:
    """A message with some of its bytes exchanged: what no encoder would write."""

    def make(lead: str) -> Made:
        made = signal(kind, data)(lead)
        assert made.value is not None
        assert old in made.value
        return Made(made.key, made.value.replace(old, new))

    return make


def opened(amount: object) -> dict[str, object]:
    """A deal of this amount."""
    return {
        "opportunity_id": "o-1",
        "amount": amount,
        "currency": "EUR",
        "close_date": "2026-06-30",
    }


def half(lead: str) -> Made:
    """A message that was cut off on its way."""
    made = signal()(lead)
    return Made(made.key, (made.value or b"")[:99])


ADOPTED = {
    "digest": "0123456789abcdef",
    "for_marketing": "ana",
    "for_sales": "ben",
    "reason": "another",
    "partition_count": 3,
}
C = RefusalCode
BAD = (
    Bad("not JSON", C.NOT_JSON, raw(b"activity=page_view", (("x-system", b"old-form"),))),
    Bad("half of a message", C.NOT_JSON, half),
    Bad("JSON of another shape", C.BAD_SHAPE, raw(b'{"event":"click","user":7}')),
    Bad("a JSON array", C.BAD_SHAPE, raw(b'["lead",1]')),
    Bad("brackets without end", C.BAD_SHAPE, raw(b"[" * 100_000)),
    Bad("unknown type", C.UNKNOWN_TYPE, signal("sneezed")),
    Bad("a newer major version", C.UNSUPPORTED_VERSION, signal(type="lead.engaged.v2")),
    *(
        Bad(f"{how} {name}", C.MISSING_ATTRIBUTE, signal(**{name: value}))
        for name in ("id", "source", "subject", "time")
        for how, value in (("missing", None), ("empty", ""))
    ),
    Bad("a time without zone", C.BAD_TIME, signal(time="2026-03-02T09:10:00.000")),
    Bad("a time more than 5 minutes past its record", C.FROM_THE_FUTURE,
        signal(time=rfc3339(BAD_AT + 5 * MINUTE + 1))),
    Bad("key and subject that differ", C.KEY_MISMATCH, keyed(b"somebody-else")),
    Bad("no key", C.KEY_MISMATCH, keyed(None)),
    Bad("a lead id too long", C.BAD_LEAD_ID, about("x" * 129)),
    Bad("an unprintable lead id", C.BAD_LEAD_ID, about("lead\x07bell")),
    Bad("a lead id like an email address", C.BAD_LEAD_ID, about("joe@example.com")),
    Bad("a lead id that is kept for others", C.BAD_LEAD_ID, about("~counts")),
    Bad("a field of the wrong type", C.BAD_FIELD, signal("engaged", {"activity": ["page_view"]})),
    Bad("NaN", C.BAD_FIELD, instead(b"12345", b"NaN", "opportunity_opened", opened(12345))),
    Bad("infinite", C.BAD_FIELD, instead(b"12345", b"1e999", "opportunity_opened", opened(12345))),
    Bad("infinite in a profile", C.BAD_FIELD,
        instead(b"12345", b"-Infinity", "profiled", {"attributes": {"employees": 12345}})),
    Bad("negative", C.BAD_FIELD, signal("opportunity_opened", opened(-1))),
    Bad("a text too long", C.BAD_FIELD,
        signal("engaged", {"activity": "page_view", "content": "x" * 950_000})),
    Bad("1 MB of text", C.TOO_LARGE, signal("engaged", {"activity": "x" * MEGABYTE})),
    Bad("10 MB of text", C.TOO_LARGE, signal("engaged", {"activity": "x" * (10 * MEGABYTE)})),
    Bad("a tombstone", C.TOMBSTONE, raw(None)),
    Bad("unknown reason to disqualify", C.UNKNOWN_REASON,
        signal("disqualified", {"reason": "bad_vibes"})),
    Bad("unknown reason to recycle", C.UNKNOWN_REASON, signal("recycled", {"reason": "bad_vibes"})),
    Bad("a reason that needs a date", C.DATE_MISSING,
        signal("recycled", {"reason": "in_contract"})),
    Bad("BANT in words", C.BAD_FIELD, signal("qualified", QUALIFIED | {"budget": "yes"})),
    Bad("BANT without authority", C.BAD_FIELD, signal("qualified", {"budget": True, "need": True})),
    Bad("a merged lead", C.NOT_SUPPORTED_YET, signal("merged", {"into": "lead-2"})),
    Bad("an erased lead", C.NOT_SUPPORTED_YET, signal("erased", {})),
    Bad("a policy message that does not validate", C.BAD_POLICY,
        about("~policy", "policy_adopted", ADOPTED | {"partition_count": 0})),
    Bad("a tick from the future", C.FROM_THE_FUTURE,
        about("~tick", "tick", {"partition": 0}, time=rfc3339(BAD_AT + 6 * MINUTE))),
    Bad("a stale handover id", C.STALE_HANDOVER,
        signal("accepted", {"handover_id": "lead:h9"}), decided=True),
    Bad("an illegal move", C.ILLEGAL_MOVE,
        signal("reinstated", {"person": "ana", "reason": "a mistake"}), decided=True),
)  # fmt: skip
