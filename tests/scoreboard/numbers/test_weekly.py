"""The week's numbers are what plain loops over the raw facts count, and its lines say them."""

from collections import Counter
from collections.abc import Iterator

import pytest

from handlers.scoreboard.moments import DAY_MS
from handlers.scoreboard.numbers.filters import Filters
from handlers.scoreboard.numbers.intervals import rate
from handlers.scoreboard.numbers.table import column
from handlers.scoreboard.numbers.weekly import TREND_WEEKS, Weekly, tables, weekly
from handlers.scoreboard.numbers.wording import amount, change, joined, number, percent
from tests.scoreboard.numbers.told import Story, ms, stories
from tests.scoreboard.played import Board, board, board_of

pytestmark = pytest.mark.slow

WEEK_MS = 7 * DAY_MS


def asked(given: Board, now_at: int, filters: Filters | None = None) -> Weekly:
    with given.connection() as connection:
        return weekly(connection, filters or Filters(), now_at)


def counted(given: Board, now_at: int) -> Counter[str]:
    """What happened in the seven days up to an instant, told by the facts."""
    return Counter(
        name
        for story in stories(given.facts).values()
        for name, at in (*deeds(story), *promises(story))
        if now_at - WEEK_MS < at <= now_at
    )


def deeds(story: Story) -> Iterator[tuple[str, int]]:
    yield "Leads arrived", ms(story.facts[0][1]["happened_at"])
    if (mql := story.first("mql")) is not None:
        yield "Handed over", ms(mql["happened_at"])
    opened: dict[str, int] = {}
    won: dict[str, int] = {}
    for data in story.of_kind("opportunity_opened"):
        opened.setdefault(data["opportunity"], ms(data["happened_at"]))
    for data in story.of_kind("won"):
        won[data["opportunity"]] = ms(data["happened_at"])
    backs: list[int] = []
    for kind, data in story.facts:
        if kind == "recycle" or (kind == "lost" and data["lead_lost"]):
            backs.append(ms(data["happened_at"]))
        elif kind == "recycle_cancelled":
            backs.pop()
    yield from (("Deals opened", at) for at in opened.values())
    yield from (("Deals won", at) for at in won.values())
    yield from (("Went back", at) for at in backs)


def promises(story: Story) -> Iterator[tuple[str, int]]:
    """Acceptance and first contact: when each run was kept or broke, whichever came first."""
    runs: dict[tuple[str, int], tuple[str, int]] = {}
    for kind, data in story.facts:
        if data.get("clock") not in {"acceptance", "first_contact"}:
            continue
        run, at = (data["clock"], data["run"]), ms(data["happened_at"])
        if kind == "clock_breached":
            runs.setdefault(run, ("noticed late" if data["noticed_late"] else "broke", at))
        elif kind == "clock_met" and data["disputed"]:
            runs[run] = ("disputed", at)
        elif kind == "clock_met":
            runs.setdefault(run, ("kept", at))
    yield from runs.values()


@pytest.mark.parametrize("weeks_ago", [0, 2, 4])
def test_the_week_is_what_plain_loops_count(weeks_ago: int) -> None:
    given = board(5)
    now_at = given.now_at - weeks_ago * WEEK_MS
    now, before = counted(given, now_at), counted(given, now_at - WEEK_MS)

    found = asked(given, now_at)

    for pair in found.pairs:
        assert (pair.now, pair.before) == (now[pair.name], before[pair.name]), pair.name
    for kept, told in zip(found.kept, (now, before), strict=True):
        assert (kept.count, kept.of) == (told["kept"], told["kept"] + told["broke"])


def test_the_trend_is_each_week_counted_by_itself() -> None:
    given = board(5)
    weeks = [counted(given, given.now_at - ago * WEEK_MS) for ago in reversed(range(TREND_WEEKS))]

    found = asked(given, given.now_at)

    for pair in found.pairs:
        assert pair.trend == tuple(week[pair.name] for week in weeks), pair.name
    assert found.kept_trend == tuple(
        rate(week["kept"], week["kept"] + week["broke"]).share for week in weeks
    )
    assert [bool(line.trend) for line in found.lines] == [True, True, False, True, True]


def test_there_are_five_lines_with_a_link_each() -> None:
    found = asked(board(5), board(5).now_at)

    assert [line.href.partition("?")[0] for line in found.lines] == [
        "/funnel", "/sla", "/verdicts", "/funnel", "/recycling",
    ]  # fmt: skip
    assert all(line.says.endswith(".") for line in found.lines)
    assert f"{found.pairs[0].now} leads arrived" in found.lines[0].says


def test_a_board_without_facts_has_five_lines_as_well() -> None:
    found = asked(board_of(()), board(5).now_at)

    assert len(found.lines) == 5
    assert found.lines[1].says == "No promise to answer or to call fell due."
    assert "No verdict changed" in found.lines[2].says


def test_a_filter_narrows_the_week() -> None:
    given = board(5)
    now_at = given.now_at - 4 * WEEK_MS
    whole = asked(given, now_at)

    found = asked(given, now_at, Filters(source="google", since_week="2020-01-06"))

    assert 0 < found.pairs[0].now < whole.pairs[0].now
    assert found.kept[0].of <= whole.kept[0].of


def test_the_table_shows_what_the_lines_say() -> None:
    found = asked(board(5), board(5).now_at)

    week, promises = tables(found)

    assert column(week, "change") == [pair.now - pair.before for pair in found.pairs]
    assert column(promises, "now") == [found.kept[0]]


def test_words_for_numbers() -> None:
    assert percent(0.031) == "3.1 %"
    assert percent(0.5) == "50 %"
    assert [number(1, "lead"), number(1200, "lead")] == ["1 lead", "1,200 leads"]
    assert [change(3, 1), change(1, 3), change(2, 2)] == ["+2", "−2", "as before"]  # noqa: RUF001
    assert [joined(["a"]), joined(["a", "b"]), joined(["a", "b", "c"])] == [
        "a", "a and b", "a, b and c",
    ]  # fmt: skip
    assert amount("EUR", "1234567.5") == "1,234,567.5 EUR"
