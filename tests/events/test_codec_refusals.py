"""Every kind of bad input has a reason of its own, and nothing else ever comes out of decoding."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import msgspec
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from events.codec import PolicyAdopted, Tick, decode
from lifecycle.signals import Signal
from schemas.inbound import INBOUND
from schemas.refusal import DETAIL_CHARACTERS_MAX, MEANINGS, RefusalCode, Refused
from tests.schemas.messages import ENGAGED, HEADERS, LEAD, QUALIFIED, RECORDED_AT, event, value_of

ADOPTED = {
    "digest": "0123456789abcdef",
    "for_marketing": "M",
    "for_sales": "S",
    "reason": "first",
    "partition_count": 4,
}
BINARY = [
    ("ce_specversion", b"1.0"),
    ("ce_id", b"e-1"),
    ("ce_source", b"/web"),
    ("ce_type", b"lead.engaged.v1"),
    ("ce_subject", LEAD.encode()),
    ("ce_time", b"2026-03-02T09:00:00Z"),
    ("content-type", b"application/json"),
]


@dataclass(frozen=True)
class Bad:
    """One bad record, and the reason it has to get."""

    name: str
    code: RefusalCode
    value: bytes | None
    key: bytes | None = LEAD.encode()
    headers: Sequence[tuple[str, bytes | None]] | None = field(default_factory=lambda: HEADERS)
    timestamp: int = RECORDED_AT
    detail: str = ""


def bad(  # a record, as it differs from a good one
    name: str,
    code: str,
    whole: object,
    detail: str = "",
    **record: Any,  # noqa: ANN401
) -> Bad:
    value = whole if isinstance(whole, bytes | None) else value_of(whole)
    return Bad(name, RefusalCode(code), value, detail=detail, **record)


def about(lead_id: str, **attributes: object) -> dict[str, Any]:
    """The value and the key of an event about a lead with this id."""
    whole = event("engaged", None, subject=lead_id, **attributes)
    return {"whole": whole, "key": lead_id.encode()}


def engaged(**data: object) -> dict[str, Any]:
    return event(data=ENGAGED | data)


def profiled(**attributes: object) -> dict[str, Any]:
    return event("profiled", {"attributes": attributes})


RAW = value_of(event())
CASES = [
    # What the bytes are.
    bad("a tombstone", "tombstone", None),
    bad("1 MB of text", "too_large", b'{"id":"' + b"x" * 1_000_000 + b'"}', "1000009 bytes"),
    bad("10 MB of text", "too_large", b"x" * 10_000_000),
    bad("no bytes", "not_json", b""),
    bad("not JSON", "not_json", b"activity=pricing_page"),
    bad("half of a message", "not_json", RAW[:200]),
    bad("two messages", "not_json", RAW + RAW),
    bad("Latin-1", "not_json", '{"id":"ü"}'.encode("latin-1"), "not UTF-8"),
    bad("a byte order mark", "not_json", b"\xef\xbb\xbf" + RAW),
    bad("a lone surrogate", "not_json", RAW.replace(b"e-1", b"\\ud800"), "strict"),
    bad("Avro with Confluent's prefix", "not_json", b"\x00\x00\x00\x00\x01\x10lead"),
    bad("brackets without end", "bad_shape", b"[" * 100_000, "nested too deep"),
    bad("nested too deep in a field nobody reads", "bad_shape",
        RAW[:-1] + b',"x":' + b"[" * 300 + b"]" * 300 + b"}", "nested too deep"),
    bad("many brackets, none deep, then not JSON", "not_json", b"[" + b"{}," * 300),
    bad("a JSON array", "bad_shape", [event()], "a JSON array"),
    bad("a JSON string", "bad_shape", "hello", "a JSON string"),
    bad("a JSON number", "bad_shape", 7, "a JSON number"),
    bad("a JSON boolean", "bad_shape", b"true", "a JSON boolean"),
    bad("JSON null", "bad_shape", b"null", "a JSON null"),
    bad("JSON of another shape", "bad_shape", {"event": "click", "user": 7}, "no attribute"),
    bad("a batch", "bad_shape", [event()],
        headers=[("content-type", b"application/cloudevents-batch+json")]),
    # The envelope.
    bad("no data", "bad_shape", event(data=None) | {"data": None}, "data is missing"),
    bad("data in base64", "bad_shape",
        {n: v for n, v in event().items() if n != "data"} | {"data_base64": "e30="}),
    bad("data that are text", "bad_shape", event(data="activity"), "a JSON string, not an object"),
    bad("data that are a list", "bad_shape", event(data=[1]), "a JSON array, not an object"),
    *(
        bad(f"no {name}", "missing_attribute", event("engaged", None, **{name: None}), name)
        for name in ("specversion", "id", "source", "type", "subject", "time")
    ),
    *(
        bad(f"an empty {name}", "missing_attribute", event("engaged", None, **{name: ""}), name)
        for name in ("specversion", "id", "source", "type", "subject", "time")
    ),
    bad("an id that is null", "missing_attribute", RAW.replace(b'"e-1"', b"null"), "id"),
    bad("an id that is a number", "bad_field", event(id=5), "id: a JSON number, not a string"),
    bad("a time in ms", "bad_field", event(time=1772442000000), "time: a JSON number"),
    bad("a type that is an object", "bad_field", event(type={}), "type: a JSON object"),
    bad("a source that is true", "bad_field", event(source=True), "source: a JSON boolean"),
    bad("an id too long", "bad_field", event(id="x" * 257), "id: not up to 256"),
    bad("an unprintable id", "bad_field", event(id="a\x00b"), "id: "),
    bad("a source too long", "bad_field", event(source="/" * 257), "source: "),
    bad("an unprintable source", "bad_field", event(source="a\nb"), "source: "),
    bad("CloudEvents 0.3", "unsupported_version", event(specversion="0.3"), "'0.3'; 1.0 is read"),
    bad("a newer major version", "unsupported_version", event("engaged", type="lead.engaged.v2"),
        "reads lead.engaged.v1"),
    bad("an unknown type", "unknown_type", event("abducted"), "'lead.abducted.v1'"),
    bad("a fact sent back", "unknown_type", event("stage_changed")),
    bad("version 0", "unknown_type", event(type="lead.engaged.v0")),
    bad("no version", "unknown_type", event(type="lead.engaged")),
    bad("somebody else's type", "unknown_type", event(type="com.github.push"), "com.github.push"),
    bad("a long unknown type", "unknown_type", event(type="x" * 5000), "..."),
    bad("merged", "not_supported_yet", event("merged", {"into": "lead-2"}), "lead.merged.v1"),
    bad("erased", "not_supported_yet", event("erased", {})),
    bad("merged into nobody", "bad_field", event("merged", {"into": ""}), "data.into"),
    bad("merged into an address", "bad_field", event("merged", {"into": "jo@x.org"}), "email"),
    bad("a time without zone", "bad_time", event(time="2026-03-02T09:00:00.000"), "with a zone"),
    bad("a date for a time", "bad_time", event(time="2026-03-02"), "RFC 3339"),
    bad("a time in words", "bad_time", event(time="yesterday"), "'yesterday'"),
    bad("a time by week", "bad_time", event(time="2026-W10-1T09:00:00.000Z")),
    bad("a time with a blank", "bad_time", event(time="2026-03-02 09:00:00Z")),
    bad("the 30th of February", "bad_time", event(time="2026-02-30T09:00:00Z"), "no such day"),
    bad("25 o'clock", "bad_time", event(time="2026-02-03T25:00:00Z"), "no such day"),
    bad("the year 1", "bad_time", event(time="0001-01-01T00:00:00Z"), "1970"),
    bad("the year 1 further east", "bad_time", event(time="0001-01-01T00:00:00+14:00"), "1970"),
    bad("the year 9999", "bad_time", event(time="9999-12-31T23:59:59-14:00"), "3000"),
    bad("digits that are not ASCII", "bad_time", event(time="٢٠٢٦-03-02T09:00:00Z")),
    bad("a time of a megabyte", "bad_time", event(time="2026-03-02T09:00:00." + "0" * 9000 + "Z")),
    bad("a record without a timestamp", "bad_time", event(), "-1", timestamp=-1),
    bad("no key", "key_mismatch", event(), "None", key=None),
    bad("an empty key", "key_mismatch", event(), key=b""),
    bad("key and subject that differ", "key_mismatch", event(), "b'lead-8'", key=b"lead-8"),
    bad("a key that is not UTF-8", "key_mismatch", event(), "\\xff", key=b"\xff"),
    bad("a lead id too long", "bad_lead_id", **about("x" * 129), detail="longer than 128"),
    bad("an unprintable lead id", "bad_lead_id", **about("lead\x07"), detail="unprintable"),
    bad("a blank lead id", "bad_lead_id", **about("  "), detail="blank"),
    bad("an email address", "bad_lead_id", **about("joe@example.com"), detail="email"),
    bad("an address in a lead id", "bad_lead_id", **about("crm:joe@example.com")),
    bad("an escaped address", "bad_lead_id", **about("joe%40example.com")),
    bad("a lead id that starts with ~", "bad_lead_id", **about("~tick"), detail="starts with ~"),
    bad("a tick about a lead", "bad_lead_id", event("tick", {"partition": 1}), "no lead"),
    # The data.
    bad("no activity", "bad_field", event(data={}), "data.activity: Field required"),
    bad("an activity that is a number", "bad_field", engaged(activity=7), "data.activity"),
    bad("an activity that is null", "bad_field", engaged(activity=None), "data.activity"),
    bad("an empty activity", "bad_field", engaged(activity=""), "data.activity"),
    bad("an activity too long", "bad_field", engaged(activity="x" * 161), "data.activity"),
    bad("a campaign that is a list", "bad_field", engaged(campaign=["a"]), "data.campaign"),
    bad("two wrong fields", "bad_field", engaged(activity=7, medium=7), "(and 1 more)"),
    bad("a NUL in a text", "bad_field", engaged(content="a\x00b"), "data.content: has a control"),
    bad("an address as campaign", "bad_field", engaged(campaign="to joe@example.com"),
        "data.campaign: looks like an email address"),
    bad("an address in a url's path", "bad_field", engaged(url="https://x.org/u/joe%40x.org"),
        "data.url: looks like an email address"),
    bad("an address as rep", "bad_field", event("assigned", {"rep": "joe@x.org"}), "data.rep"),
    bad("an address with its @ escaped", "bad_field",
        RAW.replace(b"spring-launch", b"joe\\u0040example.com"), "data.campaign"),
    bad("an address among codes", "bad_field",
        event("accepted", {"handover_id": "h1", "objections": ["price", "joe@x.org"]}),
        "data.voice.objections.1: looks like"),
    bad("NaN", "bad_field", RAW.replace(b'"spring-launch"', b"NaN"), "NaN"),
    bad("infinity", "bad_field", RAW.replace(b'"spring-launch"', b"-Infinity"), "infinite"),
    bad("a number too large", "bad_field", RAW.replace(b'"spring-launch"', b"1e400"), "range"),
    bad("a number of 5000 digits", "bad_field",
        RAW.replace(b'"spring-launch"', b"1" * 5000), "range"),
    bad("a negative amount", "bad_field",
        event("won", {"opportunity_id": "o", "amount": -1}), "data.amount"),
    bad("an amount in words", "bad_field",
        event("won", {"opportunity_id": "o", "amount": "a lot"}), "data.amount"),
    bad("BANT in words", "bad_field", event("qualified", QUALIFIED | {"budget": "yes"}),
        "data.budget"),
    bad("BANT as numbers", "bad_field", event("qualified", QUALIFIED | {"need": 1}), "data.need"),
    bad("BANT without authority", "bad_field",
        event("qualified", {"budget": True, "need": True}), "data.authority: Field required"),
    bad("a negative timeline", "bad_field", event("qualified", QUALIFIED | {"timeline_days": -1}),
        "data.timeline_days"),
    bad("a timeline in words", "bad_field",
        event("qualified", QUALIFIED | {"timeline_days": "soon"}), "data.timeline_days"),
    bad("six codes", "bad_field",
        event("accepted", {"handover_id": "h", "questions": list("abcdef")}), "data.questions"),
    bad("a profile of an email", "bad_field", profiled(email="x"), "personal data"),
    bad("a profile of nothing", "bad_field", event("profiled", {}), "names no attribute"),
    bad("a NUL in a profile", "bad_field", profiled(role="\x00"), "data.attributes.role: has"),
    bad("an unknown clock", "bad_field", event("clock_resumed", {"clock": "tower"}), "data.clock"),
    # Without a lead.
    bad("a tick without partition", "bad_field",
        event("tick", {}, subject="~tick"), "data.partition", key=b"~tick"),
    bad("an adoption that says nothing", "bad_policy",
        event("policy_adopted", {}, subject="~policy"), "data.digest", key=b"~policy"),
    bad("an adoption of no partition", "bad_policy",
        event("policy_adopted", ADOPTED | {"partition_count": 0}, subject="~policy"),
        "data.partition_count", key=b"~policy"),
    bad("an adoption of a wrong digest", "bad_policy",
        event("policy_adopted", ADOPTED | {"digest": "v1"}, subject="~policy"),
        "data.digest", key=b"~policy"),
    # Headers.
    bad("a re-drive of no number", "bad_shape", event(), "baton-redrive",
        headers=[*HEADERS, ("baton-redrive", b"twice")]),
    bad("binary mode without an id", "missing_attribute", ENGAGED, "id",
        headers=[pair for pair in BINARY if pair[0] != "ce_id"]),
    bad("binary mode in Latin-1", "bad_shape", ENGAGED, "not UTF-8",
        headers=[*BINARY, ("ce_source", b"\xff")]),
    bad("binary mode with a list for data", "bad_shape", [1], "a JSON array", headers=[*BINARY]),
    bad("binary mode without JSON", "not_json", b"activity", headers=[*BINARY]),
    bad("binary mode with a lone surrogate", "not_json", b'{"activity":"\\ud800"}',
        headers=[*BINARY]),
    bad("binary mode nested too deep", "bad_shape", b"[" * 1000, headers=[*BINARY]),
    bad("binary mode of a lead that looks like an address", "bad_lead_id", ENGAGED, "email",
        key=b"joe@example.com", headers=[*BINARY, ("ce_subject", b"joe@example.com")]),
]  # fmt: skip


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_bad_input_is_refused_with_its_reason(case: Bad) -> None:
    with pytest.raises(Refused) as refused:
        decode(case.key, case.value, case.headers, case.timestamp)

    assert refused.value.code is case.code
    assert case.detail in refused.value.detail
    assert len(refused.value.detail.encode()) <= 4 * DETAIL_CHARACTERS_MAX
    assert str(refused.value).startswith(f"{case.code}: ")


def test_every_reason_that_decoding_has_is_tried() -> None:
    elsewhere = {
        RefusalCode.FROM_THE_FUTURE,
        RefusalCode.UNKNOWN_REASON,
        RefusalCode.DATE_MISSING,
        RefusalCode.ILLEGAL_MOVE,
        RefusalCode.STALE_HANDOVER,
        RefusalCode.TOO_MANY_OPPORTUNITIES,
        RefusalCode.NOMINATIONS_EXHAUSTED,
        RefusalCode.FAILED,
    }

    assert {case.code for case in CASES} == set(RefusalCode) - elsewhere


def test_every_reason_has_its_meaning_in_words() -> None:
    assert set(MEANINGS) == set(RefusalCode)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda part: st.lists(part, max_size=4) | st.dictionaries(st.text(max_size=10), part),
    max_leaves=10,
)
NAMES = st.sampled_from(
    ["activity", "attributes", "clear", "rep", "amount", "until", "clock", "reached", "budget"]
)


@st.composite
def messages(draw: st.DrawFn) -> bytes:
    """Almost good messages: any attribute and any field may be anything."""
    data = draw(st.dictionaries(NAMES, JSON, max_size=4)) | draw(st.just({}) | st.just(ENGAGED))
    whole: dict[str, Any] = event(type=draw(st.sampled_from(sorted(INBOUND))), data=data)
    if draw(st.booleans()):
        whole[draw(st.sampled_from(sorted(whole)))] = draw(JSON)
    return msgspec.json.encode(whole)


@given(
    key=st.none() | st.binary(max_size=20) | st.just(LEAD.encode()),
    value=st.none() | st.binary(max_size=300) | messages() | JSON.map(msgspec.json.encode),
    headers=st.none()
    | st.lists(
        st.tuples(
            st.sampled_from(["content-type", "ce_id", "ce_type", "ce_time", "baton-redrive", "x"]),
            st.none() | st.binary(max_size=20) | st.sampled_from([pair[1] for pair in BINARY]),
        ),
        max_size=6,
    ),
    timestamp=st.integers(min_value=-1, max_value=2**62),
)
@example(key=b"", value=b'{"type":"lead.engaged.v1"}', headers=[], timestamp=0)
def test_decoding_returns_or_refuses_whatever_comes(
    key: bytes | None,
    value: bytes | None,
    headers: list[tuple[str, bytes | None]] | None,
    timestamp: int,
) -> None:
    try:
        done = decode(key, value, headers, timestamp)
    except Refused as refused:
        assert refused.detail.encode()  # noqa: PT017 - decoding may also succeed
        return

    assert isinstance(done, Signal | Tick | PolicyAdopted)


@given(start=st.integers(0, 400), junk=st.binary(min_size=1, max_size=4))
def test_a_damaged_message_is_decoded_or_refused(start: int, junk: bytes) -> None:
    damaged = RAW[:start] + junk + RAW[start + len(junk) :]
    try:
        done = decode(LEAD.encode(), damaged, HEADERS, RECORDED_AT)
    except Refused as refused:
        assert refused.detail  # noqa: PT017 - decoding may also succeed
        return

    assert isinstance(done, Signal)
