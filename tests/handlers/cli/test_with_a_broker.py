"""The command against a broker: publish, follow, record, replay, refusals, explain, policies."""

import json
from pathlib import Path

import pytest

from events.embedded import EmbeddedBroker
from events.facts import encode_fact, fact_headers
from events.partitioner import partition_of
from events.state import encode_lead
from events.topics import Topics
from handlers.adoption import adopt
from handlers.exits import Exit
from handlers.reading import Record
from lifecycle.facts import Arrived, Context, Fact
from lifecycle.lead import Accumulator, Arrival, Attribute, Clock, Lead, Move, Scores
from lifecycle.stages import ClockName, Stage
from schemas.policy import shipped, shipped_text
from tests.handlers.cli.builders import AT, LEAD, read, refusal, send, working
from tests.handlers.cli.conftest import PARTITIONS, Baton

HOUR_MS = 3_600_000


def signal(subject: str, number: int, activity: str = "page_view") -> str:
    return json.dumps(
        {
            "type": "lead.engaged.v1",
            "subject": subject,
            "id": f"e{number}",
            "source": "/web",
            "time": "2026-03-02T09:00:00.000Z",
            "data": {"activity": activity},
        }
    )


def test_publish_sends_what_is_right_and_reports_the_rest_by_line(
    baton: Baton, embedded: EmbeddedBroker, topics: Topics
) -> None:
    lines = [
        signal("lead-1", 1),
        "{not json",
        signal("lead-2", 2),
        "",
        '{"type": "lead.danced.v1", "subject": "lead-1", "data": {}}',
        '{"type": "lead.engaged.v1", "subject": "someone@example.com", "data": {"activity": "a"}}',
        '{"type": "lead.engaged.v1", "subject": "lead-3", "data": {"activity": "page_view"}}',
    ]

    result = baton("publish", "-", stdin="\n".join(lines) + "\n")

    assert result.exit_code == Exit.PARTIAL
    told = result.stderr.splitlines()
    assert [line.partition(":")[0] for line in told[:-1]] == ["line 2", "line 5", "line 6"]
    assert "not_json" in told[0]
    assert "unknown_type" in told[1]
    assert "bad_lead_id" in told[2]
    assert told[-1] == f"Sent to {topics.signals}: 3. Bad lines: 3."
    records = read(embedded, topics.signals)
    assert sorted((one.key or b"").decode() for one in records) == ["lead-1", "lead-2", "lead-3"]
    assert all(one.partition == partition_of(one.key or b"", PARTITIONS) for one in records)


def test_a_file_published_twice_has_the_same_ids_twice(
    baton: Baton, embedded: EmbeddedBroker, topics: Topics, tmp_path: Path
) -> None:
    path = tmp_path / "signals.jsonl"
    line = '{"type": "lead.engaged.v1", "subject": "lead-3", "data": {"activity": "page_view"}}\n'
    path.write_text(line * 2, encoding="utf-8")

    first, second = baton("publish", str(path)), baton("publish", str(path))

    assert (first.exit_code, second.exit_code) == (Exit.OK, Exit.OK)
    ids = [json.loads(one.value or b"")["id"] for one in read(embedded, topics.signals)]
    assert ids[:2] == ids[2:]
    assert len(set(ids)) == 2


def test_follow_until_the_end_gives_a_pipe_the_published_bytes(
    baton: Baton, embedded: EmbeddedBroker, topics: Topics
) -> None:
    facts = [
        Fact(LEAD, seq, AT, AT, Context(Stage.COLD, "p" * 16, 1), Arrived("marketing"))
        for seq in (1, 2, 3)
    ]
    values = [encode_fact(fact) for fact in facts]
    headers = [*fact_headers(None)]
    send(
        embedded,
        topics.lifecycle,
        *[Record(topics.lifecycle, 0, 0, AT, b"k", value, [*headers]) for value in values],
    )

    whole = baton("follow", "lifecycle", "--from-start", "--until-end")
    nothing = baton("follow", "handovers", "--from-start", "--until-end")

    assert whole.exit_code == Exit.OK
    assert [line.encode() for line in whole.stdout.splitlines()] == values
    assert (nothing.exit_code, nothing.stdout) == (Exit.OK, "")


