"""What happens in the world, before any system has told of it."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

WEB: Final = "/web"
EMAIL: Final = "/email"
EVENTS: Final = "/events"
FORMS: Final = "/forms"
ENRICHMENT: Final = "/enrichment"
CRM: Final = "/crm"


@dataclass(frozen=True, slots=True, order=True)
class Happening:
    """One thing that happened to one lead, and the system that will tell of it."""

    at: int
    """ms"""
    lead_id: str
    number: int
    """Tells happenings of a lead apart; what a system tells about it carries this in its id."""
    system: str
    type: str
    data: Mapping[str, Any]
