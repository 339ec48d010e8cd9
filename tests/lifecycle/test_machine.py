"""The whole grid of stages and triggers, with leads brought to each stage by a real history."""

from collections.abc import Callable
from dataclasses import fields

import pytest

from lifecycle.clocks import next_due
from lifecycle.decide import Outcome
from lifecycle.facts import RefusedFact, StageChanged
from lifecycle.lead import Lead
from lifecycle.machine import (
    IMPLIED_ONLY,
    MACHINE,
    TABLE,
    IllegalMoveError,
    can,
    check,
    mermaid,
    possible,
)
from lifecycle.stages import ClockName, Stage, Trigger
from tests.lifecycle.builders import MONDAY, Story, brought_to, differing, mql, sal, warm

Act = Callable[[Story], Story]
_COLD, _CURIOUS, _WARM, _MQL = Stage.COLD, Stage.CURIOUS, Stage.WARM, Stage.MQL
_SAL, _SQL, _OPP, _CUST = Stage.SAL, Stage.SQL, Stage.OPPORTUNITY, Stage.CUSTOMER
_NURTURE, _LOST, _DISQ = Stage.NURTURE, Stage.LOST, Stage.DISQUALIFIED
_STAY = {stage: stage for stage in Stage}
_MARKETINGS = (_COLD, _CURIOUS, _WARM)


def _until_returned(story: Story) -> Story:
    """Let nobody answer until the lead is taken back."""
    while not any(move.trigger is Trigger.RETURN for move in story.all(StageChanged)):
        due = next_due(story.lead)
        assert due is not None
        story.tick(max(story.now, due + story.policy.grace_ms))
    return story


REQUESTS: dict[str, tuple[Act, dict[Stage, Stage]]] = {
    "accepted": (lambda s: s.accepted(), {_MQL: _SAL}),
    "rejected": (lambda s: s.rejected("no_fit"), {_MQL: _DISQ}),
    "rejected for now": (lambda s: s.rejected("bad_timing"), {_MQL: _NURTURE}),
    "claimed": (
        lambda s: s.claimed("bob"),
        dict.fromkeys((*_MARKETINGS, _MQL, _NURTURE, _LOST, _SAL), _SAL)
        | {stage: stage for stage in (_SQL, _OPP, _CUST)},
    ),
    "nominated": (
        lambda s: s.nominated(),
        dict.fromkeys((*_MARKETINGS, _NURTURE, _LOST), _MQL),
    ),
    "qualified": (lambda s: s.qualified(), {_SAL: _SQL}),
    "recycled": (
        lambda s: s.recycled("bad_timing"),
        dict.fromkeys((_MQL, _SAL, _SQL, _LOST), _NURTURE),
    ),
    "recycled as churned": (lambda s: s.recycled("churned"), {_CUST: _NURTURE}),
    "disqualified": (
        lambda s: s.disqualified("no_fit"),
        dict.fromkeys((*_MARKETINGS, _MQL, _SAL, _SQL, _OPP, _NURTURE, _LOST), _DISQ),
    ),
    # The waiting ones lost their points with the contract and the deal; the disqualified one has
    # its own still, and is looked at for qualify again.
    "reinstated": (
        lambda s: s.reinstated(),
        {_NURTURE: _COLD, _LOST: _COLD, _DISQ: _MQL},
    ),
    "opportunity_opened": (
        lambda s: s.opened("d9"),
        dict.fromkeys(Stage, _OPP) | {_CUST: _CUST},
    ),
    "won": (lambda s: s.won("d9"), dict.fromkeys(Stage, _CUST)),
    "lost": (
        lambda s: s.lost("d9"),
        dict.fromkeys(Stage, _LOST) | {_OPP: _OPP, _CUST: _CUST},
    ),
    "assigned": (lambda s: s.assigned("bob"), _STAY),
    "contact_attempted": (lambda s: s.attempted(), _STAY | {_MQL: _SAL}),
    "clock_paused": (
        lambda s: s.paused(ClockName.QUALIFICATION, "2026-03-20 09:00"),
        {_SAL: _SAL},
    ),
    "clock_resumed": (lambda s: s.resumed(ClockName.QUALIFICATION), {}),
}
"""What people may ask for: where it leads from which stage; from any other it is illegal."""

