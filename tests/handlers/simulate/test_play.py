"""The play: time without gaps, ticks everywhere, and a whole company's weeks, played in memory."""

from collections import Counter
from itertools import pairwise

from events.codec import Tick, decode
from handlers.simulate.play import IDLE_SLICE_MS, QUIET_SLICE_MS, SLICE_MS, TICK_KEY, Play
from handlers.simulate.rhythm import END_AT, HOUR_MS, starts_at
from lifecycle.facts import HandoverOffered
from lifecycle.stages import HandoverKind
from schemas.policy import shipped
from tests.handlers.conftest import PLAYED_WEEKS
from tests.handlers.simulate.fold import PARTITIONS, Performance, perform


def test_slices_cover_the_weeks_without_a_gap() -> None:
    slices = list(Play(shipped(), seed=1, weeks=3, leads=1, partitions=1).slices())

    assert slices[0].start == starts_at(3)
    assert slices[-1].end == END_AT
    assert all(earlier.end == later.start for earlier, later in pairwise(slices))


def test_slices_are_short_while_somebody_works_and_long_otherwise() -> None:
    slices = list(Play(shipped(), seed=1, weeks=3, leads=1, partitions=1).slices())

    assert all(piece.end - piece.start <= QUIET_SLICE_MS for piece in slices if piece.busy)
    assert all(piece.end - piece.start <= IDLE_SLICE_MS for piece in slices if not piece.busy)
    assert any(piece.end - piece.start > 6 * HOUR_MS for piece in slices)


def test_a_slice_is_half_an_hour_when_somebody_asks_for_a_call_in_it() -> None:
    play = Play(shipped(), seed=1, weeks=3, leads=300, partitions=1)
    busy = [piece for piece in play.slices() if piece.busy]

    asked = [piece for piece in busy if play.world.asks_for_a_call(piece.start, piece.end)]

    assert asked
    assert all(piece.end - piece.start == SLICE_MS for piece in asked)
    assert any(piece.end - piece.start == QUIET_SLICE_MS for piece in busy)


def test_every_partition_is_told_the_time_in_every_slice() -> None:
    play = Play(shipped(), seed=1, weeks=1, leads=20, partitions=3)

    for piece in play.slices():
        ticks = [placed for placed in play.stream(piece) if placed.record.key == TICK_KEY]
        last = {}
        for placed in ticks:
            record = placed.record
            tick = decode(record.key, record.value, record.headers, record.at)
            assert isinstance(tick, Tick)
            assert tick.partition == placed.partition
            last[placed.partition] = tick.time
        assert set(last.values()) == {piece.end - 1}
        assert set(last) == {0, 1, 2}


def test_a_slice_is_in_order_and_within_its_time(played: Performance) -> None:
    times = [placed.record.at for placed in played.placed]

    assert times == sorted(times)
    assert starts_at(PLAYED_WEEKS) <= times[0]
    assert times[-1] < END_AT


def test_the_same_seed_plays_the_same_story_to_the_last_byte() -> None:
    first, second = perform(seed=9, weeks=2, leads=80), perform(seed=9, weeks=2, leads=80)

    assert first.placed == second.placed
    assert first.values == second.values != []


def test_all_kinds_of_handovers_happen(played: Performance) -> None:
    kinds = Counter(
        fact.body.handover_kind
        for fact in played.fold.facts
        if isinstance(fact.body, HandoverOffered)
    )

    assert set(kinds) == set(HandoverKind)


def test_leads_get_as_far_as_won_lost_and_back(played: Performance) -> None:
    kinds = {fact.body.kind for fact in played.fold.facts}

    assert kinds >= {
        "won", "lost", "recycle", "clock_met", "clock_breached", "clock_paused", "qualified",
        "qualification_short", "heads_up", "handover_updated", "refused",
    }  # fmt: skip


def test_most_input_is_good_and_some_is_refused(played: Performance) -> None:
    outcomes, refusals = played.fold.outcomes, played.fold.refusals

    assert outcomes["duplicate"] > 10
    assert {"illegal_move", "not_json"} <= set(refusals)
    assert sum(refusals.values()) < 0.01 * sum(outcomes.values())


def test_partitions_all_have_their_share(played: Performance) -> None:
    shares = Counter(placed.partition for placed in played.placed if placed.record.key != TICK_KEY)

    assert set(shares) == set(range(PARTITIONS))
    assert min(shares.values()) > 0.5 * max(shares.values())
