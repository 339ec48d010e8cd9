"""Client properties told to Faust's client: all of a login, or a sentence."""

import ssl
from pathlib import Path

import pytest
from faust.auth import SASLCredentials, SSLCredentials

from handlers.exits import Exit, Stop
from handlers.scoreboard.broker import broker_of

HERE = {"bootstrap.servers": "localhost"}
LOGIN = {"sasl.mechanism": "SCRAM-SHA-512", "sasl.username": "board", "sasl.password": "pass"}


@pytest.mark.parametrize(
    ("told", "urls"),
    [
        ("kafka:9093", ["kafka://kafka:9093"]),
        ("a:1, b:2 ,c", ["kafka://a:1", "kafka://b:2", "kafka://c:9092"]),
        ("SASL_SSL://a:1", ["kafka://a:1"]),
        ("[::1]:9093", ["kafka://[::1]:9093"]),
        ("::1", ["kafka://[::1]:9092"]),
    ],
)
def test_every_form_of_an_address_is_understood(told: str, urls: list[str]) -> None:
    assert broker_of({"bootstrap.servers": told}).urls == urls


def test_without_a_protocol_there_is_no_login() -> None:
    assert broker_of(HERE).credentials is None


def test_a_login_is_told_with_its_mechanism() -> None:
    found = broker_of(HERE | LOGIN | {"security.protocol": "SASL_PLAINTEXT"}).credentials

    assert isinstance(found, SASLCredentials)
    assert (found.username, found.password, found.mechanism.value, found.protocol.value) == (
        "board",
        "pass",
        "SCRAM-SHA-512",
        "SASL_PLAINTEXT",
    )


def test_a_login_over_tls_checks_who_answers() -> None:
    found = broker_of(HERE | LOGIN | {"security.protocol": "sasl_ssl"}).credentials

    assert isinstance(found, SASLCredentials)
    assert found.protocol.value == "SASL_SSL"
    assert found.ssl_context is not None
    assert found.ssl_context.check_hostname
    assert found.ssl_context.verify_mode is ssl.CERT_REQUIRED


def test_checks_are_left_out_only_where_it_is_said() -> None:
    name = {"ssl.endpoint.identification.algorithm": "none"}
    any_certificate = {"enable.ssl.certificate.verification": "false"}
    tls = HERE | {"security.protocol": "ssl"}

    nameless = broker_of(tls | name).credentials
    unchecked = broker_of(tls | any_certificate).credentials

    assert isinstance(nameless, SSLCredentials)
    assert isinstance(unchecked, SSLCredentials)
    assert not nameless.context.check_hostname
    assert nameless.context.verify_mode is ssl.CERT_REQUIRED
    assert unchecked.context.verify_mode is ssl.CERT_NONE


def test_what_tunes_the_other_client_is_left_out_and_named() -> None:
    tuned = HERE | {"fetch.wait.max.ms": "10", "session.timeout.ms": "6000", "linger.ms": "5"}

    found = broker_of(tuned)

    assert (found.fetch_wait_ms, found.session_seconds, found.heartbeat_seconds) == (10, 6.0, 2.0)
    assert found.left_out == ("linger.ms",)


@pytest.mark.parametrize(
    ("more", "sentence"),
    [
        ({"security.protocol": "quic"}, "SECURITY_PROTOCOL cannot be used: quic is none of"),
        ({"sasl.oauthbearer.config": "x"}, "SASL_OAUTHBEARER_CONFIG cannot be used"),
        ({"ssl.cipher.suites": "x"}, "SSL_CIPHER_SUITES cannot be used"),
        (
            {"security.protocol": "sasl_ssl", "sasl.mechanisms": "GSSAPI"},
            "SASL_MECHANISMS cannot be used: the scoreboard logs in by PLAIN",
        ),
        (
            {"security.protocol": "sasl_plaintext", "sasl.mechanism": "PLAIN"},
            "SASL_USERNAME cannot be used: PLAIN needs it",
        ),
        (
            {"security.protocol": "ssl", "ssl.ca.location": "/nowhere/ca.pem"},
            "SSL_CA_LOCATION cannot be used: /nowhere/ca.pem",
        ),
        ({"security.protocol": "ssl", "ssl.ca.pem": "x"}, "SSL_CA_PEM cannot be used: it: "),
        (
            {"security.protocol": "ssl", "ssl.key.location": "/k"},
            "SSL_KEY_LOCATION cannot be used: the certificate is missing",
        ),
        (
            {"security.protocol": "ssl", "ssl.certificate.location": "/nowhere.pem"},
            "SSL_CERTIFICATE_LOCATION cannot be used: /nowhere.pem",
        ),
        (
            {"security.protocol": "ssl", "ssl.endpoint.identification.algorithm": "dns"},
            "ALGORITHM cannot be used: it is https or none",
        ),
        ({"session.timeout.ms": "soon"}, "SESSION_TIMEOUT_MS cannot be used: 'soon' is no number"),
    ],
)
def test_what_cannot_be_told_is_refused_by_its_name(more: dict[str, str], sentence: str) -> None:
    with pytest.raises(Stop) as caught:
        broker_of(HERE | more)

    assert caught.value.code is Exit.USAGE
    assert sentence in str(caught.value)
    assert str(caught.value).startswith("BATON_KAFKA__")


def test_a_folder_of_authorities_is_one_too(tmp_path: Path) -> None:
    found = broker_of(HERE | {"security.protocol": "ssl", "ssl.ca.location": str(tmp_path)})

    assert isinstance(found.credentials, SSLCredentials)
    assert found.credentials.context.get_ca_certs() == []
