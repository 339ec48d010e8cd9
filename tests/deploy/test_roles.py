"""Each role does its work with what it is allowed, and nothing besides."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from confluent_kafka import KafkaError, KafkaException, Producer, TopicCollection
from confluent_kafka.admin import AclOperation, AdminClient, NewTopic

from deploy.kafka import Kafka
from events.acls import Role, adoption_id, grants, kafka_acls
from events.clients import admin_config, producer_config
from events.refusals import REROUTED
from events.subscriber import Delivery, Subscriber
from events.topics import Topics, create, specs
from events.wall_clock import now_ms
from handlers.adoption import adopt
from handlers.reading import Record
from schemas.policy import shipped_text
from tests.deploy.guarded import PARTITIONS, Guarded
from tests.e2e.harness import Sent, append, await_read, await_that, read, worker

NAMES = ("signals", "lifecycle", "handovers", "recycles", "refusals", "state", "policies")
WRITES = {
    Role.PUBLISHER: {"signals"},
    Role.WORKER: {"signals", "lifecycle", "handovers", "recycles", "refusals", "state"},
    Role.SUBSCRIBER: set(),
    Role.SCOREBOARD: set(),
    Role.POLICY_OWNER: {"signals", "policies"},
    Role.OPERATOR: {"signals"},
}
READS = {
    Role.PUBLISHER: set(),
    Role.WORKER: {"signals", "state", "policies"},
    Role.SUBSCRIBER: {"handovers", "recycles"},
    Role.SCOREBOARD: {"lifecycle", "policies"},
    Role.POLICY_OWNER: {"signals", "policies"},
    Role.OPERATOR: set(NAMES),
}


@pytest.fixture(scope="module")
def allowed(secured: Kafka, tmp_path_factory: pytest.TempPathFactory) -> Guarded:
    """Topics that everybody has been allowed what the role needs, and nothing in them."""
    guarded = Guarded(secured, Topics("roles."), tmp_path_factory.mktemp("roles"))
    create(secured.client_properties, guarded.topics, partitions=PARTITIONS)
    guarded.allow_all()
    return guarded


@pytest.fixture
def guarded(secured: Kafka, topics: Topics, tmp_path: Path) -> Guarded:
    found = Guarded(secured, topics, tmp_path)
    found.allow_all()
    return found


def written(guarded: Guarded, role: Role) -> set[str]:
    """The topics that took a record of this role; the others said that it may not."""
    outcomes: dict[str, int | None] = {}
    # Not idempotent: a producer that may write nowhere would not even come that far.
    plain = {"enable.idempotence": False, "message.timeout.ms": 20_000}
    producer = Producer({**guarded.kafka.client_properties_of(role), **plain})
    for name in NAMES:

        def told(error: KafkaError | None, _: object, name: str = name) -> None:
            outcomes[name] = error.code() if error else None

        topic = str(getattr(guarded.topics, name))
        producer.produce(topic, b"{}", b"k", partition=0, on_delivery=told)
    assert producer.flush(60) == 0
    refused = {name: code for name, code in outcomes.items() if code is not None}
    assert set(refused.values()) <= {KafkaError.TOPIC_AUTHORIZATION_FAILED}
    return set(NAMES) - set(refused)


def readable(guarded: Guarded, role: Role) -> set[str]:
    """The topics that this role may read, as the authorizer itself tells it."""
    admin = AdminClient(admin_config(guarded.kafka.client_properties_of(role)))
    names = {str(getattr(guarded.topics, name)): name for name in NAMES}
    asked = admin.describe_topics(
        TopicCollection([*names]), include_authorized_operations=True, request_timeout=30
    )
    found = set()
    for topic, future in asked.items():
        try:
            operations = future.result(60).authorized_operations
        except KafkaException as error:
            if error.args[0].code() != KafkaError.TOPIC_AUTHORIZATION_FAILED:
                raise
        else:
            if AclOperation.READ in operations:
                found.add(names[topic])
    return found


@pytest.mark.parametrize("role", Role)
def test_a_role_writes_to_its_own_topics_alone(allowed: Guarded, role: Role) -> None:
    assert written(allowed, role) == WRITES[role]


@pytest.mark.parametrize("role", Role)
def test_a_role_reads_its_own_topics_alone(allowed: Guarded, role: Role) -> None:
    assert readable(allowed, role) == READS[role]


@pytest.mark.parametrize("role", Role)
def test_nobody_creates_topics_that_baton_does_not_have(allowed: Guarded, role: Role) -> None:
    admin = AdminClient(admin_config(allowed.kafka.client_properties_of(role)))
    name = f"{allowed.topics.prefix}lead.extra"

    with pytest.raises(KafkaException) as refused:
        admin.create_topics([NewTopic(name, 1, 1)])[name].result(30)

    assert refused.value.args[0].code() == KafkaError.TOPIC_AUTHORIZATION_FAILED


@pytest.mark.parametrize("role", [role for role in Role if role is not Role.OPERATOR])
def test_nobody_but_the_operator_creates_batons_topics(
    secured: Kafka, role: Role, topics: Topics, tmp_path: Path
) -> None:
    guarded = Guarded(secured, topics, tmp_path)
    guarded.allow_all()

    told = guarded.baton(role, "topics", "create")

    assert told.code == 1
    assert f"{topics.signals} could not be created: Authorization failed." in told.err
    assert "'baton acls ROLE' says what a role has to be allowed" in told.err
    assert not guarded.secrets_in(told.all)


def test_a_worker_cannot_fence_an_adoption(allowed: Guarded) -> None:
    properties = allowed.kafka.client_properties_of(Role.WORKER)
    producer = Producer(producer_config(properties, transactional_id=adoption_id(allowed.topics)))

    with pytest.raises(KafkaException) as refused:
        producer.init_transactions(30)

    code = refused.value.args[0].code()
    assert code == KafkaError.TRANSACTIONAL_ID_AUTHORIZATION_FAILED


def test_the_lines_for_a_shell_say_every_grant() -> None:
    given = grants(Role.WORKER, Topics("acme."), "acme.baton")

    lines = list(kafka_acls(given, "User:CN=my worker"))

    assert len(lines) == len(given)
    assert lines[0] == (
        'kafka-acls.sh --bootstrap-server "$BOOTSTRAP" --command-config "$CONFIG" --add '
        "--allow-principal 'User:CN=my worker' --operation Read --operation Write "
        "--topic acme.lead.signals"
    )
    assert lines[-2].endswith("--transactional-id acme.baton- --resource-pattern-type prefixed")


# The whole of Baton, each role as its own user.


def demo_request(lead: str) -> str:
    return json.dumps(
        {"type": "lead.engaged.v1", "subject": lead, "data": {"activity": "demo_request"}}
    )


def handovers(guarded: Guarded, count: int) -> Iterator[Delivery]:
    config = guarded.kafka.client_properties_of(Role.SUBSCRIBER)
    group = guarded.group_of(Role.SUBSCRIBER)
    names = (guarded.topics.handovers, guarded.topics.recycles)
    with Subscriber(config, group, topics=names) as subscriber:
        for _ in range(count):
            with subscriber.next(60) as delivery:
                assert delivery is not None
                yield delivery


def refused(guarded: Guarded) -> list[Record]:
    return read(guarded.site(Role.OPERATOR), guarded.topics.refusals)


def rerouted(guarded: Guarded) -> list[Record]:
    signals = read(guarded.site(Role.OPERATOR), guarded.topics.signals)
    return [record for record in signals if any(name == REROUTED for name, _ in record.headers)]


def test_all_of_baton_works_with_each_role_as_its_own_user(
    guarded: Guarded, tmp_path: Path
) -> None:
    signals = tmp_path / "signals.jsonl"
    signals.write_text(demo_request("l-1") + "\n")
    worker_site = guarded.site(Role.WORKER)
    told = [
        guarded.baton(Role.OPERATOR, "topics", "create", "--partitions", str(PARTITIONS)),
        guarded.baton(
            Role.POLICY_OWNER,
            *("policy", "adopt", "--for-marketing", "ana", "--for-sales", "ben"),
            *("--reason", "the first one"),
        ),
        guarded.baton(Role.PUBLISHER, "publish", str(signals)),
    ]
    with worker(worker_site, tmp_path / "state", log_level="debug") as first:
        first.await_ready()
        (delivery,) = handovers(guarded, 1)
        # A record in the wrong partition is written into the right one, and a garbled one into
        # lead.refusals.
        log = read(guarded.site(Role.OPERATOR), guarded.topics.signals)
        found = next(record for record in log if record.key == b"l-1")
        elsewhere = Sent(
            1 - found.partition, found.key, found.value, found.headers, timestamp=now_ms()
        )
        garbled = Sent(found.partition, b"l-1", b"{", timestamp=now_ms())
        append(guarded.site(Role.PUBLISHER), [elsewhere, garbled])
        await_that(lambda: bool(refused(guarded)), 60, "the refusal", [first])
        await_that(lambda: bool(rerouted(guarded)), 60, "the copy in its place", [first])
        assert first.stop() == 0
        words = first.child.tail()
    # Another one, without a local store, restores.
    with worker(worker_site, tmp_path / "other", name="w2") as second:
        second.await_ready()
        ends = {
            record.partition: record.offset + 1
            for record in read(guarded.site(Role.OPERATOR), guarded.topics.signals)
        }
        await_read(guarded.site(Role.WORKER), ends, [second])
        words += second.child.tail()
    told += [
        guarded.baton(Role.OPERATOR, "topics", "check"),
        guarded.baton(Role.OPERATOR, "explain", "l-1"),
        guarded.baton(Role.OPERATOR, "refusals", "list"),
        guarded.baton(Role.OPERATOR, "follow", "lifecycle", "--from-start", "--until-end"),
        guarded.baton(Role.POLICY_OWNER, "policy", "history"),
        guarded.baton(Role.OPERATOR, "settings"),
    ]

    assert [(one.code, one.err) for one in told if one.code != 0] == []
    assert delivery.lead_id == "l-1"
    assert not guarded.secrets_in(words + "".join(one.all for one in told))


def test_a_worker_that_lacks_a_rule_says_where_the_rules_are(
    secured: Kafka, topics: Topics, tmp_path: Path
) -> None:
    guarded = Guarded(secured, topics, tmp_path)
    create(secured.client_properties, topics, partitions=PARTITIONS)

    without_any = guarded.baton(Role.WORKER, "worker")
    guarded.allow_all()
    adopt(guarded.site(Role.POLICY_OWNER).properties, topics, shipped_text(), "a", "b", "c")
    as_operator = guarded.baton(Role.OPERATOR, "worker")

    for told in (without_any, as_operator):
        assert told.code == 1
        assert "`baton acls worker` says what a worker has to be allowed" in told.err
        assert len(told.err.splitlines()) == 1
    assert f"no topic {topics.signals}, or this user may not use it" in without_any.err
    assert "Transactional Id authorization failed" in as_operator.err


def test_rules_are_allowed_by_command_and_allowing_them_again_changes_nothing(
    secured: Kafka, topics: Topics, tmp_path: Path
) -> None:
    guarded = Guarded(secured, topics, tmp_path)
    create(secured.client_properties, topics, partitions=PARTITIONS)
    arguments = ("acls", "publisher", "--principal", "User:stranger", "--apply")
    signals = tmp_path / "signals.jsonl"
    signals.write_text(demo_request("l-1") + "\n")

    before = guarded.baton("stranger", "publish", str(signals))
    by_a_stranger = guarded.baton("stranger", *arguments)
    by_admin = [guarded.baton("admin", *arguments) for _ in range(2)]
    after = guarded.baton("stranger", "publish", str(signals))

    assert before.code == 1
    assert "'baton acls ROLE' says what a role has to be allowed" in before.err
    assert by_a_stranger.code == 1
    assert "could not be allowed" in by_a_stranger.err
    assert [told.out for told in by_admin] == ["allowed  User:stranger 1 rules\n"] * 2
    assert after.code == 0
    assert len(specs(topics)) == len(NAMES)
