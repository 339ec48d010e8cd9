"""In whatever order a day's engagement arrives, every lead ends the day with the same scores."""

from collections.abc import Mapping
from pathlib import Path
from random import Random

from events.codec import encode_signal
from events.embedded import EmbeddedBroker
from events.partitioner import partition_of
from events.state import decode_lead
from events.topics import Topics
from lifecycle.engagement import Totals, totals
from lifecycle.fit import fit
from lifecycle.policy import Policy
from lifecycle.scoring import grade
from schemas.policy import load_policy, shipped_text
from tests.e2e.harness import (
    PARTITIONS,
    Sent,
    agree,
    append,
    await_read,
    ends_of,
    site_of,
    states,
    worker,
)

SEED = 5
DAY = 86_400_000
MORNING = 1_772_409_600_000
"""2026-03-02T00:00Z"""
LEADS = 40
ORDERS = ("in-order", "late", "backwards")

Activity = tuple[str, int]
"""What, and when it happened."""


def test_the_order_of_arrival_within_a_day_changes_no_score(
    embedded: EmbeddedBroker, topics: Topics, tmp_path: Path
) -> None:
    site = site_of(embedded, topics)
    policy = load_policy(shipped_text())
    agree(site, MORNING)
    chance = Random(SEED)
    log: list[Sent] = []
    for number in range(LEADS):
        day = day_of(chance, policy)
        for order in ORDERS:
            log += arrivals(f"{order}-{number}", order, day, chance)
    log.sort(key=lambda record: record.timestamp)

    with worker(site, tmp_path, batch_messages_max=250) as one:
        await_read(site, ends_of(log, append(site, log)), [one])

    ended = {key: value for held in states(site).values() for key, value in held.items()}
    scores = [[scored(ended, f"{o}-{n}", policy) for o in ORDERS] for n in range(LEADS)]
    assert all(first == other for first, *others in scores for other in others)
    assert len({total.engagement_mp for (total, *_), *_ in scores}) > LEADS // 2


def day_of(chance: Random, policy: Policy) -> list[Activity]:
    """What one lead did on that day, in the order in which it did it."""
    names = sorted(policy.activities)
    moments = sorted(chance.randrange(DAY) for _ in range(chance.randrange(3, 15)))
    return [(chance.choice(names), MORNING + moment) for moment in moments]


def arrivals(lead: str, order: str, day: list[Activity], chance: Random) -> list[Sent]:
    """The same day as it arrives: at once, any time later on that day, or backwards at its end."""
    evening = MORNING + DAY
    records = []
    for number, (activity, at) in enumerate(day):
        arrives_at = {
            "in-order": at,
            "late": chance.randrange(at, evening),
            "backwards": evening + len(day) - number,
        }[order]
        key, value, headers = encode_signal(
            "lead.engaged.v1",
            lead,
            {"activity": activity},
            id=f"day-{number}",
            source="/web",
            time=at,
        )
        records.append(Sent(partition_of(key, PARTITIONS), key, value, headers, arrives_at))
    return records


def scored(
    ended: Mapping[bytes, bytes | None], lead_id: str, policy: Policy
) -> tuple[Totals, str, tuple[tuple[str, int], ...]]:
    """A lead's scores a day later, its grade, and how often it did what."""
    value = ended[lead_id.encode()]
    assert value is not None
    lead = decode_lead(value)
    total = totals(lead.scores, policy, MORNING + 2 * DAY)
    counts = sorted((name, sum_.count) for name, sum_ in lead.scores.accumulators.items())
    return total, grade(fit(lead.profile, policy), total.engagement_mp, policy), tuple(counts)
