"""Faults are off unless a test sets one, and strike once, where and when they were told to."""

import pytest
from confluent_kafka import KafkaException

from handlers.faults import Point, reaching, undisturbed
from handlers.settings import SettingsError, load


def test_without_a_fault_every_point_is_passed_by() -> None:
    assert load().fault == ""
    assert reaching("") is undisturbed


def test_a_fault_strikes_once_when_its_point_is_reached_for_the_nth_time() -> None:
    reach = reaching("folded:2:abort")

    reach(Point.BEGUN)
    reach(Point.FOLDED)
    with pytest.raises(KafkaException) as struck:
        reach(Point.FOLDED)
    reach(Point.FOLDED)

    assert struck.value.args[0].txn_requires_abort()


@pytest.mark.parametrize("told", ["folded", "folded:0:kill", "folded:1:explode", "kill:1:folded:"])
def test_what_is_no_fault_is_refused_with_the_settings(told: str) -> None:
    with pytest.raises(SettingsError, match="BATON_FAULT"):
        load(fault=told)
