"""I7, I8 and the producer's life, on Apache Kafka: fencing, aborts, rebalances and restores."""

import shutil
import signal
import threading
import time
from pathlib import Path

import pytest
from confluent_kafka import Consumer, Producer, TopicPartition

from deploy.kafka import Kafka
from events.clients import consumer_config, producer_config
from events.topics import Topics
from events.wall_clock import now_ms
from handlers.exits import Exit
from handlers.partition import PartitionState
from handlers.store import PartitionStore
from handlers.transaction import Aborted, Transactions
from tests.handlers.feed import play
from tests.handlers.shop import DAY, HOUR, START, Running, Shop, eventually


def test_two_workers_coming_and_going_write_what_one_would_have(
    kafka: Kafka, topics: Topics, tmp_path: Path
) -> None:
    shop = Shop(kafka, topics, tmp_path, partitions=4)
    calm = Shop(kafka, Topics(f"{topics.prefix}calm."), tmp_path / "calm", partitions=4)
    for each in (shop, calm):
        each.adopt()
        play(each, seed=5, leads=40, days=4, signals_a_day=500)

    with calm.worker():
        calm.wait()
    with shop.worker(worker_name="w1", batch_messages_max=20) as first:
        first.ready()
        with shop.worker(worker_name="w2", batch_messages_max=7) as second:
            eventually(lambda: len(_flowing(second)) == 2, "the second gets no share")
            eventually(lambda: len(_flowing(first)) == 2, "the first keeps everything")
        shop.wait()

    assert shop.read(topics.lifecycle) == calm.read(calm.topics.lifecycle)


def _flowing(running: Running) -> list[int]:
    ownership = getattr(running.worker, "_ownership", None)
    return [] if ownership is None else [owned.number for owned in ownership.flowing()]


def test_a_member_that_lost_its_partition_cannot_commit_for_it_with_its_batchs_metadata(
    kafka: Kafka, topics: Topics, tmp_path: Path
) -> None:
    shop = Shop(kafka, topics, tmp_path, partitions=2)
    config = consumer_config(shop.properties, shop.group)
    first = Consumer(config)
    first.subscribe([topics.signals])
    eventually(lambda: first.consume(1, 0.1) or len(first.assignment()) == 2, "no assignment")
    held = first.consumer_group_metadata()
    second = Consumer(config)
    second.subscribe([topics.signals])
    eventually(
        lambda: [first.consume(1, 0.05), second.consume(1, 0.05)] and len(first.assignment()) == 1,
        "nothing is handed over",
    )
    lost = next(n for n in (0, 1) if n not in {p.partition for p in first.assignment()})
    transactions = Transactions(shop.properties, "t1", topics, giving_up=lambda: False)
    transactions.init()

    transactions.begin()
    transactions.put(topics.lifecycle, lost, b"L1", b"{}", None, START)
    with pytest.raises(Aborted):
        transactions.commit([TopicPartition(topics.signals, lost, 7)], held)

    assert shop.read(topics.lifecycle) == []
    assert sum(shop.taken().values()) < 0
    first.close()
    second.close()


def test_what_follows_a_commit_at_once_can_be_aborted(
    kafka: Kafka, topics: Topics, tmp_path: Path
) -> None:
    shop = Shop(kafka, topics, tmp_path, partitions=2)
    member = Consumer(consumer_config(shop.properties, shop.group)).consumer_group_metadata()
    transactions = Transactions(shop.properties, "t1", topics, giving_up=lambda: False)
    transactions.init()

    def put(value: bytes) -> None:
        for topic in (topics.lifecycle, topics.state, topics.handovers):
            for partition in (0, 1):
                transactions.put(topic, partition, b"L1", value, None, START)
        transactions.serve()

    # The coordinator still writes the markers of the one when it is asked for the other.
    for number in range(60):
        transactions.begin()
        put(b"committed")
        transactions.commit([], member)
        transactions.begin()
        put(b"aborted")
        time.sleep(number / 4_000)
        transactions.abort()

    assert {record.value for record in shop.read(topics.lifecycle)} == {b"committed"}


