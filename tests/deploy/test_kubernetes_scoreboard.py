"""The scoreboard's manifests: one of it, guarded by its token, with what it needs and no more.

That Kubernetes knows every field is tried with those of the workers.
"""

import re
from typing import Any

import pytest

from handlers.scoreboard.watching import HEALTH
from handlers.scoreboard.web.guarding import PUBLIC
from handlers.settings import load
from tests.deploy.promql import rules
from tests.deploy.test_kubernetes import manifest, settings_env

LABELS = {"app.kubernetes.io/name": "baton", "app.kubernetes.io/component": "scoreboard"}
SECRET = "baton-scoreboard"  # noqa: S105 - the name of one


def pod() -> dict[str, Any]:
    found: dict[str, Any] = manifest("scoreboard-statefulset")["spec"]["template"]["spec"]
    return found


def container() -> dict[str, Any]:
    [found] = pod()["containers"]
    assert isinstance(found, dict)
    return found


def test_all_of_them_mean_the_same_pod_and_no_worker() -> None:
    stateful = manifest("scoreboard-statefulset")["spec"]
    selectors = [
        stateful["selector"]["matchLabels"],
        stateful["template"]["metadata"]["labels"],
        manifest("scoreboard-service")["spec"]["selector"],
        manifest("scoreboard-service")["metadata"]["labels"],
        manifest("scoreboard-networkpolicy")["spec"]["podSelector"]["matchLabels"],
        manifest("scoreboard-servicemonitor")["spec"]["selector"]["matchLabels"],
    ]

    assert selectors == [LABELS] * len(selectors)
    assert manifest("statefulset")["spec"]["selector"]["matchLabels"] != LABELS


def test_there_is_never_more_than_one() -> None:
    # A StatefulSet ends a pod before it starts the next; a Deployment would not.
    stateful = manifest("scoreboard-statefulset")

    assert stateful["kind"] == "StatefulSet"
    assert stateful["spec"]["replicas"] == 1


def test_it_may_do_nothing_that_it_does_not_need() -> None:
    rights = container()["securityContext"]
    names, rest = manifest("scoreboard-networkpolicy")["spec"]["egress"]

    assert pod()["securityContext"]["runAsNonRoot"] is True
    assert pod()["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
    assert pod()["automountServiceAccountToken"] is False
    assert pod()["enableServiceLinks"] is False
    assert rights["readOnlyRootFilesystem"] is True
    assert rights["allowPrivilegeEscalation"] is False
    assert rights["capabilities"] == {"drop": ["ALL"]}
    assert {port["port"] for port in names["ports"]} == {53}
    assert {port["port"] for port in rest["ports"]} == {9092, 9093, 5432}


def test_the_only_place_it_can_write_to_is_the_volume_of_its_tables() -> None:
    [mount] = container()["volumeMounts"]
    [claim] = manifest("scoreboard-statefulset")["spec"]["volumeClaimTemplates"]

    assert mount == {"name": claim["metadata"]["name"], "mountPath": "/var/lib/baton"}
    assert settings_env()["BATON_STATE_DIR"] == mount["mountPath"]


def test_its_settings_are_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in settings_env().items():
        monkeypatch.setenv(name, value)
    for variable in container()["env"]:
        if not variable.get("valueFrom", {}).get("secretKeyRef", {}).get("optional"):
            monkeypatch.setenv(variable["name"], variable.get("value", "a-token"))

    settings = load()

    assert settings.scoreboard_port == container()["ports"][0]["containerPort"]
    assert settings.scoreboard_token.get_secret_value() == "a-token"
    assert settings.scoreboard_database_url == "sqlite:////var/lib/baton/scoreboard.sqlite"


def test_the_token_comes_from_a_secret_and_there_has_to_be_one() -> None:
    [token] = [one for one in container()["env"] if one["name"] == "BATON_SCOREBOARD_TOKEN"]
    [endpoint] = manifest("scoreboard-servicemonitor")["spec"]["endpoints"]

    assert token["valueFrom"] == {"secretKeyRef": {"name": SECRET, "key": "token"}}
    assert endpoint["authorization"] == {"credentials": {"name": SECRET, "key": "token"}}
    assert endpoint["port"] == container()["ports"][0]["name"]


def test_the_probes_ask_what_is_answered_without_a_token() -> None:
    probes = [
        container()[f"{kind}Probe"]["httpGet"] for kind in ("startup", "liveness", "readiness")
    ]

    assert {probe["path"] for probe in probes} == set(HEALTH) <= PUBLIC
    assert {probe["port"] for probe in probes} == {container()["ports"][0]["name"]}
    assert not [probe for probe in probes if "httpHeaders" in probe]


def test_its_alerts_speak_of_the_job_that_it_is_scraped_as() -> None:
    # Without a label to take it from, a job is called as its service is.
    monitor = manifest("scoreboard-servicemonitor")["spec"]
    named = {
        job
        for rule in rules()
        for job in re.findall(r'up\{job="([^"]+)"\}', rule["expr"])
        if "Scoreboard" in rule.get("alert", "")
    }

    assert "jobLabel" not in monitor
    assert named == {manifest("scoreboard-service")["metadata"]["name"]}
