"""The nodes of a cluster: their folders, their command lines, and the wait until they serve."""

import base64
import random
import socket
import subprocess
import time
import uuid
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from string import Template
from typing import Final, NamedTuple

from confluent_kafka import KafkaException
from confluent_kafka.admin import AdminClient

from deploy.kafka.security import ADMIN, Security
from events.clients import admin_config

READY_SECONDS_MAX: Final = 90.0
FORMAT_SECONDS_MAX: Final = 90
BROKERS_MAX: Final = 9
COPIES: Final = 3
"""How many brokers hold a record, where there are so many."""
LOOPBACK: Final = "127.0.0.1"
_TEMPLATE: Final = Path(__file__).with_name("server.properties")
_PORTS: Final = range(20_000, 32_000)
"""Below what systems give to outgoing connections: a port has to be free again at a restart."""
CONTROLLER: Final = 0
"""The number of a controller that is a node of its own."""
FENCES: Final = "org.apache.kafka.controller.ReplicationControlManager"
"""The logger that tells which broker's session is over; and of each topic, a line or two."""
_BRIEF: Final = ("-Xmx512m", "-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC")
"""Quick to start, and half of the processor's time in its first minute; slower in the long run."""
_ANSWER_SECONDS: Final = 1.0
_PAUSE_SECONDS: Final = 0.05


class KafkaError(Exception):
    """Kafka did not start, or does not do what it should."""


@dataclass(frozen=True, slots=True)
class Node:
    """A formatted node that is ready to be started."""

    number: int
    """From 1; a controller of its own is 0."""
    port: int
    folder: Path
    command: tuple[str, ...]

    @property
    def address(self) -> str:
        """Where it will listen to clients."""
        return f"{LOOPBACK}:{self.port}"


class _Ports(NamedTuple):
    """Where a node listens to whom, if it has the role for it."""

    clients: int
    internal: int
    controller: int


@dataclass(frozen=True, slots=True)
class Cluster:
    """Formatted nodes that belong together."""

    id: str
    folder: Path
    nodes: Mapping[int, Node]
    """Those that clients talk to."""
    security: Security
    controller: Node | None = None
    """The one that is nothing else, where there is such a one."""

    @property
    def bootstrap_servers(self) -> str:
        """Where the nodes will listen, as clients want it."""
        return ",".join(node.address for node in self.nodes.values())

    def client_properties(self, user: str = ADMIN) -> dict[str, str]:
        """What a client is configured with that connects as this user."""
        login = self.security.client_properties(user, self.folder)
        return {"bootstrap.servers": self.bootstrap_servers} | login


def prepare(
    folder: Path,
    libs: Path,
    security: Security,
    brokers: int = 1,
    port: int | None = None,
    *,
    brief: bool = False,
    apart: bool = False,
) -> Cluster:
    """Write the nodes' properties into the folder and format their storage there.

    ``port`` is the first node's; the others take any. ``apart``: the controller is a node of its
    own. Raises ``KafkaError``.
    """
    if not 1 <= brokers <= BROKERS_MAX:
        raise KafkaError(f"a cluster has 1 to {BROKERS_MAX} brokers, not {brokers}")
    cluster_id = base64.urlsafe_b64encode(uuid.uuid4().bytes).decode().rstrip("=").replace("-", "A")
    numbers = range(0 if apart else 1, brokers + 1)
    ports = _free_ports(len(numbers) * len(_Ports._fields))
    own = {number: _Ports(next(ports), next(ports), next(ports)) for number in numbers}
    if port is not None:
        own[1] = own[1]._replace(clients=port)
    voters = [CONTROLLER] if apart else list(numbers)
    security.equip(folder)
    shared = _shared(security, brokers) | {
        "voters": ",".join(f"{n}@{LOOPBACK}:{own[n].controller}" for n in voters),
    }
    nodes = {}
    for number in numbers:
        home = folder / str(number)
        home.mkdir()
        roles = _roles(number, apart=apart)
        values = {
            "number": number,
            "roles": ",".join(roles),
            "listeners": _listeners(roles, own[number]),
            "data": home / "data",
        }
        _write(home / "server.properties", shared | values, security.server_properties(folder))
        properties = str(home / "server.properties")
        told = (FENCES,) if number == CONTROLLER else ()
        quick = brief or len(numbers) > 1
        command = _java(libs, "kafka.Kafka", properties, brief=quick, told=told)
        nodes[number] = Node(number, own[number].clients, home, tuple(command))
    arguments = [*_java(libs, "kafka.tools.StorageTool", "format"), "-t", cluster_id]
    with ThreadPoolExecutor(len(nodes)) as pool:
        for _ in pool.map(
            lambda node: _format([*arguments, *security.format_arguments()], node), nodes.values()
        ):
            pass
    controller = nodes.pop(CONTROLLER, None)
    return Cluster(cluster_id, folder, nodes, security, controller)


