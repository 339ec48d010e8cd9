"""``baton topics``: create and check the topics that Baton lives on."""

from typing import Annotated, Final

import typer

from events import topics as kafka_topics
from events.topics import PARTITIONS_DEFAULT
from handlers.cli import terminal
from handlers.cli.terminal import CommandError

app = typer.Typer(no_args_is_help=True, help="Create and check the topics.")

_MISSING: Final = "'baton topics create' makes what is missing; it may hide from this user, too."
_PARTITIONS: Final = (
    "A number of partitions cannot be mended in place: the others must have it too."
)
_SETTINGS: Final = "Kafka's own kafka-configs.sh --alter --entity-type topics mends a setting."


@app.command()
def create(
    partitions: Annotated[
        int,
        typer.Option(
            min=1,
            max=10_000,
            help="Partitions of each topic: the most workers that can share the load. It cannot "
            "be changed later without moving leads.",
        ),
    ] = PARTITIONS_DEFAULT,
    replication: Annotated[
        int, typer.Option(min=1, max=100, help="Copies of each partition; 3 in production.")
    ] = 1,
) -> None:
    """Create the topics that are missing, with the settings they need.

    Safe to run again: what is there stays as it is, and what differs is said (exit code 1).

    For example:

      baton topics create --partitions 12 --replication 3
    """
    settings = terminal.settings()
    topics = terminal.topics_of(settings)
    done = kafka_topics.create(
        settings.kafka, topics, partitions=partitions, replication=replication
    )
    for name in done.created:
        terminal.line(f"created  {name}")
    for name in done.present:
        terminal.line(f"present  {name}")
    _tell_differences(done.differences)


@app.command()
def check() -> None:
    """Say what is not as it has to be; changes nothing. Exit code 1 when something is not.

    A topic whose settings differ loses history, or its clocks, without a word: run this in the
    deployment.

    For example:

      baton topics check
    """
    settings = terminal.settings()
    differences = kafka_topics.check(settings.kafka, terminal.topics_of(settings))
    _tell_differences(differences)
    if differences:
        terminal.line("Everything that this broker has a setting for is as it has to be.")
    else:
        terminal.line("All topics are as they have to be.")


def _tell_differences(differences: tuple[kafka_topics.Difference, ...]) -> None:
    for difference in differences:
        terminal.line(f"differs  {difference}")
    wrong = [difference for difference in differences if _matters(difference)]
    if not wrong:
        return
    told = {difference.setting for difference in wrong}
    count = len({difference.topic for difference in wrong})
    raise CommandError(
        f"{count} {'topic is' if count == 1 else 'topics are'} not as Baton needs "
        f"{'it' if count == 1 else 'them'}.",
        _MISSING if "topic" in told else _PARTITIONS if "partitions" in told else _SETTINGS,
    )


def _matters(difference: kafka_topics.Difference) -> bool:
    """Say whether it can be mended: a broker without a setting cannot be told to have it."""
    return difference.found is not None or difference.setting == "topic"
