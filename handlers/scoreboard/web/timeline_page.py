"""A lead's timeline (to come)."""

from handlers.scoreboard.web.view import Asked, Page, View


def read_lead(asked: Asked) -> View:
    return View(title=asked.query.get("id", ""))


LEAD = Page(
    "lead",
    "A lead",
    "",
    "Marketing's and sales' deeds together.",
    read_lead,
    "page.html",
    filtered=False,
)
