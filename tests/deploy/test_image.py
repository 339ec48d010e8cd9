"""The image and its composition: linted, of the right shape, its steps tried without an engine."""

import json
import os
import re
import shutil
import socket
import subprocess
import sys
import urllib.request
from pathlib import Path
from typing import Any

import pytest
import yaml
from compose_spec import PyCompose

from deploy.image import DOCKERFILE, ROOT, build, health_command, stages
from events.embedded import EmbeddedBroker
from events.topics import Topics
from handlers.settings import load
from tests.handlers.shop import PATIENCE_SECONDS, START, Shop, eventually

COMPOSE = ROOT / "deploy" / "compose.yaml"


def dockerfile() -> str:
    return DOCKERFILE.read_text(encoding="utf-8")


def composition() -> dict[str, Any]:
    found: dict[str, Any] = yaml.safe_load(COMPOSE.read_text(encoding="utf-8"))
    return found


def understood(document: dict[str, Any]) -> PyCompose:
    """A composition as Compose's specification has it; YAML's own shorthands are written out."""
    return PyCompose.from_yaml(yaml.safe_dump(document, sort_keys=False))


def argument(instruction: str) -> str:
    """The argument of an instruction that the last stage has once."""
    [found] = [
        step.argument for step in stages(dockerfile())[-1] if step.instruction == instruction
    ]
    return found


def test_the_linter_has_nothing_to_say() -> None:
    program = shutil.which("hadolint", path=str(Path(sys.executable).parent))
    assert program is not None

    done = subprocess.run(
        [program, str(DOCKERFILE)], capture_output=True, text=True, check=False, timeout=60
    )

    assert (done.returncode, done.stdout) == (0, "")


def test_only_what_was_installed_gets_into_the_image_and_nobody_in_it_is_root() -> None:
    building, running = stages(dockerfile())
    copied = [step.argument for step in running if step.instruction == "COPY"]
    installs = " ".join(step.argument for step in building if step.instruction == "RUN")

    assert copied == ["--from=build /opt/baton /opt/baton"]
    assert argument("USER") == "10001:10001"
    assert installs.count("pip install") == installs.count("--require-hashes -r") + 1
    assert "--no-deps --no-index /opt/wheel/*.whl" in installs


def test_what_it_copies_is_let_through_by_dockerignore() -> None:
    ignore = (DOCKERFILE.parent / "Dockerfile.dockerignore").read_text(encoding="utf-8")
    let_through = {line[1:] for line in ignore.splitlines() if line.startswith("!")}

    copied = {
        name
        for step in stages(dockerfile())[0]
        if step.instruction == "COPY"
        for name in step.argument.split()[:-1]
    }

    assert copied == let_through
    assert all((ROOT / name).exists() for name in copied)


def test_its_steps_make_a_worker_and_a_scoreboard_that_are_healthy(
    embedded: EmbeddedBroker, topics: Topics, tmp_path: Path
) -> None:
    made = build(tmp_path / "root")
    assert core_of(made) == "compiled"
    shop = Shop(embedded, topics, tmp_path)
    shop.adopt()
    shop.engaged("l-1", "demo_request", START)
    port = free_port()
    check = check_of(made, health_command(dockerfile()), "9108", port)

    with subprocess.Popen(
        [made / "bin" / "baton", argument("CMD").strip('[]"')],
        env=environment_of(shop, tmp_path / "state", port),
        cwd=tmp_path,
    ) as worker:
        try:
            eventually(lambda: healthy(check), "it does not become healthy")
            shop.wait()
            worker.terminate()
            assert worker.wait(PATIENCE_SECONDS) == 0
        finally:
            worker.kill()

    assert len(shop.facts("handover")) == 1
    assert not healthy(check)
    assert_the_scoreboard_runs(made, shop, tmp_path)


def assert_the_scoreboard_runs(made: Path, shop: Shop, folder: Path) -> None:
    """Run the scoreboard of the composition from what the image holds, with its own check."""
    service = composition()["services"]["scoreboard"]
    port = free_port()
    check = check_of(made, service["healthcheck"]["test"][1:], "9110", port)
    token = token_of(service["environment"]["BATON_SCOREBOARD_TOKEN"])
    environment = environment_of(shop, folder / "board", free_port()) | {
        "BATON_SCOREBOARD_TOKEN": token,
        "BATON_SCOREBOARD_PORT": str(port),
    }

    with subprocess.Popen(
        [made / "bin" / "baton", *service["command"]], env=environment, cwd=folder
    ) as board:
        try:
            eventually(lambda: healthy(check), "the scoreboard does not become healthy")
            eventually(
                lambda: ask(port, "/leads.json", token)["leads"] == 1, "the lead does not show"
            )
            board.terminate()
            assert board.wait(PATIENCE_SECONDS) == 0
        finally:
            board.kill()

    drivers = [str(made / "bin" / "python"), "-I", "-c", "import psycopg"]
    assert subprocess.run(drivers, check=False, timeout=60).returncode == 0


