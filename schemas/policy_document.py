"""The policy as people write it: one model a section, and its way into the domain's ``Policy``.

No field that matters has a default here: every number stands in the document. The few defaults
are neutral (no bands, not a hand raise), and they are left out of the canonical text; so a
neutral field added later does not change the digest of a definition agreed on before.
"""

from collections.abc import Iterable
from typing import Annotated, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from lifecycle.policy import (
    Activity,
    Band,
    ClockRule,
    Condition,
    DisqualifyReason,
    FitAttribute,
    Grades,
    JunkRule,
    Policy,
    RecycleReason,
    Route,
    Scoreboard,
    WorkingHours,
)
from lifecycle.stages import ClockName, ReasonClass
from schemas.policy_values import (
    Assignee,
    ClockAllowance,
    Date,
    Duration,
    Fraction,
    Hours,
    Name,
    NotNegativePoints,
    Number,
    Points,
    PositiveDuration,
    PositivePoints,
    Text,
    Values,
    text_value,
)

DAY_MS = 86_400_000


class Part(BaseModel):
    """A section of the policy: nothing unknown, nothing converted behind one's back."""

    model_config = ConfigDict(
        extra="forbid", strict=True, frozen=True, use_attribute_docstrings=True
    )


class TimePart(Part):
    """How the engine reads the log's time."""

    grace: Duration
    """How long feedback may be delivered late before a clock fires."""
    future_tolerance: Duration
    """A message whose time is further ahead of its record than this is refused."""
    notice_max: Duration
    """A breach noticed later than this is not counted as handling."""
    edge: Fraction
    """A clock met within this last part of its allowance is marked as met at the edge."""


class MqlPart(Part):
    """What a marketing qualified lead has, besides a buying signal alive."""

    engagement: PositivePoints
    """Engagement of at least this."""
    fit: NotNegativePoints
    """Fit of at least this."""


class FitGrades(Part):
    """Lower bounds of fit; below C is D."""

    A: NotNegativePoints
    B: NotNegativePoints
    C: NotNegativePoints


class EngagementGrades(Part):
    """Lower bounds of engagement; below 3 is 4."""

    first: NotNegativePoints = Field(alias="1")
    second: NotNegativePoints = Field(alias="2")
    third: NotNegativePoints = Field(alias="3")


class GradesPart(Part):
    """Grades for people: fit A to D times engagement 1 to 4."""

    fit: FitGrades
    engagement: EngagementGrades


class SpectrumPart(Part):
    """The thresholds between the stages before sales."""

    curious: PositivePoints
    """Engagement from which a lead is curious."""
    warm: PositivePoints
    """Engagement from which a lead is warm."""
    mql: MqlPart
    hysteresis: Fraction
    """A lead falls back under this part of the threshold it climbed; below 1."""
    requalify: NotNegativePoints
    """Engagement dated after a no, without which a lead is not offered again."""
    grades: GradesPart


class ActivityPart(Part):
    """What one kind of engagement is worth, and how fast it fades."""

    points: Points
    """Added each time; negative for what speaks against interest."""
    half_life: PositiveDuration
    """After this time half of the points are left."""
    cap: PositivePoints
    """The most that this activity adds or takes away in all."""
    buying_signal: bool = False
    """Counts toward intent; a lead needs one alive to be offered to sales."""
    hand_raise: bool = False
    """The lead asks for sales: offered at once, on the fast track."""
    alive: NotNegativePoints = 0
    """A buying signal is alive while its live points are above this."""
    play: Text | None = None
    """What sales should do next when this is the strongest buying signal."""

    def to_domain(self, name: str) -> Activity:
        """Build the domain's view."""
        return Activity(
            name=name,
            points_mp=self.points,
            half_life_ms=self.half_life,
            cap_mp=self.cap,
            buying_signal=self.buying_signal,
            hand_raise=self.hand_raise,
            alive_mp=self.alive,
            play=self.play or "",
        )


class BandPart(Part):
    """Points for a numeric attribute from here up to the next band."""

    at_least: Number = Field(alias="from")
    """The band begins here, inclusive."""
    points: Points


def _by_text(value: object) -> object:
    """Casefold the keys; two that differ in case only are one value twice."""
    if not isinstance(value, dict):
        return value
    folded = {text_value(key): points for key, points in value.items()}
    if len(folded) < len(value):
        message = "values are compared without regard to case: one is given twice"
        raise ValueError(message)
    return folded


