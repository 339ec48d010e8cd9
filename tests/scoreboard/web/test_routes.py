"""Every page over HTTP: as a page, as JSON and as CSV, with filters, and with what goes wrong."""

import csv
import io

import pytest
from sqlalchemy import func, select

from handlers.scoreboard.standing import FILLING
from handlers.scoreboard.tables import LEADS
from handlers.scoreboard.web.pages import PAGES
from handlers.scoreboard.web.view import Page
from tests.scoreboard.web.asking import ask
from tests.scoreboard.web.served import Board, Served, serve

pytestmark = pytest.mark.slow

EACH = pytest.mark.parametrize("one", PAGES, ids=[page.name for page in PAGES])

FILTERED = pytest.mark.parametrize(
    "one", [page for page in PAGES if page.filtered], ids=lambda page: page.name
)


@EACH
def test_each_page_is_html_that_its_policy_can_hold(page: Served, one: Page) -> None:
    answer = ask(page.url, one.href)

    assert answer.status == 200
    assert answer.headers["Content-Type"] == "text/html; charset=utf-8"
    assert f"<title>{one.title} · Baton</title>" in answer.text
    assert "<script>" not in answer.text
    assert " style=" not in answer.text
    assert " onclick=" not in answer.text


@EACH
def test_each_page_is_json_too(page: Served, one: Page) -> None:
    answer = ask(page.url, f"/{one.name}.json", headers={})

    assert answer.status == 200
    assert answer.headers["Content-Type"].startswith("application/json")
    assert answer.json["page"] == one.name
    assert answer.json["as_of"].endswith("Z")
    assert answer.json["tables"]


def test_the_verdicts_as_json_are_all_that_the_tables_have(page: Served) -> None:
    document = ask(page.url, "/verdicts.json", headers={}).json
    rows = [row for table in document["tables"] for row in table["rows"]]

    assert rows
    assert [one["says"] for one in document["verdicts"]] == [row["says"] for row in rows]


@EACH
def test_each_table_of_each_page_is_csv_with_the_same_rows(page: Served, one: Page) -> None:
    document = ask(page.url, f"/{one.name}.json", headers={}).json

    for table in document["tables"]:
        answer = ask(page.url, f"/{one.name}/{table['name']}.csv", headers={})

        assert answer.status == 200, table["name"]
        assert answer.headers["Content-Type"].startswith("text/csv")
        assert f"{table['name']}.csv" in answer.headers["Content-Disposition"]
        head, *rows = csv.reader(io.StringIO(answer.text))
        assert len(rows) == len(table["rows"])
        assert {len(row) for row in rows} <= {len(head)}


@EACH
def test_each_page_says_what_to_do_when_there_is_nothing(own: Board, one: Page) -> None:
    with serve(own) as empty:
        answer = ask(empty.url, one.href)
        document = ask(empty.url, f"/{one.name}.json", headers={})

    assert answer.status == 200
    assert "baton " in answer.text
    assert document.status == 200
    assert document.json["as_of"] is None


@FILTERED
def test_filters_of_an_address_reach_each_page(page: Served, one: Page) -> None:
    query = "campaign=brand-search&rep=nobody&since_week=2020-01-01"

    answer = ask(page.url, f"{one.href}?{query}")
    document = ask(page.url, f"/{one.name}.json?{query}", headers={}).json

    assert answer.status == 200
    assert '<option value="brand-search" selected>' in answer.text
    assert '<option value="nobody" selected>' in answer.text
    assert document["filters"] == {
        "campaign": "brand-search",
        "rep": "nobody",
        "since_week": "2019-12-30",
    }


@FILTERED
def test_a_filter_that_means_nothing_is_told_in_a_sentence(page: Served, one: Page) -> None:
    answer = ask(page.url, f"{one.href}?since_week=yesterday")
    document = ask(page.url, f"/{one.name}.json?since_week=yesterday", headers={})

    assert answer.status == 400
    assert "since_week wants a day as YYYY-MM-DD" in answer.text
    assert document.status == 400
    assert "since_week wants a day" in document.json["error"]


def test_the_head_of_a_page_tells_what_sql_gives(page: Served, full: Board) -> None:
    with full.engine.connect() as connection:
        leads, facts = connection.execute(select(func.count(), func.sum(LEADS.c.seq))).one()

    document = ask(page.url, "/leads.json", headers={}).json

    assert (document["leads"], document["facts"]) == (leads, facts)


def test_while_tables_are_filled_a_page_says_how_far_it_is(own: Board) -> None:
    own.note(FILLING, '{"since": 0, "ends": {"0": 8}}')

    with serve(own) as filling:
        answer = ask(filling.url, "/funnel")

    assert "Reading again from the beginning." in answer.text
    assert 'value="0.0000"' in answer.text


def test_what_is_not_here_is_said_in_a_sentence(page: Served) -> None:
    assert "There is no such page." in ask(page.url, "/nothing").text
    assert ask(page.url, "/nothing").status == 404
    assert ask(page.url, "/leads/no-such-lead").status == 404
    assert "No fact tells of a lead" in ask(page.url, "/leads/no-such-lead").text
    assert ask(page.url, "/lead.json", headers={}).status == 404
    assert ask(page.url, "/static/nothing.js").status == 404
    assert ask(page.url, "/static/..%2Fsite.py").status == 404

    missing = ask(page.url, "/funnel/nothing.csv", headers={})

    assert missing.status == 404
    assert "it has: steps" in missing.json["error"]


def test_a_page_can_only_be_read(page: Served) -> None:
    answer = ask(page.url, "/funnel", method="POST", body="")

    assert answer.status == 405
    assert "GET" in answer.headers["Allow"]


def test_what_a_page_groups_by_is_one_of_a_few(page: Served) -> None:
    assert ask(page.url, "/funnel?by=week").status == 200

    answer = ask(page.url, "/funnel?by=lead_id;drop")

    assert answer.status == 400
    assert "by is one of campaign" in answer.text


def test_the_time_that_pages_take_is_told_by_their_names(full: Board) -> None:
    told: list[tuple[str, int]] = []
    with serve(full, on_page=lambda name, status, _: told.append((name, status))) as served:
        ask(served.url, "/funnel")
        ask(served.url, "/funnel.json?since_week=x", headers={})
        ask(served.url, "/nothing")

    assert told == [("funnel", 200), ("funnel.json", 400)]


def test_a_database_that_is_gone_is_told_and_nothing_of_it_shown(own: Board) -> None:
    own.drop_tables()

    with serve(own) as served:
        answer = ask(served.url, "/funnel")

    assert answer.status == 503
    assert "database does not answer" in answer.text
    assert "SELECT" not in answer.text


def test_static_files_are_kept_by_a_browser_until_they_change(page: Served) -> None:
    html = ask(page.url, "/funnel").text
    address = html.split('href="/static/scoreboard.css?')[1].split('"')[0]

    answer = ask(page.url, f"/static/scoreboard.css?{address}")

    assert answer.status == 200
    assert answer.headers["Content-Type"].startswith("text/css")
    assert "immutable" in answer.headers["Cache-Control"]
    assert "immutable" not in ask(page.url, "/static/scoreboard.css?old").headers["Cache-Control"]
