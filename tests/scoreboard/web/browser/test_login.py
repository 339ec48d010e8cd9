"""Logging in, in Chromium; and the weekly page on paper."""

from pathlib import Path

import pytest
from playwright.sync_api import expect
from pydantic import SecretStr

from handlers.settings import Settings
from tests.scoreboard.web.browser.conftest import Watched
from tests.scoreboard.web.browser.test_each_page import grave_problems
from tests.scoreboard.web.served import Board, Served, serve

pytestmark = pytest.mark.slow

TOKEN = "a-token-of-some-length"  # noqa: S105 - guards nothing


def test_a_person_with_the_token_sees_the_page_they_asked_for(
    full: Board, watched: Watched, output: Path
) -> None:
    tab = watched.tab

    with serve(full, Settings(scoreboard_token=SecretStr(TOKEN))) as served:
        tab.goto(served.url + "/funnel?campaign=brand-search")
        focused = tab.evaluate("document.activeElement.name")
        form = grave_problems(watched)
        tab.screenshot(path=output / "login.png")
        tab.get_by_label("Token").fill("wrong")
        tab.get_by_role("button", name="Log in").click()
        expect(tab.get_by_role("alert")).to_contain_text("That is not the token")
        refused = grave_problems(watched)
        tab.get_by_label("Token").fill(TOKEN)
        tab.get_by_role("button", name="Log in").click()
        tab.locator("[data-live-state][data-state=on]").wait_for()
        there = tab.url
        readable = tab.evaluate("document.cookie")
        tab.get_by_role("button", name="Log out").click()
        tab.get_by_label("Token").wait_for()
        tab.goto(served.url + "/funnel")

    assert focused == "token"
    assert form == []
    assert refused == []
    assert there.endswith("/funnel?campaign=brand-search")
    assert readable == ""
    assert "/login?next=%2Ffunnel" in tab.url


def test_on_paper_there_are_the_five_lines_and_no_buttons(page: Served, watched: Watched) -> None:
    tab = watched.tab
    tab.goto(page.url + "/weekly")
    expect(tab.get_by_role("button", name="Print this page")).to_be_visible()

    tab.emulate_media(media="print")

    assert tab.locator(".headlines li").count() == 5
    assert not tab.get_by_role("navigation").is_visible()
    assert not tab.get_by_role("button", name="Print this page").is_visible()
    assert not tab.locator(".filters").is_visible()
