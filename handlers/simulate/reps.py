"""The people in sales: the good, the slow, the lazy, and one who takes only the cherries."""

from dataclasses import dataclass
from typing import Final

from lifecycle.calendar import add_business
from lifecycle.policy import Policy, WorkingHours


@dataclass(frozen=True, slots=True)
class Style:
    """How somebody works. Ranges are drawn from evenly; hours and minutes are business time."""

    name: str
    answer_hours: tuple[float, float]
    answer_fast_minutes: tuple[int, int]
    contact_hours: tuple[float, float]
    contact_fast_minutes: tuple[int, int]
    attempts: int
    """Calls before giving up."""
    never: float = 0.0
    """Leaves an offer lying for ever."""
    forgets: float = 0.02
    """Loses the thread at any later step."""
    picky: float = 0.0
    """Says no to what is not an obvious cherry."""
    oblivious: float = 0.1
    """Goes on though the offer is gone: late, stale or illegal answers."""


GOOD: Final = Style("good", (0.2, 3.5), (4, 40), (0.2, 3), (4, 45), attempts=5)
SLOW: Final = Style(
    "slow", (3, 14), (35, 170), (2, 9), (30, 200), attempts=3, forgets=0.06, oblivious=0.3
)
LAZY: Final = Style(
    "lazy",
    (4, 22),
    (60, 500),
    (3, 16),
    (60, 500),
    attempts=2,
    never=0.35,
    forgets=0.2,
    oblivious=0.35,
)
BUSY: Final = Style("busy", (0.5, 6), (5, 55), (0.5, 4), (5, 60), attempts=4, never=0.15)
CHERRY: Final = Style("cherry-picking", (0.5, 5), (5, 45), (0.3, 4), (5, 50), 4, picky=0.6)


@dataclass(frozen=True, slots=True)
class Rep:
    """Somebody in sales."""

    name: str
    team: str
    style: Style

    def after(self, policy: Policy, at: int, ms: int) -> int:
        """Return when so much of this rep's working time has passed since ``at``."""
        return add_business(self.hours(policy), at, ms)

    def hours(self, policy: Policy) -> WorkingHours:
        """Return this rep's working hours, as both teams agreed on them."""
        return policy.reps.get(self.name) or policy.teams[self.team]


REPS: Final = (
    Rep("rep-anna", "berlin", GOOD),
    Rep("rep-bela", "berlin", GOOD),
    Rep("rep-dora", "berlin", CHERRY),
    Rep("rep-emma", "berlin", GOOD),
    Rep("rep-part-time", "berlin", GOOD),
    Rep("rep-carl", "new_york", SLOW),
    Rep("rep-finn", "new_york", LAZY),
    Rep("rep-gina", "new_york", SLOW),
)
HEAD_OF_SALES: Final = Rep("head-of-sales", "berlin", BUSY)
MARKETER: Final = "marketing-mia"
BY_NAME: Final = {rep.name: rep for rep in (*REPS, HEAD_OF_SALES)}
