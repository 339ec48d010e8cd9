"""The one writer of the scoreboard's database: every batch of facts, and how far it was read.

A batch is one transaction: its rows and the offsets behind it. Whatever is killed when, the rows
are those of exactly the facts before the offsets, and reading goes on from there. Redelivered
facts change nothing, since a fact's key is its lead and its number.

Not for several threads at once.
"""

import logging
from collections.abc import Callable, Collection, Iterable, Mapping
from typing import Final, TypeVar

from sqlalchemy import Connection, delete, insert, select, update
from sqlalchemy.exc import SQLAlchemyError

from events.wall_clock import WallClock
from handlers.exits import Exit, Stop
from handlers.scoreboard import database
from handlers.scoreboard.database import DatabaseError, Lock, told_of
from handlers.scoreboard.news import LEADS_MAX, Change
from handlers.scoreboard.projection import Applied, Received, project, refold
from handlers.scoreboard.standing import (
    ENDS,
    FILLING,
    LEAPT,
    LOG,
    Offsets,
    Standing,
    offsets_of,
    put_filling,
    standing,
)
from handlers.scoreboard.tables import LEADS, OFFSETS, POLICIES, UNREADABLE

log: Final = logging.getLogger("baton.scoreboard")

_T = TypeVar("_T")


class UnknownPolicyError(Exception):
    """A batch names definitions that are not in the database; nothing of it was written."""

    def __init__(self, versions: set[str]) -> None:
        super().__init__(f"definitions to be read: {', '.join(sorted(versions))}")
        self.versions = versions


