"""A cluster that asks who is there: TLS, SASL/SCRAM and an authorizer, each if wanted.

The brokers speak to one another over listeners of their own. With TLS these take nobody without
a certificate of the brokers, so that a client's password opens the clients' listener and no other.
"""

import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from deploy.kafka.certificates import Authority

ADMIN: Final = "admin"
"""The user that no authorizer stops."""
MECHANISM: Final = "SCRAM-SHA-512"
_BROKER: Final = "baton-broker"


def new_password() -> str:
    """A password that nobody has to remember."""
    return secrets.token_urlsafe(18)


@dataclass(frozen=True, slots=True)
class Security:
    """What a cluster asks of its clients."""

    tls: bool = True
    users: Mapping[str, str] = field(default_factory=lambda: {ADMIN: new_password()}, repr=False)
    """Name to password, for SCRAM; empty: nobody logs in."""
    authorizer: bool = True
    """Whether a user may do only what it was allowed to; ``admin`` may do anything."""

    @property
    def protocol(self) -> str:
        """Kafka's name for how clients connect."""
        if self.users:
            return "SASL_SSL" if self.tls else "SASL_PLAINTEXT"
        return "SSL" if self.tls else "PLAINTEXT"

    def client_properties(self, user: str, folder: Path) -> dict[str, str]:
        """What a client is configured with that connects as this user, beside the address."""
        if self.protocol == "PLAINTEXT":
            return {}
        properties = {"security.protocol": self.protocol}
        if self.tls:
            properties["ssl.ca.location"] = str(folder / "ca.pem")
        if self.users:
            properties |= {
                "sasl.mechanism": MECHANISM,
                "sasl.username": user,
                "sasl.password": self.users[user],
            }
        return properties

    def equip(self, folder: Path) -> None:
        """Write the certificates that brokers and clients need."""
        if self.tls:
            authority = Authority()
            authority.write_certificate(folder / "ca.pem")
            authority.write_signed(folder / "broker.pem", _BROKER)

    def server_properties(self, folder: Path) -> dict[str, str]:
        """What every broker is configured with, beside what it would be without security."""
        properties: dict[str, str] = {}
        if self.users:
            properties["sasl.enabled.mechanisms"] = MECHANISM
            properties[f"listener.name.clients.{MECHANISM.lower()}.sasl.jaas.config"] = (
                "org.apache.kafka.common.security.scram.ScramLoginModule required;"
            )
        if self.tls:
            properties |= {
                "ssl.keystore.type": "PEM",
                "ssl.keystore.location": str(folder / "broker.pem"),
                "ssl.truststore.type": "PEM",
                "ssl.truststore.location": str(folder / "ca.pem"),
                "listener.name.internal.ssl.client.auth": "required",
                "listener.name.controller.ssl.client.auth": "required",
            }
        if self.authorizer:
            brokers = f"User:CN={_BROKER}" if self.tls else "User:ANONYMOUS"
            properties |= {
                "authorizer.class.name": "org.apache.kafka.metadata.authorizer.StandardAuthorizer",
                "super.users": f"User:{ADMIN};{brokers}",
                "allow.everyone.if.no.acl.found": "false",
            }
        return properties

    def format_arguments(self) -> list[str]:
        """What is told to the storage when it is formatted: the users."""
        return [
            argument
            for user, password in self.users.items()
            for argument in ("--add-scram", f"{MECHANISM}=[name={user},password={password}]")
        ]


OPEN: Final = Security(tls=False, users={}, authorizer=False)
"""Whoever reaches it may do anything."""
