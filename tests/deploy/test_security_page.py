"""docs/security.md says of each role what its rules are, and metrics are for this machine alone."""

import re
import socket
from pathlib import Path

import pytest
from prometheus_client import CollectorRegistry

from events.acls import Kind, Role, grants
from events.topics import Topics
from handlers.health import HealthServer
from handlers.settings import Settings

PAGE = (Path(__file__).parents[2] / "docs" / "security.md").read_text(encoding="utf-8")


def names(cell: str) -> set[str]:
    return {f"lead.{name}" for name in re.findall(r"\w+", cell)}


@pytest.mark.parametrize("role", Role)
def test_the_page_says_what_a_role_reads_and_writes(role: Role) -> None:
    (row,) = re.findall(rf"^\| {role} \|(.*)\|(.*)\|(.*)\|$", PAGE, re.MULTILINE)
    given = grants(role, Topics(), "baton")

    reads = {g.name for g in given if g.kind is Kind.TOPIC and "Read" in g.operations}
    writes = {g.name for g in given if g.kind is Kind.TOPIC and "Write" in g.operations}

    assert names(row[0]) == reads
    assert names(row[1]) == writes
    for grant in given:
        if grant.kind is not Kind.TOPIC:
            assert f"`{grant.name}`" in row[2] or "its own group" in row[2]


def test_metrics_are_served_to_this_machine_alone_unless_told_otherwise() -> None:
    host = Settings().metrics_host
    server = HealthServer(
        host, 0, CollectorRegistry(), lambda: (True, "live"), lambda: (True, "ready")
    )
    try:
        with socket.create_connection((host, server.port), timeout=5):
            pass
        # Another address of the same machine: what listens on all of them would answer.
        with pytest.raises(OSError, match="refused"):
            socket.create_connection(("127.0.0.2", server.port), timeout=5)
    finally:
        server.close()

    assert host == "127.0.0.1"
