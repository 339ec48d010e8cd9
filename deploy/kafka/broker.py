"""One Kafka node: its folder, its command line, and the wait until it serves."""

import base64
import shutil
import socket
import subprocess
import tempfile
import time
import uuid
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from string import Template
from types import TracebackType
from typing import Final, Self

from confluent_kafka import KafkaException
from confluent_kafka.admin import AdminClient

from deploy.kafka.jars import jars
from events.child import Child
from events.clients import admin_config

READY_SECONDS_MAX: Final = 90.0
FORMAT_SECONDS_MAX: Final = 90
_TEMPLATE: Final = Path(__file__).with_name("server.properties")
_ANSWER_SECONDS: Final = 1.0
_PAUSE_SECONDS: Final = 0.05
_ATTEMPTS_MAX: Final = 3
_PORT_TAKEN: Final = "Address already in use"
_LOOPBACK: Final = "127.0.0.1"


class KafkaError(Exception):
    """Kafka did not start."""


@dataclass(frozen=True, slots=True)
class Node:
    """A formatted node that is ready to be started."""

    cluster_id: str
    port: int
    command: tuple[str, ...]

    @property
    def bootstrap_servers(self) -> str:
        """Where it will listen, as clients want it."""
        return f"{_LOOPBACK}:{self.port}"


class Kafka:
    """A node as a context manager; it and its data end with the process that started it.

    >>> with Kafka() as kafka:
    ...     Producer({"bootstrap.servers": kafka.bootstrap_servers})
    """

    def __init__(self) -> None:
        self._node: Node | None = None
        self._child: Child | None = None
        self._held = ExitStack()

    @property
    def bootstrap_servers(self) -> str:
        """Where it listens, as clients want it."""
        if self._node is None:
            raise KafkaError("Kafka is not running")
        return self._node.bootstrap_servers

    @property
    def client_properties(self) -> dict[str, str]:
        """What a client of this node has to be configured with."""
        return {"bootstrap.servers": self.bootstrap_servers}

    @property
    def pid(self) -> int | None:
        """The process id while it runs."""
        return None if self._child is None else self._child.pid

    def start(self) -> Self:
        """Start it and return when it serves. Raises ``JarsError`` or ``KafkaError``."""
        if self._node is not None:
            raise KafkaError("Kafka is running already")
        libs = jars()
        for attempt in range(1, _ATTEMPTS_MAX + 1):
            try:
                self._launch(libs)
            except KafkaError as error:
                # Between our look and its start somebody may have taken a port.
                if _PORT_TAKEN not in str(error) or attempt == _ATTEMPTS_MAX:
                    raise
            else:
                break
        return self

    def stop(self) -> None:
        """Stop it, if it runs, and remove its data."""
        self._held.close()
        self._node = self._child = None

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

    def _launch(self, libs: Path) -> None:
        with ExitStack() as held:
            directory = Path(tempfile.mkdtemp(prefix="baton-kafka-"))
            held.callback(shutil.rmtree, directory, ignore_errors=True)
            node = prepare(directory, libs)
            log = held.enter_context(tempfile.TemporaryFile())
            child = Child(node.command, log, remains=directory)
            held.callback(child.stop)
            await_ready(node, lambda: _ended(child))
            self._held = held.pop_all()
        self._node, self._child = node, child


def prepare(directory: Path, libs: Path, port: int | None = None) -> Node:
    """Write a node's properties into the folder and format its storage there."""
    cluster_id = base64.urlsafe_b64encode(uuid.uuid4().bytes).decode().rstrip("=").replace("-", "A")
    free, controller_port = _free_ports()
    port = port or free
    properties = directory / "server.properties"
    properties.write_text(
        Template(_TEMPLATE.read_text(encoding="utf-8")).substitute(
            port=port, controller_port=controller_port, data=directory / "data"
        ),
        encoding="utf-8",
    )
    format_storage = _java(libs, "kafka.tools.StorageTool", "format")
    formatted = subprocess.run(
        [*format_storage, "-t", cluster_id, "-c", str(properties)],
        check=False,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=FORMAT_SECONDS_MAX,
    )
    if formatted.returncode != 0:
        raise KafkaError(f"Kafka's storage could not be formatted: {formatted.stdout.strip()}")
    return Node(cluster_id, port, tuple(_java(libs, "kafka.Kafka", str(properties))))


def await_ready(node: Node, ended: Callable[[], str | None]) -> None:
    """Return once the node serves clients; ``ended`` says why it no longer runs, if so."""
    deadline = time.monotonic() + READY_SECONDS_MAX
    admin = None
    while True:
        if (reason := ended()) is not None:
            raise KafkaError(f"Kafka ended while starting: {reason}")
        if time.monotonic() > deadline:
            raise KafkaError(f"Kafka did not serve within {READY_SECONDS_MAX:.0f} s")
        if not _listens(node.port):
            time.sleep(_PAUSE_SECONDS)
            continue
        admin = admin or AdminClient(admin_config({"bootstrap.servers": node.bootstrap_servers}))
        if _serves(admin, node):
            return


def _free_ports() -> tuple[int, int]:
    """Two loopback ports that nobody listens on right now."""
    with socket.socket() as one, socket.socket() as other:
        one.bind((_LOOPBACK, 0))
        other.bind((_LOOPBACK, 0))
        return int(one.getsockname()[1]), int(other.getsockname()[1])


def _java(libs: Path, *arguments: str) -> list[str]:
    return [
        "java",
        "-Xmx1g",
        "-Dorg.slf4j.simpleLogger.defaultLogLevel=warn",
        "-cp",
        f"{libs}/*",
        *arguments,
    ]


def _ended(child: Child) -> str | None:
    code = child.exited()
    return None if code is None else f"exit code {code}: {child.tail()}"


def _listens(port: int) -> bool:
    try:
        with socket.create_connection((_LOOPBACK, port), timeout=_ANSWER_SECONDS):
            return True
    except OSError:
        return False


def _serves(admin: AdminClient, node: Node) -> bool:
    """Whether this very node answers and is in the cluster's list of brokers."""
    try:
        metadata = admin.list_topics(timeout=_ANSWER_SECONDS)
    except KafkaException:
        return False
    found = str(metadata.cluster_id)
    if found != node.cluster_id:
        raise KafkaError(f"another cluster ({found}) serves on {node.bootstrap_servers}")
    return bool(metadata.brokers)
