"""Promises as they run out: warnings, levels, and what follows the last one."""

from dataclasses import replace

import pytest

from lifecycle.clocks import next_due
from lifecycle.facts import (
    ClockBreached,
    ClockCancelled,
    ClockMet,
    ClockStarted,
    ClockWarned,
    HandoverOffered,
    RecycleFact,
    StageChanged,
)
from lifecycle.stages import ClockName, HandoverKind, Stage, Trigger
from tests.lifecycle.builders import (
    DAY_MS,
    HOUR_MS,
    MINUTE_MS,
    POLICY,
    Story,
    brought_to,
    clockface,
    cold,
    differing,
    mql,
    ms,
)

_ACCEPTANCE, _CONTACT = ClockName.ACCEPTANCE, ClockName.FIRST_CONTACT
_CADENCE, _QUALIFICATION = ClockName.CADENCE, ClockName.QUALIFICATION


# Starting and warning.


def test_acceptance_runs_for_a_working_day_and_warns_at_half_of_it() -> None:
    clock = brought_to(Stage.MQL).one(ClockStarted)

    assert (clock.clock, clock.level, clock.allowed_ms) == (_ACCEPTANCE, 1, 8 * HOUR_MS)
    assert clockface(clock.due_at) == "2026-03-02 17:00"
    assert clock.warn_at is not None
    assert clockface(clock.warn_at) == "2026-03-02 13:00"


def test_a_fast_handover_is_due_within_the_hour() -> None:
    story = cold(Story()).engaged("demo_request")

    assert clockface(story.one(ClockStarted).due_at) == "2026-03-02 10:00"


@pytest.mark.parametrize(
    ("when", "due"),
    [
        ("2026-03-06 15:00", "2026-03-09 16:00"),
        ("2026-03-07 12:00", "2026-03-09 17:00"),
        ("2026-04-02 17:00", "2026-04-07 16:00"),
        # Clocks go forward on the 29th of March, and back on the 25th of October.
        ("2026-03-27 12:00", "2026-03-30 13:00"),
        ("2026-10-23 12:00", "2026-10-26 13:00"),
    ],
    ids=["friday", "saturday", "easter", "spring", "autumn"],
)
def test_allowances_pass_in_working_hours_alone(when: str, due: str) -> None:
    story = brought_to(Stage.MQL, when)

    assert clockface(story.clock(_ACCEPTANCE).due_at) == due
    assert story.idle_until("2026-10-30 09:00").facts
    first = next(b for b in story.ever(ClockBreached))
    assert clockface(first.due_at) == due


def test_a_reps_own_hours_override_the_teams() -> None:
    story = Story().assigned("rep-part-time")

    mql(story)

    # Mondays and Wednesdays: four hours on Monday, four more by Wednesday.
    assert clockface(story.clock(_ACCEPTANCE).due_at) == "2026-03-04 14:00"


def test_a_warning_is_told_once_a_level_at_its_time() -> None:
    story = brought_to(Stage.MQL).tick("2026-03-02 13:01")
    assert story.kinds == []

    story.tick("2026-03-02 13:02")

    assert story.kinds == ["clock_warned"]
    assert story.told[0].happened_at == ms("2026-03-02 13:00")
    assert story.tick("2026-03-02 16:00").kinds == []


def test_a_signal_warns_but_never_breaks() -> None:
    story = brought_to(Stage.MQL).at("2026-03-03 12:00").engaged("email_open")

    assert story.kinds == ["clock_warned", "touched"]
    assert story.clock(_ACCEPTANCE).level == 1


def test_sales_clocks_start_when_the_record_was_written() -> None:
    """Friday's form, imported on Tuesday, breaches nobody."""
    story = Story().at("2026-02-27 10:00", heard="2026-03-03 09:00").engaged("demo_request")

    assert clockface(story.one(ClockStarted).due_at) == "2026-03-03 10:00"
    assert clockface(story.one(HandoverOffered).accept_due_at or 0) == "2026-03-03 10:00"
    assert story.at("2026-03-03 09:30").accepted().one(ClockMet).used_ms == 30 * MINUTE_MS


def test_sales_clocks_never_start_before_the_decision() -> None:
    """A clock of the sender's that is fast by four minutes costs nobody four minutes."""
    story = Story().at("2026-03-02 09:04", heard="2026-03-02 09:00").engaged("demo_request")

    assert clockface(story.one(ClockStarted).due_at) == "2026-03-02 10:04"


# Breaking.