DERIVED: dict[str, tuple[Act, dict[Stage, Stage]]] = {
    "warm_up": (
        lambda s: s.engaged("event_visit", times=2).engaged("webinar_registered", times=2),
        {_COLD: _WARM, _CURIOUS: _WARM},
    ),
    "cool_down": (
        lambda s: s.engaged("spam_complaint"),
        {_CURIOUS: _COLD, _WARM: _COLD, _MQL: _WARM},
    ),
    "qualify": (
        lambda s: s.fitting().engaged("trial_started").engaged("roi_calculator", times=2),
        dict.fromkeys((*_MARKETINGS, _NURTURE), _MQL),
    ),
    "raise_hand": (
        lambda s: s.engaged("demo_request"),
        dict.fromkeys((*_MARKETINGS, _NURTURE, _LOST, _DISQ), _MQL),
    ),
    "wake": (
        lambda s: s.idle_until("2027-06-01 09:00") if s.stage in {_NURTURE, _LOST} else s,
        {_NURTURE: _COLD, _LOST: _COLD},
    ),
    "return": (
        lambda s: _until_returned(s) if s.stage in {_MQL, _SAL, _SQL} else s,
        {_MQL: _MQL, _SAL: _MQL, _SQL: _NURTURE},
    ),
    "disqualify": (
        lambda s: s.profiled(relationship="competitor"),
        dict.fromkeys((*_MARKETINGS, _MQL, _NURTURE, _LOST), _DISQ),
    ),
    # Disqualified by a person, not by a rule: a profile reinstates nobody.
    "reinstate": (lambda s: s.profiled(relationship="customer"), {}),
}
"""What score, profile and time lead to: from any other stage nothing moves, nothing is refused."""


@pytest.mark.parametrize("stage", Stage)
@pytest.mark.parametrize("asked", REQUESTS)
def test_a_request_leads_where_the_domain_says_or_is_illegal(asked: str, stage: Stage) -> None:
    act, leads_to = REQUESTS[asked]
    story = brought_to(stage).after(minutes=1)

    act(story)

    if stage in leads_to:
        assert (story.outcome, story.stage) == (Outcome.APPLIED, leads_to[stage])
        assert "refused" not in story.kinds
    else:
        assert (story.outcome, story.stage) == (Outcome.ILLEGAL, stage)


ILLEGAL = [
    (asked, stage) for asked in REQUESTS for stage in Stage if stage not in REQUESTS[asked][1]
]


@pytest.mark.parametrize(("asked", "stage"), ILLEGAL)
def test_an_illegal_request_changes_nothing_and_says_what_is_possible(
    asked: str, stage: Stage
) -> None:
    act, _ = REQUESTS[asked]
    story = brought_to(stage).after(minutes=1)
    before = story.lead

    act(story)

    assert changed(before, story.lead) == {"seq", "seen", "at"}
    assert story.kinds == ["refused"]
    refused = story.one(RefusedFact)
    assert refused.asked == asked.split(maxsplit=1)[0]
    assert refused.stage is stage
    assert refused.possible == tuple(trigger.value for trigger in possible(stage))
    assert refused.open_handover == (story.offer if stage is _MQL else None)
    assert story.decision is not None
    assert (refused.code, refused.detail) == (story.decision.code, story.decision.detail)
    no_handover = asked in {"accepted", "rejected", "rejected for now"} and stage in _MARKETINGS
    # A lead that was warm before it was ever offered has no handover to answer.
    assert refused.code == ("stale_handover" if no_handover else "illegal_move")


@pytest.mark.parametrize("stage", Stage)
@pytest.mark.parametrize("move", DERIVED)
def test_a_derived_move_is_made_where_it_applies_and_refused_nowhere(
    move: str, stage: Stage
) -> None:
    act, leads_to = DERIVED[move]
    story = brought_to(stage).after(minutes=1)

    act(story)

    assert story.stage is leads_to.get(stage, stage)
    assert not story.ever(RefusedFact)


@pytest.mark.parametrize("stage", Stage)
def test_what_a_refusal_calls_possible_is_what_the_grid_allows(stage: Stage) -> None:
    triggers = {
        Trigger.ACCEPT: ("accepted",),
        Trigger.REJECT: ("rejected", "rejected for now"),
        Trigger.CLAIM: ("claimed",),
        Trigger.NOMINATE: ("nominated",),
        Trigger.QUALIFY_SALE: ("qualified",),
        Trigger.RECYCLE: ("recycled", "recycled as churned"),
        Trigger.DISQUALIFY: ("disqualified",),
        Trigger.REINSTATE: ("reinstated",),
        Trigger.OPEN_OPPORTUNITY: ("opportunity_opened",),
        Trigger.WIN: ("won",),
        Trigger.LOSE: ("lost",),
        Trigger.ASSIGN: ("assigned",),
    }
    allowed = {
        trigger
        for trigger, names in triggers.items()
        if any(stage in REQUESTS[n][1] for n in names)
    }
    # A late accept: of the last handover, after it was returned or withdrawn.
    late = {Trigger.ACCEPT} if stage in {*_MARKETINGS, _NURTURE} else set()

    assert set(possible(stage)) == allowed | late


def changed(before: Lead, after: Lead) -> set[str]:
    return {
        field.name
        for field in fields(Lead)
        if getattr(before, field.name) != getattr(after, field.name)
    }


# Every row of the table is walked by some history, so none stands there in vain.


def _rows() -> set[tuple[Trigger, Stage, Stage]]:
    return {(r.trigger, source, to) for r in TABLE for source in r.sources for to in r.targets}


