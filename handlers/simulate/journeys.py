"""What leads do: visits, emails, events and forms, one journey a lead, in the lead's own rhythm."""

from collections.abc import Iterator
from random import Random
from typing import Any, Final

from handlers.simulate import rhythm
from handlers.simulate.happening import EMAIL, ENRICHMENT, EVENTS, FORMS, WEB, Happening
from handlers.simulate.market import JUNK_PROFILE
from handlers.simulate.people import Person
from handlers.simulate.rhythm import DAY_MS, HOUR_MS, MINUTE_MS, WEEK_MS

VISITS_MAX: Final = 14
HAPPENINGS_MAX: Final = 150
"""Bound on what one lead does."""

_JUNK_FOUND_LATER: Final = 0.4
_TRACKED: Final = 0.9
"""Share of visitors whom the web's tracker knows again: their later visits name the campaign that
brought them first. Of the others only the first visit does, by its link."""
_UNSUBSCRIBED: Final = 0.012
_BOUNCED: Final = 0.008

_LEARNING: Final = ("case_study_view", "case_study_view", "ebook_download", "webinar_registered")
_BUYING: Final = ("pricing_view", "pricing_view", "integration_docs", "roi_calculator")
_ASKING: Final = ("demo_request", "demo_request", "callback_request", "viewing_request")
_SYSTEM: Final = {
    "email_open": EMAIL,
    "email_click": EMAIL,
    "unsubscribe": EMAIL,
    "email_bounce": EMAIL,
    "event_visit": EVENTS,
    "webinar_attended": EVENTS,
    "webinar_registered": FORMS,
    "ebook_download": FORMS,
    "demo_request": FORMS,
    "callback_request": FORMS,
    "viewing_request": FORMS,
}
_TRACKING: Final = frozenset({WEB, FORMS})
_PAGES: Final = {
    "pricing_view": "/pricing",
    "integration_docs": "/docs/integrations",
    "roi_calculator": "/roi",
    "case_study_view": "/cases/mill",
    "careers_view": "/careers",
}
ASKING: Final = frozenset(_ASKING)
"""Whoever does this wants to be called."""
FORM_ACTIVITIES: Final = frozenset(name for name, system in _SYSTEM.items() if system == FORMS)


