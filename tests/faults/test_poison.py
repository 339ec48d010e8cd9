"""Fault 6: input that nobody can use, a little of it and nothing else; and bringing it back."""

import subprocess
from pathlib import Path
from random import Random

from deploy.kafka import Kafka
from events.codec import encode_signal
from events.partitioner import partition_of
from events.refusals import REDRIVE
from events.topics import Topics
from events.wall_clock import now_ms
from handlers.exits import Exit
from schemas.policy import shipped_text
from tests.e2e.harness import (
    BATON,
    PARTITIONS,
    Follower,
    Sent,
    Site,
    agree,
    append,
    assert_same,
    await_read,
    read,
    site_of,
    views,
)
from tests.e2e.reference import recent, views_of
from tests.faults.lives import KILLED, Crew, await_end, filled, logged, static, taken
from tests.faults.tried import tried

SEED = 6
STARTS = 2
SHARE = 0.2
AHEAD_MS = 60_000
"""How far the clock of a publisher is ahead."""
INTOLERANT = shipped_text().replace("future_tolerance: 5 minutes", "future_tolerance: 1 seconds")
ACTIVITIES = ("page_view", "email_click", "webinar_attended", "pricing_view", "demo_request")


@tried("a fifth of the input is garbage")
def test_a_fifth_of_garbage_changes_nothing_for_the_rest(
    kafka: Kafka, topics: Topics, tmp_path: Path
) -> None:
    log = list(poisoned(Random(SEED)))
    site = filled(kafka, topics, log)
    with Crew(site, tmp_path, batch_messages_max=300, tick_leads_max=30) as crew:
        for point in ("folded", "committed", "sent"):
            crew.start("w1", static("w1"), fault=f"{point}:5:kill")
            assert crew.bury("w1") == KILLED
        crew.start("w1", static("w1"))
        await_read(site, ends(log), crew.workers)

    found = views(site)
    assert_same(found, views_of(log))
    assert found.lifecycle == recent().views.lifecycle
    refused = sum(map(len, found.refusals.values())) - sum(
        map(len, recent().views.refusals.values())
    )
    assert refused == len(log) - len(recent().log)


def poisoned(chance: Random) -> list[Sent]:
    """The story, a fifth of it garbage: random bytes, under keys of its leads or random ones."""
    log = []
    for one in recent().log:
        log.append(one)
        if chance.random() < SHARE / (1 - SHARE):
            value = chance.choice((chance.randbytes(chance.randrange(1, 200)), b"{}", None))
            key = chance.choice((one.key, chance.randbytes(8), None))
            # A tombstone under a control key is nobody's either.
            log.append(Sent(one.partition, key, value, (), one.timestamp))
    return log


def ends(log: list[Sent]) -> dict[int, int]:
    """Where the log ends."""
    return {n: sum(one.partition == n for one in log) for n in range(PARTITIONS)}


@tried("everything is refused", STARTS)
def test_a_deployment_that_refuses_everything_stops_and_what_it_refused_comes_back_in_order(
    kafka: Kafka, topics: Topics, tmp_path: Path
) -> None:
    start = now_ms() - 3_600_000
    site = site_of(kafka, topics)
    agree(site, start, text=INTOLERANT)
    sent = fast_clock(start + AHEAD_MS)
    append(site, sent)
    with Crew(site, tmp_path) as crew, Follower(site) as follower:
        # Whoever starts it again finds it where it was: nothing drains into the refusals.
        for _ in range(STARTS):
            crew.start("w1", static("w1"), refusal_rate_min_messages=100)
            assert crew.bury("w1") == Exit.REFUSAL_RATE, crew.last_words
        assert taken(site, follower) < len(sent) // 2

        crew.start("w1", static("w1"), refusal_rate_max=1)
        await_end(site, crew.workers)
        assert not read(site, topics.lifecycle)
        agree(site, now_ms())
        told = redrive(site)
        await_end(site, crew.workers)

    assert told.returncode == Exit.OK, told.stderr
    assert told.stdout.count("\tapplied") == len(sent) == len(told.stdout.splitlines())
    again = [one for one in logged(site) if REDRIVE in dict(one.headers)]
    assert by_lead(again) == by_lead(sent)
    assert_same(views(site), views_of(logged(site), (INTOLERANT, shipped_text())))
    assert sum(map(len, views(site).lifecycle.values())) > len(by_lead(sent))


def fast_clock(at: int) -> list[Sent]:
    """Sixty leads' signals within a minute, from a publisher whose clock is a minute ahead."""
    chance = Random(SEED)
    sent = []
    for number in range(900):
        lead = f"L{chance.randrange(60)}"
        moment = at + number * 50
        key, value, headers = encode_signal(
            "lead.engaged.v1",
            lead,
            {"activity": chance.choice(ACTIVITIES)},
            id=f"e{number}",
            source="/fast",
            time=moment + AHEAD_MS,
        )
        partition = partition_of(key, PARTITIONS)
        sent.append(Sent(partition, key, value, headers, moment))
    return sent


def redrive(site: Site) -> subprocess.CompletedProcess[str]:
    """Send all that came from the future once more, as an operator does."""
    return subprocess.run(
        [*BATON, "refusals", "redrive", "--reason", "from_the_future", "--limit", "1000"],
        env=site.environment(),
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def by_lead(log: list[Sent]) -> dict[bytes | None, list[bytes | None]]:
    """What lies in a log about each lead, in order."""
    found: dict[bytes | None, list[bytes | None]] = {}
    for one in log:
        if not (one.key or b"~").startswith(b"~"):
            found.setdefault(one.key, []).append(one.value)
    return found