def test_after_an_abort_the_batch_is_read_and_taken_again(
    kafka: Kafka, topics: Topics, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shop = Shop(kafka, topics, tmp_path)
    shop.adopt()
    for number in range(30):
        shop.engaged(f"L{number}", "demo_request", START)
    commit, aborted = Transactions.commit, threading.Event()

    def aborts_once(self: Transactions, offsets: list[TopicPartition], member: object) -> None:
        if not aborted.is_set():
            aborted.set()
            self.abort()
            raise Aborted("as if the group had moved on")
        commit(self, offsets, member)

    monkeypatch.setattr(Transactions, "commit", aborts_once)
    with shop.worker() as running:
        shop.wait()
        assert running.metric("baton_aborted_transactions_total") == 1

    arrived = [fact["subject"] for fact in shop.facts("arrived")]
    assert sorted(arrived) == sorted({f"L{number}" for number in range(30)})


def test_a_second_worker_of_the_same_name_fences_the_first(
    kafka: Kafka, topics: Topics, tmp_path: Path
) -> None:
    shop = Shop(kafka, topics, tmp_path)
    shop.adopt()
    with shop.worker() as first:
        first.ready()
        shop.engaged("L1", "page_view", START)
        shop.wait()
        twin = Transactions(shop.properties, f"{shop.group}-w1", topics, giving_up=lambda: False)
        twin.init()
        shop.engaged("L1", "page_view", START)
        assert first.ended() is Exit.FENCED

    assert [fact["type"] for fact in shop.facts("arrived")] == ["lead.arrived.v1"]


def test_without_its_local_store_it_restores_the_same_bytes(
    kafka: Kafka, topics: Topics, tmp_path: Path
) -> None:
    start = now_ms() - DAY
    shop = Shop(kafka, topics, tmp_path)
    shop.adopt(at=start)
    play(shop, seed=2, leads=40, days=1, signals_a_day=400, start=start)
    with shop.worker() as running:
        shop.wait()
        stopped = _stores(running)
    with shop.worker() as running:
        running.ready()
        warm = _stores(running)
    shutil.rmtree(tmp_path / "state")
    with shop.worker() as running:
        running.ready()
        cold = _stores(running)

    assert stopped == warm == cold
    assert len(cold[0][0]) > 20


def _stores(running: Running) -> list[tuple[dict[bytes, bytes], dict[str, int], PartitionState]]:
    """What each partition's store holds, but for its header."""
    found = []
    for owned in sorted(running.worker._ownership.flowing(), key=lambda owned: owned.number):
        store: PartitionStore = owned.store
        counts = {stage.value: count for stage, count in store.counts.items() if count}
        found.append((dict(store._range(b"0", b"\x7f")), counts, store.state))
    return found


def test_a_store_behind_catches_up_with_what_others_wrote_meanwhile(
    kafka: Kafka, topics: Topics, tmp_path: Path
) -> None:
    start = now_ms() - DAY
    shop = Shop(kafka, topics, tmp_path)
    shop.adopt(at=start)
    play(shop, seed=2, leads=20, days=1, signals_a_day=100, start=start)
    with shop.worker(worker_name="w1"):
        shop.wait()
    play(shop, seed=3, leads=25, days=1, signals_a_day=100, start=start)
    with shop.worker(worker_name="w2") as running:
        shop.wait()
        expected = _stores(running)
    with shop.worker(worker_name="w1") as running:
        running.ready()
        assert _stores(running) == expected


def test_an_open_transaction_of_a_dead_worker_is_waited_for(
    kafka: Kafka, topics: Topics, tmp_path: Path
) -> None:
    shop = Shop(kafka, topics, tmp_path, partitions=1)
    shop.adopt()
    shop.engaged("L1", "demo_request", START)
    with shop.worker():
        shop.wait()
    dead = Producer(
        producer_config(
            {**shop.properties, "transaction.timeout.ms": 4000}, transactional_id="dead"
        )
    )
    dead.init_transactions(30)
    dead.begin_transaction()
    dead.produce(topics.state, value=None, key=b"L1", partition=0)
    dead.flush()
    shutil.rmtree(tmp_path / "state")

    with shop.worker() as running:
        running.ready()
        assert running.worker._ownership.flowing()[0].store.lead("L1") is not None


def test_leads_without_committed_offsets_are_never_counted_twice(
    kafka: Kafka, topics: Topics, tmp_path: Path
) -> None:
    shop = Shop(kafka, topics, tmp_path)
    shop.adopt()
    shop.engaged("L1", "page_view", START)
    with shop.worker():
        shop.wait()

    with shop.worker(group="another") as running:
        assert running.ended() is Exit.OFFSETS_LOST


def test_a_stop_commits_the_batch_in_hand_and_leaves_within_ten_seconds(
    kafka: Kafka, topics: Topics, tmp_path: Path
) -> None:
    shop = Shop(kafka, topics, tmp_path)
    shop.adopt()
    play(shop, seed=4, leads=50, days=3, signals_a_day=1000)
    with shop.process(batch_messages_max=50) as process:
        eventually(lambda: sum(shop.taken().values()) > 200, "it does not get on")
        process.send_signal(signal.SIGTERM)
        assert process.wait(10) == 0

    with shop.worker(worker_name="w2") as running:
        running.ready()
        shop.wait()
    seqs: dict[str, list[int]] = {}
    for fact in shop.facts():
        seqs.setdefault(fact["subject"], []).append(fact["data"]["seq"])
    assert all(found == list(range(1, len(found) + 1)) for found in seqs.values())


def test_a_partition_that_restores_does_not_hold_up_the_others(
    kafka: Kafka, topics: Topics, tmp_path: Path
) -> None:
    shop = Shop(kafka, topics, tmp_path)
    shop.adopt()
    here, there = shop.leads_at(0, 1)[0], shop.leads_at(1, 1)[0]
    stuck = Producer(producer_config(shop.properties, transactional_id="stuck"))
    stuck.init_transactions(30)
    stuck.begin_transaction()
    stuck.produce(topics.state, value=b"x", key=b"L", partition=1)
    stuck.flush()
    with shop.worker() as running:
        shop.engaged(here, "page_view", START + HOUR)
        shop.engaged(there, "page_view", START + HOUR)
        eventually(lambda: shop.taken().get(0, 0) > 1, "the free partition does not flow")
        assert shop.taken()[1] < 0
        assert not running.worker.ready()[0]

        stuck.abort_transaction(30)
        shop.wait()
    assert {fact["subject"] for fact in shop.facts("arrived")} == {here, there}
