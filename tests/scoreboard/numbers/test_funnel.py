"""The funnel in SQL is the one that plain loops over the raw facts give."""

from collections import Counter, defaultdict
from decimal import Decimal
from functools import cache
from itertools import pairwise
from typing import Any

import pytest

from handlers.scoreboard.moments import week_of
from handlers.scoreboard.numbers.filters import NOBODY, Filters
from handlers.scoreboard.numbers.funnel import BY, DEFINITIONS, TITLES, Funnel, funnel, whole
from handlers.scoreboard.numbers.funnel_tables import tables
from handlers.scoreboard.numbers.table import column
from handlers.scoreboard.tables import STEPS
from tests.scoreboard.numbers.told import Event, Story, ms, stories
from tests.scoreboard.played import Board, board

pytestmark = pytest.mark.slow

_STAGE_OF_STEP = {"mql": "mql", "accepted": "sal", "sql": "sql", "opportunity": "opportunity"}
_GOES_ON = {"cold", "curious", "warm", "mql", "sal", "sql", "opportunity"}


@cache
def first(story: Story, step: str) -> Event | None:
    """The fact by which a lead first reached a step, on its own or implied."""
    if step == "leads":
        return story.facts[0][1]
    if step == "contacted":
        return next(iter(story.of_kind("contacted")), None)
    if step == "won":
        return next(iter(story.of_kind("won")), None) or story.first("customer")
    found = [story.first(_STAGE_OF_STEP[step])]
    if step == "opportunity":
        found += story.of_kind("opportunity_opened")[:1]
    told = [one for one in found if one is not None]
    return min(told, key=lambda one: one["seq"], default=None)


@cache
def furthest(story: Story) -> int:
    return max(place for place, step in enumerate(STEPS) if first(story, step) is not None)


def name_of(story: Story, by: str) -> str:
    last = story.facts[-1][1]
    if by == "week":
        return week_of(ms(story.facts[0][1]["happened_at"]))
    if by == "step":
        return TITLES[STEPS[furthest(story)]]
    if by == "grade":
        made = [offer.made["receipt"]["grade"] for offer in story.offers.values()]
        return str(made[-1] if made else NOBODY)
    told = [data.get(f"arrival_{by}") for _, data in story.facts]
    return next((str(one) for one in reversed(told) if one), NOBODY) if last else NOBODY


def taken(story: Story, before: str, step: str) -> int | None:
    since, until = first(story, before), first(story, step)
    if since is None or until is None:
        return None
    if step != "contacted" and until.get("implied"):
        return None
    if before != "contacted" and since.get("implied"):
        return None
    took = ms(until["happened_at"]) - ms(since["happened_at"])
    return took if took >= 0 else None


def amounts(story: Story) -> dict[str, tuple[str, str, Decimal]]:
    """Deal to its state, currency and amount, as last told."""
    deals: dict[str, Any] = {}
    for kind, data in story.facts:
        if kind not in {"opportunity_opened", "opportunity_changed", "won", "lost"}:
            continue
        state, currency, amount = deals.get(data["opportunity"], ("", "?", Decimal(0)))
        state = {"opportunity_opened": "open", "opportunity_changed": state}.get(kind, kind)
        told = data.get("amount")
        deals[data["opportunity"]] = (
            state,
            data.get("currency") or currency,
            amount if told is None else Decimal(told),
        )
    return deals


def ranked(values: list[int], per_mille: int) -> int | None:
    """The smallest value that so many do not exceed."""
    ordered = sorted(values)
    return ordered[-(-len(ordered) * per_mille // 1000) - 1] if ordered else None


def sums(group: list[Story], state: str) -> dict[str, Decimal]:
    total: dict[str, Decimal] = defaultdict(Decimal)
    for story in group:
        for now, currency, amount in amounts(story).values():
            if now == state:
                total[currency] += amount
    return {currency: amount for currency, amount in total.items() if amount}


def asked(given: Board, by: str = "campaign", filters: Filters | None = None) -> Funnel:
    with given.connection() as connection:
        return funnel(connection, filters or Filters(), given.now_at, by)


@pytest.mark.parametrize("by", [by for by in BY if by != "rep"])
@pytest.mark.parametrize("seed", [3, 5])
def test_every_group_is_what_plain_loops_find(by: str, seed: int) -> None:
    given = board(seed)
    groups: dict[str, list[Story]] = defaultdict(list)
    for story in stories(given.facts).values():
        groups[name_of(story, by)].append(story)

    found = asked(given, by)

    assert {one.name for one in found.groups} == set(groups)
    for one in found.groups:
        group = groups[one.name]
        reached = Counter(place for story in group for place in range(furthest(story) + 1))
        assert one.reached == {step: reached[place] for place, step in enumerate(STEPS)}
        open_ = Counter(
            furthest(story) for story in group if story.facts[-1][1]["stage"] in _GOES_ON
        )
        assert one.open == {step: open_[place] for place, step in enumerate(STEPS)}
        assert {name: Decimal(sum_) for name, sum_ in one.pipeline} == sums(group, "open")
        assert {name: Decimal(sum_) for name, sum_ in one.revenue} == sums(group, "won")
        for before, step in pairwise(STEPS):
            took = [ms_ for story in group if (ms_ := taken(story, before, step)) is not None]
            spread = one.times[step]
            assert (spread.of, spread.median, spread.p90) == (
                len(took),
                ranked(took, 500),
                ranked(took, 900),
            )


def test_groups_add_up_to_the_total_whatever_they_are_put_together_by() -> None:
    given = board()

    found = [asked(given, by) for by in BY]

    for one in found:
        assert one.total == found[0].total
        for step in STEPS:
            assert sum(group.reached[step] for group in one.groups) == one.total.reached[step]


def test_a_filter_leaves_the_group_that_it_names() -> None:
    given = board()
    whole = {one.name: one for one in asked(given, "source").groups}

    for name in ("google", "partner"):
        narrowed = asked(given, "source", Filters(source=name))

        assert narrowed.groups == (whole[name],)
        assert narrowed.total.reached == whole[name].reached


@pytest.mark.parametrize("filters", [Filters(), Filters(source="google")])
def test_all_together_are_what_the_groups_add_up_to(filters: Filters) -> None:
    given = board(3)

    with given.connection() as connection:
        found = whole(connection, filters)

    assert found == asked(given, filters=filters).total
    assert found.times["accepted"].of > 0


def test_leads_of_reps_are_those_who_have_them_or_had_them_last() -> None:
    given = board()

    found = {one.name: one.reached["leads"] for one in asked(given, "rep").groups}

    without = [story for story in stories(given.facts).values() if not story.offers]
    assert found[NOBODY] == len(without)
    assert sum(found.values()) == asked(given).total.reached["leads"]


def test_an_empty_board_has_a_funnel_of_nothing() -> None:
    found = asked(board(), filters=Filters(campaign="never heard of"))

    assert found.groups == ()
    assert set(found.total.reached.values()) == {0}
    assert all(table.rows == () and table.empty for table in tables(found))


@pytest.mark.parametrize("by", list(BY))
def test_tables_show_every_group(by: str) -> None:
    found = asked(board(), by)

    steps, groups, times = tables(found)

    assert column(steps, "leads") == list(found.total.reached.values())
    assert column(groups, by) == column(times, by) == [one.name for one in found.groups]


def test_every_definition_is_one_sentence() -> None:
    for name, text in DEFINITIONS.items():
        assert text.endswith("."), name
        assert ". " not in text, name
