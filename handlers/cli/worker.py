"""``baton worker``: the decider."""

import typer

from handlers.cli import terminal
from handlers.ending import end_in_time, stop_on_signals


def worker() -> None:
    """Run a worker: read signals, decide, write facts, until SIGTERM or Ctrl-C.

    Any number may run, up to the partitions of lead.signals; give each its own BATON_WORKER_NAME
    and BATON_STATE_DIR. A stop commits the batch in hand, leaves the group (unless
    BATON_STATIC_MEMBERSHIP keeps its place there) and exits 0 within 10 s; or 1, if the cluster
    does not answer meanwhile. /metrics, /health/live and /health/ready are served on
    BATON_METRICS_PORT.

    For example:

      BATON_KAFKA__BOOTSTRAP_SERVERS=kafka:9092 baton worker

      BATON_WORKER_NAME=w2 BATON_STATE_DIR=/var/lib/baton/w2 BATON_METRICS_PORT=9109 baton worker
    """
    settings = terminal.settings()
    # The worker brings RocksDB and the metrics along: no other command waits for them.
    from handlers.garbage import collect_seldom  # noqa: PLC0415
    from handlers.worker import run_worker  # noqa: PLC0415

    collect_seldom()
    stop = stop_on_signals()
    end_in_time(stop)
    raise typer.Exit(run_worker(settings, stop))
