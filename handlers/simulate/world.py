"""The company's world from one seed: who comes when, and what their journeys put into the feeds.

``World`` is pure: the same seed, weeks and leads give the same bytes, slice by slice. What people
in sales do is told to the feeds from outside, since it depends on what Baton hands them.
"""

from bisect import bisect_left
from collections.abc import Iterable, Iterator
from random import Random
from typing import Final

from handlers.simulate import rhythm
from handlers.simulate.feeds import Feeds, Record
from handlers.simulate.happening import Happening
from handlers.simulate.journeys import ASKING, Journey
from handlers.simulate.people import Person, person
from handlers.simulate.rhythm import DAY_MS, WEEK_MS

WEEKS_MAX: Final = 104
LEADS_MAX: Final = 1_000_000
_WEEKDAYS: Final = 5
_WEEKEND_SHARE: Final = 0.08


class World:
    """Everybody outside of sales, and the systems that tell of everything."""

    def __init__(self, seed: int, weeks: int, leads: int, ends_at: int = rhythm.END_AT) -> None:
        if not 1 <= weeks <= WEEKS_MAX or not 1 <= leads <= LEADS_MAX:
            raise ValueError(f"1 to {WEEKS_MAX} weeks and 1 to {LEADS_MAX} leads can be played")
        self.starts_at = rhythm.starts_at(weeks, ends_at)
        self.ends_at = ends_at
        self.people = {p.id: p for p in (person(seed, index) for index in range(leads))}
        self._feeds = Feeds(seed)
        self._ahead = sorted(
            (
                happening
                for p in self.people.values()
                for happening in Journey(
                    seed, p, _begins_at(seed, p, weeks, self.starts_at), self.ends_at
                )
            ),
            reverse=True,
        )
        self._asked_at = sorted(
            happening.at for happening in self._ahead if happening.data.get("activity") in ASKING
        )

    def tell(self, happenings: Iterable[Happening]) -> None:
        """Have the systems tell of what people in sales and marketing did."""
        for happening in happenings:
            self._feeds.tell(happening)

    def records(self, until: int) -> Iterator[Record]:
        """Hand out what arrives before ``until`` and was not handed out yet, in order."""
        while self._ahead and self._ahead[-1].at < until:
            self._feeds.tell(self._ahead.pop())
        return self._feeds.until(until)

    def asks_for_a_call(self, start: int, end: int) -> bool:
        """Tell whether somebody asks for a call, a demo or a viewing within this time."""
        asked = bisect_left(self._asked_at, start)
        return asked < len(self._asked_at) and self._asked_at[asked] < end


def _begins_at(seed: int, who: Person, weeks: int, starts_at: int) -> int:
    """Return the day on which a lead is first seen: its campaign's week, or any, rarely a weekend.

    The last fortnight brings few: what begins then has no time to become anything.
    """
    chance = Random(f"{seed}:arrival:{who.id}")
    if who.campaign.event_week is not None and who.campaign.event_week < weeks:
        week = who.campaign.event_week
    else:
        week = min(int(chance.triangular(0, weeks, weeks * 0.35)), weeks - 1)
    weekend = chance.random() < _WEEKEND_SHARE
    day = chance.randrange(_WEEKDAYS, 7) if weekend else chance.randrange(_WEEKDAYS)
    return starts_at + week * WEEK_MS + day * DAY_MS
