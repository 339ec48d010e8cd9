"""Fault 3: local state that is gone, old or broken; and a restore that holds up nobody else."""

import json
import re
import shutil
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from confluent_kafka import Producer
from rocksdict import Options, Rdict

from deploy.kafka import Kafka
from events.clients import producer_config
from events.state import ENCODING
from events.topics import Topics
from handlers.exits import Exit
from tests.e2e.harness import (
    PARTITIONS,
    RunningWorker,
    Site,
    append,
    await_read,
    await_that,
    ends_of,
    states,
)
from tests.faults.lives import (
    KILLED,
    Crew,
    agreed,
    assert_undisturbed,
    await_seconds,
    await_story,
    pieces,
    static,
)
from tests.faults.tried import tried


def deleted(store: Path, _: Path) -> None:
    """Nothing is left."""
    shutil.rmtree(store)


def one_deleted(store: Path, _: Path) -> None:
    """One partition's store is gone."""
    shutil.rmtree(store / "1")


def older(store: Path, checkpoint: Path) -> None:
    """Somebody put a copy back that was made a while ago."""
    shutil.rmtree(store)
    shutil.copytree(checkpoint, store)


def swapped(store: Path, _: Path) -> None:
    """Two partitions' stores lie in each other's place."""
    (store / "0").rename(store / "x")
    (store / "2").rename(store / "0")
    (store / "x").rename(store / "2")


