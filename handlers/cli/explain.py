"""``baton explain``: why a lead is where it is."""

import json
from typing import Annotated

import typer

from events.wall_clock import now_ms
from handlers.cli import terminal
from handlers.explain import ExplainError, as_object
from handlers.explain import explain as explain_lead
from handlers.explain_text import render
from schemas.times import parse_moment


def explain(
    lead: Annotated[str, typer.Argument(help="The lead's id, as in the messages' subject.")],
    at: Annotated[
        str | None,
        typer.Option(help="Score it as of this time (2026-03-02 or 2026-03-02T09:00:00Z)."),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object.")] = False,
) -> None:
    """Show a lead's stage, its receipt and near misses, its running clocks and last moves.

    The receipt is by the definition in force. Times are UTC; what is left of a clock is in its
    own calendar, business hours where the promise is in business hours. A lead in a simulation is
    shown as of the simulation's time.

    For example:

      baton explain lead-000017

      baton explain lead-000017 --json | jq .receipt.near_misses
    """
    settings = terminal.settings()
    try:
        moment = None if at is None else parse_moment(at)
    except ValueError as error:
        raise typer.BadParameter(f"{at!r} is {error}", param_hint="--at") from error
    try:
        with terminal.waiting("reading lead.state"):
            found = explain_lead(settings.kafka, terminal.topics_of(settings), lead, now_ms, moment)
    except ExplainError as error:
        raise terminal.CommandError(
            str(error),
            "Is the id right, has a worker run, and was a policy adopted? "
            "'baton follow lifecycle --from-start' shows which leads there are.",
        ) from error
    if as_json:
        terminal.line(json.dumps(as_object(found), ensure_ascii=False))
    else:
        terminal.out().print(render(found))
