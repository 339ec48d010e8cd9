"""Being asked to end, by SIGTERM or Ctrl-C: it is heard at once, and not put off for ever.

Python runs its handlers of signals between two of its own steps, and a call of the Kafka client is
one step, however long it waits for a cluster. So the system is asked as well to write a byte for
each signal, and a thread of its own waits for that.
"""

import logging
import os
import signal
import socket
import threading
from typing import Final

from handlers.exits import Exit

log: Final = logging.getLogger("baton.worker")

END_SECONDS_MAX: Final = 9.0
"""How long the end may take, so that nobody waits longer than the 10 s that are promised."""


def stop_on_signals() -> threading.Event:
    """Return what SIGTERM and SIGINT set; a second one of them ends the process at once."""
    stop = threading.Event()

    def stopping(number: int, _: object) -> None:
        signal.signal(number, signal.SIG_DFL)
        stop.set()

    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, stopping)
    return stop


def end_in_time(stop: threading.Event) -> None:
    """See to it that a process whose signals set ``stop`` ends soon after the first of them.

    Ending it as a power cut would is safe for a worker: its batch was committed whole or not at
    all, and what is left open times out.
    """
    hears, tells = socket.socketpair()
    tells.settimeout(0)
    signal.set_wakeup_fd(tells.fileno(), warn_on_full_buffer=False)

    def wait() -> None:
        with hears, tells:
            hears.recv(1)
            stop.set()
            hears.settimeout(END_SECONDS_MAX)
            try:
                hears.recv(1)
                why = "asked a second time to end"
            except TimeoutError:
                why = f"asked to end {END_SECONDS_MAX:.0f} s ago, and the cluster does not answer"
            log.critical("%s: ended as it is. What is committed is committed.", why)
            os._exit(Exit.ERROR)

    threading.Thread(target=wait, name="ending", daemon=True).start()
