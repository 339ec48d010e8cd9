"""A recording of a topic as a file, and putting it back into an empty topic, byte by byte.

The file is JSON lines; with a name that ends in ``.gz`` it is compressed. The first line says what
it is: ``{"baton-recording": 1, "topic": "lead.signals", "partitions": 12, "policies": {digest:
definition}}``, with the definitions that the log's adoptions name, since without them nothing in
it can be decided again. Every other line is one record: ``{"p": partition, "t": timestamp in ms,
"k": key, "h": [[name, value], ...], "v": value}``. Definitions, keys, values and the values of
headers are base64 of the bytes, or null where there are none. The last line is ``{"records": how
many}``: a file without it was cut off.

Records of one partition stand in their order; partitions may interleave in any way. Readers of
version 1 refuse another version and ignore fields they do not know.
"""

import gzip
import io
import json
from base64 import b64decode, b64encode
from binascii import Error as Base64Error
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any, Final, TextIO, cast

from confluent_kafka import KafkaError, Message, Producer

from events.clients import producer_config
from events.topics import partition_count
from handlers.reading import Headers, Record, TopicReader

VERSION: Final = 1
REPLAY_HEADER: Final = ("baton-replay", b"1")
FLUSH_SECONDS_MAX: Final = 60.0
_POLL_EVERY: Final = 1_000
_FULL_WAIT_SECONDS: Final = 0.5
_RETRY_MAX: Final = 120

Progress = Callable[[int], None]
"""Told how many records were done since the last call."""


class RecordingError(Exception):
    """A recording cannot be read or replayed; the text is one sentence."""


@dataclass(frozen=True, slots=True)
class Head:
    """What a recording says of itself."""

    topic: str
    partitions: int
    policies: Mapping[str, bytes] = field(default_factory=dict)
    """The definitions by their digest."""


def record(
    kafka: Mapping[str, str],
    topic: str,
    path: Path,
    progress: Progress,
    policies: str | None = None,
) -> int:
    """Write every record of the topic, up to its end, and return how many there were.

    ``policies`` is the topic of the definitions to take along. The file appears under its name
    only when it is complete.
    """
    definitions = {} if policies is None else _definitions(kafka, policies)
    part = path.with_name(path.name + ".part")
    compress = path.suffix == ".gz"
    try:
        with TopicReader(kafka, topic) as reader, _write(part, compress=compress) as file:
            head = Head(topic, len(reader.partitions), definitions)
            count = write(file, head, _counted(reader.until_end(), progress))
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)
    return count


def write(file: TextIO, head: Head, records: Iterable[Record]) -> int:
    """Write a recording and return the number of its records."""
    _line(
        file,
        {
            "baton-recording": VERSION,
            "topic": head.topic,
            "partitions": head.partitions,
            "policies": {name: _text(value) for name, value in sorted(head.policies.items())},
        },
    )
    count = 0
    for one in records:
        headers = [[name, _text(value)] for name, value in one.headers]
        _line(
            file,
            {
                "p": one.partition,
                "t": one.timestamp,
                "k": _text(one.key),
                "h": headers,
                "v": _text(one.value),
            },
        )
        count += 1
    _line(file, {"records": count})
    return count


class Recording:
    """A recording as a file: what it says of itself, and its records one by one."""

    def __init__(self, path: Path) -> None:
        self.path = path
        with _read(path) as file:
            self.head = _head(path, file.readline())

    def records(self) -> Iterator[Record]:
        """Yield the records; raises RecordingError when the file is damaged or cut off."""
        with _read(self.path) as file:
            lines = self._lines(file)
            next(lines, None)
            count = 0
            for number, line in lines:
                told = _object(self.path, number, line)
                if "records" in told:
                    self._check_end(told, count, lines)
                    return
                yield self._record(number, told, count)
                count += 1
        raise RecordingError(f"{self.path} was cut off after {count} records")

    def _lines(self, file: TextIO) -> Iterator[tuple[int, str]]:
        try:
            yield from enumerate(file, start=1)
        except (OSError, EOFError, UnicodeDecodeError) as error:
            raise RecordingError(f"{self.path} is damaged: {error}") from error

    def _check_end(
        self, told: dict[str, Any], count: int, lines: Iterator[tuple[int, str]]
    ) -> None:
        if told["records"] != count:
            raise RecordingError(f"{self.path} has {count} records, not {told['records']}")
        if next(lines, None) is not None:
            raise RecordingError(f"{self.path} goes on after its last line")

    def _record(self, number: int, told: dict[str, Any], offset: int) -> Record:
        try:
            one = Record(
                topic=self.head.topic,
                partition=int(told["p"]),
                offset=offset,
                timestamp=int(told["t"]),
                key=_raw(told["k"]),
                value=_raw(told["v"]),
                headers=[(str(name), _raw(value)) for name, value in told["h"]],
            )
        except (KeyError, TypeError, ValueError, Base64Error) as error:
            raise RecordingError(f"{self.path}, line {number}: not a record ({error})") from error
        if not 0 <= one.partition < self.head.partitions:
            raise RecordingError(f"{self.path}, line {number}: no partition {one.partition}")
        return one


def replay(
    kafka: Mapping[str, str],
    topic: str,
    recording: Recording,
    progress: Progress,
    policies: str | None = None,
) -> int:
    """Send a recording to an empty topic of as many partitions; return how many records went.

    Partition, timestamp, key, headers and value are the recorded ones; each record gets the
    header ``baton-replay: 1`` besides. The definitions go first, to the topic ``policies``, as far
    as it does not have them. The whole file is checked before anything is sent.
    """
    for _ in recording.records():
        pass
    _refuse_unfit(kafka, topic, recording)
    sender = Sender(kafka)
    if policies is not None:
        known = _definitions(kafka, policies)
        for digest, definition in recording.head.policies.items():
            if digest not in known:
                sender.send(policies, Record(policies, 0, 0, -1, digest.encode(), definition), [])
        sender.flush()
    count = 0
    for one in _counted(recording.records(), progress):
        sender.send(topic, one, _with_replay(one.headers))
        count += 1
    sender.flush()
    return count


