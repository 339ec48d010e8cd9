"""Both modes of CloudEvents decode to the same signal; what is encoded decodes again."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from events.codec import (
    PolicyAdopted,
    Tick,
    decode,
    encode_policy_adopted,
    encode_signal,
    encode_tick,
    traceparent_of,
)
from lifecycle import signals
from lifecycle.signals import NO_VOICE, Signal
from schemas.lead_id import lead_id_fault
from schemas.times import TIME_MAX
from tests.schemas.messages import (
    AT,
    ENGAGED,
    HEADERS,
    LEAD,
    RECORDED_AT,
    TIME,
    decoded,
    event,
    value_of,
)

PARENT = b"00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"
BINARY = [
    ("ce_specversion", b"1.0"),
    ("ce_id", b"e-1"),
    ("ce_source", b"/web"),
    ("ce_type", b"lead.engaged.v1"),
    ("ce_subject", LEAD.encode()),
    ("ce_time", TIME.encode()),
    ("content-type", b"application/json"),
]


def test_binary_mode_means_the_same_as_structured_mode() -> None:
    structured = decode(LEAD.encode(), value_of(event()), HEADERS, RECORDED_AT)
    binary = decode(LEAD.encode(), value_of(ENGAGED), BINARY, RECORDED_AT)

    assert binary == structured


@pytest.mark.parametrize(
    "headers",
    [
        None,
        [],
        [("content-type", b"application/json")],
        [("content-type", b"Application/CloudEvents+JSON")],
        [("content-type", None), ("x-request", b"1")],
        # Structured mode wins over attributes that a gateway copied into headers.
        [("ce_id", b"other"), ("content-type", b"application/cloudevents+json")],
    ],
)
def test_structured_mode_needs_no_header(
    headers: list[tuple[str, bytes | None]] | None,
) -> None:
    signal = decode(LEAD.encode(), value_of(event()), headers, RECORDED_AT)

    assert isinstance(signal, Signal)
    assert signal.id == "e-1"


def test_unknown_fields_are_kept_out_and_never_refused() -> None:
    whole = event(data=ENGAGED | {"sentiment": 0.4, "nested": [{"a": None}]}, partnerid="p7")

    signal = decode(LEAD.encode(), value_of(whole), HEADERS, RECORDED_AT)

    assert signal == decode(LEAD.encode(), value_of(event()), HEADERS, RECORDED_AT)


def test_many_brackets_that_do_not_nest_are_read() -> None:
    whole = event(extension=[[] for _ in range(300)])

    assert isinstance(decode(LEAD.encode(), value_of(whole), HEADERS, RECORDED_AT), Signal)


def test_empty_texts_and_nulls_count_as_absent() -> None:
    engaged = decoded("engaged", {"activity": "x", "campaign": "", "medium": None, "url": "?a=b"})
    accepted = decoded(
        "accepted",
        {"handover_id": "h", "rep": "", "competitor": None, "questions": [], "objections": None},
    )

    assert engaged.body == signals.Engaged("x")
    assert accepted.body == signals.Accepted("h")
    assert isinstance(accepted.body, signals.Accepted)
    assert accepted.body.voice is NO_VOICE


def test_an_at_sign_alone_is_no_address() -> None:
    signal = decoded("engaged", {"activity": "x", "campaign": "win @ work\tnow"})

    assert isinstance(signal.body, signals.Engaged)
    assert signal.body.campaign == "win @ work\tnow"


def test_the_number_of_a_redrive_is_part_of_the_signal() -> None:
    headers = [*HEADERS, ("baton-redrive", b"2")]

    signal = decode(LEAD.encode(), value_of(event()), headers, RECORDED_AT)

    assert isinstance(signal, Signal)
    assert signal.redrive == 2


def test_a_message_may_be_as_large_as_the_limit_and_no_larger() -> None:
    value = value_of(event())

    signal = decode(LEAD.encode(), value, HEADERS, RECORDED_AT, value_bytes_max=len(value))

    assert isinstance(signal, Signal)


@pytest.mark.parametrize("name", ["traceparent", "ce_traceparent"])
def test_the_trace_context_is_found_in_the_headers(name: str) -> None:
    assert traceparent_of([("content-type", b"x"), (name, PARENT)]) == PARENT


@pytest.mark.parametrize("content", [None, b"", b"junk", b"00-" + b"a" * 200, b"00-xyz\n"])
def test_a_trace_context_that_is_none_is_left_behind(content: bytes | None) -> None:
    assert traceparent_of([("traceparent", content)]) is None


def test_a_record_without_headers_has_no_trace_context() -> None:
    assert traceparent_of(None) is None


def opaque(text: str) -> bool:
    return "@" not in text and "%40" not in text


@given(
    lead_id=st.text(min_size=1, max_size=40).filter(
        lambda text: opaque(text) and lead_id_fault(text) is None
    ),
    at=st.integers(0, TIME_MAX - 1),
    recorded_at=st.integers(0, TIME_MAX - 1),
    campaign=st.text(st.characters(codec="utf-8", exclude_categories=["Cc"]), max_size=60).filter(
        opaque
    ),
)
def test_what_is_encoded_decodes_to_the_same(
    lead_id: str, at: int, recorded_at: int, campaign: str
) -> None:
    data = {"activity": "demo", "campaign": campaign}

    key, value, headers = encode_signal(
        "lead.engaged.v1", lead_id, data, id="i", source="/s", time=at
    )

    body = signals.Engaged("demo", campaign or None)
    assert decode(key, value, headers, recorded_at) == Signal(
        "i", "/s", lead_id, at, recorded_at, body
    )


def test_encoding_the_same_gives_the_same_bytes() -> None:
    args = ("lead.engaged.v1", LEAD, ENGAGED)

    one = encode_signal(*args, id="e-1", source="/web", time=AT)
    other = encode_signal(*args, id="e-1", source="/web", time=AT)

    assert one == other
    assert json.loads(one[1]) == event() | {"datacontenttype": "application/json"}


def test_a_tick_comes_back_with_its_time() -> None:
    key, value, headers = encode_tick(3, AT, "t-1", "/baton/ticker")

    assert decode(key, value, headers, RECORDED_AT) == Tick(
        "t-1", "/baton/ticker", AT, RECORDED_AT, partition=3
    )


def test_an_adoption_comes_back_with_who_ticks() -> None:
    key, value, headers = encode_policy_adopted(
        digest="0123456789abcdef",
        for_marketing="M",
        for_sales="S",
        reason="why",
        partition_count=4,
        ticks="external",
        id="p-1",
        source="/adopt",
        time=AT,
    )

    adopted = decode(key, value, headers, RECORDED_AT)

    assert isinstance(adopted, PolicyAdopted)
    assert (adopted.ticks, adopted.partition_count, adopted.time) == ("external", 4, AT)
