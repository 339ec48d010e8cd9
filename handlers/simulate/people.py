"""One lead: who it says it is, and what it really is, which only a call may tell."""

from collections.abc import Mapping
from dataclasses import dataclass
from random import Random
from typing import Final, TypeVar

from handlers.simulate import market
from handlers.simulate.market import Campaign
from lifecycle.policy import AttributeValue

_SHOWS_IN_PROFILE: Final = 0.5
_FIT_SPREAD: Final = 0.22
_NEED_SPREAD: Final = 0.12

_Value = TypeVar("_Value", str, int)


@dataclass(frozen=True, slots=True)
class Person:
    """A lead as the world knows it."""

    id: str
    campaign: Campaign
    content: str | None
    zone: str
    profile: Mapping[str, AttributeValue]
    interest: float
    """0 to 1: how much this one looks at."""
    need: bool
    """There is something to sell."""
    budget: bool
    authority: bool
    timeline_days: int
    wins: float
    """Probability that a deal with this one is won."""
    junk: str | None
    """What it really is, if it is junk."""


def person(seed: int, index: int) -> Person:
    """Draw one lead; it depends on the seed and its number alone."""
    chance = Random(f"{seed}:person:{index}")
    campaign = chance.choices(market.CAMPAIGNS, [c.weight for c in market.CAMPAIGNS])[0]
    country, zone = _home(chance, campaign)
    junk = chance.choice(market.JUNK) if chance.random() < campaign.junk else None
    fit = _bounded(chance.gauss(campaign.fit, _FIT_SPREAD))
    need = junk is None and chance.random() < _bounded(
        chance.gauss(campaign.need, _NEED_SPREAD) + (fit - campaign.fit) * 0.4
    )
    return Person(
        id=f"s{seed}-{index:06d}",
        campaign=campaign,
        content=chance.choice(campaign.contents) if campaign.contents else None,
        zone=zone,
        profile=_profile(chance, fit, country, junk),
        # Somebody with a need looks at more, but curiosity alone looks much the same from outside.
        interest=_bounded(chance.gauss(campaign.interest + (0.15 if need else -0.1), 0.2)),
        need=need,
        budget=chance.random() < (0.93 if need else 0.25),
        authority=chance.random() < (0.5 + fit / 2 if need else fit),
        timeline_days=chance.choice((14, 30, 45, 60, 80) if need else (60, 120, 200, 365)),
        wins=_bounded(0.25 + 0.4 * fit) if need else 0.05,
        junk=junk,
    )


def _home(chance: Random, campaign: Campaign) -> tuple[str, str]:
    overseas = chance.random() < campaign.americas
    there = [one for one in market.COUNTRIES if (one[0] in market.AMERICAS) is overseas]
    country, zone, _ = chance.choices(there, [weight for _, _, weight in there])[0]
    return country, zone


def _profile(
    chance: Random, fit: float, country: str, junk: str | None
) -> dict[str, AttributeValue]:
    def chosen(matching: tuple[_Value, ...], other: tuple[_Value, ...]) -> _Value:
        return chance.choice(matching if chance.random() < fit else other)

    profile: dict[str, AttributeValue] = {
        "country": country,
        "industry": chosen(market.INDUSTRIES_MATCHING, market.INDUSTRIES_OTHER),
        "employees": chosen(market.EMPLOYEES_MATCHING, market.EMPLOYEES_OTHER),
        "role": chosen(market.ROLES_MATCHING, market.ROLES_OTHER),
        "seniority": chosen(market.SENIORITIES_MATCHING, market.SENIORITIES_OTHER),
    }
    if chance.random() < fit * 0.6:
        profile["budget_authority"] = True
    if junk is not None and chance.random() < _SHOWS_IN_PROFILE:
        profile |= market.JUNK_PROFILE[junk]
    return profile


def _bounded(share: float) -> float:
    return min(1.0, max(0.0, share))
