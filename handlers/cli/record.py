"""``baton record`` and ``baton replay``: the log of signals as a file, and back."""

from pathlib import Path
from typing import Annotated

import typer

from handlers import recording
from handlers.cli import terminal
from handlers.recording import Recording


def record(
    file: Annotated[
        Path, typer.Argument(help="Where to write; a name that ends in .gz is compressed.")
    ],
    force: Annotated[
        bool, typer.Option("--force", help="Write over a file that is there.")
    ] = False,
) -> None:
    """Write lead.signals, from its start to its end, into a file.

    The file keeps partition, timestamp, key, headers and value of each record, byte by byte, as
    JSON lines, and the definitions of lead.policies. Replayed into an empty topic, it gives the
    same facts.

    For example:

      baton record signals.jsonl.gz

      zcat signals.jsonl.gz | head -2
    """
    settings = terminal.settings()
    if file.exists() and not force:
        raise terminal.CommandError(
            f"{file} is there already.", "Take another name, or write over it with --force."
        )
    if not file.absolute().parent.is_dir():
        raise terminal.CommandError(
            f"There is no directory {file.absolute().parent}.", "Create it, or take another one."
        )
    topics = terminal.topics_of(settings)
    topic = topics.signals
    with terminal.progress(f"recording {topic}") as done:
        count = recording.record(settings.kafka, topic, file, done, topics.policies)
    terminal.say(f"Recorded {count:,} records of {topic} in {file}.")


def replay(
    file: Annotated[Path, typer.Argument(help="A recording made by 'baton record'.")],
) -> None:
    """Put a recording into lead.signals, which has to be empty.

    Partition, timestamp, key, headers and value are those of the recording; each record gets the
    header baton-replay: 1 besides. The topic needs as many partitions as the recording has. A
    policy in the recording comes into force with ticks: external, so that today's clock does not
    judge the past; adopt a policy afterwards to give the ticking back to the workers. The
    definitions that the recording has are put into lead.policies.

    For example:

      baton replay signals.jsonl.gz

      BATON_TOPICS_PREFIX=again. baton replay signals.jsonl.gz
    """
    settings = terminal.settings()
    topics = terminal.topics_of(settings)
    topic = topics.signals
    with terminal.progress(f"replaying into {topic}") as done:
        count = recording.replay(settings.kafka, topic, Recording(file), done, topics.policies)
    terminal.say(f"Replayed {count:,} records into {topic}.")
