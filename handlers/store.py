"""One partition's leads on disk: a cache of ``lead.state``, never the truth.

One RocksDB a partition, so that wiping it is removing a directory. Its keys:

- ``l<lead id>``: the lead, in the bytes of ``lead.state``;
- ``d<due time><lead id>``: the due index, one entry a lead that has a clock to fire;
- ``~...``: the partition's own state, as in ``lead.state``;
- ``#header``: what this store is a copy of, how far it has read, and leads by stage.

Everything that one batch changes goes into one write batch with the header, so whatever survives
a crash is the state at one position of the changelog. Firing leaves tombstones at the start of
the due index, and stepping over them is slow: the earliest due time is therefore kept in memory
as the lower bound of every search.
"""

import json
import shutil
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from itertools import islice
from pathlib import Path
from typing import Any, Final, Self

from rocksdict import (
    BlockBasedOptions,
    Cache,
    DBCompressionType,
    Options,
    Rdict,
    ReadOptions,
    WriteBatch,
    WriteBufferManager,
    WriteOptions,
)

from events.state import ENCODING, UnreadableStateError, decode_lead, peek
from handlers.cache import Held, LeadCache
from handlers.folding import Change
from handlers.partition import PartitionState, restored
from lifecycle.clocks import next_due
from lifecycle.lead import Lead
from lifecycle.stages import Stage

LAYOUT: Final = 1
"""Raised by any change of the keys above: stores of another layout are wiped."""

BLOCK_CACHE_BYTES: Final = 64 * 1024 * 1024
WRITE_BUFFERS_BYTES: Final = 64 * 1024 * 1024
"""Of all partitions together."""
_BUFFER_BYTES: Final = 16 * 1024 * 1024
_BLOOM_BITS: Final = 10
_OPEN_FILES_MAX: Final = 256
_INFO_LOGS: Final = 2
_READ_AHEAD_BYTES: Final = 1024 * 1024

UNKNOWN: Final = -1
"""A place in the log that nobody told."""

_HEADER: Final = b"#header"
_LEAD: Final = b"l"
_DUE: Final = b"d"
_PARTITION: Final = b"~"
_TIME_BYTES: Final = 8
_AFTER_DUE: Final = b"e"
_AFTER_PARTITION: Final = b"\x7f"


@dataclass(frozen=True, slots=True)
class Identity:
    """What a store is a copy of; another identity means another store."""

    cluster: str
    topic: str
    """The id of ``lead.state``: a topic made anew under the same name has another."""
    partition: int
    encoding: int = ENCODING
    layout: int = LAYOUT


@dataclass(frozen=True, slots=True)
class Header:
    """How far a store has come."""

    identity: Identity
    position: int = 0
    """Offset in ``lead.state`` from which on nothing is in the store yet."""
    log_time: int = 0
    """Timestamp of the newest record in it."""
    taken: int = UNKNOWN
    """Offset in ``lead.signals`` from which on nothing is in it, as ``lead.state`` says."""


class Memory:
    """The memory that all stores of a process share, so that it does not grow with partitions."""

    def __init__(self) -> None:
        self.blocks = Cache(BLOCK_CACHE_BYTES)
        self.buffers = WriteBufferManager(WRITE_BUFFERS_BYTES, allow_stall=False)


class StoreError(Exception):
    """RocksDB cannot do what it was asked for."""

    def __init__(self, path: Path, reason: str) -> None:
        """Keep where it happened and why."""
        super().__init__(f"{path}: {reason}")
        self.path = path
        self.reason = reason

    @property
    def in_use(self) -> bool:
        """Somebody else has this store open."""
        return "lock file" in self.reason or "lock hold" in self.reason

    @property
    def no_room(self) -> bool:
        """The disk is full: what the store holds is sound, but nothing can be added."""
        return any(words in self.reason for words in ("No space left", "quota exceeded"))


@contextmanager
def _asking(path: Path) -> Iterator[None]:
    """Give RocksDB's errors a name: they are plain exceptions, and nothing else is."""
    try:
        yield
    except OSError as error:
        raise StoreError(path, error.strerror or str(error)) from error
    except Exception as error:
        if type(error) is Exception:
            raise StoreError(path, str(error)) from error
        raise


