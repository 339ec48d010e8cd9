"""What a lead is: points for what is known of it, and the conditions that policies put on it.

Fit is replaced, never accrued: a promotion changes the points of an attribute, it adds none.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from lifecycle.lead import Attribute
from lifecycle.light import light
from lifecycle.policy import AttributeValue, Condition, FitAttribute, Policy

FIT_MAX_MP: Final = 100_000

Profile = Mapping[str, Attribute]


@light
@dataclass(frozen=True, slots=True)
class _Judged:
    """What a definition makes of a profile."""

    profile: Profile
    policy: Policy
    fit_mp: int
    junk: tuple[str, ...]


_JUDGED_MAX: Final = 4_096
_judged: Final[dict[int, _Judged]] = {}
"""By the profile's identity: what it is worth is asked at every page view, and changes with a
profile or a definition only. A profile is never changed, but replaced; who is remembered here is
held, so that nothing else can have that identity."""


def _judge(profile: Profile, policy: Policy) -> _Judged:
    known = _judged.get(id(profile))
    if known is not None and known.profile is profile and known.policy is policy:
        return known
    points = sum([points for _, _, points in scored(profile, policy)])
    junk = tuple([rule.name for rule in policy.junk if holds(rule.conditions, profile)])
    judged = _Judged(profile, policy, min(FIT_MAX_MP, max(0, points)), junk)
    if len(_judged) >= _JUDGED_MAX:
        _judged.clear()
    _judged[id(profile)] = judged
    return judged


def fit(profile: Profile, policy: Policy) -> int:
    """Return the fit in milli-points, 0 to 100,000: what is unknown is worth nothing."""
    return _judge(profile, policy).fit_mp if profile else 0


def scored(profile: Profile, policy: Policy) -> list[tuple[str, AttributeValue, int]]:
    """Return name, value and milli-points of each known attribute that the policy scores."""
    return [
        (name, known.value, _points_mp(rule, known.value))
        for name, rule in policy.fit.items()
        if (known := profile.get(name)) is not None and known.value is not None
    ]


def unknown(profile: Profile, policy: Policy) -> tuple[str, ...]:
    """Return the attributes that the policy scores and nobody has told."""
    return tuple(
        name for name in policy.fit if (known := profile.get(name)) is None or known.value is None
    )


def holds(conditions: tuple[Condition, ...], profile: Profile) -> bool:
    """Return whether all conditions hold; none always do."""
    for condition in conditions:
        known = profile.get(condition.attribute)
        if not _holds(condition, None if known is None else known.value):
            return False
    return True


def junk_rules(profile: Profile, policy: Policy) -> tuple[str, ...]:
    """Return the names of the junk rules that match, in the policy's order."""
    return _judge(profile, policy).junk


def _points_mp(rule: FitAttribute, value: AttributeValue) -> int:
    exact = rule.values.get(_text(value))
    if exact is not None:
        return exact
    number = _number(value)
    if number is None or not rule.bands:
        return rule.otherwise_mp
    reached = [band.points_mp for band in rule.bands if band.at_least <= number]
    return reached[-1] if reached else 0


def _holds(condition: Condition, value: AttributeValue | None) -> bool:
    op = condition.op
    if value is None or op in {"known", "unknown"}:
        return op == ("unknown" if value is None else "known")
    if op in {"in", "not_in"}:
        return (_text(value) in condition.values) == (op == "in")
    number = _number(value)
    if number is None:
        return False
    if op == "at_least":
        return number >= condition.number
    return number <= condition.number


def _text(value: AttributeValue) -> str:
    """Write a value as policies do: casefolded, ``true``, ``12``, ``0.5``."""
    if isinstance(value, str):
        return value.casefold()
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value).casefold()


def _number(value: AttributeValue) -> float | None:
    if isinstance(value, bool | str):
        return None
    return value
