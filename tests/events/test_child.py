"""A child process ends with its parent, whichever way the parent goes."""

import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import IO

import pytest

from events.child import Child

PARENT = """
import sys, tempfile, time
from pathlib import Path
from events.child import Child

remains = Path(sys.argv[1])
child = Child(["sleep", "600"], tempfile.TemporaryFile(), remains=remains)
print(child.pid, flush=True)
{ending}
"""


@pytest.fixture
def log() -> Iterator[IO[bytes]]:
    with tempfile.TemporaryFile() as file:
        yield file


def runs(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    # What has ended but was not waited for yet still has a number.
    stat = Path(f"/proc/{pid}/stat")
    return not stat.exists() or stat.read_text().rpartition(")")[2].split()[0] != "Z"


def wait_until(condition: Callable[[], bool], seconds: float = 10) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it did not come to pass in time"
        time.sleep(0.01)


def parent_that(ending: str, remains: Path) -> tuple[subprocess.Popen[str], int]:
    """A process that starts a child and then does what ``ending`` says; and the child's id."""
    parent = subprocess.Popen(
        [sys.executable, "-c", PARENT.format(ending=ending), str(remains)],
        stdout=subprocess.PIPE,
        text=True,
        cwd=Path(__file__).parents[2],
    )
    assert parent.stdout is not None
    with parent.stdout as told:
        return parent, int(told.readline())


def test_a_child_ends_when_its_parent_is_killed_and_its_remains_go(tmp_path: Path) -> None:
    remains = tmp_path / "with spaces"
    (remains / "data").mkdir(parents=True)
    parent, child = parent_that("time.sleep(600)", remains)
    assert runs(child)

    parent.send_signal(signal.SIGKILL)
    parent.wait()

    wait_until(lambda: not runs(child))
    wait_until(lambda: not remains.exists())


def test_a_child_ends_when_its_parent_ends_without_stopping_it(tmp_path: Path) -> None:
    parent, child = parent_that("", tmp_path / "remains")

    parent.wait()

    wait_until(lambda: not runs(child))


def test_a_child_that_is_stopped_is_gone_at_once_and_its_remains_stay(
    log: IO[bytes], tmp_path: Path
) -> None:
    child = Child(["sleep", "600"], log, remains=tmp_path)
    assert child.exited() is None

    child.stop()

    assert child.exited() == -signal.SIGTERM
    assert not runs(child.pid)
    assert tmp_path.exists()


def test_a_child_that_is_killed_is_gone_at_once(log: IO[bytes]) -> None:
    child = Child(["sleep", "600"], log)

    child.kill()

    assert child.exited() == -signal.SIGKILL


def test_stopping_twice_is_as_good_as_once(log: IO[bytes]) -> None:
    child = Child(["sleep", "600"], log)

    child.stop()
    child.stop()

    assert not runs(child.pid)


def test_a_child_that_ended_by_itself_tells_its_exit_code_and_last_words(log: IO[bytes]) -> None:
    child = Child(["sh", "-c", "echo so long; exit 3"], log)

    wait_until(lambda: child.exited() is not None)

    assert child.exited() == 3
    assert child.tail() == "so long"
    child.stop()


def test_what_a_child_writes_is_read_from_anywhere_and_goes_on_where_it_was(log: IO[bytes]) -> None:
    child = Child(["sh", "-c", "printf first; exec sleep 600"], log)
    wait_until(lambda: child.told(0) == "first")
    at = child.told_bytes()
    child.stop()
    again = Child(["printf", "second"], log)
    wait_until(lambda: again.exited() is not None)
    again.stop()

    assert (at, again.told(at), again.told(2)) == (5, "second", "rstsecond")


def test_a_child_hears_no_interrupt_from_its_parents_keyboard(log: IO[bytes]) -> None:
    child = Child(["sleep", "600"], log)

    assert os.getsid(child.pid) != os.getsid(0)

    child.stop()


def test_a_child_sees_only_the_environment_it_is_given(log: IO[bytes]) -> None:
    child = Child(["env"], log, environment={"PATH": os.defpath, "COLOUR": "blue"})

    wait_until(lambda: child.exited() is not None)

    assert "COLOUR=blue" in child.tail()
    assert "HOME=" not in child.tail()
    child.stop()
