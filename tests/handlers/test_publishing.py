"""Publishing from lines: what a line may be, and what is told of one that is not right."""

import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any

import pytest

from events.publisher import Publisher, PublishError, Undelivered
from handlers.publishing import BadLine, Outcome, publish
from schemas.inbound import Data
from schemas.refusal import RefusalCode, Refused

GOOD = {"type": "lead.engaged.v1", "subject": "lead-1", "data": {"activity": "page_view"}}


class Recorder(Publisher):
    """A publisher that remembers instead of sending, and loses what it is told to."""

    def __init__(self, lost: tuple[str, ...] = ()) -> None:
        self.events: list[tuple[str, str, str, str, datetime | int | None]] = []
        self.delivered = 0
        self._lost = lost
        self._failed: list[Undelivered] = []

    def publish(
        self,
        event: str | Data,
        lead_id: str,
        data: Mapping[str, Any] | None = None,
        *,
        source: str,
        id: str | None = None,  # noqa: A002 - the name in what it stands for
        time: datetime | int | None = None,
        timestamp: int | None = None,
    ) -> str:
        assert (bool(data), timestamp) == (True, None)
        assert isinstance(event, str)
        assert id is not None
        if self._failed:
            failed, self._failed = tuple(self._failed), []
            raise PublishError(failed, len(failed))
        if "@" in lead_id:
            raise Refused(RefusalCode.BAD_LEAD_ID, "looks like an email address")
        if id in self._lost:
            self._failed.append(Undelivered(id, lead_id, "too large"))
        else:
            self.delivered += 1
            self.events.append((event, lead_id, source, id, time))
        return id

    def flush(self, timeout_seconds: float | None = None) -> None:
        del timeout_seconds
        if self._failed:
            raise PublishError(tuple(self._failed), len(self._failed))


def published(
    *lines: object, lost: tuple[str, ...] = ()
) -> tuple[Recorder, list[BadLine], Outcome]:
    publisher, bad = Recorder(lost), list[BadLine]()
    encoded = [
        line if isinstance(line, bytes) else json.dumps(line).encode() + b"\n" for line in lines
    ]
    outcome = publish(encoded, publisher, "/file", bad.append, lambda _: None)
    return publisher, bad, outcome


def test_a_line_is_an_event_and_what_it_does_not_say_is_filled_in() -> None:
    whole = GOOD | {"id": "e1", "source": "/web", "time": "2026-03-02T09:00:00Z"}
    by_plain_name = {**GOOD, "lead_id": "lead-2"}
    del by_plain_name["subject"]

    publisher, bad, outcome = published(whole, GOOD, by_plain_name, b"  \n")

    assert (bad, outcome) == ([], Outcome(sent=3, bad=0))
    assert publisher.events[0] == ("lead.engaged.v1", "lead-1", "/web", "e1", 1_772_442_000_000)
    assert publisher.events[1][2:] == ("/file", publisher.events[1][3], None)
    assert len(publisher.events[1][3]) == 32
    assert publisher.events[2][1] == "lead-2"


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        (b"{", "not_json"),
        (b"\xff", "not_json"),
        (["a"], "bad_shape"),
        (GOOD | {"activity": "x"}, "'activity' is no attribute"),
        (GOOD | {"lead_id": "lead-1"}, "give one of them"),
        (GOOD | {"type": ""}, "type is missing"),
        (GOOD | {"type": 5}, "type is missing"),
        ({"type": "lead.engaged.v1", "data": {}}, "subject is missing"),
        (GOOD | {"data": []}, "data is missing"),
        (GOOD | {"time": "yesterday"}, "bad_time"),
        (GOOD | {"time": None}, "time is missing"),
        (GOOD | {"subject": "a@example.com"}, "bad_lead_id"),
    ],
)
def test_a_bad_line_is_told_by_number_and_reason_and_the_others_are_sent(
    line: object, reason: str
) -> None:
    publisher, bad, outcome = published(GOOD, line, GOOD)

    assert [one.number for one in bad] == [2]
    assert reason in bad[0].reason
    assert outcome == Outcome(sent=2, bad=1)
    assert len(publisher.events) == 2


def test_what_the_broker_did_not_take_is_told_by_its_line() -> None:
    lines = [GOOD | {"id": name} for name in ("a", "b", "c", "d")]

    publisher, bad, outcome = published(*lines, lost=("b", "d"))

    assert [(one.number, one.reason) for one in bad] == [
        (2, "not delivered: too large"),
        (4, "not delivered: too large"),
    ]
    assert outcome == Outcome(sent=2, bad=2)
    assert [event[3] for event in publisher.events] == ["a", "c"]