class FitPart(Part):
    """Points by the value of one profile attribute."""

    values: Annotated[dict[str, Points], BeforeValidator(_by_text)] = {}
    """Points by exact value."""
    bands: list[BandPart] = []
    """Points for numbers, rising; below the first band 0."""
    otherwise: Points = 0
    """Points for a known value that is not named."""

    def to_domain(self, name: str) -> FitAttribute:
        """Build the domain's view."""
        return FitAttribute(
            name=name,
            values=dict(sorted(self.values.items())),
            bands=tuple(Band(band.at_least, band.points) for band in self.bands),
            otherwise_mp=self.otherwise,
        )


class Test(Part):
    """Tests on one profile attribute; all that are given hold."""

    __test__ = False  # pytest: not a test of ours

    is_in: Values | None = Field(None, alias="in")
    """The value is one of these."""
    not_in: Values | None = None
    """The value is known and none of these."""
    at_least: Number | None = None
    """The value is a number and at least this."""
    at_most: Number | None = None
    """The value is a number and at most this."""
    known: bool | None = None
    """The attribute is known (true), or is not (false)."""

    def conditions(self, attribute: str) -> Iterable[Condition]:
        """Yield the domain's view, in a fixed order."""
        if self.is_in is not None:
            yield Condition(attribute, "in", values=tuple(self.is_in))
        if self.not_in is not None:
            yield Condition(attribute, "not_in", values=tuple(self.not_in))
        if self.at_least is not None:
            yield Condition(attribute, "at_least", number=self.at_least)
        if self.at_most is not None:
            yield Condition(attribute, "at_most", number=self.at_most)
        if self.known is not None:
            yield Condition(attribute, "known" if self.known else "unknown")


When = dict[Name, Test]


def _conditions(when: When) -> tuple[Condition, ...]:
    return tuple(
        condition for name, test in sorted(when.items()) for condition in test.conditions(name)
    )


class JunkPart(Part):
    """A rule that keeps a lead from sales."""

    name: Name
    reason: Name
    """A disqualify reason."""
    when: When
    """All tests hold."""


class ReopenPart(Part):
    """When a raised hand no longer reopens a disqualified lead."""

    rejections_max: int = Field(ge=1, le=100)
    """This many rejections within the window."""
    window: PositiveDuration


class ShortReasons(Part):
    """The recycle reason that fits what BANT lacks."""

    budget: Name
    authority: Name
    need: Name
    timeline: Name


class BantPart(Part):
    """Budget, authority, need, timeline."""

    timeline_max: PositiveDuration
    """A longer buying timeline is not yet a qualified one; whole days."""
    short_reasons: ShortReasons


class RequestsPart(Part):
    """Limits on what people may ask for and on what they are told."""

    nominations_max: int = Field(ge=0, le=1_000_000)
    """Nominations a month and person."""
    hand_raise_quiet: Duration
    """At most one raised hand is told in this time."""
    heads_up_quiet: Duration
    """At most one early notice is given in this time."""
    reopen: ReopenPart
    bant: BantPart


class ClockPart(Part):
    """One promise."""

    allowance: ClockAllowance
    """How long it may take."""
    fast: ClockAllowance | None = None
    """The same on the fast track."""
    warn: Fraction | None = None
    """The part of the allowance after which a warning goes out."""
    levels: int = Field(1, ge=0, le=20)
    """The breach of the last level ends it; 0 repeats for ever."""
    attempts: int = Field(0, ge=0, le=100)
    """Cadence: this many contact attempts meet it."""

    def to_domain(self) -> ClockRule:
        """Build the domain's view."""
        return ClockRule(
            allowance_ms=self.allowance.ms,
            fast_allowance_ms=self.fast.ms if self.fast else None,
            business=self.allowance.business,
            warn_fraction=self.warn,
            levels=self.levels,
            attempts=self.attempts,
        )


class ClocksPart(Part):
    """The promises, by name."""

    acceptance: ClockPart
    """From the handover to sales' answer."""
    first_contact: ClockPart
    """From acceptance to the first contact attempt."""
    cadence: ClockPart
    """From the first attempt that did not reach to the last one due."""
    qualification: ClockPart
    """From acceptance to an answer on BANT."""
    opportunity: ClockPart
    """From sql to an opportunity."""
    deal: ClockPart
    """From one change of an open opportunity to the next."""
    review: ClockPart
    """How often an idle lead is looked at; tells no facts."""


class PausesPart(Part):
    """How far a clock may be paused."""

    length_max: PositiveDuration
    per_handover_max: int = Field(ge=0, le=100)


class TargetPart(Part):
    """Who gets a handover."""

    assignee: Assignee
    """A rep or a queue."""
    team: Name


