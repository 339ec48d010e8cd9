"""Any log that could reach the decider: signals in strange orders, late, repeated, and ticks."""

from collections.abc import Callable
from dataclasses import dataclass, replace

from hypothesis import strategies as st

from lifecycle import signals
from lifecycle.decide import Decision, advance, decide
from lifecycle.lead import Lead, handover_id
from lifecycle.policy import Policy
from lifecycle.signals import Body, Signal
from lifecycle.stages import ClockName, Stage
from lifecycle.vet import vet
from tests.lifecycle.builders import DAY_MS, HOUR_MS, MINUTE_MS, MONDAY, POLICY, brought_to, ms

LEAD_ID = "lead-1"
START = ms(MONDAY)
OTHER = replace(
    POLICY,
    version="other",
    warm_mp=30_000,
    returns_max=0,
    nominations_max=1,
    loops_max=2,
    pauses_max=1,
    teams={"berlin": POLICY.teams["berlin"]},
    reps={},
    junk=POLICY.junk[:2],
    activities={
        name: replace(activity, half_life_ms=activity.half_life_ms * 2)
        for name, activity in POLICY.activities.items()
        if name != "pricing_view"
    },
)
"""A definition that differs in much of what a running lead depends on."""

_REASONS = sorted(POLICY.recycle_reasons)
_OUT = sorted(POLICY.disqualify_reasons)
_deals = st.sampled_from(["d1", "d2", "d3"])
_reps = st.sampled_from([None, "ann", "bob", "rep-part-time"])
_voices = st.builds(
    signals.Voice,
    pain_points=st.just(("manual_work",)),
    objections=st.lists(st.sampled_from(["price", "no_time", "unheard_of"]), max_size=2).map(tuple),
    competitor=st.sampled_from([None, "acme"]),
)
_handovers = st.sampled_from(["last", "last", "last", "previous", "unknown"])
_maybe_handovers = st.one_of(st.none(), st.none(), _handovers)
_dates = st.one_of(st.none(), st.integers(START - 10 * DAY_MS, START + 400 * DAY_MS))
_attributes = st.fixed_dictionaries(
    {},
    optional={
        "seniority": st.sampled_from(["c_level", "intern"]),
        "role": st.sampled_from(["operations", "student", 7]),
        "industry": st.sampled_from(["manufacturing", "hobby"]),
        "employees": st.sampled_from([0, 12, 7000, 0.5]),
        "relationship": st.sampled_from(["competitor", "partner"]),
        "country": st.sampled_from(["DE", "US"]),
        "budget_authority": st.booleans(),
    },
)
_BODIES: dict[str, st.SearchStrategy[Body | None]] = {
    "engaged": st.builds(
        signals.Engaged,
        st.sampled_from([*sorted(POLICY.activities), "unheard_of"]),
        campaign=st.sampled_from([None, "spring", "autumn"]),
        source=st.sampled_from([None, "web"]),
    ),
    "hot": st.builds(
        signals.Engaged, st.sampled_from(["trial_started", "roi_calculator", "demo_request"])
    ),
    "profiled": st.builds(
        signals.Profiled, _attributes, clear=st.sampled_from([(), ("role",), ("relationship",)])
    ),
    "fitting": st.just(
        signals.Profiled(
            {"seniority": "c_level", "role": "operations", "industry": "manufacturing"}
        )
    ),
    "assigned": st.builds(
        signals.Assigned,
        st.sampled_from(["ann", "bob"]),
        st.sampled_from([None, "new_york", "nowhere"]),
    ),
    "accepted": st.builds(signals.Accepted, _handovers, _reps, _voices),
    "rejected": st.builds(signals.Rejected, _handovers, st.sampled_from(_REASONS + _OUT), _reps),
    "claimed": st.builds(signals.Claimed, st.sampled_from(["ann", "bob"]), st.just("old friend")),
    "nominated": st.builds(signals.Nominated, st.just("mia"), st.just("met")),
    "attempted": st.builds(
        signals.ContactAttempted, st.just("phone"), st.booleans(), _maybe_handovers, _reps, _voices
    ),
    "qualified": st.builds(
        signals.Qualified,
        st.sampled_from([True, True, True, False]),
        st.just(value=True),
        st.just(value=True),
        st.sampled_from([None, 30, 90, 91]),
        _maybe_handovers,
        _reps,
    ),
    "opened": st.builds(
        signals.OpportunityOpened,
        _deals,
        st.sampled_from(["100", "2500.5"]),
        st.just("EUR"),
        st.just("2026-09-30"),
        st.sampled_from([None, "offer"]),
        _reps,
    ),
    "won": st.builds(signals.Won, _deals, st.just("90"), st.sampled_from([None, "USD"]), _reps),
    "lost": st.builds(signals.Lost, _deals, st.sampled_from(_REASONS), _reps),
    "recycled": st.builds(
        signals.Recycled,
        st.sampled_from(_REASONS),
        _dates,
        _dates,
        _maybe_handovers,
        _reps,
        _voices,
    ),
    "disqualified": st.builds(signals.Disqualified, st.sampled_from(_OUT), _maybe_handovers, _reps),
    "reinstated": st.builds(signals.Reinstated, st.just("mia"), st.just("a mistake")),
    "paused": st.builds(
        signals.ClockPaused,
        st.sampled_from(ClockName),
        st.just("asked to"),
        st.integers(START, START + 100 * DAY_MS),
        _maybe_handovers,
    ),
    "resumed": st.builds(signals.ClockResumed, st.sampled_from(ClockName), _maybe_handovers),
}
_BODIES["tick"] = st.none()
# Most often time passes and sales answers; a deal or a no ends most other stories at once.
_bodies = st.sampled_from(
    [
        *_BODIES,
        *["tick"] * 20,
        *["accepted", "attempted"] * 4,
        *["engaged", "hot", "paused", "assigned", "qualified"] * 2,
    ]
).flatmap(_BODIES.__getitem__)
_gaps = st.sampled_from([10 * MINUTE_MS, 9 * HOUR_MS, DAY_MS, 4 * DAY_MS, 30 * DAY_MS]).flatmap(
    lambda longest: st.integers(0, longest)
)
_delays = st.sampled_from([0, 0, HOUR_MS, 2 * DAY_MS, 40 * DAY_MS]).flatmap(
    lambda longest: st.integers(-5 * MINUTE_MS if longest == HOUR_MS else 0, longest)
)


