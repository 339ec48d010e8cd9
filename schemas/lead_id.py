"""What a lead id may be: opaque, printable, and nobody's address."""

import re
from typing import Final

LEAD_ID_CHARACTERS_MAX: Final = 128

_ADDRESS: Final = re.compile(r"[^\s@/]@[^\s@/]+\.[^\s@/.]").search


def like_an_address(text: str) -> bool:
    """Tell whether a text has an email address in it, also with its @ escaped for a url."""
    if "@" in text:
        return _ADDRESS(text) is not None
    return "%40" in text and _ADDRESS(text.replace("%40", "@")) is not None


def lead_id_fault(lead_id: str) -> str | None:
    """Say what is wrong with a lead id, in words; None if it will do."""
    if len(lead_id) > LEAD_ID_CHARACTERS_MAX:
        return f"longer than {LEAD_ID_CHARACTERS_MAX} characters"
    if not lead_id.isprintable() or lead_id.isspace():
        return "has unprintable characters, or is blank"
    if lead_id.startswith("~"):
        return "starts with ~, which is kept for messages that have no lead"
    if like_an_address(lead_id):
        return "looks like an email address; lead ids have to be opaque"
    return None