def test_a_broken_level_escalates_and_starts_the_next_when_it_was_noticed() -> None:
    story = brought_to(Stage.MQL).tick("2026-03-03 10:00")

    assert story.kinds == ["clock_warned", "clock_breached"]
    breach = story.one(ClockBreached)
    assert (breach.level, clockface(breach.due_at)) == (1, "2026-03-02 17:00")
    assert story.told[-1].happened_at == breach.due_at
    assert (breach.escalate_to, breach.bare) == ("head-of-sales", False)
    assert breach.noticed_late
    assert clockface(breach.noticed_at) == "2026-03-03 10:00"
    assert clockface(breach.next_due_at or 0) == "2026-03-03 18:00"
    assert story.clock(_ACCEPTANCE).due_at == breach.next_due_at


def test_one_tick_breaks_one_level_however_long_the_engine_was_down() -> None:
    story = brought_to(Stage.MQL).tick("2026-06-01 10:00")

    assert [breach.level for breach in story.all(ClockBreached)] == [1]
    assert story.stage is Stage.MQL
    assert story.tick("2026-06-01 10:05").kinds == []


@pytest.mark.parametrize(("minutes", "late"), [(2, False), (15, False), (16, True)])
def test_a_breach_noticed_in_time_counts_as_handling(minutes: int, late: bool) -> None:
    story = brought_to(Stage.MQL).tick(ms("2026-03-02 17:00") + minutes * MINUTE_MS)

    assert story.one(ClockBreached).noticed_late is late


def test_later_levels_warn_again() -> None:
    story = brought_to(Stage.MQL).tick("2026-03-03 10:00").tick("2026-03-03 14:02")

    warned = story.one(ClockWarned)
    assert (warned.level, clockface(warned.due_at)) == (2, "2026-03-03 18:00")


def test_the_last_level_returns_the_lead_with_a_new_handover() -> None:
    story = brought_to(Stage.MQL).tick("2026-03-03 10:00").tick("2026-03-03 18:02")

    assert story.kinds == [
        "clock_warned",
        "clock_breached",
        "stage_changed",
        "handover",
        "clock_started",
    ]
    breach = story.one(ClockBreached)
    assert (breach.level, breach.next_due_at) == (2, None)
    offer = story.one(HandoverOffered)
    assert (offer.handover_kind, offer.attempt) == (HandoverKind.RETURN, 2)
    assert (offer.assignee, offer.handover) == ("head-of-sales", "lead-1:h2")
    assert story.one(StageChanged).reason == "not_followed_up"
    # Noticed after hours: the head of sales has the whole of the next day.
    assert clockface(story.clock(_ACCEPTANCE).due_at) == "2026-03-04 17:00"


def test_a_second_return_of_an_offer_is_to_nurture() -> None:
    story = brought_to(Stage.MQL).idle_until("2026-03-06 10:00")

    recycle = story.one(RecycleFact)
    assert (recycle.reason, recycle.trigger) == ("not_followed_up", Trigger.RETURN)
    assert (recycle.recycles, recycle.slow_track) == (0, False)
    assert recycle.wake_at == story.lead.since + 14 * DAY_MS
    assert story.lead.person.owner is None


def test_an_accept_alone_earns_no_further_return() -> None:
    story = brought_to(Stage.MQL).tick("2026-03-03 10:00").tick("2026-03-03 18:02")

    story.at("2026-03-04 10:00").accepted("head-of-sales").idle_until("2026-03-05 12:00")

    assert story.stage is Stage.NURTURE


def test_an_attempt_earns_a_return_again() -> None:
    story = brought_to(Stage.SAL).attempted()

    assert story.lead.person.returns == 0
    # What breaks from here on is qualification, which stalls: no return to the table.
    story.idle_until("2026-06-30 12:00")
    assert story.stage is not Stage.SAL
    assert story.ever(RecycleFact)[0].reason == "stalled"


def test_contact_that_broke_for_the_last_time_returns_on_the_same_track() -> None:
    story = cold(Story()).engaged("demo_request").accepted().idle_until("2026-03-02 11:30")

    offer = story.one(HandoverOffered)
    assert (offer.handover_kind, offer.fast, offer.attempt) == (HandoverKind.RETURN, True, 2)


@pytest.mark.parametrize("stage", [Stage.SAL, Stage.SQL])
def test_a_sale_that_stalls_goes_to_nurture_after_three_levels(stage: Stage) -> None:
    story = brought_to(stage)
    if stage is Stage.SAL:
        story.reached()

    story.idle_until("2026-07-31 09:00")

    assert [breach.level for breach in story.all(ClockBreached)] == [1, 2, 3]
    recycle = story.one(RecycleFact)
    assert (recycle.reason, recycle.reason_class.value) == ("stalled", "handling")