class ReturnsPart(Part):
    """What happens when a promise broke for the last time."""

    max: int = Field(ge=0, le=100)
    """Returns of one offer before the lead goes back to marketing."""
    to: TargetPart
    """Who gets a returned lead."""
    reason: Name
    """The recycle reason after the last return."""
    stalled_reason: Name
    """The recycle reason when qualification or opportunity stalled."""


_REASON_CLASS = BeforeValidator(
    lambda value: ReasonClass(value) if value in tuple(ReasonClass) else _no_class()
)


def _no_class() -> ReasonClass:
    message = "one of hard, soft, handling, market"
    raise ValueError(message)


class RecyclePart(Part):
    """A reason to send a lead back to marketing, and its track."""

    kind: Annotated[ReasonClass, _REASON_CLASS] = Field(alias="class")
    """What the reason tells: hard or soft of the lead, handling of us, market of neither."""
    wait: Duration
    """From the no to the wake-up."""
    needs_date: bool = False
    """A recycle has to say until when."""
    keep_engagement: bool = True
    """False: engagement starts from 0 again."""
    early_wake: bool = False
    """Fresh interest wakes the lead before the wait is over."""
    churn: bool = False
    """Of a customer who leaves."""

    def to_domain(self, name: str) -> RecycleReason:
        """Build the domain's view."""
        return RecycleReason(
            name=name,
            kind=self.kind,
            wait_ms=self.wait,
            needs_date=self.needs_date,
            keep_engagement=self.keep_engagement,
            early_wake=self.early_wake,
            churn=self.churn,
        )


class LoopsPart(Part):
    """When a lead has come back too often."""

    max: int = Field(ge=1, le=100)
    """This many recycles within the window."""
    window: PositiveDuration
    slow_track: PositiveDuration
    """The wait then."""


class DisqualifyPart(Part):
    """A reason to take a lead out altogether."""

    kind: Annotated[ReasonClass, _REASON_CLASS] = Field(alias="class")
    """As of a recycle reason."""
    reopens: bool
    """A raised hand may bring the lead back."""


class RoutePart(TargetPart):
    """Who gets which handovers; the first route that holds wins."""

    when: When = {}
    """All tests hold; none: everybody else."""


class HoursPart(Part):
    """A calendar of business time."""

    zone: str
    """An IANA time zone."""
    hours: Hours
    """Local spans by weekday or range of weekdays."""
    holidays: list[Date] = []
    """Local dates without business time."""

    def to_domain(self) -> WorkingHours:
        """Build the domain's view."""
        return WorkingHours(self.zone, self.hours, frozenset(self.holidays))


class CodesPart(Part):
    """The codes of what sales hears in calls."""

    pain_points: list[Name]
    objections: list[Name]
    questions: list[Name]
    competitors: list[Name]


class ScoreboardPart(Part):
    """When figures say something, and what both teams promise."""

    handling_limit: Fraction
    """Handovers spoilt by handling."""
    quality_limit: Fraction
    """Well-handled handovers that were not good."""
    sample_min: int = Field(ge=1, le=1_000_000)
    young: Duration
    """A handover counts from this age; whole days."""
    feedback: PositiveDuration
    """Sales owes a final answer within this time; whole days."""
    overturn: PositiveDuration
    """A soft no that reaches sql within this time was none; whole days."""
    mql_promise: int = Field(ge=0, le=1_000_000_000)
    """Leads first handed over in a month."""
    quality_promise: Fraction
    feedback_promise: Fraction

    def to_domain(self) -> Scoreboard:
        """Build the domain's view."""
        return Scoreboard(
            handling_limit=self.handling_limit,
            quality_limit=self.quality_limit,
            sample_min=self.sample_min,
            young_days=self.young // DAY_MS,
            feedback_days=self.feedback // DAY_MS,
            overturn_days=self.overturn // DAY_MS,
            mql_promise_per_month=self.mql_promise,
            quality_promise=self.quality_promise,
            feedback_promise=self.feedback_promise,
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
            junk=tuple(JunkRule(r.name, r.reason, _conditions(r.when)) for r in self.junk),
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
            routes=tuple(Route(r.assignee, r.team, _conditions(r.when)) for r in self.routes),
            teams={name: part.to_domain() for name, part in sorted(self.teams.items())},
            reps={name: part.to_domain() for name, part in sorted(self.reps.items())},
            codes={
                name: frozenset(getattr(self.codes, name))
                for name in sorted(CodesPart.model_fields)
            },
            default_play=self.default_play,
            scoreboard=self.scoreboard.to_domain(),
        )
