"""Without the token no data comes from any address, and what comes is safe in a browser."""

import json
from collections.abc import Iterator

import pytest
from pydantic import SecretStr

from handlers.scoreboard.web.access import COOKIE
from handlers.scoreboard.web.pages import PAGES
from handlers.settings import Settings
from tests.scoreboard.web.asking import HTML, ask, send_form
from tests.scoreboard.web.served import Board, Served, serve

pytestmark = pytest.mark.slow

TOKEN = "a-token-of-some-length"  # noqa: S105 - guards nothing
GUARDED = Settings(scoreboard_token=SecretStr(TOKEN))
BEHIND = Settings(scoreboard_proxy_header="X-Forwarded-User")
ADDRESSES = [
    *(page.href for page in PAGES),
    *(f"/{page.name}.json" for page in PAGES),
    "/leads/any",
    "/lead.json?id=any",
    "/lead/timeline.csv?id=any",
    "/funnel/steps.csv",
    "/news",
    "/metrics",
    "/nothing",
    "/login/../funnel.json",
    "/static/../funnel.json",
    "/static%2F..%2Ffunnel.json",
    "//funnel.json",
    "/LOGIN",
]


@pytest.fixture(scope="module")
def guarded(full: Board) -> Iterator[Served]:
    with serve(full, GUARDED) as served:
        yield served


@pytest.fixture(scope="module")
def behind(full: Board) -> Iterator[Served]:
    with serve(full, BEHIND) as served:
        yield served


@pytest.mark.parametrize("whose", ["guarded", "behind"])
@pytest.mark.parametrize("path", ADDRESSES)
def test_nothing_is_given_to_somebody_unknown(
    request: pytest.FixtureRequest, whose: str, path: str
) -> None:
    served: Served = request.getfixturevalue(whose)

    as_program = ask(served.url, path, headers={})
    as_browser = ask(served.url, path)
    written = ask(served.url, path, method="POST", body="")

    assert as_program.status == 401
    assert set(as_program.json) == {"error"}
    assert as_browser.status in {303, 401}
    assert written.status == 401
    for answer in (as_program, as_browser, written):
        assert b"brand-search" not in answer.body
        assert b"campaign" not in answer.body


def test_a_program_brings_the_token(guarded: Served) -> None:
    right = ask(guarded.url, "/funnel.json", headers={"Authorization": f"Bearer {TOKEN}"})
    wrong = ask(guarded.url, "/funnel.json", headers={"Authorization": "Bearer wrong"})

    assert right.status == 200
    assert wrong.status == 401
    assert wrong.headers["WWW-Authenticate"].startswith("Bearer")


def test_whom_the_proxy_names_is_let_in(behind: Served) -> None:
    assert ask(behind.url, "/funnel", headers=HTML | {"X-Forwarded-User": "ana"}).status == 200
    assert ask(behind.url, "/login").status == 303


def test_a_person_logs_in_and_goes_where_they_wanted(guarded: Served) -> None:
    away = ask(guarded.url, "/funnel?campaign=brand-search")
    form = ask(guarded.url, away.headers["Location"])
    refused = send_form(guarded.url, "/login", "token=wrong&next=%2Ffunnel")
    let_in = send_form(guarded.url, "/login", f"token={TOKEN}&next=%2Ffunnel")
    cookie = let_in.headers["Set-Cookie"]
    seen = ask(guarded.url, "/funnel", headers=HTML | {"Cookie": cookie.split(";")[0]})
    out = ask(guarded.url, "/logout", headers={"Cookie": cookie.split(";")[0]}, method="POST")

    assert away.status == 303
    assert away.headers["Location"] == "/login?next=%2Ffunnel%3Fcampaign%3Dbrand-search"
    assert 'name="next" value="/funnel?campaign=brand-search"' in form.text
    assert refused.status == 401
    assert "That is not the token" in refused.text
    assert "Set-Cookie" not in refused.headers
    assert (let_in.status, let_in.headers["Location"]) == (303, "/funnel")
    assert {"HttpOnly", "SameSite=Strict", "Path=/"} <= set(cookie.split("; "))
    assert TOKEN not in cookie
    assert seen.status == 200
    assert f'{COOKIE}=""' in out.headers["Set-Cookie"]


def test_a_login_leads_nobody_to_another_host(guarded: Served) -> None:
    answer = send_form(guarded.url, "/login", f"token={TOKEN}&next=%2F%2Fevil.example")

    assert answer.headers["Location"] == "/"


def test_over_tls_the_cookie_is_for_tls_alone(guarded: Served) -> None:
    form = {"Content-Type": "application/x-www-form-urlencoded", "X-Forwarded-Proto": "https"}
    answer = ask(guarded.url, "/login", headers=form, method="POST", body=f"token={TOKEN}")

    assert "Secure" in answer.headers["Set-Cookie"].split("; ")


def test_another_name_for_this_machine_is_refused_where_nobody_needs_a_token(page: Served) -> None:
    answer = ask(page.url, "/funnel.json", headers={"Host": "evil.example"})

    assert answer.status == 403
    assert "localhost" in json.loads(answer.body)["error"]


@pytest.mark.parametrize(
    "path", ["/funnel", "/funnel.json", "/nothing", "/static/scoreboard.js", "/login", "/news"]
)
def test_every_answer_says_what_a_browser_may_do_with_it(guarded: Served, path: str) -> None:
    headers = ask(guarded.url, path).headers

    policy = headers["Content-Security-Policy"]
    assert policy.startswith("default-src 'none'; ")
    assert "unsafe" not in policy
    assert "frame-ancestors 'none'" in policy
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Referrer-Policy"] == "no-referrer"
    assert "Python" not in headers["Server"]


def test_data_is_kept_by_nobody_on_the_way(page: Served) -> None:
    for path in ("/funnel", "/funnel.json", "/funnel/steps.csv"):
        assert ask(page.url, path).headers["Cache-Control"] == "no-store"
