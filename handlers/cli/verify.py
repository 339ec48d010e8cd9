"""``baton verify``: whether what was decided is what the log says."""

import typer

from handlers.cli import terminal
from handlers.exits import Exit


def verify() -> None:
    """Recompute every decision from lead.signals and compare it with what lies in the topics.

    Facts, handovers, recycles and refusals are compared byte by byte, key, headers and timestamp
    included, up to the group's committed offsets; what nothing in the log causes is a difference
    too. The first one is shown in full. Workers may go on meanwhile; nothing is written but a
    temporary directory.

    For example:

      baton verify

      BATON_TOPICS_PREFIX=again. baton verify
    """
    settings = terminal.settings()
    # The fold brings RocksDB along: no other command waits for it.
    from handlers import verify as verifying  # noqa: PLC0415
    from handlers.comparison import DifferentError  # noqa: PLC0415
    from handlers.worker import DOMAIN  # noqa: PLC0415

    topics = terminal.topics_of(settings)
    count = verifying.partition_count(settings)
    scope = verifying.scope(settings, topics, count)
    if not scope.until:
        raise terminal.CommandError(
            f"The group {settings.group} has committed nothing in {topics.signals}.",
            "Run a worker first, or name its group with BATON_GROUP.",
        )
    with terminal.progress(f"verifying {topics.lifecycle}", sum(scope.until.values())) as done:
        try:
            verified = verifying.verify(settings, DOMAIN, scope, done, count)
        except DifferentError as error:
            raise terminal.CommandError(
                f"What was decided is not what the log says: {error}",
                "Another version may have written it: each fact says its rules number.",
                Exit.DIFFERENT,
            ) from None
    terminal.line(
        f"{verified.records:,} records that {verified.signals:,} signals in "
        f"{verified.partitions} partitions caused: no difference."
    )
    raise typer.Exit(Exit.OK)
