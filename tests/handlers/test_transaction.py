"""What a producer's errors lead to that no broker brings about at will."""

from typing import Any

import pytest
from confluent_kafka import KafkaError, KafkaException

from events.topics import Topics
from handlers import transaction
from handlers.exits import Exit, Stop
from handlers.transaction import Transactions

NOWHERE = {"bootstrap.servers": "127.0.0.1:1", "log_level": "0"}


class Busy:
    """A client that turns calls away, for so many of them, as long as it is busy with an older."""

    def __init__(self, times: int) -> None:
        self.left = times
        self.calls = 0

    def commit_transaction(self, _: float) -> None:
        self.calls += 1
        if self.left:
            self.left -= 1
            raise KafkaException(
                KafkaError(KafkaError._CONFLICT, "Conflicting commit_transaction", retriable=True)
            )

    abort_transaction = commit_transaction

    def __getattr__(self, _: str) -> Any:  # noqa: ANN401 - whatever else is called
        return lambda *_: None


def transactions(busy: Busy) -> Transactions:
    """Transactions whose client is replaced."""
    found = Transactions(NOWHERE, "one", Topics(), giving_up=lambda: False)
    found._producer = busy  # type: ignore[assignment]
    return found


def test_a_client_that_is_busy_with_the_last_commit_is_asked_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(transaction, "CONFLICT_PAUSE_SECONDS", 0.001)
    busy = Busy(5)

    transactions(busy).commit([], None)

    assert busy.calls == 6


def test_one_that_never_lets_go_ends_the_worker_as_fenced(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(transaction, "OVERDUE_SECONDS", 0.05)
    monkeypatch.setattr(transaction, "CONFLICT_PAUSE_SECONDS", 0.01)
    busy = Busy(10_000)
    one = transactions(busy)

    with pytest.raises(Stop) as ended:
        one.commit([], None)

    assert ended.value.code is Exit.FENCED
    # With a pause: a loop without one would have asked thousands of times.
    assert busy.calls < 50
    asked = busy.calls
    one.abort()
    # As the worker does at its end, which would wait as long for it again.
    assert busy.calls == asked
