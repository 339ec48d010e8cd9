"""Both sides' promises in SQL are those that plain loops over the raw facts give."""

from collections import defaultdict
from dataclasses import dataclass

import pytest

from handlers.scoreboard.moments import month_of, week_of
from handlers.scoreboard.numbers.attainment import PROMISES, Kept
from handlers.scoreboard.numbers.filters import Filters
from handlers.scoreboard.numbers.intervals import Rate, rate
from handlers.scoreboard.numbers.monthly import Month, projected
from handlers.scoreboard.numbers.sla import DEFINITIONS, Sla, sla, tables
from handlers.scoreboard.numbers.spread import Spread
from handlers.scoreboard.numbers.table import column
from lifecycle.stages import ClockName
from tests.lifecycle.builders import POLICY, Story, mql, ms, sal, warm
from tests.scoreboard.numbers import slow
from tests.scoreboard.numbers.told import Event, stories
from tests.scoreboard.played import Board, board

pytestmark = pytest.mark.slow


@dataclass
class Run:
    """One run of a clock, from its facts alone."""

    clock: str
    started: Event
    assignee: str | None = None
    team: str | None = None
    breached_at: int | None = None
    noticed_late: bool = False
    met: Event | None = None
    cancelled: bool = False
    pauses: int = 0

    @property
    def outcome(self) -> str:
        if self.breached_at is not None:
            in_time = self.met is not None and slow.at(self.met) <= self.breached_at
            if self.met is not None and self.met["disputed"] and in_time:
                return "disputed"
            return "late" if self.noticed_late else "broken"
        if self.met is not None:
            return "met"
        return "cancelled" if self.cancelled else "running"


def runs(given: Board) -> list[Run]:
    found: dict[tuple[str, str, int], Run] = {}
    for story in stories(given.facts).values():
        for kind, data in story.facts:
            if not kind.startswith("clock_"):
                continue
            run = found.setdefault((story.id, data["clock"], data["run"]), Run(data["clock"], data))
            if data.get("assignee") is not None and run.breached_at is None:
                run.assignee, run.team = data["assignee"], data.get("team")
            if kind == "clock_breached" and run.breached_at is None:
                run.breached_at, run.noticed_late = slow.at(data), data["noticed_late"]
            elif kind == "clock_met":
                run.met = data
            elif kind == "clock_cancelled":
                run.cancelled = True
            elif kind == "clock_paused":
                run.pauses += 1
    return [run for run in found.values() if run.clock in PROMISES]


def kept(clock: str, who: str | None, group: list[Run]) -> Kept:
    def count(outcome: str, among: list[Run]) -> int:
        return sum(run.outcome == outcome for run in among)

    def met(among: list[Run]) -> Rate:
        return rate(count("met", among), count("met", among) + count("broken", among))

    def used(among: list[Run]) -> Spread:
        return slow.spread(round(run.met["used_seconds"]) for run in among if run.met)

    calm = [run for run in group if not run.pauses]
    edge = sum(run.outcome == "met" and bool(run.met and run.met["edge"]) for run in group)
    return Kept(
        clock=clock,
        who=who,
        met=met(group),
        met_unpaused=met(calm),
        edge=rate(edge, count("met", group)),
        disputed=count("disputed", group),
        late=count("late", group),
        cancelled=count("cancelled", group),
        running=count("running", group),
        used=used(group),
        used_unpaused=used(calm),
    )


def grouped(found: list[Run], by: str) -> dict[tuple[str, str | None], list[Run]]:
    groups: dict[tuple[str, str | None], list[Run]] = defaultdict(list)
    for run in found:
        who = {
            "all": None,
            "rep": run.assignee,
            "team": run.team,
            "week": week_of(slow.at(run.started)),
        }[by]
        groups[run.clock, who].append(run)
    return groups


def asked(given: Board, filters: Filters | None = None) -> Sla:
    with given.connection() as connection:
        return sla(connection, filters or Filters(), given.now_at)


