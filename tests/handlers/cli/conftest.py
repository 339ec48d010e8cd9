"""The command, run as a person would, against the embedded broker."""

import logging
from collections.abc import Callable, Iterator

import pytest
from typer.testing import CliRunner, Result

from deploy.kafka import Kafka
from events import topics as kafka_topics
from events.embedded import EmbeddedBroker
from events.topics import Topics
from handlers.cli.app import app

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
def baton(embedded: EmbeddedBroker, topics: Topics) -> Baton:
    """Run the command against the embedded broker, with its topics created."""
    return _command(embedded.client_properties, topics)


@pytest.fixture
def baton_on_kafka(kafka: Kafka, topics: Topics) -> Baton:
    """Run the command against Apache Kafka, with its topics created."""
    return _command(kafka.client_properties, topics)


def _command(properties: dict[str, str], topics: Topics) -> Baton:
    kafka_topics.create(properties, topics, partitions=PARTITIONS)
    environment = {
        f"BATON_KAFKA__{name.upper().replace('.', '_')}": value
        for name, value in properties.items()
    }
    environment |= {"BATON_TOPICS_PREFIX": topics.prefix, "BATON_GROUP": f"{topics.prefix}group"}

    def run(*arguments: str, stdin: str | None = None, **more: str) -> Result:
        return CliRunner().invoke(app, arguments, input=stdin, env=environment | more)

    return run
