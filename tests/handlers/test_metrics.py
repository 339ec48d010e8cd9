"""What the metrics tell: each family by a story whose figures are known, and their bounds."""

from collections import Counter

from prometheus_client import generate_latest

from handlers.build import CORE
from handlers.folding import Tally
from handlers.metrics import NAMES_MAX, PROMISES, Metrics
from lifecycle.draft import RULES
from lifecycle.stages import ClockName, Stage
from schemas.policy import shipped
from schemas.refusal import RefusalCode
from tests.lifecycle.builders import Story, brought_to, mql

HOUR = 3_600


def told_of(*stories: Story, **more: object) -> Metrics:
    """The metrics of a worker that committed these stories in one transaction."""
    metrics = Metrics()
    facts = [fact for story in stories for fact in story.facts]
    tally = Tally()
    tally.facts += facts
    for name, told in more.items():
        setattr(tally, name, told)
    metrics.committed([tally], messages=7, seconds=0.02, now=10_000)
    return metrics


def value(metrics: Metrics, name: str, **labels: str) -> float:
    found = metrics.registry.get_sample_value(name, labels)
    return 0 if found is None else found


def clocks(metrics: Metrics, clock: ClockName, outcome: str) -> float:
    return value(metrics, "baton_clocks_total", clock=clock.value, outcome=outcome)


def test_messages_are_counted_by_type_and_outcome_and_refusals_by_reason() -> None:
    signals = Counter(
        {("engaged", "applied"): 3, ("engaged", "duplicate"): 1, ("won", "refused"): 2}
    )

    metrics = told_of(signals=signals, refusals=Counter({"not_json": 2}))

    name = "baton_signals_total"
    assert value(metrics, name, type="engaged", outcome="applied") == 3
    assert value(metrics, name, type="engaged", outcome="duplicate") == 1
    assert value(metrics, name, type="won", outcome="refused") == 2
    assert value(metrics, "baton_refusals_total", reason="not_json") == 2


def test_moves_are_counted_by_from_to_and_trigger() -> None:
    metrics = told_of(brought_to(Stage.SAL), brought_to(Stage.SAL))

    name = "baton_moves_total"
    assert value(metrics, name, **{"from": "mql", "to": "sal", "trigger": "accept"}) == 2
    assert value(metrics, "baton_answers_total", answer="accepted") == 2


def test_handovers_are_counted_by_track() -> None:
    metrics = told_of(mql(Story()), Story().engaged("demo_request"))

    name = "baton_handovers_total"
    assert value(metrics, name, track="normal", kind="qualified") == 1
    assert value(metrics, name, track="fast", kind="hand_raise") == 1
    assert value(metrics, "baton_first_handovers_total") == 2


def test_a_second_handover_and_a_claim_are_no_first_ones() -> None:
    returned = mql(Story("2026-03-02 09:00")).idle_until("2026-03-03 16:20")
    claimed = Story().engaged("page_view").claimed("ann", "met")

    metrics = told_of(returned, claimed)

    assert value(metrics, "baton_handovers_total", track="normal", kind="return") == 1
    assert value(metrics, "baton_first_handovers_total") == 1


def test_recycles_are_counted_by_reason_and_rejects_by_the_class_of_theirs() -> None:
    metrics = told_of(
        brought_to(Stage.SAL).recycled("no_budget"),
        brought_to(Stage.MQL).rejected("bad_timing"),
        brought_to(Stage.MQL).rejected("duplicate"),
    )

    assert value(metrics, "baton_recycles_total", reason="no_budget") == 1
    assert value(metrics, "baton_recycles_total", reason="bad_timing") == 1
    assert value(metrics, "baton_answers_total", answer="rejected_soft") == 1
    assert value(metrics, "baton_answers_total", answer="rejected_hard") == 1


def test_a_clock_is_counted_started_warned_broken_by_level_and_met_after_its_breach() -> None:
    story = mql(Story("2026-03-02 09:00")).idle_until("2026-03-03 10:00").accepted(rep="ann")

    metrics = told_of(story)

    acceptance = ClockName.ACCEPTANCE
    assert clocks(metrics, acceptance, "started") == 1
    assert clocks(metrics, acceptance, "warned") == 1
    assert clocks(metrics, acceptance, "breached_1") == 1
    assert clocks(metrics, acceptance, "breached_2") == 0
    assert clocks(metrics, acceptance, "met_after_breach") == 1
    assert clocks(metrics, acceptance, "met") == 0


def test_the_last_level_is_counted_as_that_level() -> None:
    metrics = told_of(mql(Story("2026-03-02 09:00")).idle_until("2026-03-03 16:20"))

    assert clocks(metrics, ClockName.ACCEPTANCE, "breached_1") == 1
    assert clocks(metrics, ClockName.ACCEPTANCE, "breached_2") == 1


def test_met_at_the_edge_and_met_are_told_apart() -> None:
    in_time = mql(Story("2026-03-02 09:00")).at("2026-03-02 10:00").accepted(rep="ann")
    at_the_edge = mql(Story("2026-03-02 09:00")).at("2026-03-02 16:50").accepted(rep="ann")

    metrics = told_of(in_time, at_the_edge)

    assert clocks(metrics, ClockName.ACCEPTANCE, "met") == 1
    assert clocks(metrics, ClockName.ACCEPTANCE, "met_at_the_edge") == 1