class PartitionStore:
    """The stored leads of one partition. One thread at a time. Its methods raise StoreError."""

    def __init__(self, path: Path, memory: Memory, cache: LeadCache) -> None:
        self.path = path
        """Where it lies, and what its errors name."""
        with _asking(path):
            path.parent.mkdir(parents=True, exist_ok=True)
            self._db = Rdict(str(path), _options(memory))
        self._cache = cache
        self._counts: Counter[Stage] = Counter()
        self._earliest_due = 0
        self._closed = False
        self.header: Header | None = None
        self.state = PartitionState()
        self._read_header()

    @classmethod
    def wiped(cls, path: Path, memory: Memory, cache: LeadCache) -> Self:
        """Return an empty store, whatever was there before."""
        wipe(path)
        return cls(path, memory, cache)

    def close(self) -> None:
        """Write out what is in memory and let go of the directory; once is enough."""
        if self._closed:
            return
        self._closed = True
        with _asking(self.path):
            self._db.close()

    # What is committed.

    @property
    def counts(self) -> Mapping[Stage, int]:
        """Leads by stage."""
        return self._counts

    def cached(self, lead_id: str) -> Held | None:
        """Return a lead if it is in memory."""
        return self._cache.get(lead_id)

    def load(self, lead_ids: Collection[str]) -> dict[str, Held]:
        """Return those leads that exist, and keep them in memory."""
        found = {}
        ids = list(lead_ids)
        for lead_id, value in zip(ids, self._values(ids), strict=True):
            if value is not None:
                held = self._held(self._decoded(lead_id, value))
                found[lead_id] = held
                self._cache.put(lead_id, held)
        return found

    def lead(self, lead_id: str) -> Lead | None:
        """Return one lead."""
        held = self.cached(lead_id) or self.load([lead_id]).get(lead_id)
        return None if held is None else held.lead

    def read(self, key: bytes) -> bytes | None:
        """Return the value of a key that is no lead's."""
        with _asking(self.path):
            value: bytes | None = self._db.get(key)
        return value

    def due_until(self, to: int, count_max: int, skip: Collection[str]) -> list[tuple[int, str]]:
        """Due times and ids of leads that are due by ``to``, earliest first."""
        found: list[tuple[int, str]] = []
        if self._earliest_due > to:
            return found
        first = True
        for due_at, lead_id in self._due_entries():
            if first:
                # Nothing lies before it: the next search need not step over what was fired.
                first, self._earliest_due = False, due_at
            if due_at > to or len(found) == count_max:
                break
            if lead_id not in skip:
                found.append((due_at, lead_id))
        return found

    def earliest_due(self, by: int) -> int | None:
        """Return the earliest due time if it is not after ``by``."""
        if self._earliest_due > by:
            return None
        self._earliest_due = next((due_at for due_at, _ in self._due_entries()), _encodable_max())
        return self._earliest_due if self._earliest_due <= by else None

    # What changes.

    def apply(
        self,
        changes: Mapping[str, Change],
        partition: Mapping[bytes, tuple[bytes | None, int]],
        state: PartitionState,
        position: int,
        taken: int = UNKNOWN,
    ) -> None:
        """Take over what a committed batch changed, and the positions behind it."""
        batch = WriteBatch(raw_mode=True)
        counts = self._counts
        newest = 0 if self.header is None else self.header.log_time
        for lead_id, change in changes.items():
            before = change.before
            if before is not None:
                self._unindex(batch, lead_id, before.due_at, change.due_at)
            self._index(batch, lead_id, None if before is None else before.due_at, change.due_at)
            if change.dirty:
                batch.put(_LEAD + lead_id.encode(), change.value)
                newest = max(newest, change.timestamp)
                if before is not None:
                    counts[before.lead.stage] -= 1
                counts[change.lead.stage] += 1
            self._cache.put(lead_id, Held(change.lead, change.due_at))
        for key, (value, timestamp) in partition.items():
            newest = max(newest, timestamp)
            _put(batch, key, value)
        self.state = state
        self._write(batch, position, newest, taken)

    def begin(self, identity: Identity) -> None:
        """Say what this empty store becomes a copy of; nothing is on disk before ``finish``."""
        self.header = Header(identity)

    def take_raw(self, records: Iterable[tuple[bytes, bytes | None]]) -> None:
        """Take over records of the changelog without indexing them: the start of a full copy.

        Neither they nor their index are in RocksDB's own log: without ``finish`` they are nothing.
        """
        batch = WriteBatch(raw_mode=True)
        put = batch.put
        for key, value in records:
            if value is None:
                batch.delete(_stored_key(key))
            else:
                put(_stored_key(key), value)
        self._put_down(batch, _UNLOGGED)

    def index(self, slice_leads: int) -> Iterator[int]:
        """Build the due index and the counts over all leads; yields after each slice of them."""
        self.state = restored(self._range(_PARTITION, _AFTER_PARTITION))
        excluded = self.state.excluded
        self._counts.clear()
        # Each lead is read once: neither block by block nor into the cache.
        options = ReadOptions()
        options.fill_cache(False)  # type: ignore[call-arg]  # noqa: FBT003 - RocksDB takes it by position
        options.set_readahead_size(_READ_AHEAD_BYTES)
        leads = self._range(_LEAD, _next(_LEAD), options)
        done = 0
        while found := list(islice(leads, slice_leads)):
            batch = WriteBatch(raw_mode=True)
            stages: list[Stage] = []
            for key, value in found:
                stage, due_at = peek(value)
                stages.append(stage)
                if due_at is not None and not (excluded and key[1:].decode() in excluded):
                    batch.put(_DUE + _due_bytes(due_at) + key[1:], b"")
            self._counts.update(stages)
            self._put_down(batch, _UNLOGGED)
            done += len(found)
            yield done
        self._earliest_due = 0
        yield done

    def take(
        self,
        records: Mapping[bytes, bytes | None],
        position: int,
        log_time: int,
        taken: int = UNKNOWN,
    ) -> None:
        """Take over newer records of the changelog, last value a key, into a whole copy."""
        batch = WriteBatch(raw_mode=True)
        leads: dict[str, bytes | None] = {}
        entries = dict(self._range(_PARTITION, _AFTER_PARTITION))
        for key, value in records.items():
            if not key.startswith(_PARTITION):
                leads[key.decode()] = value
                continue
            _put(batch, key, value)
            if value is None:
                entries.pop(key, None)
            else:
                entries[key] = value
        was_excluded = self.state.excluded
        self.state = restored(entries.items())
        ids = list(leads)
        for lead_id, old in zip(ids, self._values(ids), strict=True):
            self._replace(batch, lead_id, old, leads[lead_id], was_excluded)
        self._reindex(batch, was_excluded ^ self.state.excluded, leads)
        self._write(batch, position, log_time, taken)

    def finish(self, position: int, log_time: int, taken: int = UNKNOWN) -> None:
        """Say how far the copy is complete, once all of it is on disk."""
        with _asking(self.path):
            self._db.flush()
        self._write(WriteBatch(raw_mode=True), position, log_time, taken)

    # Inside.

    def _decoded(self, lead_id: str, value: bytes) -> Lead:
        """Return a lead; what was taken over from ``lead.state`` has this encoding's head."""
        try:
            return decode_lead(value)
        except UnreadableStateError as error:
            raise StoreError(self.path, f"lead {lead_id}: {error}") from error

    def _held(self, lead: Lead) -> Held:
        return Held(lead, None if lead.id in self.state.excluded else next_due(lead))

    def _values(self, lead_ids: list[str]) -> list[bytes | None]:
        with _asking(self.path):
            found: Any = self._db.get([_LEAD + lead_id.encode() for lead_id in lead_ids])
        return list(found)

    def _replace(
        self,
        batch: WriteBatch,
        lead_id: str,
        old: bytes | None,
        new: bytes | None,
        was_excluded: Collection[str],
    ) -> None:
        _put(batch, _LEAD + lead_id.encode(), new)
        due_before = None
        if old is not None:
            stage, due_before = self._peek(old, lead_id, was_excluded)
            self._counts[stage] -= 1
        due_at = None
        if new is not None:
            stage, due_at = self._peek(new, lead_id, self.state.excluded)
            self._counts[stage] += 1
        self._unindex(batch, lead_id, due_before, due_at)
        self._index(batch, lead_id, due_before, due_at)

    @staticmethod
    def _peek(data: bytes, lead_id: str, excluded: Collection[str]) -> tuple[Stage, int | None]:
        stage, due_at = peek(data)
        return stage, None if lead_id in excluded else due_at

    def _reindex(self, batch: WriteBatch, lead_ids: Collection[str], done: Collection[str]) -> None:
        """Move leads in or out of the due index that were left out or taken back, unchanged."""
        ids = [lead_id for lead_id in lead_ids if lead_id not in done]
        for lead_id, value in zip(ids, self._values(ids), strict=True):
            if value is not None:
                _, due_at = peek(value)
                out = lead_id in self.state.excluded
                self._unindex(batch, lead_id, due_at if out else None, None)
                self._index(batch, lead_id, None, None if out else due_at)

    def _unindex(
        self, batch: WriteBatch, lead_id: str, before: int | None, after: int | None
    ) -> None:
        if before is not None and before != after:
            batch.delete(_due_key(before, lead_id))

    def _index(
        self, batch: WriteBatch, lead_id: str, before: int | None, after: int | None
    ) -> None:
        if after is not None and before != after:
            batch.put(_due_key(after, lead_id), b"")
            self._earliest_due = min(self._earliest_due, after)

    def _due_entries(self) -> Iterator[tuple[int, str]]:
        for key, _ in self._range(_due_key(self._earliest_due, ""), _AFTER_DUE):
            time_end = 1 + _TIME_BYTES
            yield int.from_bytes(key[1:time_end], "big"), key[time_end:].decode()

    def _range(
        self, start: bytes, end: bytes, options: ReadOptions | None = None
    ) -> Iterator[tuple[bytes, bytes]]:
        # An iterator keeps the database open: it must not outlive this call.
        options = options or ReadOptions()
        options.set_iterate_upper_bound(end)
        found = self._db.iter(options)
        key, value, go_on = found.key, found.value, found.next
        try:
            found.seek(start)
            while (at := key()) is not None:
                yield at, value()
                go_on()
            # A block that cannot be read ends an iterator as if there was nothing more.
            with _asking(self.path):
                found.status()
        finally:
            del found, key, value, go_on

    def _write(self, batch: WriteBatch, position: int, log_time: int, taken: int) -> None:
        if self.header is None:
            raise ValueError("a store without an identity cannot be written to")
        self.header = replace(self.header, position=position, log_time=log_time, taken=taken)
        document = asdict(self.header) | {
            "counts": {stage.value: count for stage, count in self._counts.items() if count}
        }
        batch.put(_HEADER, json.dumps(document, sort_keys=True).encode())
        self._put_down(batch)

    def _put_down(self, batch: WriteBatch, options: WriteOptions | None = None) -> None:
        with _asking(self.path):
            self._db.write(batch, options)

    def _read_header(self) -> None:
        value = self.read(_HEADER)
        if value is None:
            return
        try:
            document: dict[str, Any] = json.loads(value)
            identity = Identity(**document["identity"])
            if identity.layout == LAYOUT and identity.encoding == ENCODING:
                self._counts.update({Stage(name): n for name, n in document["counts"].items()})
                self.state = restored(self._range(_PARTITION, _AFTER_PARTITION))
            self.header = Header(
                identity, document["position"], document["log_time"], document.get("taken", UNKNOWN)
            )
        except (LookupError, TypeError, ValueError, UnreadableStateError) as error:
            self.close()
            raise StoreError(self.path, f"its head is not this release's: {error!r}") from error


