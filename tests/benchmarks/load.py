"""The reference load: what a busy company's leads do, the same records for the same size and seed.

92 % engagement over 12 activities, 5 % profiles, 3 % feedback; of all of it 0.5 % is sent twice
and 0.1 % cannot be used. Leads are drawn by Zipf (s = 1.1) or evenly, over one week.

Sales works on a limited number of cases at a time. A case begins with a lead that looked at
prices or asked for something, once a lead, and goes the way that cases go: claimed, called until
somebody answers, recycled with a reason or qualified, a deal whose amount changes, won or lost.

``moving`` replaces all of that by a load in which this part of the signals, and no other, moves
a lead to another stage: what changes when much or hardly anything happens to leads.
"""

import random
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import accumulate
from typing import Any, Final, NamedTuple

from events.codec import Headers, encode_signal
from events.partitioner import partition_of
from tests.benchmarks.cases import Cases, Said, move

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
_RECENT: Final = 100
_CHUNK: Final = 10_000
_SECOND_CAMPAIGN: Final = 0.25
"""Of a lead's links; most of a week's are from one campaign."""

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
_WITH_CAMPAIGN: Final = frozenset({"ad_click", "email_open", "email_click"})
"""Links that a campaign made carry its name; what follows on the pages does not."""
_INTERESTING: Final = frozenset({"pricing_view", "integration_docs", "roi_calculator",
                                 "demo_request"})  # fmt: skip
"""What makes sales look at a lead."""
_QUIET: Final = ("page_view", "email_open")
"""Their caps together stay under the first threshold: they never move anybody."""
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
    moving: float | None = None
    """The part of the signals that moves a lead; None: as it comes."""
    activities: tuple[str, ...] = ()
    """Activities, one as frequent as the other; none: those of ``ACTIVITIES``."""

    def records(self) -> Iterator[Sent]:
        """Yield the records in their order."""
        return _records(self)

    @property
    def told(self) -> str:
        """What it is, in a line."""
        spread = "evenly" if self.even else f"by Zipf (s = {_ZIPF})"
        told = f"{self.signals:,} signals over {self.leads:,} leads {spread}"
        if self.moving is not None:
            told += f", {100 * self.moving:g} % of them move one"
        return told


def _records(load: Load) -> Iterator[Sent]:
    chance = random.Random(load.seed)
    names = [f"lead-{number:07d}" for number in range(load.leads)]
    chance.shuffle(names)
    weights = None
    if not load.even:
        weights = list(accumulate(1 / rank**_ZIPF for rank in range(1, load.leads + 1)))
    recent: deque[Sent] = deque(maxlen=_RECENT)
    say = _saying(chance, load)
    done = 0
    while done < load.signals:
        count = min(_CHUNK, load.signals - done)
        for lead in chance.choices(names, cum_weights=weights, k=count):
            at = load.start + int(done * load.days * _DAY_MS) // load.signals
            done += 1
            dice = chance.random()
            if dice < _DUPLICATES and recent:
                sent = chance.choice(recent)._replace(timestamp=at)
            else:
                who, kind, data = say(lead)
                unusable = _DUPLICATES <= dice < _DUPLICATES + _REFUSALS
                sent = _sent(who, "forgotten" if unusable else kind, data, done, at)
            recent.append(sent)
            yield sent


def _saying(chance: random.Random, load: Load) -> Callable[[str], Said]:
    """Return what makes up the next message when a lead was drawn."""
    cases = Cases(chance)
    steps: dict[str, int] = {}

    def ordinary(lead: str) -> Said:
        dice = chance.random()
        if dice < _FEEDBACK:
            return cases.next(lead)
        if dice < _FEEDBACK + _PROFILES:
            return lead, "profiled", _profile(chance)
        if load.activities:
            activity = chance.choice(load.activities)
        else:
            (activity,) = chance.choices(_ACTIVITY_NAMES, cum_weights=_ACTIVITY_WEIGHTS)
        if activity in _INTERESTING:
            cases.interest(lead)
        return lead, "engaged", _engagement(chance, lead, activity)

    def so_many_moving(lead: str) -> Said:
        if chance.random() < (load.moving or 0):
            step = steps.get(lead, 0)
            steps[lead] = step + 1
            return lead, *move(step)
        return lead, "engaged", _engagement(chance, lead, chance.choice(_QUIET))

    return ordinary if load.moving is None else so_many_moving


def _profile(chance: random.Random) -> dict[str, Any]:
    names = chance.sample(tuple(_PROFILES_OF), 3)
    return {"attributes": {name: chance.choice(_PROFILES_OF[name]) for name in names}}


def _engagement(chance: random.Random, lead: str, activity: str) -> dict[str, Any]:
    data: dict[str, Any] = {"activity": activity}
    if activity in _WITH_CAMPAIGN:
        # A lead meets a few of the campaigns, not all of them.
        place = int(lead[5:]) * 7 + (chance.random() < _SECOND_CAMPAIGN)
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
