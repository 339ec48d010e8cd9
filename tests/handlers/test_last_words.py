"""A worker that cannot go on says why in a sentence, and a defect shows its traceback."""

import logging
from pathlib import Path

import pytest
from confluent_kafka import KafkaError, KafkaException

from events.clients import ClientConfigError
from handlers.exits import Exit, Stop
from handlers.last_words import last_words
from handlers.store import StoreError

DOWN = KafkaException(KafkaError(KafkaError._ALL_BROKERS_DOWN, "all brokers are down"))
DENIED = KafkaException(KafkaError(KafkaError.TOPIC_AUTHORIZATION_FAILED))


@pytest.mark.parametrize(
    ("error", "code", "sentence"),
    [
        (Stop(Exit.FENCED, "another one took over."), Exit.FENCED, "another one took over."),
        (ClientConfigError("acks cannot be 0"), Exit.ERROR, "acks cannot be 0."),
        (DOWN, Exit.ERROR, "Kafka: all brokers are down."),
        (DENIED, Exit.ERROR, "`baton acls worker` says what a worker has to be allowed"),
    ],
    ids=["stop", "client", "kafka", "denied"],
)
def test_what_people_can_mend_is_one_sentence(
    error: Exception, code: Exit, sentence: str, caplog: pytest.LogCaptureFixture
) -> None:
    ended = last_words(error)

    [record] = caplog.records
    assert ended is code
    assert sentence in record.message
    assert record.exc_info is None


def test_a_defect_is_told_with_its_traceback(caplog: pytest.LogCaptureFixture) -> None:
    try:
        _ = 1 / 0
    except ZeroDivisionError as error:
        ended = last_words(error)

    [record] = caplog.records
    assert (ended, record.levelno) == (Exit.ERROR, logging.ERROR)
    assert "ZeroDivisionError: division by zero" in caplog.text


def test_a_broken_local_store_is_removed_and_a_full_disk_leaves_it(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    broken, full = tmp_path / "broken", tmp_path / "full"
    for store in (broken, full):
        store.mkdir()

    last_words(StoreError(broken, "a checksum is wrong"))
    last_words(StoreError(full, "IO error: No space left on device: while appending"))

    assert not broken.exists()
    assert full.exists()
    assert "the next start restores it in full" in caplog.text
    assert "there is no room left" in caplog.text
