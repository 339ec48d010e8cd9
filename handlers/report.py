"""What both teams want to know, counted from ``lead.lifecycle`` and ``lead.refusals``.

A first look, in memory and in one pass: how far leads came, what was handed over and what came
back, whether promises were kept, and what could not be used. It holds a few words a lead; for a
log of millions of leads it is not meant.

A clock counts once, however many levels it had. Its attainment is what was met before any
breach, of what was met or broken. A breach that Baton noticed late, and an answer whose delivery
was late, say nothing about handling: they stand apart. What was cancelled says nothing either.
"""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Final, TypeVar

import msgspec
from confluent_kafka import OFFSET_BEGINNING

from events.partitioner import partition_of
from events.refusals import REASON
from events.topics import Topics, partition_count
from handlers.reading import Record, TopicReader

STEPS: Final = ("leads", "mql", "accepted", "contacted", "sql", "opportunity", "won")
_STEP_OF_STAGE: Final = {
    "mql": "mql",
    "sal": "accepted",
    "sql": "sql",
    "opportunity": "opportunity",
}
_STEP_OF_KIND: Final = {"arrived": "leads", "contacted": "contacted", "won": "won"}
CLOCKS: Final = ("acceptance", "first_contact", "cadence", "qualification", "opportunity", "deal")
"""The promises; waiting in nurture is none."""
NO_CAMPAIGN: Final = "(none)"

_Key = TypeVar("_Key", str, tuple[str, bool], tuple[str, str])


class _Data(msgspec.Struct, gc=False):
    """What is counted of a fact's data."""

    arrival_campaign: str | None = None
    stage: str = ""
    to_stage: str | None = None
    handover_kind: str | None = None
    fast: bool = False
    reason: str | None = None
    reason_class: str | None = None
    clock: str | None = None
    run: int = 0
    breached: bool = False
    disputed: bool = False
    noticed_late: bool = False


class _Fact(msgspec.Struct, gc=False):
    """What is counted of a fact."""

    type: str
    subject: str
    data: _Data


@dataclass(frozen=True, slots=True)
class Attainment:
    """How one promise was kept, each clock counted once."""

    clock: str
    met: int = 0
    breached: int = 0
    noticed_late: int = 0
    disputed: int = 0

    @property
    def share(self) -> float | None:
        """Met before any breach, of met and broken; None where there is neither."""
        counted = self.met + self.breached
        return self.met / counted if counted else None


@dataclass(frozen=True, slots=True)
class Report:
    """The figures."""

    facts: int
    funnel: Mapping[str, int]
    """Step to leads that reached it, in the order of ``STEPS``."""
    campaigns: Mapping[str, Mapping[str, int]]
    """Arrival campaign to its funnel, the largest first."""
    handovers: Mapping[tuple[str, bool], int]
    """Kind and whether on the fast track, to handovers."""
    recycles: Mapping[tuple[str, str], int]
    """Reason and its class, to recycles."""
    clocks: tuple[Attainment, ...]
    stages: Mapping[str, int]
    """Where leads are now."""
    refusals: Mapping[str, int] = field(default_factory=dict)
    story: str | None = None
    """The lead whose timeline tells most: of those won, the one with most kinds of facts."""