def await_ready(cluster: Cluster, node: Node, ended: Callable[[], str | None]) -> None:
    """Return once the node serves clients; ``ended`` says why it no longer runs, if so."""
    deadline = time.monotonic() + READY_SECONDS_MAX
    here = cluster.client_properties() | {"bootstrap.servers": node.address}
    admin = None
    while True:
        if (reason := ended()) is not None:
            raise KafkaError(f"Kafka ended while starting: {reason}")
        if time.monotonic() > deadline:
            raise KafkaError(f"Kafka did not serve within {READY_SECONDS_MAX:.0f} s")
        if not _listens(node.port):
            time.sleep(_PAUSE_SECONDS)
            continue
        admin = admin or AdminClient(admin_config(here))
        if _serves(admin, cluster, node):
            return


def tool(libs: Path, *arguments: str, seconds_max: float = 60.0) -> str:
    """What one of Kafka's own tools answers. Raises ``KafkaError`` when it fails."""
    told = _run(_java(libs, *arguments), seconds_max)
    if told.returncode != 0:
        raise KafkaError(f"{arguments[0]} failed: {told.stdout.strip()}")
    return told.stdout


def _shared(security: Security, brokers: int) -> dict[str, object]:
    """What the nodes of a cluster have in common."""
    several = brokers >= COPIES
    return {
        "protocol": security.protocol,
        "internal_protocol": "SSL" if security.tls else "PLAINTEXT",
        "replication": COPIES if several else 1,
        "in_sync": COPIES - 1 if several else 1,
    }


def _roles(number: int, *, apart: bool) -> tuple[str, ...]:
    if apart:
        return ("controller",) if number == CONTROLLER else ("broker",)
    return ("broker", "controller")


def _listeners(roles: tuple[str, ...], ports: _Ports) -> str:
    places = []
    if "broker" in roles:
        places += [
            f"CLIENTS://{LOOPBACK}:{ports.clients}",
            f"INTERNAL://{LOOPBACK}:{ports.internal}",
        ]
    if "controller" in roles:
        places += [f"CONTROLLER://{LOOPBACK}:{ports.controller}"]
    return ",".join(places)


def _write(path: Path, values: Mapping[str, object], more: Mapping[str, str]) -> None:
    text = Template(_TEMPLATE.read_text(encoding="utf-8")).substitute(values)
    lines = "".join(f"{name}={value}\n" for name, value in more.items())
    path.write_text(f"{text}\n{lines}", encoding="utf-8")


def _format(command: list[str], node: Node) -> None:
    formatted = _run([*command, "-c", str(node.folder / "server.properties")], FORMAT_SECONDS_MAX)
    if formatted.returncode != 0:
        raise KafkaError(f"Kafka's storage could not be formatted: {formatted.stdout.strip()}")


def _run(command: list[str], seconds_max: float) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        command,
        check=False,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=seconds_max,
    )


def _java(libs: Path, *arguments: str, brief: bool = True, told: Sequence[str] = ()) -> list[str]:
    """Return the command line of a Java program; ``told`` are loggers that tell more."""
    return [
        "java",
        *(_BRIEF if brief else ["-Xmx1g"]),
        "-Dorg.slf4j.simpleLogger.defaultLogLevel=warn",
        *(f"-Dorg.slf4j.simpleLogger.log.{logger}=info" for logger in told),
        "-cp",
        f"{libs}/*",
        *arguments,
    ]


def _free_ports(count: int) -> Iterator[int]:
    """Different loopback ports that nobody listens on right now."""
    found = 0
    for port in random.sample(_PORTS, len(_PORTS)):
        with socket.socket() as trial:
            trial.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                trial.bind((LOOPBACK, port))
            except OSError:
                continue
        yield port
        found += 1
        if found == count:
            return
    raise KafkaError("there are not enough free ports on this machine")


def _listens(port: int) -> bool:
    try:
        with socket.create_connection((LOOPBACK, port), timeout=_ANSWER_SECONDS):
            return True
    except OSError:
        return False


def _serves(admin: AdminClient, cluster: Cluster, node: Node) -> bool:
    """Whether this very node answers and is in the cluster's list of brokers."""
    try:
        metadata = admin.list_topics(timeout=_ANSWER_SECONDS)
    except KafkaException:
        return False
    found = str(metadata.cluster_id)
    if found != cluster.id:
        raise KafkaError(f"another cluster ({found}) serves on {node.address}")
    return node.number in metadata.brokers
