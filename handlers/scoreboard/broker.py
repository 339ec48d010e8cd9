"""Baton's client properties, which are librdkafka's, told to Faust's client, which is another.

Whatever has to do with logging in and being private is either told or refused with a sentence:
nothing of it is left out in silence. Properties that only tune the other client are left out.
"""

import re
import ssl
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from faust.auth import Credentials, SASLCredentials, SSLCredentials

from handlers.exits import Exit, Stop

PORT_DEFAULT: Final = 9092
FETCH_WAIT_MS_DEFAULT: Final = 500
SESSION_MS_DEFAULT: Final = 15_000
"""Of a member that says nothing: so long do its partitions wait for it, or for another."""

_PROTOCOLS: Final = ("plaintext", "ssl", "sasl_plaintext", "sasl_ssl")
_MECHANISMS: Final = ("PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512")
_TOLD: Final = frozenset(
    """
    sasl.mechanism sasl.mechanisms sasl.password sasl.username security.protocol
    enable.ssl.certificate.verification ssl.ca.location ssl.ca.pem ssl.certificate.location
    ssl.endpoint.identification.algorithm ssl.key.location ssl.key.password
    """.split()
)
_SECURITY: Final = re.compile(r"^(sasl|ssl|security|enable\.ssl|oauth)[._]?")


@dataclass(frozen=True, slots=True)
class Broker:
    """What Faust has to know of the cluster."""

    urls: list[str]
    credentials: Credentials | None
    client_id: str
    fetch_wait_ms: int
    session_seconds: float
    heartbeat_seconds: float
    poll_interval_seconds: float
    left_out: tuple[str, ...] = field(default=())
    """Properties that Faust's client does not have."""


def broker_of(properties: Mapping[str, str]) -> Broker:
    """Return the cluster as Faust needs it. Raises Stop, naming what it has no word for."""
    session_ms = _number(properties, "session.timeout.ms", SESSION_MS_DEFAULT)
    known = {
        "bootstrap.servers",
        "client.id",
        "fetch.wait.max.ms",
        "heartbeat.interval.ms",
        "max.poll.interval.ms",
        "session.timeout.ms",
    }
    return Broker(
        urls=[_url(server) for server in _servers(properties["bootstrap.servers"])],
        credentials=_credentials(properties),
        client_id=properties.get("client.id", "baton-scoreboard"),
        fetch_wait_ms=_number(properties, "fetch.wait.max.ms", FETCH_WAIT_MS_DEFAULT),
        session_seconds=session_ms / 1000,
        heartbeat_seconds=_number(properties, "heartbeat.interval.ms", session_ms // 3) / 1000,
        poll_interval_seconds=_number(properties, "max.poll.interval.ms", 300_000) / 1000,
        left_out=tuple(sorted(set(properties) - known - _TOLD)),
    )


def _servers(told: str) -> list[str]:
    return [server.strip() for server in told.split(",") if server.strip()]


def _url(server: str) -> str:
    """Return ``host:port`` as an address of Faust's; a protocol before it says nothing new."""
    address = server.rpartition("://")[2]
    host, colon, port = address.rpartition(":")
    if not colon or not port.isdigit() or (":" in host and not host.endswith("]")):
        host, port = address, str(PORT_DEFAULT)
    if ":" in host and not host.startswith("["):
        host = f"[{host}]"
    return f"kafka://{host}:{port}"


def _credentials(properties: Mapping[str, str]) -> Credentials | None:
    for name in sorted(properties):
        if _SECURITY.match(name) and name not in _TOLD:
            raise _unusable(name, "the scoreboard's client has nothing like it")
    protocol = properties.get("security.protocol", "plaintext").lower()
    if protocol not in _PROTOCOLS:
        raise _unusable("security.protocol", f"{protocol} is none of {', '.join(_PROTOCOLS)}")
    context = _tls(properties) if protocol.endswith("ssl") else None
    if not protocol.startswith("sasl"):
        return None if context is None else SSLCredentials(context)
    name = "sasl.mechanisms" if "sasl.mechanisms" in properties else "sasl.mechanism"
    mechanism = properties.get(name, "GSSAPI").upper()
    if mechanism not in _MECHANISMS:
        raise _unusable(name, f"the scoreboard logs in by {', '.join(_MECHANISMS)} only")
    for needed in ("sasl.username", "sasl.password"):
        if not properties.get(needed):
            raise _unusable(needed, f"{mechanism} needs it")
    return SASLCredentials(
        username=properties["sasl.username"],
        password=properties["sasl.password"],
        ssl_context=context,
        mechanism=mechanism,
    )


def _tls(properties: Mapping[str, str]) -> ssl.SSLContext:
    context = ssl.create_default_context()
    if not _is_on(properties, "enable.ssl.certificate.verification", default=True):
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    named = properties.get("ssl.endpoint.identification.algorithm", "https").lower()
    if named not in {"https", "none"}:
        raise _unusable("ssl.endpoint.identification.algorithm", "it is https or none")
    if named == "none":
        context.check_hostname = False
    place = properties.get("ssl.ca.location", "probe")
    given = properties.get("ssl.ca.pem")
    if place != "probe" or given is not None:
        # Only who is named is trusted then, not whom the system trusts.
        context = _emptied(context)
        _load(context, place, given)
    certificate = properties.get("ssl.certificate.location")
    if certificate is not None:
        key, password = properties.get("ssl.key.location"), properties.get("ssl.key.password")
        try:
            context.load_cert_chain(certificate, key, password)
        except (OSError, ssl.SSLError) as error:
            raise _unusable("ssl.certificate.location", f"{certificate}: {error}") from error
    elif "ssl.key.location" in properties:
        raise _unusable("ssl.key.location", "the certificate is missing: ssl.certificate.location")
    return context


def _emptied(context: ssl.SSLContext) -> ssl.SSLContext:
    fresh = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    fresh.check_hostname = context.check_hostname
    fresh.verify_mode = context.verify_mode
    return fresh


def _load(context: ssl.SSLContext, place: str, given: str | None) -> None:
    name = "ssl.ca.pem" if given is not None else "ssl.ca.location"
    try:
        if given is not None:
            context.load_verify_locations(cadata=given.replace("\\n", "\n"))
        elif Path(place).is_dir():
            context.load_verify_locations(capath=place)
        else:
            context.load_verify_locations(cafile=place)
    except (OSError, ssl.SSLError, ValueError) as error:
        raise _unusable(name, f"{place if given is None else 'it'}: {error}") from error


def _number(properties: Mapping[str, str], name: str, default: int) -> int:
    told: Any = properties.get(name, default)
    try:
        return int(told)
    except ValueError as error:
        raise _unusable(name, f"{told!r} is no number") from error


def _is_on(properties: Mapping[str, str], name: str, *, default: bool) -> bool:
    return properties.get(name, str(default)).strip().lower() in {"true", "t", "1", "yes", "on"}


def _unusable(name: str, why: str) -> Stop:
    variable = "BATON_KAFKA__" + name.upper().replace(".", "_")
    return Stop(Exit.USAGE, f"{variable} cannot be used: {why}")