class Writer:
    """Holds the database, and the lock on it, from ``open`` to ``close``."""

    def __init__(self, url: str, topic: str, clock: WallClock) -> None:
        self._place = database.place_of(url)
        self._topic = topic
        self._clock = clock
        self._connection: Connection | None = None
        self._lock: Lock | None = None
        self._offsets: Offsets = {}
        self._policies: set[str] = set()
        self._missing: set[str] = set()
        self.identity = ""
        """What tells this database from any other."""

    # Life.

    def open(self, lock_seconds: float, given_up: Callable[[], bool] = lambda: False) -> None:
        """Connect, wait for the lock, make the tables. Raises Stop, DatabaseError."""
        engine = database.writing(self._place)
        try:
            with told_of():
                connection = self._connection = engine.connect()
            self._lock = Lock(self._place, connection)
            with told_of():
                self._lock.take(lock_seconds, given_up)
            if self._do(database.prepare):
                log.warning("the database was of another release: emptied, to be filled again")
        except BaseException:
            self.close()
            raise
        self._do(self._remember)
        self.identity = self._do(lambda known: database.get(known, database.IDENTITY)) or ""

    def close(self) -> None:
        """Leave the database to whoever is next."""
        connection, self._connection = self._connection, None
        if connection is not None:
            try:
                connection.close()
            except SQLAlchemyError as error:
                log.debug("the database was gone before it was left: %s", error)
            connection.engine.dispose()
        if self._lock is not None:
            self._lock.close()

    def belong_to(self, log_id: str) -> None:
        """Let the database be of this topic alone. Raises Stop when it is another one's."""

        def check(connection: Connection) -> str:
            known = database.get(connection, LOG)
            if known is None:
                database.put(connection, LOG, log_id)
            return known or log_id

        if self._do(check) != log_id:
            raise Stop(
                Exit.DATABASE,
                f"the scoreboard's database was filled from another {self._topic} (of another "
                "cluster, or made anew since): give this one a BATON_SCOREBOARD_DATABASE_URL of "
                "its own, or run `baton scoreboard rebuild`",
            )

    # Facts.

    @property
    def offsets(self) -> Offsets:
        """By partition: the first offset that is not in the tables."""
        return dict(self._offsets)

    def apply(self, batch: Collection[Received]) -> tuple[Applied, Change]:
        """Write a batch and how far it reaches.

        Raises UnknownPolicyError, when a definition has to be read first, and DatabaseError.
        """
        ends: Offsets = {}
        for one in batch:
            ends[one.partition] = max(ends.get(one.partition, 0), one.offset + 1)

        def write(connection: Connection) -> Applied:
            applied = project(connection, list(batch))
            unknown = applied.policies - self._policies - self._missing
            if unknown:
                raise UnknownPolicyError(unknown)
            self._go_to(connection, ends, applied.newest_at)
            return applied

        applied = self._do(write)
        self._went_to(ends)
        return applied, self._change(applied, batch)

    def set_aside(self, record: Received, reason: str) -> None:
        """Keep a record that cannot be told, with the reason, and go on behind it."""
        key = (UNREADABLE.c.partition == record.partition) & (UNREADABLE.c.offset == record.offset)
        row = {"partition": record.partition, "offset": record.offset, "reason": reason}
        ends = {record.partition: record.offset + 1}

        def write(connection: Connection) -> None:
            connection.execute(delete(UNREADABLE).where(key))
            connection.execute(insert(UNREADABLE).values(**row, key=record.key, value=record.value))
            self._go_to(connection, ends, {})

        self._do(write)
        self._went_to(ends)

    def go_on(self, positions: Offsets) -> bool:
        """Note that nothing is left before these offsets; say whether that was news."""
        further = {
            partition: offset
            for partition, offset in positions.items()
            if offset > self._offsets.get(partition, 0)
        }
        if further:
            self._do(lambda connection: self._go_to(connection, further, {}))
            self._went_to(further)
        return bool(further)

    def now(self) -> int:
        """Return the wall clock's time, ms."""
        return self._clock()

    # Gaps.

    def gapped(self) -> dict[int, set[str]]:
        """Return the leads of whose facts one is missing, by partition."""

        def ask(connection: Connection) -> dict[int, set[str]]:
            found: dict[int, set[str]] = {}
            asked = select(LEADS.c.partition, LEADS.c.lead_id).where(LEADS.c.gap == 1)
            for partition, lead_id in connection.execute(asked):
                found.setdefault(partition, set()).add(lead_id)
            return found

        return self._do(ask)

    def fill_in(self, batch: Collection[Received]) -> Applied:
        """Write facts that were read again; what is there already, or set aside, stays as it is."""

        def write(connection: Connection) -> Applied:
            asked = select(UNREADABLE.c.partition, UNREADABLE.c.offset)
            aside = {tuple(place) for place in connection.execute(asked)}
            again = [one for one in batch if (one.partition, one.offset) not in aside]
            return project(connection, again)

        return self._do(write)

    def leap(self, partition: int, lead_ids: Collection[str], end: int) -> int | None:
        """Go on with leads whose missing facts are not in the topic; return how many they are.

        ``end`` is how far the topic was read again; None: more was written since, so read again.
        """

        def write(connection: Connection) -> int | None:
            if self._offsets.get(partition, 0) > end:
                return None
            asked = select(LEADS.c.lead_id).where(LEADS.c.gap == 1, LEADS.c.partition == partition)
            left = set(lead_ids) & set(connection.execute(asked).scalars())
            if left:
                refold(connection, left, past_gaps=True)
                known = int(database.get(connection, LEAPT) or 0)
                database.put(connection, LEAPT, str(known + len(left)))
            return len(left)

        return self._do(write)

    # Definitions.

    def keep_policies(self, bodies: Mapping[str, bytes], asked_for: Iterable[str] = ()) -> None:
        """Keep definitions by version; one that was asked for and is not there is done without."""

        def write(connection: Connection) -> None:
            for version, body in bodies.items():
                known = connection.execute(
                    update(POLICIES).where(POLICIES.c.version == version).values(body=body)
                )
                if known.rowcount == 0:
                    connection.execute(insert(POLICIES).values(version=version, body=body))

        self._do(write)
        self._policies |= set(bodies)
        missing = set(asked_for) - self._policies
        if missing:
            self._missing |= missing
            log.error("facts name definitions that are nowhere", extra={"versions": missing})

    # Where reading stands.

    def note_ends(self, ends: Offsets) -> None:
        """Note where each partition ends now, for whoever wants to know how far reading is."""

        def write(connection: Connection) -> None:
            database.put_numbers(connection, ENDS, ends)

        self._do(write)

    def begin_filling(self, ends: Offsets) -> None:
        """Note that all up to these ends is being read."""
        self._do(lambda connection: put_filling(connection, self._clock(), ends))

    def end_filling(self) -> None:
        """Note that it was read."""
        self._do(lambda connection: database.drop(connection, FILLING))

    def standing(self) -> Standing:
        """Return where reading stands."""
        return self._do(lambda connection: standing(connection, self._topic))

    def empty(self) -> None:
        """Take everything out that was read."""
        self._do(database.empty)
        self._do(self._remember)

    # Within.

    def _do(self, work: Callable[[Connection], _T]) -> _T:
        connection = self._connection
        if connection is None:
            raise DatabaseError("the scoreboard's database is closed")
        with told_of(), connection.begin():
            return work(connection)

    def _remember(self, connection: Connection) -> None:
        self._offsets = offsets_of(connection, self._topic)
        self._policies = set(connection.execute(select(POLICIES.c.version)).scalars())
        self._missing = set()

    def _go_to(
        self, connection: Connection, ends: Mapping[int, int], newest_at: Mapping[int, int]
    ) -> None:
        for partition, end in ends.items():
            known = self._offsets.get(partition)
            here = (OFFSETS.c.topic == self._topic) & (OFFSETS.c.partition == partition)
            at = newest_at.get(partition, 0)
            if known is None:
                row = {"topic": self._topic, "partition": partition, "next_offset": end}
                connection.execute(insert(OFFSETS).values(**row, newest_at=at))
                continue
            if end > known:
                connection.execute(update(OFFSETS).where(here).values(next_offset=end))
            if at:
                newer = here & (OFFSETS.c.newest_at < at)
                connection.execute(update(OFFSETS).where(newer).values(newest_at=at))

    def _went_to(self, ends: Offsets) -> None:
        for partition, end in ends.items():
            self._offsets[partition] = max(end, self._offsets.get(partition, 0))

    def _change(self, applied: Applied, batch: Collection[Received]) -> Change:
        keys = {one.key for one in batch if one.key is not None}
        leads = None
        if len(keys) <= LEADS_MAX:
            leads = frozenset(key.decode("utf-8", "replace") for key in keys)
        return Change(applied.facts, leads, self._clock())
