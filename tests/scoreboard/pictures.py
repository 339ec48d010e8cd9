"""``python -m tests.scoreboard.pictures``: the README's pictures, from a played company.

They are taken in a headless Chromium from the pages that everybody gets. The same seed plays the
same company; fonts are those of the machine.
"""

import argparse
import os
import shutil
import sys
import tempfile
from pathlib import Path

from playwright.sync_api import Browser, sync_playwright

from tests.handlers.simulate.fold import perform
from tests.scoreboard.web.served import Board, serve

SEED = 1
WEEKS = 26
LEADS = 3_000
FOLDER = Path(__file__).parents[2] / "docs" / "pictures"
PICTURES = {
    "overview": ("/", 1280, 860, "light"),
    "promises": ("/sla", 1280, 860, "dark"),
}
"""By name: the page, its size and its theme."""


def take(browser: Browser, url: str, folder: Path) -> None:
    """Take every picture."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, (path, width, height, theme) in PICTURES.items():
        context = browser.new_context(
            viewport={"width": width, "height": height},
            color_scheme="dark" if theme == "dark" else "light",
        )
        tab = context.new_page()
        tab.goto(url + path)
        tab.locator("[data-live-state][data-state=on]").wait_for()
        tab.screenshot(path=folder / f"{name}.png")
        context.close()


def main() -> int:
    """Play, serve, take the pictures. Returns the exit code."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", nargs="?", type=Path, default=FOLDER)
    folder: Path = parser.parse_args().folder
    path = shutil.which("chromium")
    if path is None:
        sys.stderr.write("There is no Chromium here (Debian: apt install chromium).\n")
        return 1
    arguments = ["--no-sandbox"] if os.geteuid() == 0 else []
    with tempfile.TemporaryDirectory() as place, sync_playwright() as playwright:
        board = Board(Path(place) / "board.sqlite")
        board.tell(perform(SEED, WEEKS, LEADS).values)
        browser = playwright.chromium.launch(executable_path=path, args=arguments)
        with serve(board) as served:
            take(browser, served.url, folder)
        browser.close()
        board.close()
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
