"""The decider's loop: poll, fold, commit, apply, tick; and what a rebalance does to it.

One thread polls, decides and commits; nothing it holds is shared, but with the restoring thread
by handing over. The order of things is what the promises rest on:

- Group metadata is taken right after polling, where rebalances are heard of, and a batch is
  committed with it. A partition that was revoked is dropped with everything held for it before
  the next batch is put together, and no transaction is ever open while polling.
- A batch is folded, committed, and only then applied to the store. A crash in between leaves a
  store that is behind ``lead.state``, never ahead of it.
- After an abort the batch is taken again from its first offsets. The client does not rewind by
  itself, and need not: records leave the inbox only once they are committed.
- A store that turns out broken costs its partition a restore, and the others nothing: what is
  committed of the batch is applied, what is not is taken again.
- A partition is read from while it can be taken; one that restores, waits for a definition or
  works through a tick is paused, and the others flow.
"""

import logging
import threading
import time
from collections import Counter
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from typing import Final
from urllib.parse import quote

from confluent_kafka import Consumer, KafkaException, TopicPartition

from events.clients import consumer_config
from events.codec import decode
from events.topics import Topics
from events.wall_clock import WallClock, now_ms
from handlers.batch import Fold
from handlers.build import CORE
from handlers.cluster import Cluster
from handlers.exits import Exit, Stop
from handlers.faults import Point, reaching
from handlers.folding import Limits, Place, Rules
from handlers.health import HealthServer
from handlers.inbox import PREFETCHED, fill, put_together
from handlers.last_words import last_words
from handlers.metrics import Metrics
from handlers.owned import Owned
from handlers.ownership import Ownership
from handlers.pace import Pace
from handlers.partition import Ledger
from handlers.policies import PolicyShelf
from handlers.records import Record
from handlers.restore import Surroundings
from handlers.settings import Settings
from handlers.store import Memory, StoreError
from handlers.ticker import Ticker
from handlers.transaction import Aborted, Transactions
from lifecycle.clocks import next_due
from lifecycle.decide import advance, decide
from lifecycle.stages import Stage
from lifecycle.vet import vet

log: Final = logging.getLogger("baton.worker")

DOMAIN: Final = Rules(decode, vet, decide, advance, next_due)
"""The functions that decide, as they are; tests may bring others."""

STOPPING: Final = (False, "stopping")
"""What /health/ready says from when the end is asked for, or cannot be put off."""
OBSERVE_SECONDS: Final = 2.0
RECOUNT_SECONDS: Final = 60.0
LIVE_SECONDS_MAX: Final = 60.0
"""A loop that has not come round for so long is stuck."""
STOP_SECONDS: Final = 6.0
"""How long a batch in hand may take to commit once the end is asked for."""


