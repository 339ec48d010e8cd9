"""Every metric of the worker. What a batch did is counted once it is committed, never before.

Names are ``baton_<noun>_<unit>``; counters end in ``_total``. No label ever holds a lead, and a
label whose values come from messages is bounded. Children of labels are looked up once each.
"""

from collections.abc import Callable, Iterable, Mapping
from importlib.metadata import PackageNotFoundError, version
from typing import Any, Final, TypeVar

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

from handlers.build import CORE
from handlers.folding import Tally
from lifecycle.draft import RULES
from lifecycle.facts import (
    ClockBreached,
    ClockCancelled,
    ClockMet,
    ClockPausedFact,
    ClockStarted,
    ClockWarned,
    Fact,
    HandoverOffered,
    RecycleFact,
    StageChanged,
)
from lifecycle.policy import Scoreboard
from lifecycle.stages import ClockName, HandoverKind, ReasonClass, Stage, Trigger
from schemas.refusal import RefusalCode

Metric = TypeVar("Metric", Counter, Gauge, Histogram)

NAMES_MAX: Final = 100
"""Unscored activities, and unknown codes, told by name; whatever comes later is ``other``."""

PROMISES: Final = tuple(
    clock for clock in ClockName if clock not in {ClockName.NURTURE, ClockName.REVIEW}
)
"""The clocks that are somebody's promise."""
OUTCOMES: Final = (
    "started",
    "warned",
    "met",
    "met_at_the_edge",
    "met_after_breach",
    "disputed",
    "breached_1",
    "noticed_late",
    "cancelled",
)
"""What attainment is computed from: first levels alone break a promise, and a first level that
Baton noticed late, or that a late answer disputes, is not counted as handling."""
ANSWERS: Final = ("accepted", *(f"rejected_{name.value}" for name in ReasonClass))
_ON_MERITS: Final = frozenset({HandoverKind.QUALIFIED, HandoverKind.HAND_RAISE})

_SECONDS: Final = (0.005, 0.01, 0.025, 0.05, 0.1, 0.15, 0.25, 0.5, 1, 2.5, 5, 10, 60)
_HOURS: Final = tuple(3600 * h for h in (0.25, 0.5, 1, 2, 4, 8, 24, 72, 168, 336, 720, 2160))
_SIZES: Final = (1, 10, 50, 100, 250, 500, 1000, 2500, 5000, 10_000, 20_000, 50_000)


class Children:
    """The children of one metric by their label values, each looked up once."""

    def __init__(self, metric: Any) -> None:  # noqa: ANN401 - counters, gauges and histograms
        self._metric = metric
        self._found: dict[tuple[str, ...], Any] = {}

    def __getitem__(self, labels: tuple[str, ...]) -> Any:  # noqa: ANN401 - likewise
        child = self._found.get(labels)
        if child is None:
            child = self._found[labels] = self._metric.labels(*labels)
        return child

    def clear(self) -> None:
        """Forget all children, here and in the metric."""
        self._found.clear()
        self._metric.clear()


