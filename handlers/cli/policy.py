"""``baton policy``: the one definition of a qualified lead: check it, show it, adopt it."""

import json
import sys
from pathlib import Path
from typing import Annotated

import typer
import yaml
from rich.table import Table

from events.topics import Topics
from handlers import adoption
from handlers.adoption import Adopted, AdoptionError, Ticks
from handlers.cli import terminal
from handlers.settings import Settings
from lifecycle import machine
from lifecycle.policy import Policy
from schemas.policy import PolicyError, differences, digest, load_policy, shipped_text
from schemas.times import rfc3339

app = typer.Typer(
    no_args_is_help=True, help="Check, show and adopt the definition both teams agreed on."
)
File = Annotated[
    Path | None, typer.Argument(help="A policy in YAML or JSON; without it the shipped one.")
]


@app.command()
def check(file: File = None) -> None:
    """Check a policy file, and say for each problem what would be right.

    For example:

      baton policy check policy.yaml
    """
    text, name = _text(file)
    policy = _checked(text, name)
    terminal.line(
        f"{name} holds: {policy.name!r}, {len(policy.activities)} activities, digest "
        f"{policy.version}"
    )


@app.command()
def show(
    version: Annotated[
        str | None, typer.Argument(metavar="DIGEST", help="Without it: the one in force.")
    ] = None,
    shipped: Annotated[
        bool, typer.Option("--shipped", help="The file that comes with Baton, comments included.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Canonical JSON instead.")] = False,
) -> None:
    """Show a definition: the one in force, one of the past by its digest, or the shipped file.

    For example:

      baton policy show

      baton policy show --shipped > policy.yaml
    """
    if shipped:
        sys.stdout.write(shipped_text())
        return
    settings = terminal.settings()
    topics = terminal.topics_of(settings)
    if version is None:
        version = _in_force(settings, topics).digest
    text = _definition(settings, topics, version)
    if as_json:
        terminal.line(text.decode())
        return
    terminal.line(f"# digest {version}")
    sys.stdout.write(yaml.safe_dump(json.loads(text), sort_keys=False, allow_unicode=True))


@app.command()
def graph() -> None:
    """Print the machine of stages and moves as a Mermaid diagram, read off the machine itself.

    For example:

      baton policy graph > stages.mmd
    """
    sys.stdout.write(machine.mermaid())


@app.command()
def adopt(
    file: File = None,
    *,
    for_marketing: Annotated[str, typer.Option(help="Who agrees for marketing.")],
    for_sales: Annotated[str, typer.Option(help="Who agrees for sales.")],
    reason: Annotated[str, typer.Option(help="Why it changes; it stays in the log.")],
    external_ticks: Annotated[
        bool,
        typer.Option(
            "--external-ticks", help="Time comes from outside: for simulations and imports."
        ),
    ] = False,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask on a terminal.")] = False,
) -> None:
    """Put a definition in force in every partition, after showing what changes.

    It is checked first, and written to all partitions in one transaction. From there on leads are
    judged by it at their next signal or review; nobody moves by the adoption alone.

    For example:

      baton policy adopt --for-marketing ana --for-sales ben --reason "the first one"

      baton policy adopt policy.yaml --for-marketing ana --for-sales ben --reason "webinars cool"
    """
    text, name = _text(file)
    policy = _checked(text, name)
    settings = terminal.settings()
    topics = terminal.topics_of(settings)
    ticks: Ticks = "external" if external_ticks else "owner"
    _show_changes(settings, topics, text)
    terminal.say(f"{for_marketing} agrees for marketing, {for_sales} for sales: {reason}")
    if sys.stdin.isatty() and not yes:
        typer.confirm(f"Adopt {policy.name!r} ({policy.version})?", abort=True, err=True)
    try:
        version = adoption.adopt(
            settings.kafka, topics, text, for_marketing, for_sales, reason, ticks
        )
    except AdoptionError as error:
        raise _failed(error) from error
    terminal.line(f"adopted {version}")


@app.command()
def history(
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object an adoption.")] = False,
) -> None:
    """Show who adopted what, when and why, oldest first.

    For example:

      baton policy history
    """
    settings = terminal.settings()
    adoptions = _history(settings, terminal.topics_of(settings))
    if as_json:
        for one in adoptions:
            terminal.line(json.dumps(_object(one), ensure_ascii=False))
        return
    if not adoptions:
        terminal.say("No policy was ever adopted here.")
        return
    table = Table("when", "digest", "marketing", "sales", "ticks", "why", box=None, pad_edge=False)
    for one in adoptions:
        table.add_row(
            rfc3339(one.at)[:19] + "Z",
            one.digest,
            one.for_marketing,
            one.for_sales,
            one.ticks,
            one.reason,
        )
    terminal.out().print(table)


def _text(file: Path | None) -> tuple[str | bytes, str]:
    if file is None:
        return shipped_text(), "the shipped policy"
    try:
        return file.read_bytes(), str(file)
    except OSError as error:
        raise terminal.CommandError(
            f"{file} cannot be read: {error.strerror}.",
            "'baton policy show --shipped > policy.yaml' writes one to begin with.",
        ) from error


def _checked(text: str | bytes, name: str) -> Policy:
    try:
        return load_policy(text)
    except PolicyError as error:
        for problem in error.lines:
            terminal.say(problem)
        count = len(error.lines)
        raise terminal.CommandError(
            f"{name} has {count} problem{'s' if count > 1 else ''}.",
            "Each line above is the place in the file, what stands there, and what would be right.",
        ) from error


def _show_changes(settings: Settings, topics: Topics, text: str | bytes) -> None:
    adoptions = _history(settings, topics)
    if not adoptions:
        terminal.say("The first definition here: it holds for what is in the log already, too.")
        return
    before = adoptions[-1].digest
    if before == digest(text):
        terminal.say(f"This is the definition in force, {before}: it says nothing new.")
        return
    terminal.say(f"What changes against {before}, in force now:")
    for changed in differences(_definition(settings, topics, before), text):
        terminal.say(f"  {changed}")


def _history(settings: Settings, topics: Topics) -> list[Adopted]:
    try:
        return adoption.history(settings.kafka, topics)
    except AdoptionError as error:
        raise _failed(error) from error


def _in_force(settings: Settings, topics: Topics) -> Adopted:
    adoptions = _history(settings, topics)
    if not adoptions:
        raise terminal.CommandError(
            "No policy was ever adopted here.",
            "'baton policy adopt' puts one in force; 'baton policy show --shipped' is the example.",
        )
    return adoptions[-1]


def _definition(settings: Settings, topics: Topics, version: str) -> bytes:
    try:
        text = adoption.definition(settings.kafka, topics, version)
    except AdoptionError as error:
        raise _failed(error) from error
    if text is None:
        raise terminal.CommandError(
            f"{topics.policies} has no definition {version}.",
            "'baton policy history' shows the digests of all that were adopted.",
        )
    return text


def _failed(error: AdoptionError) -> terminal.CommandError:
    return terminal.CommandError(
        terminal.sentence(str(error)), "'baton topics check' says what is missing."
    )


def _object(one: Adopted) -> dict[str, str | int]:
    return {
        "at": rfc3339(one.at),
        "digest": one.digest,
        "for_marketing": one.for_marketing,
        "for_sales": one.for_sales,
        "reason": one.reason,
        "ticks": one.ticks,
        "partition_count": one.partition_count,
    }
