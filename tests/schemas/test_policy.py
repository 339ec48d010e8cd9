"""The policy: what is shipped, and a version that is a digest of the meaning."""

import json
import re

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter

from lifecycle.policy import Condition, Policy
from lifecycle.stages import ClockName, ReasonClass
from schemas.policy import (
    canonical,
    differences,
    digest,
    load_document,
    load_policy,
    shipped,
    shipped_text,
)
from schemas.policy_text import read
from schemas.policy_values import Allowance, ClockAllowance, Points
from tests.schemas.policy_edits import drop, edited, put

HOUR = 3_600_000
DAY = 24 * HOUR
BUSINESS_DAY = 8 * HOUR


def test_the_shipped_policy_has_the_numbers_both_teams_start_from() -> None:
    policy = shipped()

    assert (policy.curious_mp, policy.warm_mp) == (15_000, 35_000)
    assert (policy.mql_engagement_mp, policy.mql_fit_mp) == (60_000, 40_000)
    assert (policy.hysteresis, policy.requalify_mp) == (0.7, 20_000)
    assert policy.grace_ms == 120_000
    assert policy.future_tolerance_ms == 300_000
    assert policy.notice_max_ms == 900_000
    assert policy.edge_fraction == 0.05
    assert policy.nominations_max == 20
    assert policy.hand_raise_quiet_ms == DAY
    assert policy.heads_up_quiet_ms == 30 * DAY
    assert (policy.reopen_rejections_max, policy.reopen_window_ms) == (2, 90 * DAY)
    assert policy.bant_timeline_max_days == 90
    assert (policy.pause_max_ms, policy.pauses_max, policy.returns_max) == (90 * DAY, 2, 1)
    assert (policy.loops_max, policy.loops_window_ms, policy.slow_track_ms) == (
        3,
        365 * DAY,
        365 * DAY,
    )
    board = policy.scoreboard
    assert (board.handling_limit, board.quality_limit, board.sample_min) == (0.2, 0.4, 20)
    assert (board.young_days, board.feedback_days, board.overturn_days) == (30, 60, 180)


def test_the_shipped_clocks_are_in_business_time_but_for_deals_and_reviews() -> None:
    clocks = shipped().clocks

    assert {
        name: (rule.allowance_ms, rule.fast_allowance_ms, rule.warn_fraction, rule.levels)
        for name, rule in clocks.items()
    } == {
        ClockName.ACCEPTANCE: (8 * HOUR, HOUR, 0.5, 2),
        ClockName.FIRST_CONTACT: (4 * HOUR, HOUR, 0.5, 2),
        ClockName.CADENCE: (10 * BUSINESS_DAY, None, 0.8, 1),
        ClockName.QUALIFICATION: (15 * BUSINESS_DAY, None, 0.8, 3),
        ClockName.OPPORTUNITY: (20 * BUSINESS_DAY, None, 0.8, 3),
        ClockName.DEAL: (60 * DAY, None, 0.8, 0),
        ClockName.REVIEW: (DAY, None, None, 1),
    }
    assert {name for name, rule in clocks.items() if not rule.business} == {
        ClockName.DEAL,
        ClockName.REVIEW,
    }
    assert clocks[ClockName.CADENCE].attempts == 5


