"""What the tests of the deployment share."""

import uuid

import pytest

from events.embedded import EmbeddedBroker
from events.topics import Topics
from tests.deploy.scraped import Series, scrape, series_of


@pytest.fixture(scope="session")
def series(embedded: EmbeddedBroker, tmp_path_factory: pytest.TempPathFactory) -> Series:
    """The names that a running worker shows, with their labels."""
    topics = Topics(prefix=f"t{uuid.uuid4().hex[:12]}.")
    return series_of(scrape(embedded, topics, tmp_path_factory.mktemp("scrape")))
