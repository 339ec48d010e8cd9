"""Promises that wait at the lead's wish, go on with what was left, or are hurried by it."""

from dataclasses import replace

import pytest

from lifecycle.decide import Outcome
from lifecycle.facts import (
    ClockBreached,
    ClockCancelled,
    ClockMet,
    ClockPausedFact,
    ClockResumedFact,
    ClockStarted,
    HandoverUpdated,
    RefusedFact,
)
from lifecycle.stages import ClockName, Stage
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

_CONTACT, _QUALIFICATION = ClockName.FIRST_CONTACT, ClockName.QUALIFICATION


def test_a_paused_clock_goes_on_by_itself_with_the_time_that_was_left() -> None:
    story = brought_to(Stage.SAL).at("2026-03-02 10:00").paused(_CONTACT, "2026-03-11 10:00")
    paused = story.one(ClockPausedFact)
    assert (paused.left_ms, paused.level, paused.ref) == (3 * HOUR_MS, 1, "lead-1:h1")
    assert paused.until == ms("2026-03-11 10:00")
    assert story.tick("2026-03-11 10:01").kinds == []

    story.tick("2026-03-11 10:02")

    assert story.kinds == ["clock_resumed"]
    resumed = story.one(ClockResumedFact)
    assert clockface(story.told[0].happened_at) == "2026-03-11 10:00"
    assert clockface(resumed.due_at) == "2026-03-11 13:00"
    # What waits is business time: eight working days but an hour each at both ends.
    assert resumed.paused_ms == (8 + 9 + 9 + 9 + 7 + 9 + 9 + 1) * HOUR_MS
    assert clockface(story.clock(_CONTACT).warn_at or 0) == "2026-03-11 11:00"


@pytest.mark.parametrize(
    ("when", "until", "due"),
    [
        ("2026-03-06 10:00", "2026-03-08 12:00", "2026-03-09 12:00"),
        ("2026-03-27 10:00", "2026-03-29 12:00", "2026-03-30 12:00"),
        ("2026-10-23 10:00", "2026-10-25 12:00", "2026-10-26 12:00"),
    ],
    ids=["a weekend", "spring forward", "fall back"],
)
def test_a_pause_over_a_weekend_resumes_into_working_hours(when: str, until: str, due: str) -> None:
    story = brought_to(Stage.SAL, ms(when) - HOUR_MS).at(when).paused(_CONTACT, until)

    story.tick(ms(until) + POLICY.grace_ms)

    assert clockface(story.one(ClockResumedFact).due_at) == due
    story.at(due).attempted()
    met = story.one(ClockMet)
    assert (met.used_ms, met.breached) == (4 * HOUR_MS, False)
    assert met.paused_ms == ms(when[:10] + " 16:00") - ms(when)


def test_a_pause_may_be_ended_by_hand() -> None:
    story = brought_to(Stage.SAL).at("2026-03-02 10:00").paused(_CONTACT, "2026-03-11 10:00")

    story.at("2026-03-03 09:00").resumed(_CONTACT)

    assert clockface(story.one(ClockResumedFact).due_at) == "2026-03-03 12:00"
    assert story.tick("2026-03-11 10:02").all(ClockResumedFact) == []


def test_a_pause_ends_on_its_date_though_the_word_comes_a_minute_later() -> None:
    story = brought_to(Stage.SAL).at("2026-03-02 10:00").paused(_CONTACT, "2026-03-11 10:00")

    story.at("2026-03-11 10:01").resumed(_CONTACT)

    assert clockface(story.one(ClockResumedFact).due_at) == "2026-03-11 13:00"


def test_a_resumption_dated_before_the_pause_ends_it_at_once() -> None:
    story = brought_to(Stage.SAL).at("2026-03-02 10:00").paused(_CONTACT, "2026-03-11 10:00")

    story.at("2026-03-02 09:30", heard="2026-03-02 10:30").resumed(_CONTACT)

    resumed = story.one(ClockResumedFact)
    assert (clockface(resumed.due_at), resumed.paused_ms) == ("2026-03-02 13:00", 0)


