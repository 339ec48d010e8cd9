"""Which fault a test tries, and how often: the README's table says what is told here."""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, TypeVar

Test = TypeVar("Test", bound=Callable[..., None])


@dataclass(frozen=True, slots=True)
class Tried:
    """What one test tries."""

    fault: str
    """How its row of the README's table begins."""
    times: int


ATTRIBUTE: Final = "tried"


def tried(fault: str, times: int = 1) -> Callable[[Test], Test]:
    """Say of a test which fault it brings, and how often: counted from what it goes through."""

    def told(test: Test) -> Test:
        setattr(test, ATTRIBUTE, Tried(fault, times))
        return test

    return told


def counted(tests: list[Callable[..., None]]) -> Counter[str]:
    """How often each fault is tried, all tests together."""
    counts: Counter[str] = Counter()
    for test in tests:
        found: Tried = getattr(test, ATTRIBUTE)
        counts[found.fault] += found.times
    return counts
