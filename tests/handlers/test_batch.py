"""The fold of a batch: order, ticks, refusals, rerouting, adoption and limits, without a broker."""

import hashlib
import random
from dataclasses import replace

import pytest

from events.partitioner import partition_of
from handlers import batch
from handlers.exits import Exit, Stop
from handlers.folding import Rules
from lifecycle.clocks import next_due
from lifecycle.decide import Decision, advance, decide
from lifecycle.lead import DIGEST_BYTES, Lead
from lifecycle.policy import Policy
from lifecycle.signals import Engaged, Signal
from lifecycle.stages import Stage
from lifecycle.vet import vet
from tests.handlers.bench import DOMAIN, POLICY, TOPICS, Bench
from tests.handlers.shop import DAY, HOUR, MINUTE, START


def decides_but(failing: str) -> Rules:
    """The rules, with a defect that shows for one activity."""

    def broken(lead: Lead | None, signal: Signal, policy: Policy, nominations: int) -> Decision:
        if isinstance(signal.body, Engaged) and signal.body.activity == failing:
            raise ZeroDivisionError("a defect")
        return decide(lead, signal, policy, nominations)

    return replace(DOMAIN, decide=broken)


def fires_all_but(failing: str) -> Rules:
    """The rules, with a lead whose clocks cannot be fired."""

    def broken(lead: Lead, to: int, noticed_at: int, policy: Policy) -> Decision:
        if lead.id == failing:
            raise KeyError("a defect")
        return advance(lead, to, noticed_at, policy)

    return replace(DOMAIN, advance=broken)


def busy(bench: Bench, leads: int = 12) -> None:
    """Fill the log with some days of what leads do, and ticks."""
    chance = random.Random(3)
    at = START
    for number in range(400):
        at += chance.randrange(30 * MINUTE)
        lead = f"lead-{chance.randrange(leads)}"
        activity = chance.choice(("page_view", "demo_request", "pricing_view", "webinar_attended"))
        if number % 9 == 0:
            bench.tick(at)
        elif number % 31 == 0:
            bench.record(b"{broken", lead.encode(), timestamp=at)
        elif number % 13 == 0:
            bench.says(lead, "nominated", {"person": "mia", "reason": "fits"}, at)
        elif number % 17 == 0:
            bench.says(lead, "claimed", {"rep": "ann", "reason": "met"}, at)
        else:
            bench.engaged(lead, activity, at)
    bench.tick(at + 30 * DAY)


@pytest.fixture(scope="module")
def whole() -> Bench:
    """Busy days, all in one batch."""
    bench = Bench()
    busy(bench)
    bench.run_all(10_000)
    return bench


@pytest.mark.parametrize("size", [1, 2, 7, 100, 1000])
@pytest.mark.parametrize("tick_leads_max", [1, 2, 1000])
def test_however_the_batches_fall_the_same_is_told_in_the_same_order(
    whole: Bench, size: int, tick_leads_max: int
) -> None:
    sliced = Bench(tick_leads_max=tick_leads_max)
    busy(sliced)

    sliced.run_all(size)

    for topic in (TOPICS.lifecycle, TOPICS.handovers, TOPICS.recycles, TOPICS.refusals):
        assert sliced.told(topic) == whole.told(topic)
    assert sliced.raw == whole.raw
    assert _last_states(sliced) == _last_states(whole)
    assert len(whole.told(TOPICS.lifecycle)) > 100


