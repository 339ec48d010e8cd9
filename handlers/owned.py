"""A partition that this worker owns, as its polling thread sees it."""

from collections import deque
from dataclasses import dataclass, field

from handlers.cache import LeadCache
from handlers.partition import InForce
from handlers.records import Record
from handlers.store import PartitionStore
from lifecycle.policy import Policy


@dataclass(slots=True, eq=False)
class Owned:
    """A restored partition with all that is held for it; dropping it drops everything."""

    number: int
    store: PartitionStore
    cache: LeadCache
    policy: Policy
    in_force: InForce
    position: int
    """Offset of the next record to take."""
    inbox: deque[Record] = field(default_factory=deque)
    """Records read and not taken yet."""
    awaiting: str | None = None
    """The digest of a definition without which the next record cannot be taken."""
    ticking: bool = False
    """The first record is a tick that has fired some leads and has others left."""
    own_tick: int | None = None
    """Offset of the last tick that this worker appended; -1 while its delivery is unknown."""
    ticked_at: int = 0
    """Wall time of the last tick that this worker appended."""

    @property
    def held_up(self) -> bool:
        """Reading on would only fill memory: what is here cannot be taken yet, or not at once."""
        return self.ticking or self.awaiting is not None
