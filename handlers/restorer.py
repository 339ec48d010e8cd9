"""The thread on which partitions are restored, a slice of each in turn."""

import logging
import threading
from typing import Final

from handlers.asking import Steps
from handlers.restore import Restoration, Restored
from handlers.store import StoreError

log: Final = logging.getLogger("baton.restore")

IDLE_SECONDS: Final = 0.05
CANCEL_SECONDS_MAX: Final = 30.0


class _Job:
    def __init__(self, restoration: Restoration) -> None:
        self.restoration = restoration
        self.steps: Steps[None] = restoration.steps()
        self.cancelled = threading.Event()
        self.closed = threading.Event()

    def close(self) -> None:
        """Give up, and let go of the store even if it was finished but never fetched."""
        try:
            self.steps.close()
            if self.restoration.restored is not None:
                self.restoration.restored.store.close()
        except StoreError as error:
            log.warning("a store that is given up was not written out: %s", error)
        finally:
            self.closed.set()


class Restorer:
    """Restores partitions in the background; all methods are for the polling thread."""

    def __init__(self) -> None:
        self._jobs: dict[int, _Job] = {}
        self._finished: list[_Job] = []
        self._changed = threading.Condition()
        self._failure: BaseException | None = None
        self._ending = False
        self._ended = False
        self._thread = threading.Thread(target=self._work, name="restore", daemon=True)
        self._thread.start()

    def begin(self, restoration: Restoration) -> None:
        """Restore a partition."""
        with self._changed:
            if self._ended:
                # ``finished`` tells what ended it; nobody would ever take up or close this job.
                return
            self._jobs[restoration.partition] = _Job(restoration)
            self._changed.notify_all()

    def cancel(self, partition: int) -> None:
        """Give a partition up; its store is closed when this returns.

        At the end, ``stop`` has waited for all of them already.
        """
        with self._changed:
            job = self._jobs.get(partition)
            if job is None or self._ending:
                return
            job.cancelled.set()
            self._changed.notify_all()
        if not job.closed.wait(CANCEL_SECONDS_MAX):
            raise TimeoutError(f"the restore of partition {partition} does not end")

    def finished(self) -> list[Restored]:
        """Return the partitions that can flow, each once; raises what made a restore fail."""
        with self._changed:
            if self._failure is not None:
                raise self._failure
            ready = []
            for job in self._finished:
                if job.restoration.restored is not None and not job.cancelled.is_set():
                    ready.append(job.restoration.restored)
                    del self._jobs[job.restoration.partition]
            self._finished.clear()
            return ready

    def progress(self) -> dict[int, tuple[int, int]]:
        """Return position and target in the changelog of each partition being restored."""
        with self._changed:
            return {
                partition: (job.restoration.position, job.restoration.target)
                for partition, job in self._jobs.items()
            }

    def stop(self) -> None:
        """Give everything up and end the thread."""
        with self._changed:
            self._ending = True
            self._changed.notify_all()
        self._thread.join(CANCEL_SECONDS_MAX)
        if self._thread.is_alive():
            log.warning("a restore does not end; its store is let go of with the process")

    def _work(self) -> None:
        try:
            while not self._ending:
                busy = False
                for job in self._due_jobs():
                    busy = self._step(job) or busy
                if not busy:
                    with self._changed:
                        if not self._ending:
                            self._changed.wait(IDLE_SECONDS)
        except BaseException as error:  # noqa: BLE001 - it is raised again on the polling thread
            self._failure = error
        finally:
            with self._changed:
                self._ended = True
                jobs = list(self._jobs.values())
                self._jobs.clear()
            for job in jobs:
                job.close()

    def _due_jobs(self) -> list[_Job]:
        with self._changed:
            return list(self._jobs.values())

    def _step(self, job: _Job) -> bool:
        """Do one slice; say whether there was anything to do."""
        if job.cancelled.is_set():
            with self._changed:
                self._jobs.pop(job.restoration.partition, None)
                if job in self._finished:
                    self._finished.remove(job)
            job.close()
            return True
        if job.restoration.restored is not None:
            return False
        try:
            return next(job.steps)
        except StopIteration:
            with self._changed:
                self._finished.append(job)
            return True
