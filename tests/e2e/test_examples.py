"""What the README shows works as it stands there, and the contract is enough for anybody else."""

import json
import re
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import pytest
from confluent_kafka import Producer

from events.child import Child
from events.embedded import CLIENT_SETTINGS, EmbeddedBroker
from events.topics import Topics
from events.wall_clock import now_ms
from tests.e2e.harness import (
    ROOT,
    RunningWorker,
    Site,
    agree,
    await_that,
    read,
    site_of,
    worker,
)

DOCUMENT: Final = ROOT / "schemas" / "published" / "asyncapi.json"
DAY: Final = 86_400_000
PATIENCE_SECONDS: Final = 40.0


def example(name: str, address: str) -> str:
    """The code under this name in the README, with the address of the test's broker in it."""
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    found = re.search(rf"<!-- example {name} -->\n```python\n(.*?)```", text, re.DOTALL)
    assert found is not None, f"README.md has no example {name}"
    code = found[1]
    assert '{"bootstrap.servers": "127.0.0.1:9092"}' in code
    # The embedded broker wants two more properties of a group's member; Kafka wants neither.
    properties = {"bootstrap.servers": address, **CLIENT_SETTINGS}
    return code.replace('{"bootstrap.servers": "127.0.0.1:9092"}', repr(properties))


@dataclass(frozen=True)
class Serving:
    """A Baton under the names that the README uses, in a broker of its own."""

    site: Site
    worker: RunningWorker
    address: str


@pytest.fixture(scope="module")
def serving(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Serving]:
    with EmbeddedBroker() as broker:
        site = site_of(broker, Topics())
        agree(site, now_ms() - DAY, ticks="owner")
        with worker(site, tmp_path_factory.mktemp("serving"), linger_seconds=0.05) as one:
            one.await_ready()
            yield Serving(site, one, broker.bootstrap_servers)
            assert one.stop() == 0


@pytest.mark.embedded
def test_a_subscriber_of_the_readme_receives_each_handover(serving: Serving) -> None:
    site = serving.site
    with tempfile.TemporaryFile() as output:
        environment = site.environment() | {"PYTHONUNBUFFERED": "1"}
        code = example("subscribe", serving.address)
        subscriber = Child([sys.executable, "-c", code], output, environment=environment)
        try:
            publish = example("publish", serving.address)
            run_to_its_end(publish, environment)
            # The same id again is a repeat; another lead is another handover.
            run_to_its_end(publish, environment)
            run_to_its_end(publish.replace("lead-4711", "lead-4712"), environment)

            def told() -> list[str]:
                assert subscriber.exited() is None, subscriber.tail()
                return sorted(subscriber.tail().splitlines())

            await_that(
                lambda: len([line for line in told() if line.startswith("lead.handover.v1 ")]) == 2,
                PATIENCE_SECONDS,
                f"two handovers; heard {told()}",
                [serving.worker],
            )
            heard = told()
        finally:
            subscriber.stop()

    assert heard == sorted(
        " ".join(str(part) for part in (event["type"], event["subject"], event["data"]["seq"]))
        for event in facts(site, site.topics.handovers, {"lead-4711", "lead-4712"})
    )
    assert len(set(heard)) == len(heard)


@pytest.mark.embedded
def test_a_plain_client_is_accepted_that_knows_the_published_document_only(
    serving: Serving,
) -> None:
    document: dict[str, Any] = json.loads(DOCUMENT.read_text(encoding="utf-8"))
    channel = document["channels"]["signals"]
    message = resolved(document, channel["messages"]["inbound.lead.engaged.v1"])
    example_of_it = message["examples"][0]
    payload = example_of_it["payload"]
    producer = Producer({"bootstrap.servers": serving.address})

    producer.produce(
        channel["address"],
        key=payload["subject"],
        value=json.dumps(payload),
        headers=[(name, text.encode()) for name, text in example_of_it["headers"].items()],
    )
    assert producer.flush(PATIENCE_SECONDS) == 0

    def known() -> list[dict[str, Any]]:
        return facts(serving.site, serving.site.topics.lifecycle, {payload["subject"]})

    await_that(lambda: bool(known()), PATIENCE_SECONDS, "a fact about it", [serving.worker])
    arrived, *_ = known()
    assert arrived["type"] == "lead.arrived.v1"
    assert arrived["subject"] == payload["subject"]
    assert arrived["data"]["happened_at"] == payload["time"]
    assert read(serving.site, serving.site.topics.refusals) == []


@pytest.mark.parametrize(
    "name",
    sorted(
        name
        for name in json.loads(DOCUMENT.read_text(encoding="utf-8"))["channels"]["signals"][
            "messages"
        ]
    ),
)
def test_every_message_of_the_document_has_an_example_to_start_from(name: str) -> None:
    document: dict[str, Any] = json.loads(DOCUMENT.read_text(encoding="utf-8"))
    message = resolved(document, document["channels"]["signals"]["messages"][name])

    assert message["examples"][0]["payload"]["type"] == message["name"]
    assert message["examples"][0]["headers"]["content-type"].startswith(message["contentType"])


def resolved(document: dict[str, Any], node: dict[str, Any]) -> dict[str, Any]:
    """What a reference points at."""
    for step in str(node["$ref"]).removeprefix("#/").split("/"):
        document = document[step]
    return document


def facts(site: Site, topic: str, leads: set[str]) -> list[dict[str, Any]]:
    """What is told about these leads, in order."""
    events = [json.loads(record.value or b"null") for record in read(site, topic)]
    return [event for event in events if event["subject"] in leads]


def run_to_its_end(code: str, environment: dict[str, str]) -> None:
    """Run a program and see that it ended well."""
    ended = subprocess.run(
        [sys.executable, "-c", code],
        env=environment,
        cwd=Path("/"),
        capture_output=True,
        text=True,
        timeout=PATIENCE_SECONDS,
        check=False,
    )
    assert ended.returncode == 0, ended.stderr
