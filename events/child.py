"""A child process that never outlives its parent, not even when the parent is killed by SIGKILL.

The child starts as a shell that leaves a watcher behind and then becomes the program itself. The
watcher reads from a pipe whose other end only the parent holds: when the parent is gone, however
it went, the pipe ends and the watcher ends the program. A line in the pipe says that the program
was stopped in good order. (Linux can signal a child when its parent dies, but means the thread
that started it, and other systems cannot.)

The child has a session of its own, so an interrupt from the keyboard reaches the parent alone,
which then stops things in its own order.
"""

import os
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import IO, Final

_SCRIPT: Final = """
exec 3<&0
remains=$1
shift
(
    read -r _ <&3 && exit
    kill -KILL $$
    test -z "$remains" || rm -rf -- "$remains"
) >/dev/null 2>&1 &
exec "$@" 3<&- </dev/null
"""
STOP_SECONDS_MAX: Final = 10.0
_TAIL_BYTES: Final = 4_000


class Child:
    """A running program whose output goes to an open file.

    ``remains`` is a folder of the program's own that is worthless without it: the watcher removes
    it after the parent's death. In any other case removing it is up to the parent.
    """

    def __init__(
        self,
        program: Sequence[str],
        log: IO[bytes],
        *,
        environment: Mapping[str, str] | None = None,
        remains: Path | None = None,
    ) -> None:
        self._log = log
        self._process = subprocess.Popen(
            ["/bin/sh", "-c", _SCRIPT, "sh", str(remains or ""), *program],
            stdin=subprocess.PIPE,
            stdout=log,
            stderr=subprocess.STDOUT,
            env=None if environment is None else dict(environment),
            # Nothing is written relative to it, and no folder is held that somebody may remove.
            cwd="/",
            start_new_session=True,
        )

    @property
    def pid(self) -> int:
        """The process id of the program itself."""
        return self._process.pid

    def exited(self) -> int | None:
        """The exit code when the program has ended by itself; None while it runs."""
        return self._process.poll()

    def tail(self) -> str:
        """The end of what the program has written."""
        return tail(self._log)

    def told_bytes(self) -> int:
        """How much the program has written."""
        return os.fstat(self._log.fileno()).st_size

    def told(self, start: int) -> str:
        """What the program has written from this byte on."""
        # The place of the file's next byte is shared with the program: it must not be moved.
        length = self.told_bytes() - start
        return os.pread(self._log.fileno(), length, start).decode(errors="replace")

    def stop(self) -> None:
        """End the program, politely at first, and come back when it is gone."""
        if self._process.poll() is None:
            self._process.terminate()
            try:
                self._process.wait(STOP_SECONDS_MAX)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait()
        self._dismiss_watcher()

    def kill(self) -> None:
        """End the program as a power cut would."""
        self._process.kill()
        self._process.wait()
        self._dismiss_watcher()

    def _dismiss_watcher(self) -> None:
        control = self._process.stdin
        if control is None or control.closed:
            return
        try:
            control.write(b"stopped\n")
            control.close()
        except BrokenPipeError:
            # The watcher is gone already: there is nobody left to tell.
            return


def tail(log: IO[bytes]) -> str:
    """The end of what was written to a file that another process may be writing to."""
    start = max(0, os.fstat(log.fileno()).st_size - _TAIL_BYTES)
    return os.pread(log.fileno(), _TAIL_BYTES, start).decode(errors="replace").strip()