class Journey:
    """One lead's happenings, gathered in any order and handed out in order of time."""

    def __init__(self, seed: int, person: Person, begins_at: int, ends_at: int) -> None:
        self._chance = Random(f"{seed}:journey:{person.id}")
        self._person = person
        self._ends_at = ends_at
        self._found: list[Happening] = []
        self._known = False
        # Drawn apart: who refuses cookies does not live another life.
        self._tracked = Random(f"{seed}:cookies:{person.id}").random() < _TRACKED
        self._walk(begins_at)

    def __iter__(self) -> Iterator[Happening]:
        """Hand out what happens until the end, in order of time."""
        return iter(sorted(self._found))

    def _walk(self, begins_at: int) -> None:
        person, chance = self._person, self._chance
        at = rhythm.visit_at(chance, person.zone, begins_at)
        self._do(at, chance.choice(person.campaign.opener), first=True)
        if self._maybe(person.interest):
            self._introduce(at)
        if person.junk == "bot":
            self._click_on_everything(at)
            return
        if person.campaign.event_week is not None:
            self._attend(at)
        wanted = chance.expovariate(1 / (0.6 + 5.5 * person.interest))
        visits = min(VISITS_MAX, 1 + int(wanted))
        for visit in range(visits):
            self._visit(at, visit, visits)
            gap_days = 1.2 if self._maybe(0.7) else 11
            at = rhythm.visit_at(
                chance, person.zone, at + HOUR_MS + rhythm.silence_ms(chance, gap_days)
            )
        self._newsletters(begins_at)
        if self._maybe(0.02):
            self._do(at, "careers_view")
        if self._maybe(0.02):
            self._do(at, "podcast_played")  # Nobody has scored it yet: the metrics show it.
        if person.need and self._maybe(0.2 * person.interest):
            self._try_product(at)

    def _visit(self, at: int, visit: int, visits: int) -> None:
        """Read a few pages within minutes; the later the visit, the closer to buying."""
        person, chance = self._person, self._chance
        progress = (visit + 1) / visits
        if visit:
            self._do(at, "return_visit")
        for _ in range(chance.randrange(1, 4)):
            at += chance.randrange(15_000, 4 * MINUTE_MS)
            self._do(at, "page_view")
        if self._maybe(0.65 * person.interest):
            at += chance.randrange(MINUTE_MS, 6 * MINUTE_MS)
            self._do(at, chance.choice(_LEARNING))
        if self._maybe(progress * (0.8 if person.need else 0.35) * (0.4 + person.interest)):
            at += chance.randrange(MINUTE_MS, 6 * MINUTE_MS)
            self._do(at, chance.choice(_BUYING))
        if self._maybe(progress * (0.055 if person.need else 0.005)):
            at += chance.randrange(MINUTE_MS, 10 * MINUTE_MS)
            self._do(at, chance.choice(_ASKING))
            if self._maybe(0.2):
                self._do(at + chance.randrange(20_000, 3 * HOUR_MS), "callback_request")

    def _maybe(self, share: float) -> bool:
        return self._chance.random() < share

    def _attend(self, at: int) -> None:
        if self._person.campaign.medium == "email" and self._maybe(0.55):
            days = 3 * DAY_MS
            self._do(at - at % DAY_MS + days + 13 * HOUR_MS, "webinar_attended", first=True)

    def _click_on_everything(self, at: int) -> None:
        for _ in range(self._chance.randrange(15, 45)):
            at += self._chance.randrange(200, 2_500)
            self._do(at, self._chance.choice(("page_view", "page_view", *_BUYING)))

    def _newsletters(self, begins_at: int) -> None:
        """Open the letter of some Tuesday mornings; a burst over all readers at once."""
        person, chance = self._person, self._chance
        if not self._known:
            return
        tuesday = begins_at - begins_at % WEEK_MS + 5 * DAY_MS + 8 * HOUR_MS
        for week in range(1, 9):
            at = tuesday + week * WEEK_MS + int(chance.expovariate(1 / (2 * HOUR_MS)))
            draw = chance.random()
            if draw < _UNSUBSCRIBED:
                self._do(at, "unsubscribe")
                return
            if draw < _UNSUBSCRIBED + _BOUNCED:
                self._do(at, "email_bounce")
                return
            if self._maybe(0.45 * person.interest):
                self._do(at, "email_open")
                if self._maybe(0.3 * person.interest):
                    self._do(at + chance.randrange(5_000, 90_000), "email_click")

    def _try_product(self, at: int) -> None:
        self._do(at, "trial_started")
        for _ in range(self._chance.randrange(2, 9)):
            at = rhythm.visit_at(self._chance, self._person.zone, at + 6 * HOUR_MS)
            self._do(at, "trial_active")

    def _introduce(self, at: int) -> None:
        """Say who they are: a form tells a little, enrichment the rest some minutes later."""
        if self._known:
            return
        self._known = True
        profile = dict(self._person.profile)
        told = {name: profile[name] for name in ("country", "role") if name in profile}
        self._add(at + 1_500, FORMS, "lead.profiled.v1", {"attributes": told})
        later = at + self._chance.randrange(MINUTE_MS, 40 * MINUTE_MS)
        self._add(later, ENRICHMENT, "lead.profiled.v1", {"attributes": profile})
        junk = self._person.junk
        if junk is not None and self._maybe(_JUNK_FOUND_LATER):
            found = {"attributes": dict(JUNK_PROFILE[junk])}
            later += rhythm.silence_ms(self._chance, 15)
            self._add(later, ENRICHMENT, "lead.profiled.v1", found)

    def _do(self, at: int, activity: str, *, first: bool = False) -> None:
        system = _SYSTEM.get(activity, WEB)
        data: dict[str, Any] = {"activity": activity, "channel": system[1:]}
        campaign = self._person.campaign
        names = first or (self._tracked and system in _TRACKING)
        if names:
            data |= {"source": campaign.source, "medium": campaign.medium}
            if campaign.name is not None:
                data["campaign"] = campaign.name
        if names and self._person.content is not None:
            data["content"] = self._person.content
        if system == EMAIL:
            data |= {"campaign": "newsletter", "source": "newsletter", "medium": "email"}
        if system == WEB:
            page = _PAGES.get(activity, "/product")
            data["url"] = f"https://www.example.com{page}?utm_source={campaign.source}"
        self._add(at, system, "lead.engaged.v1", data)
        if activity in FORM_ACTIVITIES:
            self._introduce(at)

    def _add(self, at: int, system: str, kind: str, data: dict[str, Any]) -> None:
        number = len(self._found)
        if at < self._ends_at and number < HAPPENINGS_MAX:
            self._found.append(Happening(at, self._person.id, number, system, kind, data))
