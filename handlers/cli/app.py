"""The whole command, put together from one module a command or group of commands."""

from typing import Final

import typer

from handlers.cli import policy, refusals, scoreboard, topics
from handlers.cli.acls import acls
from handlers.cli.broker import broker
from handlers.cli.demo import demo
from handlers.cli.explain import explain
from handlers.cli.follow import follow
from handlers.cli.publish import publish
from handlers.cli.record import record, replay
from handlers.cli.schemas import schemas
from handlers.cli.settings import settings
from handlers.cli.simulate import simulate
from handlers.cli.terminal import Speaking, reflowed
from handlers.cli.verify import verify
from handlers.cli.worker import worker
from handlers.exits import Exit

_TRY: Final = "Try it"
_RUN: Final = "Run it"
_USE: Final = "Use it"
_LOOK: Final = "Look into it"
_AGREE: Final = "Agree on it"

_EXIT_CODES: Final = {
    Exit.OK: "done",
    Exit.ERROR: "it could not be done; the message says why and what helps",
    Exit.USAGE: "the command line or a setting is wrong",
    Exit.FENCED: "worker: another one with its name took over; restart it",
    Exit.REFUSAL_RATE: "worker: too much of the input is refused; look before restarting",
    Exit.FAILED_RATE: "worker: too many decisions failed; look before restarting",
    Exit.PARTITION_COUNT: "worker: the partitions are not those the policy was adopted for",
    Exit.PARTIAL: "publish, refusals redrive: some of it was not taken",
    Exit.OFFSETS_LOST: "worker: its place in the log is lost; look before restarting",
    Exit.DIFFERENT: "verify: the log says something else than what was decided",
    Exit.UNREADABLE_STATE: "worker: another release wrote the leads' states; run that one",
    Exit.DATABASE: "scoreboard: its database fails, or another one writes to it; restart it",
}
_EPILOG: Final = "Exit codes: " + " · ".join(
    f"{code.value} {meaning}" for code, meaning in _EXIT_CODES.items()
)

app = typer.Typer(
    cls=Speaking,
    name="baton",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
    epilog=_EPILOG,
)


@app.callback()
def baton() -> None:
    """Move B2B leads along the quality spectrum, between marketing and sales.

    Settings come from the environment; 'baton settings' shows them. To begin with:

      baton demo

    Or step by step, each in its own terminal where it keeps running:

      baton broker

      baton topics create --partitions 4

      baton policy adopt --for-marketing ana --for-sales ben --reason "the first one"

      baton worker

      baton follow handovers
    """


app.command(rich_help_panel=_TRY)(demo)
app.command(rich_help_panel=_TRY)(broker)
app.command(rich_help_panel=_TRY)(simulate)
app.add_typer(topics.app, name="topics", rich_help_panel=_RUN)
app.command(rich_help_panel=_RUN)(acls)
app.command(rich_help_panel=_RUN)(worker)
app.add_typer(scoreboard.app, name="scoreboard", rich_help_panel=_RUN)
app.command(rich_help_panel=_RUN)(settings)
app.add_typer(policy.app, name="policy", rich_help_panel=_AGREE)
app.command(rich_help_panel=_AGREE)(schemas)
app.command(rich_help_panel=_USE)(publish)
app.command(rich_help_panel=_USE)(follow)
app.command(rich_help_panel=_LOOK)(explain)
app.add_typer(refusals.app, name="refusals", rich_help_panel=_LOOK)
app.command(rich_help_panel=_LOOK)(record)
app.command(rich_help_panel=_LOOK)(replay)
app.command(rich_help_panel=_LOOK)(verify)

for group in (app, policy.app, refusals.app, scoreboard.app, topics.app):
    for command in group.registered_commands:
        command.help = reflowed(command.callback.__doc__ or "" if command.callback else "")
