"""Where reading stands: how far each partition was read, what is being filled, what is missing.

The writer notes it in the database, so that the page, the metrics and a command in another
process say the same.
"""

import json
from dataclasses import dataclass
from typing import Final

from sqlalchemy import Connection, func, select

from handlers.scoreboard import database
from handlers.scoreboard.tables import LEADS, OFFSETS, UNREADABLE

LOG: Final = "log"
"""In ``meta``: which cluster's topic the rows are from."""
ENDS: Final = "ends"
"""In ``meta``: by partition, where the topic ended when it was asked last."""
FILLING: Final = "filling"
"""In ``meta``, while what was there at the start is being read: since when, and up to where."""
REBUILD_ASKED: Final = "rebuild_asked"
"""In ``meta``: somebody asked for the tables to be made again."""
LEAPT: Final = "leapt"
"""In ``meta``: how many stories go on after facts that are nowhere."""

Offsets = dict[int, int]
"""By partition."""


@dataclass(frozen=True, slots=True)
class Filling:
    """Tables that are being filled: from the first start, or from a rebuild."""

    since: int
    """ms since the epoch."""
    done: int
    """Offsets of what was there at the start that are read."""
    total: int

    @property
    def share(self) -> float:
        """How much of it is read: 0 to 1."""
        return self.done / self.total if self.total else 1.0


@dataclass(frozen=True, slots=True)
class Standing:
    """Where reading stands."""

    offsets: Offsets
    """The first offset that is not in the tables."""
    ends: Offsets
    """Where the topic ended when it was asked last; empty before that."""
    newest_at: int
    """The newest fact's time, in ms since the epoch; 0: there is none."""
    filling: Filling | None
    gaps: int
    """Leads of whose facts one is missing, and is being looked for."""
    leapt: int
    """Leads whose missing facts were nowhere: their stories go on without."""
    unreadable: int
    """Records that are no facts of this release."""
    rebuild_asked: bool

    @property
    def is_full(self) -> bool:
        """Whether all that there was when it was asked last is in the tables."""
        return self.filling is None and bool(self.ends) and not any(self.lag.values())

    @property
    def lag(self) -> Offsets:
        """By partition, how many offsets there are that were not read."""
        return {p: max(0, end - self.offsets.get(p, 0)) for p, end in self.ends.items()}


def standing(connection: Connection, topic: str) -> Standing:
    """Return where reading of this topic stands."""
    offsets = offsets_of(connection, topic)
    newest = select(func.max(OFFSETS.c.newest_at)).where(OFFSETS.c.topic == topic)
    gaps = select(func.count()).select_from(LEADS).where(LEADS.c.gap == 1)
    return Standing(
        offsets=offsets,
        ends=database.get_numbers(connection, ENDS),
        newest_at=connection.execute(newest).scalar() or 0,
        filling=_filling(connection, offsets),
        gaps=connection.execute(gaps).scalar_one(),
        leapt=int(database.get(connection, LEAPT) or 0),
        unreadable=connection.execute(select(func.count()).select_from(UNREADABLE)).scalar_one(),
        rebuild_asked=database.get(connection, REBUILD_ASKED) is not None,
    )


def offsets_of(connection: Connection, topic: str) -> Offsets:
    """Return the first offset of each partition that is not in the tables."""
    asked = select(OFFSETS.c.partition, OFFSETS.c.next_offset).where(OFFSETS.c.topic == topic)
    return {row.partition: row.next_offset for row in connection.execute(asked)}


def put_filling(connection: Connection, since: int, ends: Offsets) -> None:
    """Note that all up to these ends is being read, since then."""
    told = {"since": since, "ends": {str(p): end for p, end in sorted(ends.items())}}
    database.put(connection, FILLING, json.dumps(told))


def _filling(connection: Connection, offsets: Offsets) -> Filling | None:
    told = database.get(connection, FILLING)
    if told is None:
        return None
    known = json.loads(told)
    ends = {int(partition): end for partition, end in known["ends"].items()}
    done = sum(min(end, offsets.get(partition, 0)) for partition, end in ends.items())
    return Filling(since=known["since"], done=done, total=sum(ends.values()))
