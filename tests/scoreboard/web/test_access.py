"""Who may see the page, without a server around it."""

import pytest

from handlers.scoreboard.web.access import COOKIE, STAYS_SECONDS, Access, safe_next

TOKEN = "a-token-of-some-length"  # noqa: S105 - guards nothing


def guard(token: str = TOKEN, proxy_header: str = "", now_ms: int = 1_000_000) -> Access:
    return Access(token, proxy_header, "127.0.0.1", lambda: now_ms)


def allows(access: Access, host: str = "board.example", **headers: str) -> bool:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return access.allows(named, {}, host)


def test_without_a_token_this_machine_sees_the_page() -> None:
    open_access = guard(token="")

    assert open_access.allows({}, {}, "127.0.0.1:9110")
    assert open_access.allows({}, {}, "localhost:9110")
    assert open_access.allows({}, {}, "[::1]:9110")
    assert open_access.allows({}, {}, "[::1]")


def test_a_name_that_somebody_else_points_here_is_turned_away() -> None:
    assert not guard(token="").allows({}, {}, "evil.example:9110")
    assert not guard(token="").allows({}, {}, "127.0.0.1.evil.example")


def test_the_token_lets_in_and_nothing_like_it_does() -> None:
    assert allows(guard(), Authorization=f"Bearer {TOKEN}")
    assert allows(guard(), Authorization=f"bearer {TOKEN}")

    assert not allows(guard())
    assert not allows(guard(), Authorization=TOKEN)
    assert not allows(guard(), Authorization=f"Bearer {TOKEN}x")
    assert not allows(guard(), Authorization=f"Bearer {TOKEN[:-1]}")
    assert not allows(guard(), Authorization="Bearer ")
    assert not allows(guard(), Authorization="Bearer \u00e9\u20ac")


def test_whom_the_proxy_names_may_see_and_nobody_else() -> None:
    behind = guard(token="", proxy_header="X-Forwarded-User")

    assert allows(behind, X_Forwarded_User="ana")
    assert not allows(behind)
    assert not allows(behind, X_Forwarded_User="  ")
    assert not allows(behind, Authorization="Bearer ")


def test_without_a_proxy_configured_its_header_lets_nobody_in() -> None:
    assert not allows(guard(), X_Forwarded_User="ana")


def test_a_login_holds_for_a_while_and_not_longer() -> None:
    cookie = guard().cookie()

    def seen(now_ms: int) -> bool:
        return guard(now_ms=now_ms).allows({}, {COOKIE: cookie}, "board.example")

    assert seen(1_000_000)
    assert seen(1_000_000 + (STAYS_SECONDS - 1) * 1_000)
    assert not seen(1_000_000 + STAYS_SECONDS * 1_000)


@pytest.mark.parametrize(
    "forge",
    [
        lambda until, signature: f"{int(until) + 1}.{signature}",
        lambda until, signature: f"{until}.{signature[:-1]}0",
        lambda until, _: until,
        lambda until, _: f"{until}.",
        lambda _, signature: f".{signature}",
        lambda _, signature: f"-1.{signature}",
        lambda until, signature: f"{until}\u0663.{signature}",
        lambda *_: "",
        lambda *_: "\u00e9.\u00e9",
    ],
)
def test_a_cookie_that_was_not_given_here_lets_nobody_in(forge: object) -> None:
    until, _, signature = guard().cookie().partition(".")
    assert callable(forge)
    forged = forge(until, signature)

    assert forged == f"{until}.{signature}" or not guard().allows({}, {COOKIE: forged}, "h")


def test_another_token_ends_every_login() -> None:
    cookie = guard().cookie()

    assert not guard(TOKEN[::-1]).allows({}, {COOKIE: cookie}, "board.example")


def test_the_cookie_does_not_tell_the_token() -> None:
    assert TOKEN not in guard().cookie()


@pytest.mark.parametrize("path", ["/", "/funnel?campaign=spring", "/leads/a%2Fb"])
def test_after_the_login_one_is_where_one_wanted_to_be(path: str) -> None:
    assert safe_next(path) == path


@pytest.mark.parametrize(
    "path", ["https://evil.example", "//evil.example", "/\\evil.example", "", "/a\nSet-Cookie: b"]
)
def test_a_login_leads_nobody_elsewhere(path: str) -> None:
    assert safe_next(path) == "/"
