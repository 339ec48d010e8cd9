"""What several of these tests begin with: a shop in a broker, and a play in memory."""

from pathlib import Path

import pytest

from events.embedded import EmbeddedBroker
from events.topics import Topics
from tests.handlers.shop import Shop
from tests.handlers.simulate.fold import Performance, perform

PLAYED_WEEKS = 8


@pytest.fixture
def shop(embedded: EmbeddedBroker, topics: Topics, tmp_path: Path) -> Shop:
    """Topics of the test's own in the embedded broker."""
    return Shop(embedded, topics, tmp_path)


@pytest.fixture(scope="session")
def played() -> Performance:
    """Eight weeks with a few hundred leads, for all tests that only look at it."""
    return perform(seed=4, weeks=PLAYED_WEEKS, leads=300)
