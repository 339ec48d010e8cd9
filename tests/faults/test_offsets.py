"""The group's offsets are not those of the states: moved by a person, or told by a stale broker."""

from collections.abc import Callable, Mapping
from concurrent.futures import Future
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any, cast

from confluent_kafka import Consumer, TopicPartition
from confluent_kafka.admin import AdminClient, ListOffsetsResultInfo, OffsetSpec

from deploy.kafka import Kafka
from events.clients import consumer_config
from events.topics import Topics
from events.wall_clock import now_ms
from handlers.cache import LeadCache
from handlers.cluster import Cluster
from handlers.exits import Exit
from handlers.policies import PolicyShelf
from handlers.restore import Restoration, Surroundings
from handlers.store import Memory
from tests.e2e.harness import PARTITIONS, Follower, Site, append, await_read, ends_of, states
from tests.faults.lives import Crew, agreed, assert_undisturbed, await_story, pieces
from tests.faults.tried import tried

MOVED: dict[str, Callable[[int], int]] = {
    "back": lambda offset: offset - 20,
    "on": lambda offset: offset + 20,
}
PARTITION = 1
STALE = 3
"""Answers of a broker that was cut off, before it knows."""
ENDS = (0, -1001, 40)
"""What a broker that is only just back takes for the end of ``lead.state``: none, or an old one."""


@tried("the group's offsets are moved", len(MOVED))
def test_offsets_that_somebody_moved_stop_the_worker_with_the_right_ones(
    kafka: Kafka, topics: Topics, tmp_path: Path
) -> None:
    site = agreed(kafka, topics)
    *parts, last = pieces(len(MOVED) + 1)
    with Crew(site, tmp_path, batch_messages_max=200) as crew:
        for part, move in zip(parts, MOVED.values(), strict=True):
            one = crew.start("w1")
            await_read(site, ends_of(part, append(site, part)), [one])
            assert crew.stop("w1") == Exit.OK
            right = committed(site)

            put_offset(site, move(right))
            crew.start("w1")
            assert crew.bury("w1") == Exit.OFFSETS_LOST
            assert f"holds the states of offset {right}" in crew.last_words
            assert f"Set it to {right}" in crew.last_words
            put_offset(site, right)
        crew.start("w1")
        append(site, last)
        await_story(site, crew.workers)

    assert_undisturbed(site)


@tried("a broker that was cut off, or is only just back", STALE + len(ENDS))
def test_a_restore_that_is_told_a_stale_offset_or_end_asks_again(
    kafka: Kafka, topics: Topics, tmp_path: Path
) -> None:
    site = agreed(kafka, topics)
    part, *_ = pieces(2)
    with Crew(site, tmp_path, batch_messages_max=200) as crew:
        one = crew.start("w1")
        await_read(site, ends_of(part, append(site, part)), [one])
        assert crew.stop("w1") == Exit.OK
    shelf = PolicyShelf(site.properties, topics.policies)
    shelf.start()
    with closing(Consumer(consumer_config(site.properties, site.group))) as asker:
        stale = StaleAtFirst(asker)
        surroundings = around(site, tmp_path / "here", stale, shelf)
        ends = EndsAtFirst(surroundings.admin)
        restoration = Restoration(
            PARTITION, replace(surroundings, admin=cast("Any", ends)), LeadCache(10)
        )
        for _ in restoration.steps():
            pass
    shelf.stop()

    assert stale.answers > STALE
    assert ends.left == []
    assert restoration.restored is not None
    assert restoration.restored.start == committed(site)
    assert sum(restoration.restored.store.counts.values()) == leads_in(site)
    restoration.restored.store.close()


class StaleAtFirst:
    """Asks the group, and tells an offset of a while ago for the first few times."""

    def __init__(self, asker: Consumer) -> None:
        self.answers = 0
        self._asker = asker

    def committed(self, places: list[TopicPartition], timeout: float) -> list[TopicPartition]:
        """Answer as the consumer's method of this name does."""
        found = self._asker.committed(places, timeout=timeout)
        if found[0].error is None:
            self.answers += 1
            if self.answers <= STALE:
                found[0].offset -= 20
        return found


class EndsAtFirst:
    """Asks the cluster, and tells other ends of ``lead.state`` the first few times."""

    def __init__(self, admin: AdminClient) -> None:
        self.left = [*ENDS]
        self._admin = admin

    def list_offsets(
        self,
        asked: dict[TopicPartition, OffsetSpec],
        **how: Any,  # noqa: ANN401 - as it comes
    ) -> Mapping[TopicPartition, Future[ListOffsetsResultInfo]]:
        """Answer as the admin client's method of this name does."""
        if not self.left:
            return self._admin.list_offsets(asked, **how)
        answers = {}
        for place in asked:
            answers[place] = Future[ListOffsetsResultInfo]()
            answers[place].set_result(ListOffsetsResultInfo(self.left.pop(0), -1, -1))
        return answers


def leads_in(site: Site) -> int:
    """How many leads have a state in the partition."""
    return sum(not key.startswith(b"~") for key in states(site)[PARTITION])


def around(site: Site, directory: Path, asker: StaleAtFirst, shelf: PolicyShelf) -> Surroundings:
    """What a worker's restores have around them."""
    cluster = Cluster(site.properties, site.topics)
    return Surroundings(
        properties=site.properties,
        topics=site.topics,
        cluster=cluster.id,
        state_topic_id=cluster.topic_id(site.topics.state),
        partition_count=PARTITIONS,
        directory=directory,
        asker=cast("Any", asker),
        admin=cluster.admin,
        shelf=shelf,
        memory=Memory(),
        clock=now_ms,
    )


def committed(site: Site) -> int:
    """Where the group stands."""
    with Follower(site) as follower:
        return follower.committed()[PARTITION]


def put_offset(site: Site, offset: int) -> None:
    """Move the group, as an operator may while no worker runs."""
    place = TopicPartition(site.topics.signals, PARTITION, offset)
    with closing(Consumer(consumer_config(site.properties, site.group))) as member:
        member.commit(offsets=[place], asynchronous=False)
