"""The rules of Prometheus: readable, right, about metrics that there are, each with its remedy."""

import re
import shutil
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.deploy.promql import PROMETHEUS, RULES, promtool, rules, unknown
from tests.deploy.scraped import Series

ROOT = PROMETHEUS.parents[1]
RULE_TESTS = sorted((PROMETHEUS / "tests").glob("*.yaml"))
ALERTS = [rule for rule in rules() if "alert" in rule]
PARTS = ("**What it means.**", "**How to see it.**", "**What to do.**", "**Tried.**")


def by_alert(rule: dict[str, Any]) -> str:
    return str(rule["alert"])


def configuration() -> dict[str, Any]:
    found: dict[str, Any] = yaml.safe_load((PROMETHEUS / "prometheus.yaml").read_text())
    return found


def test_prometheus_reads_its_configuration_and_every_rule(tmp_path: Path) -> None:
    # The file of the token is where Prometheus runs: here another one takes its place.
    [*_, scoreboard] = configuration()["scrape_configs"]
    token = tmp_path / "token"
    token.write_text("a-token")
    place = tmp_path / "prometheus"
    shutil.copytree(PROMETHEUS, place)
    config = place / "prometheus.yaml"
    known = scoreboard["authorization"]["credentials_file"]
    config.write_text(config.read_text().replace(known, str(token)))

    ran = promtool("check", "config", config)

    assert ran.ok, ran.said
    assert ran.said.count("SUCCESS") > len(RULES), ran.said


def test_it_asks_the_scoreboard_with_its_token_as_the_job_that_the_alerts_name() -> None:
    [workers, scoreboard] = configuration()["scrape_configs"]
    queries = [rule["expr"] for rule in rules() if "up{" in rule["expr"]]

    assert "authorization" not in workers
    assert set(scoreboard["authorization"]) == {"credentials_file"}
    named = {job for query in queries for job in re.findall(r'up\{job="([^"]+)"\}', query)}
    assert named == {workers["job_name"], scoreboard["job_name"]}


@pytest.mark.slow
@pytest.mark.parametrize("path", RULE_TESTS, ids=lambda path: path.stem)
def test_the_rules_say_what_they_have_to(path: Path) -> None:
    ran = promtool("test", "rules", path)

    assert ran.ok, ran.said


@pytest.mark.parametrize("alert", ALERTS, ids=by_alert)
def test_each_alert_is_tried_where_it_comes_and_where_it_does_not(alert: dict[str, Any]) -> None:
    tested = [
        (test, case)
        for path in RULE_TESTS
        for test in yaml.safe_load(path.read_text())["tests"]
        for case in test.get("alert_rule_test", ())
        if case["alertname"] == alert["alert"]
    ]

    coming = [(test, case) for test, case in tested if case.get("exp_alerts")]
    quiet = [case for _, case in tested if not case.get("exp_alerts")]
    # Of the series that a test brings, some may be as they should be.
    beside = [case for test, case in coming if len(test["input_series"]) > len(case["exp_alerts"])]
    assert coming
    assert quiet or beside


@pytest.mark.embedded
@pytest.mark.parametrize("rule", rules(), ids=lambda rule: rule.get("alert") or rule["record"])
def test_each_rule_asks_for_what_a_worker_or_the_scoreboard_shows(
    rule: dict[str, Any], series: Series
) -> None:
    assert list(unknown(rule["expr"], series)) == []


@pytest.mark.parametrize("alert", ALERTS, ids=by_alert)
def test_each_alert_leads_to_its_section_of_the_runbook(alert: dict[str, Any]) -> None:
    page, _, anchor = alert["annotations"]["runbook_url"].partition("#")

    sections = _sections((ROOT / page).read_text(encoding="utf-8"))

    assert anchor == alert["alert"].lower()
    assert anchor in sections
    assert [part for part in PARTS if part not in sections[anchor]] == []


def test_each_section_of_the_runbook_says_how_its_remedy_was_tried() -> None:
    text = (ROOT / "docs" / "runbook.md").read_text(encoding="utf-8")

    for section in text.split("\n## ")[1:]:
        found = re.findall(r"^\*\*(.+?)\.\*\*", section, re.MULTILINE)
        assert found == ["What it means", "How to see it", "What to do", "Tried"], section[:40]


def test_the_runbook_has_no_section_for_an_alert_that_is_gone() -> None:
    sections = _sections((ROOT / "docs" / "runbook.md").read_text(encoding="utf-8"))

    alerts = {alert["alert"].lower() for alert in ALERTS}

    assert {name for name in sections if name.startswith("baton")} == alerts


@pytest.mark.parametrize("alert", ALERTS, ids=by_alert)
def test_each_alert_says_how_urgent_it_is_and_what_it_is_about(alert: dict[str, Any]) -> None:
    assert alert["labels"]["severity"] in {"page", "ticket", "teams"}
    assert set(alert["annotations"]) == {"summary", "description", "runbook_url"}


def test_a_name_that_nobody_shows_is_found() -> None:
    shown = {"baton_signals_total": frozenset({"type", "outcome"})}

    found = unknown('rate(baton_signals_total{kind="x",job="b"}[5m]) / baton_sgnals', shown)

    assert list(found) == ["baton_signals_total{kind}", "baton_sgnals"]


def _sections(text: str) -> dict[str, str]:
    """The sections of a page by the anchor of their headings."""
    parts = re.split(r"^## (.+)$", text, flags=re.MULTILINE)
    return {
        re.sub(r"[^\w -]", "", title.lower()).strip().replace(" ", "-"): body
        for title, body in zip(parts[1::2], parts[2::2], strict=True)
    }
