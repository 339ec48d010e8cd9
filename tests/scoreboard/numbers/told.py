"""The same facts read slowly and obviously, straight from their bytes: nothing of the tables.

Each number's test makes its figure of these lists with plain loops and compares it with SQL's.
"""

import json
from dataclasses import dataclass, field
from datetime import datetime
from functools import cache
from typing import Any

Event = dict[str, Any]


@cache
def ms(moment: str) -> int:
    """Return the ms since the epoch of a fact's time."""
    return round(datetime.fromisoformat(moment).timestamp() * 1000)


@dataclass(eq=False)
class Offer:
    """One handover, and all facts told of it from then on."""

    made: Event
    """The data of its ``handover``."""
    lead: "Story"
    facts: list[tuple[str, Event]] = field(default_factory=list)
    """Kind and data of the facts that name it as the present one."""

    @property
    def id(self) -> str:
        return str(self.made["handover"])

    @property
    def at(self) -> int:
        return ms(self.made["happened_at"])


@dataclass(eq=False)
class Story:
    """One lead: its facts in order, and its handovers."""

    id: str
    facts: list[tuple[str, Event]] = field(default_factory=list)
    offers: dict[str, Offer] = field(default_factory=dict)

    def first(self, *steps: str) -> Event | None:
        """Return the data of the first move to one of these stages."""
        for kind, data in self.facts:
            if kind == "stage_changed" and data["to_stage"] in steps:
                return data
        return None

    def of_kind(self, *kinds: str) -> list[Event]:
        return [data for kind, data in self.facts if kind in kinds]


@cache
def stories(values: tuple[bytes, ...]) -> dict[str, Story]:
    """Sort facts by lead, in the order of their numbers; read once for all tests."""
    events = [json.loads(value) for value in values]
    events.sort(key=lambda event: (event["subject"], event["data"]["seq"]))
    found: dict[str, Story] = {}
    for event in events:
        kind = event["type"].removeprefix("lead.").removesuffix(".v1")
        data = event["data"]
        story = found.setdefault(event["subject"], Story(event["subject"]))
        story.facts.append((kind, data))
        if kind == "handover":
            story.offers[data["handover"]] = Offer(data, story)
    for story in found.values():
        for kind, data in story.facts:
            offer = story.offers.get(_about(kind, data))
            if offer is not None:
                offer.facts.append((kind, data))
    return found


def _about(kind: str, data: Event) -> str:
    """Return the handover that a fact speaks of."""
    if kind in {"handover", "handover_updated", "handover_withdrawn", "contacted"}:
        return str(data.get("handover") or "")
    if kind.startswith("clock_") and data["clock"] in {"acceptance", "first_contact"}:
        return str(data.get("ref") or "")
    return str(data.get("handover_id") or "")
