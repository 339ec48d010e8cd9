"""A recording as a file: what is written is what is read, and damage is named."""

import gzip
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from handlers.reading import Record
from handlers.recording import Head, Recording, RecordingError, write

RECORDS = st.lists(
    st.builds(
        Record,
        topic=st.just("lead.signals"),
        partition=st.integers(0, 2),
        offset=st.just(0),
        timestamp=st.integers(-1, 2**45),
        key=st.none() | st.binary(max_size=20),
        value=st.none() | st.binary(max_size=50),
        headers=st.lists(
            st.tuples(st.text(st.characters(codec="utf-8"), max_size=5),
                      st.none() | st.binary(max_size=9)),
            max_size=3,
        ),
    ),
    max_size=20,
)  # fmt: skip


@given(records=RECORDS)
def test_whatever_was_recorded_is_read_back(
    tmp_path_factory: pytest.TempPathFactory, records: list[Record]
) -> None:
    path = tmp_path_factory.mktemp("recording") / "signals.jsonl"

    with path.open("w", encoding="utf-8") as file:
        count = write(file, Head("lead.signals", 3), records)
    found = list(Recording(path).records())

    assert count == len(records)
    assert [(one.partition, one.timestamp, one.key, one.value, one.headers) for one in found] == [
        (one.partition, one.timestamp, one.key, one.value, one.headers) for one in records
    ]


HEAD = '{"baton-recording":1,"topic":"lead.signals","partitions":2}\n'
RECORD = '{"p":1,"t":5,"k":null,"h":[],"v":"YQ=="}\n'


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("", "not JSON"),
        ("[1]\n", "not a JSON object"),
        ('{"a":1}\n', "is not a recording"),
        ('{"baton-recording":2}\n', "recording of version 2"),
        ('{"baton-recording":1}\n', "lacks topic or partitions"),
        (HEAD + RECORD, "was cut off after 1 records"),
        (HEAD + RECORD + '{"records":2}\n', "has 1 records, not 2"),
        (HEAD + '{"records":0}\n' + RECORD, "goes on after its last line"),
        (HEAD + '{"p":1}\n', "line 2: not a record"),
        (HEAD + RECORD.replace("YQ==", "Y"), "line 2: not a record"),
        (HEAD + RECORD.replace('"p":1', '"p":2'), "line 2: no partition 2"),
    ],
)
def test_a_damaged_recording_is_named(tmp_path: Path, text: str, sentence: str) -> None:
    path = tmp_path / "signals.jsonl"
    path.write_text(text, encoding="utf-8")

    with pytest.raises(RecordingError, match=sentence):
        list(Recording(path).records())


def test_a_compressed_recording_that_was_cut_off_is_named(tmp_path: Path) -> None:
    path = tmp_path / "signals.jsonl.gz"
    whole = gzip.compress((HEAD + RECORD * 5_000 + '{"records":5000}\n').encode())
    path.write_bytes(whole[:-20])

    with pytest.raises(RecordingError, match="is damaged"):
        list(Recording(path).records())


def test_a_recording_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(RecordingError, match="cannot be read"):
        Recording(tmp_path / "none.jsonl")