class Sender:
    """Puts records into a topic unchanged and in order, and raises what the broker says no to."""

    def __init__(self, kafka: Mapping[str, str]) -> None:
        self._producer = Producer(producer_config(kafka))
        self._failure: KafkaError | None = None
        self._sent = 0

    def send(
        self,
        topic: str,
        one: Record,
        headers: Headers,
        delivered: Callable[[int, int], None] | None = None,
    ) -> None:
        """Send it to its own partition; ``delivered`` is told partition and offset."""

        def on_delivery(error: KafkaError | None, message: Message) -> None:
            if error is not None:
                self._failure = self._failure or error
            elif delivered is not None:
                delivered(cast("int", message.partition()), cast("int", message.offset()))

        # 0 lets the client stamp it: what had no time cannot keep it.
        timestamp = max(one.timestamp, 0)
        for _ in range(_RETRY_MAX):
            try:
                self._producer.produce(
                    topic,
                    value=one.value,
                    key=one.key,
                    partition=one.partition,
                    headers=cast("list[tuple[str, str | bytes | None]]", headers),
                    on_delivery=on_delivery,
                    timestamp=timestamp,
                )
                break
            except BufferError:
                self._producer.poll(_FULL_WAIT_SECONDS)
        else:
            raise RecordingError(f"{topic}: the broker takes no more records")
        self._sent += 1
        if self._sent % _POLL_EVERY == 0:
            self._producer.poll(0)
            self._raise_failure(topic)

    def flush(self) -> None:
        """Return when the broker has everything; raises RecordingError otherwise."""
        left = self._producer.flush(FLUSH_SECONDS_MAX)
        self._raise_failure("the topic")
        if left:
            raise RecordingError(f"the broker did not confirm {left} records in time")

    def _raise_failure(self, topic: str) -> None:
        if self._failure is not None:
            raise RecordingError(f"{topic} does not take a record: {self._failure.str()}")


def _definitions(kafka: Mapping[str, str], topic: str) -> dict[str, bytes]:
    with TopicReader(kafka, topic) as reader:
        return {
            one.key.decode(): one.value
            for one in reader.until_end()
            if one.key is not None and one.value is not None
        }


def _refuse_unfit(kafka: Mapping[str, str], topic: str, recording: Recording) -> None:
    partitions = partition_count(kafka, topic)
    if partitions == 0:
        raise RecordingError(f"there is no topic {topic}: 'baton topics create' makes it")
    if partitions != recording.head.partitions:
        raise RecordingError(
            f"{topic} has {partitions} partitions and the recording {recording.head.partitions}: "
            "leads would land elsewhere"
        )
    with TopicReader(kafka, topic) as reader:
        first = next(reader.until_end(), None)
    if first is not None:
        raise RecordingError(
            f"{topic} is not empty ({first.place}): a replay needs a topic of its own, for "
            "example with BATON_TOPICS_PREFIX"
        )


def _with_replay(headers: Headers) -> Headers:
    return headers if REPLAY_HEADER in headers else [*headers, REPLAY_HEADER]


def _counted(records: Iterable[Record], progress: Progress) -> Iterator[Record]:
    for one in records:
        yield one
        progress(1)


def _head(path: Path, line: str) -> Head:
    told = _object(path, 1, line)
    version = told.get("baton-recording")
    if version is None:
        raise RecordingError(f"{path} is not a recording: its first line does not say so")
    if version != VERSION:
        raise RecordingError(f"{path} is a recording of version {version}; this Baton reads 1")
    try:
        policies = {name: b64decode(text) for name, text in told.get("policies", {}).items()}
        return Head(str(told["topic"]), int(told["partitions"]), policies)
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise RecordingError(f"{path}: its first line lacks topic or partitions") from error


def _object(path: Path, number: int, line: str) -> dict[str, Any]:
    try:
        told = json.loads(line)
    except ValueError as error:
        raise RecordingError(f"{path}, line {number}: not JSON") from error
    if not isinstance(told, dict):
        raise RecordingError(f"{path}, line {number}: not a JSON object")
    return told


@contextmanager
def _write(path: Path, *, compress: bool) -> Iterator[TextIO]:
    with ExitStack() as stack:
        raw: IO[bytes] = stack.enter_context(path.open("wb"))
        if compress:
            # Without name and time in its head, equal recordings are equal files.
            squeezed = gzip.GzipFile(filename="", mode="wb", compresslevel=6, fileobj=raw, mtime=0)
            raw = cast("IO[bytes]", stack.enter_context(squeezed))
        yield stack.enter_context(io.TextIOWrapper(raw, encoding="utf-8", newline="\n"))


def _read(path: Path) -> TextIO:
    try:
        if path.suffix == ".gz":
            return cast("TextIO", gzip.open(path, "rt", encoding="utf-8"))
        return path.open(encoding="utf-8")
    except OSError as error:
        raise RecordingError(f"{path} cannot be read: {error.strerror}") from error


def _line(file: TextIO, told: dict[str, Any]) -> None:
    file.write(json.dumps(told, separators=(",", ":")) + "\n")


def _text(raw: bytes | None) -> str | None:
    return None if raw is None else b64encode(raw).decode("ascii")


def _raw(text: str | None) -> bytes | None:
    return None if text is None else b64decode(text, validate=True)
