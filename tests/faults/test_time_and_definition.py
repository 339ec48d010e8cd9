"""Fault 8: definitions that change under load, and time that is told late, wrong or twice."""

import signal
import subprocess
import sys
from pathlib import Path

from deploy.kafka import Kafka
from events.codec import encode_signal, encode_tick
from events.partitioner import partition_of
from events.refusals import REASON
from events.topics import Topics
from events.wall_clock import now_ms
from handlers.adoption import history
from schemas.policy import shipped_text
from tests.e2e.harness import (
    PARTITIONS,
    ROOT,
    Sent,
    Site,
    agree,
    append,
    assert_same,
    await_that,
    read,
    site_of,
    views,
)
from tests.e2e.reference import views_of
from tests.faults.lives import (
    Crew,
    agreed,
    await_end,
    await_halt,
    go_on,
    logged,
    pieces,
    static,
    supervised,
)
from tests.faults.tried import tried

ADOPTIONS = 4
HOUR, DAY = 3_600_000, 86_400_000
OTHER = (
    shipped_text()
    .replace("name: shipped", "name: other")
    .replace("page_view:          {points: 1,", "page_view:          {points: 3,")
)
ADOPTING = """
import sys
from events.topics import Topics
from handlers import adoption
from schemas.policy import shipped_text
if sys.argv[3] == "half way":
    class Cut(adoption.Producer):
        def produce(self, topic, **record):
            super().produce(topic, **record)
            if record.get("partition") == 1:
                self.flush()
                print("half way", flush=True)
                sys.stdin.read()
    adoption.Producer = Cut
adoption.adopt({"bootstrap.servers": sys.argv[1]}, Topics(sys.argv[2]), sys.argv[4],
               "ana", "ben", "in a race", "external", at=int(sys.argv[5]))
"""


@tried("another definition adopted under load", ADOPTIONS)
def test_a_definition_adopted_under_load_is_in_force_from_its_offset_on_whoever_works(
    kafka: Kafka, topics: Topics, tmp_path: Path
) -> None:
    site = agreed(kafka, topics)
    with Crew(site, tmp_path, batch_messages_max=150, tick_leads_max=20) as crew:
        crew.start("w1", static("w1"))
        for number, piece in enumerate(pieces(ADOPTIONS)):
            half = len(piece) // 2
            append(site, piece[:half])
            agree(site, piece[half].timestamp, text=OTHER if number % 2 == 0 else shipped_text())
            if number == 0:
                crew.start("w2", static("w2"))
            elif number == 1:
                crew.kill("w1")
            elif number == 2:
                crew.start("w1", static("w1"), fault="committed:3:kill")
            append(site, piece[half:])
        supervised(crew)

    assert len({one.digest for one in history(site.properties, topics)}) == 2
    assert_same(views(site), views_of(logged(site), (shipped_text(), OTHER)))


@tried("two people adopt at once", 2)
def test_two_people_adopt_at_once_and_one_is_killed_half_way(
    kafka: Kafka, topics: Topics, tmp_path: Path
) -> None:
    site = agreed(kafka, topics)
    first, second, third = pieces(3)
    at = first[-1].timestamp
    with Crew(site, tmp_path, batch_messages_max=150) as crew:
        crew.start("w1", static("w1"))
        append(site, first)
        with adopting(site, "half way", OTHER, at) as killed:
            assert killed.stdout is not None
            assert killed.stdout.readline() == b"half way\n"
            killed.send_signal(signal.SIGKILL)
        append(site, second)
        with (
            adopting(site, "whole", OTHER, at) as one,
            adopting(site, "whole", shipped_text(), at) as other,
        ):
            codes = sorted(each.wait(60) for each in (one, other))
        append(site, third)
        await_end(site, crew.workers)

    told = history(site.properties, topics)
    assert codes in ([0, 0], [0, 1])
    assert len(told) == 1 + codes.count(0)
    for partition in range(PARTITIONS):
        here = [one for one in logged(site) if one.partition == partition and one.key == b"~policy"]
        assert len(here) == len(told)
    assert_same(views(site), views_of(logged(site), (shipped_text(), OTHER)))


