"""The local store: an index of what is due, counts, and a copy that equals what was committed."""

import random
import shutil
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest
from rocksdict import DbClosedError

from events.state import ENCODING, encode_lead
from handlers.cache import Held, LeadCache
from handlers.folding import Change
from handlers.partition import PartitionState
from handlers.store import LAYOUT, Header, Identity, Memory, PartitionStore, StoreError
from lifecycle.clocks import next_due
from lifecycle.lead import Lead
from lifecycle.stages import Stage
from tests.handlers.bench import TOPICS, Bench
from tests.handlers.shop import DAY, HOUR, START

IDENTITY = Identity("cluster", "topic", 0)


@pytest.fixture
def memory() -> Memory:
    return Memory()


@pytest.fixture
def store(tmp_path: Path, memory: Memory) -> Iterator[PartitionStore]:
    store = PartitionStore(tmp_path / "0", memory, LeadCache(10))
    store.begin(IDENTITY)
    yield store
    with suppress(DbClosedError):  # A test may have closed it to open it again.
        store.close()


def lead_after(activity: str, name: str = "L1", at: int = START) -> Lead:
    """A lead that did one thing."""
    bench = Bench()
    bench.engaged(name, activity, at)
    bench.run()
    return bench.lead(name)


def commit(
    store: PartitionStore, lead: Lead, *, position: int = 1, before: Held | None = None
) -> None:
    """Apply one changed lead."""
    change = Change(lead, next_due(lead), lead.at, before, value=encode_lead(lead))
    store.apply({lead.id: change}, {}, PartitionState(), position)


def test_what_was_applied_is_there_after_a_restart_with_its_position(
    store: PartitionStore, tmp_path: Path, memory: Memory
) -> None:
    lead = lead_after("demo_request")
    commit(store, lead, position=7)
    store.close()

    again = PartitionStore(tmp_path / "0", memory, LeadCache(10))

    assert again.header == Header(IDENTITY, 7, lead.at)
    assert again.lead("L1") == lead
    assert again.counts == {Stage.MQL: 1}
    again.close()


def test_a_lead_is_due_once_at_its_newest_time(store: PartitionStore) -> None:
    first = lead_after("demo_request", at=START)
    second = lead_after("demo_request", at=START + DAY)
    commit(store, first)
    commit(store, second, before=Held(first, next_due(first)))

    due = store.due_until(START + 9 * DAY, 10, ())

    assert due == [(next_due(second), "L1")]
    assert store.counts[Stage.MQL] == 1


def test_due_leads_come_earliest_first_within_bounds_and_without_those_to_skip(
    store: PartitionStore,
) -> None:
    for number in range(6):
        commit(store, lead_after("demo_request", f"L{number}", START + (6 - number) * HOUR))

    due = store.due_until(START + 30 * DAY, 3, {"L5"})

    assert [lead_id for _, lead_id in due] == ["L4", "L3", "L2"]
    assert store.due_until(START, 3, ()) == []


def test_the_earliest_due_time_is_known_without_looking_twice(store: PartitionStore) -> None:
    lead = lead_after("demo_request")
    due = next_due(lead)
    assert due is not None
    assert store.earliest_due(due) is None
    commit(store, lead)

    assert store.earliest_due(due - 1) is None
    assert store.earliest_due(due) == due


def test_a_search_that_moves_the_lower_bound_loses_nothing_that_comes_before_it_later(
    store: PartitionStore,
) -> None:
    late, early = lead_after("demo_request", "L1", START + DAY), lead_after("demo_request", "L2")
    commit(store, late)
    assert [lead_id for _, lead_id in store.due_until(START + 9 * DAY, 9, ())] == ["L1"]

    commit(store, early)

    assert [lead_id for _, lead_id in store.due_until(START + 9 * DAY, 9, ())] == ["L2", "L1"]


def test_a_full_copy_of_the_changelog_equals_what_was_applied_batch_by_batch(
    tmp_path: Path, memory: Memory
) -> None:
    bench, chance = Bench(), random.Random(1)
    for number in range(200):
        activity = chance.choice(("page_view", "demo_request", "webinar_attended"))
        bench.engaged(f"L{chance.randrange(20)}", activity, START + number * HOUR)
        if number % 20 == 0:
            bench.tick(START + number * HOUR)
    applied = PartitionStore(tmp_path / "applied", memory, LeadCache(4))
    applied.begin(IDENTITY)
    while bench.position < len(bench.log):
        fold = bench.run(17)
        applied.apply(fold.changes, fold.ledger.changes(), fold.ledger.state(), 1)
    states = [(put.key or b"", put.value) for put in bench.told(TOPICS.state)]

    full = PartitionStore(tmp_path / "full", memory, LeadCache(4))
    full.begin(IDENTITY)
    full.take_raw(states)
    assert list(full.index(7))[-1] == 20
    full.finish(1, 1)
    halves = PartitionStore(tmp_path / "halves", memory, LeadCache(4))
    halves.begin(IDENTITY)
    for start in range(0, len(states), 31):
        halves.take(dict(states[start : start + 31]), start + 31, 1)

    for copy in (full, halves):
        assert _content(copy) == _content(applied)
        copy.close()
    applied.close()


