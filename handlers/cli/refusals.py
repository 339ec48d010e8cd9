"""``baton refusals``: what could not be used, why, and sending it again."""

import json
from typing import Annotated

import typer
from rich.table import Table

from handlers import follow as lines
from handlers import refusals
from handlers.cli import terminal
from handlers.exits import Exit
from handlers.refusals import Found, Redriven, RefusalsError
from schemas.refusal import MEANINGS, RefusalCode
from schemas.times import rfc3339

REDRIVE_MAX = 10_000
app = typer.Typer(no_args_is_help=True, help="List, show and send again what was refused.")


@app.command("list")
def list_(
    newest: Annotated[
        int, typer.Option(min=0, max=1_000, help="Places shown of each reason, newest last.")
    ] = 5,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object a reason.")] = False,
) -> None:
    """Count what was refused by reason, and show where the newest of it lies.

    A place is topic:partition:offset of the record that was refused; 'baton refusals show' takes
    it. The list is a log: what was sent again and applied stays in it.

    For example:

      baton refusals list

      baton refusals list --newest 20 --json
    """
    settings = terminal.settings()
    with terminal.waiting("reading lead.refusals"):
        groups = refusals.by_reason(settings.kafka, terminal.topics_of(settings), newest)
    if as_json:
        for reason, group in groups.items():
            places = [lines.place_of(found.refusal.origin) for found in group.newest]
            told = {"reason": reason, "count": group.count, "newest": places}
            terminal.line(json.dumps(told))
        return
    if not groups:
        terminal.say("Nothing was refused.")
        return
    table = Table("reason", "count", "newest", "meaning", box=None, pad_edge=False)
    for reason, group in groups.items():
        shown = "\n".join(lines.place_of(found.refusal.origin) for found in group.newest)
        table.add_row(reason, f"{group.count:,}", shown, _meaning(reason))
    terminal.out().print(table)


@app.command()
def show(
    place: Annotated[str, typer.Argument(help="3:17 or lead.signals:3:17, as 'list' shows it.")],
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object a refusal.")] = False,
) -> None:
    """Show one refused record: reason, detail, headers, and the original bytes, readable.

    For example:

      baton refusals show lead.signals:3:17

      baton refusals show 3:17 --json | jq -r .value
    """
    settings = terminal.settings()
    try:
        wanted = refusals.parse_place(place)
    except RefusalsError as error:
        raise typer.BadParameter(str(error)) from error
    found = refusals.at_place(settings.kafka, terminal.topics_of(settings), wanted)
    if not found:
        raise terminal.CommandError(
            f"Nothing was refused at {wanted[0]}:{wanted[1]}.",
            "'baton refusals list' shows the places of what was refused.",
        )
    for one in found:
        if as_json:
            terminal.line(lines.refusal_json(one.record))
        else:
            _print(one)


@app.command()
def redrive(
    places: Annotated[
        list[str] | None, typer.Argument(help="Places as 'list' shows them: 3:17 4:2 …")
    ] = None,
    reason: Annotated[
        str | None, typer.Option(help="All that were refused for this reason.")
    ] = None,
    limit: Annotated[
        int, typer.Option(min=1, max=REDRIVE_MAX, help="Send at most so many; more is an error.")
    ] = 1_000,
    wait: Annotated[
        float, typer.Option(min=0, max=3_600, help="Seconds to wait for the workers.")
    ] = 30,
) -> None:
    """Send refused records again, byte by byte, and say what became of each.

    Do it after the cause is mended: a policy that knows the reason, a new release. The records go
    to the end of lead.signals with the header baton-redrive, stamped with the time of sending;
    their own time still says when it happened. What was applied before changes nothing.

    Exit code 7 when some were refused again or are still waiting for a worker.

    For example:

      baton refusals redrive 3:17

      baton refusals redrive --reason unknown_reason --limit 500
    """
    if (reason is None) == (not places):
        raise typer.BadParameter("Give places, or --reason, and not both.")
    settings = terminal.settings()
    topics = terminal.topics_of(settings)
    try:
        wanted = [refusals.parse_place(place) for place in places or []]
        chosen = refusals.choose(settings.kafka, topics, reason=reason, places=wanted, limit=limit)
        with terminal.waiting(f"waiting for the workers to take {len(chosen):,} records"):
            done = refusals.redrive(settings.kafka, topics, settings.group, chosen, wait)
    except RefusalsError as error:
        raise terminal.CommandError(
            str(error), "'baton refusals list' shows reasons and places."
        ) from error
    if not chosen:
        terminal.say(f"Nothing was refused for the reason {reason}.")
    for one in done:
        terminal.line(_became(one, topics.signals))
    if any(one.outcome != "applied" for one in done):
        raise typer.Exit(Exit.PARTIAL)


def _became(one: Redriven, topic: str) -> str:
    start = lines.place_of(one.found.refusal.origin)
    target = f"{topic}:{one.partition}:{one.offset}"
    if one.again is not None:
        return f"{start}\t{target}\trefused again\t{one.again.reason}\t{one.again.detail}"
    return f"{start}\t{target}\t" + ("applied" if one.outcome == "applied" else "still waiting")


def _meaning(reason: str) -> str:
    return MEANINGS[RefusalCode(reason)] if reason in set(RefusalCode) else ""


def _print(one: Found) -> None:
    refusal, console = one.refusal, terminal.out()
    rows = [
        ("reason", refusal.reason),
        ("meaning", _meaning(refusal.reason)),
        ("detail", refusal.detail),
        ("origin", lines.place_of(refusal.origin)),
        ("refusal", one.record.place),
        ("recorded", rfc3339(one.record.timestamp) if one.record.timestamp >= 0 else "no time"),
        ("key", _bytes_text(refusal.key)),
    ]
    rows += [(f"header {name}", _bytes_text(value)) for name, value in refusal.headers]
    table = Table(box=None, show_header=False, pad_edge=False)
    for name, value in rows:
        table.add_row(name, value)
    console.print(table)
    if refusal.truncated:
        console.print(f"the first {len(refusal.value or b'')} of {refusal.length} bytes:")
    terminal.line(_readable(refusal.value))


def _bytes_text(raw: bytes | None) -> str:
    return "(none)" if raw is None else raw.decode("utf-8", "backslashreplace")


def _readable(raw: bytes | None) -> str:
    """Return the bytes so that a person can read them: JSON indented, other text escaped."""
    if raw is None:
        return "(no value)"
    try:
        return json.dumps(json.loads(raw), indent=2, ensure_ascii=False)
    except (ValueError, RecursionError):
        text = raw.decode("utf-8", "backslashreplace")
        return "".join(
            sign if sign.isprintable() or sign == "\n" else repr(sign)[1:-1] for sign in text
        )
