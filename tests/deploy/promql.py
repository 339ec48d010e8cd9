"""Queries in PromQL: whether Prometheus reads them, and what they ask for.

Reading is promtool's (Debian's package ``prometheus``), so that nothing here imitates its grammar.
"""

import os
import re
import shutil
import subprocess
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import pytest
import yaml

from tests.deploy.scraped import Series

PROMETHEUS: Final = Path(__file__).parents[2] / "deploy" / "prometheus"
RULES: Final = tuple(sorted((PROMETHEUS / "rules").glob("*.yaml")))

_ASKED: Final = re.compile(r"\b(?P<name>baton[_:][\w:]*)\s*(?:\{(?P<matchers>[^}]*)\})?")
_MATCHER: Final = re.compile(r"(\w+)\s*(?:=~|!~|!=|=)")
_TARGET_LABELS: Final = frozenset({"job", "instance", "namespace", "pod"})
"""What a scrape adds to every sample."""


@dataclass(frozen=True, slots=True)
class Ran:
    """What promtool said."""

    ok: bool
    said: str


def promtool(*arguments: str | Path) -> Ran:
    """Run promtool; without it: skip, or fail where it has to be there."""
    program = shutil.which("promtool")
    if program is None:
        lack = "promtool is not here (Debian has it in its package prometheus)"
        if os.environ.get("BATON_REQUIRE_PROMTOOL") == "1":
            pytest.fail(f"BATON_REQUIRE_PROMTOOL=1, but: {lack}", pytrace=False)
        pytest.skip(lack)
    done = subprocess.run(
        [program, *map(str, arguments)], capture_output=True, text=True, timeout=120, check=False
    )
    return Ran(done.returncode == 0, done.stdout + done.stderr)


def read_queries(queries: Iterable[str], directory: Path) -> Ran:
    """Have promtool read queries, each as a rule of its own."""
    rules = [{"record": f"query:{n}", "expr": query} for n, query in enumerate(queries)]
    path = directory / "queries.yaml"
    path.write_text(yaml.safe_dump({"groups": [{"name": "queries", "rules": rules}]}))
    return promtool("check", "rules", path)


def recorded() -> frozenset[str]:
    """Names that the recording rules give."""
    return frozenset(rule["record"] for rule in rules() if "record" in rule)


def rules() -> list[dict[str, str]]:
    """Every rule, recording and alerting."""
    return [
        rule
        for path in RULES
        for group in yaml.safe_load(path.read_text())["groups"]
        for rule in group["rules"]
    ]


def unknown(query: str, series: Series) -> Iterator[str]:
    """What a query asks for that neither a running worker shows nor a rule records."""
    names = recorded()
    for asked in _ASKED.finditer(query):
        name = asked["name"]
        if ":" in name:
            if name not in names:
                yield name
            continue
        if name not in series:
            yield name
            continue
        labels = _MATCHER.findall(_without_values(asked["matchers"] or ""))
        strange = set(labels) - series[name] - _TARGET_LABELS
        yield from (f"{name}{{{label}}}" for label in sorted(strange))


def _without_values(matchers: str) -> str:
    return re.sub(r'"[^"]*"', '""', matchers)
