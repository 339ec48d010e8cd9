"""A worker as a process of its own: settings from the environment, ended by SIGTERM."""

import signal
import sys
import threading

from handlers import logs
from handlers.settings import load
from handlers.worker import run_worker


def main() -> int:
    """Run until told to stop."""
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    settings = load()
    logs.configure("text", "info")
    return run_worker(settings, stop)


if __name__ == "__main__":
    sys.exit(main())
