"""The spectrum's places and the names of the moves between them."""

from enum import StrEnum
from typing import Final


class Stage(StrEnum):
    """A place on the quality spectrum."""

    COLD = "cold"
    CURIOUS = "curious"
    WARM = "warm"
    MQL = "mql"
    SAL = "sal"
    SQL = "sql"
    OPPORTUNITY = "opportunity"
    CUSTOMER = "customer"
    NURTURE = "nurture"
    LOST = "lost"
    DISQUALIFIED = "disqualified"


class Trigger(StrEnum):
    """The name of a move between stages: an imperative."""

    # Derived from score, profile and time.
    WARM_UP = "warm_up"
    COOL_DOWN = "cool_down"
    QUALIFY = "qualify"
    RAISE_HAND = "raise_hand"
    WAKE = "wake"
    RETURN = "return"
    # Derived from a junk rule, or requested by a person.
    DISQUALIFY = "disqualify"
    REINSTATE = "reinstate"
    # Requested by people and their tools.
    ACCEPT = "accept"
    REJECT = "reject"
    CLAIM = "claim"
    NOMINATE = "nominate"
    QUALIFY_SALE = "qualify_sale"
    OPEN_OPPORTUNITY = "open_opportunity"
    WIN = "win"
    LOSE = "lose"
    RECYCLE = "recycle"
    ASSIGN = "assign"


class HandoverKind(StrEnum):
    """Why a lead was offered to sales."""

    QUALIFIED = "qualified"
    HAND_RAISE = "hand_raise"
    NOMINATED = "nominated"
    CLAIM = "claim"
    RETURN = "return"


class HandoverStatus(StrEnum):
    """What became of a handover."""

    OPEN = "open"
    ACCEPTED = "accepted"
    REJECTED = "rejected"
    WITHDRAWN = "withdrawn"
    RETURNED = "returned"


class ClockName(StrEnum):
    """A promise with a deadline; ``review`` is the engine's own and tells no facts."""

    ACCEPTANCE = "acceptance"
    FIRST_CONTACT = "first_contact"
    CADENCE = "cadence"
    QUALIFICATION = "qualification"
    OPPORTUNITY = "opportunity"
    DEAL = "deal"
    NURTURE = "nurture"
    REVIEW = "review"


class ReasonClass(StrEnum):
    """What a reason says about the lead's quality and its handling."""

    HARD = "hard"
    SOFT = "soft"
    HANDLING = "handling"
    MARKET = "market"


SALES_STAGES: Final = frozenset({Stage.SAL, Stage.SQL, Stage.OPPORTUNITY, Stage.CUSTOMER})
"""From sal on: the lead has an owner in sales."""
