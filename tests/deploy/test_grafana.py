"""The dashboards: Prometheus reads every query, and what it asks for is shown when Baton runs."""

import json
import re
from itertools import combinations
from pathlib import Path
from typing import Any

import pytest

from tests.deploy.promql import read_queries, unknown
from tests.deploy.scraped import Series

DASHBOARDS = sorted(
    (Path(__file__).parents[2] / "deploy" / "grafana" / "dashboards").glob("*.json")
)
COLUMNS = 24

each_dashboard = pytest.mark.parametrize("path", DASHBOARDS, ids=lambda path: path.stem)


def dashboard(path: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return found


def panels(path: Path) -> list[dict[str, Any]]:
    """All that is no heading."""
    return [panel for panel in dashboard(path)["panels"] if panel["type"] != "row"]


def targets(path: Path) -> list[dict[str, str]]:
    return [target for panel in panels(path) for target in panel["targets"]]


def queries(path: Path) -> list[str]:
    """What is sent to Prometheus once Grafana has put its variables in."""
    return [
        target["expr"].replace("$__rate_interval", "1m").replace("$job", "baton")
        for target in targets(path)
    ]


def test_there_is_one_for_operators_and_one_for_the_two_teams() -> None:
    assert [path.stem for path in DASHBOARDS] == ["operators", "teams"]


@each_dashboard
def test_prometheus_reads_every_query(path: Path, tmp_path: Path) -> None:
    ran = read_queries(queries(path), tmp_path)

    assert ran.ok, ran.said
    assert "$" not in "".join(queries(path))


@each_dashboard
@pytest.mark.embedded
def test_every_query_asks_for_what_a_worker_or_the_scoreboard_shows(
    path: Path, series: Series
) -> None:
    missing = {query: list(unknown(query, series)) for query in queries(path)}

    assert {query: names for query, names in missing.items() if names} == {}


@each_dashboard
def test_every_query_is_about_the_chosen_baton(path: Path) -> None:
    selectors = re.findall(r"(baton[_:][\w:]*)(\{[^}]*\})?", " ".join(queries(path)))

    assert selectors
    for name, matchers in selectors:
        # The scoreboard is scraped as a job of its own, called after the workers'.
        job = "baton-scoreboard" if name.startswith("baton_scoreboard_") else "baton"
        assert f'job="{job}"' in matchers


@each_dashboard
def test_what_a_legend_names_is_left_in_the_answer(path: Path) -> None:
    for target in targets(path):
        for label in re.findall(r"\{\{(\w+)\}\}", target["legendFormat"]):
            by = " ".join(re.findall(r"by \(([^)]*)\)", target["expr"]))
            recorded = "baton:promise" in target["expr"] and label in {"promise", "side"}
            assert recorded or re.search(rf"\b{label}\b", by), target


@each_dashboard
def test_panels_stand_beside_each_other(path: Path) -> None:
    places = [panel["gridPos"] for panel in dashboard(path)["panels"]]

    assert all(place["x"] + place["w"] <= COLUMNS for place in places)
    assert [pair for pair in combinations(places, 2) if _overlap(*pair)] == []


@each_dashboard
def test_every_panel_says_what_it_shows_from_the_chosen_source(path: Path) -> None:
    found = panels(path)

    ids = [panel["id"] for panel in dashboard(path)["panels"]]
    assert len(ids) == len(set(ids))
    assert [panel["title"] for panel in found if not panel.get("description")] == []
    assert {panel["datasource"]["uid"] for panel in found} == {"${source}"}
    assert [variable["name"] for variable in dashboard(path)["templating"]["list"]] == [
        "source",
        "job",
    ]


def test_the_dashboards_lead_to_each_other() -> None:
    uids = {dashboard(path)["uid"] for path in DASHBOARDS}

    leads_to = {
        link["url"].removeprefix("/d/") for path in DASHBOARDS for link in dashboard(path)["links"]
    }
    assert leads_to == uids


def _overlap(one: dict[str, int], other: dict[str, int]) -> bool:
    return (
        one["x"] < other["x"] + other["w"]
        and other["x"] < one["x"] + one["w"]
        and one["y"] < other["y"] + other["h"]
        and other["y"] < one["y"] + one["h"]
    )