def adopting(site: Site, how: str, text: str, at: int) -> subprocess.Popen[bytes]:
    """Somebody who adopts, in a process of their own."""
    servers, prefix = site.properties["bootstrap.servers"], site.topics.prefix
    return subprocess.Popen(
        [sys.executable, "-c", ADOPTING, servers, prefix, how, text, str(at)],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )


@tried("nobody works for three days of due clocks")
def test_clocks_that_fell_due_while_nobody_worked_fire_once_when_somebody_does(
    kafka: Kafka, topics: Topics, tmp_path: Path
) -> None:
    site = site_of(kafka, topics)
    friday = now_ms() - 3 * DAY
    agree(site, friday, ticks="owner")
    leads = [f"L{number}" for number in range(40)]
    append(site, [engaged(lead, "demo_request", friday + n) for n, lead in enumerate(leads)])
    with Crew(site, tmp_path, tick_leads_max=3, tick_interval_seconds=0.5) as crew:
        # What fell due at the weekend is found by whoever comes first, killed in the middle of it.
        for point in ("ticking", "committed", "ticking"):
            crew.start("w1", static("w1"), fault=f"{point}:2:kill")
            assert crew.bury("w1") == -signal.SIGKILL
        one = crew.start("w1", static("w1"))
        await_that(lambda: breached(site) == len(leads), 60, "all breached", [one])
        # The last lead is told of before the tick itself is done with.
        await_end(site, [one])
        crew.stop("w1")

    assert_same(views(site), views_of(logged(site)))


def breached(site: Site) -> int:
    """How many leads' first promise was broken."""
    facts = read(site, site.topics.lifecycle)
    return len({fact.key for fact in facts if b'"lead.clock_breached.v1"' in (fact.value or b"")})


@tried("a zombie's ticks")
def test_a_zombies_tick_and_a_publishers_wrong_clock_change_nothing_for_others(
    kafka: Kafka, topics: Topics, tmp_path: Path
) -> None:
    site = agreed(kafka, topics)
    first, second = pieces(2)
    at = first[-1].timestamp
    # A worker that lost its partitions tells an old time; a publisher lives in next week, and
    # another in last year.
    strange = [
        *(tick(partition, at - age) for partition in range(PARTITIONS) for age in (HOUR, DAY, 0)),
        *(tick(partition, at + 30 * DAY, at) for partition in range(PARTITIONS)),
        *(engaged(f"F{n}", "page_view", at + 7 * DAY, at) for n in range(20)),
        *(engaged(f"P{n}", "page_view", at - 365 * DAY, at) for n in range(20)),
    ]
    with Crew(site, tmp_path, batch_messages_max=150) as crew:
        silent = crew.start("w1", static("w1"), fault="committed:3:stop")
        append(site, first)
        await_halt(silent)
        crew.start("w2", static("w2"))
        append(site, strange)
        go_on(silent)
        append(site, second)
        supervised(crew)

    found = views(site)
    assert_same(found, views_of(logged(site)))
    refused = [row for rows in found.refusals.values() for row in rows]
    assert sum(dict(row[2]).get(REASON) == b"from_the_future" for row in refused) >= 23


def engaged(lead: str, activity: str, at: int, recorded_at: int | None = None) -> Sent:
    """One engagement of a lead."""
    key, value, headers = encode_signal(
        "lead.engaged.v1", lead, {"activity": activity}, id=f"{lead}-{at}", source="/t", time=at
    )
    partition = partition_of(key, PARTITIONS)
    return Sent(partition, key, value, headers, at if recorded_at is None else recorded_at)


def tick(partition: int, at: int, recorded_at: int | None = None) -> Sent:
    """Somebody tells the time."""
    key, value, headers = encode_tick(partition, at, f"zombie-{partition}-{at}", "/baton/ticker")
    return Sent(partition, key, value, headers, at if recorded_at is None else recorded_at)
