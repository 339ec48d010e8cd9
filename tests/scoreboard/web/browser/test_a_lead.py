"""A lead's timeline in Chromium: found by its id, told in full, and up to date."""

from pathlib import Path

import pytest
from playwright.sync_api import Dialog, expect
from sqlalchemy import Connection, func, select

from handlers.scoreboard.tables import CLOCKS, FACTS, LEADS
from handlers.scoreboard.web.addresses import lead_href
from tests.scoreboard.web.browser.conftest import PHONE, Watched
from tests.scoreboard.web.browser.test_each_page import grave_problems, widths
from tests.scoreboard.web.hostile import LEAD, hostile
from tests.scoreboard.web.served import Board, Served, played, serve

pytestmark = pytest.mark.slow


def richest(connection: Connection) -> str:
    """The lead that most was told of."""
    asked = select(LEADS.c.lead_id).order_by(LEADS.c.seq.desc(), LEADS.c.lead_id).limit(1)
    return str(connection.execute(asked).scalar_one())


def test_a_lead_is_found_and_its_story_told_in_full(
    page: Served, watched: Watched, output: Path
) -> None:
    tab = watched.tab
    with page.board.engine.connect() as connection:
        lead = richest(connection)
        told = [
            connection.execute(
                select(func.count()).select_from(table).where(table.c.lead_id == lead)
            ).scalar_one()
            for table in (FACTS, CLOCKS)
        ]

    tab.goto(page.url + "/leads")
    tab.get_by_role("searchbox").fill(lead[2:])
    tab.get_by_role("button", name="Search").click()
    tab.get_by_role("link", name=lead).click()
    tab.locator("[data-live-state][data-state=on]").wait_for()

    assert tab.locator("h1").inner_text() == lead
    assert tab.locator("nav a[aria-current=page]").inner_text() == "Leads"
    assert tab.locator(".event").count() == told[0]
    assert tab.locator(".lane rect:not(.bed)").count() >= told[1]
    assert grave_problems(watched) == []
    tab.screenshot(path=output / "lead.png")

    tab.locator(".event summary").first.click()
    receipt = tab.locator(".receipt").first
    expect(receipt).to_be_visible()
    expect(receipt).to_contain_text("under definition")

    tab.set_viewport_size(PHONE)  # type: ignore[arg-type]  # its own name for a size
    scrolled, narrow = widths(watched)
    assert scrolled <= narrow
    assert watched.problems == []


def test_a_lead_gets_on_while_somebody_looks(own: Board, watched: Watched) -> None:
    facts = hostile(played())
    own.tell(facts[:-3])
    tab = watched.tab

    with serve(own) as served:
        tab.goto(served.url + lead_href(LEAD))
        tab.locator("[data-live-state][data-state=on]").wait_for()
        tab.locator(".event summary").first.click()
        served.tell(facts[-3:])
        expect(tab.locator(".event")).to_have_count(len(facts))
        still_open = tab.locator(".event details").first.get_attribute("open")

    assert still_open is not None
    assert tab.locator("h1").inner_text() == LEAD
    assert watched.problems == []


@pytest.mark.parametrize("path", ["/", "/verdicts", "/funnel", "/leads", "/content", "/voice"])
def test_names_that_were_chosen_to_run_do_not_run(own: Board, watched: Watched, path: str) -> None:
    own.tell(hostile(played()))
    asked: list[str] = []

    def answer(dialog: Dialog) -> None:
        asked.append(dialog.message)
        dialog.dismiss()

    watched.tab.on("dialog", answer)

    with serve(own) as served:
        watched.tab.goto(served.url + path)
        watched.tab.locator("[data-live-state][data-state=on]").wait_for()

    assert asked == []
    assert not [one for one in watched.problems if "policy" in one]
