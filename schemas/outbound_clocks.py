"""The facts about promises: started, warned, met, breached, paused, resumed, cancelled."""

from lifecycle.stages import ClockName
from schemas.outbound_parts import FactData, Number, Seconds, Time


class ClockData(FactData):
    """What every fact about a clock tells."""

    clock: ClockName
    """Which promise."""
    ref: str | None = None
    """The handover or opportunity it belongs to; absent for the lead's own."""
    run: Number
    """Which run of this clock of the lead."""
    level: Number
    """Its level: 1, and one more after each breach."""
    allowed_seconds: Seconds
    """The allowance of the level, in business or calendar time as the policy says."""
    assignee: str | None = None
    """Whose promise it is."""


class ClockStarted(ClockData):
    """A promise runs."""

    due_at: Time
    """When it breaks."""
    warn_at: Time | None = None
    """When a warning goes out."""


class ClockWarned(ClockData):
    """A promise is about to break."""

    due_at: Time
    """When it breaks."""


class ClockMet(ClockData):
    """A promise was kept or, after a breach, answered."""

    used_seconds: Seconds
    """Time used, in the clock's own kind of time, pauses left out."""
    paused_seconds: Seconds
    """Time paused."""
    breached: bool
    """A level broke before."""
    edge: bool
    """Met in the last part of the allowance: watch for gamed deadlines."""
    disputed: bool
    """The answer is dated before a breach that was told already; the breach stays."""


class ClockBreached(ClockData):
    """A promise broke at its due time, which is `happened_at`."""

    due_at: Time
    """When it was due."""
    noticed_at: Time
    """When Baton noticed."""
    paused_seconds: Seconds
    """Time paused before."""
    noticed_late: bool
    """Noticed so late that it is not counted as bad handling."""
    bare: bool
    """Noticed by the very answer: dated and counted, nothing follows."""
    next_due_at: Time | None = None
    """When the next level is due."""
    escalate_to: str | None = None
    """Who should step in."""


class ClockPaused(ClockData):
    """A promise waits, at the lead's wish."""

    left_seconds: Seconds
    """What is left of the allowance."""
    until: Time
    """When it goes on by itself."""
    reason: str
    """Why, in the rep's words."""


class ClockResumed(ClockData):
    """A promise goes on with the time that was left."""

    due_at: Time
    """When it breaks now."""
    paused_seconds: Seconds
    """Time paused so far."""


class ClockCancelled(ClockData):
    """A promise ended without a verdict."""

    used_seconds: Seconds
    """Time used."""
    paused_seconds: Seconds
    """Time paused."""
    trigger: str
    """What ended it: a trigger's name, or `opportunity_changed`."""
    breached: bool
    """A level broke before."""
    uncontacted: bool
    """First contact: ended without one."""
    short: bool
    """Cadence: ended with fewer attempts than promised."""


CLOCKS: dict[str, type[ClockData]] = {
    "clock_started": ClockStarted,
    "clock_warned": ClockWarned,
    "clock_met": ClockMet,
    "clock_breached": ClockBreached,
    "clock_paused": ClockPaused,
    "clock_resumed": ClockResumed,
    "clock_cancelled": ClockCancelled,
}