def test_what_was_noticed_late_or_is_disputed_is_counted_apart() -> None:
    down = mql(Story("2026-03-02 09:00")).at("2026-03-03 16:00").tick()
    disputed = mql(Story("2026-03-02 09:00")).idle_until("2026-03-03 10:00")
    disputed.at("2026-03-02 15:00", heard="2026-03-03 10:00").accepted(rep="ann")

    metrics = told_of(down, disputed)

    assert clocks(metrics, ClockName.ACCEPTANCE, "noticed_late") == 1
    assert clocks(metrics, ClockName.ACCEPTANCE, "disputed") == 1
    assert clocks(metrics, ClockName.ACCEPTANCE, "breached_1") == 1


def test_pauses_and_cancelled_clocks_are_counted() -> None:
    story = brought_to(Stage.SAL, "2026-03-02 09:00").at("2026-03-02 10:00")
    story.paused(ClockName.FIRST_CONTACT, "2026-03-04 10:00").recycled("no_budget")

    metrics = told_of(story)

    assert clocks(metrics, ClockName.FIRST_CONTACT, "paused") == 1
    assert clocks(metrics, ClockName.FIRST_CONTACT, "cancelled") == 1


def test_time_used_is_a_histogram_by_clock() -> None:
    metrics = told_of(mql(Story("2026-03-02 09:00")).at("2026-03-02 10:30").accepted(rep="ann"))

    name = "baton_clock_used_seconds"
    assert value(metrics, f"{name}_sum", clock="acceptance") == 1.5 * HOUR
    assert value(metrics, f"{name}_bucket", clock="acceptance", le="3600.0") == 0
    assert value(metrics, f"{name}_bucket", clock="acceptance", le="7200.0") == 1


def test_a_transaction_tells_its_size_its_time_and_the_age_of_what_it_answered() -> None:
    metrics = told_of(caused_at=[9_750, 9_500, 10_500])

    assert value(metrics, "baton_batch_messages_sum") == 7
    assert value(metrics, "baton_transaction_seconds_sum") == 0.02
    assert value(metrics, "baton_commit_latency_seconds_count") == 3
    # A record stamped ahead of this machine's clock has no negative age.
    assert value(metrics, "baton_commit_latency_seconds_sum") == 0.75


def test_an_aborted_transaction_counts_itself_and_nothing_that_was_in_it() -> None:
    metrics = Metrics()

    metrics.aborted()

    assert value(metrics, "baton_aborted_transactions_total") == 1
    assert value(metrics, "baton_batch_messages_count") == 0


def test_ticks_are_counted_when_appended_and_when_taken() -> None:
    metrics = told_of(ticks=2)

    metrics.ticked(3)

    assert value(metrics, "baton_ticks_total", act="taken") == 2
    assert value(metrics, "baton_ticks_total", act="appended") == 3


def test_what_a_worker_owns_is_shown_and_what_it_lost_is_not() -> None:
    metrics = Metrics()
    metrics.owns({Stage.MQL: 4}, {0: 12, 1: 3}, {0: "abc"}, {1: (30, 120)})

    metrics.owns({Stage.MQL: 2}, {1: 0}, {1: "abc"}, {})

    assert value(metrics, "baton_leads", stage="mql") == 2
    assert value(metrics, "baton_leads", stage="cold") == 0
    assert metrics.registry.get_sample_value("baton_leads", {"stage": "cold"}) == 0
    assert value(metrics, "baton_lag_messages", partition="1") == 0
    assert metrics.registry.get_sample_value("baton_lag_messages", {"partition": "0"}) is None
    assert value(metrics, "baton_policy_info", partition="1", version="abc") == 1
    assert value(metrics, "baton_restore_ratio", partition="1") == 1
    assert value(metrics, "baton_partitions", state="flowing") == 1


def test_a_restore_shows_how_far_it_is() -> None:
    metrics = Metrics()

    metrics.owns({}, {}, {}, {1: (30, 120), 2: (0, 0)})

    assert value(metrics, "baton_restore_ratio", partition="1") == 0.25
    assert value(metrics, "baton_restore_ratio", partition="2") == 0
    assert value(metrics, "baton_partitions", state="restoring") == 2


def test_names_that_others_choose_are_bounded() -> None:
    unscored = Counter({f"activity-{number}": 1 for number in range(NAMES_MAX + 5)})
    codes = Counter({("objections", f"code-{number}"): 1 for number in range(NAMES_MAX + 5)})

    metrics = told_of(unscored=unscored, unknown_codes=codes)

    assert value(metrics, "baton_unscored_activities_total", activity="activity-0") == 1
    assert value(metrics, "baton_unscored_activities_total", activity="other") == 5
    assert value(metrics, "baton_unknown_codes_total", list="objections", code="other") == 5


def test_it_says_what_runs_and_what_the_definition_promises() -> None:
    metrics = Metrics()

    metrics.promises(shipped().scoreboard)

    text = generate_latest(metrics.registry).decode()
    assert f'baton_build_info{{core="{CORE}",rules="{RULES}",version="' in text
    assert value(metrics, "baton_promised_quality_ratio") == shipped().scoreboard.quality_promise


def test_a_counter_is_there_before_its_first_count() -> None:
    metrics = Metrics()

    outcomes = {
        (sample.labels["clock"], sample.labels["outcome"])
        for family in metrics.registry.collect()
        for sample in family.samples
        if sample.name == "baton_clocks_total"
    }
    assert {clock for clock, _ in outcomes} == {clock.value for clock in PROMISES}
    for reason in RefusalCode:
        assert metrics.registry.get_sample_value("baton_refusals_total", {"reason": reason}) == 0


def test_no_metric_has_a_lead_as_a_label() -> None:
    text = generate_latest(told_of(brought_to(Stage.CUSTOMER)).registry).decode()

    assert "lead-1" not in text
