"""Every page of the scoreboard, in the order in which they stand beside the numbers."""

from functools import partial
from typing import Final

from handlers.scoreboard.web.definitions_page import read_definitions
from handlers.scoreboard.web.leads_page import read_leads
from handlers.scoreboard.web.view import Page

PAGES: Final = (
    Page(
        "leads",
        "Leads",
        "One by one",
        "Look a lead up, and see everything that marketing and sales did with it.",
        read_leads,
        "leads.html",
        parameters=("q", "stage"),
    ),
    Page(
        "definitions",
        "Definitions",
        "One by one",
        "What each number means, and the definition of a qualified lead that both teams agreed on.",
        partial(read_definitions, definitions={}),
        "definitions.html",
        filtered=False,
    ),
)
