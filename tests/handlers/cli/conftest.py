"""The command, run as a person would, against the embedded broker."""

import logging
from collections.abc import Callable, Iterator

import pytest
from typer.testing import CliRunner, Result

from events import topics as kafka_topics
from events.embedded import EmbeddedBroker
from events.topics import Topics
from handlers.cli import app

PARTITIONS = 2
Baton = Callable[..., Result]


@pytest.fixture(autouse=True)
def logging_as_before() -> Iterator[None]:
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    yield
    root.handlers[:] = handlers
    root.setLevel(level)


@pytest.fixture
def environment(embedded: EmbeddedBroker, topics: Topics) -> dict[str, str]:
    """What to set so that the command finds this test's topics."""
    found = {
        f"BATON_KAFKA__{name.upper().replace('.', '_')}": value
        for name, value in embedded.client_properties.items()
    }
    return found | {"BATON_TOPICS_PREFIX": topics.prefix, "BATON_GROUP": f"{topics.prefix}group"}


@pytest.fixture
def baton(environment: dict[str, str], embedded: EmbeddedBroker, topics: Topics) -> Baton:
    """Run the command with its topics created."""
    kafka_topics.create(embedded.client_properties, topics, partitions=PARTITIONS)

    def run(*arguments: str, stdin: str | None = None, **more: str) -> Result:
        return CliRunner().invoke(app, arguments, input=stdin, env=environment | more)

    return run
