"""``baton publish``: signals from a file or a pipe."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Annotated

import typer

from events.publisher import Publisher
from events.topics import partition_count
from handlers.cli import terminal
from handlers.exits import Exit
from handlers.publishing import BadLine
from handlers.publishing import publish as publish_lines


def publish(
    file: Annotated[str, typer.Argument(help="A file of JSON lines, or - for standard input.")],
    source: Annotated[
        str, typer.Option(help="The source of lines that name none: which system tells it.")
    ] = "/baton/publish",
) -> None:
    """Check signals and send them to lead.signals, one JSON object a line.

    A line is a CloudEvent: type, subject (or lead_id), data, and if known id, source and time.
    Without time it is now; without id one is made of the line and its number, so that publishing
    a file twice changes nothing the second time. A bad line is reported by number and reason on
    standard error, the others are sent.

    Exit code 7 when some lines were bad.

    For example:

      baton publish signals.jsonl

      zcat export.jsonl.gz | baton publish - --source /crm

    One line of such a file:

      {"type": "lead.engaged.v1", "lead_id": "l-1", "data": {"activity": "demo_request"}}
    """
    settings = terminal.settings()
    topics = terminal.topics_of(settings)
    with _opened(file) as (stream, size):
        count = partition_count(settings.kafka, topics.signals)
        if count == 0:
            raise terminal.CommandError(
                f"There is no topic {topics.signals}.", "'baton topics create' makes the topics."
            )
        with (
            Publisher(settings.kafka, topics=topics, partitions=count) as publisher,
            terminal.progress("publishing (bytes)", size) as done,
        ):
            outcome = publish_lines(stream, publisher, source, _tell, done)
    terminal.say(f"Sent to {topics.signals}: {outcome.sent:,}. Bad lines: {outcome.bad:,}.")
    if outcome.bad:
        raise typer.Exit(Exit.PARTIAL)


def _tell(bad: BadLine) -> None:
    where = f"line {bad.number}" if bad.number else "a line"
    terminal.say(f"{where}: {bad.reason}")


@contextmanager
def _opened(file: str) -> Iterator[tuple[IO[bytes], int | None]]:
    """Open a file with its size, or standard input."""
    if file == "-":
        yield sys.stdin.buffer, None
        return
    path = Path(file)
    try:
        with path.open("rb") as stream:
            yield stream, path.stat().st_size
    except OSError as error:
        raise terminal.CommandError(
            f"{file} cannot be read: {error.strerror}.",
            "Give a file of JSON lines, or - for a pipe.",
        ) from error
