"""The writer: rows and offsets together, whatever comes twice, late, or is no fact at all."""

import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from functools import cache

import pytest
from sqlalchemy import Connection, text

from handlers.scoreboard.database import DatabaseError
from handlers.scoreboard.news import LEADS_MAX
from handlers.scoreboard.projection import Received
from handlers.scoreboard.writer import UnknownPolicyError, Writer
from schemas.policy import canonical, digest, shipped_text
from tests.handlers.simulate.fold import perform
from tests.scoreboard.stored import Tables, assert_same, tables

pytestmark = pytest.mark.slow

TOPIC = "lead.lifecycle"
POLICY = {digest(shipped_text()): canonical(shipped_text())}
NOW = 1_000


@cache
def facts() -> tuple[Received, ...]:
    """A small company's facts as records of one partition, with room for markers between them."""
    values = perform(3, 4, 60).values
    return tuple(
        Received(0, 2 * place, json.loads(value)["subject"].encode(), value)
        for place, value in enumerate(values)
    )


@pytest.fixture
def writer(sqlite_url: str) -> Iterator[Writer]:
    writer = opened(sqlite_url)
    yield writer
    writer.close()


def opened(url: str) -> Writer:
    writer = Writer(url, TOPIC, lambda: NOW)
    writer.open(0)
    writer.keep_policies(POLICY)
    return writer


def written(url: str, batches: Sequence[Sequence[Received]]) -> Tables:
    """Write batches into a database, and return its tables."""
    writer = opened(url)
    for batch in batches:
        writer.apply(batch)
    writer.close()
    return tables(url)


def of(batch: Sequence[Received], lead: bytes) -> list[Received]:
    return [one for one in batch if one.key == lead]


def busiest(batch: Sequence[Received]) -> bytes:
    keys = [one.key for one in batch if one.key]
    return max(sorted(set(keys)), key=keys.count)


def test_batches_of_any_size_give_the_same_tables(database_url: str, other_url: str) -> None:
    log = facts()

    small = written(database_url, [log[at : at + 7] for at in range(0, len(log), 7)])
    whole = written(other_url, [log])

    assert_same(small, whole)


def test_what_is_redelivered_changes_nothing(database_url: str, other_url: str) -> None:
    log = facts()

    again = written(database_url, [log[:200], log[50:150], log[:200], log[100:], log])
    once = written(other_url, [log])

    assert_same(again, once)


def test_the_offset_behind_a_batch_is_written_with_it(writer: Writer, sqlite_url: str) -> None:
    log = facts()

    writer.apply([replace(one, partition=number % 2) for number, one in enumerate(log[:10])])
    writer.close()
    again = opened(sqlite_url)
    again.close()

    assert again.offsets == {0: log[8].offset + 1, 1: log[9].offset + 1}


def test_an_older_batch_does_not_take_the_offset_back(writer: Writer) -> None:
    log = facts()
    writer.apply(log[:10])

    writer.apply(log[:5])

    assert writer.offsets == {0: log[9].offset + 1}