class Tally:
    """Counts facts one by one; those of a lead have to come in their order."""

    def __init__(self) -> None:
        self._facts = 0
        self._decoder = msgspec.json.Decoder(_Fact)
        self._steps: dict[str, set[str]] = {}
        self._kinds: dict[str, set[str]] = {}
        self._campaigns: dict[str, str] = {}
        self._stages: dict[str, str] = {}
        self._handovers: Counter[tuple[str, bool]] = Counter()
        self._recycles: Counter[tuple[str, str]] = Counter()
        self._runs: dict[tuple[str, str, int], str] = {}

    def add(self, value: bytes) -> None:
        """Count one fact, given as its published bytes."""
        fact = self._decoder.decode(value)
        kind, lead, data = _kind(fact.type), fact.subject, fact.data
        self._facts += 1
        self._kinds.setdefault(lead, set()).add(kind)
        self._stages[lead] = data.stage
        if data.arrival_campaign is not None:
            self._campaigns[lead] = data.arrival_campaign
        step = _STEP_OF_KIND.get(kind) or _STEP_OF_STAGE.get(data.to_stage or "")
        if step is not None:
            self._steps.setdefault(lead, set()).add(step)
        if kind == "handover":
            self._handovers[data.handover_kind or "", data.fast] += 1
        elif kind == "recycle":
            self._recycles[data.reason or "", data.reason_class or ""] += 1
        elif kind in {"clock_met", "clock_breached"}:
            self._judge((lead, data.clock or "", data.run), kind, data)

    def report(self, refusals: Mapping[str, int] | None = None) -> Report:
        """Return the figures so far."""
        return Report(
            facts=self._facts,
            funnel=_funnel(self._steps.values()),
            campaigns=self._by_campaign(),
            handovers=_largest_first(self._handovers),
            recycles=_largest_first(self._recycles),
            clocks=self._attainments(),
            stages=_largest_first(Counter(self._stages.values())),
            refusals=_largest_first(Counter(refusals or {})),
            story=self._story(),
        )

    def _judge(self, run: tuple[str, str, int], kind: str, data: _Data) -> None:
        """Keep one verdict a clock: the first breach stands, unless an answer disputes it."""
        if kind == "clock_breached":
            self._runs.setdefault(run, "noticed_late" if data.noticed_late else "breached")
        elif data.disputed:
            self._runs[run] = "disputed"
        else:
            self._runs.setdefault(run, "breached" if data.breached else "met")

    def _attainments(self) -> tuple[Attainment, ...]:
        counts = Counter((clock, verdict) for (_, clock, _), verdict in self._runs.items())
        return tuple(
            Attainment(
                clock,
                met=counts[clock, "met"],
                breached=counts[clock, "breached"],
                noticed_late=counts[clock, "noticed_late"],
                disputed=counts[clock, "disputed"],
            )
            for clock in CLOCKS
        )

    def _by_campaign(self) -> dict[str, dict[str, int]]:
        reached: dict[str, list[set[str]]] = {}
        for lead, steps in self._steps.items():
            reached.setdefault(self._campaigns.get(lead, NO_CAMPAIGN), []).append(steps)
        ordered = sorted(reached.items(), key=lambda item: (-len(item[1]), item[0]))
        return {campaign: _funnel(steps) for campaign, steps in ordered}

    def _story(self) -> str | None:
        won = [lead for lead, stage in self._stages.items() if stage == "customer"]
        candidates = won or list(self._kinds)
        return min(candidates, key=lambda lead: (-len(self._kinds[lead]), lead), default=None)


def read_report(kafka: Mapping[str, str], topics: Topics) -> Report:
    """Count all facts and refusals there are, up to the present ends of their topics."""
    tally = Tally()
    with TopicReader(kafka, topics.lifecycle) as reader:
        for record in reader.until_end():
            tally.add(record.value or b"")
    return tally.report(read_refusals(kafka, topics))


def read_refusals(kafka: Mapping[str, str], topics: Topics) -> Counter[str]:
    """Count the refusals by their reason."""
    with TopicReader(kafka, topics.refusals) as reader:
        return Counter(_reason(record) for record in reader.until_end())


def read_timeline(kafka: Mapping[str, str], topics: Topics, lead_id: str) -> list[bytes]:
    """Return one lead's facts in order, as published."""
    key = lead_id.encode()
    partition = partition_of(key, partition_count(kafka, topics.lifecycle))
    with TopicReader(kafka, topics.lifecycle, starts={partition: OFFSET_BEGINNING}) as reader:
        return [record.value or b"" for record in reader.until_end() if record.key == key]


def _kind(event_type: str) -> str:
    return event_type.removeprefix("lead.").rsplit(".v", 1)[0]


def _reason(record: Record) -> str:
    return (dict(record.headers).get(REASON) or b"").decode("utf-8", "replace")


def _funnel(reached: Iterable[set[str]]) -> dict[str, int]:
    """Count how far leads came, as the scoreboard does: who passed a step by came past it."""
    furthest = Counter(max(map(STEPS.index, steps)) for steps in reached)
    return {
        step: sum(leads for came, leads in furthest.items() if came >= place)
        for place, step in enumerate(STEPS)
    }


def _largest_first(counts: Counter[_Key]) -> dict[_Key, int]:
    return dict(sorted(counts.items(), key=lambda item: (-item[1], str(item[0]))))
