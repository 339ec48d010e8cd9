"""The world: the same from the same seed, believable in its rhythm, and with every trouble."""

import json
from collections import Counter
from datetime import UTC, datetime
from itertools import pairwise
from random import Random

import pytest

from events.codec import decode, encode_signal
from handlers.simulate import market
from handlers.simulate.broken import WAYS
from handlers.simulate.feeds import Record
from handlers.simulate.journeys import HAPPENINGS_MAX, Journey
from handlers.simulate.people import person
from handlers.simulate.rhythm import DAY_MS, END_AT, HOUR_MS, starts_at
from handlers.simulate.world import World
from lifecycle.signals import Engaged, Profiled, Signal
from lifecycle.vet import vet
from schemas.policy import shipped
from schemas.refusal import RefusalCode, Refused
from schemas.times import parse_time

UNSCORED = "podcast_played"


@pytest.fixture(scope="module")
def records() -> list[Record]:
    return records_of(World(seed=6, weeks=6, leads=700))


@pytest.fixture(scope="module")
def signals(records: list[Record]) -> list[Signal]:
    return signals_of(records)


def records_of(world: World) -> list[Record]:
    return list(world.records(world.ends_at))


def signals_of(records: list[Record]) -> list[Signal]:
    found = []
    for record in records:
        try:
            signal = decode(record.key, record.value, record.headers, record.at)
        except Refused:
            continue
        assert isinstance(signal, Signal)
        found.append(signal)
    return found


def refusal_of(record: Record) -> str | None:
    try:
        signal = decode(record.key, record.value, record.headers, record.at)
    except Refused as refused:
        return refused.code
    problem = vet(signal, shipped()) if isinstance(signal, Signal) else None
    return None if problem is None else problem[0]


def test_the_same_seed_gives_the_same_bytes_for_a_virtual_day() -> None:
    day = starts_at(2) + 3 * DAY_MS

    first, second = World(7, 2, 300), World(7, 2, 300)
    list(first.records(day))
    list(second.records(day))

    assert list(first.records(day + DAY_MS)) == list(second.records(day + DAY_MS)) != []


def test_another_seed_gives_another_story() -> None:
    assert records_of(World(1, 1, 50)) != records_of(World(2, 1, 50))


def test_how_time_is_cut_does_not_change_what_arrives() -> None:
    by_hours, at_once = World(4, 1, 80), World(4, 1, 80)

    sliced = [
        record
        for until in range(by_hours.starts_at + HOUR_MS, by_hours.ends_at + 1, HOUR_MS)
        for record in by_hours.records(until)
    ]

    assert sliced == records_of(at_once)


def test_records_arrive_in_order_within_the_weeks_that_are_played(records: list[Record]) -> None:
    times = [record.at for record in records]

    assert times == sorted(times)
    assert starts_at(6) <= times[0]
    assert times[-1] < END_AT


def test_every_kind_of_broken_message_turns_up(records: list[Record]) -> None:
    refused = Counter(code for record in records if (code := refusal_of(record)) is not None)

    assert set(refused) == set(WAYS)
    assert 0.001 < sum(refused.values()) / len(records) < 0.01


@pytest.mark.parametrize("way", WAYS)
def test_a_broken_message_is_refused_for_the_reason_it_is_named_after(way: str) -> None:
    at = starts_at(1) + DAY_MS
    key, value, headers = encode_signal(
        "lead.engaged.v1", "s1-1", {"activity": "page_view"}, id="1", source="/web", time=at
    )

    wrong_key, wrong_value = WAYS[way](key, value, at)

    assert refusal_of(Record(at, wrong_key, wrong_value, headers)) == RefusalCode(way)


def test_some_messages_come_twice_with_the_same_id_and_source(signals: list[Signal]) -> None:
    copies = Counter((signal.source, signal.id) for signal in signals)

    assert max(copies.values()) == 2
    assert 0.002 < sum(count > 1 for count in copies.values()) / len(copies) < 0.02


def test_some_messages_come_late_and_out_of_order(signals: list[Signal]) -> None:
    last: dict[str, int] = {}
    late = out_of_order = 0
    for signal in signals:
        late += signal.recorded_at - signal.time > 10 * 60_000
        out_of_order += signal.time < last.get(signal.lead_id, 0)
        last[signal.lead_id] = max(signal.time, last.get(signal.lead_id, 0))

    assert late > 50
    assert out_of_order > 50


