"""The reference load: what a busy company's leads do, the same records for the same size and seed.

92 % engagement over 12 activities, 5 % profiles, 3 % feedback; of all of it 0.5 % is sent twice
and 0.1 % cannot be used. Leads are drawn by Zipf (s = 1.1) or evenly. Feedback follows a lead's
own way through sales (claimed, contacted, qualified, a deal, lost, claimed again), so that it is
mostly answered by a move and not by a refusal.
"""

import random
from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import accumulate
from typing import Any, Final, NamedTuple

from events.codec import Headers, encode_signal
from events.partitioner import partition_of

PARTITIONS: Final = 4
START: Final = 1_772_442_000_000
"""2026-03-02T09:00:00Z, a Monday."""
DAYS: Final = 7
_DAY_MS: Final = 86_400_000
_ZIPF: Final = 1.1
_DUPLICATES: Final = 0.005
_REFUSALS: Final = 0.001
_PROFILES: Final = 0.05
_FEEDBACK: Final = 0.03
_OF_CAMPAIGNS: Final = 0.25
_RECENT: Final = 100
_CHUNK: Final = 10_000

ACTIVITIES: Final = {
    "page_view": 49.7,
    "email_open": 15.0,
    "return_visit": 10.0,
    "ad_click": 8.0,
    "email_click": 7.0,
    "case_study_view": 5.0,
    "pricing_view": 2.0,
    "ebook_download": 2.0,
    "integration_docs": 0.4,
    "webinar_registered": 0.7,
    "roi_calculator": 0.1,
    "demo_request": 0.1,
}
_CAMPAIGNS: Final = tuple(f"2026-q{quarter}-{name}" for quarter in (1, 2) for name in (
    "spring-sale", "webinar-series", "retargeting", "newsletter", "partner-week", "product-launch",
    "trade-fair", "case-studies", "search-brand", "search-generic",
))  # fmt: skip
_SOURCES: Final = ("google", "linkedin", "newsletter", "partner", "bing", "direct")
_MEDIA: Final = ("cpc", "organic", "email", "referral", "social")
_PROFILES_OF: Final = {
    "seniority": ("c_level", "vp", "director", "manager", "specialist", "intern"),
    "role": ("operations", "it", "finance", "procurement", "marketing", "hr"),
    "employees": (4, 12, 60, 220, 900, 7000),
    "industry": ("manufacturing", "logistics", "real_estate", "software", "retail", "education"),
    "country": ("DE", "AT", "CH", "NL", "FR", "GB", "US", "CA", "ES"),
    "budget_authority": (True, False),
}
_WAY: Final = (
    ("claimed", {"rep": "rep-7", "reason": "met at the fair"}),
    ("contact_attempted", {"channel": "phone", "reached": True, "rep": "rep-7"}),
    (
        "qualified",
        {"budget": True, "authority": True, "need": True, "timeline_days": 45, "rep": "rep-7"},
    ),
    (
        "opportunity_opened",
        {"amount": 48000, "currency": "EUR", "close_date": "2026-06-30", "rep": "rep-7"},
    ),
    ("lost", {"reason": "lost_to_competitor", "rep": "rep-7"}),
)
"""What sales says about a lead, one after the other; then from the start again."""


class Sent(NamedTuple):
    """One record of ``lead.signals`` to be."""

    partition: int
    key: bytes
    value: bytes
    headers: Headers
    timestamp: int


@dataclass(frozen=True, slots=True)
class Load:
    """How much of it, and spread over whom."""

    signals: int = 1_000_000
    leads: int = 100_000
    even: bool = False
    """Each lead equally often, where Zipf would have a few leads do most."""
    seed: int = 1
    start: int = START
    """When the first signal happens."""
    days: float = DAYS
    """How long it goes on from there."""

    def records(self) -> Iterator[Sent]:
        """Yield the records in their order."""
        return _records(self)

    @property
    def told(self) -> str:
        """What it is, in a line."""
        spread = "evenly" if self.even else f"by Zipf (s = {_ZIPF})"
        return f"{self.signals:,} signals over {self.leads:,} leads {spread}"


def _records(load: Load) -> Iterator[Sent]:
    chance = random.Random(load.seed)
    names = [f"lead-{number:07d}" for number in range(load.leads)]
    chance.shuffle(names)
    weights = None
    if not load.even:
        weights = list(accumulate(1 / rank**_ZIPF for rank in range(1, load.leads + 1)))
    recent: deque[Sent] = deque(maxlen=_RECENT)
    steps: dict[str, int] = {}
    done = 0
    while done < load.signals:
        count = min(_CHUNK, load.signals - done)
        for lead in _drawn(chance, names, weights, count):
            at = load.start + int(done * load.days * _DAY_MS) // load.signals
            done += 1
            dice = chance.random()
            if dice < _DUPLICATES and recent:
                sent = chance.choice(recent)._replace(timestamp=at)
            else:
                kind, data = _said(chance, lead, steps)
                unusable = _DUPLICATES <= dice < _DUPLICATES + _REFUSALS
                sent = _sent(lead, "forgotten" if unusable else kind, data, done, at)
            recent.append(sent)
            yield sent


def _drawn(
    chance: random.Random, names: Sequence[str], weights: Sequence[float] | None, count: int
) -> list[str]:
    return chance.choices(names, cum_weights=weights, k=count)


def _said(chance: random.Random, lead: str, steps: dict[str, int]) -> tuple[str, dict[str, Any]]:
    dice = chance.random()
    if dice < _FEEDBACK:
        step = steps.get(lead, 0)
        steps[lead] = step + 1
        round_, place = divmod(step, len(_WAY))
        kind, data = _WAY[place]
        if kind in {"opportunity_opened", "lost"}:
            data = {"opportunity_id": f"o-{round_}", **data}
        return kind, data
    if dice < _FEEDBACK + _PROFILES:
        names = chance.sample(tuple(_PROFILES_OF), 3)
        return "profiled", {
            "attributes": {name: chance.choice(_PROFILES_OF[name]) for name in names}
        }
    return "engaged", _engagement(chance, lead)


def _engagement(chance: random.Random, lead: str) -> dict[str, Any]:
    (activity,) = chance.choices(_ACTIVITY_NAMES, cum_weights=_ACTIVITY_WEIGHTS)
    data: dict[str, Any] = {"activity": activity}
    if chance.random() < _OF_CAMPAIGNS:
        # A lead meets a few of the campaigns, not all of them.
        place = int(lead[5:]) * 7 + int(chance.random() * 2)
        data["campaign"] = _CAMPAIGNS[place % len(_CAMPAIGNS)]
        data["source"] = _SOURCES[place % len(_SOURCES)]
        data["medium"] = _MEDIA[place % len(_MEDIA)]
        data["content"] = f"banner-{place % 13}-wide"
    data["channel"] = "email" if activity.startswith("email") else "web"
    page = int(chance.random() * 500)
    data["url"] = (
        f"https://www.example.com/en/solutions/{activity}/{page}/overview-and-details.html"
    )
    return data


def _sent(lead: str, kind: str, data: dict[str, Any], number: int, at: int) -> Sent:
    key, value, headers = encode_signal(
        f"lead.{kind}.v1",
        lead,
        data,
        id=f"01977f3c-5a2e-7c41-9d1b-{number:012d}",
        source="/website/tracker/eu-central-1",
        time=at,
    )
    return Sent(partition_of(key, PARTITIONS), key, value, headers, at)


_ACTIVITY_NAMES: Final = tuple(ACTIVITIES)
_ACTIVITY_WEIGHTS: Final = tuple(accumulate(ACTIVITIES.values()))
