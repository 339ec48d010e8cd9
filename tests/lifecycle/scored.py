"""A small definition to score by, and builders of what it scores."""

from dataclasses import replace

from hypothesis import strategies as st

from lifecycle.engagement import absorb
from lifecycle.lead import Attribute, Scores
from lifecycle.policy import (
    Activity,
    AttributeValue,
    Band,
    Condition,
    FitAttribute,
    Grades,
    JunkRule,
    Policy,
    Route,
    Scoreboard,
)

DAY_MS = 86_400_000
NOW = 1_772_442_000_000
"""Monday, 2026-03-02, 09:00 UTC."""


def activity(
    name: str, points: float, days: float = 10, cap: float = 60, alive: float | None = None
) -> Activity:
    return Activity(
        name,
        points_mp=round(points * 1000),
        half_life_ms=round(days * DAY_MS),
        cap_mp=round(cap * 1000),
        buying_signal=alive is not None,
        alive_mp=round((alive or 0) * 1000),
    )


ACTIVITIES = (
    activity("page_view", 1, days=7, cap=10),
    activity("webinar", 12.5, days=30),
    activity("pricing", 15, days=14, cap=40, alive=5),
    activity("trial", 20, days=14, alive=5),
    activity("careers", -10, days=60, cap=25),
    activity("unsubscribe", -30, days=90),
)

POLICY = Policy(
    version="p1",
    name="Small",
    grace_ms=0,
    future_tolerance_ms=300_000,
    notice_max_ms=900_000,
    edge_fraction=0.05,
    curious_mp=15_000,
    warm_mp=35_000,
    mql_engagement_mp=60_000,
    mql_fit_mp=40_000,
    hysteresis=0.7,
    requalify_mp=20_000,
    activities={each.name: each for each in ACTIVITIES},
    fit={
        "seniority": FitAttribute("seniority", {"c_level": 40_000, "student": -50_000}),
        "employees": FitAttribute(
            "employees", bands=(Band(10, 10_000), Band(200, 35_000)), otherwise_mp=1_000
        ),
        "budget": FitAttribute("budget", {"true": 30_000}, otherwise_mp=-5_000),
        "region": FitAttribute("region", {"7": 5_000, "0.5": 2_000}, otherwise_mp=500),
    },
    junk=(
        JunkRule("student", "student", (Condition("seniority", "in", ("student",)),)),
        JunkRule(
            "tiny",
            "no_fit",
            (Condition("employees", "at_most", number=1), Condition("budget", "unknown")),
        ),
    ),
    grades=Grades(fit_mp=(25_000, 50_000, 75_000), engagement_mp=(15_000, 35_000, 60_000)),
    nominations_max=20,
    hand_raise_quiet_ms=DAY_MS,
    heads_up_quiet_ms=30 * DAY_MS,
    bant_timeline_max_days=90,
    reopen_rejections_max=2,
    reopen_window_ms=90 * DAY_MS,
    clocks={},
    pause_max_ms=0,
    pauses_max=0,
    returns_max=1,
    escalation=Route("lead", "sales"),
    returns_reason="not_followed_up",
    stalled_reason="stalled",
    recycle_reasons={},
    disqualify_reasons={},
    loops_max=3,
    loops_window_ms=365 * DAY_MS,
    slow_track_ms=365 * DAY_MS,
    bant_short_reasons={},
    routes=(Route("queue", "sales"),),
    teams={},
    reps={},
    codes={},
    default_play="",
    scoreboard=Scoreboard(0.2, 0.4, 20, 30, 60, 180, 50, 0.5, 0.5),
)


def naming(*activities: Activity, version: str = "p2") -> Policy:
    """Return the small definition with these activities instead."""
    return replace(POLICY, version=version, activities={each.name: each for each in activities})


def scores_of(*deeds: tuple[str, int], since: Scores | None = None) -> Scores:
    """Return the scores after activities, by name and time."""
    scores = Scores(policy="p1") if since is None else since
    for name, at in deeds:
        scores = absorb(scores, POLICY.activities[name], at)
    return scores


def profile(**values: AttributeValue | None) -> dict[str, Attribute]:
    return {name: Attribute(value, NOW) for name, value in values.items()}


deeds = st.lists(
    st.tuples(
        st.sampled_from(sorted(POLICY.activities)),
        st.integers(NOW - 200 * DAY_MS, NOW),
    ),
    max_size=25,
)
values: st.SearchStrategy[dict[str, AttributeValue | None]] = st.fixed_dictionaries(
    {},
    optional={
        "seniority": st.sampled_from(["c_level", "C_Level", "student", "other", None]),
        "employees": st.one_of(st.integers(0, 5000), st.floats(0, 5000), st.just("many")),
        "budget": st.booleans(),
        "region": st.sampled_from([7, 7.0, 0.5, "7", "north"]),
    },
)
profiles = values.map(lambda each: profile(**each))
