"""One play in memory, long enough for deals, shared by all tests that only look at it."""

import pytest

from tests.handlers.simulate.fold import Performance, perform

PLAYED_WEEKS = 8


@pytest.fixture(scope="session")
def played() -> Performance:
    """Eight weeks with a few hundred leads."""
    return perform(seed=4, weeks=PLAYED_WEEKS, leads=300)
