"""Who is not let in is told why in one sentence, at once, and no secret is said on the way."""

import re
import time
from collections.abc import Mapping
from pathlib import Path

import pytest

from deploy.kafka import Kafka
from deploy.kafka.certificates import Authority
from deploy.kafka.security import new_password
from events.access import DeniedError, NoAccessError, admitted
from events.acls import Role
from events.topics import Topics, create
from tests.deploy.guarded import PARTITIONS, Guarded

COMMANDS = {
    "worker": ("worker",),
    "publish": ("publish", "signals.jsonl"),
    "topics check": ("topics", "check"),
    "follow": ("follow", "lifecycle", "--until-end"),
    "verify": ("verify",),
    "refusals": ("refusals", "list"),
    "explain": ("explain", "l-1"),
    "scoreboard": ("scoreboard",),
    "policy adopt": (
        *("policy", "adopt", "--for-marketing", "ana"),
        *("--for-sales", "ben", "--reason", "a test"),
    ),
}
SECONDS_MAX = 30
"""Far below what a client would go on trying; a slow machine takes a while to start Python."""


@pytest.fixture(scope="module")
def guarded(secured: Kafka, tmp_path_factory: pytest.TempPathFactory) -> Guarded:
    found = Guarded(secured, Topics("access."), tmp_path_factory.mktemp("access"))
    create(secured.client_properties, found.topics, partitions=PARTITIONS)
    found.allow_all()
    return found


@pytest.fixture
def foreign_ca(tmp_path: Path) -> str:
    return str(Authority("somebody else's").write_certificate(tmp_path / "foreign.pem"))


def arguments(command: str, folder: Path) -> tuple[str, ...]:
    """The command's arguments, with its file, if it takes one, in the folder."""
    file = folder / "signals.jsonl"
    file.write_text(
        '{"type": "lead.engaged.v1", "subject": "l-1", "data": {"activity": "demo_request"}}\n'
    )
    return tuple(str(file) if name == file.name else name for name in COMMANDS[command])


def refused(guarded: Guarded, command: str, folder: Path, properties: Mapping[str, str]) -> str:
    """The sentence with which a command ends that is not let in; nothing else was said."""
    began = time.monotonic()
    told = guarded.baton(Role.OPERATOR, *arguments(command, folder), properties=dict(properties))
    took = time.monotonic() - began

    assert told.code == 1
    assert told.out == ""
    assert took < SECONDS_MAX
    assert not guarded.secrets_in(told.all)
    assert not [
        value for name, value in properties.items() if "password" in name and value in told.all
    ]
    lines = [line for line in told.err.splitlines() if not is_no_error(line)]
    assert len(lines) == 1, told.err
    return lines[0]


def is_no_error(line: str) -> bool:
    """Whether a line says what a command is about to do, or what helps."""
    return line.startswith(("hint: ", "ana agrees for marketing", "The first definition"))


@pytest.mark.parametrize("command", COMMANDS)
def test_a_wrong_password_is_told_as_one(guarded: Guarded, command: str, tmp_path: Path) -> None:
    sentence = refused(guarded, command, tmp_path, {"sasl.password": new_password()})

    assert re.search(
        r"[Tt]he cluster at 127\.0\.0\.1:\d+ does not let 'operator' in: no such user, or another "
        "password",
        sentence,
    )


@pytest.mark.parametrize("command", COMMANDS)
def test_an_untrusted_certificate_is_told_as_one(
    guarded: Guarded, command: str, tmp_path: Path, foreign_ca: str
) -> None:
    sentence = refused(guarded, command, tmp_path, {"ssl.ca.location": foreign_ca})

    assert re.search(
        r"[Tt]he certificate of 127\.0\.0\.1:\d+ cannot be trusted: it is not signed by "
        + re.escape(foreign_ca),
        sentence,
    )


def test_a_user_that_there_is_not_is_told_as_a_wrong_password_is(guarded: Guarded) -> None:
    there = guarded.kafka.client_properties_of(Role.WORKER) | {"sasl.username": "nobody"}

    with pytest.raises(DeniedError, match=r"does not let 'nobody' in: no such user, or another"):
        admitted(there)


def test_a_mechanism_that_the_cluster_does_not_offer_is_told_with_those_it_does(
    guarded: Guarded,
) -> None:
    there = guarded.kafka.client_properties_of(Role.WORKER) | {"sasl.mechanism": "SCRAM-SHA-256"}

    with pytest.raises(DeniedError, match=r"supported mechanisms: SCRAM-SHA-512$"):
        admitted(there)


def test_a_client_without_tls_is_told_what_it_came_with(guarded: Guarded) -> None:
    there = {"bootstrap.servers": guarded.kafka.bootstrap_servers}

    with pytest.raises(NoAccessError, match=r"hangs up on security\.protocol PLAINTEXT$"):
        admitted(there, 2)


def test_without_a_cluster_the_address_and_the_reason_are_told() -> None:
    with pytest.raises(
        NoAccessError, match=r"^the cluster does not answer: 127\.0\.0\.1:1/.*Connection refused$"
    ):
        admitted({"bootstrap.servers": "127.0.0.1:1"}, 1)


def test_no_secret_is_said_even_when_everything_is_logged(guarded: Guarded) -> None:
    told = guarded.baton(
        Role.OPERATOR,
        *("follow", "lifecycle", "--from-start", "--until-end"),
        properties={"debug": "all"},
        log_level="debug",
    )

    assert told.code == 0
    assert "Selected provider SCRAM" in told.err
    assert not guarded.secrets_in(told.all)


def test_settings_show_the_login_without_what_is_secret(guarded: Guarded) -> None:
    key = "-----BEGIN PRIVATE KEY----- c2VjcmV0"
    properties = {
        "ssl.key.password": "kept-to-oneself-1",
        "ssl.key.pem": key,
        "ssl.keystore.password": "kept-to-oneself-2",
        "sasl.oauthbearer.client.secret": "kept-to-oneself-3",
        "sasl.oauthbearer.config": "kept-to-oneself-4",
        "sasl.oauthbearer.assertion.private.key.passphrase": "kept-to-oneself-5",
        "ssl.key.location": "/etc/baton/client.key",
    }

    for form in ((), ("--json",)):
        told = guarded.baton(Role.WORKER, "settings", *form, properties=properties)

        assert told.code == 0
        assert "BATON_KAFKA__SASL_PASSWORD" in told.out
        assert "worker" in told.out
        assert "/etc/baton/client.key" in told.out
        assert not guarded.secrets_in(told.all)
        assert "kept-to-oneself" not in told.all
        assert key not in told.all


@pytest.mark.parametrize(
    "properties",
    [
        {"sasl.pasword": "kept-to-oneself"},
        {"ssl.key.pem": "kept-to-oneself"},
        {"sasl.mechanism": "PLAINN", "sasl.password": "kept-to-oneself"},
        {"enable.idempotence": "kept", "sasl.password": "kept-to-oneself"},
    ],
)
def test_a_property_that_cannot_be_used_is_told_without_what_is_secret(
    guarded: Guarded, properties: dict[str, str], tmp_path: Path
) -> None:
    for command in ("worker", "publish", "topics check"):
        told = guarded.baton(Role.OPERATOR, *arguments(command, tmp_path), properties=properties)

        assert "kept-to-oneself" not in told.all
        assert not guarded.secrets_in(told.all)
        assert "Traceback" not in told.err
