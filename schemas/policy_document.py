"""The policy as people write it: the sections together, and their way into the domain's ``Policy``.

No field that matters has a default here: every number stands in the document. The few defaults
are neutral (no bands, not a hand raise), and they are left out of the canonical text; so a
neutral field added later does not change the digest of a definition agreed on before.
"""

from typing import Annotated, Literal

from pydantic import Field

from lifecycle.policy import (
    DisqualifyReason,
    Grades,
    JunkRule,
    Policy,
    Route,
)
from lifecycle.stages import ClockName
from schemas.policy_lead import (
    ActivityPart,
    FitPart,
    JunkPart,
    SpectrumPart,
    TimePart,
    conditions,
)
from schemas.policy_part import Part
from schemas.policy_promises import (
    ClocksPart,
    CodesPart,
    DisqualifyPart,
    HoursPart,
    LoopsPart,
    PausesPart,
    RecyclePart,
    RequestsPart,
    ReturnsPart,
    RoutePart,
    ScoreboardPart,
)
from schemas.policy_values import (
    DAY_MS,
    Assignee,
    Name,
    Text,
)


class PolicyDocument(Part):
    """The one definition of a qualified lead and of both sides' promises."""

    baton_policy: Literal[1] = 1
    """The version of this format."""
    name: Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9 ._-]{0,63}$")]
    """What people call this definition."""
    time: TimePart
    spectrum: SpectrumPart
    activities: dict[Name, ActivityPart] = Field(min_length=1, max_length=200)
    """What leads do, by name."""
    default_play: Text
    """What sales should do next when no buying signal says more."""
    fit: dict[Name, FitPart] = Field(max_length=40)
    """Who the lead is, by profile attribute."""
    junk: list[JunkPart] = Field(max_length=50)
    """Never for sales; in this order."""
    requests: RequestsPart
    clocks: ClocksPart
    pauses: PausesPart
    returns: ReturnsPart
    recycle_reasons: dict[Name, RecyclePart] = Field(min_length=1, max_length=100)
    loops: LoopsPart
    disqualify_reasons: dict[Name, DisqualifyPart] = Field(min_length=1, max_length=100)
    routes: list[RoutePart] = Field(min_length=1, max_length=200)
    """Who gets a handover; the first that holds wins."""
    teams: dict[Name, HoursPart] = Field(min_length=1, max_length=100)
    """Working hours by team."""
    reps: dict[Assignee, HoursPart] = Field({}, max_length=2_000)
    """Working hours of reps who have their own."""
    codes: CodesPart
    scoreboard: ScoreboardPart

    def to_policy(self, version: str = "") -> Policy:
        """Build the domain's policy, all mappings in order of their names.

        Order is fixed here because receipts follow it: equal definitions have to give equal
        bytes, however their files are laid out.
        """
        spectrum, requests, returns = self.spectrum, self.requests, self.returns
        grades = spectrum.grades
        return Policy(
            version=version,
            name=self.name,
            grace_ms=self.time.grace,
            future_tolerance_ms=self.time.future_tolerance,
            notice_max_ms=self.time.notice_max,
            edge_fraction=self.time.edge,
            curious_mp=spectrum.curious,
            warm_mp=spectrum.warm,
            mql_engagement_mp=spectrum.mql.engagement,
            mql_fit_mp=spectrum.mql.fit,
            hysteresis=spectrum.hysteresis,
            requalify_mp=spectrum.requalify,
            activities={
                name: part.to_domain(name) for name, part in sorted(self.activities.items())
            },
            fit={name: part.to_domain(name) for name, part in sorted(self.fit.items())},
            junk=tuple(JunkRule(r.name, r.reason, conditions(r.when)) for r in self.junk),
            grades=Grades(
                fit_mp=(grades.fit.A, grades.fit.B, grades.fit.C),
                engagement_mp=(
                    grades.engagement.first,
                    grades.engagement.second,
                    grades.engagement.third,
                ),
            ),
            nominations_max=requests.nominations_max,
            hand_raise_quiet_ms=requests.hand_raise_quiet,
            heads_up_quiet_ms=requests.heads_up_quiet,
            bant_timeline_max_days=requests.bant.timeline_max // DAY_MS,
            reopen_rejections_max=requests.reopen.rejections_max,
            reopen_window_ms=requests.reopen.window,
            clocks={
                ClockName(name): getattr(self.clocks, name).to_domain()
                for name in sorted(ClocksPart.model_fields)
            },
            pause_max_ms=self.pauses.length_max,
            pauses_max=self.pauses.per_handover_max,
            returns_max=returns.max,
            escalation=Route(returns.to.assignee, returns.to.team),
            returns_reason=returns.reason,
            stalled_reason=returns.stalled_reason,
            recycle_reasons={
                name: part.to_domain(name) for name, part in sorted(self.recycle_reasons.items())
            },
            disqualify_reasons={
                name: DisqualifyReason(name, part.kind, part.reopens)
                for name, part in sorted(self.disqualify_reasons.items())
            },
            loops_max=self.loops.max,
            loops_window_ms=self.loops.window,
            slow_track_ms=self.loops.slow_track,
            bant_short_reasons=requests.bant.short_reasons.model_dump(),
            routes=tuple(Route(r.assignee, r.team, conditions(r.when)) for r in self.routes),
            teams={name: part.to_domain() for name, part in sorted(self.teams.items())},
            reps={name: part.to_domain() for name, part in sorted(self.reps.items())},
            codes={
                name: frozenset(getattr(self.codes, name))
                for name in sorted(CodesPart.model_fields)
            },
            default_play=self.default_play,
            scoreboard=self.scoreboard.to_domain(),
        )
