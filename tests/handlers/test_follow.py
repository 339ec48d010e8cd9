"""Facts and refusals as lines: exact for programs, readable for people."""

import json

from events.facts import encode_fact
from events.refusals import Origin, write
from handlers.follow import fact_json, fact_text, refusal_json, refusal_text
from handlers.reading import Headers, Record
from lifecycle.facts import ClockWarned, Context, Fact, FactBody, Receipt, StageChanged
from lifecycle.stages import ClockName, Stage, Trigger

AT = 1_772_442_000_000  # Monday, 2026-03-02T09:00:00Z
RECEIPT = Receipt(0, 0, 0, "D4", "warm_up", "p" * 16, (), (), (), ())


def fact(body: FactBody) -> Record:
    value = encode_fact(Fact("lead-1", 3, AT, AT, Context(Stage.WARM, "p" * 16, 1), body))
    return record(value)


def record(value: bytes | None, headers: Headers | None = None) -> Record:
    return Record("lead.refusals", 2, 7, AT, b"lead-1", value, headers or [])


def refused(value: bytes | None) -> Record:
    content, headers = write(
        value,
        [("x", b"\xff"), ("y", None)],
        reason="not_json",
        detail="no",
        origin=Origin("lead.signals", 2, 40),
        bytes_max=900_000,
    )
    return record(content, headers)


def test_a_move_reads_from_where_to_where_and_why() -> None:
    moved = fact(StageChanged(Stage.COLD, Stage.WARM, Trigger.WARM_UP, RECEIPT))

    text = fact_text(moved).plain

    assert text == "2026-03-02 09:00:00  lead-1 #3  stage_changed  cold → warm (warm_up)"


def test_a_fact_reads_with_what_matters_of_it_and_without_what_every_fact_has() -> None:
    warned = fact(ClockWarned(ClockName.ACCEPTANCE, "lead-1:h1", 1, 1, 3_600_000, AT, "berlin"))

    text = fact_text(warned).plain

    assert "clock_warned  clock=acceptance  ref=lead-1:h1" in text
    assert "allowed_seconds=3600" in text
    assert "policy=" not in text


def test_what_is_no_fact_of_this_version_is_said_to_be_none() -> None:
    for value in (b"{", b"[]", b'{"data": {}}', None):
        assert "not a fact of this version" in fact_text(record(value)).plain


def test_a_program_gets_the_published_bytes_in_one_line() -> None:
    assert fact_json(record(b'{"b": 1,  "a": "\xc3\xa9"}')) == '{"b": 1,  "a": "é"}'
    assert fact_json(record(b'{\n"b": 1}')) == '{"b": 1}'


def test_a_refusal_reads_with_its_reason_and_the_place_of_the_original() -> None:
    text = refusal_text(refused(b"{")).plain

    assert text == "2026-03-02 09:00:00  not_json  lead.signals:2:40  no"


def test_a_program_gets_a_refusal_whole_also_where_its_bytes_are_no_text() -> None:
    told = json.loads(refusal_json(refused(b"\xff\x00")))
    empty = json.loads(refusal_json(refused(None)))

    assert told["origin"] == "lead.signals:2:40"
    assert told["refusal"] == "lead.refusals:2:7"
    assert told["value_base64"] == "/wA="
    assert told["headers"] == [["x", "\\xff"], ["y", None]]
    assert empty["value"] is None