def test_nothing_claims_to_have_happened_after_it_was_told(
    records: list[Record], signals: list[Signal]
) -> None:
    early = [signal for signal in signals if signal.time > signal.recorded_at]

    # Only what was broken that way on purpose.
    assert len(early) == sum(refusal_of(record) == "from_the_future" for record in records)


def test_leads_do_what_the_shipped_policy_names_and_one_thing_it_does_not(
    signals: list[Signal],
) -> None:
    done = {signal.body.activity for signal in signals if isinstance(signal.body, Engaged)}

    assert done - set(shipped().activities) == {UNSCORED}
    assert len(done) > 15


def test_profiles_speak_of_what_the_policy_scores_or_calls_junk(signals: list[Signal]) -> None:
    told = {
        name
        for signal in signals
        if isinstance(signal.body, Profiled)
        for name in signal.body.attributes
    }
    policy = shipped()
    read = {condition.attribute for rule in policy.junk for condition in rule.conditions}

    assert told <= set(policy.fit) | read
    assert set(policy.fit) <= told


def test_every_kind_of_junk_is_there_and_shows_for_some_only() -> None:
    people = [person(5, index) for index in range(3_000)]
    junk = Counter(p.junk for p in people if p.junk is not None)
    shown = sum(p.profile.items() >= market.JUNK_PROFILE[p.junk].items() for p in people if p.junk)

    assert set(junk) == set(market.JUNK)
    assert 0.3 < shown / sum(junk.values()) < 0.7


def test_campaigns_differ_in_what_their_leads_need() -> None:
    need: dict[str | None, list[bool]] = {}
    for index in range(3_000):
        one = person(5, index)
        need.setdefault(one.campaign.name, []).append(one.need)
    share = {name: sum(needs) / len(needs) for name, needs in need.items()}

    assert share["partner-referral"] > 2 * share["free-ebook"]


def test_weekdays_are_busier_than_weekends_and_days_than_nights(records: list[Record]) -> None:
    times = [
        datetime.fromtimestamp(record.at / 1000, UTC)
        for record in records
        if b'"source":"/web"' in (record.value or b"")
    ]
    weekday = sum(time.weekday() < 5 for time in times) / 5
    weekend = sum(time.weekday() >= 5 for time in times) / 2

    assert weekday > 3 * weekend
    assert sum(time.hour < 5 for time in times) < 0.1 * len(times)


def test_visits_are_bursts_with_silence_between() -> None:
    gaps = []
    for index in range(200):
        lead = person(1, index)
        times = [h.at for h in Journey(1, lead, starts_at(8), END_AT)]
        gaps += [later - earlier for earlier, later in pairwise(times)]

    minutes = sum(gap < 10 * 60_000 for gap in gaps)
    days = sum(gap > DAY_MS for gap in gaps)

    assert minutes > 0.5 * len(gaps)
    assert days > 0.05 * len(gaps)


def test_nobody_does_more_than_the_bound() -> None:
    chance = Random(0)
    for index in chance.sample(range(100_000), 300):
        assert len(list(Journey(2, person(2, index), starts_at(12), END_AT))) <= HAPPENINGS_MAX


def test_what_a_web_page_tells_has_a_url_that_carries_more_than_it_should() -> None:
    found = [
        event["data"]["url"]
        for record in records_of(World(1, 1, 30))
        if record.value and b'"url"' in record.value and (event := _event(record.value))
    ]

    assert found
    assert all("?utm_source=" in url for url in found)


def test_a_world_of_no_size_cannot_be() -> None:
    with pytest.raises(ValueError, match="weeks"):
        World(1, 0, 10)


def test_every_simulation_ends_on_the_same_monday() -> None:
    assert parse_time("2026-04-06T00:00:00Z") == END_AT
    assert datetime.fromtimestamp(starts_at(12) / 1000, UTC).strftime("%A %H:%M") == "Monday 00:00"


def _event(value: bytes) -> dict[str, dict[str, str]] | None:
    try:
        event: dict[str, dict[str, str]] = json.loads(value)
    except ValueError:
        return None
    return event if isinstance(event.get("data"), dict) else None
