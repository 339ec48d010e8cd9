"""The fast lane for engagements reads nothing that the general lane reads otherwise or refuses."""

from typing import Any

import msgspec
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from events import codec
from events.engaged import engaged_signal
from lifecycle.signals import Signal
from schemas.refusal import Refused
from tests.schemas.messages import ENGAGED, LEAD, RECORDED_AT, event, value_of

KEY = LEAD.encode()
EDGES = (0, 1, 64, 159, 160, 161, 199, 200, 201, 255, 256, 257)
TEXTS = (
    st.text(max_size=8)
    | st.text(st.characters(codec="utf-8", exclude_characters='\\"@%'), max_size=8)
    | st.builds(lambda text, times: text * times, st.sampled_from("aä€🦊"), st.sampled_from(EDGES))
    | st.sampled_from(["a@b.example", "%40", "\x07", " ", "\u200b", "~x", "lead.engaged.v1"])
)
ANYTHING = (
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | TEXTS
    | st.lists(TEXTS, max_size=2) | st.dictionaries(TEXTS, TEXTS, max_size=2)
)  # fmt: skip
URLS = TEXTS | st.sampled_from(
    ["https://a.example/b?c#d", "https://a:b@c.example/", "?a", "x" * 8192, "x" * 8193]
)
TIMES = st.sampled_from(
    ["2026-03-02T09:00:00.000Z", "2026-03-02T09:00:00Z", "2026-03-02T10:00:00.5+01:00",
     "2026-03-02T24:00:00.000Z", "2026-02-30T09:00:00.000Z", "2026-03-02T09:00:60.000Z",
     "3000-01-01T00:00:00.000Z", "2026-03-02T09:00:00.0000000Z", "yesterday"]
)  # fmt: skip


@st.composite
def messages(draw: st.DrawFn) -> tuple[bytes, bytes]:
    """Almost good engagements, with their keys: some attributes and fields may be anything."""
    data: dict[str, Any] = {name: draw(TEXTS) for name in draw(st.sets(st.sampled_from(FIELDS)))}
    data = {"activity": "page_view", "url": draw(URLS)} | data
    whole = event(data=data, time=draw(TIMES), id=draw(TEXTS), source=draw(TEXTS))
    whole["subject"] = draw(st.just(LEAD) | TEXTS)
    for place, names in ((whole, [*whole, "extra"]), (data, [*data, "extra"])):
        if draw(st.booleans()):
            place[draw(st.sampled_from(names))] = draw(ANYTHING)
    subject = whole["subject"]
    key = subject.encode() if isinstance(subject, str) and draw(st.booleans()) else KEY
    return key, msgspec.json.encode(whole)


FIELDS = sorted(ENGAGED)


def general(key: bytes, value: bytes, timestamp: int = RECORDED_AT) -> Signal | None:
    """What the general lane reads; None where it refuses."""
    try:
        read = codec._decode_any(codec._parse(value), key, value, timestamp, 3)
    except Refused:
        return None
    assert isinstance(read, Signal)
    return read


def agree(key: bytes, value: bytes, timestamp: int = RECORDED_AT) -> None:
    fast = engaged_signal(key, value, timestamp, 3)
    assert fast is None or fast == general(key, value, timestamp)


@given(messages())
@example((KEY, value_of(event(data={**ENGAGED, "extra": 1}))))
@example((KEY, value_of(event(data=ENGAGED)).replace(b'"google"', b"1e999")))
@example((KEY, value_of(event(data=ENGAGED)).replace(b'"source":"google"', b'"b":1e999')))
@example((KEY, value_of(event(data=ENGAGED)).replace(b'"source":"google"', b'"b":"\xff"')))
@example((KEY, value_of(event(data=ENGAGED)).replace(b'"web"', b'"a","channel":"b"')))
@example((KEY, value_of(event(data=ENGAGED)).replace(b'"data":', b'"data":{},"data":')))
@example((KEY, value_of(event(data=ENGAGED)).replace(b'"id":', b'"id":7,"id":')))
def test_what_the_fast_lane_reads_the_general_lane_reads_the_same(
    message: tuple[bytes, bytes],
) -> None:
    agree(*message)


@given(start=st.integers(0, 400), junk=st.binary(min_size=1, max_size=4))
def test_a_damaged_message_is_read_the_same_or_left(start: int, junk: bytes) -> None:
    whole = value_of(event(data=ENGAGED))

    agree(KEY, whole[:start] + junk + whole[start + len(junk) :])


@pytest.mark.parametrize("timestamp", [-1, 2**62])
def test_no_record_of_an_impossible_time_is_read(timestamp: int) -> None:
    value = value_of(event(data=ENGAGED))

    assert engaged_signal(KEY, value, timestamp, 3) is general(KEY, value, timestamp) is None


@pytest.mark.parametrize(
    "data",
    [
        ENGAGED,
        {"activity": "page_view"},
        {"activity": "x" * 160, "campaign": "ü" * 200, "url": "https://www.example.com/a"},
        {"activity": "page_view", "campaign": "", "source": None, "url": ""},
        {"activity": "page_view", "url": "?only=query"},
    ],
)
def test_usual_messages_take_the_fast_lane(data: dict[str, Any]) -> None:
    value = value_of(event(data=data, datacontenttype="application/json"))

    read = engaged_signal(KEY, value, RECORDED_AT, 3)

    assert read is not None
    assert read == general(KEY, value)
