"""Answers to promises: at the edge, after the deadline, and in time but heard too late."""

import pytest

from lifecycle.facts import ClockBreached, ClockCancelled, ClockMet
from lifecycle.stages import ClockName, Stage
from tests.lifecycle.builders import HOUR_MS, MINUTE_MS, brought_to, clockface, ms

_CONTACT, _QUALIFICATION = ClockName.FIRST_CONTACT, ClockName.QUALIFICATION


@pytest.mark.parametrize(
    ("when", "edge"), [("2026-03-02 16:35", False), ("2026-03-02 16:36", True)]
)
def test_an_answer_in_the_last_twentieth_is_at_the_edge(when: str, edge: bool) -> None:
    story = brought_to(Stage.MQL).at(when).accepted()

    met = story.one(ClockMet)
    assert (met.edge, met.breached, met.disputed) == (edge, False, False)


def test_an_answer_at_the_very_deadline_keeps_the_promise() -> None:
    story = brought_to(Stage.MQL).at("2026-03-02 17:00").accepted()

    assert not story.all(ClockBreached)
    assert story.one(ClockMet).used_ms == 8 * HOUR_MS


def test_an_answer_after_the_deadline_breaks_it_first_and_bare() -> None:
    story = brought_to(Stage.MQL).at("2026-03-02 17:01").accepted()

    assert story.kinds[:3] == ["clock_warned", "clock_breached", "clock_met"]
    breach = story.one(ClockBreached)
    assert breach.bare
    assert (breach.escalate_to, breach.next_due_at) == (None, None)
    assert clockface(story.told[1].happened_at) == "2026-03-02 17:00"
    assert story.told[1].at == ms("2026-03-02 17:01")
    met = story.one(ClockMet)
    assert (met.breached, met.disputed, met.edge) == (True, False, False)
    assert story.stage is Stage.SAL


def test_an_answer_read_before_the_return_fired_prevents_it() -> None:
    story = brought_to(Stage.MQL).tick("2026-03-03 10:00").at("2026-03-03 18:01").accepted()

    breach = story.one(ClockBreached)
    assert (breach.level, breach.bare) == (2, True)
    assert story.tick("2026-03-03 18:04").kinds == []
    assert story.stage is Stage.SAL


def test_an_answer_in_time_heard_after_the_breach_is_disputed() -> None:
    story = brought_to(Stage.MQL).tick("2026-03-02 17:02")
    assert story.one(ClockBreached).level == 1

    story.at("2026-03-02 16:00", heard="2026-03-02 17:10").accepted()

    met = story.one(ClockMet)
    assert (met.disputed, met.breached, met.edge) == (True, True, False)
    assert met.used_ms == 7 * HOUR_MS
    assert not story.all(ClockBreached)


def test_an_answer_at_the_very_deadline_heard_after_the_breach_is_disputed() -> None:
    story = brought_to(Stage.MQL).tick("2026-03-02 17:02")

    story.at("2026-03-02 17:00", heard="2026-03-02 17:10").accepted()

    assert story.one(ClockMet).disputed


def test_an_answer_between_two_deadlines_is_no_dispute() -> None:
    story = brought_to(Stage.MQL).tick("2026-03-02 17:02").at("2026-03-03 09:30").accepted()

    met = story.one(ClockMet)
    assert (met.disputed, met.breached) == (False, True)


def test_time_used_is_never_less_than_none() -> None:
    story = brought_to(Stage.MQL).at("2026-03-01 12:00", heard="2026-03-02 10:00").accepted()

    assert story.one(ClockMet).used_ms == 0


def test_a_late_answer_to_a_qualification_breaks_it_bare() -> None:
    story = brought_to(Stage.SAL).reached()
    due_at = story.clock(_QUALIFICATION).due_at

    story.at(due_at + MINUTE_MS).recycled("bad_timing")

    assert story.one(ClockBreached).bare
    assert story.one(ClockMet).breached


def test_a_cancelled_clock_that_was_overdue_breaks_bare_as_well() -> None:
    story = brought_to(Stage.SAL)
    due_at = story.clock(_CONTACT).due_at

    story.at(due_at + MINUTE_MS).recycled("bad_timing")

    assert story.one(ClockBreached).clock is _CONTACT
    cancelled = story.one(ClockCancelled)
    assert (cancelled.breached, cancelled.uncontacted) == (True, True)
