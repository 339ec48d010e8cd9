"""What holds of every decision, whatever the log: order, repeats, bytes, and the due index."""

from dataclasses import replace
from itertools import pairwise

from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from events.facts import encode_fact
from events.state import decode_lead, encode_lead
from lifecycle import lead as bounds
from lifecycle.clocks import next_due
from lifecycle.decide import Outcome, advance, decide
from lifecycle.facts import (
    ClockBreached,
    ClockCancelled,
    ClockMet,
    ClockPausedFact,
    ClockResumedFact,
    ClockStarted,
    ClockWarned,
    Fact,
    FactBody,
    RefusedFact,
)
from lifecycle.lead import Lead
from lifecycle.signals import Accepted, Engaged, Profiled
from lifecycle.stages import SALES_STAGES, ClockName, HandoverStatus, Stage
from schemas.outbound import parse
from tests.lifecycle.any_log import Step, logs, walk
from tests.lifecycle.builders import DAY_MS, POLICY, Story, brought_to

LEAD_BYTES_MAX = 8_000
AGE_DAYS_MAX = 60

Log = tuple[Stage, list[Step]]
Promise = tuple[ClockName, str | None, int]
ClockFacts = (
    ClockStarted
    | ClockWarned
    | ClockMet
    | ClockBreached
    | ClockPausedFact
    | ClockResumedFact
    | ClockCancelled
)
often = settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])


@often
@given(logs)
def test_facts_are_numbered_without_a_gap_and_never_go_back_in_time(log: Log) -> None:
    for before, policy, _, _, decision in walk(log):
        seqs = [fact.seq for fact in decision.facts]
        times = [before.at, *(fact.at for fact in decision.facts), decision.lead.at]

        assert seqs == list(range(before.seq + 1, decision.lead.seq + 1))
        assert all(earlier <= later for earlier, later in pairwise(times))
        assert {fact.lead_id for fact in decision.facts} <= {before.id}
        assert {fact.context.policy for fact in decision.facts} <= {policy.version}
        if decision.facts:
            assert decision.facts[-1].context.stage is decision.lead.stage


@often
@given(logs)
def test_the_same_signal_twice_changes_nothing_the_second_time(log: Log) -> None:
    for _, policy, _, signal, decision in walk(log):
        if signal is None:
            continue

        again = decide(
            decision.lead, replace(signal, recorded_at=signal.recorded_at + DAY_MS), policy
        )

        assert (again.lead, again.facts, again.outcome) == (decision.lead, (), Outcome.DUPLICATE)


@often
@given(logs)
def test_the_same_log_gives_the_same_facts_also_through_bytes(log: Log) -> None:
    def stored(lead: Lead) -> Lead:
        read = decode_lead(encode_lead(lead))
        assert read == lead
        return read

    assert [step[4] for step in walk(log)] == [step[4] for step in walk(log, stored)]


@often
@given(logs)
def test_nothing_fires_before_the_next_due_time_and_something_does_then(log: Log) -> None:
    for _, policy, now, _, decision in walk(log):
        due_at = next_due(decision.lead)
        if due_at is None:
            assert advance(decision.lead, now + 900 * DAY_MS, now, policy).lead == decision.lead
            continue
        noticed_at = max(now, due_at + policy.grace_ms)

        assert advance(decision.lead, due_at - 1, noticed_at, policy).lead == decision.lead
        assert advance(decision.lead, due_at, noticed_at, policy).lead != decision.lead


@often
@given(logs, st.lists(st.integers(0, AGE_DAYS_MAX * DAY_MS), max_size=4))
def test_firing_at_once_and_step_by_step_are_one(log: Log, stops: list[int]) -> None:
    walked = walk(log)
    assume(walked)
    _, policy, now, _, decision = walked[-1]
    noticed_at = now + AGE_DAYS_MAX * DAY_MS + policy.grace_ms
    at_once = advance(decision.lead, now + AGE_DAYS_MAX * DAY_MS, noticed_at, policy)

    lead, facts = decision.lead, tuple[Fact, ...]()
    for stop in sorted({*stops, AGE_DAYS_MAX * DAY_MS}):
        part = advance(lead, now + stop, noticed_at, policy)
        lead, facts = part.lead, facts + part.facts

    assert (lead, facts) == (at_once.lead, at_once.facts)


@often
@given(logs)
def test_one_tick_breaks_one_level_of_a_clock(log: Log) -> None:
    for _, _, _, signal, decision in walk(log):
        broken = [fact.body for fact in decision.facts if isinstance(fact.body, ClockBreached)]

        assert len({(b.clock, b.ref, b.run) for b in broken}) == len(broken)
        assert all(breach.bare is (signal is not None) for breach in broken)


@often
@given(logs)
def test_an_illegal_request_moves_nothing(log: Log) -> None:
    for before, policy, _, signal, decision in walk(log):
        if decision.outcome is not Outcome.ILLEGAL:
            assert not [fact for fact in decision.facts if isinstance(fact.body, RefusedFact)]
            continue
        assert signal is not None
        fires_to = min(signal.time, signal.recorded_at) - policy.grace_ms
        due_at = next_due(before)

        *due, refused = decision.facts
        assert isinstance(refused.body, RefusedFact)
        assert refused.body.code == decision.code
        assert all(fact.body.kind != "refused" for fact in due)
        if due_at is None or due_at > fires_to:
            after = decision.lead
            same = replace(
                after, seq=before.seq, seen=before.seen, at=before.at, scores=before.scores
            )
            assert same == before
            # A new definition is taken up; nothing else of the scores may change.
            assert after.scores.policy == policy.version


