"""``baton scoreboard``: the page that marketing and sales look at together."""

from typing import TYPE_CHECKING, Final

import typer

from handlers.cli import terminal
from handlers.ending import stop_on_signals
from handlers.exits import Exit

if TYPE_CHECKING:
    from handlers.scoreboard.standing import Standing

app: Final = typer.Typer()


@app.callback(invoke_without_command=True)
def scoreboard(context: typer.Context) -> None:
    """Read every fact into a database and serve the page, until SIGTERM or Ctrl-C.

    The database is a file of SQLite in the state directory unless BATON_SCOREBOARD_DATABASE_URL
    names another one, or PostgreSQL. It can be deleted: everything in it is read from
    lead.lifecycle, and where reading stands is kept with it. One scoreboard writes to a database;
    a second one waits BATON_SCOREBOARD_LOCK_SECONDS for the first to end, and ends then.

    The page is served on BATON_SCOREBOARD_PORT of this machine alone. To be seen from elsewhere
    it needs a BATON_SCOREBOARD_TOKEN, or a proxy that says in BATON_SCOREBOARD_PROXY_HEADER whom
    it let in. /metrics, /health/live and /health/ready are served beside it.

    For example:

      BATON_KAFKA__BOOTSTRAP_SERVERS=kafka:9092 baton scoreboard

      BATON_SCOREBOARD_DATABASE_URL=postgresql://baton@database/board baton scoreboard

      baton scoreboard rebuild
    """
    if context.invoked_subcommand is not None:
        return
    settings = terminal.settings()
    # Faust and SQLAlchemy: no other command waits for them.
    from handlers.garbage import collect_seldom  # noqa: PLC0415
    from handlers.scoreboard.service import Scoreboard  # noqa: PLC0415

    collect_seldom()
    raise typer.Exit(Scoreboard(settings).run(stop_on_signals()))


@app.command()
def rebuild() -> None:
    """Empty the scoreboard's tables and read everything again.

    Nothing is lost: the tables are made from lead.lifecycle. A scoreboard that runs does it
    itself, says so on its page, and this command shows how far it is; where none runs, this
    command reads, serves the page meanwhile, and ends when all there is was read.

    For example:

      baton scoreboard rebuild
    """
    settings = terminal.settings()
    from handlers.scoreboard.database import DatabaseError  # noqa: PLC0415
    from handlers.scoreboard.service import Scoreboard, rebuild_by_other  # noqa: PLC0415

    stop = stop_on_signals()
    try:
        code = rebuild_by_other(settings, stop, _Progress())
    except DatabaseError as error:
        raise terminal.CommandError(
            terminal.sentence(str(error)),
            "'baton settings' shows which database is used.",
            Exit.DATABASE,
        ) from error
    if code is None:
        code = Scoreboard(settings).run(stop, until_full=True, fresh=True)
    raise typer.Exit(code)


class _Progress:
    """Tells how far it is, each percent once."""

    def __init__(self) -> None:
        self._told = -1

    def __call__(self, stands: "Standing") -> None:
        percent = int(100 * stands.filling.share) if stands.filling is not None else 0
        if stands.rebuild_asked or percent <= self._told:
            return
        self._told = percent
        terminal.say(f"{percent} % of what there is was read again")


if app.registered_callback is not None:
    app.registered_callback.help = terminal.reflowed(scoreboard.__doc__ or "")
