"""``baton follow``: what Baton says, as it says it."""

from enum import StrEnum
from typing import Annotated

import typer

from handlers import follow as lines
from handlers.cli import terminal
from handlers.reading import TopicReader


class Followed(StrEnum):
    """A topic that Baton writes."""

    LIFECYCLE = "lifecycle"
    HANDOVERS = "handovers"
    RECYCLES = "recycles"
    REFUSALS = "refusals"


def follow(
    what: Annotated[
        Followed,
        typer.Argument(
            help="lifecycle: every fact · handovers: what sales acts on · recycles: what "
            "marketing acts on · refusals: input that could not be used."
        ),
    ],
    from_start: Annotated[
        bool, typer.Option("--from-start", help="Begin with the oldest instead of the next one.")
    ] = False,
    until_end: Annotated[
        bool, typer.Option("--until-end", help="Stop where nothing more is there.")
    ] = False,
    as_json: Annotated[
        bool, typer.Option("--json", help="JSON lines, also on a terminal.")
    ] = False,
) -> None:
    """Show facts or refusals as they come: readable on a terminal, JSON lines to a pipe.

    Joins no consumer group and disturbs nobody. Within a partition the order is the log's; one
    lead is always in one partition. Ctrl-C ends it.

    For example:

      baton follow handovers

      baton follow lifecycle --from-start --until-end > facts.jsonl

      baton follow refusals --from-start --until-end | jq -r .reason | sort | uniq -c
    """
    settings = terminal.settings()
    topics = terminal.topics_of(settings)
    topic = str(getattr(topics, what.value))
    console = terminal.out()
    readable = terminal.for_people() and not as_json
    refusals = what is Followed.REFUSALS
    to_text = lines.refusal_text if refusals else lines.fact_text
    to_json = lines.refusal_json if refusals else lines.fact_json
    with TopicReader(settings.kafka, topic, from_start=from_start) as reader:
        records = reader.until_end() if until_end else reader.for_ever()
        try:
            for record in records:
                if readable:
                    console.print(to_text(record))
                else:
                    terminal.line(to_json(record))
        except KeyboardInterrupt:
            return  # The usual end of following.
