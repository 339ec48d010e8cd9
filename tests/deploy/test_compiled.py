"""What is compiled reads, decides and writes as what is interpreted does, to the last bit."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from deploy.compiled import ROOT, CompileError, compile_package, spelled_out

SECONDS_MAX = 900


@pytest.fixture(scope="module")
def compiled(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the compiled package, for the front of PYTHONPATH."""
    folder = tmp_path_factory.mktemp("compiled")
    compile_package(folder)
    return folder


def run(*arguments: str, path: Path | None = None) -> str:
    """Run Python over this checkout, with ``path`` before it; -P keeps the checkout behind."""
    places = [str(ROOT)] if path is None else [str(path), str(ROOT)]
    done = subprocess.run(
        [sys.executable, "-P", *arguments],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(places)},
        capture_output=True,
        text=True,
        timeout=SECONDS_MAX,
        check=False,
    )
    assert not done.returncode, done.stdout[-4000:] + done.stderr[-4000:]
    return done.stdout


@pytest.mark.slow
def test_facts_and_states_of_a_played_company_are_the_same_bytes(compiled: Path) -> None:
    interpreted_core, *expected = run("-m", "tests.deploy.performed").splitlines()

    compiled_core, *found = run("-m", "tests.deploy.performed", path=compiled).splitlines()

    assert (interpreted_core, compiled_core) == ("interpreted", "compiled")
    assert len(expected) > 1_000
    assert found == expected


@pytest.mark.slow
def test_every_test_of_the_domain_and_its_bytes_passes_compiled(compiled: Path) -> None:
    tests = ("tests/lifecycle", "tests/schemas", "tests/events", "tests/handlers/test_batch.py")

    said = run(
        "-m", "pytest", "-q", "-p", "no:cacheprovider", "-o", f"pythonpath={compiled} .",
        "-m", "not kafka and not embedded", *tests,
        path=compiled,
    )  # fmt: skip

    assert " passed" in said


@pytest.mark.slow
def test_a_compiled_record_is_frozen_and_says_what_it_is(compiled: Path) -> None:
    program = """
from dataclasses import FrozenInstanceError, fields, replace
from lifecycle.lead import Attribute, Touches
known = Attribute("DE", 7)
assert repr(known) == "Attribute(value='DE', at=7)", known
assert known == replace(known) != replace(known, at=8)
assert hash(known) == hash(replace(known))
assert [field.name for field in fields(Touches)] == ["first", "last", "campaigns", "told_days"]
assert Touches().told_days is not Touches().told_days
try:
    known.at = 8
except FrozenInstanceError:
    print("frozen")
"""

    assert run("-c", program, path=compiled) == "frozen\n"


SOURCE = '''
from dataclasses import dataclass, field
from typing import ClassVar


@dataclass(frozen=True, slots=True)
class Known:
    """What is known."""

    kind: ClassVar[str] = "known"
    name: str
    """Its name."""
    at: int = 7
    parts: dict[str, int] = field(default_factory=dict)


def after() -> int:
    return 1
'''


def test_a_record_is_spelled_out_without_moving_a_line() -> None:
    lines = spelled_out(SOURCE).splitlines()

    before = SOURCE.splitlines()
    assert [line for line in lines if "def after" in line] == ["def after() -> int:"]
    assert lines.index("def after() -> int:") == before.index("def after() -> int:")
    assert lines[before.index("    name: str")] == "    name: str"
    assert "    at: int" in lines
    assert lines[-1] == (
        "as_record(Known, ('name', 'str'), ('at', 'int', 7), "
        "('parts', 'dict[str, int]', None, dict))"
    )


def test_a_module_without_records_stays_as_it_is() -> None:
    source = (
        "from math import floor\n\n\ndef half(number: int) -> int:\n    return floor(number / 2)\n"
    )

    assert spelled_out(source) == source


@pytest.mark.parametrize(
    ("source", "problem"),
    [
        (
            SOURCE.replace("\n\n\ndef after", "\n\ndef after"),
            "two blank lines have to follow Known",
        ),
        (SOURCE.replace("at: int = 7", "at: int = (\n        7\n    )"), "stand on one line"),
    ],
)
def test_what_cannot_be_spelled_out_is_said(source: str, problem: str) -> None:
    with pytest.raises(CompileError, match=problem):
        spelled_out(source)