def test_the_shipped_reasons_have_their_tracks_and_classes() -> None:
    policy = shipped()

    waits = {name: reason.wait_ms // DAY for name, reason in policy.recycle_reasons.items()}
    assert waits == {
        "no_response": 30,
        "bad_timing": 90,
        "no_budget": 180,
        "in_contract": 180,
        "evaluating": 60,
        "not_followed_up": 14,
        "stalled": 14,
        "lost_to_competitor": 180,
        "lost_no_decision": 90,
        "churned": 180,
    }
    assert policy.recycle_reasons["in_contract"].needs_date
    assert [name for name, reason in policy.recycle_reasons.items() if reason.churn] == ["churned"]
    classes = {name: reason.kind for name, reason in policy.recycle_reasons.items()}
    classes |= {name: reason.kind for name, reason in policy.disqualify_reasons.items()}
    by_class = {
        kind: {name for name, its in classes.items() if its is kind} for kind in ReasonClass
    }
    assert by_class[ReasonClass.HARD] >= {"student", "competitor", "bad_data", "duplicate"}
    assert by_class[ReasonClass.HANDLING] == {"not_followed_up", "stalled"}
    assert by_class[ReasonClass.MARKET] == {"lost_to_competitor", "lost_no_decision", "churned"}
    stay_out = {"student", "competitor", "bot", "personal_use", "bad_data", "duplicate"}
    assert {name for name, reason in policy.disqualify_reasons.items() if not reason.reopens} == (
        stay_out
    )


def test_the_shipped_calendars_say_when_people_work() -> None:
    berlin = shipped().teams["berlin"]
    part_time = shipped().reps["rep-part-time"]

    assert berlin.zone == "Europe/Berlin"
    assert berlin.weekly == (((540, 1080),),) * 4 + (((540, 960),), (), ())
    assert "2026-04-06" in berlin.holidays
    assert part_time.weekly[2] == ((540, 720), (780, 1020))


def test_tests_on_attributes_become_conditions_in_a_fixed_order() -> None:
    when = {
        "size": {"at_most": 5, "at_least": 2.0},
        "role": {"not_in": ["Student", 7, True, "student"], "in": [0.5]},
        "country": {"known": True},
        "zip": {"known": False},
    }

    policy = load_policy(edited(put("junk.0.when", when)))

    assert policy.junk[0].conditions == (
        Condition("country", "known"),
        Condition("role", "in", values=("0.5",)),
        Condition("role", "not_in", values=("7", "student", "true")),
        Condition("size", "at_least", number=2.0),
        Condition("size", "at_most", number=5.0),
        Condition("zip", "unknown"),
    )


# The version is a digest of the meaning.


def test_a_policy_survives_its_canonical_form() -> None:
    text = shipped_text()

    again = load_policy(canonical(text))

    assert again == load_policy(text)
    assert again.version == digest(text) == digest(canonical(text))
    assert canonical(canonical(text)) == canonical(text)
    assert re.fullmatch(r"[0-9a-f]{16}", again.version)


def _reversed(tree: object) -> object:
    """Reverse mappings and the lists whose order has no meaning."""
    if isinstance(tree, dict):
        return {
            key: value[::-1]
            if key in {"holidays", "in", *("pain_points", "objections", "questions", "competitors")}
            else _reversed(value)
            for key, value in reversed(tree.items())
        }
    if isinstance(tree, list):
        return [_reversed(item) for item in tree]
    return tree


def test_layout_comments_and_order_without_meaning_do_not_change_the_version() -> None:
    tree = read(shipped_text())
    told_otherwise = [
        "# another comment\n\n" + shipped_text(),
        json.dumps(tree),
        json.dumps(_reversed(tree), indent=3),
        yaml.safe_dump(_reversed(tree), allow_unicode=True),
        json.dumps(tree) + " # a flow mapping of YAML",
        "\ufeff" + shipped_text(),
    ]

    for text in told_otherwise:
        policy = load_policy(text.encode())
        assert policy.version == shipped().version
        assert _in_order(policy) == _in_order(shipped())


def _in_order(policy: Policy) -> list[object]:
    """Return what receipts follow the order of."""
    return [
        list(policy.activities.items()),
        [(name, list(part.values.items())) for name, part in policy.fit.items()],
        list(policy.clocks),
        list(policy.recycle_reasons),
        list(policy.teams),
    ]


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("time.grace", "120 seconds"),
        ("time.grace", "2.0 minutes"),
        ("pauses.length_max", "2160 hours"),
        ("spectrum.curious", 15.0),
        ("clocks.acceptance.allowance", "1 business day"),
        ("clocks.acceptance.allowance", "480 business minutes"),
        ("clocks.cadence.allowance", "80 business hours"),
        ("clocks.cadence.levels", 1),
        ("activities.page_view.buying_signal", False),
        ("activities.page_view.play", None),
        ("activities.page_view.half_life", "1 week"),
        (
            "fit.country.values",
            {"DE": 10, "at": 10, "Ch": 10, "NL": 8, "FR": 8, "GB": 8, "US": 10, "CA": 8},
        ),
        ("junk.0.when.role.in", ["Pupil", "STUDENT", "pupil"]),
        (
            "teams.new_york.hours",
            {
                day: ["08:30-17:30"]
                for day in ("friday", "thursday", "wednesday", "tuesday", "monday")
            },
        ),
        ("routes.2.when", {}),
        ("baton_policy", 1),
    ],
)
def test_other_words_for_the_same_do_not_change_the_version(path: str, value: object) -> None:
    policy = load_policy(edited(put(path, value)))

    assert policy == shipped()


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("name", "other"),
        ("time.grace", "121 seconds"),
        ("spectrum.curious", 15.001),
        ("activities.page_view.points", 2),
        ("activities.page_view.buying_signal", True),
        ("clocks.acceptance.allowance", "8 hours"),
        ("clocks.acceptance.allowance", "0.5 business days"),
        ("clocks.acceptance.warn", 0.51),
        ("teams.berlin.holidays", ["2026-01-01"]),
        ("routes.0.assignee", "queue-large"),
        ("codes.objections", ["price"]),
        ("scoreboard.mql_promise", 121),
    ],
)
def test_another_meaning_is_another_version(path: str, value: object) -> None:
    if path == "clocks.acceptance.allowance" and value == "8 hours":
        text = edited(put(path, value), put("clocks.acceptance.fast", "1 hour"))
    else:
        text = edited(put(path, value))

    assert digest(text) != shipped().version


