"""Bad input through the real worker: a reason each, nothing lost, and nobody else is disturbed.

One worker gets all of it in one go: a good message for each lead, then every bad one with a good
message of a neighbour right behind it, then another good message for each lead.
"""

import hashlib
from collections import Counter
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, replace
from itertools import count
from typing import Any

import msgspec
import pytest

from events.partitioner import partition_of
from events.refusals import LENGTH, ORIGIN_PARTITION, REROUTED, SHA256, TRUNCATED_BYTES, Refusal
from events.state import decode_lead
from events.topics import Topics
from handlers.follow import refusal_of
from handlers.reading import Record
from lifecycle.lead import Lead
from tests.conftest import BROKERS
from tests.e2e.bad_messages import BAD, BAD_AT, NEXT_AT, SEEDED_AT, Bad, Made, good
from tests.e2e.harness import (
    PARTITIONS,
    READ_SECONDS_MAX,
    Sent,
    Site,
    agree,
    append,
    await_read,
    await_that,
    ends_of,
    read,
    site_of,
    states,
    worker,
)

CONTROL, AGAIN, ASTRAY = "control", "again", "astray"
"""Leads of no bad message: of none at all, of one message twice, of one on a wrong partition."""
LARGE = {"message.max.bytes": 20_000_000, "compression.type": "zstd"}


def lead_of(case: Bad) -> str:
    return "of-" + case.name.replace(" ", "-")


def home(lead: str) -> int:
    return partition_of(lead.encode(), PARTITIONS)


def neighbour_of(lead: str) -> str:
    """Another lead of the same partition."""
    return next(name for n in count() if home(name := f"{lead}-neighbour-{n}") == home(lead))


def sent(made: Made, partition: int, at: int) -> Sent:
    return Sent(partition, made.key, made.value, made.headers, at)


@dataclass(frozen=True)
class Run:
    """What was sent and what came out."""

    site: Site
    bad: dict[str, Sent]
    """The bad record of each lead."""
    offsets: dict[str, int]
    """Where it lies."""
    before: dict[bytes, bytes | None]
    """``lead.state`` when only the seeds were read."""
    between: dict[bytes, bytes | None]
    """... and the bad ones with their neighbours."""
    after: dict[bytes, bytes | None]
    facts: dict[str, list[bytes]]
    """The facts of each lead, its id left out."""
    refusals: list[Record]
    signals: list[Record]
    metrics: dict[tuple[str, str], float]

    def refusals_of(self, lead: str) -> list[tuple[Record, Refusal]]:
        """What was refused at the place of a lead's bad record."""
        place = self.bad[lead].partition, self.offsets[lead]
        told = ((record, refusal_of(record)) for record in self.refusals)
        return [(r, f) for r, f in told if (f.origin.partition, f.origin.offset) == place]


