"""Plays the company through a broker and a running worker, in virtual time.

The log becomes a simulation's own: its policy is adopted with external ticks, so that no worker
ever ticks by the wall clock there, and every record is stamped with virtual time. It therefore
wants an empty ``lead.signals``, and refuses any other.
"""

import time
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass, field
from typing import Final

from confluent_kafka import TopicPartition
from confluent_kafka.admin import AdminClient

from events.clients import Properties, admin_config
from events.topics import Topics, partition_count
from handlers.adoption import adopt
from handlers.simulate.broker import Baton, Ears, Log, SimulationError, ends_of
from handlers.simulate.play import Play
from schemas.policy import load_policy, shipped_text

SEED_DEFAULT: Final = 1
WEEKS_DEFAULT: Final = 12
LEADS_DEFAULT: Final = 5_000


@dataclass(frozen=True, slots=True)
class Size:
    """How much of a company is played."""

    seed: int = SEED_DEFAULT
    weeks: int = WEEKS_DEFAULT
    leads: int = LEADS_DEFAULT


@dataclass(frozen=True, slots=True)
class Progress:
    """How far the play is."""

    fraction: float
    at: int
    """Virtual time: ms."""
    records: int
    heard: int
    """Facts that sales has heard."""


@dataclass(frozen=True, slots=True)
class Played:
    """What a play came to."""

    signals: int
    ticks: int
    slices: int
    """Round trips: published, decided, heard."""
    heard: int
    """Facts that sales heard."""
    seconds: float
    """From the first record to the last fact, on the wall."""
    ends: dict[int, int] = field(default_factory=dict)
    """Where ``lead.signals`` ends, by partition."""

    @property
    def signals_per_second(self) -> float:
        """Signals that were published, decided and heard of in a second."""
        return self.signals / self.seconds if self.seconds else 0.0


def prepare(properties: Properties, topics: Topics, size: Size, text: str | None = None) -> Play:
    """Adopt the policy in the empty log and set the stage. Raises SimulationError."""
    count = partition_count(properties, topics.signals)
    if count == 0:
        raise SimulationError(f"there is no topic {topics.signals}: run `baton topics create`")
    places = [TopicPartition(topics.signals, partition) for partition in range(count)]
    if any(ends_of(AdminClient(admin_config(properties)), places).values()):
        raise SimulationError(
            f"{topics.signals} is not empty: a simulation needs a log of its own; "
            "set BATON_TOPICS_PREFIX and create topics for it"
        )
    text = text or shipped_text()
    play = Play(
        load_policy(text), seed=size.seed, weeks=size.weeks, leads=size.leads, partitions=count
    )
    adopt(
        properties,
        topics,
        text,
        for_marketing="simulated-marketing",
        for_sales="simulated-sales",
        reason="a simulation",
        ticks="external",
        at=play.world.starts_at,
    )
    return play


def run(
    play: Play,
    properties: Properties,
    topics: Topics,
    group: str,
    on_progress: Callable[[Progress], None] = lambda _: None,
    check: Callable[[], None] = lambda: None,
) -> Played:
    """Play slice by slice; each waits for the worker, then lets sales hear and plan.

    ``check`` is called while waiting, and raises when there is nothing left to wait for.
    """
    log = Log(properties, topics.signals)
    world = play.world
    records = heard = slices = 0
    with (
        closing(Baton(properties, group, topics.signals)) as baton,
        closing(Ears(properties, topics, play.partitions)) as ears,
    ):

        def attend() -> None:
            check()
            ears.attend()

        # The adoption is the first record of each partition: from there on a worker is at work.
        baton.await_read(dict.fromkeys(range(play.partitions), 1), attend)
        began_at = time.monotonic()
        for piece in play.slices():
            records += log.append(play.stream(piece))
            baton.await_read(log.ends, attend)
            slices += 1
            heard += play.answer(ears.listen(), piece)
            fraction = (piece.end - world.starts_at) / (world.ends_at - world.starts_at)
            on_progress(Progress(min(1.0, fraction), piece.end, records, heard))
        seconds = time.monotonic() - began_at
    return Played(records - log.ticks, log.ticks, slices, heard, seconds, dict(log.ends))
