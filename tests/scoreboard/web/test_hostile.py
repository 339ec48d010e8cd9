"""Names that were chosen to break things are text on every page, in every table and address."""

import csv
import html
import io
from collections.abc import Iterator
from urllib.parse import quote

import pytest
from sqlalchemy import func, select

from handlers.scoreboard.tables import LEADS
from handlers.scoreboard.web.addresses import lead_href
from handlers.scoreboard.web.pages import PAGES
from tests.scoreboard.web.asking import ask
from tests.scoreboard.web.hostile import LEAD, NAMES, hostile
from tests.scoreboard.web.served import Board, Served, played, serve

pytestmark = pytest.mark.slow

PATHS = [*(page.href for page in PAGES), lead_href(LEAD)]


@pytest.fixture(scope="module")
def attacked(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    board = Board(tmp_path_factory.mktemp("hostile") / "board.sqlite")
    board.tell(hostile(played()))
    with serve(board) as served:
        yield served
    board.close()


@pytest.mark.parametrize("path", PATHS)
def test_no_name_becomes_markup(attacked: Served, path: str) -> None:
    answer = ask(attacked.url, path)

    assert answer.status == 200
    for name in (LEAD, *NAMES.values()):
        if "<" in name:
            assert name not in answer.text
    assert "<script>" not in answer.text
    assert "<svg onload" not in answer.text
    assert "<img" not in answer.text
    assert "</title><s" not in answer.text


def test_a_template_is_not_run_that_stands_in_a_name(attacked: Served) -> None:
    text = ask(attacked.url, "/leads").text

    assert "{{7*7}}" in html.unescape(text)
    assert "49;--" not in text


def test_a_lead_of_any_name_has_a_page_and_documents(attacked: Served) -> None:
    page = ask(attacked.url, lead_href(LEAD))
    document = ask(attacked.url, f"/lead.json?id={quote(LEAD)}", headers={})

    assert page.status == 200
    assert html.escape(LEAD, quote=False) in page.text.replace("&#39;", "'").replace("&#34;", '"')
    assert document.json["title"] == LEAD


def test_no_filter_becomes_sql(attacked: Served) -> None:
    for name, value in (*NAMES.items(), ("q", LEAD)):
        answer = ask(attacked.url, f"/leads.json?{name}={quote(value)}", headers={})
        assert answer.status == 200, name
    with attacked.board.engine.connect() as connection:
        assert connection.execute(select(func.count()).select_from(LEADS)).scalar_one() == 1

    found = ask(attacked.url, f"/leads.json?content={quote(NAMES['content'])}", headers={}).json
    refused = ask(attacked.url, "/leads.json?stage=%27%20OR%201=1%20--", headers={})
    unseen = ask(attacked.url, "/leads.json?q=a%00b", headers={})

    assert len(found["tables"][0]["rows"]) == 1
    assert refused.status == 400
    assert "stage is one of cold" in refused.json["error"]
    assert unseen.status == 400


def test_what_is_looked_for_is_no_pattern(attacked: Served) -> None:
    for pattern in ("%25", "_", "%5C"):
        rows = ask(attacked.url, f"/leads.json?q={pattern}zz", headers={}).json["tables"][0]["rows"]
        assert rows == []


def test_no_cell_of_a_spreadsheet_begins_a_formula(attacked: Served) -> None:
    seen = 0
    for page in PAGES:
        for table in ask(attacked.url, f"/{page.name}.json", headers={}).json["tables"]:
            text = ask(attacked.url, f"/{page.name}/{table['name']}.csv", headers={}).text
            kinds = {column["key"]: column["kind"] for column in table["columns"]}
            for row in csv.DictReader(io.StringIO(text)):
                for key, value in row.items():
                    if kinds.get(key) in {"text", "lead"}:
                        seen += value.startswith("'=")
                        assert not value.startswith(("=", "+", "-", "@", "\t", "\r"))

    assert seen > 0


@pytest.mark.parametrize("path", ["/leads/%00", "/leads/%ff%fe", "/leads/" + "x" * 5_000])
def test_an_address_that_no_lead_has_is_answered(attacked: Served, path: str) -> None:
    assert ask(attacked.url, path).status in {400, 404, 414}
