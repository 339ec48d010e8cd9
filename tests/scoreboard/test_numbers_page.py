"""The page of the numbers says what the numbers say of themselves."""

from handlers.scoreboard.web.pages import DEFINITIONS
from tests.scoreboard.numbers_page import PAGE, renewed


def test_the_page_is_not_stale() -> None:
    page = PAGE.read_text(encoding="utf-8")

    assert page == renewed(page), "run `python -m tests.scoreboard.numbers_page`"


def test_every_number_is_on_the_page() -> None:
    page = PAGE.read_text(encoding="utf-8")

    for definitions in DEFINITIONS.values():
        assert definitions
        for name, text in definitions.items():
            assert f"**{name}**: {text}" in page
