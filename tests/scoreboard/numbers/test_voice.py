"""The voice of calls in SQL is what plain loops over the raw facts give."""

from collections import defaultdict
from dataclasses import dataclass

import pytest

from handlers.scoreboard.moments import week_of
from handlers.scoreboard.numbers.filters import Filters
from handlers.scoreboard.numbers.table import column
from handlers.scoreboard.numbers.voice import DEFINITIONS, TOPICS, Heard, Voice, tables, voice
from lifecycle.signals import Voice as Said
from tests.lifecycle.builders import Story, sal
from tests.scoreboard.numbers import slow
from tests.scoreboard.numbers.told import stories
from tests.scoreboard.played import Board, board

pytestmark = pytest.mark.slow

_TOPICS = {
    "pain_points": "pain",
    "objections": "objection",
    "questions": "question",
    "competitor": "competitor",
    "content_used": "content",
}


@dataclass(frozen=True)
class Word:
    """One code in one call."""

    topic: str
    code: str
    lead: str
    at: int
    campaign: str | None
    content: str | None
    stage: str


def words(given: Board) -> list[Word]:
    found = []
    for story in stories(given.facts).values():
        for _, data in story.facts:
            for name, codes in (data.get("voice") or {}).items():
                several = codes if isinstance(codes, list) else [codes]
                found += [
                    Word(
                        _TOPICS[name],
                        code,
                        story.id,
                        slow.at(data),
                        data.get("touch_campaign") or data.get("arrival_campaign"),
                        data.get("touch_content") or data.get("arrival_content"),
                        data["stage"],
                    )
                    for code in dict.fromkeys(several)
                ]
    return found


def heard(given: Board, found: list[Word], by: str) -> list[Heard]:
    groups: dict[tuple[str, str, str | None], list[Word]] = defaultdict(list)
    for word in found:
        where = None if by == "all" else getattr(word, by)
        groups[word.topic, word.code, where].append(word)
    ages = {word: given.now_at - word.at for word in found}
    return [
        Heard(
            *key,
            len(group),
            len({word.lead for word in group}) if by == "all" else None,
            sum(0 <= ages[word] < slow.WEEK_MS for word in group),
            sum(slow.WEEK_MS <= ages[word] < 2 * slow.WEEK_MS for word in group),
        )
        for key, group in groups.items()
    ]


def asked(given: Board, filters: Filters | None = None) -> Voice:
    with given.connection() as connection:
        return voice(connection, filters or Filters(), given.now_at)


@pytest.mark.parametrize("by", ["all", "campaign", "content", "stage"])
@pytest.mark.parametrize("seed", [3, 5, pytest.param(8, marks=pytest.mark.slow)])
def test_what_was_heard_is_what_plain_loops_find(seed: int, by: str) -> None:
    given = board(seed)

    result = asked(given)

    rows = {"all": result.codes, "campaign": result.by_campaign, "content": result.by_content}
    expected = heard(given, words(given), by)
    assert len(expected) > 0
    assert sorted(rows.get(by, result.by_stage), key=repr) == sorted(expected, key=repr)


def test_a_filter_leaves_the_campaign_and_weeks_that_it_names() -> None:
    given = board(3)
    campaign = words(given)[0].campaign
    week = week_of(words(given)[0].at)

    result = asked(given, Filters(campaign=campaign, since_week=week, until_week=week))

    expected = [
        word for word in words(given) if word.campaign == campaign and week_of(word.at) == week
    ]
    assert sorted(result.codes, key=repr) == sorted(heard(given, expected, "all"), key=repr)


def test_the_weeks_change_is_seven_days_against_the_seven_before() -> None:
    tale = sal(Story("2026-03-02 09:00"))
    for when in ("2026-03-04 09:00", "2026-03-09 09:00", "2026-03-11 08:00", "2026-03-11 09:00"):
        tale.at(when).attempted(voice=Said(objections=("price",)))

    (one,) = asked(slow.board_told(tale)).codes

    assert (one.times, one.leads) == (4, 1)
    assert (one.week, one.week_before, one.change) == (3, 1, 2)


def test_a_code_said_twice_in_one_call_is_heard_once() -> None:
    tale = sal(Story()).attempted(voice=Said(pain_points=("high_cost", "high_cost")))

    (one,) = asked(slow.board_told(tale)).codes

    assert one.times == 1


@pytest.mark.parametrize(
    ("name", "value", "times"),
    [("source", "web", 1), ("team", "berlin", 1), ("grade", "B1", 1), ("grade", "D4", 0)],
)
def test_filters_of_the_handover_hold_for_its_calls(name: str, value: str, times: int) -> None:
    tale = sal(Story()).attempted(voice=Said(competitor="acme"))

    result = asked(slow.board_told(tale), Filters(**{name: value}))

    assert sum(one.times for one in result.codes) == times


def test_each_topic_has_a_table_with_its_codes_most_often_first() -> None:
    result = asked(board(3))

    found = {table.name: table for table in tables(result)}

    assert tuple(found)[: len(TOPICS)] == TOPICS
    for topic in TOPICS:
        times = column(found[topic], "times")
        assert times == sorted(times, key=lambda one: -one if isinstance(one, int) else 0)
    assert all(one.endswith(".") and ". " not in one for one in DEFINITIONS.values())
