"""Each page in Chromium: without an error, for everybody to read, on a desk and on a phone."""

from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe  # type: ignore[import-untyped]  # has none

from handlers.scoreboard.web.pages import PAGES
from handlers.scoreboard.web.view import Page
from tests.scoreboard.web.browser.conftest import DESK, PHONE, Watched
from tests.scoreboard.web.served import Served

pytestmark = pytest.mark.slow

GRAVE = {"serious", "critical"}


TOP = {"x": 0, "y": 0, "width": 1280, "height": 2400}
EVERYTHING = {"resultTypes": ["violations"]}
CONTRAST = {"runOnly": ["color-contrast"], "resultTypes": ["violations"]}


SAMPLE = {"exclude": [["tbody tr:nth-child(n+4)"]]}
"""Rows are all made alike: a few of each table show what axe would say to hundreds."""


def grave_problems(watched: Watched, options: dict[str, list[str]] = EVERYTHING) -> list[str]:
    """What axe finds that keeps somebody from reading the page."""
    found = Axe().run(watched.tab, context=SAMPLE, options=options).response["violations"]
    return [
        f"{one['id']}: {node['target']} {node['failureSummary']}"
        for one in found
        if one["impact"] in GRAVE
        for node in one["nodes"]
    ]


def widths(watched: Watched) -> tuple[int, int]:
    told = watched.tab.evaluate("[document.documentElement.scrollWidth, innerWidth]")
    return told[0], told[1]


@pytest.mark.parametrize("one", PAGES, ids=lambda one: one.name)
def test_a_page_is_for_everybody(page: Served, watched: Watched, output: Path, one: Page) -> None:
    tab = watched.tab

    tab.goto(page.url + one.href)
    tab.locator("[data-live-state][data-state=on]").wait_for()
    light = grave_problems(watched)
    tab.screenshot(path=output / f"{one.name}.png", full_page=True, clip=TOP)  # type: ignore[arg-type]  # its own name for a place
    tab.emulate_media(color_scheme="dark")
    dark = grave_problems(watched, CONTRAST)
    tab.screenshot(path=output / f"{one.name}-dark.png")
    tab.set_viewport_size(PHONE)  # type: ignore[arg-type]  # its own name for a size
    scrolled, narrow = widths(watched)
    tab.screenshot(path=output / f"{one.name}-phone.png")
    tab.set_viewport_size(DESK)  # type: ignore[arg-type]  # as above

    assert tab.title() == f"{one.title} · Baton"
    assert tab.locator("h1").inner_text()
    assert tab.locator("nav a[aria-current=page]").inner_text() == one.title
    assert light == []
    assert dark == []
    assert scrolled <= narrow
    assert watched.problems == []


def test_what_is_chosen_by_keyboard_is_seen(page: Served, watched: Watched) -> None:
    tab = watched.tab
    tab.goto(page.url + "/funnel")

    seen = []
    for _ in range(25):
        tab.keyboard.press("Tab")
        seen.append(
            tab.evaluate(
                "(() => { const it = document.activeElement, box = it.getBoundingClientRect(),"
                " look = getComputedStyle(it);"
                " return [it.tagName, look.outlineStyle, box.width * box.height] })()"
            )
        )

    assert {name for name, *_ in seen} >= {"A", "SUMMARY", "BUTTON", "DIV"}
    for name, outline, area in seen:
        assert outline == "solid", name
        assert area > 0, name


def test_the_first_key_leads_past_the_menu_to_the_numbers(page: Served, watched: Watched) -> None:
    tab = watched.tab
    tab.goto(page.url + "/funnel")

    tab.keyboard.press("Tab")
    tab.keyboard.press("Enter")

    assert tab.evaluate("document.activeElement.id") == "content"


def test_a_theme_that_was_chosen_stays(page: Served, watched: Watched) -> None:
    tab = watched.tab
    tab.goto(page.url + "/funnel")
    paper = "getComputedStyle(document.body).backgroundColor"
    by_system = tab.evaluate(paper)

    tab.get_by_role("button", name="Theme: auto").click()
    light = tab.evaluate(paper)
    tab.get_by_role("button", name="Theme: light").click()
    dark = tab.evaluate(paper)
    tab.reload()

    assert light == by_system
    assert dark != light
    assert tab.evaluate(paper) == dark
    assert tab.get_by_role("button", name="Theme: dark").is_visible()


def test_nothing_that_is_not_ours_runs_in_a_page(page: Served, watched: Watched) -> None:
    tab = watched.tab
    tab.goto(page.url + "/funnel")

    tab.evaluate(
        "() => { const it = document.createElement('script'); it.textContent = 'window.ran = 1';"
        " document.body.append(it); }"
    )

    assert tab.evaluate("window.ran") is None
    assert any("policy: script-src" in one for one in watched.problems)


def test_without_its_script_a_page_tells_the_same(page: Served, watched: Watched) -> None:
    context = watched.tab.context.browser.new_context(java_script_enabled=False)  # type: ignore[union-attr]  # a tab has a browser
    plain = context.new_page()

    plain.goto(page.url + "/funnel")

    assert plain.locator("#steps tbody tr").count() == 7
    context.close()