def test_a_promise_that_was_warned_of_is_not_warned_of_again_after_a_pause() -> None:
    story = brought_to(Stage.SAL).at("2026-03-02 12:00").paused(_CONTACT, "2026-03-04 10:00")
    assert story.kinds == ["clock_warned", "clock_paused"]

    story.idle_until("2026-03-04 11:30")

    assert story.kinds == ["clock_resumed", "clock_breached"]
    assert clockface(story.one(ClockBreached).due_at) == "2026-03-04 11:00"
    assert story.one(ClockBreached).paused_ms == (6 + 9 + 1) * HOUR_MS


def test_a_later_level_waits_and_goes_on_as_well() -> None:
    story = brought_to(Stage.SAL).tick("2026-03-02 13:02")

    story.at("2026-03-02 14:02").paused(_CONTACT, "2026-03-04 10:00").tick("2026-03-04 10:02")

    assert clockface(story.clock(_CONTACT).due_at) == "2026-03-04 13:00"
    assert clockface(story.clock(_CONTACT).warn_at or 0) == "2026-03-04 11:00"


def test_an_answer_while_the_clock_waits_meets_it_with_what_it_took() -> None:
    story = brought_to(Stage.SAL).at("2026-03-02 10:00").paused(_CONTACT, "2026-03-11 10:00")

    story.at("2026-03-03 10:00").reached()

    met = story.one(ClockMet)
    assert (met.used_ms, met.paused_ms) == (HOUR_MS, 9 * HOUR_MS)
    assert (met.edge, met.breached) == (False, False)


def test_a_waiting_clock_is_cancelled_with_what_it_took() -> None:
    story = brought_to(Stage.SAL).at("2026-03-02 10:00").paused(_CONTACT, "2026-03-11 10:00")

    story.at("2026-03-10 10:00").recycled("bad_timing")

    cancelled = story.one(ClockCancelled)
    assert (cancelled.used_ms, cancelled.uncontacted) == (HOUR_MS, True)


def test_a_deal_waits_in_calendar_time() -> None:
    story = brought_to(Stage.OPPORTUNITY).after(days=10)
    story.paused(ClockName.DEAL, story.now + 20 * DAY_MS).idle_until(story.now + 21 * DAY_MS)

    assert story.one(ClockResumedFact).paused_ms == 20 * DAY_MS
    assert story.clock(ClockName.DEAL).due_at == ms("2026-03-02 09:00") + 80 * DAY_MS


def test_of_two_deals_the_one_that_waits_is_resumed() -> None:
    story = brought_to(Stage.OPPORTUNITY).after(days=1).opened("d2")
    story.paused(ClockName.DEAL, story.now + 80 * DAY_MS)
    assert story.one(ClockPausedFact).ref == "d1"

    story.after(days=1).resumed(ClockName.DEAL)

    assert story.one(ClockResumedFact).ref == "d1"


def test_of_two_deals_the_one_that_runs_is_paused() -> None:
    story = brought_to(Stage.OPPORTUNITY).after(days=1).opened("d2")
    story.paused(ClockName.DEAL, story.now + DAY_MS).paused(ClockName.DEAL, story.now + DAY_MS)

    assert story.one(ClockPausedFact).ref == "d2"


def test_a_pause_dated_before_its_level_began_leaves_the_whole_level() -> None:
    story = brought_to(Stage.SAL).tick("2026-03-02 14:00")

    story.at("2026-03-02 12:30", heard="2026-03-02 14:30").paused(_CONTACT, "2026-03-04 10:00")

    paused = story.one(ClockPausedFact)
    assert (paused.level, paused.left_ms) == (2, 4 * HOUR_MS)
    story.tick("2026-03-04 10:02")
    assert story.one(ClockResumedFact).paused_ms == (4 + 9 + 1) * HOUR_MS


# What may not wait.


def _refusal(story: Story) -> str:
    assert story.outcome is Outcome.ILLEGAL
    return story.one(RefusedFact).detail


@pytest.mark.parametrize("name", [ClockName.ACCEPTANCE, ClockName.REVIEW, ClockName.NURTURE])
def test_acceptance_and_the_engines_own_clocks_cannot_wait(name: ClockName) -> None:
    story = brought_to(Stage.MQL).paused(name, "2026-03-05 09:00")

    assert f"{name} cannot wait" in _refusal(story)


