"""``baton settings``: what can be set, what is set, and where that came from."""

import json
from dataclasses import asdict
from typing import Annotated

import typer
from rich.table import Table

from handlers.cli import terminal
from handlers.settings import load, shown


def settings(
    as_json: Annotated[
        bool, typer.Option("--json", help="One JSON object a setting, one a line.")
    ] = False,
) -> None:
    """Show every setting with its value and where it came from; secrets are hidden.

    A setting is given as an environment variable, or else its default holds. Any client property
    of Kafka can be set as BATON_KAFKA__<PROPERTY>, with underscores where the property has dots.
    A name that is no setting stops every command.

    For example:

      baton settings

      BATON_KAFKA__BOOTSTRAP_SERVERS=kafka:9093 BATON_KAFKA__SECURITY_PROTOCOL=SSL baton settings
    """
    rows = shown(load())
    if as_json:
        for row in rows:
            terminal.line(json.dumps(asdict(row)))
        return
    if not terminal.for_people():
        for text in terminal.table_lines([(r.variable, r.value, r.origin) for r in rows]):
            terminal.line(text)
        return
    table = Table(box=None, pad_edge=False)
    table.add_column("setting", no_wrap=True)
    table.add_column("value", overflow="fold")
    table.add_column("from", no_wrap=True)
    table.add_column("what it is")
    for row in rows:
        style = "bold" if row.origin == "environment" else None
        table.add_row(row.variable, row.value, row.origin, row.description, style=style)
    terminal.out().print(table)
