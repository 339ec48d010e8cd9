"""How many messages a batch may hold: small where they take long, large where they do not.

A transaction that runs past its time-out is ended by the broker, and the worker with it; after a
restart the same batch would run into the same wall. So a batch that took longer than it should
makes the next ones smaller, in proportion, and every full one that did not doubles them again.
"""

from typing import Final

SECONDS_MAX: Final = 2.0
"""How long a batch should take at most: a fifth of the transaction's time-out."""
BEGIN_MESSAGES: Final = 1_000
MESSAGES_MIN: Final = 50


class Pace:
    """The size of the next batch, learnt from the last ones."""

    def __init__(self, messages_max: int) -> None:
        self._messages_max = messages_max
        self.messages = min(BEGIN_MESSAGES, messages_max)
        """How many the next batch may hold."""

    def took(self, messages: int, seconds: float) -> None:
        """Learn from a batch."""
        if seconds > SECONDS_MAX:
            fitting = int(messages * SECONDS_MAX / seconds)
            self.messages = max(min(MESSAGES_MIN, self._messages_max), fitting)
        elif messages >= self.messages:
            self.messages = min(2 * self.messages, self._messages_max)