@pytest.mark.parametrize("by", ["all", "rep", "team", "week"])
@pytest.mark.parametrize("seed", [3, 5, pytest.param(8, marks=pytest.mark.slow)])
def test_every_clock_counts_once_and_takes_the_time_that_its_answer_says(
    seed: int, by: str
) -> None:
    given = board(seed)
    expected = [kept(*key, group) for key, group in grouped(runs(given), by).items()]

    result = asked(given)

    found = {"all": result.clocks, "rep": result.by_rep, "team": result.by_team}
    assert len(expected) > 0
    assert sorted(found.get(by, result.by_week), key=repr) == sorted(expected, key=repr)


def month_slowly(given: Board, month: str) -> Month:
    offers = [offer for offer in slow.offers(stories(given.facts)) if month_of(offer.at) == month]
    counts = dict.fromkeys(("first", "raised", "repeat", "nominated", "claim", "return"), 0)
    accepted = rejected = told = owed = young = 0
    for offer in offers:
        kind, number = offer.made["handover_kind"], int(offer.id.rpartition(":h")[2])
        if kind in {"qualified", "hand_raise"}:
            counts["first" if number == 1 else "repeat"] += 1
            counts["raised"] += number == 1 and kind == "hand_raise"
        else:
            counts[kind] += 1
        if kind == "claim":
            continue
        end = slow.ending(offer)
        if slow.accepted(offer):
            accepted += 1
        elif end and end[0] == "reject" and end[2] in {"hard", "soft"}:
            rejected += 1
        if slow.withdrawn(offer):
            continue
        due = offer.at + POLICY.scoreboard.feedback_days * slow.DAY_MS
        if due > given.now_at:
            young += 1
            continue
        owed += 1
        reason = end is not None and end[0] != "return" and end[1] is not None and end[3] <= due
        deal = slow.first_at(offer, "opportunity_opened", to_stage="opportunity")
        told += reason or (deal is not None and deal <= due)
    return Month(
        month=month,
        volume=counts["first"],
        hand_raises=counts["raised"],
        repeats=counts["repeat"],
        nominations=counts["nominated"],
        claims=counts["claim"],
        returns=counts["return"],
        quality=rate(accepted, accepted + rejected),
        feedback=rate(told, owed),
        young=young,
        projection=projected(counts["first"], given.now_at)
        if month == month_of(given.now_at)
        else None,
    )


@pytest.mark.parametrize("seed", [3, 5, pytest.param(8, marks=pytest.mark.slow)])
def test_a_month_is_what_plain_loops_over_its_handovers_find(seed: int) -> None:
    given = board(seed)
    names = {month_of(offer.at) for offer in slow.offers(stories(given.facts))}

    result = asked(given)

    assert result.months == tuple(month_slowly(given, name) for name in sorted(names))
    assert sum(one.feedback.of for one in result.months) > 0


@pytest.mark.parametrize("name", ["campaign", "rep", "team", "source", "content", "grade"])
def test_a_filter_leaves_the_clocks_of_what_it_names(name: str) -> None:
    given = board(3)
    own = {"campaign": "touch_campaign", "rep": "assignee", "content": "touch_content"}
    own |= {"source": "touch_source"}
    found: dict[str, list[Run]] = defaultdict(list)
    for run in runs(given):
        value = run.team if name == "team" else run.started.get(own.get(name, name))
        if name == "rep":
            value = run.assignee
        if value is not None:
            found[value].append(run)
    value, group = max(found.items(), key=lambda one: len(one[1]))

    result = asked(given, Filters(**{name: value}))

    expected = [kept(*key, part) for key, part in grouped(group, "all").items()]
    assert sorted(result.clocks, key=repr) == sorted(expected, key=repr)


def test_weeks_are_those_in_which_a_clock_started() -> None:
    given = board(3)
    weeks = sorted({week_of(slow.at(run.started)) for run in runs(given)})
    since, until = weeks[2], weeks[4]

    result = asked(given, Filters(since_week=since, until_week=until))

    assert {one.who for one in result.by_week} <= set(weeks[2:5])
    within = [run for run in runs(given) if since <= week_of(slow.at(run.started)) <= until]
    expected = [kept(*key, part) for key, part in grouped(within, "all").items()]
    assert sorted(result.clocks, key=repr) == sorted(expected, key=repr)


def only(result: Sla, clock: str) -> Kept:
    return next(one for one in result.clocks if one.clock == clock)


