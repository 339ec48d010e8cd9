"""The README says of each fault how often the tests here try it, and leaves none out."""

import inspect
import re
from collections.abc import Callable, Iterator
from importlib import import_module
from pathlib import Path

import pytest

from tests.faults.tried import ATTRIBUTE, counted

HERE = Path(__file__).parent
README = HERE.parents[1] / "README.md"
ROW = re.compile(r"^\| (?P<fault>[^|]+) \| (?P<times>\d+) \| [^|]+ \| `(?P<file>[^`]+)` \|$")


def faults() -> Iterator[tuple[str, Callable[..., None]]]:
    """Every test of a fault, with its file."""
    for file in sorted(HERE.glob("test_*.py")):
        if file == Path(__file__):
            continue
        module = import_module(f"tests.faults.{file.stem}")
        for name, test in inspect.getmembers(module, inspect.isfunction):
            if name.startswith("test_") and test.__module__ == module.__name__:
                yield file.name, test


def rows() -> list[re.Match[str]]:
    """The rows of the README's table."""
    section = README.read_text(encoding="utf-8").partition("## What it survives")[2]
    lines = [line for line in section.partition("\n## ")[0].splitlines() if line.startswith("|")]
    found = [ROW.match(line) for line in lines[2:]]
    assert all(found), [line for line, row in zip(lines[2:], found, strict=True) if row is None]
    return [row for row in found if row is not None]


@pytest.mark.parametrize(("file", "test"), [*faults()], ids=lambda it: getattr(it, "__name__", it))
def test_every_test_of_a_fault_has_its_row_in_the_table(
    file: str, test: Callable[..., None]
) -> None:
    mine = getattr(test, ATTRIBUTE)

    found = [row["file"] for row in rows() if row["fault"].startswith(mine.fault)]

    assert found == [f"tests/faults/{file}"]


@pytest.mark.parametrize("row", rows(), ids=lambda row: row["fault"][:40])
def test_every_row_of_the_table_says_how_often_its_tests_try_it(row: re.Match[str]) -> None:
    counts = counted([test for _, test in faults()])

    found = {fault: times for fault, times in counts.items() if row["fault"].startswith(fault)}

    assert list(found.values()) == [int(row["times"])], f"{row['fault']}: {found}"
