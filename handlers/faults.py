"""Disturbing a worker at a chosen point of its loop: for the tests of what its promises survive.

A fault is told as ``point:count:act``: the act happens when the point is reached for the count-th
time, once. None is set unless a test sets it, and a worker without one passes its points by
calling an empty function once a batch.
"""

import os
import signal
import time
from collections.abc import Callable
from enum import StrEnum
from typing import Final

from confluent_kafka import KafkaError, KafkaException

PAUSE_SECONDS: Final = 4.0


class Point(StrEnum):
    """Where a fault may strike."""

    BEGUN = "begun"
    """A transaction is open and holds nothing."""
    FOLDED = "folded"
    """Everything is told within the transaction, the offsets are not."""
    TICKING = "ticking"
    """The same, in a batch that could not fire all that a tick has to fire."""
    SENT = "sent"
    """The offsets are in the transaction, it is not committed."""
    COMMITTED = "committed"
    """The transaction is committed, nothing of it is in the local store."""
    APPLIED = "applied"
    """One partition's part of it is in the local store, the others' may not be."""
    RESTORING = "restoring"
    """A slice of ``lead.state`` was taken over."""
    RESTORED = "restored"
    """All of it was taken over, and the store does not say so yet."""


class Act(StrEnum):
    """What a fault does."""

    KILL = "kill"
    """End this process as a power cut would."""
    STOP = "stop"
    """Halt this process, all threads of it, until it is sent SIGCONT."""
    PAUSE = "pause"
    """Hold up this thread, while the client's own go on."""
    ABORT = "abort"
    """Answer what a coordinator answers to a transaction that has to be aborted."""


Reach = Callable[[Point], None]
"""Called with each point that the worker comes to."""


def undisturbed(_: Point) -> None:
    """Pass every point by."""


def reaching(told: str) -> Reach:
    """Return what to call at each point. Raises ValueError if no fault is told this way."""
    if not told:
        return undisturbed
    point, count, act = told.split(":")
    return _Fault(Point(point), int(count), Act(act))


class _Fault:
    """One fault that strikes once."""

    def __init__(self, point: Point, count: int, act: Act) -> None:
        self._point, self._left, self._act = point, count, act

    def __call__(self, point: Point) -> None:
        if point is not self._point:
            return
        self._left -= 1
        if self._left == 0:
            _do(self._act)


def _do(act: Act) -> None:
    match act:
        case Act.KILL:
            os.kill(os.getpid(), signal.SIGKILL)
        case Act.STOP:
            os.kill(os.getpid(), signal.SIGSTOP)
        case Act.PAUSE:
            time.sleep(PAUSE_SECONDS)
        case Act.ABORT:
            raise KafkaException(
                KafkaError(
                    KafkaError.UNKNOWN_MEMBER_ID, "a fault set by a test", txn_requires_abort=True
                )
            )
