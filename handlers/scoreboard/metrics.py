"""What the scoreboard counts and measures, for its own ``/metrics``.

Lag is measured from the database's offsets, not from the group's: what is not in the tables was
not read, whoever committed what.
"""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Final

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest

from handlers.scoreboard.projection import Applied
from handlers.scoreboard.standing import Standing

_SECONDS: Final = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
_FACTS: Final = (1, 10, 100, 500, 1_000, 2_000, 4_000, 10_000)


class BoardMetrics:
    """All metrics of one scoreboard, in a registry of their own."""

    def __init__(self) -> None:
        registry = self.registry = CollectorRegistry()
        self._facts = Counter(
            "baton_scoreboard_facts_total",
            "Facts read: new ones, those known already, and records that are none.",
            ["kind"],
            registry=registry,
        )
        self._batch_facts = Histogram(
            "baton_scoreboard_batch_facts",
            "Records in one transaction of the database.",
            buckets=_FACTS,
            registry=registry,
        )
        self._batch_seconds = Histogram(
            "baton_scoreboard_batch_seconds",
            "From the first statement of a batch to its commit.",
            buckets=_SECONDS,
            registry=registry,
        )
        self._page_seconds = Histogram(
            "baton_scoreboard_page_seconds",
            "From a request for a page to its answer.",
            ["page", "status"],
            buckets=_SECONDS,
            registry=registry,
        )
        self._offset = Gauge(
            "baton_scoreboard_offset",
            "First offset that is not in the tables.",
            ["partition"],
            registry=registry,
        )
        self._lag = Gauge(
            "baton_scoreboard_lag_records",
            "Offsets of the topic that are not in the tables.",
            ["partition"],
            registry=registry,
        )
        self._gaps = Gauge(
            "baton_scoreboard_gap_leads",
            "Leads of whose facts one is missing, and is being looked for.",
            registry=registry,
        )
        self._leapt = Gauge(
            "baton_scoreboard_leapt_leads",
            "Leads whose stories go on without facts that are nowhere.",
            registry=registry,
        )
        self._healed = Counter(
            "baton_scoreboard_healed_facts_total",
            "Missing facts that were found by reading again.",
            registry=registry,
        )
        self._unreadable = Gauge(
            "baton_scoreboard_unreadable_records",
            "Records of the topic that are no facts of this release, kept beside.",
            registry=registry,
        )
        self._newest = Gauge(
            "baton_scoreboard_newest_fact_seconds",
            "Time of the newest fact in the tables, in seconds since the epoch.",
            registry=registry,
        )
        self._filling = Gauge(
            "baton_scoreboard_filling_share",
            "How much of what was there at the start is read, 0 to 1; 1 afterwards.",
            registry=registry,
        )
        self._ready = Gauge(
            "baton_scoreboard_ready",
            "1 while the tables are kept up to date.",
            registry=registry,
        )
        for kind in ("new", "known", "unreadable"):
            self._facts.labels(kind)

    def ready_as(self, answer: Callable[[], tuple[bool, str]]) -> None:
        """Let the gauge say what readiness says."""
        self._ready.set_function(lambda: float(answer()[0]))

    @contextmanager
    def batch(self, records: int) -> Iterator[None]:
        """Measure a batch; one that fails is not counted."""
        begun = time.perf_counter()
        yield
        self._batch_seconds.observe(time.perf_counter() - begun)
        self._batch_facts.observe(records)

    def applied(self, applied: Applied) -> None:
        """Count what became of a batch."""
        self._facts.labels("new").inc(applied.facts)
        self._facts.labels("known").inc(applied.duplicates)
        self._facts.labels("unreadable").inc(applied.unreadable)

    def healed(self, facts: int) -> None:
        """Count facts that were missing and found."""
        self._healed.inc(facts)

    def stands(self, standing: Standing) -> None:
        """Show where reading stands."""
        for partition, offset in standing.offsets.items():
            self._offset.labels(str(partition)).set(offset)
        for partition, lag in standing.lag.items():
            self._lag.labels(str(partition)).set(lag)
        self._gaps.set(standing.gaps)
        self._leapt.set(standing.leapt)
        self._unreadable.set(standing.unreadable)
        self._newest.set(standing.newest_at / 1000)
        self._filling.set(1.0 if standing.filling is None else standing.filling.share)

    def page(self, name: str, status: int, seconds: float) -> None:
        """Measure a page; ``name`` is one of a handful, never a path that somebody asked for."""
        self._page_seconds.labels(name, str(status)).observe(seconds)

    def text(self) -> bytes:
        """Return all of it as Prometheus reads it."""
        return generate_latest(self.registry)