def test_only_a_clock_that_runs_can_wait() -> None:
    assert "no deal clock runs" in _refusal(
        brought_to(Stage.SAL).paused(ClockName.DEAL, "2026-03-05 09:00")
    )


def test_a_pause_has_an_end_ahead_and_within_ninety_days() -> None:
    story = brought_to(Stage.SAL).at("2026-03-02 10:00")

    assert "not later" in _refusal(story.fork().paused(_CONTACT, "2026-03-02 10:00"))
    far = story.now + 90 * DAY_MS
    assert "more than 90 days away" in _refusal(story.fork().paused(_CONTACT, far + 1))
    assert story.paused(_CONTACT, far).kinds == ["clock_paused"]


def test_a_handover_waits_twice_at_most() -> None:
    story = brought_to(Stage.SAL).paused(_CONTACT, "2026-03-03 09:00")
    assert "is paused already" in _refusal(story.fork().paused(_CONTACT, "2026-03-04 09:00"))
    story.resumed(_CONTACT).paused(_QUALIFICATION, "2026-03-05 09:00")

    assert "paused 2 times already" in _refusal(story.paused(_CONTACT, "2026-03-06 09:00"))


def test_what_was_due_before_cannot_wait_any_more() -> None:
    story = brought_to(Stage.SAL).at("2026-03-02 13:01")

    assert "was due before" in _refusal(story.paused(_CONTACT, "2026-03-06 09:00"))


def test_a_pause_names_its_own_handover_or_none() -> None:
    story = brought_to(Stage.SAL)

    story.paused(_CONTACT, "2026-03-06 09:00", handover="lead-1:h7")

    assert story.code == "stale_handover"
    assert story.paused(_CONTACT, "2026-03-06 09:00", handover=story.offer).outcome == "applied"


def test_what_does_not_wait_cannot_go_on() -> None:
    assert "is not paused" in _refusal(brought_to(Stage.SAL).resumed(_CONTACT))


# A raised hand hurries.


def test_a_hand_raised_on_the_table_makes_the_offer_fast() -> None:
    story = brought_to(Stage.MQL).at("2026-03-02 10:00").engaged("demo_request")

    updated = story.one(HandoverUpdated)
    assert (updated.change, updated.fast) == ("fast", True)
    assert updated.handover == "lead-1:h1"
    assert clockface(updated.accept_due_at or 0) == "2026-03-02 11:00"
    assert clockface(story.clock(ClockName.ACCEPTANCE).warn_at or 0) == "2026-03-02 10:30"
    assert not story.all(ClockStarted)


def test_a_further_raised_hand_changes_no_clock() -> None:
    story = brought_to(Stage.MQL).at("2026-03-02 10:00").engaged("demo_request")
    due_at = story.clock(ClockName.ACCEPTANCE).due_at

    story.at("2026-03-02 10:20").engaged("callback_request")

    assert story.all(HandoverUpdated) == []
    assert story.clock(ClockName.ACCEPTANCE).due_at == due_at


def test_a_deadline_that_is_nearer_already_stays() -> None:
    story = brought_to(Stage.MQL).at("2026-03-02 16:30").engaged("demo_request")

    assert clockface(story.clock(ClockName.ACCEPTANCE).due_at) == "2026-03-02 17:00"
    # The levels to come are the fast track's.
    story.tick("2026-03-02 17:02")
    assert clockface(story.clock(ClockName.ACCEPTANCE).due_at) == "2026-03-03 09:02"


def test_time_allowed_is_what_the_hurried_clock_had_in_all() -> None:
    story = brought_to(Stage.MQL).at("2026-03-02 10:00").engaged("demo_request")

    met = story.at("2026-03-02 10:40").accepted().one(ClockMet)

    assert (met.allowed_ms, met.used_ms) == (2 * HOUR_MS, 100 * MINUTE_MS)
    # Contact is owed on the fast track as well.
    assert clockface(story.clock(_CONTACT).due_at) == "2026-03-02 11:40"


