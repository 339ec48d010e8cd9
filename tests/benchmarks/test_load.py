"""The reference load is what it says, and the same every time."""

from collections import Counter

import pytest

from events.codec import decode
from lifecycle.signals import Engaged, Profiled, Signal
from schemas.policy import shipped
from schemas.refusal import Refused
from tests.benchmarks.expected import Expected
from tests.benchmarks.load import ACTIVITIES, Load

SIGNALS = 20_000


def _decoded() -> list[Signal | None]:
    found: list[Signal | None] = []
    for record in Load(SIGNALS, SIGNALS // 10).records():
        try:
            signal = decode(record.key, record.value, record.headers, record.timestamp)
        except Refused:
            found.append(None)
        else:
            assert isinstance(signal, Signal)
            found.append(signal)
    return found


def test_the_parts_are_those_of_a_busy_company() -> None:
    signals = _decoded()

    usable = [signal for signal in signals if signal is not None]
    kinds = Counter(type(signal.body) for signal in usable)
    ids = Counter(signal.id for signal in usable)
    assert len(signals) == SIGNALS
    assert 0.0005 < 1 - len(usable) / SIGNALS < 0.002
    assert 0.91 < kinds[Engaged] / SIGNALS < 0.93
    assert 0.045 < kinds[Profiled] / SIGNALS < 0.055
    assert 0.0035 < 1 - len(ids) / len(usable) < 0.0075
    activities = {signal.body.activity for signal in usable if isinstance(signal.body, Engaged)}
    assert activities == set(ACTIVITIES)


def test_a_message_has_about_450_bytes() -> None:
    sizes = [len(record.key) + len(record.value) for record in Load(2_000, 200).records()]

    assert 350 < sum(sizes) / len(sizes) < 550


def test_few_leads_do_most_of_it_unless_it_is_even() -> None:
    zipf, even = (
        Counter(record.key for record in Load(SIGNALS, 1_000, even=even).records())
        for even in (False, True)
    )

    assert zipf.most_common(1)[0][1] > SIGNALS * 0.05
    assert even.most_common(1)[0][1] < SIGNALS * 0.01


def test_it_is_the_same_every_time() -> None:
    assert list(Load(500, 50).records()) == list(Load(500, 50).records())


@pytest.mark.slow
@pytest.mark.parametrize("share", [0.001, 0.3])
def test_so_many_signals_move_a_lead_as_were_asked_for(share: float) -> None:
    load = Load(SIGNALS, SIGNALS // 10, moving=share)
    expected = Expected()

    for _ in expected.watch(load.records(), shipped()):
        pass

    usable = 1 - 0.005 - 0.001
    assert expected.moving / SIGNALS == pytest.approx(share * usable, rel=0.03, abs=0.0005)


@pytest.mark.slow
def test_facts_are_fewer_than_signals() -> None:
    expected = Expected()

    for _ in expected.watch(Load(SIGNALS, SIGNALS // 10).records(), shipped()):
        pass

    assert 0.1 < expected.facts / SIGNALS < 0.4