class Worker:
    """One member of the group. ``run`` returns the exit code."""

    def __init__(
        self, settings: Settings, *, clock: WallClock = now_ms, rules: Rules = DOMAIN
    ) -> None:
        self._settings = settings
        self._topics = Topics(settings.topics_prefix)
        self._clock = clock
        self._rules = rules
        self._reach = reaching(settings.fault)
        self._ownership: Ownership
        self._answer_ready: Callable[[], tuple[bool, str]] = lambda: (False, "starting")
        self._came_round_at = time.monotonic()
        self._batch_at = 0.0
        self._stop = threading.Event()
        self._stop_by = float("inf")
        self._observed_at = 0.0
        self._recounted_at = time.monotonic()
        self.metrics = Metrics()
        self._pace = Pace(settings.batch_messages_max)
        self.metrics.ready_as(self.ready)
        self.health: HealthServer | None = None

    def run(self, stop: threading.Event) -> Exit:
        """Work until ``stop`` is set or it cannot go on; the reason is logged."""
        self._stop = stop
        if self._settings.fault:
            log.critical(
                "BATON_FAULT=%s: this worker is going to disturb itself, which is for tests alone. "
                "Unset it anywhere else.",
                self._settings.fault,
            )
        try:
            self._work()
        except Exception as error:  # noqa: BLE001 - whatever it is, it is told and ends the process
            return last_words(error)
        finally:
            if self.health is not None:
                self.health.close()
        log.info("stopped")
        return Exit.OK

    def ready(self) -> tuple[bool, str]:
        """Say whether every assigned partition flows, and nothing is about to end that."""
        return STOPPING if self._stop.is_set() else self._answer_ready()

    def live(self) -> tuple[bool, str]:
        """Say whether the loop comes round."""
        still = time.monotonic() - self._came_round_at
        return still < LIVE_SECONDS_MAX, f"the loop came round {still:.1f} s ago"

    # Life.

    def _work(self) -> None:
        settings, topics = self._settings, self._topics
        self._serve_health()
        self._cluster = Cluster(settings.kafka, topics)
        self._partition_count = self._cluster.check_topics()
        self.metrics.of_partitions(self._partition_count)
        self._transactions = Transactions(
            settings.kafka,
            f"{settings.group}-{settings.worker_name}",
            topics,
            giving_up=self._gives_up,
            reach=self._reach,
        )
        self._transactions.init()
        self._shelf = PolicyShelf(settings.kafka, topics.policies)
        self._ticker = Ticker(
            settings.kafka,
            topics,
            self._clock,
            worker_name=settings.worker_name,
            interval_seconds=settings.tick_interval_seconds,
        )
        properties = {**PREFETCHED, **settings.kafka, "auto.offset.reset": "error"}
        member = settings.worker_name if settings.static_membership else None
        self._consumer = Consumer(consumer_config(properties, settings.group, member=member))
        self._asker = Consumer(consumer_config(properties, settings.group))
        surroundings = Surroundings(
            properties=settings.kafka,
            topics=topics,
            cluster=self._cluster.id,
            state_topic_id=self._cluster.topic_id(topics.state),
            partition_count=self._partition_count,
            directory=settings.state_dir
            / quote(settings.group, safe="")
            / quote(settings.worker_name, safe=""),
            asker=self._asker,
            admin=self._cluster.admin,
            shelf=self._shelf,
            memory=Memory(),
            clock=self._clock,
            reach=self._reach,
        )
        self._ownership = Ownership(
            self._consumer, surroundings, cache_leads_max=settings.cache_leads_max
        )
        self._answer_ready = self._ownership.ready
        self._shelf.start()
        log.info(
            "started",
            extra={
                "group": settings.group,
                "worker": settings.worker_name,
                "topic": topics.signals,
                "metrics": self._metrics_at(),
                "core": CORE,
            },
        )
        try:
            self._ownership.subscribe()
            while not self._stop.is_set():
                self._come_round()
        finally:
            self._end()

    def _serve_health(self) -> None:
        host, port = self._settings.metrics_host, self._settings.metrics_port
        if port is None:
            return
        try:
            self.health = HealthServer(host, port, self.metrics.registry, self.live, self.ready)
        except OSError as error:
            raise Stop(
                Exit.ERROR,
                f"{host}:{port} cannot serve /metrics ({error.strerror}): "
                "BATON_METRICS_PORT chooses another port, 0 any free one",
            ) from error

    def _metrics_at(self) -> str:
        """Say where /metrics is; whoever asked for any free port learns it here."""
        return "off" if self.health is None else f"{self._settings.metrics_host}:{self.health.port}"

    def _end(self) -> None:
        """Let go of everything, whatever fails of it; what is committed is committed."""
        self._answer_ready = lambda: STOPPING
        with ExitStack() as ends:
            for end in (self._shelf.stop, self._ticker.close, self._asker.close):
                ends.callback(end)
            self._ownership.leave()

    def _gives_up(self) -> bool:
        """Say whether retrying has to end because the process was asked to."""
        if not self._stop.is_set():
            return False
        if self._stop_by == float("inf"):
            self._stop_by = time.monotonic() + STOP_SECONDS
        return time.monotonic() > self._stop_by

    def _come_round(self) -> None:
        self._came_round_at = time.monotonic()
        try:
            self._go_round()
        except StoreError as broken:
            self._restore_again(broken)

    def _go_round(self) -> None:
        fill(self._consumer, self._ownership, self._settings, self._batch_at)
        member = self._consumer.consumer_group_metadata()
        self.metrics.restored(self._ownership.take_restored())
        self._let_go_on()
        batch = put_together(
            self._ownership.flowing(), self._pace.messages, self._settings.batch_bytes_max
        )
        if batch:
            self._batch_at = time.monotonic()
            self._take(batch, member)
        self.metrics.ticked(self._ticker.tick(self._ownership.flowing()))
        self._observe()

    def _restore_again(self, broken: StoreError) -> None:
        """Restore a partition whose store is broken; a full disk, or whatever else, is raised."""
        if broken.no_room or not self._ownership.restore_again(broken):
            raise broken
        self.metrics.gave_up_store()

    # Taking.

    def _take(self, batch: Mapping[Owned, list[Record]], member: object) -> None:
        """Fold a batch, commit it and apply it; or abort it and go back."""
        began = time.monotonic()
        try:
            self._transactions.begin()
            folds = {
                owned: self._fold(owned, records, len(batch)) for owned, records in batch.items()
            }
            offsets = [
                TopicPartition(
                    self._topics.signals, owned.number, _next_offset(batch[owned], fold.taken)
                )
                for owned, fold in folds.items()
                if fold.taken or fold.changes
            ]
            if any(_is_ticking(fold, batch[owned]) for owned, fold in folds.items()):
                self._reach(Point.TICKING)
            if offsets:
                self._transactions.commit(offsets, member)
            else:
                self._transactions.abort()
        except Aborted as reason:
            log.warning("transaction aborted, taking the batch again: %s", reason)
            self.metrics.aborted()
            return
        except BaseException as error:
            if not isinstance(error, StoreError):
                self._answer_ready = lambda: STOPPING
            self._abort_if_possible()
            raise
        self._reach(Point.COMMITTED)
        for owned, fold in folds.items():
            try:
                self._apply(owned, batch[owned], fold)
            except StoreError as broken:
                # What the others have committed is theirs all the same.
                self._restore_again(broken)
            self._reach(Point.APPLIED)
        seconds = time.monotonic() - began
        self._pace.took(sum(map(len, batch.values())), seconds)
        if offsets:
            self.metrics.committed(
                [fold.tally for fold in folds.values()],
                sum(fold.taken for fold in folds.values()),
                seconds,
                self._clock(),
            )

    def _abort_if_possible(self) -> None:
        """Abort what is open, so that readers need not wait for its time-out."""
        try:
            self._transactions.abort()
        except (Aborted, Stop, KafkaException) as error:
            log.info("the open transaction is left to its time-out: %s", error)

    def _fold(self, owned: Owned, records: list[Record], partitions: int) -> Fold:
        settings = self._settings
        fold = Fold(
            Place(self._topics, owned.number, self._partition_count),
            owned.store,
            Ledger(owned.store.state, owned.store.read),
            owned.policy,
            self._shelf.get,
            self._rules,
            Limits(
                tick_leads_max=max(1, settings.tick_leads_max // partitions),
                failed_max=settings.failed_max,
                refusal_rate_max=settings.refusal_rate_max,
                refusal_rate_min_messages=settings.refusal_rate_min_messages,
                refusal_bytes_max=settings.refusal_bytes_max,
            ),
            self._transactions,
        )
        fold.run(records)
        self._transactions.serve()
        return fold

    def _apply(self, owned: Owned, records: list[Record], fold: Fold) -> None:
        """Make a committed fold the partition's present."""
        if fold.taken or fold.changes:
            owned.store.apply(
                fold.changes,
                fold.ledger.changes(),
                fold.ledger.state(),
                self._transactions.positions[owned.number],
                _next_offset(records, fold.taken),
            )
            owned.position = _next_offset(records, fold.taken)
        for _ in range(fold.taken):
            owned.inbox.popleft()
        owned.policy = fold.policy
        owned.in_force = fold.ledger.in_force or owned.in_force
        was_held_up = owned.held_up
        owned.awaiting = fold.awaiting
        owned.ticking = _is_ticking(fold, records)
        if owned.awaiting is not None:
            log.warning(
                "waiting for the definition %s in %s",
                owned.awaiting,
                self._topics.policies,
                extra={"partition": owned.number},
            )
        if owned.held_up and not was_held_up:
            self._ownership.hold(owned)
        elif was_held_up and not owned.held_up:
            self._ownership.release(owned)

    def _let_go_on(self) -> None:
        """Let partitions go on whose definition has come."""
        for owned in self._ownership.flowing():
            if owned.awaiting is not None and self._shelf.get(owned.awaiting) is not None:
                owned.awaiting = None
                self._ownership.release(owned)

    # Watching.

    def _observe(self) -> None:
        now = time.monotonic()
        if now - self._observed_at >= OBSERVE_SECONDS:
            self._observed_at = now
            leads: Counter[Stage] = Counter()
            flowing = self._ownership.flowing()
            for owned in flowing:
                leads.update(owned.store.counts)
            self.metrics.owns(
                leads,
                {owned.number: self._ownership.lag(owned) for owned in flowing},
                {owned.number: owned.policy.version for owned in flowing},
                self._ownership.restoring(),
            )
            self.metrics.overdue(self._overdue())
            for owned in flowing:
                self.metrics.promises(owned.policy.scoreboard)
        if now - self._recounted_at >= RECOUNT_SECONDS:
            self._recounted_at = now
            self._cluster.check_count(self._partition_count)

    def _overdue(self) -> dict[int, float]:
        """How long clocks have waited for their tick, where the owner ticks."""
        late = {}
        now = self._clock()
        for owned in self._ownership.flowing():
            if owned.in_force.ticks == "owner":
                by = now - owned.policy.grace_ms
                due = owned.store.earliest_due(by)
                late[owned.number] = 0 if due is None else (by - due) / 1000
        return late


def run_worker(settings: Settings, stop: threading.Event) -> Exit:
    """Run one worker until ``stop`` is set; returns the exit code of the process."""
    return Worker(settings).run(stop)


def _is_ticking(fold: Fold, records: list[Record]) -> bool:
    """Say whether a tick has leads left to fire."""
    return fold.awaiting is None and fold.taken < len(records)


def _next_offset(records: list[Record], taken: int) -> int:
    """Return the offset to commit: of the first record that is not done with."""
    return records[taken].offset if taken < len(records) else records[-1].offset + 1
