"""Writes the sentences of every number into docs/numbers.md.

``python -m tests.scoreboard.numbers_page`` does; what stands outside of the markers is by hand.
"""

import re
from pathlib import Path
from typing import Final

from handlers.scoreboard.web.pages import DEFINITIONS

PAGE: Final = Path(__file__).parents[2] / "docs" / "numbers.md"
_BEGIN: Final = "<!-- numbers -->"
_END: Final = "<!-- /numbers -->"


def sentences() -> str:
    """Return the numbers of each page with their definitions, as the pages show them."""
    parts = []
    for page, definitions in DEFINITIONS.items():
        parts.append(f"## {page}")
        parts.append("\n".join(f"- **{name}**: {text}" for name, text in definitions.items()))
    return "\n\n".join(parts)


def renewed(page: str) -> str:
    """Return the page with the sentences as they are now."""
    told = f"{_BEGIN}\n{sentences()}\n{_END}"
    return re.sub(f"{_BEGIN}.*{_END}", lambda _: told, page, flags=re.DOTALL)


if __name__ == "__main__":
    PAGE.write_text(renewed(PAGE.read_text(encoding="utf-8")), encoding="utf-8")
