"""A refusal on the wire: golden headers and values, and the original that can be had back."""

import json
from pathlib import Path

import pytest

from events.refusals import (
    HEADERS_BYTES_MAX,
    REDRIVE,
    REPLAY,
    TRUNCATED_BYTES,
    Headers,
    Origin,
    read,
    write,
)

GOLDEN = Path(__file__).parents[1] / "schemas" / "golden" / "refusals"
ORIGIN = Origin("lead.signals", 3, 4711)
ELSEWHERE = Origin("lead.refusals", 0, 0)
HEADERS: Headers = (
    ("content-type", b"application/cloudevents+json; charset=UTF-8"),
    ("traceparent", b"00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"),
    (REDRIVE, b"2"),
)
WHOLE = b'{"event":"click","user":7}'
OVERSIZED = b'{"specversion":"1.0","data":{"activity":"' + b"x" * 1_000_000 + b'"}}'
WRITTEN = {
    "whole": (WHOLE, "bad_shape", "There is no specversion, so this is no CloudEvent: {event …}"),
    "oversized": (OVERSIZED, "too_large", "The value has 1,000,044 bytes; 1,000,000 may be."),
}


def written(name: str) -> tuple[bytes | None, list[tuple[str, bytes | None]]]:
    value, reason, detail = WRITTEN[name]
    return write(value, HEADERS, reason=reason, detail=detail, origin=ORIGIN, bytes_max=900_000)


def golden_headers(name: str) -> list[tuple[str, bytes | None]]:
    told = json.loads((GOLDEN / f"{name}.headers.json").read_bytes())
    return [(header, content.encode()) for header, content in told]


@pytest.mark.parametrize("name", WRITTEN)
def test_a_refusal_has_the_golden_headers_for_ever(name: str) -> None:
    _, headers = written(name)

    assert headers == golden_headers(name)


def test_a_refusal_carries_the_original_untouched() -> None:
    value, _ = written("whole")

    assert value == (GOLDEN / "whole.value").read_bytes() == WHOLE


def test_an_oversized_refusal_carries_the_beginning_of_the_original() -> None:
    value, _ = written("oversized")

    # The golden value is spelt out by its parts: 64 KB of one letter show nothing in a diff.
    start = (GOLDEN / "oversized.value-start").read_bytes()
    assert value == start + b"x" * (TRUNCATED_BYTES - len(start))
    assert len(value) == 65_536


@pytest.mark.parametrize("name", WRITTEN)
def test_golden_headers_are_read_as_they_always_meant(name: str) -> None:
    original, reason, detail = WRITTEN[name]
    kept = original[:TRUNCATED_BYTES]

    refusal = read(b"lead-7f3a", kept, golden_headers(name), at=ELSEWHERE)

    assert (refusal.key, refusal.value) == (b"lead-7f3a", kept)
    assert (refusal.reason, refusal.detail) == (reason, detail)
    assert refusal.headers == HEADERS
    assert refusal.origin == ORIGIN
    assert refusal.truncated is (name == "oversized")
    assert refusal.length == len(original)


def test_what_a_refusal_says_of_itself_is_not_taken_from_the_original() -> None:
    lying: Headers = ((REPLAY, b"1"), ("baton-origin-offset", b"1"), ("x-system", None))

    _, headers = write(
        WHOLE, lying, reason="bad_shape", detail="no", origin=ORIGIN, bytes_max=900_000
    )

    assert [name for name, _ in headers].count("baton-origin-offset") == 1
    assert read(None, WHOLE, headers, at=ELSEWHERE).origin == ORIGIN
    assert read(None, WHOLE, headers, at=ELSEWHERE).headers == (("x-system", None),)


def test_a_flood_of_headers_stays_behind() -> None:
    flood: Headers = tuple((f"x-{n}", b"y" * 1_000) for n in range(HEADERS_BYTES_MAX // 1_000 + 1))

    value, headers = write(
        WHOLE, flood, reason="bad_shape", detail="no", origin=ORIGIN, bytes_max=1_000
    )

    refusal = read(None, value, headers, at=ELSEWHERE)
    assert refusal.headers == ()
    assert refusal.truncated
    assert refusal.value == WHOLE


def test_a_record_that_names_no_origin_is_where_it_was_found() -> None:
    refusal = read(b"k", b"v", None, at=ELSEWHERE)

    assert (refusal.origin, refusal.reason, refusal.length) == (ELSEWHERE, "", 1)