def ask(port: int, path: str, token: str) -> dict[str, Any]:
    """What the page says to whoever brings the token."""
    headers = {"Authorization": f"Bearer {token}"}
    request = urllib.request.Request(f"http://127.0.0.1:{port}{path}", headers=headers)
    with urllib.request.urlopen(request, timeout=10) as answer:  # noqa: S310 - ours
        found: dict[str, Any] = json.load(answer)
        return found


def check_of(made: Path, command: list[str], port: str, here: int) -> list[str]:
    """A health check as it runs in the container, at another port."""
    program, *rest = command
    return [str(made / "bin" / program), *(text.replace(port, str(here)) for text in rest)]


def test_compose_knows_every_field() -> None:
    read = understood(composition())

    read.validate_networks()
    read.validate_volumes()
    assert set(read.service_names()) == {
        "kafka",
        "topics",
        "policy",
        "worker",
        "scoreboard",
        "prometheus",
        "grafana",
    }


def test_compose_would_find_a_field_that_there_is_not() -> None:
    wrong = composition()
    wrong["services"]["worker"]["replicaz"] = 2

    with pytest.raises(ValueError, match="replicaz"):
        understood(wrong)


def test_what_it_mounts_is_there() -> None:
    mounted = [
        volume.split(":")[0]
        for service in composition()["services"].values()
        for volume in service.get("volumes", ())
        if volume.startswith(".")
    ]

    assert mounted
    assert [path for path in mounted if not (COMPOSE.parent / path).is_dir()] == []


def test_nothing_is_reached_from_other_machines() -> None:
    ports = [port for each in composition()["services"].values() for port in each.get("ports", ())]

    assert ports
    assert all(port.startswith("127.0.0.1:") for port in ports)


def test_its_settings_are_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in composition()["services"]["worker"]["environment"].items():
        monkeypatch.setenv(name, value)

    settings = load()

    assert settings.kafka["bootstrap.servers"] == "kafka:9092"
    assert settings.metrics_host == "0.0.0.0"  # noqa: S104 - inside the network of the composition


def token_of(text: str) -> str:
    """What Compose puts in the place of a variable that is not set."""
    match = re.fullmatch(r"\$\{BATON_SCOREBOARD_TOKEN:-(.+)\}", text)
    assert match is not None
    return match[1]


def test_the_scoreboard_wants_a_token_and_prometheus_has_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    made = composition()
    scoreboard, prometheus = made["services"]["scoreboard"], made["services"]["prometheus"]
    given = scoreboard["environment"]
    for name, value in given.items():
        monkeypatch.setenv(name, token_of(value) if name == "BATON_SCOREBOARD_TOKEN" else value)

    settings = load()

    assert settings.scoreboard_token.get_secret_value()
    [mounted] = prometheus["configs"]
    scraped = yaml.safe_load((COMPOSE.parent / "prometheus" / "prometheus.yaml").read_text())
    [job] = [one for one in scraped["scrape_configs"] if one["job_name"] == "baton-scoreboard"]
    assert mounted["target"] == job["authorization"]["credentials_file"]
    assert made["configs"][mounted["source"]]["content"] == given["BATON_SCOREBOARD_TOKEN"]
    [names] = job["dns_sd_configs"]
    assert (names["names"], names["port"]) == (["scoreboard"], settings.scoreboard_port)


def test_one_scoreboard_keeps_its_tables_in_a_volume() -> None:
    scoreboard = composition()["services"]["scoreboard"]

    [(volume, folder)] = [volume.split(":") for volume in scoreboard["volumes"]]
    assert volume in composition()["volumes"]
    assert f"BATON_STATE_DIR={folder}" in argument("ENV")
    assert scoreboard.get("deploy") is None
    assert scoreboard["read_only"] is True


def core_of(made: Path) -> str:
    """How the domain runs in the environment that was made."""
    program = "from handlers.build import CORE; print(CORE, end='')"
    python = [str(made / "bin" / "python"), "-I", "-c", program]
    return subprocess.run(python, capture_output=True, text=True, check=True, timeout=60).stdout


def environment_of(shop: Shop, state: Path, port: int) -> dict[str, str]:
    """An environment in which nothing of this checkout is found but by its settings."""
    kafka = {
        "BATON_KAFKA__" + name.upper().replace(".", "_"): value
        for name, value in shop.properties.items()
    }
    return kafka | {
        "PATH": os.defpath,
        "BATON_TOPICS_PREFIX": shop.topics.prefix,
        "BATON_GROUP": shop.group,
        "BATON_STATE_DIR": str(state),
        "BATON_METRICS_PORT": str(port),
    }


def healthy(check: list[str]) -> bool:
    """Say what HEALTHCHECK says."""
    return not subprocess.run(check, capture_output=True, check=False, timeout=30).returncode


def free_port() -> int:
    """A port that nobody listens on."""
    with socket.socket() as asked:
        asked.bind(("127.0.0.1", 0))
        return int(asked.getsockname()[1])
