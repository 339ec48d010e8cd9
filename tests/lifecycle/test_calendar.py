"""Business time, against a walk that looks at a local clock every minute."""

import zoneinfo
from datetime import UTC, datetime, timedelta
from importlib import resources
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lifecycle import calendar
from lifecycle.calendar import (
    IDLE_DAYS_MAX,
    NoBusinessTimeError,
    UnknownZoneError,
    add_business,
    business_between,
)
from lifecycle.policy import WorkingHours

MINUTE_MS = 60_000
HOUR_MS = 60 * MINUTE_MS
DAY_MS = 24 * HOUR_MS

OFFICE = ((540, 1020),)
CLOSED: tuple[tuple[int, int], ...] = ()
BERLIN = WorkingHours("Europe/Berlin", (OFFICE,) * 5 + (CLOSED,) * 2, frozenset({"2026-04-03"}))

CHANGES = [
    ("Europe/Berlin", "2026-03-29"),
    ("Europe/Berlin", "2026-10-25"),
    ("America/New_York", "2026-03-08"),
    ("America/New_York", "2026-11-01"),
    ("Australia/Lord_Howe", "2026-04-05"),
    ("Australia/Lord_Howe", "2026-10-04"),
    ("America/St_Johns", "2006-10-29"),  # set back over midnight, to the day before
    ("America/Sao_Paulo", "2018-11-04"),  # midnight does not exist
    ("Pacific/Apia", "2011-12-30"),  # the day does not exist
    ("Africa/Casablanca", "2026-02-15"),
    ("Asia/Kathmandu", "2026-05-01"),
]


