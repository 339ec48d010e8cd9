"""The market as plain data: campaigns of different true quality, countries, companies, people."""

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class Campaign:
    """Where leads come from, and what they are really worth."""

    name: str | None
    source: str
    medium: str
    weight: float
    """Share of all leads, before normalising."""
    fit: float
    """0 to 1: how well the companies it brings match the definition."""
    interest: float
    """0 to 1: how much they look at."""
    need: float
    """Probability that there is something to sell, whatever they look at."""
    opener: tuple[str, ...]
    """What the first visit does, one of these."""
    americas: float = 0.3
    """Share of leads from the Americas, whom the team there works."""
    junk: float = 0.02
    contents: tuple[str, ...] = ()
    event_week: int | None = None
    """It brings its leads in this week alone (a fair, a webinar)."""


CAMPAIGNS: Final = (
    Campaign(
        "brand-search",
        "google",
        "cpc",
        18,
        0.65,
        0.78,
        0.80,
        ("ad_click", "pricing_view"),
        americas=0.05,
        contents=("text-ad-a", "text-ad-b"),
    ),
    # Good leads, and nearly all of them go to a team that lets them lie.
    Campaign(
        "ops-leaders",
        "linkedin",
        "paid-social",
        20,
        0.80,
        0.72,
        0.70,
        ("ad_click", "case_study_view"),
        americas=0.85,
        contents=("case-steel-mill", "case-port"),
    ),
    # Looks like the best one by downloads; hardly anybody needs anything.
    Campaign(
        "free-ebook",
        "content-network",
        "syndication",
        20,
        0.62,
        0.82,
        0.08,
        ("ebook_download",),
        americas=0.08,
        junk=0.10,
        contents=("ebook-trends", "ebook-checklist"),
    ),
    Campaign(
        "planning-webinar",
        "newsletter",
        "email",
        8,
        0.70,
        0.60,
        0.50,
        ("webinar_registered",),
        americas=0.15,
        contents=("webinar-planning",),
        event_week=3,
    ),
    Campaign(
        "spring-fair",
        "fair",
        "event",
        6,
        0.75,
        0.35,
        0.45,
        ("event_visit",),
        americas=0.05,
        contents=("booth-demo", "badge-scan"),
        event_week=6,
    ),
    Campaign(
        "retargeting",
        "display",
        "banner",
        12,
        0.55,
        0.75,
        0.10,
        ("ad_click",),
        americas=0.08,
        junk=0.14,
        contents=("banner-wide", "banner-square"),
    ),
    Campaign(
        "partner-referral",
        "partner",
        "referral",
        8,
        0.85,
        0.75,
        0.85,
        ("case_study_view", "callback_request"),
        americas=0.05,
        junk=0.0,
        contents=("partner-page",),
    ),
    Campaign(None, "google", "organic", 8, 0.55, 0.50, 0.30, ("page_view",), americas=0.2),
)

COUNTRIES: Final = (
    ("DE", "Europe/Berlin", 34),
    ("AT", "Europe/Vienna", 7),
    ("CH", "Europe/Zurich", 7),
    ("NL", "Europe/Amsterdam", 6),
    ("FR", "Europe/Paris", 6),
    ("GB", "Europe/London", 9),
    ("PL", "Europe/Warsaw", 3),
    ("US", "America/New_York", 16),
    ("US", "America/Chicago", 7),
    ("CA", "America/Toronto", 5),
)
"""Country, zone of the lead's office hours, weight."""

AMERICAS: Final = frozenset({"US", "CA"})

INDUSTRIES_MATCHING: Final = ("manufacturing", "logistics", "real_estate", "software", "retail")
INDUSTRIES_OTHER: Final = ("education", "consulting", "healthcare", "hospitality", "agriculture")
SENIORITIES_MATCHING: Final = ("c_level", "vp", "director", "manager", "manager")
SENIORITIES_OTHER: Final = ("specialist", "specialist", "manager", "intern")
ROLES_MATCHING: Final = ("operations", "it", "finance", "procurement")
ROLES_OTHER: Final = ("marketing", "hr", "research", "assistant")
EMPLOYEES_MATCHING: Final = (60, 120, 240, 480, 900, 2400, 6000)
EMPLOYEES_OTHER: Final = (4, 8, 15, 30, 70)

JUNK: Final = ("student", "competitor", "bot", "personal_use", "bad_data")
"""What junk really is; half of it shows in the profile, the rest only in a call."""

JUNK_PROFILE: Final[dict[str, dict[str, str | bool]]] = {
    "student": {"role": "student", "industry": "education"},
    "competitor": {"relationship": "competitor"},
    "bot": {"automated": True},
    "personal_use": {"purpose": "personal"},
    "bad_data": {"data_quality": "disposable"},
}
