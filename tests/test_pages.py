"""The README and the pages under docs/: no dependency without a reason, no link into nothing."""

import re
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PAGES = [*sorted(ROOT.glob("*.md")), *sorted(ROOT.glob("docs/*.md"))]
PLACES = re.compile(r"\]\((?!https?:)([^)#\s]*)(?:#([^)\s]+))?\)")
DEPENDENCIES = re.compile(r"^## Dependencies\n(.*?)^## ", re.DOTALL | re.MULTILINE)


def anchors(page: Path) -> set[str]:
    """What a heading is linked by, as sites that show repositories make it of its words."""
    titles = re.findall(r"^#+ (.+)$", page.read_text(encoding="utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", title).strip().lower().replace(" ", "-") for title in titles}


def test_the_readme_gives_each_dependency_a_reason_and_names_no_other() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    extras = project["optional-dependencies"]
    wanted = [*project["dependencies"], *(name for extra in extras.values() for name in extra)]
    section = DEPENDENCIES.search((ROOT / "README.md").read_text(encoding="utf-8"))
    assert section is not None

    rows = re.findall(r"^\| ([^|]+) \| ([^|]+) \|", section[1], re.MULTILINE)
    told = {
        re.sub(r" \(.*\)", "", name).strip()
        for names, _reason in rows
        if names not in {"package", "---"}
        for name in names.split(",")
    }

    assert told - {"---"} == {re.split(r"[<>=~\[]", name)[0] for name in wanted}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_link_of_a_page_leads_to_something(page: Path) -> None:
    for path, anchor in PLACES.findall(page.read_text(encoding="utf-8")):
        target = (page.parent / path).resolve() if path else page

        assert target.exists(), path
        assert not anchor or anchor in anchors(target), f"{path}#{anchor}"


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_path_that_a_page_names_is_there(page: Path) -> None:
    folders = "lifecycle|schemas|events|handlers|deploy|tests|docs|requirements"
    named = re.findall(rf"`((?:{folders})/[\w./-]*)`", page.read_text(encoding="utf-8"))

    assert [path for path in named if not (ROOT / path).exists()] == []