def test_a_hand_raised_before_contact_hurries_contact() -> None:
    story = brought_to(Stage.SAL).at("2026-03-02 10:00").engaged("demo_request")

    assert clockface(story.one(HandoverUpdated).contact_due_at or 0) == "2026-03-02 11:00"
    assert story.at("2026-03-02 10:10").engaged("demo_request").all(HandoverUpdated) == []


def test_a_hurried_clock_that_was_warned_of_is_not_warned_of_again_after_its_pause() -> None:
    story = brought_to(Stage.SAL).at("2026-03-02 11:30").engaged("demo_request")
    story.at("2026-03-02 11:40").paused(_CONTACT, "2026-03-04 10:00").tick("2026-03-04 10:02")

    clock = story.clock(_CONTACT)
    assert (clockface(clock.due_at), clock.warn_at) == ("2026-03-04 10:50", None)


def test_a_clock_hurried_early_warns_after_its_pause_at_its_own_half() -> None:
    story = brought_to(Stage.SAL).at("2026-03-02 10:00").engaged("demo_request")
    story.at("2026-03-02 10:10").paused(_CONTACT, "2026-03-04 10:00").tick("2026-03-04 10:02")

    clock = story.clock(_CONTACT)
    assert clockface(clock.due_at) == "2026-03-04 10:50"
    assert clockface(clock.warn_at or 0) == "2026-03-04 10:20"


def test_a_raised_hand_ends_the_wait_for_contact() -> None:
    """Who asks to be called now has not asked to be called in March."""
    story = brought_to(Stage.SAL).at("2026-03-02 10:00").paused(_CONTACT, "2026-03-30 10:00")

    story.at("2026-03-09 10:00").engaged("demo_request")

    assert story.kinds == ["touched", "clock_resumed", "handover_updated"]
    clock = story.clock(_CONTACT)
    assert (clockface(clock.due_at), clock.paused_at) == ("2026-03-09 11:00", None)
    assert story.idle_until("2026-03-09 11:02").kinds == ["clock_warned", "clock_breached"]


def test_a_hurried_later_level_counts_from_its_own_start() -> None:
    story = brought_to(Stage.MQL).tick("2026-03-03 10:00").at("2026-03-03 12:00")

    story.engaged("demo_request")

    clock = story.clock(ClockName.ACCEPTANCE)
    assert (clockface(clock.due_at), clock.level) == ("2026-03-03 13:00", 2)
    assert clock.allowed_ms == 3 * HOUR_MS


def test_a_hurried_clock_is_not_allowed_the_time_it_waited() -> None:
    story = brought_to(Stage.SAL).at("2026-03-02 10:00").paused(_CONTACT, "2026-03-02 12:00")
    story.tick("2026-03-02 12:02").at("2026-03-02 12:30").engaged("demo_request")

    clock = story.clock(_CONTACT)
    assert (clockface(clock.due_at), clock.allowed_ms) == ("2026-03-02 13:30", 5 * HOUR_MS // 2)


def test_a_clock_that_never_warns_is_hurried_without_a_warning() -> None:
    rules = dict(POLICY.clocks)
    rules[ClockName.ACCEPTANCE] = replace(rules[ClockName.ACCEPTANCE], warn_fraction=None)
    story = mql(Story(policy=differing(clocks=rules)))
    assert story.clock(ClockName.ACCEPTANCE).warn_at is None

    story.engaged("demo_request")

    assert story.clock(ClockName.ACCEPTANCE).warn_at is None
    assert story.idle_until("2026-03-02 12:00").kinds[0] == "clock_breached"


def test_a_hand_raised_after_contact_is_told_once_a_day() -> None:
    story = brought_to(Stage.SAL).reached().engaged("demo_request")
    assert "hand_raised" in story.kinds

    assert "hand_raised" not in story.after(hours=23).engaged("callback_request").kinds
    assert "hand_raised" in story.after(hours=2).engaged("viewing_request").kinds


def test_a_fast_handover_asks_for_fast_contact() -> None:
    story = cold(Story()).engaged("demo_request").accepted()

    assert clockface(story.clock(_CONTACT).due_at) == "2026-03-02 10:00"
    assert story.engaged("demo_request").kinds == ["touched"]
