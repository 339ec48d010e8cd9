"""A demo that somebody watches ends with the scoreboard, served until Ctrl-C."""

import os
import pty
import re
import signal
import subprocess
import threading
from pathlib import Path
from urllib.request import urlopen

import pytest

from tests.e2e.harness import BATON

pytestmark = pytest.mark.embedded

SECONDS_MAX = 150.0
ADDRESS = re.compile(rb"The scoreboard of this company: (http://127\.0\.0\.1:\d+)")


class Watched:
    """A demo on a terminal, and what the terminal showed so far."""

    def __init__(self, directory: Path) -> None:
        self._screen, inner = pty.openpty()
        self.shown = b""
        self.process = subprocess.Popen(
            [*BATON, "demo", "--weeks", "1", "--leads", "60", "--seed", "3"],
            env={**os.environ, "HOME": str(directory), "BATON_STATE_DIR": str(directory)},
            cwd=directory,
            stdin=inner,
            stdout=inner,
            stderr=inner,
        )
        os.close(inner)
        self._served = threading.Event()
        self.address = ""
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self) -> None:
        while True:
            try:
                self.shown += os.read(self._screen, 65_536)
            except OSError:
                # A terminal whose last program has ended can be read no more.
                self._served.set()
                return
            if not self.address and (found := ADDRESS.search(self.shown)) is not None:
                self.address = found[1].decode()
                self._served.set()

    def serves(self) -> bool:
        self._served.wait(SECONDS_MAX)
        return bool(self.address)

    def end(self) -> int:
        """Press Ctrl-C."""
        self.process.send_signal(signal.SIGINT)
        return self.process.wait(SECONDS_MAX)

    def close(self) -> None:
        self.process.kill()
        self.process.wait()
        self._reader.join(SECONDS_MAX)
        os.close(self._screen)


def test_the_page_is_served_until_somebody_ends_it(tmp_path: Path) -> None:
    demo = Watched(tmp_path)
    try:
        assert demo.serves(), demo.shown.decode(errors="replace")

        with urlopen(demo.address + "/", timeout=30) as answer:  # noqa: S310 - loopback
            page = answer.read().decode()
        ended = demo.end()
    finally:
        demo.close()

    assert "<h1" in page
    assert ended == 0, demo.shown.decode(errors="replace")