def test_a_deal_is_reminded_of_without_end() -> None:
    story = brought_to(Stage.OPPORTUNITY).idle_until("2027-03-15 09:00")

    assert [breach.level for breach in story.all(ClockBreached)] == [1, 2, 3, 4, 5, 6]
    assert story.stage is Stage.OPPORTUNITY
    assert story.kinds.count("clock_warned") == 6


def test_a_change_of_a_deal_restarts_its_clock() -> None:
    story = brought_to(Stage.OPPORTUNITY).after(days=30)

    story.opened("d1", "20000")

    assert story.kinds == ["clock_cancelled", "opportunity_changed", "clock_started"]
    assert story.one(ClockCancelled).trigger == "opportunity_changed"
    assert (story.one(ClockStarted).run, story.one(ClockStarted).ref) == (2, "d1")
    assert story.clock(ClockName.DEAL).due_at == story.now + 60 * DAY_MS


# Keeping at it.


def test_the_cadence_starts_with_the_first_attempt_that_did_not_reach() -> None:
    story = brought_to(Stage.SAL).attempted()

    assert story.kinds == ["contacted", "clock_met", "clock_started"]
    started = story.one(ClockStarted)
    assert (started.clock, started.allowed_ms) == (_CADENCE, 80 * HOUR_MS)
    assert story.attempted().kinds == ["contacted"]


def test_who_was_reached_at_once_needs_no_cadence() -> None:
    story = brought_to(Stage.SAL).reached().attempted()

    assert _CADENCE not in story.running


def test_a_cadence_that_was_met_does_not_start_again() -> None:
    story = brought_to(Stage.SAL).attempted()
    for _ in range(4):
        story.attempted()
    assert story.one(ClockMet).clock is _CADENCE

    assert story.attempted().kinds == ["contacted"]


def test_a_broken_cadence_escalates_and_ends() -> None:
    story = brought_to(Stage.SAL).attempted().idle_until("2026-03-13 12:00")
    assert story.kinds == ["clock_warned", "clock_breached"]
    assert story.one(ClockBreached).escalate_to == "head-of-sales"

    assert story.running == {_QUALIFICATION}
    assert story.stage is Stage.SAL


# Another definition.


def test_running_clocks_keep_the_allowance_and_levels_they_started_with() -> None:
    rules = dict(POLICY.clocks)
    rules[_ACCEPTANCE] = replace(rules[_ACCEPTANCE], allowance_ms=HOUR_MS, levels=5)
    story = brought_to(Stage.MQL).under(differing(clocks=rules))

    story.engaged("email_open").tick("2026-03-03 10:00")

    assert clockface(story.one(ClockBreached).due_at) == "2026-03-02 17:00"
    assert clockface(story.clock(_ACCEPTANCE).due_at) == "2026-03-03 18:00"
    assert story.tick("2026-03-03 18:02").one(HandoverOffered).attempt == 2
    # What starts now is the new definition's.
    assert story.clock(_ACCEPTANCE).allowed_ms == HOUR_MS


def test_a_later_level_runs_in_the_hours_in_force() -> None:
    berlin = POLICY.teams["berlin"]
    closed = berlin.holidays | {"2026-03-03"}
    teams = {**POLICY.teams, "berlin": replace(berlin, holidays=closed)}
    story = brought_to(Stage.MQL).under(differing(teams=teams))

    story.tick("2026-03-02 17:02")

    assert clockface(story.clock(_ACCEPTANCE).due_at) == "2026-03-04 16:02"


def test_a_team_that_is_no_more_leaves_its_clocks_to_the_last_routes_hours() -> None:
    story = Story().assigned("rep-part-time")
    mql(story)
    teams = {name: hours for name, hours in POLICY.teams.items() if name == "berlin"}
    reorganised = differing(teams=teams, reps={})

    story.under(reorganised).at("2026-03-02 12:00").accepted()

    assert story.one(ClockMet).used_ms == 3 * HOUR_MS


def test_a_later_level_runs_in_its_new_owners_hours() -> None:
    story = brought_to(Stage.SAL).assigned("ned", "new_york")
    assert story.clock(_CONTACT).assignee == "ned"

    story.tick("2026-03-02 13:02")

    # 13:02 in Berlin is 07:02 in New York, where work begins at 08:30.
    assert clockface(story.clock(_CONTACT).due_at) == "2026-03-02 18:30"


def test_the_next_due_time_is_the_earliest_of_all_clocks() -> None:
    assert next_due(brought_to(Stage.COLD).lead) is None
    assert next_due(brought_to(Stage.SAL).lead) == ms("2026-03-02 11:00")
