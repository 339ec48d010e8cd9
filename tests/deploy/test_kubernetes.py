"""The manifests: of the right shape, and with what a worker needs and no more.

The shape is checked against Kubernetes' published schemas and, for the ServiceMonitor, against
models made from the Prometheus Operator's definitions. No API server was asked: what a cluster
adds by admission is its own.
"""

import importlib
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import kubernetes_validate
import pytest
import yaml

from events.clients import STATIC_SESSION_MS
from events.topics import Topics
from handlers.settings import Settings, SettingsError, load
from handlers.worker import STOP_SECONDS

FOLDER = Path(__file__).parents[2] / "deploy" / "kubernetes"
LABELS = {"app.kubernetes.io/name": "baton", "app.kubernetes.io/component": "worker"}
KUBERNETES = ("1.33", "1.37")
"""The oldest and the newest that the manifests are checked for."""


def kustomization() -> dict[str, Any]:
    found: dict[str, Any] = yaml.safe_load((FOLDER / "kustomization.yaml").read_text())
    return found


def manifest(name: str) -> dict[str, Any]:
    found: dict[str, Any] = yaml.safe_load((FOLDER / f"{name}.yaml").read_text())
    return found


def pod() -> dict[str, Any]:
    found: dict[str, Any] = manifest("statefulset")["spec"]["template"]["spec"]
    return found


def worker() -> dict[str, Any]:
    [container] = pod()["containers"]
    assert isinstance(container, dict)
    return container


def settings_env() -> dict[str, str]:
    lines = (FOLDER / "settings.env").read_text().splitlines()
    return dict(line.split("=", 1) for line in lines if line and not line.startswith("#"))


OWN = [name for name in kustomization()["resources"] if "servicemonitor" not in name]


def test_every_file_is_applied() -> None:
    there = {path.name for path in FOLDER.glob("*.yaml")} - {"kustomization.yaml"}

    assert set(kustomization()["resources"]) == there


@pytest.mark.parametrize("version", KUBERNETES)
@pytest.mark.parametrize("name", OWN)
def test_kubernetes_knows_every_field(name: str, version: str) -> None:
    kubernetes_validate.validate(manifest(Path(name).stem), version, strict=True)


@pytest.mark.slow
@pytest.mark.parametrize("name", ["servicemonitor", "scoreboard-servicemonitor"])
def test_the_prometheus_operator_knows_every_field_of_the_service_monitors(name: str) -> None:
    # Imported here: making its thousand models takes longer than all other tests of this module.
    models = importlib.import_module("cloudcoil.models.prometheus_operator.v1")
    given = manifest(name)

    understood = models.ServiceMonitor.model_validate(given)

    assert understood.model_dump(mode="json", by_alias=True, exclude_unset=True) == given


def test_kustomize_puts_it_together() -> None:
    program = shutil.which("kubectl")
    if program is None:
        pytest.skip("kubectl is not here: the manifests were checked one by one")

    done = subprocess.run(
        [program, "kustomize", str(FOLDER)], capture_output=True, text=True, check=False, timeout=60
    )

    assert done.returncode == 0, done.stderr
    built = list(yaml.safe_load_all(done.stdout))
    assert len(built) == len(kustomization()["resources"]) + 1
    [settings] = [each["metadata"]["name"] for each in built if each["kind"] == "ConfigMap"]
    sets = [each["spec"]["template"]["spec"] for each in built if each["kind"] == "StatefulSet"]
    assert len(sets) == 2
    for container in (each["containers"][0] for each in sets):
        assert container["image"] == "baton:0.1.0"
        assert container["envFrom"][0]["configMapRef"]["name"] == settings
    for each in built:
        if each["kind"] != "ServiceMonitor":
            kubernetes_validate.validate(each, KUBERNETES[-1], strict=True)


def test_a_field_that_there_is_not_is_found() -> None:
    wrong = manifest("poddisruptionbudget")
    wrong["spec"]["maxUnavailabel"] = 1

    with pytest.raises(kubernetes_validate.ValidationError):
        kubernetes_validate.validate(wrong, KUBERNETES[-1], strict=True)