def test_a_batch_that_fails_leaves_neither_rows_nor_offset(
    writer: Writer, sqlite_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    log = facts()
    writer.apply(log[:10])
    before = tables(sqlite_url)

    def fails(connection: Connection, *_: object) -> None:
        connection.execute(text("SELECT * FROM nowhere"))

    monkeypatch.setattr(writer, "_go_to", fails)
    with pytest.raises(DatabaseError, match="no such table: nowhere"):
        writer.apply(log[10:20])

    assert writer.offsets == {0: log[9].offset + 1}
    assert_same(tables(sqlite_url), before)


def test_nothing_is_written_before_the_definition_that_it_names(sqlite_url: str) -> None:
    writer = Writer(sqlite_url, TOPIC, lambda: NOW)
    writer.open(0)
    log = facts()

    with pytest.raises(UnknownPolicyError) as caught:
        writer.apply(log[:10])
    nothing = (writer.offsets, tables(sqlite_url)["facts"])
    writer.keep_policies(POLICY, caught.value.versions)
    applied, _ = writer.apply(log[:10])
    writer.close()

    assert caught.value.versions == set(POLICY)
    assert nothing == ({}, [])
    assert applied.facts == 10


def test_a_definition_that_is_nowhere_is_told_and_done_without(
    sqlite_url: str, caplog: pytest.LogCaptureFixture
) -> None:
    writer = Writer(sqlite_url, TOPIC, lambda: NOW)
    writer.open(0)

    writer.keep_policies({}, set(POLICY))
    applied, _ = writer.apply(facts()[:10])
    writer.close()

    assert applied.facts == 10
    assert "facts name definitions that are nowhere" in caplog.text


def test_what_is_no_fact_is_kept_beside_and_stepped_over(writer: Writer, sqlite_url: str) -> None:
    log = facts()
    bad = [Received(0, 7, b"k", b"{broken"), Received(0, 9, None, None)]

    applied, _ = writer.apply([*log[:3], *bad])
    writer.set_aside(Received(0, 11, b"k", b"{}"), "it cannot be told")
    stands = writer.standing()

    assert (applied.facts, applied.unreadable) == (3, 2)
    assert (stands.unreadable, stands.offsets) == (3, {0: 12})
    assert [row[:2] for row in tables(sqlite_url)["unreadable"]] == [(0, 11), (0, 7), (0, 9)]


def test_markers_behind_the_last_fact_are_gone_past(writer: Writer) -> None:
    writer.apply(facts()[:1])

    news = [writer.go_on({0: 3, 1: 5}), writer.go_on({0: 3, 1: 5}), writer.go_on({0: 2})]

    assert news == [True, False, False]
    assert writer.offsets == {0: 3, 1: 5}


def test_a_missing_fact_that_comes_late_takes_its_place(database_url: str, other_url: str) -> None:
    log = facts()
    missed = of(log, busiest(log))[2]
    writer = opened(database_url)

    applied, _ = writer.apply([one for one in log if one is not missed])
    gapped = writer.gapped()
    writer.fill_in(of(log, busiest(log)))
    healed = writer.leap(0, gapped[0], log[-1].offset + 1)
    writer.close()

    assert applied.gapped == {(0, busiest(log).decode())}
    assert gapped == {0: {busiest(log).decode()}}
    assert healed == 0
    assert_same(tables(database_url), written(other_url, [log]))


def test_a_story_goes_on_without_a_fact_that_is_nowhere(database_url: str) -> None:
    log = facts()
    story = of(log, busiest(log))
    rest = [one for one in log if one is not story[2]]
    writer = opened(database_url)
    writer.apply(rest)
    lead_ids = {busiest(log).decode()}

    too_early = writer.leap(0, lead_ids, rest[-1].offset)
    leapt = writer.leap(0, lead_ids, rest[-1].offset + 1)
    again = writer.leap(0, lead_ids, rest[-1].offset + 1)
    stands = writer.standing()
    writer.close()

    assert (too_early, leapt, again) == (None, 1, 0)
    assert (stands.gaps, stands.leapt) == (0, 1)
    row = next(row for row in tables(database_url)["leads"] if row[0] in lead_ids)
    assert row[2] == len(story)


def test_how_far_filling_is_is_told_from_the_offsets(writer: Writer) -> None:
    writer.note_ends({0: 100, 1: 100})
    writer.begin_filling({0: 100, 1: 100})
    writer.go_on({0: 50})
    begun = writer.standing()

    writer.go_on({0: 120, 1: 100})
    ended = writer.standing()
    writer.end_filling()

    assert begun.filling is not None
    assert (begun.filling.since, begun.filling.share) == (NOW, 0.25)
    assert begun.lag == {0: 50, 1: 100}
    assert not begun.is_full
    assert ended.filling is not None
    assert ended.filling.share == 1
    assert writer.standing().is_full


@pytest.mark.parametrize(("leads", "named"), [(2, True), (LEADS_MAX + 1, False)])
def test_news_name_leads_unless_they_are_too_many(
    writer: Writer, leads: int, *, named: bool
) -> None:
    first = facts()[0]
    batch = [replace(first, offset=at, key=f"lead-{at}".encode()) for at in range(leads)]

    _, change = writer.apply(batch)

    assert change.committed_at == NOW
    assert (change.leads is not None) is named


def test_a_closed_database_is_told(writer: Writer) -> None:
    writer.close()

    asked: list[Callable[[], object]] = [writer.gapped, lambda: writer.apply(facts()[:1])]

    for ask in asked:
        with pytest.raises(DatabaseError, match="is closed"):
            ask()