@often
@given(logs)
def test_a_lead_makes_sense_at_every_step(log: Log) -> None:
    for _, _, _, _, decision in walk(log):
        lead = decision.lead
        on_offer = lead.handover is not None and lead.handover.status is HandoverStatus.OPEN
        names = [clock.name for clock in lead.clocks]
        deals = {clock.ref for clock in lead.clocks if clock.name is ClockName.DEAL}

        assert on_offer is (lead.stage is Stage.MQL)
        assert (lead.person.owner is not None) is (lead.stage in SALES_STAGES)
        assert (lead.nurture is not None) is (lead.stage in {Stage.NURTURE, Stage.LOST})
        assert (ClockName.NURTURE in names) is (lead.stage in {Stage.NURTURE, Stage.LOST})
        assert (ClockName.ACCEPTANCE in names) is (lead.stage is Stage.MQL)
        assert (ClockName.QUALIFICATION in names) is (lead.stage is Stage.SAL)
        assert (ClockName.OPPORTUNITY in names) is (lead.stage is Stage.SQL)
        assert deals <= {deal.id for deal in lead.opportunities}
        assert bool(lead.opportunities) or lead.stage is not Stage.OPPORTUNITY
        assert (lead.won > 0) is (lead.stage is Stage.CUSTOMER)
        assert (lead.person.disqualified_for is None) is (lead.stage is not Stage.DISQUALIFIED)
        assert len({(c.name, c.ref) for c in lead.clocks}) == len(lead.clocks)


@often
@given(logs)
def test_a_promise_begins_once_ends_once_and_tells_the_lead_the_same(log: Log) -> None:
    running: dict[Promise, int] = {}
    ended: set[Promise] = set()
    begin = brought_to(log[0])
    told = [(begin.lead, begin.facts), *((step[4].lead, step[4].facts) for step in walk(log))]

    for lead, facts in told:
        for fact in facts:
            _live(fact.body, running, ended)

        promises = [clock for clock in lead.clocks if clock.name is not ClockName.REVIEW]
        assert {(c.name, c.ref, c.run): c.level for c in promises} == running


def _live(body: FactBody, running: dict[Promise, int], ended: set[Promise]) -> None:
    """Follow a promise's life by its facts."""
    if not isinstance(body, ClockFacts):
        return
    promise = (body.clock, body.ref, body.run)
    if isinstance(body, ClockStarted):
        assert promise not in running
        assert promise not in ended
        running[promise] = 1
        return
    if isinstance(body, ClockMet) and body.disputed and promise in ended:
        # Broken for the last time, and answered in time after all: once.
        ended.remove(promise)
        return
    assert running[promise] == body.level
    if isinstance(body, ClockBreached) and body.next_due_at is not None:
        running[promise] += 1
    elif isinstance(body, ClockMet | ClockCancelled) or (
        isinstance(body, ClockBreached) and not body.bare
    ):
        del running[promise]
        ended.add(promise)


@settings(often, max_examples=20)
@given(logs)
def test_every_fact_is_as_the_contract_says(log: Log) -> None:
    for _, _, _, _, decision in walk(log):
        for fact in decision.facts:
            event = parse(encode_fact(fact), strict=True)

            assert (event.id, event.subject) == (f"{fact.lead_id}:{fact.seq}", fact.lead_id)


def test_a_lead_stays_small_whatever_it_goes_through() -> None:
    story = Story()
    for round_ in range(60):
        story.after(days=1).says(Profiled({f"attribute_{round_}": round_}))
        for name in POLICY.activities:
            story.engaged(name, campaign=f"campaign-{round_}", source=f"source-{round_}")
        story.opened(f"d{round_}").won(f"d{round_}") if round_ % 2 else story.opened(f"d{round_}")
        story.attempted().lost(f"d{round_}", "lost_no_decision").recycled("churned")

        assert len(encode_lead(story.lead)) < LEAD_BYTES_MAX

    lead = story.lead
    assert len(lead.seen) == bounds.SEEN_MAX * bounds.DIGEST_BYTES
    assert len(lead.profile) == bounds.ATTRIBUTES_MAX
    assert len(lead.touches.campaigns) == bounds.CAMPAIGNS_MAX
    assert len(lead.ended) == bounds.OPPORTUNITIES_ENDED_MAX
    assert len(lead.moves) == bounds.MOVES_MAX


def test_ids_are_remembered_so_far_back_and_no_further() -> None:
    page = Engaged("page_view")
    story = brought_to(Stage.COLD).says(page, signal_id="once")
    for _ in range(bounds.SEEN_MAX - 1):
        story.engaged("email_open")
    assert story.says(page, signal_id="once").outcome is Outcome.DUPLICATE

    story.engaged("email_open").says(page, signal_id="once")

    assert story.outcome is Outcome.APPLIED


def test_a_redriven_message_is_not_its_own_repeat() -> None:
    stale = Accepted("lead-1:h7")
    story = brought_to(Stage.MQL).says(stale, signal_id="again")
    assert story.outcome is Outcome.ILLEGAL
    assert story.says(stale, signal_id="again").outcome is Outcome.DUPLICATE

    story.says(stale, signal_id="again", redrive=1)

    assert story.outcome is Outcome.ILLEGAL