@dataclass(frozen=True)
class Step:
    """A record of the log: a signal or, without a body, a tick."""

    gap_ms: int
    """After the record before."""
    delay_ms: int
    """How long before its record the signal happened."""
    body: Body | None
    other: bool = False
    """Whether the other definition is in force."""


steps = st.builds(Step, _gaps, _delays, _bodies, st.sampled_from([False, False, False, True]))
logs = st.tuples(
    st.sampled_from([*Stage, Stage.MQL, Stage.MQL, Stage.SAL, Stage.SAL]),
    st.lists(steps, min_size=1, max_size=20),
)
"""Where a lead has come to by a real history, and what happens next."""


Walked = tuple[Lead, Policy, int, Signal | None, Decision]
"""Lead before, policy, log time, signal (None: a tick), decision."""


def walk(
    log: tuple[Stage, list[Step]],
    between: Callable[[Lead], Lead] = lambda lead: lead,
) -> list[Walked]:
    """Run a log; ``between`` is done to the lead after each step."""
    stage, record = log
    lead, now = brought_to(stage).lead, START
    walked: list[Walked] = []
    for number, step in enumerate(record):
        policy = OTHER if step.other else POLICY
        now += step.gap_ms
        if step.body is None:
            decision = advance(lead, now - policy.grace_ms, now, policy)
            walked.append((lead, policy, now, None, decision))
        else:
            signal = Signal(
                f"x{number}", "/any", LEAD_ID, now - step.delay_ms, now, _named(lead, step.body)
            )
            if vet(signal, policy) is not None:
                continue
            decision = decide(lead, signal, policy, nominations=number % 3)
            walked.append((lead, policy, now, signal, decision))
        lead = between(decision.lead)
    return walked


def _named(lead: Lead, body: Body) -> Body:
    """Put a real handover's id where a body names the last one, or the one before."""
    word = getattr(body, "handover_id", None)
    if word is None:
        return body
    known = {"last": lead.handover, "previous": lead.previous}.get(word)
    number = known.number if known is not None else 9
    return replace(body, handover_id=handover_id(lead.id, number))  # type: ignore[arg-type]
