"""A Baton of its own in the secured cluster: its topics, its rules, and the command as any user."""

import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from deploy.kafka import Kafka
from events.acls import Role, allow, grants
from events.topics import Topics
from tests.e2e.harness import BATON, ROOT, Site

PARTITIONS: Final = 2
SECONDS_MAX: Final = 60


@dataclass(frozen=True, slots=True)
class Told:
    """What a command said, and how it ended."""

    code: int
    out: str
    err: str

    @property
    def all(self) -> str:
        """Everything that it said anywhere."""
        return self.out + self.err


@dataclass(frozen=True, slots=True)
class Guarded:
    """Topics under a prefix, and rules for the user of each role that name these topics alone."""

    kafka: Kafka
    topics: Topics
    folder: Path

    @property
    def group(self) -> str:
        """The workers' group."""
        return self.site(Role.WORKER).group

    def group_of(self, role: Role) -> str:
        """The consumer group that a role's rules name."""
        own = role in {Role.SUBSCRIBER, Role.SCOREBOARD}
        return f"{self.group}-{role}" if own else self.group

    def site(self, user: str) -> Site:
        """The Baton as this user reaches it."""
        return Site(self.kafka.client_properties_of(user), self.topics, PARTITIONS)

    def allow_all(self) -> None:
        """Allow each role what it is to be allowed."""
        for role in Role:
            given = grants(role, self.topics, self.group_of(role))
            allow(self.kafka.client_properties, given, f"User:{role}")

    def baton(
        self,
        user: str,
        *arguments: str,
        properties: Mapping[str, str] | None = None,
        **settings: str,
    ) -> Told:
        """Run the command as this user."""
        there = Site(
            {**self.kafka.client_properties_of(user), **(properties or {})},
            self.topics,
            PARTITIONS,
        )
        ended = subprocess.run(
            [*BATON, *arguments],
            check=False,
            capture_output=True,
            text=True,
            timeout=SECONDS_MAX,
            cwd=ROOT,
            stdin=subprocess.DEVNULL,
            env=there.environment(
                state_dir=self.folder / "state", worker_name="w1", metrics_port="off", **settings
            ),
        )
        return Told(ended.returncode, ended.stdout, ended.stderr)

    def secrets_in(self, text: str) -> list[str]:
        """The users whose password stands in a text."""
        return [name for name, password in self.kafka.security.users.items() if password in text]
