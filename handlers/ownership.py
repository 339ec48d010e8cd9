"""Which partitions this worker owns, and how they come and go.

All of it happens on the polling thread: a rebalance is heard of while polling and at no other
time, so none of it meets an open transaction. A partition that goes is dropped with everything
held for it (records read ahead, the rest of a tick, leads in memory, the open store) before this
returns, and nothing of it can find its way into a later batch.
"""

import logging
from collections.abc import Iterable
from typing import Final

from confluent_kafka import Consumer, KafkaException, TopicPartition

from events.clients import reason_of
from handlers.cache import LeadCache
from handlers.owned import Owned
from handlers.restore import Restoration, Surroundings, check_grown
from handlers.restorer import Restorer
from handlers.store import StoreError, wipe

log: Final = logging.getLogger("baton.worker")


class Ownership:
    """The partitions of one member of the group."""

    def __init__(
        self,
        consumer: Consumer,
        surroundings: Surroundings,
        *,
        cache_leads_max: int,
    ) -> None:
        self._consumer = consumer
        self._around = surroundings
        self._topic = surroundings.topics.signals
        self._cache_leads_max = cache_leads_max
        self._owned: dict[int, Owned] = {}
        self._assigned: set[int] = set()
        self._joined = False
        self._leaving = False
        self._restorer = Restorer()
        self._broke_at: dict[int, int] = {}
        """Where a partition stood when its store turned out broken."""

    def subscribe(self) -> None:
        """Join the group."""
        self._consumer.subscribe(
            [self._topic],
            on_assign=self._on_assign,
            on_revoke=self._on_revoke,
            on_lost=self._on_lost,
        )

    def leave(self) -> None:
        """End restores, leave the group and let go of everything.

        A static member does not leave, it only falls silent. Closing may still tell of partitions
        that come or go; nothing is begun for those that come.
        """
        self._leaving = True
        self._restorer.stop()
        try:
            self._consumer.close()
        except KafkaException as error:
            log.warning("the group will notice by itself that we left: %s", reason_of(error))
        finally:
            self._drop(list(self._owned))

    def flowing(self) -> list[Owned]:
        """The restored partitions; may be asked from any thread."""
        return list(self._owned.values())

    def find(self, partition: int | None) -> Owned | None:
        """Return a partition that is read from."""
        return self._owned.get(-1 if partition is None else partition)

    def ready(self) -> tuple[bool, str]:
        """Say whether every assigned partition flows; may be asked from any thread."""
        if self._leaving:
            return False, "stopping"
        if not self._joined:
            return False, "joining the group"
        waiting = sorted(self._assigned - {owned.number for owned in self.flowing()})
        if waiting:
            return False, f"not ready: partitions {waiting} are restored or wait for a definition"
        return True, "ready"

    def restoring(self) -> dict[int, tuple[int, int]]:
        """Return position and target in the changelog of each partition being restored."""
        return self._restorer.progress()

    def take_restored(self) -> int:
        """Let restored partitions flow from where the group stands.

        Returns how many records of the changelog were read for them.
        """
        read = 0
        for restored in self._restorer.finished():
            read += restored.read
            self._owned[restored.partition] = Owned(
                restored.partition,
                restored.store,
                restored.cache,
                restored.policy,
                restored.in_force,
                restored.start,
            )
            place = TopicPartition(self._topic, restored.partition, restored.start)
            self._consumer.incremental_assign([place])
            # The client remembers that a partition was paused, also while it was somebody else's:
            # one that went while it was held would never be read from again.
            self._consumer.resume([self._place(restored.partition)])
            log.info(
                "partition restored",
                extra={
                    "partition": restored.partition,
                    "leads": sum(restored.store.counts.values()),
                    "read": restored.read,
                    "policy": restored.policy.version,
                },
            )
        return read

    def hold(self, owned: Owned) -> None:
        """Read no further in a partition whose next record cannot be taken yet."""
        self._consumer.pause([self._place(owned.number)])

    def release(self, owned: Owned) -> None:
        """Read on in a partition that was held."""
        self._consumer.resume([self._place(owned.number)])

    def restore_again(self, broken: StoreError) -> bool:
        """Give up a partition's broken store and restore it in full, while the others flow.

        Says whether that is of use: the store is one that is read from, and did not break at
        this very place before. Raises StoreError where it cannot be removed either. No
        transaction may be open, for what was held for the partition is dropped.
        """
        owned = next((one for one in self.flowing() if one.store.path == broken.path), None)
        if owned is None or self._broke_at.get(owned.number) == owned.position:
            return False
        self._broke_at[owned.number] = owned.position
        log.warning(
            "the local store is broken, and is restored in full: %s",
            broken,
            extra={"partition": owned.number},
        )
        del self._owned[owned.number]
        self._consumer.incremental_unassign([self._place(owned.number)])
        _close(owned)
        wipe(broken.path)
        self._restore(owned.number)
        return True

    def lag(self, owned: Owned) -> int:
        """Records that are in the log and not taken yet, as far as the client has heard."""
        marks = self._consumer.get_watermark_offsets(self._place(owned.number), cached=True)
        return max(marks[1] - owned.position, 0)

    # Rebalances.

    def _on_assign(self, consumer: Consumer, partitions: list[TopicPartition]) -> None:
        if self._leaving:
            return
        numbers = [partition.partition for partition in partitions]
        self._assigned.update(numbers)
        self._joined = True
        self._share_cache()
        # Taken into the client's own assignment once it is restored, at the offset from which to
        # read: so nothing has to be sought, and a dead owner's open transaction, which the
        # group's offsets wait for, holds up nobody else.
        consumer.incremental_assign([])
        check_grown(numbers, self._around)
        for number in numbers:
            self._restore(number)
        log.info("partitions assigned", extra={"partitions": sorted(numbers)})

    def _on_revoke(self, consumer: Consumer, partitions: list[TopicPartition]) -> None:
        numbers = [partition.partition for partition in partitions]
        self._let_go(consumer, numbers)
        log.info("partitions revoked", extra={"partitions": sorted(numbers)})

    def _on_lost(self, consumer: Consumer, partitions: list[TopicPartition]) -> None:
        """Drop partitions that somebody else may own already."""
        numbers = [partition.partition for partition in partitions]
        self._let_go(consumer, numbers)
        log.warning("partitions lost", extra={"partitions": sorted(numbers)})

    def _restore(self, number: int) -> None:
        cache = LeadCache(self._cache_share())
        self._restorer.begin(Restoration(number, self._around, cache))

    def _let_go(self, consumer: Consumer, numbers: list[int]) -> None:
        read_from = [self._place(number) for number in numbers if number in self._owned]
        self._drop(numbers)
        consumer.incremental_unassign(read_from)

    def _drop(self, numbers: Iterable[int]) -> None:
        for number in numbers:
            self._assigned.discard(number)
            self._restorer.cancel(number)
            owned = self._owned.pop(number, None)
            if owned is not None:
                _close(owned)
        self._share_cache()

    def _cache_share(self) -> int:
        return max(2, self._cache_leads_max // max(1, len(self._assigned)))

    def _share_cache(self) -> None:
        share = self._cache_share()
        for owned in self._owned.values():
            owned.cache.leads_max = share

    def _place(self, number: int) -> TopicPartition:
        return TopicPartition(self._topic, number)


def _close(owned: Owned) -> None:
    """Let go of a store. What it could not write out is in its own log, and in ``lead.state``."""
    try:
        owned.store.close()
    except StoreError as error:
        log.warning(
            "the local store was not written out: %s", error, extra={"partition": owned.number}
        )
