"""One play in memory, long enough for deals, shared by all tests that only look at it."""

import pytest

from tests.handlers.simulate.fold import Performance, perform


@pytest.fixture(scope="session")
def quarter() -> Performance:
    """Ten weeks with a few hundred leads."""
    return perform(seed=3, weeks=10, leads=450)
