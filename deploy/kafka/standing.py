"""A cluster that stays when the command that started it ends, until it is told to stop.

Its folder in the checkout has its data, its logs and a note for each broker that says where it
is. A broker holds a lock on its note for as long as it lives, so a note that is not locked speaks
of the past.
"""

import fcntl
import json
import os
import shlex
import shutil
import signal
import subprocess
import time
from pathlib import Path
from typing import IO, Any, Final

from deploy.kafka.jars import jars
from deploy.kafka.node import Cluster, KafkaError, Node, await_ready, prepare
from deploy.kafka.security import ADMIN, OPEN, Security, new_password
from events.acls import Role, allow, grants
from events.child import tail
from events.topics import Topics

FOLDER: Final = Path(__file__).resolve().parents[2] / ".baton" / "kafka"
STOP_SECONDS_MAX: Final = 30.0
_PAUSE_SECONDS: Final = 0.05

Note = dict[str, Any]
"""``pid``, ``bootstrap_servers``, ``brokers`` and ``secure``."""


def up(
    folder: Path = FOLDER,
    port: int | None = None,
    brokers: int = 1,
    security: Security = OPEN,
) -> str:
    """Start the cluster unless it runs; its bootstrap servers. Raises as ``Kafka.start`` does."""
    secure = security.protocol != OPEN.protocol
    if running := _running(folder):
        return _same(running, brokers, secure=secure)
    libs = jars()
    _clear(folder)
    folder.mkdir(parents=True, mode=0o700)
    try:
        cluster = prepare(folder, libs, security, brokers, port)
        _launch(cluster, secure=secure)
        if secure:
            _give_roles(cluster)
    except BaseException:
        down(folder)
        raise
    return cluster.bootstrap_servers


def down(folder: Path = FOLDER) -> bool:
    """End the cluster and remove its folder; whether there was one that ran."""
    running = _running(folder)
    if running:
        _end(folder, [note["pid"] for note in running])
    _clear(folder)
    return bool(running)


def secured() -> Security:
    """TLS, and a user for each role of Baton, with the rules that the role needs."""
    return Security(users={name: new_password() for name in (ADMIN, *Role)})


def _give_roles(cluster: Cluster) -> None:
    """Allow each role what it needs, and write an environment for each user."""
    topics, group = Topics(), "baton"
    clients = cluster.folder / "clients"
    clients.mkdir(mode=0o700)
    for user in cluster.security.users:
        lines = (
            f"export BATON_KAFKA__{name.upper().replace('.', '_')}={shlex.quote(value)}\n"
            for name, value in cluster.client_properties(user).items()
        )
        (clients / f"{user}.env").write_text("".join(lines), encoding="utf-8")
    for role in Role:
        own = role in {Role.SUBSCRIBER, Role.SCOREBOARD}
        given = grants(role, topics, f"{group}-{role}" if own else group)
        allow(cluster.client_properties(), given, f"User:{role}")


def _same(running: list[Note], brokers: int, *, secure: bool) -> str:
    note = running[0]
    if (note["brokers"], note["secure"]) != (brokers, secure):
        what = f"{note['brokers']} broker{'s' if note['brokers'] > 1 else ''}"
        guarded = "with" if note["secure"] else "without"
        raise KafkaError(
            f"a cluster of {what} {guarded} security runs here already: take it down first"
        )
    return str(note["bootstrap_servers"])


def _launch(cluster: Cluster, *, secure: bool) -> None:
    started = []
    for node in cluster.nodes.values():
        log = (node.folder / "kafka.log").open("w+b")
        note = {
            "bootstrap_servers": cluster.bootstrap_servers,
            "brokers": len(cluster.nodes),
            "secure": secure,
        }
        started.append((node, _spawn(node, note, log), log))
    for node, process, log in started:
        with log:
            _await(cluster, node, process, log)


def _spawn(node: Node, note: Note, log: IO[bytes]) -> subprocess.Popen[bytes]:
    with (node.folder / "running.json").open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        process = subprocess.Popen(
            node.command,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            # The open note goes along, and with it the lock.
            pass_fds=[file.fileno()],
            start_new_session=True,
        )
        json.dump(note | {"pid": process.pid}, file)
    return process


def _await(cluster: Cluster, node: Node, process: subprocess.Popen[bytes], log: IO[bytes]) -> None:
    def ended() -> str | None:
        code = process.poll()
        return None if code is None else f"exit code {code}: {tail(log)}"

    await_ready(cluster, node, ended)


def _running(folder: Path) -> list[Note]:
    """What the notes of the brokers say that run."""
    found = []
    for path in sorted(folder.glob("*/running.json")):
        with path.open(encoding="utf-8") as note:
            try:
                fcntl.flock(note, fcntl.LOCK_SH | fcntl.LOCK_NB)
            except BlockingIOError:
                found.append(json.load(note))
    return found


def _end(folder: Path, pids: list[int]) -> None:
    """End them at once and without ado: their data go as well."""
    for pid in pids:
        os.kill(pid, signal.SIGKILL)
    deadline = time.monotonic() + STOP_SECONDS_MAX
    while _running(folder):
        if time.monotonic() > deadline:
            raise KafkaError(f"Kafka (processes {pids}) did not end in {STOP_SECONDS_MAX:.0f} s")
        time.sleep(_PAUSE_SECONDS)


def _clear(folder: Path) -> None:
    if folder.exists():
        shutil.rmtree(folder)
