"""The leads that were needed last, decoded, so that most signals need neither disk nor decoding.

Two generations instead of one ordered list: a hit in the young one costs a single look-up and
moves nothing. When the young one is half of the limit, it becomes the old one, and what was in
the old one and never asked for again is forgotten. It holds committed states only.
"""

from dataclasses import dataclass

from lifecycle.lead import Lead
from lifecycle.light import light


@light
@dataclass(frozen=True, slots=True)
class Held:
    """A lead and when its clocks want to be looked at (None: never, or left out)."""

    lead: Lead
    due_at: int | None


class LeadCache:
    """A bounded mapping from lead id to ``Held``."""

    def __init__(self, leads_max: int) -> None:
        self._young: dict[str, Held] = {}
        self._old: dict[str, Held] = {}
        self.leads_max = leads_max

    def __len__(self) -> int:
        return len(self._young) + len(self._old)

    def get(self, lead_id: str) -> Held | None:
        """Return a lead if it is here."""
        held = self._young.get(lead_id)
        if held is None:
            held = self._old.pop(lead_id, None)
            if held is not None:
                self.put(lead_id, held)
        return held

    def put(self, lead_id: str, held: Held) -> None:
        """Keep a lead, and forget others if there are too many."""
        self._young[lead_id] = held
        if 2 * len(self._young) >= self.leads_max:
            self._old = self._young
            self._young = {}
        elif self._old:
            self._old.pop(lead_id, None)
