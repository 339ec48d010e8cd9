"""A headless Chromium, one for these tests: it is ended before others run.

Playwright's synchronous client keeps an event loop of its own running in the thread that uses it,
where others could then start none.
"""

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, ConsoleMessage, Error, Page, sync_playwright

REQUIRED = "BATON_REQUIRE_CHROMIUM"
NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
OUTPUT = Path(__file__).parents[4] / "test-output" / "scoreboard"
DESK = {"width": 1280, "height": 900}
PHONE = {"width": 390, "height": 844}


@pytest.fixture(scope="package")
def browser() -> Iterator[Browser]:
    """Chromium as this machine has it."""
    path = next(filter(None, map(shutil.which, NAMES)), None)
    if path is None:
        message = "no Chromium on this machine (Debian: apt install chromium)"
        if os.environ.get(REQUIRED) == "1":
            pytest.fail(f"{REQUIRED}=1, but: {message}", pytrace=False)
        pytest.skip(message)
    # Its sandbox does not work for root, as which containers run.
    arguments = ["--no-sandbox"] if os.geteuid() == 0 else []
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=path, args=arguments)
        yield chromium
        chromium.close()


class Watched:
    """A tab, and whatever went wrong in it."""

    def __init__(self, tab: Page) -> None:
        self.tab = tab
        self.problems: list[str] = []
        tab.on("console", self._said)
        tab.on("pageerror", self._failed)
        tab.add_init_script(
            "addEventListener('securitypolicyviolation', (event) =>"
            " console.error('policy: ' + event.violatedDirective))"
        )

    def _said(self, message: ConsoleMessage) -> None:
        if message.type in {"error", "warning"}:
            self.problems.append(message.text)

    def _failed(self, error: Error) -> None:
        self.problems.append(str(error))


@pytest.fixture
def watched(browser: Browser) -> Iterator[Watched]:
    """A fresh tab that nobody was logged in with."""
    context = browser.new_context(viewport=DESK, color_scheme="light")  # type: ignore[arg-type]  # its own name for a size
    yield Watched(context.new_page())
    context.close()


@pytest.fixture(scope="session")
def output() -> Path:
    """Where pictures stay after the tests."""
    OUTPUT.mkdir(parents=True, exist_ok=True)
    return OUTPUT
