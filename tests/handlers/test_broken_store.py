"""A local store that breaks at work: its partition is restored, and nobody else hears of it."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from deploy.kafka import Kafka
from events.topics import Topics
from handlers.exits import Exit
from handlers.store import PartitionStore, StoreError
from lifecycle.stages import Stage
from tests.handlers.shop import DAY, START, Running, Shop, eventually

WHEN = ("load", "apply", "due_until", "earliest_due")
"""What of a store's is called in a batch before its commit, after it, for a tick, and between."""


def breaking(name: str, partition: int, reason: str, *, times: int = 1) -> Any:  # noqa: ANN401 - any method
    """A method of one partition's store that fails so often."""
    sound: Callable[..., Any] = getattr(PartitionStore, name)
    calls = 0

    def method(store: PartitionStore, *given: Any, **named: Any) -> Any:  # noqa: ANN401 - any
        nonlocal calls
        if store.path.name == str(partition):
            calls += 1
            if calls <= times:
                raise StoreError(store.path, reason)
        return sound(store, *given, **named)

    return method


@pytest.mark.parametrize("name", WHEN)
def test_its_partition_is_restored_and_nothing_is_missing_or_doubled(
    kafka: Kafka,
    topics: Topics,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    name: str,
) -> None:
    # Where an abort is one: readers of the embedded broker see what was aborted as well.
    shop = Shop(kafka, topics, tmp_path)
    shop.adopt(ticks="owner" if name == "earliest_due" else "external")
    leads = [*shop.leads_at(0, 8), *shop.leads_at(1, 8)]
    for number, lead in enumerate(leads * 3):
        shop.engaged(lead, "page_view", START + number)
    monkeypatch.setattr(PartitionStore, name, breaking(name, 1, "a checksum is wrong"))
    with shop.worker(batch_messages_max=10, cache_leads_max=2) as running:
        shop.wait()
        for number, lead in enumerate(leads):
            shop.engaged(lead, "demo_request", START + DAY + number)
        shop.tick(START + 2 * DAY)
        shop.wait()
        running.ready()

        assert running.metric("baton_broken_stores_total") == 1
        eventually(lambda: total(running) == len(leads), "leads are missing, or counted twice")

    assert running.exit is Exit.OK
    assert "is broken, and is restored in full" in caplog.text
    facts = shop.facts()
    warned = {told["subject"] for told in facts if told["type"] == "lead.clock_warned.v1"}
    assert warned == set(leads)
    for lead in leads:
        seqs = [told["data"]["seq"] for told in facts if told["subject"] == lead]
        assert seqs == list(range(1, len(seqs) + 1))


def total(running: Running) -> float:
    """Leads of all stages that the worker says it has."""
    return sum(running.metric("baton_leads", stage=stage) for stage in Stage)


def test_one_that_breaks_again_at_the_same_place_ends_the_worker(
    shop: Shop, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    shop.adopt()
    shop.engaged(shop.leads_at(1, 1)[0], "page_view", START)
    monkeypatch.setattr(
        PartitionStore, "apply", breaking("apply", 1, "a checksum is wrong", times=99)
    )
    monkeypatch.setattr(PartitionStore, "load", breaking("load", 1, "still wrong", times=99))
    with shop.worker() as running:
        assert running.ended() is Exit.ERROR

    assert "restored in full" in caplog.text
    assert running.metric("baton_broken_stores_total") == 1


def test_a_full_disk_is_not_taken_for_a_broken_store(
    shop: Shop, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    shop.adopt()
    shop.engaged(shop.leads_at(1, 1)[0], "page_view", START)
    full = "IO error: No space left on device: while appending"
    monkeypatch.setattr(PartitionStore, "apply", breaking("apply", 1, full))
    with shop.worker() as running:
        assert running.ended() is Exit.ERROR

    assert "there is no room left" in caplog.text
    assert running.metric("baton_broken_stores_total") == 0