def _walks() -> list[Story]:
    """Return histories that, together, make every move there is."""
    walks = [
        act(brought_to(stage).after(minutes=1))
        for act, leads_to in (*REQUESTS.values(), *DERIVED.values())
        for stage in leads_to
    ]
    never_returned, generous = differing(returns_max=0), differing(mql_engagement_mp=30_000)
    walks += [
        *(brought_to(stage).idle_until("2026-07-01 09:00") for stage in (_CURIOUS, _WARM)),
        brought_to(_COLD).engaged("webinar_attended").engaged("email_click"),
        brought_to(_COLD).engaged("event_visit").engaged("trial_started"),
        brought_to(_COLD, policy=generous).fitting().engaged("trial_started"),
        brought_to(_CURIOUS).fitting().engaged("webinar_attended").engaged("trial_started"),
        brought_to(_WARM).engaged("unsubscribe"),
        *(_until_returned(brought_to(stage, policy=never_returned)) for stage in (_MQL, _SAL)),
        brought_to(_CUST).lost("d1"),
        brought_to(_CUST).opened("d2").lost("d1"),
        brought_to(_OPP).lost("d1"),
        *_woken(),
        *_reinstated(),
        *_accepted_late(),
    ]
    return walks


def _woken() -> list[Story]:
    """Waiting leads that wake with none, some and much of their interest left."""
    walks = []
    for stage, day in ((_NURTURE, "2027-01-03 09:00"), (_LOST, "2026-08-28 09:00")):
        for times in (0, 1, 2):
            story = brought_to(stage).at(day).engaged("event_visit", times=times)
            story.engaged("webinar_attended", times=times)
            walks.append(story.after(days=3).tick())
    return walks


def _reinstated() -> list[Story]:
    walks = []
    for stage in (_NURTURE, _LOST):
        for times in (0, 1, 2):
            story = brought_to(stage).after(minutes=1).engaged("event_visit", times=times)
            story.engaged("webinar_attended", times=times)
            walks.append(story.reinstated())
    for start in (_COLD, _CURIOUS, _WARM):
        story = brought_to(start).after(minutes=1).profiled(purpose="hobby")
        walks.append(story.profiled(purpose="business"))
    return walks


def _accepted_late() -> list[Story]:
    """Accepts of handovers that were withdrawn because the lead cooled, or returned."""
    walks = []
    for activity, times in (("email_open", 0), ("careers_view", 1), ("careers_view", 3)):
        story = mql(Story()).after(minutes=1).engaged("spam_complaint")
        walks.append(story.engaged(activity, times=times).accepted())
    walks.append(brought_to(_MQL).idle_until("2026-03-10 09:00").accepted())
    return walks


def test_every_row_of_the_table_is_walked_by_a_history() -> None:
    walked = {
        (move.trigger, move.from_stage, move.to_stage)
        for story in _walks()
        for move in story.ever(StageChanged)
    }

    assert walked <= _rows()
    assert _rows() - walked == set()


def test_the_machine_holds_the_table_and_nothing_else() -> None:
    held = {
        (Trigger(name), Stage(source), Stage(str(move.dest)))
        for name, event in MACHINE.events.items()
        for source, moves in event.transitions.items()
        for move in moves
    }

    assert held == _rows()
    assert {Stage(name) for name in MACHINE.states} == set(Stage)


def test_no_move_leads_past_the_table() -> None:
    assert not [name for name in MACHINE.events if name.startswith("to_")]


@pytest.mark.parametrize("trigger", Trigger)
@pytest.mark.parametrize("source", Stage)
def test_the_check_lets_through_what_the_table_holds_alone(source: Stage, trigger: Trigger) -> None:
    for to in Stage:
        implied_only = (trigger, source) in IMPLIED_ONLY
        held = (trigger, source, to) in _rows()
        if held:
            check(source, trigger, to, implied=True)
        if held and not implied_only:
            assert can(source, trigger)
            check(source, trigger, to)
        else:
            with pytest.raises(IllegalMoveError, match=f"{trigger} does not lead from {source}"):
                check(source, trigger, to)


def test_a_skipped_claim_is_the_only_move_that_nobody_may_ask_for() -> None:
    assert {(Trigger.CLAIM, _DISQ)} == IMPLIED_ONLY
    assert not can(_DISQ, Trigger.CLAIM)


def test_the_diagram_names_every_row() -> None:
    lines = mermaid().splitlines()

    assert lines[:2] == ["stateDiagram-v2", "    [*] --> cold"]
    for trigger, source, to in _rows():
        line = next(line for line in lines if line.startswith(f"    {source} --> {to}: "))
        names = line.split(": ")[1].split(", ")
        mark = " (implied)" if (trigger, source) in IMPLIED_ONLY else ""
        assert f"{trigger}{mark}" in names


def test_a_lead_begins_at_cold_whatever_comes_first() -> None:
    story = Story(MONDAY).accepted(handover="lead-1:h7")

    assert story.kinds == ["arrived", "refused"]
    assert story.stage is _COLD


def test_stories_reach_sales_through_the_offer() -> None:
    assert [move.to_stage for move in sal(Story()).ever(StageChanged)][-2:] == [_MQL, _SAL]
    assert warm(Story()).stage is _WARM
