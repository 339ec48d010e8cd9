"""``baton worker``: the decider."""

import signal
import threading

import typer

from handlers.cli import terminal


def worker() -> None:
    """Run a worker: read signals, decide, write facts, until SIGTERM or Ctrl-C.

    Any number may run, up to the partitions of lead.signals; give each its own BATON_WORKER_NAME
    and BATON_STATE_DIR. A stop commits the batch in hand, leaves the group (unless
    BATON_STATIC_MEMBERSHIP keeps its place there) and exits 0 within 10 s. /metrics, /health/live
    and /health/ready are served on BATON_METRICS_PORT.

    For example:

      BATON_KAFKA__BOOTSTRAP_SERVERS=kafka:9092 baton worker

      BATON_WORKER_NAME=w2 BATON_STATE_DIR=/var/lib/baton/w2 BATON_METRICS_PORT=9109 baton worker
    """
    settings = terminal.settings()
    # The worker brings RocksDB and the metrics along: no other command waits for them.
    from handlers.garbage import collect_seldom  # noqa: PLC0415
    from handlers.worker import run_worker  # noqa: PLC0415

    collect_seldom()
    raise typer.Exit(run_worker(settings, stop_on_signals()))


def stop_on_signals() -> threading.Event:
    """Return what SIGTERM and SIGINT set; a second one of them ends the process at once."""
    stop = threading.Event()

    def stopping(number: int, _: object) -> None:
        signal.signal(number, signal.SIG_DFL)
        stop.set()

    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, stopping)
    return stop