def truncated(pattern: str) -> Callable[[Path, Path], None]:
    """Half of each such file is missing."""

    def spoil(store: Path, _: Path) -> None:
        for file in found(store, pattern):
            file.write_bytes(file.read_bytes()[: file.stat().st_size // 2])

    return spoil


def garbled(pattern: str) -> Callable[[Path, Path], None]:
    """Bytes in the middle of each such file are other ones."""

    def spoil(store: Path, _: Path) -> None:
        for file in found(store, pattern):
            content = bytearray(file.read_bytes())
            for at in range(len(content) // 8, len(content) // 2):
                content[at] ^= 0x5A
            file.write_bytes(bytes(content))

    return spoil


def gone(pattern: str) -> Callable[[Path, Path], None]:
    """Each such file is missing."""

    def spoil(store: Path, _: Path) -> None:
        for file in found(store, pattern):
            file.unlink()

    return spoil


def reheaded(change: Callable[[bytes], bytes]) -> Callable[[Path, Path], None]:
    """What each store says of itself is something else."""

    def spoil(store: Path, _: Path) -> None:
        for one in store.iterdir():
            database = Rdict(str(one), Options(raw_mode=True))
            database[b"#header"] = change(database[b"#header"] or b"")
            database.close()

    return spoil


def of_another_encoding(header: bytes) -> bytes:
    """A release with another encoding of leads wrote this store."""
    document = json.loads(header)
    document["identity"]["encoding"] = ENCODING + 1
    return json.dumps(document).encode()


def found(store: Path, pattern: str) -> Iterator[Path]:
    """The files of all partitions that are not empty; there has to be one."""
    files = [file for file in store.glob(f"*/{pattern}") if file.stat().st_size]
    assert files, f"no {pattern} in {store}"
    return iter(files)


@dataclass(frozen=True)
class Spoilt:
    """What happens to a worker's local state, and what it says of it at its next start."""

    spoil: Callable[[Path, Path], None]
    says: str = ""
    """Why a partition is restored in full; nothing: what is there is right, and gone on from."""
    partitions: int = PARTITIONS
    """How many have to be."""


GONE, STRANGE, BROKEN = "there is no local store", "is a copy of something else", "cannot be read"
SPOILT = {
    "deleted": Spoilt(deleted, GONE),
    "one deleted": Spoilt(one_deleted, GONE, 1),
    "older": Spoilt(older),
    "swapped": Spoilt(swapped, STRANGE, 2),
    "of another encoding": Spoilt(reheaded(of_another_encoding), STRANGE),
    "of another release": Spoilt(reheaded(lambda _: b'{"whatever": 1}'), BROKEN),
    "data truncated": Spoilt(truncated("*.sst"), BROKEN),
    # Some of it is found broken only at work: then it is restored while the others flow.
    "data garbled": Spoilt(garbled("*.sst"), f"{GONE}|{BROKEN}|the local store is broken"),
    "data gone": Spoilt(gone("*.sst"), BROKEN),
    "manifest truncated": Spoilt(truncated("MANIFEST-*"), f"{GONE}|{BROKEN}"),
    "manifest garbled": Spoilt(garbled("MANIFEST-*"), f"{GONE}|{BROKEN}"),
    "manifest gone": Spoilt(gone("MANIFEST-*"), BROKEN),
    "current garbled": Spoilt(garbled("CURRENT"), BROKEN),
    # The journal is read as far as it is sound: what is there is of some batches ago.
    "journal truncated": Spoilt(truncated("*.log")),
    "journal garbled": Spoilt(garbled("*.log")),
}
COPIES = ("w1", "w2")
"""Whose local state there is: its own, and none."""
MOMENTS = 40
OPEN_MS = 20_000
LAST, LAG_MAX = 10, 100
"""Of that many last looks, the least lag of the partition that is farthest behind."""
SILENCE_SECONDS_MAX = 5.0
"""A rebalance may take as long; the dead one's transaction is open for longer."""
KILLED_BEFORE = {"journal truncated", "journal garbled"}
"""A store that was closed in good order has nothing in its journal."""


@tried("local state deleted", len(SPOILT))
def test_whatever_happened_to_the_local_state_the_bytes_are_the_same(
    kafka: Kafka, topics: Topics, tmp_path: Path
) -> None:
    site = agreed(kafka, topics)
    store = tmp_path / "w1" / site.group / "w1"
    ends: dict[int, int] = {}
    *parts, last = pieces(len(SPOILT) + 2)
    with Crew(site, tmp_path, batch_messages_max=200, tick_leads_max=20) as crew:
        for number, name in enumerate(["", *SPOILT]):
            if name:
                SPOILT[name].spoil(store, tmp_path / "checkpoint")
            piece = parts[number]
            ends |= ends_of(piece, append(site, piece))
            said, restored = work(crew, ends)
            if name:
                assert_noticed(name, said, restored)
            if name in KILLED_BEFORE or next_of(number) in KILLED_BEFORE:
                crew.kill("w1")
            else:
                assert crew.stop("w1") == Exit.OK
            if number == 0:
                shutil.copytree(store, tmp_path / "checkpoint")
        append(site, last)
        crew.start("w1", static("w1"))
        await_story(site, crew.workers)

    assert_undisturbed(site)


def next_of(number: int) -> str:
    """What is spoilt before the next life."""
    return next(iter(list(SPOILT)[number : number + 1]), "")


def work(crew: Crew, ends: dict[int, int]) -> tuple[str, float]:
    """Come to the ends; returns what was said, and how many records of the changelog were read."""
    one = crew.start("w1", static("w1"))
    await_read(crew.site, ends, [one])
    return one.child.tail(), one.count("baton_restored_records_total")


def assert_noticed(name: str, said: str, restored: float) -> None:
    """What happened was noticed for what it is, and nothing else was restored in full."""
    spoilt = SPOILT[name]
    if spoilt.says:
        noticed = re.findall(rf"restoring in full: .*?({spoilt.says}).* partition=(\d)", said)
        assert len({partition for _, partition in noticed}) == spoilt.partitions, (name, said)
    else:
        assert "restoring in full" not in said, (name, said)
    assert restored > 0, (name, said)


@tried("states that another release wrote", len(COPIES))
def test_states_that_another_release_wrote_stop_the_worker_with_a_sentence(
    kafka: Kafka, topics: Topics, tmp_path: Path
) -> None:
    site = agreed(kafka, topics)
    first, second = pieces(2)
    with Crew(site, tmp_path) as crew:
        one = crew.start("w1", static("w1"))
        await_read(site, ends_of(first, append(site, first)), [one])
        assert crew.stop("w1") == Exit.OK
        partition, key, value = some_state(site)
        put_state(site, partition, key, bytes([ENCODING + 1]) + value[1:])

        # With a local copy, and without.
        for state_of in COPIES:
            crew.start(state_of, static("w1"), worker_name="w1")
            assert crew.bury(state_of) == Exit.UNREADABLE_STATE, crew.last_words
            sentence = (
                f"partition {partition} of {topics.state} holds what this release cannot read "
                f"(written in encoding {ENCODING + 1}, this release reads encoding {ENCODING})"
            )
            assert sentence in crew.last_words
            assert "Traceback" not in crew.last_words

        # As that other release would have to, somebody puts back what can be read.
        put_state(site, partition, key, value)
        crew.start("w1", static("w1"))
        append(site, second)
        await_story(site, crew.workers)

    assert_undisturbed(site)


def some_state(site: Site) -> tuple[int, bytes, bytes]:
    """Any lead's partition, key and state."""
    return next(
        (partition, key, value)
        for partition, held in states(site).items()
        for key, value in held.items()
        if not key.startswith(b"~") and value is not None
    )


def put_state(site: Site, partition: int, key: bytes, value: bytes) -> None:
    """Write a lead's state as somebody else would."""
    producer = Producer(producer_config(site.properties))
    producer.produce(site.topics.state, value, key, partition=partition)
    assert producer.flush(30) == 0


@tried("a worker dies and its transaction stays open")
def test_a_partition_that_waits_for_a_dead_owner_holds_up_no_other(
    kafka: Kafka, topics: Topics, tmp_path: Path
) -> None:
    site = agreed(kafka, topics)
    patient = {"transaction.timeout.ms": str(OPEN_MS)}
    first, *parts = pieces(MOMENTS + 1)
    with Crew(site, tmp_path, batch_messages_max=50) as crew:
        other = crew.start("w2")
        await_read(site, ends_of(first, append(site, first)), [other])
        # The adoption may come in a batch for each partition: it lives until there is more.
        dying = crew.start("w1", patient, fault=f"sent:{PARTITIONS + 3}:kill")
        await_share(dying, other)

        # The dead one's transaction stays open, and the offsets that are in it.
        silence, flowed_at, seen = 0.0, time.monotonic(), 0.0
        behind: list[float] = []
        for part in parts:
            append(site, part)
            await_seconds(0.1, [other])
            count = other.count("baton_batch_messages_sum")
            if count > seen:
                silence = max(silence, time.monotonic() - flowed_at)
                flowed_at, seen = time.monotonic(), count
            if other.count("baton_partitions", state="restoring"):
                behind.append(max(lags(other).values(), default=0))
        assert crew.bury("w1") == KILLED
        assert "waiting for the committed offset" in other.child.tail(), other.child.tail()
        await_story(site, [other])

    assert silence < SILENCE_SECONDS_MAX
    # While one waited, the others were never far behind what came in, and did not fall back.
    assert behind
    assert min(behind[-LAST:]) <= LAG_MAX, behind
    assert_undisturbed(site)


def lags(one: RunningWorker) -> dict[str, float]:
    """The lag of each partition that flows, as the worker tells it."""
    lines = [line for line in one.metrics().splitlines() if line.startswith("baton_lag_messages{")]
    return {place: float(lag) for place, _, lag in (line.rpartition(" ") for line in lines)}


def await_share(*workers: RunningWorker) -> None:
    """Return once each of them owns something that flows."""
    for one in workers:
        one.await_ready()
        await_flow(one)


def await_flow(one: RunningWorker) -> None:
    """Return once it owns something that flows."""
    flowing = "baton_partitions"
    await_that(lambda: one.count(flowing, state="flowing") > 0, 30, "a share", [one])