def test_a_recording_replayed_has_every_byte_and_the_mark_of_a_replay(
    baton: Baton, embedded: EmbeddedBroker, topics: Topics, tmp_path: Path
) -> None:
    path = tmp_path / "signals.jsonl.gz"
    originals = [
        Record(topics.signals, 0, 0, AT, b"a", b'{"x": 1}', [("h", b"\x00\xff"), ("h", None)]),
        Record(topics.signals, 0, 1, AT - 5, b"a", None, []),
        Record(topics.signals, 1, 0, AT + 5, None, b"\xff\xfe", []),
    ]
    send(embedded, topics.signals, *originals)
    send(embedded, topics.policies, Record("", 0, 0, AT, b"abc", b"a definition", []))
    again = Topics(f"{topics.prefix}again.")

    recorded = baton("record", str(path))
    refused = baton("replay", str(path))
    kept = baton("record", str(path))
    created = baton(
        "topics", "create", "--partitions", str(PARTITIONS), BATON_TOPICS_PREFIX=again.prefix
    )
    replayed = baton("replay", str(path), BATON_TOPICS_PREFIX=again.prefix)

    assert recorded.exit_code == Exit.OK, recorded.stderr
    assert "Recorded 3 records" in recorded.stderr
    assert refused.exit_code == Exit.ERROR
    assert "is not empty" in refused.stderr
    assert kept.exit_code == Exit.ERROR
    assert "is there already" in kept.stderr
    assert f"created  {again.signals}" in created.stdout
    assert replayed.exit_code == Exit.OK, replayed.stderr
    definitions = read(embedded, again.policies)
    assert [(one.key, one.value) for one in definitions] == [(b"abc", b"a definition")]
    found = read(embedded, again.signals)
    mark = ("baton-replay", b"1")
    assert sorted(found, key=lambda one: (one.partition, one.offset)) == [
        Record(
            again.signals,
            one.partition,
            one.offset,
            one.timestamp,
            one.key,
            one.value,
            [*one.headers, mark],
        )
        for one in originals
    ]


def test_a_recording_does_not_fit_a_topic_of_other_partitions(
    baton: Baton, topics: Topics, tmp_path: Path
) -> None:
    path = tmp_path / "signals.jsonl"
    path.write_text(
        '{"baton-recording":1,"topic":"lead.signals","partitions":3}\n{"records":0}\n',
        encoding="utf-8",
    )

    result = baton("replay", str(path))

    assert result.exit_code == Exit.ERROR
    assert f"{topics.signals} has {PARTITIONS} partitions and the recording 3" in result.stderr


def test_refusals_are_listed_by_reason_and_shown_with_their_original(
    baton: Baton, embedded: EmbeddedBroker, topics: Topics
) -> None:
    send(
        embedded,
        topics.refusals,
        refusal(topics, 3, "not_json"),
        refusal(topics, 5, "not_json"),
        refusal(topics, 9, "unknown_type", b'{"type": "x"}'),
    )

    listed = baton("refusals", "list", "--json", "--newest", "1")
    table = baton("refusals", "list")
    shown = baton("refusals", "show", "1:9")
    as_json = baton("refusals", "show", f"{topics.signals}:1:3", "--json")
    missing = baton("refusals", "show", "1:4")
    followed = baton("follow", "refusals", "--from-start", "--until-end")

    assert [json.loads(line) for line in listed.stdout.splitlines()] == [
        {"reason": "not_json", "count": 2, "newest": [f"{topics.signals}:1:5"]},
        {"reason": "unknown_type", "count": 1, "newest": [f"{topics.signals}:1:9"]},
    ]
    assert "not_json" in table.stdout
    assert "it is broken" in shown.stdout
    assert '"type": "x"' in shown.stdout
    assert "application/json" in shown.stdout
    told = json.loads(as_json.stdout)
    assert (told["reason"], told["value"]) == ("not_json", "{broken")
    assert told["headers"] == [["content-type", "application/json"], ["traceparent", "\\xff"]]
    assert (missing.exit_code, missing.stdout) == (Exit.ERROR, "")
    assert [json.loads(line)["origin"] for line in followed.stdout.splitlines()] == [
        f"{topics.signals}:1:{offset}" for offset in (3, 5, 9)
    ]


