"""What comes in that is not sales' answer: engagement, profiles, marketing's word, Baton's own."""

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from lifecycle import signals
from lifecycle.lead import ATTRIBUTES_MAX
from schemas.inbound_fields import (
    REP,
    AttributeName,
    Data,
    GivenAttribute,
    Name,
    OptionalName,
    OptionalText,
    Text,
    Url,
)
from schemas.lead_id import LEAD_ID_CHARACTERS_MAX, lead_id_fault


class Engaged(Data):
    """The lead did something: viewed a page, opened an email, sent a form, asked for a demo.

    One type serves every business: what an activity is worth is the policy's. An activity that
    the policy does not name counts nothing, and shows in a metric.
    """

    activity: Annotated[Name, Field(description="What it did, as the policy names it.")]
    campaign: Annotated[OptionalText, Field(description="Campaign that brought it.")] = None
    source: Annotated[OptionalText, Field(description="Where it came from, as utm_source.")] = None
    medium: Annotated[OptionalText, Field(description="How it came, as utm_medium.")] = None
    content: Annotated[OptionalText, Field(description="The content it met.")] = None
    channel: Annotated[OptionalText, Field(description="Channel: web, email, event …")] = None
    url: Annotated[
        Url,
        Field(description="The page. Query, fragment and user info are removed on reading."),
    ] = None

    def to_body(self) -> signals.Engaged:
        """Hand over to the domain; empty texts count as absent."""
        return signals.Engaged(
            self.activity,
            self.campaign or None,
            self.source or None,
            self.medium or None,
            self.content or None,
            self.channel or None,
            self.url or None,
        )


class Profiled(Data):
    """What is known of the lead changed: only what is named here is set or cleared.

    Attributes describe the company and the role (industry, company_size, seniority), never the
    person: names, email addresses and phone numbers have no place here and are refused.
    """

    attributes: Annotated[
        dict[AttributeName, GivenAttribute],
        Field(
            max_length=ATTRIBUTES_MAX,
            description="Attributes to set, by name in snake_case; null clears one.",
        ),
    ] = Field(default_factory=dict)
    clear: Annotated[
        tuple[AttributeName, ...],
        Field(max_length=ATTRIBUTES_MAX, description="Attributes no longer known."),
    ] = ()

    @model_validator(mode="after")
    def _says_something_once(self) -> Self:
        """Refuse a profile that says nothing, or both sets and clears an attribute."""
        if not self.attributes and not self.clear:
            raise ValueError("names no attribute, neither in attributes nor in clear")
        both = sorted(name for name in self.clear if self.attributes.get(name) is not None)
        if both:
            raise ValueError(f"{both[0]} is set and cleared at once")
        return self

    def to_body(self) -> signals.Profiled:
        """Hand over to the domain; a null clears."""
        given = {name: value for name, value in self.attributes.items() if value is not None}
        cleared = [name for name, value in self.attributes.items() if value is None]
        return signals.Profiled(given, tuple(dict.fromkeys((*self.clear, *cleared))))


class Assigned(Data):
    """Somebody else is responsible from here on: the offer or the lead moves to this rep."""

    rep: Annotated[Name, Field(description=REP)]
    team: Annotated[OptionalName, Field(description="The rep's team, whose hours count.")] = None

    def to_body(self) -> signals.Assigned:
        """Hand over to the domain."""
        return signals.Assigned(self.rep, self.team or None)


class Nominated(Data):
    """Marketing's judgement: a person offers this lead although its score does not."""

    person: Annotated[Name, Field(description="Who nominates, by a name the month is counted for.")]
    reason: Annotated[Text, Field(description="Why, in a few words. Nothing personal.")]

    def to_body(self) -> signals.Nominated:
        """Hand over to the domain."""
        return signals.Nominated(self.person, self.reason)


class Reinstated(Data):
    """A person takes a lead back in; the junk rules that matched keep quiet."""

    person: Annotated[Name, Field(description="Who reinstates.")]
    reason: Annotated[Text, Field(description="Why, in a few words. Nothing personal.")]

    def to_body(self) -> signals.Reinstated:
        """Hand over to the domain."""
        return signals.Reinstated(self.person, self.reason)


class Merged(Data):
    """Two leads are one. Checked and refused as `not_supported_yet` by this release."""

    into: Annotated[
        str,
        Field(
            min_length=1,
            max_length=LEAD_ID_CHARACTERS_MAX,
            description="The lead id that remains.",
        ),
    ]

    @model_validator(mode="after")
    def _into_a_lead(self) -> Self:
        """Hold the remaining lead id to the rules of every lead id."""
        fault = lead_id_fault(self.into)
        if fault is not None:
            raise ValueError(fault)
        return self


class Erased(Data):
    """Forget this lead. Checked and refused as `not_supported_yet` by this release."""


class Ticked(Data):
    """No lead: the time of one partition has come this far. Sent by Baton or a simulation."""

    partition: Annotated[int, Field(strict=True, ge=0, description="The partition it is for.")]


class PolicyAdopted(Data):
    """No lead: the definition in force in this partition from here on. Sent by `policy adopt`."""

    digest: Annotated[
        str,
        Field(pattern="^[0-9a-f]{16}$", description="The policy: its key in lead.policies."),
    ]
    for_marketing: Annotated[Name, Field(description="Who agreed for marketing.")]
    for_sales: Annotated[Name, Field(description="Who agreed for sales.")]
    reason: Annotated[Text, Field(description="Why it changed.")]
    partition_count: Annotated[
        int, Field(strict=True, ge=1, le=100_000, description="Partitions of lead.signals.")
    ]
    ticks: Annotated[
        Literal["owner", "external"],
        Field(description="Who tells the time: the partition's worker, or somebody outside."),
    ] = "owner"
