"""A command on a terminal of its own, and what it shows there."""

import os
import pty
import re
import subprocess
from collections.abc import Mapping
from contextlib import suppress

from tests.e2e.harness import BATON

SECONDS_MAX = 60


def on_a_terminal(
    *arguments: str, environment: Mapping[str, str], with_progress: bool = False
) -> str:
    """Run the command; return what it wrote, as it moved, without colours and cursor moves.

    ``with_progress``: what it writes to stderr as well, which progress bars are.
    """
    leader, follower = pty.openpty()
    with subprocess.Popen(
        [*BATON, *arguments],
        stdout=follower,
        stderr=follower if with_progress else subprocess.DEVNULL,
        env={**os.environ, "TERM": "xterm", "COLUMNS": "150", **environment},
    ) as process:
        os.close(follower)
        written = b""
        with suppress(OSError):  # The system's word for the end of a terminal.
            while more := os.read(leader, 4096):
                written += more
        os.close(leader)
        assert process.wait(timeout=SECONDS_MAX) == 0, written
    return re.sub(r"\x1b\[[0-9;?]*[a-zA-Z]", "", written.decode())
