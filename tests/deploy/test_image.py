"""The image and its composition: linted, of the right shape, its steps tried without an engine."""

import os
import shutil
import socket
import subprocess
import sys
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


def test_its_steps_make_a_worker_that_is_healthy(
    embedded: EmbeddedBroker, topics: Topics, tmp_path: Path
) -> None:
    made = build(tmp_path / "root")
    assert core_of(made) == "compiled"
    shop = Shop(embedded, topics, tmp_path)
    shop.adopt()
    shop.engaged("l-1", "demo_request", START)
    port = free_port()
    program, *rest = health_command(dockerfile())
    check = [str(made / "bin" / program), *(text.replace("9108", str(port)) for text in rest)]

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


def test_compose_knows_every_field() -> None:
    read = understood(composition())

    read.validate_networks()
    read.validate_volumes()
    assert set(read.service_names()) == {
        "kafka",
        "topics",
        "policy",
        "worker",
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
