"""What a worker says when it cannot go on: one sentence for people, and the exit code."""

import logging
from typing import Final

from confluent_kafka import KafkaException

from events.access import is_not_allowed
from events.clients import ClientConfigError, reason_of
from events.state import UnreadableStateError
from handlers.exits import Exit, Stop
from handlers.store import StoreError, wipe

log: Final = logging.getLogger("baton.worker")


def last_words(error: Exception) -> Exit:
    """Log why the worker ends, and return with which code; a defect with its traceback."""
    if isinstance(error, Stop):
        log.error("%s.", str(error).rstrip("."))
        return error.code
    if isinstance(error, ClientConfigError):
        log.error("%s.", error)
    elif isinstance(error, KafkaException):
        log.error("Kafka: %s.", _reason_of(error))
    elif isinstance(error, StoreError):
        _give_up(error)
    elif isinstance(error, UnreadableStateError):
        log.error("a state is not as this release writes it: %s.", error)
        return Exit.UNREADABLE_STATE
    else:
        log.error("the worker cannot go on", exc_info=error)
    return Exit.ERROR


def _reason_of(error: KafkaException) -> str:
    if is_not_allowed(error.args[0]):
        return f"{reason_of(error)}: `baton acls worker` says what a worker has to be allowed"
    return reason_of(error)


def _give_up(error: StoreError) -> None:
    """Say what is wrong with a local store, and leave none behind that cannot be read."""
    if error.no_room:
        log.error(
            "there is no room left for the local store (%s): nothing that is committed is lost. "
            "Make room and start again; the directory may be deleted, it is only a cache.",
            error,
        )
        return
    try:
        wipe(error.path)
    except StoreError as again:
        log.error(  # noqa: TRY400 - the sentence says it all
            "the local store cannot be read (%s), nor removed (%s): delete it before the next "
            "start, which restores it in full.",
            error,
            again,
        )
        return
    log.error(
        "the local store could not be read and was removed (%s): the next start restores it in "
        "full.",
        error,
    )