class Metrics:
    """The metrics of one worker, in a registry of their own."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self._signals = self._counter("signals", "Messages taken", "type", "outcome")
        self._refusals = self._counter("refusals", "Messages refused", "reason")
        self._moves = self._counter("moves", "Moves of leads", "from", "to", "trigger")
        self._handovers = self._counter("handovers", "Handovers offered", "track", "kind")
        self._first_handovers = self._counter(
            "first_handovers", "Leads offered for the first time on their own merits"
        )
        self._answers = self._counter("answers", "What sales said to handovers", "answer")
        self._recycles = self._counter("recycles", "Leads returned to marketing", "reason")
        self._clocks = self._counter("clocks", "What became of promises", "clock", "outcome")
        self._ticks = self._counter("ticks", "Ticks appended and taken", "act")
        self._unscored = self._counter(
            "unscored_activities", "Engagements that the definition does not score", "activity"
        )
        self._unknown_codes = self._counter(
            "unknown_codes", "Codes of calls that the definition does not name", "list", "code"
        )
        self._aborts = self._counter("aborted_transactions", "Transactions aborted")
        self._restored_records = self._counter(
            "restored_records", "Records of the changelog read by restores that are done"
        )
        self._broken_stores = self._counter(
            "broken_stores", "Local stores that were found broken at work, and restored in full"
        )
        self._leads = self._gauge("leads", "Leads by stage, on this worker's partitions", "stage")
        self._lag = self._gauge("lag_messages", "Messages not taken yet", "partition")
        self._restored = self._gauge("restore_ratio", "How much is restored", "partition")
        self._overdue = self._gauge(
            "overdue_seconds", "How long a clock has waited for its tick", "partition"
        )
        self._owned = self._gauge("partitions", "Partitions by state", "state")
        self._partition_count = self._gauge("topic_partitions", "Partitions that there are")
        self._ready = self._gauge("ready", "Whether every assigned partition flows: 1 or 0")
        self._promised = self._gauge(
            "promised_quality_ratio", "Accepted, of those answered on the merits, as agreed"
        )
        self._promised_leads = self._gauge(
            "promised_first_handovers", "First handovers in a month, as agreed"
        )
        self._policies = self._gauge("policy_info", "Definition in force", "partition", "version")
        self._used = self._histogram(
            "clock_used_seconds", "Time used of promises kept", _HOURS, "clock"
        )
        self._batch = self._histogram("batch_messages", "Messages in one transaction", _SIZES)
        self._transaction = self._histogram(
            "transaction_seconds", "From a batch's first decision to its commit", _SECONDS
        )
        self._latency = self._histogram(
            "commit_latency_seconds", "From a signal's record to its committed facts", _SECONDS
        )
        build = self._gauge("build_info", "What runs", "version", "rules", "core")
        build[_version(), str(RULES), CORE].set(1)
        self._activities: set[str] = set()
        self._codes: set[str] = set()
        self._tellers: dict[type, Callable[[Any], None]] = {
            StageChanged: self._tell_move,
            HandoverOffered: self._tell_handover,
            RecycleFact: self._tell_recycle,
            ClockStarted: lambda body: self._clock(body, "started"),
            ClockWarned: lambda body: self._clock(body, "warned"),
            ClockMet: self._tell_met,
            ClockBreached: self._tell_breached,
            ClockPausedFact: lambda body: self._clock(body, "paused"),
            ClockCancelled: lambda body: self._clock(body, "cancelled"),
        }
        self._begin_at_zero()

    def committed(self, tallies: Iterable[Tally], messages: int, seconds: float, now: int) -> None:
        """Count what one committed transaction did."""
        self._batch[()].observe(messages)
        self._transaction[()].observe(seconds)
        for tally in tallies:
            for labels, count in tally.signals.items():
                self._signals[labels].inc(count)
            for reason, count in tally.refusals.items():
                self._refusals[(reason,)].inc(count)
            for activity, count in tally.unscored.items():
                self._unscored[(_bounded(self._activities, activity),)].inc(count)
            for (heard, code), count in tally.unknown_codes.items():
                self._unknown_codes[heard, _bounded(self._codes, code)].inc(count)
            if tally.ticks:
                self._ticks[("taken",)].inc(tally.ticks)
            self._tell_facts(tally.facts)
            latency = self._latency[()]
            for caused_at in tally.caused_at:
                latency.observe(max(now - caused_at, 0) / 1000)

    def aborted(self) -> None:
        """Count one aborted transaction."""
        self._aborts[()].inc()

    def gave_up_store(self) -> None:
        """Count one local store that turned out broken."""
        self._broken_stores[()].inc()

    def ticked(self, count: int) -> None:
        """Count ticks appended."""
        if count:
            self._ticks[("appended",)].inc(count)

    def restored(self, records: int) -> None:
        """Count what finished restores have read."""
        if records:
            self._restored_records[()].inc(records)

    def owns(
        self,
        leads: Mapping[Stage, int],
        lags: Mapping[int, int],
        versions: Mapping[int, str],
        restoring: Mapping[int, tuple[int, int]],
    ) -> None:
        """Show what this worker owns now: leads, lag and definition, and restores under way."""
        for stage in Stage:
            self._leads[(stage.value,)].set(leads.get(stage, 0))
        for family in (self._lag, self._restored, self._policies):
            family.clear()
        for partition, lag in lags.items():
            self._lag[(str(partition),)].set(lag)
        for partition, policy in versions.items():
            self._policies[str(partition), policy].set(1)
            self._restored[(str(partition),)].set(1)
        for partition, (position, target) in restoring.items():
            self._restored[(str(partition),)].set(position / target if target else 0)
        self._owned[("flowing",)].set(len(versions))
        self._owned[("restoring",)].set(len(restoring))

    def overdue(self, seconds: Mapping[int, float]) -> None:
        """Show how long the earliest clock of each partition has been due, beyond the grace."""
        self._overdue.clear()
        for partition, late in seconds.items():
            self._overdue[(str(partition),)].set(late)

    def promises(self, board: Scoreboard) -> None:
        """Show what the definition in force has marketing promise."""
        self._promised[()].set(board.quality_promise)
        self._promised_leads[()].set(board.mql_promise_per_month)

    def of_partitions(self, count: int) -> None:
        """Show how many partitions all workers together have to own."""
        self._partition_count[()].set(count)

    def ready_as(self, ready: Callable[[], tuple[bool, str]]) -> None:
        """Ask whether the worker is ready at each scrape, so that a stuck loop cannot hide it."""
        self._ready[()].set_function(lambda: float(ready()[0]))

    def _begin_at_zero(self) -> None:
        """Let counters exist before their first count: a rate cannot see a series' first step."""
        for clock in PROMISES:
            for outcome in OUTCOMES:
                self._clocks[clock.value, outcome].inc(0)
        for answer in ANSWERS:
            self._answers[(answer,)].inc(0)
        for reason in RefusalCode:
            self._refusals[(reason.value,)].inc(0)

    # Facts.

    def _tell_facts(self, facts: Iterable[Fact]) -> None:
        tellers = self._tellers
        for fact in facts:
            tell = tellers.get(type(fact.body))
            if tell is not None:
                tell(fact.body)

    def _tell_move(self, body: StageChanged) -> None:
        self._moves[body.from_stage.value, body.to_stage.value, body.trigger.value].inc()
        if body.trigger is Trigger.ACCEPT:
            self._answers[("accepted",)].inc()
        elif body.trigger is Trigger.REJECT and body.reason_class is not None:
            self._answers[(f"rejected_{body.reason_class.value}",)].inc()

    def _tell_handover(self, body: HandoverOffered) -> None:
        self._handovers["fast" if body.fast else "normal", body.handover_kind.value].inc()
        if body.handover.endswith(":h1") and body.handover_kind in _ON_MERITS:
            self._first_handovers[()].inc()

    def _tell_recycle(self, body: RecycleFact) -> None:
        self._recycles[(body.reason,)].inc()

    def _tell_met(self, body: ClockMet) -> None:
        if body.disputed:
            self._clock(body, "disputed")
        elif body.breached:
            self._clock(body, "met_after_breach")
        else:
            self._clock(body, "met_at_the_edge" if body.edge else "met")
        self._used[(body.clock.value,)].observe(body.used_ms / 1000)

    def _tell_breached(self, body: ClockBreached) -> None:
        first_noticed_late = body.noticed_late and body.level == 1
        self._clock(
            body, "noticed_late" if first_noticed_late else f"breached_{min(body.level, 9)}"
        )

    def _clock(self, body: Any, outcome: str) -> None:  # noqa: ANN401 - any fact about a clock
        self._clocks[body.clock.value, outcome].inc()

    # Declarations.

    def _counter(self, name: str, help_text: str, *labels: str) -> Children:
        return self._children(
            Counter(f"baton_{name}_total", help_text, labels, registry=self.registry)
        )

    def _gauge(self, name: str, help_text: str, *labels: str) -> Children:
        return self._children(Gauge(f"baton_{name}", help_text, labels, registry=self.registry))

    def _histogram(
        self, name: str, help_text: str, buckets: Iterable[float], *labels: str
    ) -> Children:
        return self._children(
            Histogram(
                f"baton_{name}",
                help_text,
                labels,
                registry=self.registry,
                buckets=tuple(float(bucket) for bucket in buckets),
            )
        )

    def _children(self, metric: Any) -> Children:  # noqa: ANN401 - counters, gauges, histograms
        children = Children(metric)
        if not metric._labelnames:  # noqa: SLF001 - a metric without labels is its only child
            children._found[()] = metric  # noqa: SLF001 - filled by the one who made it
        return children


def _version() -> str:
    try:
        return version("leadbaton")
    except PackageNotFoundError:
        return "unknown"


def _bounded(known: set[str], name: str) -> str:
    """Return a name that others choose, or ``other`` once there are too many of them."""
    if name not in known:
        if len(known) >= NAMES_MAX:
            return "other"
        known.add(name)
    return name
