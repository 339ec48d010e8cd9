"""A seeded feed of signals over many leads, with ticks, duplicates, refusals and late ones."""

import random

from tests.handlers.shop import DAY, HOUR, MINUTE, START, Shop

ACTIVITIES = ("page_view", "email_click", "webinar_attended", "pricing_view", "demo_request")


def play(
    shop: Shop, *, seed: int, leads: int, days: int, signals_a_day: int, start: int = START
) -> None:
    """Send the feed; the same seed sends the same bytes."""
    chance = random.Random(seed)
    names = [f"lead-{number}" for number in range(leads)]
    number = 0
    for day in range(days):
        moments = sorted(chance.randrange(DAY) for _ in range(signals_a_day))
        ticked = 0
        for moment in moments:
            at = start + day * DAY + moment
            while ticked <= moment:
                shop.tick(start + day * DAY + ticked)
                ticked += 2 * HOUR
            number += 1
            _one(shop, chance, chance.choice(names), at, number)
    shop.tick(start + days * DAY)


def _one(shop: Shop, chance: random.Random, lead: str, at: int, number: int) -> None:
    what = chance.random()
    event_id = f"f{number}"
    if what < 0.70:
        late = chance.choice((0, 0, 0, MINUTE, HOUR, 5 * HOUR))
        data = {"activity": chance.choice(ACTIVITIES), "campaign": chance.choice("abc")}
        shop.send(lead, "engaged", data, at - late, id=event_id, timestamp=at)
        if chance.random() < 0.02:
            shop.send(lead, "engaged", data, at - late, id=event_id, timestamp=at)
    elif what < 0.80:
        attributes = {"seniority": chance.choice(("vp", "manager")), "industry": "software"}
        shop.send(lead, "profiled", {"attributes": attributes}, at, id=event_id)
    elif what < 0.88:
        shop.send(lead, "claimed", {"rep": "ann", "reason": "met"}, at, id=event_id)
    elif what < 0.93:
        attempt = {"channel": "phone", "reached": chance.random() < 0.5}
        shop.send(lead, "contact_attempted", attempt, at, id=event_id)
    elif what < 0.96:
        shop.send(lead, "recycled", {"reason": "no_budget"}, at, id=event_id)
    elif what < 0.98:
        shop.send(lead, "nominated", {"person": "mia", "reason": "fits"}, at, id=event_id)
    else:
        home = shop.home(lead)
        shop.raw(lead.encode(), b"{broken", timestamp=at, partition=home)
