"""The sections of a policy about leads: the spectrum, what leads do, who they are, what is junk."""

from collections.abc import Iterable
from typing import Annotated

from pydantic import BeforeValidator, Field

from lifecycle.policy import Activity, Band, Condition, FitAttribute
from schemas.policy_part import Part
from schemas.policy_values import (
    Duration,
    Fraction,
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

    values: Annotated[dict[str, Points], BeforeValidator(_by_text)] = Field({})
    """Points by exact value."""
    bands: list[BandPart] = Field([])
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


def conditions(when: When) -> tuple[Condition, ...]:
    """Return the domain's view of all tests, whatever their order in the document."""
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
