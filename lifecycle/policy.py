"""The one definition both teams agreed on, as the domain reads it: frozen, already validated.

``schemas.policy`` reads the YAML document, checks it and builds this. Code holds no number of it.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

from lifecycle.stages import ClockName, ReasonClass

AttributeValue = str | int | float | bool


@dataclass(frozen=True, slots=True)
class Activity:
    """What one kind of engagement is worth, and how fast it fades."""

    name: str
    points_mp: int
    """Negative for what speaks against interest (unsubscribe, careers page, bounce)."""
    half_life_ms: int
    cap_mp: int
    """Bound on the magnitude of the live points of this activity; positive."""
    buying_signal: bool = False
    hand_raise: bool = False
    alive_mp: int = 0
    """A buying signal is alive while its live points are above this."""
    play: str = ""
    """What sales should do next when this is the strongest buying signal."""


@dataclass(frozen=True, slots=True)
class Band:
    """Points for a numeric attribute from ``at_least`` (inclusive) up to the next band."""

    at_least: float
    points_mp: int


@dataclass(frozen=True, slots=True)
class FitAttribute:
    """Points by the value of one profile attribute: by exact value, or by band for numbers."""

    name: str
    values: Mapping[str, int] = field(default_factory=dict)
    """Casefolded value (booleans as ``true``/``false``) to milli-points."""
    bands: tuple[Band, ...] = ()
    """Rising by ``at_least``; below the first band the points are 0."""
    otherwise_mp: int = 0
    """For a known value that no value or band names."""


@dataclass(frozen=True, slots=True)
class Condition:
    """One test on a profile attribute; an unknown attribute fulfils only ``unknown``."""

    attribute: str
    op: str
    """``in``, ``not_in``, ``at_least``, ``at_most``, ``known`` or ``unknown``."""
    values: tuple[str, ...] = ()
    """Casefolded, for ``in`` and ``not_in``."""
    number: float = 0.0
    """For ``at_least`` and ``at_most``."""


@dataclass(frozen=True, slots=True)
class JunkRule:
    """All conditions hold: the lead is junk for this reason (a disqualify reason)."""

    name: str
    reason: str
    conditions: tuple[Condition, ...]


@dataclass(frozen=True, slots=True)
class Route:
    """All conditions hold: the handover goes to this assignee and team; the first route wins."""

    assignee: str
    team: str
    conditions: tuple[Condition, ...] = ()


@dataclass(frozen=True, slots=True)
class WorkingHours:
    """A calendar of business time."""

    zone: str
    """IANA time zone name."""
    weekly: tuple[tuple[tuple[int, int], ...], ...]
    """Seven entries, Monday first: spans of local minutes of the day, [start, end), rising."""
    holidays: frozenset[str] = frozenset()
    """Local dates without business time, as ``YYYY-MM-DD``."""


@dataclass(frozen=True, slots=True)
class ClockRule:
    """One promise: how long, when to warn, how many levels."""

    allowance_ms: int
    fast_allowance_ms: int | None = None
    business: bool = True
    """Business time in the assignee's calendar; else calendar time."""
    warn_fraction: float | None = None
    levels: int = 1
    """The last level's breach ends the clock; 0: repeats without end."""
    attempts: int = 0
    """Cadence only: this many attempts meet it."""


@dataclass(frozen=True, slots=True)
class RecycleReason:
    """A reason to send a lead back to marketing (or to call it lost), and its track."""

    name: str
    kind: ReasonClass
    wait_ms: int
    needs_date: bool = False
    """The request has to carry ``until``; the wake-up is then."""
    keep_engagement: bool = True
    early_wake: bool = False
    churn: bool = False
    """Only from customer: ends what was won, and loses what is open."""


@dataclass(frozen=True, slots=True)
class DisqualifyReason:
    """A reason to take a lead out altogether."""

    name: str
    kind: ReasonClass
    reopens: bool
    """A hand raise may bring the lead back."""


@dataclass(frozen=True, slots=True)
class Grades:
    """Fit A-D times engagement 1-4: lower bounds of A, B, C and of 1, 2, 3; rising to the best."""

    fit_mp: tuple[int, int, int]
    engagement_mp: tuple[int, int, int]


@dataclass(frozen=True, slots=True)
class Scoreboard:
    """The limits behind the scoreboard's verdicts; the worker only carries them."""

    handling_limit: float
    quality_limit: float
    sample_min: int
    young_days: int
    feedback_days: int
    overturn_days: int
    mql_promise_per_month: int
    quality_promise: float
    feedback_promise: float


@dataclass(frozen=True, slots=True)
class Policy:
    """The definition in force. Every number the rules speak of is one of these fields."""

    version: str
    """Digest of the meaning: equal definitions have equal versions, whatever their layout."""
    name: str
    # Time.
    grace_ms: int
    future_tolerance_ms: int
    notice_max_ms: int
    edge_fraction: float
    # The spectrum.
    curious_mp: int
    warm_mp: int
    mql_engagement_mp: int
    mql_fit_mp: int
    hysteresis: float
    requalify_mp: int
    activities: Mapping[str, Activity]
    fit: Mapping[str, FitAttribute]
    junk: tuple[JunkRule, ...]
    grades: Grades
    # Requests.
    nominations_max: int
    hand_raise_quiet_ms: int
    heads_up_quiet_ms: int
    bant_timeline_max_days: int
    reopen_rejections_max: int
    reopen_window_ms: int
    # Clocks.
    clocks: Mapping[ClockName, ClockRule]
    pause_max_ms: int
    pauses_max: int
    returns_max: int
    escalation: Route
    returns_reason: str
    """The recycle reason of a return after acceptance or contact broke for the last time."""
    stalled_reason: str
    """The recycle reason of a return after qualification or opportunity broke."""
    # Recycling.
    recycle_reasons: Mapping[str, RecycleReason]
    disqualify_reasons: Mapping[str, DisqualifyReason]
    loops_max: int
    loops_window_ms: int
    slow_track_ms: int
    bant_short_reasons: Mapping[str, str]
    """What BANT lacks (``budget``, ``authority``, ``need``, ``timeline``) to a recycle reason."""
    # Routing and calendars.
    routes: tuple[Route, ...]
    """Never empty; the last one has no conditions."""
    teams: Mapping[str, WorkingHours]
    reps: Mapping[str, WorkingHours]
    """A rep's own hours, overriding the team's."""
    # Voice of calls: known codes.
    codes: Mapping[str, frozenset[str]]
    """Keys ``pain_points``, ``objections``, ``questions``, ``competitors``."""
    default_play: str
    scoreboard: Scoreboard
