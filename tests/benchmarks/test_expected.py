"""Handovers are compared by partition, in their order, as far as the log was committed."""

from events.codec import encode_signal
from schemas.policy import shipped
from tests.benchmarks.expected import Expected, disagreement
from tests.benchmarks.load import START, Sent

WANTED = {0: [(3, b"a"), (7, b"b"), (9, b"a")], 1: []}


def _asks(lead: str, number: int) -> Sent:
    key, value, headers = encode_signal(
        "lead.engaged.v1",
        lead,
        {"activity": "demo_request"},
        id=f"{lead}-{number}",
        source="/try",
        time=START,
    )
    return Sent(0, key, value, headers, START)


def test_the_same_handovers_agree() -> None:
    assert disagreement(WANTED, {0: [b"a", b"b", b"a"], 1: []}, {0: 10, 1: 5}) == ""


def test_what_lies_behind_the_commit_may_be_there_or_not() -> None:
    assert disagreement(WANTED, {0: [b"a"]}, {0: 7, 1: 0}) == ""
    assert disagreement(WANTED, {0: [b"a", b"b"]}, {0: 7, 1: 0}) == ""


def test_a_missing_handover_is_told() -> None:
    assert disagreement(WANTED, {0: [b"a"]}, {0: 8}) == "1 of 2 handovers of partition 0 missing"


def test_another_order_is_told() -> None:
    told = disagreement(WANTED, {0: [b"b", b"a", b"a"]}, {0: 10})

    assert told == "handover 0 of partition 0 is of b, not of a"


def test_a_handover_too_many_is_told() -> None:
    assert "is of c, not of none" in disagreement(WANTED, {1: [b"c"]}, {0: 0, 1: 5})


def test_both_jobs_are_done_on_the_records_that_pass() -> None:
    records = [_asks("one", 1), _asks("two", 2), _asks("one", 3)]
    expected = Expected()

    passed = list(expected.watch(records, shipped()))

    assert passed == records
    assert expected.simple == {0: [(2, b"one")]}, "a demo is worth 40 points of 60 there"
    assert [key for _, key in expected.whole[0]][:2] == [b"one", b"two"]
    assert expected.moving == 2
