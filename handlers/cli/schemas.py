"""``baton schemas``: the contract as documents."""

from pathlib import Path
from typing import Annotated

import typer

from handlers.cli import terminal
from schemas import generate


def schemas(
    directory: Annotated[
        Path, typer.Argument(help="Where the documents are.", file_okay=False)
    ] = generate.PUBLISHED,
    check: Annotated[
        bool, typer.Option("--check", help="Write nothing; exit 1 when they are stale.")
    ] = False,
) -> None:
    """Write JSON Schema for every message and one AsyncAPI document.

    They are generated from the models that read and write the messages, so they are what Baton
    does.

    For example:

      baton schemas

      baton schemas --check

      baton schemas /tmp/contract
    """
    if not check:
        _refuse_strangers(directory)
        generate.write(directory)
        terminal.line(f"Wrote {len(generate.files())} documents into {directory}.")
        return
    stale = generate.stale(directory)
    for name in stale:
        terminal.line(f"stale  {name}")
    if stale:
        raise terminal.CommandError(
            f"{len(stale)} documents are not what the code says.", "'baton schemas' writes them."
        )
    terminal.line("All documents are what the code says.")


def _refuse_strangers(directory: Path) -> None:
    """Stop before JSON files that are none of ours would be cleared away with the stale ones."""
    if directory.resolve() == generate.PUBLISHED.resolve():
        return
    found = {path.relative_to(directory).as_posix() for path in directory.rglob("*.json")}
    strangers = sorted(found - generate.files().keys())
    if strangers:
        raise terminal.CommandError(
            f"{directory} has files that are no documents of Baton's, such as {strangers[0]}.",
            "Take an empty directory, or a new one.",
        )