def _content(store: PartitionStore) -> object:
    counts = {stage: count for stage, count in store.counts.items() if count}
    return list(store._range(b"0", b"\x7f")), counts, store.state


def test_a_full_copy_that_is_finished_outlives_its_process(
    store: PartitionStore, tmp_path: Path, memory: Memory
) -> None:
    lead = lead_after("demo_request")
    store.take_raw([(b"L1", encode_lead(lead)), (b"L2", encode_lead(lead)), (b"L2", None)])
    list(store.index(7))
    store.finish(3, START)

    # What is on disk just then is all that a killed process leaves.
    shutil.copytree(tmp_path / "0", tmp_path / "left")
    again = PartitionStore(tmp_path / "left", memory, LeadCache(10))

    assert again.header == Header(IDENTITY, 3, START)
    assert again.lead("L1") == lead
    assert again.lead("L2") is None
    assert again.due_until(START + 9 * DAY, 10, ()) == [(next_due(lead), "L1")]
    assert again.counts == {Stage.MQL: 1}
    again.close()


def test_a_lead_left_out_and_taken_back_moves_in_the_index_of_a_copy(
    store: PartitionStore,
) -> None:
    lead = lead_after("demo_request")
    store.take({b"L1": encode_lead(lead)}, 1, START)
    store.take({b"~excluded/L1": b"{}"}, 2, START)
    assert store.due_until(START + 9 * DAY, 9, ()) == []

    store.take({b"~excluded/L1": None}, 3, START)
    assert store.due_until(START + 9 * DAY, 9, ()) == [(next_due(lead), "L1")]

    store.take({b"L1": None}, 4, START)
    assert store.due_until(START + 9 * DAY, 9, ()) == []
    assert store.lead("L1") is None
    assert store.counts[Stage.MQL] == 0


def test_a_wiped_store_is_empty_and_nothing_unfinished_counts(
    store: PartitionStore, tmp_path: Path, memory: Memory
) -> None:
    store.take_raw([(b"L1", encode_lead(lead_after("demo_request")))])
    store.close()

    again = PartitionStore(tmp_path / "0", memory, LeadCache(10))
    assert again.header is None
    again.close()

    wiped = PartitionStore.wiped(tmp_path / "0", memory, LeadCache(10))
    assert wiped.lead("L1") is None
    wiped.close()


def test_the_cache_forgets_but_never_more_than_it_must() -> None:
    cache = LeadCache(8)
    lead = lead_after("page_view")
    cache.put("hot", Held(lead, None))
    for number in range(100):
        assert cache.get("hot") is not None
        cache.put(f"cold-{number}", Held(lead, None))
        assert len(cache) <= 8

    assert cache.get("cold-99") is not None
    assert cache.get("cold-50") is None


@pytest.mark.parametrize(
    "header",
    [b"{", b"[]", b"{}", b'{"identity": {"colour": 1}}'],
    ids=["cut off", "a list", "nothing", "of a later release"],
)
def test_a_store_whose_head_nobody_can_read_is_told_as_broken(
    store: PartitionStore, tmp_path: Path, memory: Memory, header: bytes
) -> None:
    store.finish(7, 7)
    store._db[b"#header"] = header
    store.close()

    with pytest.raises(StoreError, match="its head is not this release's"):
        PartitionStore(tmp_path / "0", memory, LeadCache(10))


@pytest.mark.parametrize(
    "identity",
    [
        Identity("cluster", "topic", 0, encoding=ENCODING + 1),
        Identity("cluster", "topic", 0, layout=LAYOUT + 1),
    ],
)
def test_of_a_store_of_another_release_only_its_identity_is_read(
    store: PartitionStore, tmp_path: Path, memory: Memory, identity: Identity
) -> None:
    store.begin(identity)
    store.finish(7, 7)
    store._db[b"~policy"] = b"as nobody here writes it"
    store.close()

    opened = PartitionStore(tmp_path / "0", memory, LeadCache(10))

    assert opened.header is not None
    assert opened.header.identity == identity
    assert opened.state == PartitionState()
    opened.close()


def test_a_lead_that_cannot_be_read_is_told_as_a_broken_store(store: PartitionStore) -> None:
    whole = encode_lead(lead_after("demo_request"))
    store.take_raw([(b"L1", whole[:-5])])

    with pytest.raises(StoreError, match="lead L1: not the state of a lead"):
        store.load(["L1"])
