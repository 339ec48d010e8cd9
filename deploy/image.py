"""The steps of the Dockerfile, read from it and run without a container engine.

``python -m deploy.image FOLDER`` runs the build stage's RUN steps in an empty folder that takes the
place of ``/``: the same commands over the same files, with ``/opt`` and ``/source`` moved there.
What it cannot show is the base image and the user; it shows that what is locked installs, that the
package builds from the files that are copied, and that the command runs from nothing else.
"""

import json
import os
import re
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).parents[1]
DOCKERFILE: Final = ROOT / "deploy" / "Dockerfile"
STEP_SECONDS_MAX: Final = 900

_CONTINUED: Final = re.compile(r"\\\n\s*")
_STEP: Final = re.compile(r"^([A-Z]+)\s+(.*)$", re.MULTILINE)
_PLACES: Final = re.compile(r"(?<![\w/.-])/(opt|source)\b")


@dataclass(frozen=True, slots=True)
class Step:
    """One instruction of a Dockerfile."""

    instruction: str
    argument: str


class StepError(Exception):
    """A step did not do what it has to."""


def stages(text: str) -> list[list[Step]]:
    """Return the steps of each stage, its FROM first."""
    lines = [line for line in text.splitlines() if not line.lstrip().startswith("#")]
    found: list[list[Step]] = []
    for match in _STEP.finditer(_CONTINUED.sub("", "\n".join(lines))):
        step = Step(match[1], match[2].strip())
        if step.instruction == "FROM":
            found.append([])
        found[-1].append(step)
    return found


def health_command(text: str) -> list[str]:
    """Return the command of HEALTHCHECK."""
    [check] = [step for step in stages(text)[-1] if step.instruction == "HEALTHCHECK"]
    command: list[str] = json.loads(check.argument.partition("CMD ")[2])
    return command


def build(folder: Path) -> Path:
    """Do what the build stage does, below ``folder``; return the environment it made."""
    source = folder / "source"
    source.mkdir(parents=True)
    (folder / "opt").mkdir()
    environment = {"PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"}
    passed = {name: text for name, text in os.environ.items() if name.startswith("PIP_")}
    for step in stages(DOCKERFILE.read_text(encoding="utf-8"))[0]:
        if step.instruction == "COPY":
            _copy(step.argument.split(), source)
        elif step.instruction == "RUN":
            _run(_PLACES.sub(rf"{folder}/\1", step.argument), source, environment | passed)
    return folder / "opt" / "baton"


def _copy(arguments: list[str], source: Path) -> None:
    *names, target = arguments
    for name in names:
        found, place = ROOT / name, source / target
        if found.is_dir():
            shutil.copytree(found, place, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            place.mkdir(exist_ok=True)
            shutil.copy(found, place)


def _run(command: str, folder: Path, environment: dict[str, str]) -> None:
    done = subprocess.run(
        ["/bin/sh", "-e", "-c", command],
        cwd=folder,
        env=environment | {"HOME": str(folder), "PIP_DISABLE_PIP_VERSION_CHECK": "1"},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=STEP_SECONDS_MAX,
        check=False,
    )
    if done.returncode:
        raise StepError(f"{command}\n{done.stdout}{done.stderr}")


if __name__ == "__main__":
    sys.stdout.write(f"{build(Path(sys.argv[1]).absolute())}\n")
