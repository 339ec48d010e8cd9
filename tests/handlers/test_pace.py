"""Batches fit into their transactions, however slow the machine."""

from handlers.pace import BEGIN_MESSAGES, MESSAGES_MIN, SECONDS_MAX, Pace


def played(pace: Pace, seconds_a_message: float, batches: int, waiting: int = 10**9) -> list[int]:
    """The sizes of batches on a machine of that speed, with so many messages waiting."""
    sizes = []
    for _ in range(batches):
        taken = min(pace.messages, waiting)
        sizes.append(taken)
        pace.took(taken, taken * seconds_a_message)
    return sizes


def test_under_load_batches_grow_to_what_is_allowed() -> None:
    sizes = played(Pace(5_000), 0.00005, 10)

    assert sizes == [BEGIN_MESSAGES, 2_000, 4_000] + 7 * [5_000]


def test_on_a_slow_machine_batches_stay_within_their_time() -> None:
    sizes = played(Pace(5_000), 0.01, 20)

    assert all(size * 0.01 <= 2 * SECONDS_MAX for size in sizes[1:])


def test_a_machine_that_recovers_is_used_again() -> None:
    pace = Pace(5_000)
    played(pace, 0.1, 5)
    assert pace.messages == MESSAGES_MIN

    assert played(pace, 0.00005, 9)[-1] == 5_000


def test_small_batches_of_an_idle_log_teach_nothing() -> None:
    pace = Pace(5_000)

    played(pace, 0.5, 10, waiting=1)

    assert pace.messages == BEGIN_MESSAGES


def test_what_the_settings_allow_is_never_exceeded() -> None:
    assert played(Pace(20), 0.00001, 5) == 5 * [20]
    assert max(played(Pace(20), 1.0, 5)) == 20
