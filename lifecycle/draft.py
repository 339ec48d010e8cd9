"""A lead while one decision is made about it: its state unfrozen, and the facts told so far."""

from collections.abc import Mapping
from typing import Final, cast

from lifecycle.facts import Context, Fact, FactBody, Receipt
from lifecycle.lead import (
    Arrival,
    Attribute,
    Clock,
    Ended,
    Handover,
    Lead,
    Move,
    Nurture,
    Opportunity,
    Person,
    Scores,
    Touches,
    handover_id,
)
from lifecycle.policy import Policy
from lifecycle.scoring import Totals, fit, receipt, totals
from lifecycle.stages import SALES_STAGES, HandoverStatus, Stage

RULES: Final = 1
"""The number of the engine's behaviour, carried by every fact: raised by any change to what is
decided from the same log."""


class Draft:
    """The working copy of one lead within one decision.

    ``at`` is the decision's time, ``happened_at`` the signal's time or the due time of what
    fired, ``noticed_at`` the timestamp of the record that caused it; all ms.
    """

    __slots__ = (
        "arrival",
        "at",
        "clocks",
        "ended",
        "facts",
        "handover",
        "happened_at",
        "id",
        "moves",
        "noticed_at",
        "nurture",
        "opportunities",
        "person",
        "policy",
        "previous",
        "profile",
        "runs",
        "scores",
        "seen",
        "seq",
        "since",
        "stage",
        "touches",
        "won",
    )

    def __init__(self, lead: Lead, policy: Policy, noticed_at: int) -> None:
        """Copy the lead's state."""
        self.policy = policy
        self.noticed_at = noticed_at
        self.happened_at = lead.at
        self.facts: list[Fact] = []
        self.id: str = lead.id
        self.seq: int = lead.seq
        self.stage: Stage = lead.stage
        self.since: int = lead.since
        self.at: int = lead.at
        self.seen: bytes = lead.seen
        self.arrival: Arrival = lead.arrival
        self.scores: Scores = lead.scores
        self.profile: Mapping[str, Attribute] = lead.profile
        self.touches: Touches = lead.touches
        self.handover: Handover | None = lead.handover
        self.previous: Handover | None = lead.previous
        self.clocks: tuple[Clock, ...] = lead.clocks
        self.runs: Mapping[str, int] = lead.runs
        self.opportunities: tuple[Opportunity, ...] = lead.opportunities
        self.ended: tuple[Ended, ...] = lead.ended
        self.won: int = lead.won
        self.nurture: Nurture | None = lead.nurture
        self.person: Person = lead.person
        self.moves: tuple[Move, ...] = lead.moves

    def freeze(self) -> Lead:
        """Return the lead as it is now."""
        return Lead(
            self.id,
            self.seq,
            self.stage,
            self.since,
            self.at,
            self.seen,
            self.arrival,
            self.scores,
            self.profile,
            self.touches,
            self.handover,
            self.previous,
            self.clocks,
            self.runs,
            self.opportunities,
            self.ended,
            self.won,
            self.nurture,
            self.person,
            self.moves,
        )

    def tell(self, body: FactBody, happened_at: int | None = None) -> None:
        """Add a fact, dated at the decision's time; numbered without a gap."""
        self.seq += 1
        happened = self.happened_at if happened_at is None else happened_at
        self.facts.append(Fact(self.id, self.seq, self.at, happened, self._context(), body))

    def _context(self) -> Context:
        offer = self.handover
        arrival = self.arrival
        if offer is None:
            return Context(
                self.stage,
                self.policy.version,
                RULES,
                arrival.source,
                arrival.campaign,
                arrival.content,
            )
        selling = self.stage in SALES_STAGES
        return Context(
            self.stage,
            self.policy.version,
            RULES,
            arrival.source,
            arrival.campaign,
            arrival.content,
            handover_id(self.id, offer.number),
            offer.kind,
            offer.touch_source,
            offer.touch_campaign,
            offer.touch_content,
            offer.grade,
            self.person.owner if selling else offer.assignee,
            self.person.team if selling else offer.team,
        )

    @property
    def offer(self) -> Handover:
        """The last handover, at stages that no lead comes to without one."""
        return cast("Handover", self.handover)

    @property
    def offer_id(self) -> str | None:
        """The public id of the last handover."""
        return None if self.handover is None else handover_id(self.id, self.handover.number)

    @property
    def on_offer(self) -> bool:
        """Whether a handover waits for an answer."""
        return self.handover is not None and self.handover.status is HandoverStatus.OPEN

    def totals(self) -> Totals:
        """Return the scores at the decision's time."""
        return totals(self.scores, self.policy, self.at)

    def fit(self) -> int:
        """Return the fit in milli-points."""
        return fit(self.profile, self.policy)

    def receipt(self, rule: str) -> Receipt:
        """Return why, at the decision's time."""
        silenced = self.person.junk_silenced
        return receipt(self.scores, self.profile, self.stage, self.policy, self.at, rule, silenced)