def test_an_answer_heard_after_the_breach_but_given_before_it_is_disputed_and_counts_for_neither() -> (  # noqa: E501
    None
):
    tale = mql(Story("2026-03-02 09:00")).tick("2026-03-02 17:10")
    tale.at("2026-03-02 16:30", heard="2026-03-02 17:30").accepted()

    one = only(asked(slow.board_told(tale)), "acceptance")

    assert (one.met.of, one.disputed) == (0, 1)


def test_an_answer_in_time_for_the_second_level_only_does_not_mend_the_first() -> None:
    # Eight hours, broken on Monday at 17:00; eight more, broken on Tuesday at 16:02.
    tale = mql(Story("2026-03-02 09:00")).idle_until("2026-03-04 09:00")
    tale.at("2026-03-03 10:00", heard="2026-03-04 09:30").accepted(handover="lead-1:h1")
    given = slow.board_told(tale)

    one = only(asked(given), "acceptance")

    assert tale.lead.stage.value == "sal"
    assert (one.met.count, one.met.of, one.disputed) == (0, 1, 0)


def test_a_breach_that_was_noticed_late_stands_apart() -> None:
    tale = mql(Story("2026-03-02 09:00")).tick("2026-03-03 09:00").accepted()

    one = only(asked(slow.board_told(tale)), "acceptance")

    assert (one.met.of, one.late) == (0, 1)


def test_a_clock_that_waited_is_left_out_without_paused_ones() -> None:
    tale = sal(Story("2026-03-02 09:00")).reached()
    tale.at("2026-03-02 10:00").paused(ClockName.QUALIFICATION, "2026-03-10 09:00")
    tale.idle_until("2026-03-12 09:00").qualified()

    one = only(asked(slow.board_told(tale)), "qualification")

    assert (one.met.of, one.met_unpaused.of) == (1, 0)
    assert (one.used.of, one.used_unpaused.of) == (1, 0)


def test_a_clock_called_off_before_it_was_due_is_left_out() -> None:
    tale = mql(Story("2026-03-02 09:00")).profiled(role="student")

    one = only(asked(slow.board_told(tale)), "acceptance")

    assert (one.met.of, one.cancelled) == (0, 1)


def test_who_takes_over_after_a_breach_did_not_cause_it() -> None:
    tale = mql(Story("2026-03-02 09:00")).assigned("bob", "berlin").tick("2026-03-02 17:10")
    tale.assigned("ann", "berlin").at("2026-03-03 09:00").accepted()

    found = {one.who: one for one in asked(slow.board_told(tale)).by_rep}

    assert found["bob"].met.of == 1
    assert found["bob"].clock == "acceptance"


def test_a_nomination_and_a_claim_are_no_volume() -> None:
    tales = (
        mql(Story("2026-03-02 09:00", lead_id="qualified")),
        warm(Story("2026-03-02 09:00", lead_id="raised")).engaged("demo_request"),
        warm(Story("2026-03-02 09:00", lead_id="nominated")).nominated(),
        warm(Story("2026-03-02 09:00", lead_id="claimed")).claimed(),
    )

    (month,) = asked(slow.board_told(*tales)).months

    assert (month.volume, month.hand_raises, month.nominations, month.claims) == (2, 1, 1, 1)


@pytest.mark.parametrize(
    ("now", "expected"),
    [
        ("2026-04-01 12:00Z", None),
        ("2026-04-02 00:00Z", 300),
        ("2026-04-16 00:00Z", 20),
        ("2026-04-30 23:59Z", 10),
    ],
)
def test_the_projection_is_the_pace_so_far_in_plain_days(now: str, expected: int | None) -> None:
    assert projected(10, ms(now)) == expected


def test_the_tables_hold_the_promises_and_every_definition_is_one_sentence() -> None:
    result = asked(board(3))

    found = {table.name: table for table in tables(result)}

    assert column(found["promises"], "clock") == [one.clock for one in result.clocks]
    assert set(column(found["months"], "volume_promise")) <= {
        "kept",
        "missed",
        "behind",
        "on course",
        "too young to tell",
    }
    assert all(one.endswith(".") and ". " not in one for one in DEFINITIONS.values())


def test_an_empty_board_has_empty_tables() -> None:
    result = asked(slow.board_told(Story().engaged("page_view")))

    assert all(table.rows == () for table in tables(result))
