"""A lead survives being written, whatever it is, and stays small."""

import struct
from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from enum import Enum
from types import NoneType
from typing import Any, get_args, get_origin, get_type_hints

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from events.state import ENCODING, UnreadableStateError, decode_lead, encode_lead, peek
from lifecycle.clocks import next_due
from lifecycle.decide import decide
from lifecycle.lead import Accumulator, Arrival, Lead, Scores
from lifecycle.signals import Body, Engaged, Profiled, Signal
from lifecycle.stages import Stage
from schemas.policy import shipped

MONDAY = 1_772_442_000_000
HOUR = 3_600_000
HEAD = bytes([ENCODING]) + bytes(9)
HEAD_BYTES = len(HEAD)

_TIMES = st.integers(min_value=0, max_value=32_503_680_000_000)
_PLAIN: dict[object, st.SearchStrategy[Any]] = {
    str: st.text(max_size=12),
    bool: st.booleans(),
    int: st.integers(min_value=0, max_value=2**64 - 1),
    bytes: st.binary(max_size=32),
    float: st.floats(allow_nan=False),
    NoneType: st.none(),
}


def _any(hint: Any, name: str = "") -> st.SearchStrategy[Any]:  # noqa: ANN401 - a type hint
    """Return a strategy for whatever a field of a lead may hold."""
    if hint in _PLAIN:
        is_time = hint is int and (name.endswith("_at") or name in {"at", "since"})
        return _TIMES if is_time else _PLAIN[hint]
    if get_origin(hint) is tuple:
        return st.lists(_any(get_args(hint)[0]), max_size=3).map(tuple)
    if get_origin(hint) is Mapping:
        return st.dictionaries(st.text(max_size=8), _any(get_args(hint)[1]), max_size=3)
    if is_dataclass(hint):
        return _records(hint)  # type: ignore[arg-type]
    if isinstance(hint, type) and issubclass(hint, Enum):
        return st.sampled_from(hint)
    return st.one_of(*(_any(arm, name) for arm in get_args(hint)))


def _records(record: type) -> st.SearchStrategy[Any]:
    hints = get_type_hints(record)
    given_ = {field.name: _any(hints[field.name], field.name) for field in fields(record)}
    return st.builds(record, **given_)


@settings(max_examples=60)
@given(lead=_records(Lead))
def test_any_lead_is_read_back_exactly(lead: Lead) -> None:
    data = encode_lead(lead)

    again = decode_lead(data)

    assert again == lead
    assert repr(again) == repr(lead), "types, order of mappings, signs of zero"
    assert encode_lead(again) == data


def _lead(**told: Any) -> Lead:  # noqa: ANN401 - any field
    arrival = Arrival(MONDAY, "marketing")
    return Lead("lead-7f3a", 1, Stage.COLD, MONDAY, MONDAY, b"", arrival, **told)


@pytest.mark.parametrize("gated", [0.0, -0.0, 1e-300, 12.5])
def test_the_bits_of_an_accumulator_survive(gated: float) -> None:
    scores = Scores({"page_view": Accumulator(0.1 + 0.2, gated, 7, 8, 9, MONDAY)})

    accumulator = decode_lead(encode_lead(_lead(scores=scores))).scores.accumulators["page_view"]

    assert struct.pack(">dd", accumulator.points, accumulator.gated) == struct.pack(
        ">dd", 0.1 + 0.2, gated
    )


def test_leads_that_know_nothing_do_not_share_what_can_change() -> None:
    one, other = decode_lead(encode_lead(_lead())), decode_lead(encode_lead(_lead()))

    assert one.scores.accumulators is not other.scores.accumulators
    assert one.profile is not other.profile


def _lived(bodies: list[Body]) -> Lead:
    lead: Lead | None = None
    for number, body in enumerate(bodies):
        at = MONDAY + number * 26 * HOUR
        signal = Signal(f"web-{number}", "/web", "lead-000123456", at, at + 900, body)
        lead = decide(lead, signal, shipped()).lead
    assert lead is not None
    return lead


