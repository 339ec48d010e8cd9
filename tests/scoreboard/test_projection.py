"""Facts into tables: however they come, the tables are those of a story told in order."""

import json
from collections import Counter
from collections.abc import Iterable, Sequence
from functools import cache
from random import Random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import Connection, create_engine, select
from sqlalchemy.pool import StaticPool

from events.facts import encode_fact
from handlers.scoreboard.projection import Applied, Received, project, refold
from handlers.scoreboard.tables import (
    CLOCKS,
    FACTS,
    HANDOVERS,
    LEADS,
    METADATA,
    OPPORTUNITIES,
    RECYCLES,
    UNREADABLE,
)
from tests.lifecycle.builders import Story, lost, mql, sal
from tests.scoreboard.numbers.told import ms
from tests.scoreboard.played import board

pytestmark = pytest.mark.slow

LEADS_PLAYED = 40
Rows = dict[str, list[tuple[Any, ...]]]


def empty() -> Connection:
    engine = create_engine("sqlite://", poolclass=StaticPool)
    METADATA.create_all(engine)
    return engine.connect()


def rows(connection: Connection) -> Rows:
    return {
        table.name: sorted(map(tuple, connection.execute(select(table))), key=repr)
        for table in METADATA.sorted_tables
    }


def received(values: Iterable[bytes]) -> list[Received]:
    return [Received(0, offset, None, value) for offset, value in enumerate(values)]


def told(connection: Connection, records: Sequence[Received], sizes: Sequence[int]) -> None:
    """Tell records in batches of these sizes, over and over."""
    start = turn = 0
    while start < len(records):
        size = sizes[turn % len(sizes)]
        project(connection, records[start : start + size])
        start, turn = start + size, turn + 1


@cache
def played() -> tuple[bytes, ...]:
    """The facts of those leads of a played company of which there is most to tell."""
    stories: dict[str, list[bytes]] = {}
    for value in board(3).facts:
        stories.setdefault(json.loads(value)["subject"], []).append(value)
    longest = sorted(stories, key=lambda lead: (-len(stories[lead]), lead))[:LEADS_PLAYED]
    return tuple(value for value in board(3).facts if json.loads(value)["subject"] in longest)


@cache
def in_order() -> Rows:
    connection = empty()
    project(connection, received(played()))
    return rows(connection)


def assert_same(found: Rows, expected: Rows) -> None:
    for name, there in expected.items():
        assert found[name] == there, name


@settings(max_examples=12, deadline=None)
@given(st.lists(st.integers(1, 400), min_size=1, max_size=6))
def test_batches_of_any_size_give_the_same_tables(sizes: list[int]) -> None:
    connection = empty()

    told(connection, received(played()), sizes)

    assert_same(rows(connection), in_order())


@settings(max_examples=12, deadline=None)
@given(st.integers(0, 2**32), st.integers(20, 500))
def test_what_is_delivered_again_changes_nothing(seed: int, size: int) -> None:
    chance, records = Random(seed), received(played())
    again: list[Received] = []
    place = 0
    while place < len(records):
        # As after a crash: from a little before where it was.
        end = min(len(records), place + chance.randint(1, size))
        again += records[max(0, place - chance.randint(0, size)) : end]
        place = end
    connection = empty()

    told(connection, again, [size])

    assert_same(rows(connection), in_order())


@settings(max_examples=12, deadline=None)
@given(st.integers(0, 2**32), st.integers(20, 500))
def test_what_was_missing_and_is_read_again_heals_the_tables(seed: int, size: int) -> None:
    chance, records = Random(seed), received(played())
    missing = set(chance.sample(range(len(records)), chance.randint(1, 200)))
    connection = empty()
    told(connection, [one for one in records if one.offset not in missing], [size])
    gaps = connection.execute(select(LEADS.c.lead_id).where(LEADS.c.gap == 1)).scalars().all()

    told(connection, records, [size])

    assert_same(rows(connection), in_order())
    assert len(gaps) <= len(missing)


