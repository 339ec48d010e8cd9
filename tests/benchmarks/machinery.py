"""What the peers need besides Baton: a virtual environment and jars, made once, kept in a cache."""

import hashlib
import os
import shutil
import subprocess
import sys
import tempfile
import venv
from pathlib import Path
from typing import Final

from deploy.kafka.jars import jars

PEERS: Final = Path(__file__).with_name("peers")
_REQUIREMENTS: Final = PEERS / "requirements.txt"
_SOURCE: Final = PEERS / "StreamsPeer.java"
_MAKE_SECONDS_MAX: Final = 900


def python_of_peers() -> Path:
    """The interpreter that has Faust and Quix Streams; the project's own has neither."""
    wanted = hashlib.sha256(_REQUIREMENTS.read_bytes() + sys.version.encode()).hexdigest()[:12]
    home = _cache() / f"peers-{wanted}"
    python = home / "bin" / "python"
    done = home / "done"
    if not done.exists():
        shutil.rmtree(home, ignore_errors=True)
        venv.create(home, with_pip=True)
        _run([str(python), "-m", "pip", "install", "-q", "--disable-pip-version-check",
              "-r", str(_REQUIREMENTS)])  # fmt: skip
        done.touch()
    return python


def class_path_of_streams() -> str:
    """The class path of the Kafka Streams peer, compiled if need be."""
    libs = jars(PEERS / "pom.xml")
    wanted = hashlib.sha256(_SOURCE.read_bytes() + libs.name.encode()).hexdigest()[:12]
    classes = _cache() / f"streams-{wanted}"
    if not classes.is_dir():
        with tempfile.TemporaryDirectory(dir=classes.parent) as scratch:
            target = Path(scratch) / "classes"
            _run(["javac", "-cp", f"{libs}/*", "-d", str(target), str(_SOURCE)])
            target.rename(classes)
    return f"{classes}:{libs}/*"


def _cache() -> Path:
    home = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "leadbaton"
    home.mkdir(parents=True, exist_ok=True)
    return home


def _run(command: list[str]) -> None:
    subprocess.run(command, check=True, stdin=subprocess.DEVNULL, timeout=_MAKE_SECONDS_MAX)
