"""The brokers that tests run against, started when the first test asks for one."""

import os
import re
import uuid
from collections.abc import Iterator
from functools import cache
from pathlib import Path
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
LONGEST_FIRST = ("kafka", "embedded", "slow")
"""Marks, by how long a file takes that has a test with them."""

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


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    """Pass over what holds no test that ``-m "not this and not that"`` asks for.

    Its tests would be left out all the same, but only once everything was imported that they take:
    a browser's client, a web server, a database's.
    """
    wanted: list[str] = config.getoption("markexpr").split(" and ")
    if not all(re.fullmatch(r"not \w+", part) for part in wanted):
        return None
    left_out = {part.removeprefix("not ") for part in wanted}
    files = [collection_path] if collection_path.is_file() else collection_path.rglob("test_*.py")
    marks = [mark_of_all(path) for path in files]
    return True if marks and left_out.issuperset(marks) else None


@cache
def mark_of_all(path: Path) -> str | None:
    """The mark that a file gives to all of its tests."""
    found = re.search(r"^pytestmark = pytest\.mark\.(\w+)$", path.read_text("utf-8"), re.MULTILINE)
    return found and found[1]


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
    rank = {
        item.path: place
        for place, mark in reversed([*enumerate(LONGEST_FIRST)])
        for item in items
        if item.get_closest_marker(mark)
    }
    items.sort(key=lambda item: rank.get(item.path, len(LONGEST_FIRST)))
