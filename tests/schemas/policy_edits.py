"""The shipped policy with something changed, as text."""

import json
from collections.abc import Callable
from typing import Any

from schemas.policy import shipped_text
from schemas.policy_text import read

Edit = Callable[[dict[str, Any]], object]

SHIPPED = json.dumps(read(shipped_text()))


def edited(*edits: Edit) -> str:
    tree = json.loads(SHIPPED)
    for edit in edits:
        edit(tree)
    return json.dumps(tree)


def put(path: str, value: object) -> Edit:
    """Return an edit that puts a value at a place such as ``routes.0.team``."""

    def edit(tree: dict[str, Any]) -> None:
        place: Any = tree
        *steps, last = path.split(".")
        for step in steps:
            place = place[int(step)] if isinstance(place, list) else place[step]
        place[last] = value

    return edit


def drop(path: str) -> Edit:
    def edit(tree: dict[str, Any]) -> None:
        *steps, last = path.split(".")
        place: Any = tree
        for step in steps:
            place = place[step]
        del place[last]

    return edit