def ms(text: str) -> int:
    moment = datetime.fromisoformat(text)
    return (moment - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(milliseconds=1)


def zone_of(name: str) -> ZoneInfo:
    with resources.files("tzdata").joinpath("zoneinfo", *name.split("/")).open("rb") as file:
        return ZoneInfo.from_file(file, name)


def is_open(hours: WorkingHours, zone: ZoneInfo, at: int) -> bool:
    local = datetime.fromtimestamp(at // 1000, zone)
    if local.date().isoformat() in hours.holidays:
        return False
    minute = local.hour * 60 + local.minute
    return any(start <= minute < end for start, end in hours.weekly[local.weekday()])


@st.composite
def days(draw: st.DrawFn) -> tuple[tuple[int, int], ...]:
    edges = draw(st.lists(st.integers(0, 48), max_size=6, unique=True).map(sorted))
    return tuple(
        (start * 30, end * 30) for start, end in zip(edges[::2], edges[1::2], strict=False)
    )


@st.composite
def cases(draw: st.DrawFn) -> tuple[WorkingHours, int]:
    """Draw working hours, and a minute up to two days before or after a change of the clocks."""
    name, date = draw(st.sampled_from(CHANGES))
    weekly = tuple(draw(days()) for _ in range(7))
    holidays = frozenset({date}) if draw(st.integers(0, 4)) == 0 else frozenset[str]()
    start = ms(f"{date}T12:00:00+00:00") + MINUTE_MS * draw(st.integers(-2880, 2880))
    return WorkingHours(name, weekly, holidays), start


@given(cases(), st.integers(0, 3000))
def test_business_time_is_what_a_walk_minute_by_minute_counts(
    case: tuple[WorkingHours, int], minutes: int
) -> None:
    hours, start = case
    zone = zone_of(hours.zone)
    end = start + minutes * MINUTE_MS

    walked_ms = sum(MINUTE_MS for at in range(start, end, MINUTE_MS) if is_open(hours, zone, at))

    assert business_between(hours, start, end) == walked_ms
    if walked_ms:
        arrival = add_business(hours, start, walked_ms)
        assert arrival <= end
        assert is_open(hours, zone, arrival - 1)
        assert business_between(hours, start, arrival) == walked_ms


@given(cases(), st.integers(0, MINUTE_MS), st.integers(1, 30 * HOUR_MS))
def test_adding_gives_the_earliest_instant_at_which_the_time_has_passed(
    case: tuple[WorkingHours, int], beside_ms: int, wanted_ms: int
) -> None:
    hours, start = case
    if not any(hours.weekly):
        return

    arrival = add_business(hours, start + beside_ms, wanted_ms)

    assert business_between(hours, start + beside_ms, arrival) == wanted_ms
    assert business_between(hours, start + beside_ms, arrival - 1) == wanted_ms - 1


@given(cases(), st.lists(st.integers(0, 3 * DAY_MS), min_size=3, max_size=3).map(sorted))
def test_time_before_and_after_an_instant_adds_up(
    case: tuple[WorkingHours, int], offsets: list[int]
) -> None:
    hours, start = case
    first, middle, last = (start + offset for offset in offsets)

    whole = business_between(hours, first, last)

    assert business_between(hours, first, middle) + business_between(hours, middle, last) == whole


@pytest.mark.parametrize(
    ("since", "hours", "until"),
    [
        ("2026-03-02T09:00:00+01:00", 8, "2026-03-02T17:00:00+01:00"),
        ("2026-03-02T16:30:00+01:00", 1, "2026-03-03T09:30:00+01:00"),
        ("2026-03-06T16:00:00+01:00", 2, "2026-03-09T10:00:00+01:00"),
        ("2026-03-07T13:00:00+01:00", 1, "2026-03-09T10:00:00+01:00"),
        ("2026-03-27T16:00:00+01:00", 2, "2026-03-30T10:00:00+02:00"),
        ("2026-04-02T16:00:00+02:00", 2, "2026-04-06T10:00:00+02:00"),
        ("2026-03-07T13:00:00+01:00", 0, "2026-03-07T13:00:00+01:00"),
    ],
    ids=["a day", "overnight", "a weekend", "from a Saturday", "summer time", "holiday", "nothing"],
)
def test_a_promise_in_office_hours_is_due(since: str, hours: int, until: str) -> None:
    assert add_business(BERLIN, ms(since), hours * HOUR_MS) == ms(until)


def test_no_time_lies_between_an_instant_and_an_earlier_one() -> None:
    monday = ms("2026-03-02T12:00:00+01:00")

    assert business_between(BERLIN, monday, monday) == 0
    assert business_between(BERLIN, monday, monday - HOUR_MS) == 0
    assert business_between(BERLIN, monday, monday - 30 * DAY_MS) == 0


def test_a_calendar_that_never_opens_is_an_error_and_no_endless_walk() -> None:
    never = WorkingHours("Europe/Berlin", (CLOSED,) * 7)

    with pytest.raises(NoBusinessTimeError, match=r"400 days after 2026-03-02 .* Europe/Berlin"):
        add_business(never, ms("2026-03-02T12:00:00+00:00"), 1)

    assert business_between(never, 0, 10 * DAY_MS) == 0


def test_a_calendar_may_be_closed_for_a_year() -> None:
    start = ms("2026-01-01T00:00:00+00:00")
    year = frozenset(
        (datetime(2026, 1, 1, tzinfo=UTC) + timedelta(days=day)).date().isoformat()
        for day in range(IDLE_DAYS_MAX)
    )
    utc = WorkingHours("UTC", (OFFICE,) * 7, year)

    assert add_business(utc, start, HOUR_MS) == start + IDLE_DAYS_MAX * DAY_MS + 10 * HOUR_MS


@pytest.mark.parametrize("name", ["Europe/Atlantis", "", "../zones", "/etc/localtime", "berlin"])
def test_an_unknown_zone_is_named(name: str) -> None:
    with pytest.raises(UnknownZoneError, match="IANA"):
        business_between(WorkingHours(name, (OFFICE,) * 7), 0, DAY_MS)


def test_the_names_of_zones_are_those_of_the_pinned_database() -> None:
    assert {"Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "UTC"} <= calendar.zones()
    for name in sorted(calendar.zones())[::50]:
        assert business_between(WorkingHours(name, (((0, 1440),),) * 7), 0, DAY_MS) == DAY_MS


def test_the_systems_own_zones_are_not_asked(tmp_path: Path) -> None:
    (tmp_path / "Europe").mkdir()
    tokyo = resources.files("tzdata").joinpath("zoneinfo", "Asia", "Tokyo").read_bytes()
    (tmp_path / "Europe" / "Berlin").write_bytes(tokyo)
    noon = ms("2026-03-02T12:00:00+01:00")
    zoneinfo.reset_tzpath(to=[str(tmp_path)])
    ZoneInfo.clear_cache()
    calendar._zone.cache_clear()
    calendar._pieces.cache_clear()
    try:
        system = datetime.fromtimestamp(noon // 1000, ZoneInfo("Europe/Berlin"))
        due_at = add_business(BERLIN, noon, HOUR_MS)
    finally:
        zoneinfo.reset_tzpath()
        ZoneInfo.clear_cache()

    assert system.hour == 20
    assert due_at == ms("2026-03-02T13:00:00+01:00")


def test_days_kept_in_memory_are_bounded() -> None:
    assert calendar._pieces.cache_info().maxsize == calendar.ZONE_DAYS_MAX
    assert calendar._zone.cache_info().maxsize == calendar.ZONES_MAX