@pytest.fixture(
    scope="module",
    params=[pytest.param(name, marks=getattr(pytest.mark, name)) for name in BROKERS],
)
def run(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Run:
    site = site_of(request.getfixturevalue(request.param), Topics("bad-input."))
    agree(site, SEEDED_AT)
    leads = [CONTROL, AGAIN, ASTRAY, *map(lead_of, BAD)]
    seeds = [sent(seed(lead), home(lead), SEEDED_AT) for lead in leads]
    bad = {
        lead_of(case): sent(case.make(lead_of(case)), home(lead_of(case)), BAD_AT) for case in BAD
    }
    bad[AGAIN] = sent(seed(AGAIN), home(AGAIN), BAD_AT)
    bad[ASTRAY] = sent(following(ASTRAY), (home(ASTRAY) + 1) % PARTITIONS, NEXT_AT)
    followed = [lead for lead in leads if lead != ASTRAY]

    with worker(site, tmp_path_factory.mktemp("bad-input")) as one:
        await_read(site, ends_of(seeds, append(site, seeds)), [one])
        before = flat_with(site, {record.key for record in seeds})
        mixed = [record for lead in bad for record in (bad[lead], behind(lead, bad[lead]))]
        offsets = append(site, mixed, **LARGE)
        await_read(site, ends_of(mixed, offsets), [one])
        between = flat_with(site, {record.key for record in mixed[1::2]})
        rest = [sent(following(lead), home(lead), NEXT_AT) for lead in followed]
        await_read(site, ends_of(rest, append(site, rest)), [one])
        metrics = {
            ("refusals", code): one.count("baton_refusals_total", reason=code)
            for code in {case.code.value for case in BAD}
        } | {
            ("signals", outcome): one.count("baton_signals_total", type="engaged", outcome=outcome)
            for outcome in ("duplicate", "rerouted")
        }
        assert one.ended() is None
        assert one.stop() == 0
    return Run(
        site,
        bad,
        dict(zip(bad, offsets[::2], strict=True)),
        before,
        between,
        flat(site),
        facts_of(site),
        read(site, site.topics.refusals),
        read(site, site.topics.signals),
        metrics,
    )


def seed(lead: str) -> Made:
    return good(lead, "page_view", "seed", SEEDED_AT)


def following(lead: str) -> Made:
    return good(lead, "pricing_view", "next", NEXT_AT)


def behind(lead: str, bad: Sent) -> Sent:
    """The neighbour's good message, right behind a bad one."""
    name = next(n for i in count() if home(n := f"{lead}-neighbour-{i}") == bad.partition)
    return sent(good(name, "page_view", "seed", SEEDED_AT), bad.partition, SEEDED_AT)


def flat(site: Site) -> dict[bytes, bytes | None]:
    """The last value of every lead, and of the partitions' own keys."""
    return {
        (b"%d" % partition if key.startswith(b"~") else b"") + key: value
        for partition, values in states(site).items()
        for key, value in values.items()
    }


def flat_with(site: Site, keys: AbstractSet[bytes | None]) -> dict[bytes, bytes | None]:
    """The same, once these leads are in it: what was committed shows a moment later at times."""
    found: dict[bytes, bytes | None] = {}

    def there() -> bool:
        found.update(flat(site))
        return keys <= found.keys()

    await_that(there, READ_SECONDS_MAX, "the leads in lead.state")
    return found


def facts_of(site: Site) -> dict[str, list[bytes]]:
    found: dict[str, list[bytes]] = {}
    for record in read(site, site.topics.lifecycle):
        key, value = record.key or b"", record.value or b""
        found.setdefault(key.decode(), []).append(value.replace(key, b"*"))
    return found


def nameless(value: bytes | None, *, decided: bool = False) -> Lead:
    """A lead without its name; after an illegal request also without what that may change."""
    assert value is not None
    lead = replace(decode_lead(value), id="*")
    return replace(lead, seq=0, seen=b"", at=0) if decided else lead


@pytest.mark.parametrize("case", BAD, ids=lambda case: case.name)
def test_bad_input_is_refused_with_its_reason_and_disturbs_nobody(run: Run, case: Bad) -> None:
    lead, record = lead_of(case), run.bad[lead_of(case)]

    [(kept, refusal)] = run.refusals_of(lead)

    assert refusal.reason == case.code
    assert refusal.detail
    assert_kept(record, kept, refusal, run.site.topics)
    assert_unchanged(run, lead, decided=case.decided)
    assert_goes_on(run, lead, decided=case.decided)


def assert_kept(record: Sent, kept: Record, refusal: Refusal, topics: Topics) -> None:
    """The original lies in lead.refusals, untouched, with where it came from."""
    value = record.value or b""
    assert kept.partition == record.partition
    assert kept.timestamp == record.timestamp
    assert refusal.key == record.key
    assert refusal.headers == tuple(record.headers)
    assert refusal.origin.topic == topics.signals
    assert dict(kept.headers)[ORIGIN_PARTITION] == b"%d" % record.partition
    if len(value) < 900_000:
        assert not refusal.truncated
        assert refusal.value == record.value
    else:
        told = dict(kept.headers)
        assert refusal.truncated
        assert refusal.value == value[:TRUNCATED_BYTES]
        assert told[LENGTH] == b"%d" % len(value)
        assert told[SHA256] == hashlib.sha256(value).hexdigest().encode()


def assert_unchanged(run: Run, lead: str, *, decided: bool) -> None:
    """The lead is as it was before the bad message."""
    before, between = run.before[lead.encode()], run.between[lead.encode()]
    if decided:
        assert nameless(between, decided=True) == nameless(before, decided=True)
    else:
        assert between == before


def assert_goes_on(run: Run, lead: str, *, decided: bool) -> None:
    """The next messages, of a neighbour and of the lead itself, do what they do for anybody."""
    control, own = run.after[CONTROL.encode()], run.after[lead.encode()]
    assert nameless(own, decided=decided) == nameless(control, decided=decided)
    if not decided:
        assert run.facts[lead] == run.facts[CONTROL]
    neighbour = run.between[neighbour_of(lead).encode()]
    assert nameless(neighbour) == nameless(run.before[CONTROL.encode()])


def test_an_illegal_request_is_told_among_the_leads_facts(run: Run) -> None:
    for case in BAD:
        kinds = [kind_of(fact) for fact in run.facts[lead_of(case)]]
        assert kinds.count("lead.refused.v1") == int(case.decided), case.name


def test_the_same_source_and_id_again_is_a_duplicate_and_no_refusal(run: Run) -> None:
    assert run.refusals_of(AGAIN) == []
    assert run.metrics["signals", "duplicate"] == 1
    assert run.between[AGAIN.encode()] == run.before[AGAIN.encode()]
    assert run.facts[AGAIN] == run.facts[CONTROL]
    assert nameless(run.after[AGAIN.encode()]) == nameless(run.after[CONTROL.encode()])


def test_a_record_on_the_wrong_partition_is_sent_home_and_decided_there(run: Run) -> None:
    astray = run.bad[ASTRAY]

    [copy] = [r for r in run.signals if any(name == REROUTED for name, _ in r.headers)]

    assert run.refusals_of(ASTRAY) == []
    assert run.metrics["signals", "rerouted"] == 1
    assert (copy.partition, copy.timestamp) == (home(ASTRAY), astray.timestamp)
    assert (copy.key, copy.value) == (astray.key, astray.value)
    assert copy.headers == [*astray.headers, (REROUTED, b"%d" % astray.partition)]
    assert run.facts[ASTRAY] == run.facts[CONTROL]
    assert nameless(run.after[ASTRAY.encode()]) == nameless(run.after[CONTROL.encode()])


def test_nothing_but_the_counts_of_a_partition_changes_by_bad_input(run: Run) -> None:
    changed = {key for key, value in run.between.items() if run.before.get(key) != value}

    decided = {lead_of(case).encode() for case in BAD if case.decided}
    counts = {b"%d~counts" % partition for partition in range(PARTITIONS)}
    others = {key for key in changed if b"-neighbour-" not in key} - decided - counts
    assert others <= {ASTRAY.encode()}
    assert not [key for key in run.before if key not in run.after]


def test_every_message_ends_as_applied_duplicate_rerouted_or_refused(run: Run) -> None:
    wanted = Counter(case.code.value for case in BAD)

    assert len(run.refusals) == len(BAD)
    assert {code: run.metrics["refusals", code] for code in wanted} == wanted


def kind_of(fact: bytes) -> str:
    event: dict[str, Any] = msgspec.json.decode(fact)
    return str(event["type"])