def test_redrive_says_what_became_of_each(
    baton: Baton, embedded: EmbeddedBroker, topics: Topics
) -> None:
    send(
        embedded,
        topics.refusals,
        refusal(topics, 3, "not_json"),
        refusal(topics, 9, "unknown_type", b'{"type": "x"}'),
    )

    with working(embedded, topics):
        applied = baton("refusals", "redrive", "1:9")
        refused = baton("refusals", "redrive", "--reason", "not_json")
        missing = baton("refusals", "redrive", "1:77")
        too_many = baton("refusals", "redrive", "--reason", "not_json", "--limit", "1")

    partition = partition_of(LEAD.encode(), PARTITIONS)
    assert applied.exit_code == Exit.OK, applied.stderr
    assert applied.stdout == f"{topics.signals}:1:9\t{topics.signals}:{partition}:0\tapplied\n"
    assert refused.exit_code == Exit.PARTIAL
    assert f"{topics.signals}:{partition}:1\trefused again\tnot_json\tstill broken" in (
        refused.stdout
    )
    assert (missing.exit_code, too_many.exit_code) == (Exit.ERROR, Exit.ERROR)
    first, second = read(embedded, topics.signals)
    assert first.value == b'{"type": "x"}'
    assert first.headers[-1] == ("baton-redrive", b"1")
    assert second.headers[0] == ("content-type", b"application/json")


def test_redrive_without_a_worker_says_that_it_still_waits(
    baton: Baton, embedded: EmbeddedBroker, topics: Topics
) -> None:
    send(embedded, topics.refusals, refusal(topics, 3, "not_json"))

    result = baton("refusals", "redrive", "1:3", "--wait", "0")

    assert result.exit_code == Exit.PARTIAL
    assert "still waiting" in result.stdout


def lead() -> Lead:
    clock = Clock(
        name=ClockName.ACCEPTANCE,
        ref=f"{LEAD}:h1",
        run=1,
        level=1,
        levels=2,
        allowed_ms=8 * HOUR_MS,
        level_ms=8 * HOUR_MS,
        warn_ms=4 * HOUR_MS,
        calendar=None,
        assignee="queue",
        started_at=AT,
        level_at=AT,
        left_ms=8 * HOUR_MS,
        due_at=AT + 8 * HOUR_MS,
        warn_at=AT + 4 * HOUR_MS,
    )
    activity = next(iter(shipped().activities.values()))
    scores = Scores(
        {activity.name: Accumulator(10.0, 0.0, 0, activity.half_life_ms, 2, AT)},
        policy=shipped().version,
    )
    return Lead(
        id=LEAD,
        seq=4,
        stage=Stage.CURIOUS,
        since=AT,
        at=AT,
        seen=b"",
        arrival=Arrival(AT, "marketing", "google", "spring"),
        scores=scores,
        profile={next(iter(shipped().fit)): Attribute("cto", AT)},
        clocks=(clock,),
        moves=(Move(AT, Stage.COLD, Stage.CURIOUS, "warm_up"),),
    )