def test_the_order_of_routes_junk_rules_and_bands_has_meaning() -> None:
    junk = edited(lambda tree: tree["junk"].reverse())
    routes = edited(
        lambda tree: tree["routes"].insert(0, tree["routes"].pop(1)),
    )

    assert len({digest(junk), digest(routes), shipped().version}) == 3


@given(seconds=st.integers(min_value=1, max_value=100_000_000), business=st.booleans())
def test_every_allowance_survives_being_written(seconds: int, business: bool) -> None:
    allowances = TypeAdapter(ClockAllowance)
    # Words for business time end at the minute: decimals of it come to multiples of 3 seconds.
    allowance = Allowance(seconds * (3_000 if business else 1_000), business)

    written = allowances.dump_python(allowance)

    assert allowances.validate_python(written) == allowance


@given(points_mp=st.integers(min_value=-1_000_000_000, max_value=1_000_000_000))
def test_every_number_of_points_survives_being_written(points_mp: int) -> None:
    points = TypeAdapter(Points)

    written = points.dump_json(points_mp)

    assert points.validate_json(written) == points_mp
    assert points.dump_json(points.validate_json(written)) == written


def test_differences_are_told_place_by_place() -> None:
    new = edited(
        put("spectrum.mql.fit", 45),
        put("activities.page_view.cap", 12.5),
        put("clocks.acceptance.allowance", "6 business hours"),
        put("activities.podcast", {"points": 2, "half_life": "7 days", "cap": 4}),
        drop("activities.ad_click"),
        put("codes.objections", ["price", "dear"]),
    )

    told = differences(shipped_text(), new)

    assert told == [
        "activities.ad_click.cap: 6 → (gone)",
        "activities.ad_click.half_life: 7 days → (gone)",
        "activities.ad_click.points: 2 → (gone)",
        "activities.page_view.cap: 10 → 12.5",
        "activities.podcast.cap: (new) → 4",
        "activities.podcast.half_life: (new) → 7 days",
        "activities.podcast.points: (new) → 2",
        "clocks.acceptance.allowance: 1 business day → 6 business hours",
        """codes.objections: adds dear; \
removes happy_today, missing_feature, needs_approval, no_time, security""",
        "spectrum.mql.fit: 40 → 45",
    ]
    assert differences(load_document(new), canonical(new)) == []
