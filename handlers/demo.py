"""The demo without its words: a broker, topics, a worker, a play, and what can be counted after."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Final

from events.embedded import EmbeddedBroker
from events.topics import Topics, create
from handlers.report import Report, read_report, read_timeline
from handlers.scoreboard.at_once import newest_at, tables_of
from handlers.scoreboard.numbers.filters import Filters
from handlers.scoreboard.numbers.verdicts import Verdicts, verdicts
from handlers.settings import Settings
from handlers.simulate.crew import crew
from handlers.simulate.run import Played, Progress, Size, prepare, run

PARTITIONS: Final = 4


@dataclass(frozen=True, slots=True)
class Seen:
    """What a demo has to show."""

    played: Played
    report: Report
    story: list[bytes]
    """The facts of the report's lead, as published."""
    verdicts: Verdicts


@contextmanager
def cluster(settings: Settings, *, embedded: bool) -> Iterator[Settings]:
    """Give settings for a cluster: the configured one, or a broker in memory that lives so long.

    Raises ``events.embedded.EmbeddedBrokerError``.
    """
    if not embedded:
        yield settings
        return
    with EmbeddedBroker() as broker:
        kafka = settings.kafka | broker.client_properties
        yield settings.model_copy(update={"kafka": kafka})


def show(
    settings: Settings, size: Size, on_progress: Callable[[Progress], None] = lambda _: None
) -> Seen:
    """Create the topics, play with a worker of our own, and count. Raises SimulationError."""
    topics = Topics(settings.topics_prefix)
    create(settings.kafka, topics, partitions=PARTITIONS)
    play = prepare(settings.kafka, topics, size)
    with crew(settings) as staff:
        played = run(play, settings.kafka, topics, settings.group, on_progress, staff.check)
    report = read_report(settings.kafka, topics)
    story = read_timeline(settings.kafka, topics, report.story) if report.story else []
    with tables_of(settings.kafka, topics) as connection:
        judged = verdicts(connection, Filters(), newest_at(connection))
    return Seen(played, report, story, judged)
