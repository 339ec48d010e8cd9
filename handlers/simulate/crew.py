"""A worker in a thread of this process, for a play that has no other."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

from handlers.exits import Exit
from handlers.settings import Settings
from handlers.simulate.broker import SimulationError

WORKER_NAME: Final = "simulation"
LINGER_SECONDS: Final = 0.01
"""A play waits for every batch: a long linger would be most of its time."""
JOIN_SECONDS_MAX: Final = 15.0


class Crew:
    """The worker's thread, and what became of it."""

    def __init__(self, settings: Settings) -> None:
        # It brings RocksDB and the metrics along: whoever has a worker elsewhere needs neither.
        from handlers.worker import Worker  # noqa: PLC0415

        self._directory = TemporaryDirectory(prefix="baton-", ignore_cleanup_errors=True)
        self._worker = Worker(settings.model_copy(update={"state_dir": Path(self._directory.name)}))
        self._stop = threading.Event()
        self._code: Exit | None = None
        self._thread = threading.Thread(target=self._run, name="worker", daemon=True)
        self._thread.start()

    def check(self) -> None:
        """Raise SimulationError if the worker has ended."""
        if self._code is not None:
            raise SimulationError(
                f"the worker ended with exit code {self._code.value}; its log says why"
            )

    def stop(self) -> None:
        """Have the worker commit the batch in hand and leave."""
        self._stop.set()
        self._thread.join(JOIN_SECONDS_MAX)

    def _run(self) -> None:
        # The directory goes with the worker and not before it, however long its end takes: a
        # store that is taken from under it cannot be closed.
        with self._directory:
            self._code = self._worker.run(self._stop)


@contextmanager
def crew(settings: Settings) -> Iterator[Crew]:
    """Run a worker with these settings, a state directory of its own and any free port."""
    chosen = settings.model_copy(
        update={
            "worker_name": WORKER_NAME,
            # It plays once: nobody of its name comes back to a place in the group.
            "static_membership": False,
            "linger_seconds": LINGER_SECONDS,
            "metrics_port": 0,
        }
    )
    running = Crew(chosen)
    try:
        yield running
    finally:
        running.stop()
