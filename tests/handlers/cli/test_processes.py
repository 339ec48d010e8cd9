"""The command as processes: the broker and a worker are started, used and stopped by signals."""

import json
import os
import re
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from events.embedded import EmbeddedBroker
from events.topics import Topics
from handlers.exits import Exit
from tests.e2e.harness import BATON
from tests.e2e.terminal import on_a_terminal
from tests.handlers.cli.builders import refusal, send
from tests.handlers.cli.conftest import Baton

INTERRUPTIBLE = "import signal; signal.signal(signal.SIGINT, signal.default_int_handler); "
"""What a script starts in its background ignores Ctrl-C, these tests among it: a child must not."""
pytestmark = pytest.mark.embedded


@contextmanager
def running(*arguments: str, **environment: str) -> Iterator[subprocess.Popen[str]]:
    *python, program = BATON
    process = subprocess.Popen(
        [*python, INTERRUPTIBLE + program, *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=os.environ | environment,
    )
    try:
        yield process
    finally:
        process.kill()
        process.communicate()


def first_line(process: subprocess.Popen[str], part: str) -> str:
    """Wait for a line with this part in it, and return it."""
    lines: list[str] = []
    for line in process.stdout or ():
        lines.append(line)
        if part in line:
            return line
    raise AssertionError("".join(lines))


def test_the_broker_says_where_it_is_and_ends_on_ctrl_c() -> None:
    with running("broker", "--port", "0") as process:
        line = first_line(process, "BOOTSTRAP_SERVERS")
        process.send_signal(signal.SIGINT)
        _, complaints = process.communicate(timeout=30)

    assert line.startswith("export BATON_KAFKA__BOOTSTRAP_SERVERS=127.0.0.1:")
    assert process.returncode == Exit.OK
    assert "keeps everything in memory" in complaints


def test_a_broker_on_a_port_that_is_taken_is_one_sentence(embedded: EmbeddedBroker) -> None:
    port = embedded.bootstrap_servers.rpartition(":")[2]

    with running("broker", "--port", port) as process:
        _, complaints = process.communicate(timeout=60)

    assert process.returncode == Exit.ERROR
    assert "error: " in complaints
    assert "hint: Take another port" in complaints


def test_a_person_gets_tables_and_readable_lines(
    baton: Baton, embedded: EmbeddedBroker, topics: Topics
) -> None:
    assert baton("policy", "history").exit_code == Exit.OK
    send(embedded, topics.refusals, refusal(topics, 3, "not_json"))
    environment = {
        f"BATON_KAFKA__{name.upper().replace('.', '_')}": value
        for name, value in embedded.client_properties.items()
    } | {"BATON_TOPICS_PREFIX": topics.prefix}

    settings = on_a_terminal("settings", environment=environment)
    followed = on_a_terminal(
        "follow", "refusals", "--from-start", "--until-end", environment=environment
    )

    assert re.search(r"BATON_TOPICS_PREFIX +t[0-9a-f.]+ +environment", settings)
    assert f"not_json  {topics.signals}:1:3  it is broken" in followed


def test_signals_become_facts_that_are_followed_as_they_come(
    baton: Baton, embedded: EmbeddedBroker, topics: Topics, tmp_path: Path
) -> None:
    environment = {
        f"BATON_KAFKA__{name.upper().replace('.', '_')}": value
        for name, value in embedded.client_properties.items()
    } | {
        "BATON_TOPICS_PREFIX": topics.prefix,
        "BATON_GROUP": f"{topics.prefix}group",
        "BATON_STATE_DIR": str(tmp_path / "state"),
        "BATON_METRICS_PORT": "off",
    }
    signal_line = (
        '{"type": "lead.engaged.v1", "lead_id": "l-1", "data": {"activity": "demo_request"}}'
    )
    adopted = baton(
        "policy", "adopt", "--for-marketing", "ana", "--for-sales", "ben", "--reason", "first"
    )
    assert adopted.exit_code == Exit.OK, adopted.stderr

    with (
        running("worker", **environment) as worker,
        running("follow", "handovers", "--from-start", **environment) as follower,
    ):
        baton("publish", "-", stdin=signal_line)
        handover = json.loads(first_line(follower, "lead.handover.v1"))
        explained = baton("explain", "l-1")
        follower.send_signal(signal.SIGINT)
        follower.communicate(timeout=30)
        worker.send_signal(signal.SIGTERM)
        _, told = worker.communicate(timeout=30)

    assert handover["subject"] == "l-1"
    assert "l-1  is mql" in explained.stdout
    assert follower.returncode == Exit.OK
    assert worker.returncode == Exit.OK, told
    assert all(json.loads(line)["level"] for line in told.splitlines())
