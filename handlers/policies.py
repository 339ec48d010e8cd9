"""The definitions of ``lead.policies`` by digest: read in the background, built when asked for.

The topic is compacted and small, so all of it is kept. A definition counts only if it has the
digest that its key claims: whatever else stands there is told once and left alone. Whoever needs
a definition that is not there yet waits; another one is never put in its place.
"""

import logging
import threading
import time
from typing import Final

from confluent_kafka import OFFSET_BEGINNING, Consumer, KafkaError, TopicPartition

from events.clients import Properties, reader_config
from handlers.exits import Exit, Stop
from lifecycle.policy import Policy
from schemas.policy import PolicyError, digest, load_policy

log: Final = logging.getLogger("baton.policies")

POLL_SECONDS: Final = 0.2
_JOIN_SECONDS: Final = 5.0


class PolicyShelf:
    """All definitions ever adopted in this cluster. ``get`` never blocks."""

    def __init__(self, properties: Properties, topic: str) -> None:
        self._topic = topic
        self._consumer = Consumer(reader_config(properties, name="baton-policies"))
        self._texts: dict[str, bytes] = {}
        self._built: dict[str, Policy] = {}
        self._unusable: set[str] = set()
        self._ending = threading.Event()
        self._came = threading.Event()
        self._failure: str | None = None
        self._thread = threading.Thread(target=self._read, name="policies", daemon=True)

    def start(self) -> None:
        """Begin to read."""
        self._thread.start()

    def stop(self) -> None:
        """End the reading and leave the cluster."""
        self._ending.set()
        if self._thread.is_alive():
            self._thread.join(_JOIN_SECONDS)

    def get(self, version: str) -> Policy | None:
        """Return the definition of this digest, None while it is not there.

        Raises Stop when ``lead.policies`` cannot be read any more.
        """
        built = self._built.get(version)
        if built is not None:
            return built
        if self._failure is not None:
            raise Stop(Exit.ERROR, f"{self._topic} cannot be read: {self._failure}")
        text = self._texts.get(version)
        if text is None or version in self._unusable:
            return None
        try:
            if digest(text) == version:
                policy = self._built[version] = load_policy(text)
                return policy
            fault = "it has another digest"
        except PolicyError as error:
            fault = str(error)
        self._unusable.add(version)
        log.error("a definition cannot be used: %s", fault, extra={"digest": version})
        return None

    def wait_for(self, version: str, seconds: float) -> Policy | None:
        """Return the definition of this digest, None if it has not come within ``seconds``."""
        until = time.monotonic() + seconds
        while True:
            policy = self.get(version)
            if policy is not None or time.monotonic() > until:
                return policy
            self._came.wait(POLL_SECONDS)
            self._came.clear()

    def _read(self) -> None:
        consumer = self._consumer
        try:
            consumer.assign([TopicPartition(self._topic, 0, OFFSET_BEGINNING)])
            while not self._ending.is_set():
                message = consumer.poll(POLL_SECONDS)
                if message is None:
                    continue
                error = message.error()
                if error is None:
                    self._keep(message.key(), message.value())
                elif error.code() != KafkaError._PARTITION_EOF and not error.retriable():  # noqa: SLF001 - its only name
                    self._failure = error.str()
                    return
        finally:
            consumer.close()

    def _keep(self, key: object, value: object) -> None:
        if isinstance(key, bytes) and isinstance(value, bytes):
            version = key.decode("utf-8", "replace")
            self._texts[version] = value
            self._unusable.discard(version)
            self._came.set()