@settings(max_examples=12, deadline=None)
@given(st.integers(0, 2**32), st.integers(20, 500))
def test_facts_in_any_order_give_the_same_tables_once_all_are_there(seed: int, size: int) -> None:
    records = received(played())
    Random(seed).shuffle(records)
    connection = empty()

    told(connection, records, [size])

    assert_same(rows(connection), in_order())


def test_rows_made_again_from_the_facts_are_the_same() -> None:
    connection = empty()
    project(connection, received(played()))
    leads = connection.execute(select(LEADS.c.lead_id)).scalars().all()

    gaps = refold(connection, leads)

    assert gaps == 0
    assert_same(rows(connection), in_order())


def test_a_batch_says_what_became_of_it() -> None:
    values = [encode_fact(fact) for fact in mql(Story()).facts]
    connection = empty()

    first = project(connection, received(values[:4]))
    second = project(connection, received([*values[2:6], b"{}"]))

    assert (first.facts, first.duplicates) == (4, 0)
    assert (second.facts, second.duplicates, second.unreadable) == (2, 2, 1)
    assert second.newest_at == {0: Story().now}
    assert second.policies == {Story().policy.version}


def test_what_was_decided_under_each_definition_is_summed_up_as_its_facts_tell() -> None:
    facts = [json.loads(value) for value in played()]
    newest: dict[str, int] = {}
    for fact in facts:
        version = fact["data"]["policy"]
        newest[version] = max(newest.get(version, 0), ms(fact["time"]))
    counts = Counter(fact["data"]["policy"] for fact in facts)

    found = in_order()["decided"]

    assert found == sorted((version, counts[version], newest[version]) for version in newest)


def test_a_fact_that_waits_behind_a_gap_is_summed_up_once() -> None:
    values = [encode_fact(fact) for fact in mql(Story()).facts]
    records, connection = received(values), empty()

    project(connection, [*records[:1], *records[3:]])
    project(connection, records)

    assert [row[1] for row in rows(connection)["decided"]] == [len(values)]


def test_a_gap_is_told_and_the_story_waits_for_what_is_missing() -> None:
    values = [encode_fact(fact) for fact in mql(Story()).facts]
    connection = empty()

    applied = project(connection, received(values[:3] + values[4:]))

    lead = connection.execute(select(LEADS)).one()
    assert applied.gapped == {(0, "lead-1")}
    assert (lead.seq, lead.gap, lead.stage) == (3, 1, "curious")
    assert len(connection.execute(select(FACTS)).all()) == len(values) - 1
    assert connection.execute(select(HANDOVERS)).all() == []


def test_a_story_goes_past_what_is_nowhere_only_when_asked_to() -> None:
    values = [encode_fact(fact) for fact in mql(Story()).facts]
    connection = empty()
    project(connection, received(values[:3] + values[4:]))

    waiting = refold(connection, ["lead-1"])
    past = refold(connection, ["lead-1"], past_gaps=True)

    assert (waiting, past) == (1, 0)
    assert connection.execute(select(LEADS.c.stage)).scalar_one() == "mql"
    assert len(connection.execute(select(HANDOVERS)).all()) == 1


@pytest.mark.parametrize(
    "lead_id",
    [
        "'; DROP TABLE leads; --",
        '<script>alert("1")</script>',
        "a:h1",
        "%_\\\\",
        "{{ 7 * 7 }}",
        "ünïcødé 漢字 🏃",
        "x" * 128,
    ],
)
def test_a_lead_id_is_never_more_than_a_text(lead_id: str) -> None:
    tale = sal(Story(lead_id=lead_id)).reached()
    connection = empty()

    told(connection, received(encode_fact(fact) for fact in tale.facts), [3])

    assert connection.execute(select(LEADS.c.lead_id)).scalars().all() == [lead_id]
    offer = connection.execute(select(HANDOVERS)).one()
    assert (offer.handover_id, offer.number, offer.attempts) == (f"{lead_id}:h1", 1, 1)


