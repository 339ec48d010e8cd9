"""The jars of Apache Kafka: fetched once by Maven into a cache outside the repository."""

import fcntl
import hashlib
import os
import re
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

JAVA_MIN: Final = 17
FETCH_SECONDS_MAX: Final = 600
_POM: Final = Path(__file__).with_name("pom.xml")


class JarsError(Exception):
    """Java or Maven is missing, or Maven could not fetch the jars."""


def missing() -> str | None:
    """What this machine lacks to run Apache Kafka, as one sentence; None when it lacks nothing."""
    java = _java_version()
    if java is None:
        return f"Apache Kafka needs Java {JAVA_MIN} or newer: no `java` was found"
    if java < JAVA_MIN:
        return f"Apache Kafka needs Java {JAVA_MIN} or newer: this is Java {java}"
    if not _home().is_dir() and shutil.which("mvn") is None:
        return "Apache Kafka's jars are fetched by Maven: no `mvn` was found"
    return None


def jars(pom: Path = _POM) -> Path:
    """The folder with the jars that ``pom`` names, fetched first if need be. Raises ``JarsError``.

    Safe to call from several processes at once: one fetches, the others wait for it.
    """
    if lack := missing():
        raise JarsError(lack)
    home = _home(pom)
    if home.is_dir():
        return home
    home.parent.mkdir(parents=True, exist_ok=True)
    with _locked(home.with_suffix(".lock")):
        if not home.is_dir():
            _fetch(home, pom)
    return home


def _home(pom: Path = _POM) -> Path:
    """Where the jars are once they are complete; another list of jars has another home."""
    cache = os.environ.get("XDG_CACHE_HOME") or str(Path.home() / ".cache")
    wanted = hashlib.sha256(pom.read_bytes()).hexdigest()[:12]
    return Path(cache) / "leadbaton" / f"kafka-{wanted}"


def _fetch(home: Path, wanted: Path) -> None:
    with tempfile.TemporaryDirectory(prefix=f"{home.name}-", dir=home.parent) as scratch:
        pom = shutil.copy(wanted, scratch)
        libs = Path(scratch) / "libs"
        command = ["mvn", "-q", "-B", "-f", pom, "dependency:copy-dependencies"]
        try:
            subprocess.run(
                [*command, f"-DoutputDirectory={libs}"],
                check=True,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
                timeout=FETCH_SECONDS_MAX,
            )
        except subprocess.CalledProcessError as error:
            raise JarsError(f"Maven could not fetch Kafka's jars: {_gist(error.stdout)}") from error
        except subprocess.TimeoutExpired as error:
            raise JarsError(
                f"Maven could not fetch Kafka's jars in {FETCH_SECONDS_MAX} s"
            ) from error
        # Complete or absent: nobody sees half a folder.
        libs.rename(home)


def _gist(output: str) -> str:
    errors = [line for line in output.splitlines() if line.startswith("[ERROR]")]
    return (errors or output.splitlines() or ["no output"])[0]


def _java_version() -> int | None:
    java = shutil.which("java")
    if java is None:
        return None
    told = subprocess.run(
        [java, "-version"], check=False, capture_output=True, text=True, timeout=60
    )
    found = re.search(r'version "(\d+)', told.stderr)
    return int(found.group(1)) if told.returncode == 0 and found else None


@contextmanager
def _locked(path: Path) -> Iterator[None]:
    """Hold the lock of this file; the system lets go of it whatever happens to us."""
    with path.open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield
