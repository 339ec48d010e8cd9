"""Causes and verdicts in SQL are those that plain loops over the raw facts give."""

from collections import Counter, defaultdict
from functools import cache

import pytest

from handlers.scoreboard.moments import DAY_MS, week_of
from handlers.scoreboard.numbers.alike import Strata, compare
from handlers.scoreboard.numbers.filters import NOBODY, Filters
from handlers.scoreboard.numbers.intervals import rate
from handlers.scoreboard.numbers.table import column
from handlers.scoreboard.numbers.verdicts import DEFINITIONS, Verdicts, tables, verdicts
from lifecycle.stages import ClockName
from schemas.policy import shipped
from tests.scoreboard.floor import play
from tests.scoreboard.numbers.told import Offer, ms, stories
from tests.scoreboard.played import Board, board, board_of
from tests.scoreboard.seeds import LANES

pytestmark = pytest.mark.slow

POLICY = shipped()
LIMITS = POLICY.scoreboard
_WITH_MARKETING = {"cold", "curious", "warm", "nurture", "lost", "disqualified"}


def ending(offer: Offer) -> tuple[str, str | None, str | None, int] | None:
    """Trigger, reason, class and time of the end; None: it has none, or a late yes undid it."""
    end: tuple[str, str | None, str | None, int] | None = None
    for kind, data in offer.facts:
        if kind != "stage_changed":
            continue
        to, trigger = data["to_stage"], data["trigger"]
        at = ms(data["happened_at"])
        if trigger == "return":
            end = (trigger, data.get("reason"), "handling", at)
        elif to == "sal" and not (trigger == "claim" and data["from_stage"] != "mql"):
            end = None
        elif (
            to in _WITH_MARKETING
            and data["from_stage"] not in _WITH_MARKETING
            and trigger != "cool_down"
        ):
            end = (trigger, data.get("reason"), data.get("reason_class"), at)
    return end


def deal(offer: Offer) -> bool:
    return any(
        kind == "opportunity_opened"
        or (kind == "stage_changed" and data["to_stage"] == "opportunity")
        for kind, data in offer.facts
    )


def broken(offer: Offer) -> bool:
    for clock in ("acceptance", "first_contact"):
        told = [
            (kind, data)
            for kind, data in offer.facts
            if kind in {"clock_breached", "clock_met"} and data["clock"] == clock
        ]
        breaches = [data for kind, data in told if kind == "clock_breached"]
        disputed = any(kind == "clock_met" and data["disputed"] for kind, data in told)
        if breaches and not breaches[0]["noticed_late"] and not disputed:
            return True
    return False


def accepted(offer: Offer) -> bool:
    return offer.made["handover_kind"] == "claim" or any(
        kind == "stage_changed" and data["to_stage"] == "sal" for kind, data in offer.facts
    )


def overturned(offer: Offer, ended_at: int) -> bool:
    number = int(offer.id.rpartition(":h")[2])
    for kind, data in offer.lead.facts:
        later = int((data.get("handover_id") or ":h0").rpartition(":h")[2]) > number
        if kind == "stage_changed" and data["to_stage"] == "sql" and later:
            return ms(data["happened_at"]) - ended_at <= LIMITS.overturn_days * DAY_MS
    return False


def cause(offer: Offer) -> str | None:
    if deal(offer):
        return None
    end = ending(offer)
    trigger, reason, class_, ended_at = end or (None, None, None, 0)
    attempts = sum(kind == "contacted" for kind, _ in offer.facts)
    if class_ == "hard":
        return "quality"
    if (
        broken(offer)
        or class_ == "handling"
        or (end is not None and accepted(offer) and attempts == 0)
        or (reason == "no_response" and attempts < POLICY.clocks[ClockName.CADENCE].attempts)
    ):
        return "handling"
    if class_ == "soft":
        over = trigger == "reject" and overturned(offer, ended_at)
        return "handling" if over else "quality"
    return None


def rep(offer: Offer) -> str:
    name = offer.made["assignee"]
    for kind, data in offer.facts:
        if kind == "handover_updated":
            name = data["assignee"]
        elif kind == "owner_changed":
            name = data["to_rep"]
        elif (
            kind == "stage_changed"
            and data["to_stage"] == "sal"
            and not (data["trigger"] == "claim" and data["from_stage"] != "mql")
        ):
            name = data.get("owner") or data.get("by") or name
        elif (
            kind == "stage_changed"
            and not accepted(offer)
            and data["from_stage"] == "mql"
            and data["to_stage"] in {"nurture", "disqualified"}
            and data["trigger"] in {"reject", "recycle", "disqualify"}
        ):
            name = data.get("by") or name
    return str(name)


def old(given: Board) -> list[Offer]:
    return [
        offer
        for story in stories(given.facts).values()
        for offer in story.offers.values()
        if offer.at <= given.now_at - LIMITS.young_days * DAY_MS
    ]


@cache
def floor() -> Board:
    return board_of(play(7, LANES))


def campaign(offer: Offer) -> str:
    return str(offer.made.get("touch_campaign") or NOBODY)


def asked(given: Board, filters: Filters | None = None) -> Verdicts:
    with given.connection() as connection:
        return verdicts(connection, filters or Filters(), given.now_at)


@pytest.mark.parametrize("seed", [3, 5])
def test_shares_are_what_plain_loops_count(seed: int) -> None:
    given = board(seed)
    offers = old(given)

    found = asked(given)

    for judged, named in ((found.campaigns, campaign), (found.reps, rep)):
        groups: dict[str, list[Offer]] = defaultdict(list)
        for offer in offers:
            groups[named(offer)].append(offer)
        assert {one.name for one in judged} == set(groups)
        for one in judged:
            causes = Counter(cause(offer) for offer in groups[one.name])
            handling, quality = causes["handling"], causes["quality"]
            of = len(groups[one.name])
            assert one.handling == rate(handling, of)
            assert one.quality == rate(quality, of - handling)
            others = Counter(cause(offer) for offer in offers if named(offer) != one.name)
            assert one.others_handling == rate(others["handling"], others.total())


def test_who_is_compared_had_leads_of_the_same_source_and_grade() -> None:
    given = floor()
    offers = [offer for offer in old(given) if cause(offer) != "handling"]

    compared = [one for one in asked(given).reps if one.alike is not None]

    assert compared
    for one in compared:
        own: dict[object, list[int]] = defaultdict(list)
        others: dict[object, list[int]] = defaultdict(list)
        for offer in offers:
            stratum = (offer.made.get("touch_source"), offer.made["receipt"]["grade"])
            (own if rep(offer) == one.name else others)[stratum].append(
                int(cause(offer) == "quality")
            )
        shared = [stratum for stratum in own if others.get(stratum)]
        assert one.alike is not None
        assert one.alike.own == rate(
            sum(sum(own[stratum]) for stratum in shared),
            sum(len(own[stratum]) for stratum in shared),
        )
        expected = sum(
            len(own[stratum]) * sum(others[stratum]) / len(others[stratum]) for stratum in shared
        )
        assert one.alike.others.share == pytest.approx(expected / one.alike.own.of)


def test_shares_over_known_campaigns_are_what_plain_loops_count() -> None:
    given = floor()
    causes: dict[str, Counter[str | None]] = defaultdict(Counter)
    for offer in old(given):
        causes[campaign(offer)][cause(offer)] += 1

    found = {one.name: one for one in asked(given).campaigns}

    assert set(found) == set(causes) == {lane.campaign for lane in LANES}
    for name, one in found.items():
        told = causes[name]
        assert one.handling == rate(told["handling"], told.total())
        assert one.quality == rate(told["quality"], told.total() - told["handling"])


def test_young_handovers_are_left_out_and_counted() -> None:
    given = board()
    offers = [offer for story in stories(given.facts).values() for offer in story.offers.values()]

    found = asked(given)

    assert found.young == len(offers) - len(old(given)) > 0
    assert sum(one.handling.of for one in found.campaigns) == len(old(given))
    assert sum(one.open for one in found.campaigns) > 0


def test_filters_narrow_the_sample() -> None:
    given = board(5)
    week = week_of(sorted(offer.at for offer in old(given))[len(old(given)) // 2])

    found = asked(given, Filters(rep="rep-anna", since_week=week))

    expected = [offer for offer in old(given) if week_of(offer.at) >= week]
    assert [one.name for one in found.reps] == ["rep-anna"]
    assert found.reps[0].handling.of == sum(rep(offer) == "rep-anna" for offer in expected)
    assert sum(one.handling.of for one in found.campaigns) == found.reps[0].handling.of


def test_a_team_narrows_whom_to_judge_and_not_whom_to_compare_with() -> None:
    given = floor()
    whole = {one.name: one for one in asked(given).reps}

    found = asked(given, Filters(team="berlin")).reps

    assert {one.name for one in found} < set(whole)
    assert "rep-finn" not in {one.name for one in found}
    dora = next(one for one in found if one.name == "rep-dora")
    assert dora.alike == whole["rep-dora"].alike
    assert dora.others_handling.of < whole["rep-dora"].others_handling.of


def test_under_the_smallest_sample_nobody_is_judged() -> None:
    found = asked(board())

    small = [one for one in (*found.campaigns, *found.reps) if one.handling.of < LIMITS.sample_min]
    assert small
    assert {one.verdict for one in small} == {"too few to tell"}
    assert all(f"{LIMITS.sample_min} are needed" in one.says for one in small)


def test_the_others_are_weighed_to_the_own_mix() -> None:
    own: Strata = {"hard": (60, 90), "easy": (1, 10)}
    others: Strata = {"hard": (20, 30), "easy": (10, 100), "unknown": (50, 50)}

    found = compare(own, others, sample_min=20)

    assert found is not None
    assert found.own == rate(61, 100)
    assert found.others.share == pytest.approx(0.9 * 2 / 3 + 0.1 * 0.1)
    assert found.others.of == round(1 / (0.9**2 / 30 + 0.1**2 / 100))
    assert not found.clearly_above


def test_without_enough_on_both_sides_nobody_is_compared() -> None:
    assert compare({"a": (1, 19)}, {"a": (5, 100)}, sample_min=20) is None
    assert compare({"a": (1, 50)}, {"a": (5, 19)}, sample_min=20) is None
    assert compare({"a": (1, 50)}, {"b": (5, 100)}, sample_min=20) is None
    assert compare({}, {}, sample_min=20) is None


def test_tables_show_every_verdict_with_its_numbers() -> None:
    found = asked(board(5))

    campaigns, reps = tables(found)

    assert column(campaigns, "verdict") == [one.verdict for one in found.campaigns]
    assert column(reps, "rep") == [one.name for one in found.reps]
    assert column(reps, "says") == [one.says for one in found.reps]
    assert all(text.endswith(".") for text in DEFINITIONS.values())
