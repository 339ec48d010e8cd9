"""What a page shows is what SQL gives, with filters, and with facts that come while it is open."""

import re

import pytest
from playwright.sync_api import expect
from sqlalchemy import ColumnElement, func, select

from handlers.scoreboard.tables import LEADS, STEPS
from tests.scoreboard.web.browser.conftest import Watched
from tests.scoreboard.web.served import Board, Served, played, serve

pytestmark = pytest.mark.slow


def counted(board: Board, *clauses: ColumnElement[bool]) -> list[int]:
    """How many leads came at least as far as each step, told by the table."""
    with board.engine.connect() as connection:
        return [
            connection.execute(
                select(func.count()).select_from(LEADS).where(LEADS.c.step >= place, *clauses)
            ).scalar_one()
            for place in range(len(STEPS))
        ]


def drawn(watched: Watched) -> list[int]:
    texts = watched.tab.locator(".funnel-step .figure").all_inner_texts()
    return [int(text.replace(",", "")) for text in texts]


def test_the_funnel_shows_what_the_tables_hold(page: Served, watched: Watched) -> None:
    watched.tab.goto(page.url + "/funnel")

    assert drawn(watched) == counted(page.board)


def test_a_filter_is_chosen_in_the_form_and_stands_in_the_address(
    page: Served, watched: Watched
) -> None:
    tab = watched.tab
    tab.goto(page.url + "/funnel")

    tab.locator("summary", has_text="Filters").click()
    tab.get_by_role("combobox", name="Campaign").select_option("brand-search")
    tab.get_by_role("button", name="Apply").click()
    expect(tab).to_have_url(re.compile("campaign=brand-search"))

    assert drawn(watched) == counted(page.board, LEADS.c.arrival_campaign == "brand-search")
    assert tab.locator(".chip").inner_text().startswith("Campaign brand-search")

    tab.locator(".chip").click()
    expect(tab).to_have_url(page.url + "/funnel")

    assert drawn(watched) == counted(page.board)


def test_a_name_in_a_table_narrows_the_page_to_it(page: Served, watched: Watched) -> None:
    tab = watched.tab
    tab.goto(page.url + "/funnel")

    tab.locator("#by-campaign tbody th a", has_text="brand-search").click()

    assert "campaign=brand-search" in tab.url
    assert drawn(watched) == counted(page.board, LEADS.c.arrival_campaign == "brand-search")


def test_a_filter_goes_along_to_the_next_page(page: Served, watched: Watched) -> None:
    tab = watched.tab
    tab.goto(page.url + "/funnel?campaign=brand-search")

    tab.get_by_role("navigation").get_by_text("Leads").click()

    assert tab.url.endswith("/leads?campaign=brand-search")


def test_new_facts_appear_without_a_reload(own: Board, watched: Watched) -> None:
    facts = played()
    half = len(facts) // 2
    own.tell(facts[:half])
    tab = watched.tab

    with serve(own) as served:
        tab.goto(served.url + "/funnel")
        tab.locator("[data-live-state][data-state=on]").wait_for()
        tab.evaluate("window.loadedOnce = true")
        before = drawn(watched)
        tab.locator("summary", has_text="Filters").focus()
        served.tell(facts[half:])
        expect(tab.locator(".as-of")).to_contain_text(f"{len(facts):,}")
        after = drawn(watched)
        still_focused = tab.evaluate("document.activeElement.tagName")
        same_document = tab.evaluate("window.loadedOnce")

    assert before != after
    assert after == counted(own)
    assert same_document is True
    assert still_focused == "SUMMARY"
    assert watched.problems == []


def test_a_page_that_lost_its_server_says_so(own: Board, watched: Watched) -> None:
    own.tell(played()[:500])

    with serve(own) as served:
        watched.tab.goto(served.url + "/funnel")
        watched.tab.locator("[data-live-state][data-state=on]").wait_for()

    expect(watched.tab.locator("[data-live-state][data-state=off]")).to_be_visible()
