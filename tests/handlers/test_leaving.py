"""The end of a worker is clean in every order that partitions, restores and stores may go in."""

from collections.abc import Callable
from pathlib import Path
from shutil import rmtree
from typing import Any, cast

import pytest
from confluent_kafka import Consumer, KafkaError, KafkaException, TopicPartition

from events.embedded import EmbeddedBroker
from events.topics import Topics
from handlers.asking import Steps
from handlers.cache import LeadCache
from handlers.exits import Exit
from handlers.owned import Owned
from handlers.ownership import Ownership
from handlers.partition import InForce
from handlers.restore import Restoration, Surroundings
from handlers.restorer import Restorer
from handlers.simulate import crew as crews
from handlers.store import Identity, Memory, PartitionStore
from schemas.policy import shipped
from tests.handlers.shop import Shop, eventually

Callback = Callable[[object, list[TopicPartition]], None]
TOPICS = Topics()


class Member:
    """A member of a group whose end is as told: what it hears of while it is closed."""

    def __init__(self, *at_end: str, fails: bool = False) -> None:
        self.closed = False
        self.when_closing: Callable[[], object] = lambda: None
        self._at_end = at_end
        self._fails = fails
        self._callbacks: dict[str, Callback] = {}

    def subscribe(self, _: list[str], **callbacks: Callback) -> None:
        self._callbacks = callbacks

    def incremental_unassign(self, _: list[TopicPartition]) -> None:
        if self._fails:
            raise KafkaException(KafkaError(KafkaError._INVALID_ARG))

    def close(self) -> None:
        self.closed = True
        self.when_closing()
        for told in self._at_end:
            self._callbacks[told](self, [TopicPartition(TOPICS.signals, n) for n in (0, 1)])
            self.when_closing()


class Endless(Restoration):
    """A restore that holds its store and never comes to its end."""

    def steps(self) -> Steps[None]:
        """Hold the store until it is given up."""
        self._store = store_in(self.around.directory, self.partition)
        try:
            while True:
                yield False
        finally:
            self._store.close()


class Failing(Restoration):
    """A restore that cannot be done."""

    def steps(self) -> Steps[None]:
        """Fail in the first step."""
        yield True
        raise ValueError("as if a record could not be read")


def store_in(directory: Path, partition: int) -> PartitionStore:
    store = PartitionStore(directory / str(partition), Memory(), LeadCache(10))
    store.begin(Identity("cluster", "topic", partition))
    store.finish(7, 7)
    return store


def around(directory: Path) -> Surroundings:
    """As much of a worker's surroundings as is needed here."""
    nobody = cast("Any", None)
    return Surroundings(
        properties={},
        topics=TOPICS,
        cluster="cluster",
        state_topic_id="topic",
        partition_count=2,
        directory=directory,
        asker=nobody,
        admin=nobody,
        shelf=nobody,
        memory=Memory(),
        clock=lambda: 0,
    )


def restoration(kind: type[Restoration], directory: Path, partition: int) -> Restoration:
    return kind(partition, around(directory), LeadCache(10))


def owning_one_and_restoring_another(member: Member, directory: Path) -> Ownership:
    """Partition 0 flows, partition 1 is restored."""
    ownership = Ownership(cast("Consumer", member), around(directory), cache_leads_max=10)
    ownership.subscribe()
    policy = shipped()
    force = InForce(digest=policy.version, partition_count=2, ticks="owner")
    ownership._owned[0] = Owned(0, store_in(directory, 0), LeadCache(10), policy, force, 0)
    ownership._restorer.begin(restoration(Endless, directory, 1))
    eventually((directory / "1").exists, "the restore does not begin")
    return ownership


@pytest.mark.parametrize("store_is_there", [True, False], ids=["", "store gone"])
@pytest.mark.parametrize(
    "member",
    [
        Member(),
        Member("on_revoke"),
        Member("on_lost"),
        Member("on_assign", "on_lost"),
        Member("on_lost", "on_revoke"),
        Member("on_lost", fails=True),
    ],
    ids=["silent", "revoked", "lost", "assigned and lost", "told twice", "refused"],
)
def test_leaving_closes_every_store_whatever_is_heard_meanwhile(
    member: Member, tmp_path: Path, store_is_there: bool
) -> None:
    ownership = owning_one_and_restoring_another(member, tmp_path)
    if not store_is_there:
        rmtree(tmp_path)

    ownership.leave()

    assert member.closed
    assert ownership.flowing() == []
    assert ownership.restoring() == {}
    for partition in (0, 1):  # Nobody holds one that could not be opened again.
        store_in(tmp_path, partition).close()


def test_whoever_leaves_is_ready_for_nothing_though_all_it_has_left_flows(tmp_path: Path) -> None:
    member = Member("on_revoke")
    ownership = owning_one_and_restoring_another(member, tmp_path)
    ownership._joined = True
    ownership._restorer.cancel(1)
    before, answers = ownership.ready(), []
    member.when_closing = lambda: answers.append(ownership.ready())

    ownership.leave()

    assert before == (True, "ready")
    assert answers == [(False, "stopping")] * 2
    assert ownership.ready() == (False, "stopping")


def test_partitions_that_come_after_a_restore_has_failed_hold_up_nobody(tmp_path: Path) -> None:
    restorer = Restorer()
    restorer.begin(restoration(Failing, tmp_path, 0))
    restorer._thread.join(10)

    restorer.begin(restoration(Endless, tmp_path, 1))
    restorer.cancel(1)

    with pytest.raises(ValueError, match="could not be read"):
        restorer.finished()
    restorer.stop()


def test_a_worker_that_ends_after_its_play_still_has_its_directory(
    embedded: EmbeddedBroker,
    topics: Topics,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(crews, "JOIN_SECONDS_MAX", 0.0)
    shop = Shop(embedded, topics, tmp_path)
    shop.adopt()
    with crews.crew(shop.settings()) as staff:
        shop.engaged("L1", "page_view", 0)
        eventually(lambda: staff._worker.ready()[0], "the worker is not ready")
        directory = Path(staff._directory.name)

    staff._thread.join(30)
    assert staff._code is Exit.OK
    assert not directory.exists()
