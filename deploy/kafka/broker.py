"""Apache Kafka for as long as a process wants it: one broker or several, each to be ended alone."""

import re
import shutil
import tempfile
import time
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType
from typing import IO, Final, Self

from deploy.kafka.jars import jars
from deploy.kafka.node import COPIES, Cluster, KafkaError, Node, await_ready, prepare, tool
from deploy.kafka.security import ADMIN, OPEN, Security
from events.child import Child

_ATTEMPTS_MAX: Final = 3
_PORT_TAKEN: Final = "Address already in use"
_FENCED: Final = "Fencing broker {number} at epoch "
FENCED_SECONDS_MAX: Final = 60.0
"""A session takes five; a busy machine some more to notice."""
_PAUSE_SECONDS: Final = 0.05


class Kafka:
    """A cluster as a context manager; it and its data end with the process that started it.

    >>> with Kafka() as kafka:
    ...     Producer({"bootstrap.servers": kafka.bootstrap_servers})

    Its brokers have the numbers 1 to ``brokers``; each can be stopped, killed and started again.
    """

    def __init__(
        self,
        brokers: int = 1,
        *,
        security: Security = OPEN,
        brief: bool = False,
        apart: bool = False,
    ) -> None:
        self.brokers = brokers
        self.apart = apart
        """The controller is a node of its own, and goes on while brokers are away."""
        self.brief = brief
        """It is soon over: a quick start counts for more than what a measurement would want."""
        self.security = security
        self._cluster: Cluster | None = None
        self._running: dict[int, Child] = {}
        self._controller: Child | None = None
        self._killed_at: dict[int, int] = {}
        """How far the controller's log was when a broker was killed."""
        self._logs: dict[int, IO[bytes]] = {}
        self._held = ExitStack()

    @property
    def bootstrap_servers(self) -> str:
        """Where it listens, as clients want it."""
        return self._there().bootstrap_servers

    @property
    def client_properties(self) -> dict[str, str]:
        """What a client has to be configured with that may do anything."""
        return self.client_properties_of(ADMIN)

    @property
    def pid(self) -> int | None:
        """The process id of the first broker while it runs."""
        return self.pids.get(1)

    @property
    def pids(self) -> dict[int, int]:
        """The process ids of the brokers that run, by their number."""
        return {number: child.pid for number, child in sorted(self._running.items())}

    @property
    def replication(self) -> int:
        """How many copies of a topic's partitions there can be here, for ``topics create``."""
        return COPIES if self.brokers >= COPIES else 1

    @property
    def folder(self) -> Path:
        """Where its data are, and with TLS ``ca.pem``."""
        return self._there().folder

    def client_properties_of(self, user: str) -> dict[str, str]:
        """What a client has to be configured with that connects as this user."""
        return self._there().client_properties(user)

    def start(self) -> Self:
        """Start it and return when it serves. Raises ``JarsError`` or ``KafkaError``."""
        if self._cluster is not None:
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
        """End all of it, if it runs, and remove its data."""
        self._held.close()
        self._cluster = None

    def stop_broker(self, number: int) -> None:
        """Stop one broker in good order; the others, its port and its data stay."""
        self._take(number).stop()

    def kill_broker(self, number: int) -> None:
        """End one broker as a power cut would; the others, its port and its data stay."""
        if self._controller is not None:
            self._killed_at[number] = self._controller.told_bytes()
        self._take(number).kill()

    def await_fenced(self, number: int) -> None:
        """Return once a controller of its own has given up a broker that was killed.

        From then on no partition has its leader there. Raises ``KafkaError``.
        """
        if self._controller is None:
            raise KafkaError("the controller is no node of its own: it cannot tell")
        since, sentence = self._killed_at[number], _FENCED.format(number=number)
        deadline = time.monotonic() + FENCED_SECONDS_MAX
        while sentence not in self._controller.told(since):
            if (reason := _ended(self._controller)) is not None:
                raise KafkaError(f"the controller ended: {reason}")
            if time.monotonic() > deadline:
                told = self._controller.tail()
                raise KafkaError(f"broker {number} is not given up by the controller: {told}")
            time.sleep(_PAUSE_SECONDS)

    def start_broker(self, number: int) -> None:
        """Start a broker that was stopped or killed, and return when it serves."""
        if number in self._running:
            raise KafkaError(f"broker {number} is running already")
        cluster = self._there()
        self._spawn(cluster, cluster.nodes[number])
        self._await(cluster, cluster.nodes[number])

    def controller(self) -> int:
        """The number of the node that is the active controller now."""
        if self.security.protocol != "PLAINTEXT":
            raise KafkaError("the controller is asked for without a login")
        servers = ",".join(self._there().nodes[number].address for number in self.pids)
        quorum = "org.apache.kafka.tools.MetadataQuorumCommand"
        told = tool(jars(), quorum, "--bootstrap-server", servers, "describe", "--status")
        found = re.search(r"LeaderId:\s+(\d+)", told)
        if found is None:
            raise KafkaError(f"no controller is told of: {told.strip()}")
        return int(found.group(1))

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
            folder = Path(tempfile.mkdtemp(prefix="baton-kafka-"))
            held.callback(shutil.rmtree, folder, ignore_errors=True)
            held.callback(self._end_all)
            cluster = prepare(
                folder, libs, self.security, self.brokers, brief=self.brief, apart=self.apart
            )
            if cluster.controller is not None:
                log = held.enter_context(tempfile.TemporaryFile())
                # It has to be there when the last broker leaves in good order.
                self._controller = Child(cluster.controller.command, log, remains=folder)
            for node in cluster.nodes.values():
                self._logs[node.number] = held.enter_context(tempfile.TemporaryFile())
                self._spawn(cluster, node)
            for node in cluster.nodes.values():
                self._await(cluster, node)
            self._held = held.pop_all()
        self._cluster = cluster

    def _spawn(self, cluster: Cluster, node: Node) -> None:
        # Each watcher removes the whole folder: the last one finds nobody who still writes to it.
        self._running[node.number] = Child(
            node.command, self._logs[node.number], remains=cluster.folder
        )

    def _await(self, cluster: Cluster, node: Node) -> None:
        needed = [self._running[node.number]]
        if self._controller is not None:
            needed.append(self._controller)
        await_ready(cluster, node, lambda: next(filter(None, map(_ended, needed)), None))

    def _end_all(self) -> None:
        """End what runs. Several at once cannot leave in good order: the last has no quorum."""
        while self._running:
            _, child = self._running.popitem()
            if self.brokers == 1:
                child.stop()
            else:
                child.kill()
        if self._controller is not None:
            # Nobody is left to whom its good order would matter.
            self._controller.kill()
            self._controller = None

    def _take(self, number: int) -> Child:
        if number not in self._running:
            raise KafkaError(f"broker {number} is not running")
        return self._running.pop(number)

    def _there(self) -> Cluster:
        if self._cluster is None:
            raise KafkaError("Kafka is not running")
        return self._cluster


def _ended(child: Child) -> str | None:
    code = child.exited()
    return None if code is None else f"exit code {code}: {child.tail()}"