@pytest.mark.parametrize("size", [1, 3, 50])
def test_however_a_batch_is_sliced_the_same_is_told(
    whole: Bench, size: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(batch, "SLICE_RECORDS", size)
    sliced = Bench()
    busy(sliced)

    sliced.run_all(10_000)

    assert sliced.puts == whole.puts
    assert len(sliced.log) > 50


def _last_states(bench: Bench) -> dict[bytes | None, object]:
    return {put.key: put for put in bench.told(TOPICS.state)}


def test_everything_goes_to_the_inputs_partition_with_its_causes_timestamp() -> None:
    bench = Bench(partition=1, partitions=2)
    name = next(f"l{n}" for n in range(99) if partition_of(f"l{n}".encode(), 2) == 1)
    bench.engaged(name, "demo_request", START)
    bench.record(b"nonsense", timestamp=START + 1)

    bench.run()

    assert {put.partition for put in bench.puts} == {1}
    assert {put.timestamp for put in bench.told(TOPICS.lifecycle)} == {START}
    assert {put.timestamp for put in bench.told(TOPICS.refusals)} == {START + 1}


def test_a_trace_context_goes_on_to_the_facts_that_a_signal_caused() -> None:
    bench = Bench()
    trace = b"00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
    bench.says("L1", "engaged", {"activity": "demo_request"}, START, ("traceparent", trace))

    bench.run()

    assert {put.head["traceparent"] for put in bench.told(TOPICS.lifecycle)} == {trace}


def test_each_changed_lead_is_written_once_a_batch_and_an_unchanged_one_not_at_all() -> None:
    bench = Bench()
    for _ in range(3):
        bench.engaged("L1", "page_view", START)
    bench.log.append(replace(bench.log[-1], offset=3))
    bench.run(3)
    written = len([put for put in bench.told(TOPICS.state) if put.key == b"L1"])

    fold = bench.run()

    assert written == 1
    assert not fold.changes
    assert fold.tally.signals == {("engaged", "duplicate"): 1}


def test_a_tick_fires_earliest_first_and_by_id_where_times_are_equal() -> None:
    bench = Bench()
    for lead in ("b", "a"):
        bench.engaged(lead, "demo_request", START + HOUR)
    bench.engaged("c", "demo_request", START)
    bench.run()
    before = len(bench.told(TOPICS.lifecycle))
    bench.tick(START + 2 * DAY)

    bench.run()

    fired = [put.key for put in bench.told(TOPICS.lifecycle)[before:]]
    first = list(dict.fromkeys(fired))
    assert first == [b"c", b"a", b"b"]


def test_what_a_tick_cannot_fire_at_once_is_fired_by_reading_the_tick_again() -> None:
    bench = Bench(tick_leads_max=2)
    for number in range(5):
        bench.engaged(f"L{number}", "demo_request", START)
    bench.run()
    bench.tick(START + 2 * DAY)
    bench.engaged("L9", "page_view", START + 2 * DAY)

    first = bench.run()

    assert first.taken == 0
    assert len(first.changes) == 2
    assert b"~tick" not in bench.raw

    bench.run_all(10)

    assert b"~tick" in bench.raw
    assert not bench.due_until(START + 2 * DAY - POLICY.grace_ms, 99, ())


def test_a_tick_from_the_future_is_refused_and_fires_nothing() -> None:
    bench = Bench()
    bench.engaged("L1", "demo_request", START)
    bench.run()
    bench.tick(START + DAY, recorded_at=START + MINUTE)

    fold = bench.run()

    assert not fold.changes
    assert bench.told(TOPICS.refusals)[0].head["baton-refusal-reason"] == b"from_the_future"


def test_a_tick_fires_up_to_its_records_timestamp_less_grace() -> None:
    bench = Bench()
    bench.engaged("L1", "demo_request", START)
    bench.run()
    due = next_due(bench.lead("L1"))
    assert due is not None
    bench.tick(due + POLICY.grace_ms - 1)
    bench.tick(due + POLICY.grace_ms)

    early, late = bench.run(1), bench.run(1)

    assert not early.changes
    assert "L1" in late.changes


def test_a_refusal_is_the_original_with_reason_and_origin_and_the_next_goes_on() -> None:
    bench = Bench()
    bench.record(b"{", b"L1", [("x", b"1"), ("baton-replay", b"1")], START)
    bench.engaged("L1", "page_view", START)

    bench.run()

    refusal = bench.told(TOPICS.refusals)[0]
    assert (refusal.key, refusal.value) == (b"L1", b"{")
    assert refusal.head["x"] == b"1"
    assert refusal.head["baton-refusal-reason"] == b"not_json"
    assert refusal.head["baton-origin-offset"] == b"0"
    assert "baton-replay" not in refusal.head
    assert bench.lead("L1").stage is Stage.COLD


def test_a_refusal_of_a_large_record_says_what_is_missing() -> None:
    bench = Bench(refusal_bytes_max=100_000)
    value = b"x" * 200_000
    bench.record(value, timestamp=START)

    bench.run()

    refusal = bench.told(TOPICS.refusals)[0]
    assert refusal.value == value[:65_536]
    assert refusal.head["baton-original-length"] == b"200000"
    assert refusal.head["baton-original-sha256"] == hashlib.sha256(value).hexdigest().encode()


def test_an_illegal_request_is_decided_and_copied_to_the_refusals() -> None:
    bench = Bench()
    bench.says("L1", "accepted", {"handover_id": "L1:h1", "rep": "ann"}, START)

    fold = bench.run()

    assert bench.told(TOPICS.lifecycle)[-1].key == b"L1"
    assert len(bench.told(TOPICS.refusals)) == 1
    assert fold.ledger.refused == 0
    assert [outcome for _, outcome in fold.tally.signals] == ["illegal"]


def test_a_failing_decision_refuses_its_record_and_leaves_the_lead_as_it_was() -> None:
    bench = Bench(rules=decides_but("page_view"))
    bench.engaged("L1", "demo_request", START)
    bench.engaged("L1", "page_view", START)
    bench.engaged("L2", "demo_request", START)

    bench.run()

    assert bench.told(TOPICS.refusals)[0].head["baton-refusal-reason"] == b"failed"
    assert b"ZeroDivisionError" in (
        bench.told(TOPICS.refusals)[0].head["baton-refusal-detail"] or b""
    )
    assert set(bench.leads) == {"L1", "L2"}
    assert len(bench.lead("L1").seen) == DIGEST_BYTES


def test_what_the_outlet_cannot_take_is_nobodys_bad_message() -> None:
    class Torn(Bench):
        """Its producer has broken."""

        def put(self, topic: str, *_: object) -> None:
            raise BrokenPipeError(topic)

    bench = Torn()
    bench.engaged("L1", "demo_request", START)

    with pytest.raises(BrokenPipeError, match="lifecycle"):
        bench.run()


@pytest.mark.parametrize("exhausted", [MemoryError, RecursionError])
def test_an_exhausted_machine_is_nobodys_bad_message(exhausted: type[Exception]) -> None:
    def out_of_it(*_: object) -> Decision:
        raise exhausted

    bench = Bench(rules=replace(DOMAIN, decide=out_of_it))
    bench.engaged("L1", "page_view", START)

    with pytest.raises(exhausted):
        bench.run()


def test_too_many_failures_in_a_minute_stop_and_a_restart_does_not_forget_them() -> None:
    bench = Bench(rules=decides_but("page_view"), failed_max=3)
    for _ in range(4):
        bench.engaged("L1", "page_view", START)
    bench.run(3)

    with pytest.raises(Stop) as stopped:
        bench.fold()
    with pytest.raises(Stop):
        bench.fold()

    assert stopped.value.code is Exit.FAILED_RATE


def test_failures_of_another_minute_do_not_count() -> None:
    bench = Bench(rules=decides_but("page_view"), failed_max=3)
    for number in range(12):
        bench.engaged("L1", "page_view", START + number // 3 * MINUTE)

    bench.run()

    assert len(bench.told(TOPICS.refusals)) == 12


def test_one_minute_of_mostly_refusals_stops() -> None:
    bench = Bench(refusal_rate_min_messages=10)
    for number in range(10):
        bench.record(b"{" if number % 3 else b"[", timestamp=START)

    with pytest.raises(Stop) as stopped:
        bench.run()

    assert stopped.value.code is Exit.REFUSAL_RATE


def test_half_of_them_refused_is_still_borne() -> None:
    bench = Bench(refusal_rate_min_messages=10)
    for number in range(10):
        if number % 2:
            bench.record(b"{", timestamp=START)
        else:
            bench.engaged("L1", "page_view", START)

    fold = bench.run()

    assert fold.taken == 10


def test_a_lead_that_cannot_be_fired_is_left_out_until_its_next_signal() -> None:
    bench = Bench(rules=fires_all_but("bad"))
    bench.engaged("bad", "demo_request", START)
    bench.engaged("good", "demo_request", START)
    bench.run()
    bench.tick(START + 2 * DAY)
    bench.tick(START + 3 * DAY)

    bench.run()

    refusals = bench.told(TOPICS.refusals)
    assert len(refusals) == 1
    assert b"bad" in (refusals[0].head["baton-refusal-detail"] or b"")
    assert bench.state.excluded == {"bad"}
    assert bench.leads["bad"].due_at is None
    assert len(bench.lead("good").seen) == DIGEST_BYTES

    bench.engaged("bad", "page_view", START + 3 * DAY)
    bench.run()

    assert bench.state.excluded == frozenset()
    assert bench.leads["bad"].due_at is not None


def test_a_lead_that_stays_due_is_not_fired_for_ever() -> None:
    stuck = replace(DOMAIN, advance=lambda lead, *_: Decision(lead, ()))
    bench = Bench(rules=stuck)
    bench.engaged("L1", "demo_request", START)
    bench.run()
    bench.tick(START + 2 * DAY)

    bench.run()

    assert bench.state.excluded == {"L1"}


def test_a_record_on_the_wrong_partition_goes_to_the_right_one_unchanged() -> None:
    bench = Bench(partition=0, partitions=3)
    lead = bench.elsewhere()
    bench.says(lead, "engaged", {"activity": "page_view"}, START, ("x", b"1"))

    fold = bench.run()

    moved = bench.told(TOPICS.signals)[0]
    assert moved.partition == partition_of(lead.encode(), 3)
    assert (moved.key, moved.value, moved.timestamp) == (lead.encode(), bench.log[0].value, START)
    assert moved.headers == (*(bench.log[0].headers or ()), ("baton-rerouted-from", b"0"))
    assert fold.tally.signals == {("engaged", "rerouted"): 1}
    assert not bench.leads


def test_a_replayed_record_on_the_wrong_partition_is_not_rerouted_again() -> None:
    bench = Bench(partition=0, partitions=3)
    lead = bench.elsewhere()
    bench.says(lead, "engaged", {"activity": "page_view"}, START, ("baton-replay", b"1"))

    fold = bench.run()

    assert not bench.told(TOPICS.signals)
    assert not bench.leads
    assert fold.taken == 1


def test_an_adopted_definition_is_in_force_from_its_offset_on() -> None:
    bench = Bench()
    other = replace(POLICY, version="a" * 16, warm_mp=1, curious_mp=1)
    bench.shelf[other.version] = other
    bench.engaged("L1", "webinar_attended", START)
    bench.adopts(other.version, START)
    bench.engaged("L2", "webinar_attended", START)

    bench.run()

    assert bench.lead("L1").stage is Stage.COLD
    assert bench.lead("L2").stage is Stage.WARM
    assert bench.state.in_force is not None
    assert bench.state.in_force.ticks == "owner"


def test_nothing_behind_an_adoption_is_taken_before_its_definition_is_there() -> None:
    bench = Bench()
    bench.engaged("L1", "page_view", START)
    bench.adopts("b" * 16, START)
    bench.engaged("L2", "page_view", START)

    fold = bench.run()

    assert fold.taken == 1
    assert fold.awaiting == "b" * 16
    assert bench.run().taken == 0
    assert "L2" not in bench.leads


def test_a_replayed_adoption_never_lets_the_owner_tick() -> None:
    bench = Bench()
    bench.adopts(POLICY.version, START, ("baton-replay", b"1"), ticks="owner")

    bench.run()

    assert bench.state.in_force is not None
    assert bench.state.in_force.ticks == "external"


def test_an_adoption_for_another_partition_count_stops() -> None:
    bench = Bench(partitions=3)
    bench.adopts(POLICY.version, START, count=4)

    with pytest.raises(Stop) as stopped:
        bench.run()

    assert stopped.value.code is Exit.PARTITION_COUNT


def test_nominations_are_counted_by_person_and_month() -> None:
    bench = Bench(replace(POLICY, nominations_max=2))
    for number in range(3):
        bench.says(f"L{number}", "nominated", {"person": "mia", "reason": "fits"}, START)
    bench.says("L7", "nominated", {"person": "tom", "reason": "fits"}, START)
    bench.says("L8", "nominated", {"person": "mia", "reason": "fits"}, START + 40 * DAY)

    bench.run_all(1)

    stages = [bench.lead(name).stage for name in ("L0", "L1", "L2", "L7", "L8")]
    assert stages == [Stage.MQL, Stage.MQL, Stage.COLD, Stage.MQL, Stage.MQL]
    assert bench.told(TOPICS.refusals)[0].head["baton-refusal-reason"] == b"nominations_exhausted"


def test_activities_that_nobody_scores_are_counted_by_name() -> None:
    bench = Bench()
    bench.engaged("L1", "pigeon_post", START)

    fold = bench.run()

    assert fold.tally.unscored == {"pigeon_post": 1}


def test_codes_that_nobody_agreed_on_are_counted_and_the_answer_is_taken() -> None:
    bench = Bench()
    bench.engaged("L1", "demo_request", START)
    voice = {"handover_id": "L1:h1", "rep": "ann", "objections": ["mood"]}
    bench.says("L1", "accepted", voice, START)

    fold = bench.run()

    assert fold.tally.unknown_codes == {("objections", "mood"): 1}
    assert bench.lead("L1").stage is Stage.SAL


def test_what_the_definition_does_not_know_is_refused_and_its_id_not_remembered() -> None:
    bench = Bench()
    bench.engaged("L1", "page_view", START)
    bench.says("L1", "recycled", {"reason": "moon_phase"}, START)

    fold = bench.run()

    assert bench.told(TOPICS.refusals)[0].head["baton-refusal-reason"] == b"unknown_reason"
    assert fold.tally.signals["recycled", "refused"] == 1
    assert len(bench.lead("L1").seen) == DIGEST_BYTES
    assert vet is DOMAIN.vet
