"""A Kafka node that stays when the command that started it ends, until it is told to stop.

Its folder in the checkout has its data, its log and a note that says where it is. The node holds
a lock on the note for as long as it lives, so a note that is not locked speaks of the past.
"""

import fcntl
import json
import os
import shutil
import signal
import subprocess
import time
from pathlib import Path
from typing import IO, Final

from deploy.kafka.broker import KafkaError, Node, await_ready, prepare
from deploy.kafka.jars import jars
from events.child import tail

FOLDER: Final = Path(__file__).resolve().parents[2] / ".baton" / "kafka"
STOP_SECONDS_MAX: Final = 30.0
_PAUSE_SECONDS: Final = 0.05


def up(folder: Path = FOLDER, port: int | None = None) -> str:
    """Start the node unless it runs; its bootstrap servers. Raises as ``Kafka.start`` does."""
    if (running := _running(folder)) is not None:
        return str(running["bootstrap_servers"])
    libs = jars()
    _clear(folder)
    folder.mkdir(parents=True)
    try:
        return _launch(folder, prepare(folder, libs, port))
    except BaseException:
        down(folder)
        raise


def down(folder: Path = FOLDER) -> bool:
    """Stop the node and remove its folder; whether there was one that ran."""
    running = _running(folder)
    if running is not None:
        _end(folder, int(running["pid"]))
    _clear(folder)
    return running is not None


def _launch(folder: Path, node: Node) -> str:
    with (folder / "kafka.log").open("w+b") as log, _note(folder).open("w") as note:
        fcntl.flock(note, fcntl.LOCK_EX)
        process = subprocess.Popen(
            node.command,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            # The open note goes along, and with it the lock.
            pass_fds=[note.fileno()],
            start_new_session=True,
        )
        json.dump({"pid": process.pid, "bootstrap_servers": node.bootstrap_servers}, note)
        note.flush()
        await_ready(node, lambda: _ended(process, log))
    return node.bootstrap_servers


def _ended(process: subprocess.Popen[bytes], log: IO[bytes]) -> str | None:
    code = process.poll()
    return None if code is None else f"exit code {code}: {tail(log)}"


def _note(folder: Path) -> Path:
    return folder / "running.json"


def _running(folder: Path) -> dict[str, str | int] | None:
    """What the note says, if the node runs."""
    if not _note(folder).exists():
        return None
    with _note(folder).open(encoding="utf-8") as note:
        try:
            fcntl.flock(note, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            found: dict[str, str | int] = json.load(note)
            return found
    return None


def _end(folder: Path, pid: int) -> None:
    os.kill(pid, signal.SIGTERM)
    deadline = time.monotonic() + STOP_SECONDS_MAX
    while _running(folder) is not None:
        if time.monotonic() > deadline:
            raise KafkaError(f"Kafka (process {pid}) did not stop in {STOP_SECONDS_MAX:.0f} s")
        time.sleep(_PAUSE_SECONDS)


def _clear(folder: Path) -> None:
    if folder.exists():
        shutil.rmtree(folder)
