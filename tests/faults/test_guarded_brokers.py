"""Three brokers that let nobody in without a login: one dies under load, and a worker goes on."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from deploy.kafka import Kafka, Security
from deploy.kafka.security import ADMIN, new_password
from events.acls import Role, allow, grants
from events.topics import Topics, check, create
from tests.conftest import running_kafka
from tests.e2e.harness import PARTITIONS, Site, append, counted
from tests.e2e.reference import define, recent
from tests.faults.lives import Crew, assert_undisturbed, pieces, static, supervised
from tests.faults.tried import tried

pytestmark = pytest.mark.kafka


@pytest.fixture(scope="module")
def secured3() -> Iterator[Kafka]:
    """Three brokers with TLS, SASL/SCRAM and an authorizer."""
    users = {name: new_password() for name in (ADMIN, Role.WORKER)}
    yield from running_kafka(Kafka(brokers=3, security=Security(users=users)))


@tried("one of three brokers with TLS, logins and an authorizer")
def test_a_broker_of_three_that_ask_for_a_login_dies_under_load(
    secured3: Kafka, topics: Topics, tmp_path: Path
) -> None:
    site = Site(secured3.client_properties, topics)
    create(site.properties, topics, partitions=PARTITIONS, replication=secured3.replication)
    allow(site.properties, grants(Role.WORKER, topics, site.group), f"User:{Role.WORKER}")
    define(site)
    first, second, third = pieces(3)
    append(site, [*recent().log[:PARTITIONS], *first])
    workers = Site(secured3.client_properties_of(Role.WORKER), topics)
    with Crew(workers, tmp_path, batch_messages_max=200, tick_leads_max=30) as crew:
        crew.start("w1", static("w1"))
        supervised(crew, counted([*recent().log[:PARTITIONS], *first]))
        secured3.kill_broker(2)
        append(site, second)
        crew.start("w2", static("w2"))
        supervised(crew, counted(recent().log), share=0.6)
        secured3.start_broker(2)
        append(site, third)
        supervised(crew, counted(recent().log))

    assert check(site.properties, topics) == ()
    assert_undisturbed(site)