def test_all_of_them_mean_the_same_pods() -> None:
    selectors = [
        manifest("statefulset")["spec"]["selector"]["matchLabels"],
        manifest("statefulset")["spec"]["template"]["metadata"]["labels"],
        manifest("service")["spec"]["selector"],
        manifest("service")["metadata"]["labels"],
        manifest("poddisruptionbudget")["spec"]["selector"]["matchLabels"],
        manifest("networkpolicy")["spec"]["podSelector"]["matchLabels"],
        manifest("servicemonitor")["spec"]["selector"]["matchLabels"],
    ]

    assert selectors == [LABELS] * len(selectors)


def test_a_worker_may_do_nothing_that_it_does_not_need() -> None:
    rights = worker()["securityContext"]

    assert pod()["securityContext"]["runAsNonRoot"] is True
    assert pod()["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
    assert pod()["automountServiceAccountToken"] is False
    assert rights["readOnlyRootFilesystem"] is True
    assert rights["allowPrivilegeEscalation"] is False
    assert rights["capabilities"] == {"drop": ["ALL"]}
    [egress_names, egress_brokers] = manifest("networkpolicy")["spec"]["egress"]
    assert {port["port"] for port in egress_names["ports"]} == {53}
    assert {port["port"] for port in egress_brokers["ports"]} == {9092, 9093}


def test_the_only_place_it_can_write_to_is_the_volume_of_its_cache() -> None:
    [mount] = worker()["volumeMounts"]
    [claim] = manifest("statefulset")["spec"]["volumeClaimTemplates"]

    assert mount == {"name": claim["metadata"]["name"], "mountPath": "/var/lib/baton"}
    assert settings_env()["BATON_STATE_DIR"] == mount["mountPath"]


def test_its_settings_are_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in settings_env().items():
        monkeypatch.setenv(name, value)
    for variable in worker()["env"]:
        monkeypatch.setenv(variable["name"], "baton-0")

    settings = load()

    assert isinstance(settings, Settings)
    assert settings.worker_name == "baton-0"
    assert settings.metrics_port == worker()["ports"][0]["containerPort"]
    assert Topics(settings.topics_prefix).signals == "lead.signals"


def test_a_rolling_update_moves_no_partition(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in settings_env().items():
        monkeypatch.setenv(name, value)
    spec = manifest("statefulset")["spec"]

    # The place in the group is kept under the pod's name, for longer than a stop takes.
    assert load().static_membership
    assert worker()["env"][0]["valueFrom"] == {"fieldRef": {"fieldPath": "metadata.name"}}
    assert spec["updateStrategy"] == {"type": "RollingUpdate"}
    assert pod()["terminationGracePeriodSeconds"] < STATIC_SESSION_MS / 1000


def test_what_kubernetes_tells_of_services_would_be_refused_so_it_is_not_told(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("BATON_WORKERS_SERVICE_HOST", "10.0.0.1")

    with pytest.raises(SettingsError, match="BATON_WORKERS_SERVICE_HOST"):
        load()
    assert pod()["enableServiceLinks"] is False


def test_the_probes_ask_pages_that_there_are() -> None:
    paths = {worker()[f"{kind}Probe"]["httpGet"]["path"] for kind in ("liveness", "readiness")}
    ports = {worker()[f"{kind}Probe"]["httpGet"]["port"] for kind in ("liveness", "readiness")}

    assert paths == {"/health/live", "/health/ready"}
    assert ports == {port["name"] for port in worker()["ports"]}


def test_a_worker_has_time_to_commit_the_batch_in_hand() -> None:
    assert pod()["terminationGracePeriodSeconds"] > STOP_SECONDS + 10


def test_no_secret_stands_in_the_settings() -> None:
    assert [name for name in settings_env() if re.search("PASSWORD|SECRET|KEY", name)] == []
