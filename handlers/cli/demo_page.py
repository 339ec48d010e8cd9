"""The scoreboard of a company that was just played, for as long as somebody looks at it."""

import tempfile
import threading
from pathlib import Path
from typing import TYPE_CHECKING

from handlers.cli import terminal
from handlers.ending import stop_on_signals
from handlers.exits import Exit
from handlers.settings import Settings

if TYPE_CHECKING:
    from handlers.scoreboard.service import Scoreboard


def serve(settings: Settings) -> Exit:
    """Read the facts that were played and serve the page until Ctrl-C; nothing is kept."""
    # Faust and SQLAlchemy: a demo that serves nothing does not wait for them.
    from handlers.scoreboard.service import Scoreboard  # noqa: PLC0415

    with tempfile.TemporaryDirectory(prefix="baton-scoreboard-") as folder:
        own = {"scoreboard_database_url": f"sqlite:///{Path(folder, 'board.sqlite')}"}
        free = {} if "scoreboard_port" in settings.model_fields_set else {"scoreboard_port": 0}
        board = Scoreboard(settings.model_copy(update=own | free))
        threading.Thread(target=_announce, args=(board,), daemon=True).start()
        return board.run(stop_on_signals())


def _announce(board: "Scoreboard") -> None:
    """Say where the page is, once it is."""
    board.serving.wait()
    if board.address is not None:
        terminal.say(f"\nThe scoreboard of this company: {board.address} (Ctrl-C ends the demo)")
