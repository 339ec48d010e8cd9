"""Every page of the scoreboard, in the order in which they stand beside the numbers."""

from functools import partial
from typing import Final

from handlers.scoreboard.numbers import (
    attribution,
    funnel,
    leaks,
    recycling,
    sla,
    timeline,
    trust,
    verdicts,
    voice,
    weekly,
)
from handlers.scoreboard.web.content_page import read_content
from handlers.scoreboard.web.definitions_page import read_definitions
from handlers.scoreboard.web.funnel_page import read_funnel
from handlers.scoreboard.web.leads_page import read_leads
from handlers.scoreboard.web.leaks_page import read_leaks
from handlers.scoreboard.web.overview_page import read_overview
from handlers.scoreboard.web.recycling_page import read_recycling
from handlers.scoreboard.web.sla_page import read_sla
from handlers.scoreboard.web.trust_page import read_trust
from handlers.scoreboard.web.verdicts_page import read_verdicts
from handlers.scoreboard.web.view import Page
from handlers.scoreboard.web.voice_page import read_voice
from handlers.scoreboard.web.weekly_page import read_weekly

DEFINITIONS: Final = {
    "Quality or handling?": verdicts.DEFINITIONS,
    "Funnel": funnel.DEFINITIONS,
    "Promises": sla.DEFINITIONS,
    "Trust": trust.DEFINITIONS,
    "Leaks": leaks.DEFINITIONS,
    "Content and campaigns": attribution.DEFINITIONS,
    "Recycling": recycling.DEFINITIONS,
    "Voice of calls": voice.DEFINITIONS,
    "This week": weekly.DEFINITIONS,
    "A lead": timeline.DEFINITIONS,
}
"""The sentence behind every number, page by page."""

PAGES: Final = (
    Page(
        "overview",
        "Overview",
        "Both teams",
        "Bad leads or bad handling? What the facts say, with the sample behind every word.",
        read_overview,
        "overview.html",
        path="/",
    ),
    Page(
        "weekly",
        "This week",
        "Both teams",
        "What changed in the last seven days: five lines to start a joint meeting from.",
        read_weekly,
        "weekly.html",
    ),
    Page(
        "verdicts",
        "Quality or handling?",
        "Both teams",
        "Were the leads bad, or what we did with them? A verdict for each campaign and each rep, "
        "wherever the sample allows one.",
        read_verdicts,
        "verdicts.html",
    ),
    Page(
        "funnel",
        "Funnel",
        "Both teams",
        "How far leads came, how long each step took, and what it brought; by cohorts of arrival, "
        "so that a young one does not look bad.",
        read_funnel,
        "funnel.html",
        parameters=("by",),
    ),
    Page(
        "sla",
        "Promises",
        "Both teams",
        "What marketing promised sales, what sales promised marketing, and how both kept it.",
        read_sla,
        "sla.html",
    ),
    Page(
        "trust",
        "Trust",
        "Sales",
        "Of what was called hot, how much was? And does sales still open what it is offered?",
        read_trust,
    ),
    Page(
        "leaks",
        "Leaks",
        "Sales",
        "Leads and money that lie somewhere, and nobody moves them.",
        read_leaks,
        "leaks.html",
    ),
    Page(
        "content",
        "Content and campaigns",
        "Marketing",
        "What makes opportunities, not clicks: the touches that went before each deal.",
        read_content,
        "content.html",
    ),
    Page(
        "voice",
        "Voice of calls",
        "Marketing",
        "What sales hears: pains, objections, questions and competitors, for whoever writes next.",
        read_voice,
        "voice.html",
    ),
    Page(
        "recycling",
        "Recycling",
        "Marketing",
        "What became of leads that went back to marketing, by the reason they went for.",
        read_recycling,
    ),
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
        partial(read_definitions, definitions=DEFINITIONS),
        "definitions.html",
        filtered=False,
    ),
)
