"""Times in messages become integers and come back the same."""

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.times import TIME_MAX, parse_day, parse_moment, parse_time, rfc3339

MOMENTS = st.integers(0, TIME_MAX - 1)


@given(MOMENTS)
def test_what_is_written_is_read(at: int) -> None:
    assert parse_time(rfc3339(at)) == at
    assert len(rfc3339(at)) == 24


@given(MOMENTS, st.integers(-14 * 60, 14 * 60))
def test_any_zone_names_the_same_moment(at: int, offset_minutes: int) -> None:
    moment = datetime.fromtimestamp(at // 1000, UTC) + timedelta(milliseconds=at % 1000)
    there = moment.astimezone(timezone(timedelta(minutes=offset_minutes)))

    assert parse_time(there.isoformat()) == at


@pytest.mark.parametrize(
    ("text", "at"),
    [
        ("1970-01-01T00:00:00Z", 0),
        ("2026-03-02T09:00:00.000Z", 1_772_442_000_000),
        ("2026-03-02t10:00:00.0+01:00", 1_772_442_000_000),
        ("2026-03-02T09:00:00.1239999z", 1_772_442_000_123),
        ("2026-03-02T09:00:00.123456789-00:00", 1_772_442_000_123),
        ("2999-12-31T23:59:59.999Z", TIME_MAX - 1),
    ],
)
def test_rfc_3339_is_read_whole(text: str, at: int) -> None:
    assert parse_time(text) == at


@pytest.mark.parametrize(
    "text",
    [
        "", "now", "2026-03-02", "2026-03-02T09:00:00", "2026-03-02T09:00Z", "20260302T090000Z",
        "2026-03-02T09:00:00,5Z", "2026-03-02T09:00:00+0100", "2026-W10-1T09:00:00.000Z",
        "2026-03-02T09:00:00.000Z\n", "2026-13-02T09:00:00Z", "2026-03-02T09:00:61Z",
        "2026-03-02T09:00:00+24:00", "1969-12-31T23:59:59.999Z", "3000-01-01T00:00:00Z",
        "0001-01-01T00:00:00+14:00",
    ],
)  # fmt: skip
def test_what_is_no_time_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"not|no such"):
        parse_time(text)


def test_a_day_begins_at_midnight_utc() -> None:
    assert parse_day("2026-03-02") == parse_time("2026-03-02T00:00:00Z")
    assert parse_moment("2026-03-02") == parse_day("2026-03-02")
    assert parse_moment("2026-03-02T01:00:00Z") == parse_day("2026-03-02") + 3_600_000


@pytest.mark.parametrize("text", ["2026-3-2", "2026-02-30", "1969-12-31", "3000-01-01", "soon"])
def test_what_is_no_day_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"not|no such"):
        parse_day(text)