def wipe(path: Path) -> None:
    """Remove a store that nobody has open, so that the next one there begins empty."""
    with _asking(path):
        if path.exists():
            shutil.rmtree(path)


def _options(memory: Memory) -> Options:
    table = BlockBasedOptions()
    table.set_block_cache(memory.blocks)
    table.set_bloom_filter(_BLOOM_BITS, block_based=False)
    table.set_cache_index_and_filter_blocks(True)
    table.set_pin_l0_filter_and_index_blocks_in_cache(True)
    options = Options(raw_mode=True)
    options.create_if_missing(True)  # noqa: FBT003 - RocksDB takes it by position
    options.set_block_based_table_factory(table)
    options.set_write_buffer_manager(memory.buffers)
    options.set_write_buffer_size(_BUFFER_BYTES)
    options.set_compression_type(DBCompressionType.lz4())
    options.set_max_open_files(_OPEN_FILES_MAX)
    options.set_keep_log_file_num(_INFO_LOGS)
    return options


def _stored_key(key: bytes) -> bytes:
    return key if key.startswith(_PARTITION) else _LEAD + key


def _due_key(due_at: int, lead_id: str) -> bytes:
    return _DUE + _due_bytes(due_at) + lead_id.encode()


def _due_bytes(due_at: int) -> bytes:
    return max(due_at, 0).to_bytes(_TIME_BYTES, "big")


def _unlogged() -> WriteOptions:
    options = WriteOptions()
    # An attribute, whatever rocksdict's types say.
    options.disable_wal = True  # type: ignore[method-assign, assignment]
    return options


def _put(batch: WriteBatch, key: bytes, value: bytes | None) -> None:
    if value is None:
        batch.delete(key)
    else:
        batch.put(key, value)


def _next(prefix: bytes) -> bytes:
    return prefix[:-1] + bytes([prefix[-1] + 1])


def _encodable_max() -> int:
    return (1 << (8 * _TIME_BYTES - 1)) - 1


_UNLOGGED: Final = _unlogged()
"""For what is nothing before ``finish``, and all on disk by then."""
