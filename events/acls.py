"""What each role has to be allowed on a cluster with an authorizer: no more than it does.

A role is a user of the cluster, or several. Reading and writing include describing. Nobody here
may create topics but the operator, who for that may not write a fact, a state or a policy.
Consumers that belong to no group ask for a group's coordinator all the same, under names that
begin with ``baton-``: that much of a group has to be allowed to whoever reads.
"""

import shlex
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from confluent_kafka import KafkaException
from confluent_kafka.admin import (
    AclBinding,
    AclOperation,
    AclPermissionType,
    ResourcePatternType,
    ResourceType,
)

from events.access import ANSWER_SECONDS, admitted
from events.clients import Properties, reason_of
from events.topics import Topics, specs

READERS_PREFIX: Final = "baton-"
"""What the names of readers without a group begin with."""


class Role(StrEnum):
    """Who talks to the cluster."""

    PUBLISHER = "publisher"
    WORKER = "worker"
    SUBSCRIBER = "subscriber"
    SCOREBOARD = "scoreboard"
    POLICY_OWNER = "policy-owner"
    OPERATOR = "operator"


class Kind(StrEnum):
    """What something is allowed on, by the name that ``kafka-acls`` has for it."""

    TOPIC = "topic"
    GROUP = "group"
    TRANSACTIONAL_ID = "transactional-id"


@dataclass(frozen=True, slots=True)
class Grant:
    """Operations that a role is allowed on one name, or on all names that begin with it."""

    kind: Kind
    name: str
    operations: tuple[str, ...]
    """As ``kafka-acls`` names them: ``Read``, ``DescribeConfigs``."""
    prefixed: bool = False


class AclsError(Exception):
    """The cluster would not take the grants; the text is a sentence without end."""


def adoption_id(topics: Topics) -> str:
    """The transactional id of every adoption: a second adopter fences the first.

    It begins with no group's name, so that being a worker allows nobody to fence an adoption.
    """
    return f"{topics.prefix}policy-adoption"


def worker_ids(group: str) -> str:
    """What the transactional ids of a group's workers begin with."""
    return f"{group}-"


def grants(role: Role, topics: Topics, group: str) -> tuple[Grant, ...]:
    """What a role has to be allowed.

    ``group`` is the workers' group; for a subscriber and the scoreboard it is their own.
    """
    match role:
        case Role.PUBLISHER:
            return (_topic(topics.signals, "Write"),)
        case Role.WORKER:
            return tuple(_worker(topics, group))
        case Role.SUBSCRIBER:
            read = (topics.handovers, topics.recycles)
            return (*(_topic(name, "Read") for name in read), Grant(Kind.GROUP, group, ("Read",)))
        case Role.SCOREBOARD:
            read = (topics.lifecycle, topics.policies)
            return (
                *(_topic(name, "Read") for name in read),
                Grant(Kind.GROUP, group, ("Read",)),
                _READERS,
            )
        case Role.POLICY_OWNER:
            return (
                _topic(topics.policies, "Read", "Write"),
                _topic(topics.signals, "Read", "Write"),
                Grant(Kind.TRANSACTIONAL_ID, adoption_id(topics), ("Write",)),
                _READERS,
            )
        case Role.OPERATOR:
            return tuple(_operator(topics, group))


def kafka_acls(given: Iterable[Grant], principal: str) -> Iterator[str]:
    """Kafka's own command that allows these to a principal, as lines for a shell.

    They take the address from ``$BOOTSTRAP`` and the login from the file ``$CONFIG``.
    """
    for grant in given:
        operations = " ".join(f"--operation {operation}" for operation in grant.operations)
        pattern = " --resource-pattern-type prefixed" if grant.prefixed else ""
        yield (
            'kafka-acls.sh --bootstrap-server "$BOOTSTRAP" --command-config "$CONFIG" --add '
            f"--allow-principal {shlex.quote(principal)} {operations} "
            f"--{grant.kind} {shlex.quote(grant.name)}{pattern}"
        )


def allow(properties: Properties, given: Iterable[Grant], principal: str) -> int:
    """Allow these to a principal such as ``User:web``; how many rules that made.

    What is allowed already stays so. Raises ``AclsError``, or ``NoAccessError``.
    """
    rules = [rule for grant in given for rule in _bindings(grant, principal)]
    # The client has to live as long as its answers are waited for.
    admin = admitted(properties)
    asked = admin.create_acls(rules, request_timeout=ANSWER_SECONDS)
    for rule, future in asked.items():
        try:
            future.result(timeout=2 * ANSWER_SECONDS)
        except (KafkaException, TimeoutError) as error:
            raise AclsError(
                f"{rule.name} could not be allowed to {principal}: {reason_of(error)}"
            ) from error
    return len(rules)


_READERS: Final = Grant(Kind.GROUP, READERS_PREFIX, ("Describe",), prefixed=True)
_TYPES: Final = {
    Kind.TOPIC: ResourceType.TOPIC,
    Kind.GROUP: ResourceType.GROUP,
    Kind.TRANSACTIONAL_ID: ResourceType.TRANSACTIONAL_ID,
}
_OPERATIONS: Final = {
    "Create": AclOperation.CREATE,
    "Describe": AclOperation.DESCRIBE,
    "DescribeConfigs": AclOperation.DESCRIBE_CONFIGS,
    "Read": AclOperation.READ,
    "Write": AclOperation.WRITE,
}


def _worker(topics: Topics, group: str) -> Iterator[Grant]:
    """It reads signals, and writes to them: ticks, and records that lay in a wrong partition."""
    yield _topic(topics.signals, "Read", "Write")
    yield _topic(topics.state, "Read", "Write")
    for name in (topics.lifecycle, topics.handovers, topics.recycles, topics.refusals):
        yield _topic(name, "Write")
    yield _topic(topics.policies, "Read")
    yield Grant(Kind.GROUP, group, ("Read",))
    yield Grant(Kind.TRANSACTIONAL_ID, worker_ids(group), ("Write",), prefixed=True)
    yield _READERS


def _operator(topics: Topics, group: str) -> Iterator[Grant]:
    """Makes and checks topics, looks at everything, and sends refused signals again."""
    for spec in specs(topics):
        more = ("Write",) if spec.name == topics.signals else ()
        yield _topic(spec.name, "Create", "DescribeConfigs", "Read", *more)
    yield Grant(Kind.GROUP, group, ("Describe",))
    yield _READERS


def _topic(name: str, *operations: str) -> Grant:
    return Grant(Kind.TOPIC, name, operations)


def _bindings(grant: Grant, principal: str) -> Iterator[AclBinding]:
    pattern = ResourcePatternType.PREFIXED if grant.prefixed else ResourcePatternType.LITERAL
    for operation in grant.operations:
        yield AclBinding(
            _TYPES[grant.kind],
            grant.name,
            pattern,
            principal,
            "*",
            _OPERATIONS[operation],
            AclPermissionType.ALLOW,
        )
