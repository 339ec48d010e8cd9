"""The demo's figures are those that anybody can count from what Baton told."""

import json
import re
import subprocess
from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import pytest

from events.embedded import EmbeddedBroker
from events.topics import Topics
from tests.e2e.harness import BATON, Site

SIZE = ("--weeks", "1", "--leads", "120", "--seed", "3")
DEMO_SECONDS_MAX = 120.0
FOLLOW_SECONDS_MAX = 30.0

Figures = dict[str, tuple[str, ...]]
"""The rows of one table: label to cells."""


def baton(site: Site, directory: Path, *arguments: str, seconds: float) -> str:
    """Run the command with its output in a pipe, and return that when it ended well."""
    ended = subprocess.run(
        [*BATON, *arguments],
        env=site.environment(state_dir=directory),
        cwd=directory,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=seconds,
        check=False,
    )
    assert ended.returncode == 0, ended.stderr
    return ended.stdout


@pytest.fixture(scope="module")
def site(embedded: EmbeddedBroker) -> Site:
    return Site(embedded.client_properties, Topics("demo."), exact=False)


@pytest.fixture(scope="module")
def told(site: Site, tmp_path_factory: pytest.TempPathFactory) -> str:
    """What a demo prints where nobody watches."""
    directory = tmp_path_factory.mktemp("demo")
    return baton(site, directory, "demo", "--no-embedded", *SIZE, seconds=DEMO_SECONDS_MAX)


@pytest.fixture(scope="module")
def facts(told: str, site: Site, tmp_path_factory: pytest.TempPathFactory) -> list[dict[str, Any]]:
    return followed(site, tmp_path_factory.mktemp("facts"), "lifecycle")


def followed(site: Site, directory: Path, what: str) -> list[dict[str, Any]]:
    """Everything that ``baton follow`` delivers from the start."""
    arguments = ("follow", what, "--from-start", "--until-end")
    lines = baton(site, directory, *arguments, seconds=FOLLOW_SECONDS_MAX).splitlines()
    return [json.loads(line) for line in lines]


def table(told: str, title: str) -> Figures:
    """One table of the report, its head left out."""
    _, _, rest = told.partition(f"\n{title}\n")
    assert rest, f"the demo has no table {title}"
    body = rest.partition("\n\n")[0].splitlines()
    rows = [re.split(r"\s{2,}", line.strip()) for line in body]
    return {label: tuple(cells) for label, *cells in rows if cells and cells[0] != ""}


def of(facts: Iterable[dict[str, Any]], kind: str) -> list[dict[str, Any]]:
    return [fact for fact in facts if fact["type"] == f"lead.{kind}.v1"]


def numbers(counts: Counter[str]) -> Figures:
    """Counts as the report prints them."""
    return {name: (f"{count:,}",) for name, count in counts.items()}


def first(figures: Figures, cells: int = 1) -> Figures:
    return {label: row[:cells] for label, row in figures.items()}


def test_a_demo_without_a_terminal_tells_plain_lines(told: str) -> None:
    assert "\x1b" not in told
    assert not [line for line in told.splitlines() if "\r" in line]


def test_the_funnel_counts_the_leads_that_followers_see(
    told: str, facts: Sequence[dict[str, Any]]
) -> None:
    stood = {
        label: {f["subject"] for f in of(facts, "stage_changed") if f["data"]["to_stage"] == stage}
        for label, stage in (
            ("mql, or past it", "mql"),
            ("accepted (sal)", "sal"),
            ("qualified (sql)", "sql"),
            ("opportunity (sqo)", "opportunity"),
        )
    } | {
        label: {fact["subject"] for fact in of(facts, kind)}
        for label, kind in (("leads", "arrived"), ("contacted", "contacted"), ("won", "won"))
    }
    order = "leads|mql, or past it|accepted (sal)|contacted|qualified (sql)|opportunity (sqo)|won"
    steps = order.split("|")
    reached = {
        label: set[str]().union(*(stood[later] for later in steps[place:]))
        for place, label in enumerate(steps)
    }

    funnel = {label: row[0] for label, row in table(told, "Funnel").items() if label != "leads"}

    # The head of the table begins with the same word as its first row.
    funnel["leads"] = re.findall(r"^  leads +(\d[\d,]*) ", told, re.MULTILINE)[0]
    assert funnel == {label: f"{len(leads):,}" for label, leads in reached.items()}
    assert stood["mql, or past it"]


def test_handovers_and_recycles_are_those_of_their_topics(
    told: str, site: Site, facts: Sequence[dict[str, Any]], tmp_path: Path
) -> None:
    handovers = of(followed(site, tmp_path, "handovers"), "handover")
    recycles = of(followed(site, tmp_path, "recycles"), "recycle")

    kinds = Counter(fact["data"]["handover_kind"] for fact in handovers)
    reasons = Counter(fact["data"]["reason"] for fact in recycles)
    shown = table(told, "Handovers")
    assert {label: row[0] for label, row in shown.items() if label != "all"} == {
        kind: f"{count:,}" for kind, count in kinds.items()
    }
    assert first(table(told, "Back to marketing")) == numbers(reasons)
    assert sorted(f["id"] for f in handovers) == sorted(f["id"] for f in of(facts, "handover"))
    assert sorted(f["id"] for f in recycles) == sorted(f["id"] for f in of(facts, "recycle"))


def test_promises_are_judged_as_the_facts_say(told: str, facts: Sequence[dict[str, Any]]) -> None:
    verdicts: dict[tuple[str, str, int], str] = {}
    for fact in facts:
        data = fact["data"]
        if fact["type"] == "lead.clock_breached.v1":
            late = "noticed late" if data["noticed_late"] else "broken"
            verdicts.setdefault((fact["subject"], data["clock"], data["run"]), late)
        elif fact["type"] == "lead.clock_met.v1":
            run = (fact["subject"], data["clock"], data["run"])
            if data["disputed"]:
                verdicts[run] = "disputed"
            else:
                verdicts.setdefault(run, "broken" if data["breached"] else "met")

    counts = Counter((clock, verdict) for (_, clock, _), verdict in verdicts.items())
    shown = table(told, "Promises (SLA)")
    for clock in ("acceptance", "first_contact", "cadence", "qualification", "opportunity", "deal"):
        names = ("met", "broken", "noticed late", "disputed")
        assert shown[clock][1:] == tuple(f"{counts[clock, name]:,}" for name in names), clock
    assert counts["acceptance", "met"]


def test_stages_refusals_and_the_number_of_facts_agree(
    told: str, site: Site, facts: Sequence[dict[str, Any]], tmp_path: Path
) -> None:
    last = {fact["subject"]: fact["data"]["stage"] for fact in facts}
    reasons = Counter(refusal["reason"] for refusal in followed(site, tmp_path, "refusals"))

    assert first(table(told, "Where leads are now")) == numbers(Counter(last.values()))
    assert first(table(told, "Refused input, by reason")) == numbers(reasons)
    assert f" {len(facts):,} facts." in told.splitlines()[-1]
    assert reasons