@pytest.fixture
def known_lead(baton: Baton, embedded: EmbeddedBroker, topics: Topics) -> None:
    """A policy in force, and one lead in ``lead.state``."""
    assert baton("policy", "history").exit_code == Exit.OK
    adopt(embedded.client_properties, topics, shipped_text(), "ana", "ben", "first", at=AT)
    partition = partition_of(LEAD.encode(), PARTITIONS)
    in_force = {"digest": shipped().version, "partition_count": PARTITIONS, "ticks": "external"}
    tick = {"time": AT + HOUR_MS}
    send(
        embedded,
        topics.state,
        Record("", partition, 0, AT, LEAD.encode(), b"an older state", []),
        Record("", partition, 0, AT, b"~policy", json.dumps(in_force).encode(), []),
        Record("", partition, 0, AT, b"~tick", json.dumps(tick).encode(), []),
        Record("", partition, 0, AT, LEAD.encode(), encode_lead(lead()), []),
    )


@pytest.mark.usefixtures("known_lead")
def test_explain_shows_a_lead_as_of_its_partitions_time(baton: Baton) -> None:
    shown = baton("explain", LEAD)
    as_json = baton("explain", LEAD, "--json")
    later = baton("explain", LEAD, "--json", "--at", "2026-03-03")
    unknown = baton("explain", "nobody")

    assert shown.exit_code == Exit.OK, shown.stderr
    assert "lead-1  is curious since 2026-03-02 09:00Z" in shown.stdout
    assert "7 h 0 min of time left" in shown.stdout
    assert "short of mql" in shown.stdout
    assert "cold → curious" in shown.stdout
    told = json.loads(as_json.stdout)
    assert told["at"] == "2026-03-02T10:00:00.000Z"
    assert told["clocks"][0]["left_seconds"] == 7 * 3600
    assert told["receipt"]["policy"] == shipped().version
    parts = sum(part["points"] for part in told["receipt"]["activities"])
    assert parts == told["receipt"]["engagement_points"]
    assert json.loads(later.stdout)["clocks"][0]["overdue"] is True
    assert unknown.exit_code == Exit.ERROR
    assert "'nobody'" in unknown.stderr


def test_a_policy_is_adopted_after_showing_what_changes(baton: Baton, tmp_path: Path) -> None:
    changed = tmp_path / "policy.yaml"
    changed.write_text(
        shipped_text().replace("hysteresis: 0.7", "hysteresis: 0.6"), encoding="utf-8"
    )
    names = ("--for-marketing", "ana", "--for-sales", "ben", "--reason")

    none = baton("policy", "history")
    first = baton("policy", "adopt", *names, "the first")
    second = baton("policy", "adopt", str(changed), *names, "hold on longer")
    history = baton("policy", "history", "--json")
    shown = baton("policy", "show")
    nowhere = baton("policy", "show", "0" * 16)

    assert "No policy was ever adopted" in none.stderr
    assert first.stdout == f"adopted {shipped().version}\n"
    assert "hysteresis: 0.7 → 0.6" in second.stderr
    assert "ana agrees for marketing, ben for sales: hold on longer" in second.stderr
    told = [json.loads(line) for line in history.stdout.splitlines()]
    assert [one["reason"] for one in told] == ["the first", "hold on longer"]
    assert "hysteresis: 0.6" in shown.stdout
    assert nowhere.exit_code == Exit.ERROR


def test_topics_are_created_once_and_checked(baton: Baton, topics: Topics) -> None:
    again = baton("topics", "create", "--partitions", str(PARTITIONS))
    checked = baton("topics", "check")
    elsewhere = baton("topics", "check", BATON_TOPICS_PREFIX=f"{topics.prefix}none.")

    assert f"present  {topics.signals}" in again.stdout
    assert checked.exit_code == Exit.OK, checked.stdout
    assert elsewhere.exit_code == Exit.ERROR
    assert "is missing" in elsewhere.stdout
    assert "7 topics are not as Baton needs them." in elsewhere.stderr
    assert "'baton topics create' makes what is missing" in elsewhere.stderr
