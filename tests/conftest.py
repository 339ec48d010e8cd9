"""The brokers that tests run against, started when the first test asks for one."""

import os
import uuid
from collections.abc import Iterator
from typing import NoReturn

import pytest
from hypothesis import HealthCheck, settings

from deploy.kafka import JarsError, Kafka, Security, missing
from deploy.kafka.security import ADMIN, new_password
from events.acls import Role
from events.embedded import EmbeddedBroker
from events.topics import Topics

BROKERS = ("embedded", "kafka")
KAFKAS = ("kafka", "kafka3", "secured")

# How fast a machine is says nothing about what holds: no test of a property fails by the clock.
settings.register_profile("unhurried", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("unhurried")


@pytest.fixture(scope="session")
def embedded() -> Iterator[EmbeddedBroker]:
    """The embedded broker, one for all tests: take ``topics`` to be alone in it."""
    with EmbeddedBroker() as broker:
        yield broker


@pytest.fixture(scope="session")
def kafka() -> Iterator[Kafka]:
    """Apache Kafka, one for all tests: take ``topics`` to be alone in it."""
    yield from running_kafka(Kafka(brief=True))


@pytest.fixture(scope="module")
def kafka3() -> Iterator[Kafka]:
    """Apache Kafka with three brokers, for a module that may end and start each of them."""
    yield from running_kafka(Kafka(brokers=3))


@pytest.fixture(scope="session")
def secured() -> Iterator[Kafka]:
    """Apache Kafka with TLS, SASL/SCRAM and an authorizer; a user for each role, and a stranger."""
    users = {name: new_password() for name in (ADMIN, "stranger", *Role)}
    yield from running_kafka(Kafka(security=Security(users=users), brief=True))


@pytest.fixture(params=[pytest.param(name, marks=getattr(pytest.mark, name)) for name in BROKERS])
def broker(request: pytest.FixtureRequest) -> EmbeddedBroker | Kafka:
    """Each of the two, one after the other: for what has to hold on both."""
    found: EmbeddedBroker | Kafka = request.getfixturevalue(request.param)
    return found


@pytest.fixture
def topics() -> Topics:
    """Topic names that no other test uses."""
    return Topics(prefix=f"t{uuid.uuid4().hex[:12]}.")


def running_kafka(cluster: Kafka) -> Iterator[Kafka]:
    """Start a cluster and end it afterwards; without what it needs: skip, or fail."""
    if lack := missing():
        go_without_kafka(lack)
    try:
        cluster.start()
    except JarsError as error:
        go_without_kafka(str(error))
    try:
        yield cluster
    finally:
        cluster.stop()


def go_without_kafka(reason: str) -> NoReturn:
    """Skip, or fail where Apache Kafka has to be there."""
    if os.environ.get("BATON_REQUIRE_KAFKA") == "1":
        pytest.fail(f"BATON_REQUIRE_KAFKA=1, but: {reason}", pytrace=False)
    pytest.skip(reason)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark each test by the broker it takes, and let those that take long begin.

    Marked here, no mark can be forgotten. And where several processes share the files, the last
    one begun should be a short one.
    """
    for item in items:
        taken = getattr(item, "fixturenames", ())
        if "embedded" in taken:
            item.add_marker("embedded")
        if any(name in taken for name in KAFKAS):
            item.add_marker("kafka")
    unhurried = {item.path for item in items if item.get_closest_marker("kafka")}
    quick = {item.path for item in items} - unhurried
    quick -= {item.path for item in items if item.get_closest_marker("embedded")}
    items.sort(key=lambda item: (item.path not in unhurried, item.path in quick))
