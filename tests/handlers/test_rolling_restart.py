"""Static membership, on Apache Kafka: a worker that restarts finds its partitions as it left them.

The other workers must not notice: nothing is taken from them, not even for a moment, and what
readers see is what they would have seen without a restart.
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from itertools import chain, islice
from pathlib import Path

from deploy.kafka import Kafka
from events.topics import DAY_MS, Topics
from events.wall_clock import now_ms
from handlers.exits import Exit
from handlers.restore import STORE_AGE_MS_MAX
from tests.e2e.harness import (
    Follower,
    RunningWorker,
    Sent,
    Site,
    append,
    assert_comes_to,
    await_read,
    await_that,
    ends_of,
    site_of,
    worker,
)
from tests.e2e.reference import define, recent

PIECES = 9
BRISK = {"heartbeat.interval.ms": "300"}
"""How soon a member hears what the group has decided meanwhile."""


@dataclass
class Load:
    """A story that is appended piece by piece, and where the log ends by now.

    The first piece is all of it but the last days: a store must be young enough to be kept.
    """

    site: Site
    ends: dict[int, int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        log = recent().log
        young = now_ms() - STORE_AGE_MS_MAX + DAY_MS
        start = next(at for at, record in enumerate(log) if record.timestamp > young)
        step = (len(log) - start) // PIECES + 1
        pieces = (log[at : at + step] for at in range(start, len(log), step))
        self._pieces = chain([log[: start + step]], islice(pieces, 1, None))

    def flows(self) -> dict[int, int]:
        """Append one piece, and return the ends."""
        self._append(next(self._pieces))
        return self.ends

    def flows_out(self) -> dict[int, int]:
        """Append whatever is left."""
        for piece in self._pieces:
            self._append(piece)
        return self.ends

    def _append(self, piece: Sequence[Sent]) -> None:
        self.ends |= ends_of(piece, append(self.site, piece))


@contextmanager
def static(
    site: Site, directory: Path, name: str, properties: Mapping[str, str] | None = None
) -> Iterator[RunningWorker]:
    """A worker whose place in the group is kept, with a store of its own."""
    with worker(
        site,
        directory / name,
        name,
        properties=BRISK | dict(properties or {}),
        static_membership=True,
    ) as one:
        yield one


def owned(one: RunningWorker) -> set[int]:
    """The partitions that flow through a worker, as it saw it at most two seconds ago."""
    status, page = one._get("/metrics")
    lines = page.splitlines() if status == 200 else []
    found = (line for line in lines if line.startswith("baton_lag_messages{"))
    return {int(line.split('partition="', 1)[1].split('"', 1)[0]) for line in found}


def await_shares(site: Site, one: RunningWorker, other: RunningWorker) -> None:
    """Return once each has its share, and nobody a partition of the other's."""

    def shared() -> bool:
        shares = owned(one), owned(other)
        return all(shares) and sorted([*shares[0], *shares[1]]) == list(range(site.partitions))

    await_that(shared, 60, "a share for each", [one, other])


def rebalances(one: RunningWorker) -> list[str]:
    """What a worker's log says of partitions that came or went."""
    whole = one.child.tail()
    assert whole.count(" started") == 1, "the log has become too long to be seen whole"
    return [line for line in whole.splitlines() if " partitions " in line]


def part_of(ends: Mapping[int, int], partitions: set[int]) -> dict[int, int]:
    return {partition: ends[partition] for partition in partitions if partition in ends}


def test_a_rolling_restart_moves_no_partition_stops_nobody_and_restores_nothing(
    kafka: Kafka, topics: Topics, tmp_path: Path
) -> None:
    site = site_of(kafka, topics)
    define(site)
    load = Load(site)
    with ExitStack() as held, Follower(site) as group:
        running = {n: held.enter_context(static(site, tmp_path, n)) for n in ("w1", "w2")}
        await_read(site, load.flows(), list(running.values()))
        await_shares(site, *running.values())
        shares = {name: owned(one) for name, one in running.items()}
        assert sorted(map(len, shares.values())) == [1, 2]

        # The first to join leads the group: its restart is another matter than the other's.
        for name, stays in (("w2", "w1"), ("w1", "w2")):
            stayer = running[stays]
            seen, taken = rebalances(stayer), stayer.count("baton_batch_messages_sum")
            before = group.committed()

            assert running[name].stop() == Exit.OK
            await_read(site, part_of(load.flows(), shares[stays]), [stayer])
            assert part_of(group.committed(), shares[name]) == part_of(before, shares[name])

            returner = running[name] = held.enter_context(static(site, tmp_path, name))
            await_read(site, part_of(load.flows(), shares[stays]), [stayer])
            returner.await_ready()
            await_read(site, load.flows(), list(running.values()))

            await_shares(site, stayer, returner)
            assert (owned(stayer), owned(returner)) == (shares[stays], shares[name])
            assert rebalances(stayer) == seen, "the one that stayed was drawn in"
            assert stayer.count("baton_batch_messages_sum") > taken
            assert len(rebalances(returner)) == 1, "it got its share at once"
            assert returner.count("baton_restored_records_total") == 0
            assert "restoring in full" not in returner.child.tail()

        await_read(site, load.flows_out(), list(running.values()))

    assert_comes_to(site, recent().views)


def test_whoever_stays_away_longer_than_its_session_loses_its_partitions(
    kafka: Kafka, topics: Topics, tmp_path: Path
) -> None:
    site = site_of(kafka, topics)
    define(site)
    load = Load(site)
    short = {"session.timeout.ms": "3000"}
    with (
        static(site, tmp_path, "w1", short) as stays,
        static(site, tmp_path, "w2", short) as leaves,
    ):
        await_read(site, load.flows(), [stays, leaves])
        await_shares(site, stays, leaves)
        assert leaves.stop() == Exit.OK

        await_read(site, load.flows(), [stays])

        await_that(lambda: owned(stays) == {0, 1, 2}, 10, "all partitions", [stays])


def test_a_worker_without_a_kept_place_leaves_it_to_the_others_at_once(
    kafka: Kafka, topics: Topics, tmp_path: Path
) -> None:
    site = site_of(kafka, topics)
    define(site)
    load = Load(site)
    with (
        worker(site, tmp_path / "w1", "w1", properties=BRISK) as stays,
        worker(site, tmp_path / "w2", "w2", properties=BRISK) as leaves,
    ):
        await_read(site, load.flows(), [stays, leaves])
        await_shares(site, stays, leaves)
        assert leaves.stop() == Exit.OK

        # Its session would last for 45 s.
        await_read(site, load.flows(), [stays], seconds=20)


def test_of_two_workers_with_one_name_the_first_is_told_so_and_ends_as_fenced(
    kafka: Kafka, topics: Topics, tmp_path: Path
) -> None:
    site = site_of(kafka, topics)
    define(site)
    load = Load(site)
    with static(site, tmp_path / "here", "w1") as first:
        await_read(site, load.flows(), [first])
        # Nothing is flowing: it is the group that tells the first one.
        with static(site, tmp_path / "there", "w1") as second:
            await_that(lambda: first.child.exited() is not None, 30, "an end", [second])
            second.await_ready()
            await_read(site, load.flows(), [second])

        assert first.child.exited() == Exit.FENCED
        assert "give each worker a BATON_WORKER_NAME of its own" in first.child.tail()