@pytest.mark.parametrize(
    ("value", "says"),
    [
        (None, "not a fact of this contract"),
        (b"", "not a fact of this contract"),
        (b"\xff\xfe", "not a fact of this contract"),
        (b'{"type": "lead.arrived.v1"}', "missing required field"),
        (b"[1, 2]", "not a fact of this contract"),
    ],
)
def test_what_cannot_be_read_is_kept_with_its_bytes_and_the_reason(
    value: bytes | None, says: str
) -> None:
    good = [encode_fact(fact) for fact in Story().engaged("page_view").facts]
    connection = empty()
    batch = [Received(2, 17, b"key", value), *received(good)]

    applied = project(connection, batch)
    project(connection, batch)

    assert (applied.facts, applied.unreadable) == (len(good), 1)
    (kept,) = connection.execute(select(UNREADABLE)).all()
    assert (kept.partition, kept.offset, kept.key, kept.value) == (2, 17, b"key", value)
    assert says in kept.reason


def test_a_type_of_a_later_release_is_kept_for_it() -> None:
    (value, *_) = [encode_fact(fact) for fact in Story().engaged("page_view").facts]
    connection = empty()

    applied = project(connection, received([value.replace(b"lead.arrived.v1", b"lead.dreamt.v1")]))

    assert applied.unreadable == 1
    (reason,) = connection.execute(select(UNREADABLE.c.reason)).scalars()
    assert reason == "a type that this release does not know: lead.dreamt.v1"


def projected(tale: Story) -> Connection:
    connection = empty()
    told(connection, received(encode_fact(fact) for fact in tale.facts), [1])
    return connection


def offers(connection: Connection) -> list[Any]:
    return list(connection.execute(select(HANDOVERS).order_by(HANDOVERS.c.number)))


def test_a_late_accept_brings_the_older_handover_back() -> None:
    # Both levels of the first offer broke by Tuesday evening; the answer is from Tuesday noon.
    tale = mql(Story("2026-03-02 09:00")).idle_until("2026-03-04 09:00")
    tale.at("2026-03-03 12:00", heard="2026-03-04 09:30").accepted(handover="lead-1:h1")

    older, newer = offers(projected(tale))

    assert (older.accepted_at is not None, older.ended_at, older.rep) == (True, None, "ann")
    assert newer.withdrawn_reason == "older_accepted"
    assert newer.accepted_at is None


def test_a_deal_that_is_won_after_it_was_lost_is_won() -> None:
    tale = lost(Story("2026-03-02 09:00")).at("2026-03-20 09:00").won("d1", "9000.50")

    connection = projected(tale)

    deal = connection.execute(select(OPPORTUNITIES)).one()
    assert (deal.state, deal.lost_at, deal.lost_reason) == ("won", None, None)
    assert (deal.amount_units, deal.amount_millionths) == (9000, 500_000)
    lead = connection.execute(select(LEADS)).one()
    assert (lead.stage, lead.step, lead.wake_at) == ("customer", 6, None)
    (recycle,) = connection.execute(select(RECYCLES)).all()
    assert recycle.won_at == recycle.woke_at == lead.won_at


def test_a_breach_that_the_answer_disputes_breaks_no_promise() -> None:
    tale = mql(Story("2026-03-02 09:00")).tick("2026-03-02 17:10")
    tale.at("2026-03-02 16:30", heard="2026-03-02 17:30").accepted()

    connection = projected(tale)

    (offer,) = offers(connection)
    assert offer.acceptance_broken == 0
    clock = connection.execute(select(CLOCKS).where(CLOCKS.c.clock == "acceptance")).one()
    assert (clock.outcome, clock.breaches, clock.disputed) == ("disputed", 1, 1)
    assert clock.breached_at > clock.met_at


def test_an_answer_in_time_for_the_second_level_only_leaves_the_promise_broken() -> None:
    tale = mql(Story("2026-03-02 09:00")).idle_until("2026-03-04 09:00")
    tale.at("2026-03-03 12:00", heard="2026-03-04 09:30").accepted(handover="lead-1:h1")

    connection = projected(tale)

    assert offers(connection)[0].acceptance_broken == 1


def test_nothing_told_is_nothing_written() -> None:
    connection = empty()

    assert project(connection, []) == Applied()
    assert all(there == [] for there in rows(connection).values())