def _visit(activity: str) -> Engaged:
    return Engaged(activity, "spring-launch-2026", "newsletter", "email", "guide-to-mills", "web")


def test_a_typical_lead_takes_less_than_600_bytes() -> None:
    visits = ["page_view", "email_open", "page_view", "email_click", "return_visit"]
    bodies: list[Body] = [_visit(activity) for activity in (*visits, *visits[:4])]
    bodies.insert(4, Profiled({"industry": "manufacturing", "employees": 430}))

    lead = _lived(bodies)

    size = len(encode_lead(lead))
    assert decode_lead(encode_lead(lead)) == lead
    assert size < 600, size


def test_a_lead_that_sales_has_with_all_its_clocks_stays_below_1500_bytes() -> None:
    bodies: list[Body] = [
        Profiled({"industry": "manufacturing", "employees": 430, "seniority": "director"}),
        *(_visit(activity) for activity in ("pricing_view", "webinar_attended") * 5),
        _visit("demo_request"),
    ]

    lead = _lived(bodies)

    assert lead.stage is Stage.MQL
    assert decode_lead(encode_lead(lead)) == lead
    assert len(encode_lead(lead)) < 1500


def test_a_field_added_at_the_end_of_a_record_reads_bytes_of_before() -> None:
    lead = _lead()
    data = encode_lead(lead)
    *rest, plain = msgspec.msgpack.decode(data[HEAD_BYTES:])
    before = data[:HEAD_BYTES] + msgspec.msgpack.encode((*rest, plain[:-1]))

    assert decode_lead(before) == lead


@pytest.mark.parametrize(
    "data",
    [
        b"",
        HEAD[:-1],
        HEAD,
        HEAD[:1] + b"\xff" + HEAD[2:] + b"\x90",
        HEAD + b"\xc1",
        HEAD + b"\x90",
        HEAD + msgspec.msgpack.encode({"version": ENCODING}),
        HEAD + msgspec.msgpack.encode((MONDAY, (), (), ())),
        HEAD + msgspec.msgpack.encode((MONDAY, (), (), ("x",) * 60)),
        HEAD + msgspec.msgpack.encode((None, (), (), ("x", 1, "nowhere", 0, 0, (), (0, "x")))),
        HEAD + msgspec.msgpack.encode((MONDAY, (), (), ("x", 1, "nowhere", 0, 0, (), (0, "x")))),
    ],
)
def test_bytes_that_are_no_lead_are_named_so(data: bytes) -> None:
    with pytest.raises(UnreadableStateError, match="not the state of a lead"):
        decode_lead(data)


def test_bytes_of_another_encoding_are_refused_and_not_misread() -> None:
    newer = bytes([ENCODING + 1]) + encode_lead(_lead())[1:]

    with pytest.raises(UnreadableStateError, match=f"written in encoding {ENCODING + 1}"):
        decode_lead(newer)


def test_stage_and_next_due_time_are_read_without_decoding() -> None:
    idle, offered = _lead(), _lived([_visit("demo_request")])

    assert peek(encode_lead(idle)) == (idle.stage, None)
    assert peek(encode_lead(offered)) == (Stage.MQL, next_due(offered))
    with pytest.raises(UnreadableStateError):
        peek(bytes([ENCODING + 1]) + encode_lead(idle)[1:])


def test_the_order_of_fields_is_that_of_this_encoding() -> None:
    # Where this fails, fields moved: raise ENCODING unless they were added at a record's end.
    assert [field.name for field in fields(Lead)] == [
        "id",
        "seq",
        "stage",
        "since",
        "at",
        "seen",
        "arrival",
        "scores",
        "profile",
        "touches",
        "handover",
        "previous",
        "clocks",
        "runs",
        "opportunities",
        "ended",
        "won",
        "nurture",
        "person",
        "moves",
    ]
