"""Logs: readable on a terminal, parseable everywhere else, always one line an event."""

import io
import json
import logging
from collections.abc import Iterator

import pytest

from handlers import logs


class Terminal(io.StringIO):
    """A stream that says that a person looks at it."""

    def isatty(self) -> bool:
        """Return that it is one."""
        return True


@pytest.fixture(autouse=True)
def root_logger_as_before() -> Iterator[None]:
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    yield
    root.handlers[:] = handlers
    root.setLevel(level)


def test_a_pipe_gets_one_json_object_a_line_with_what_belongs_to_the_event() -> None:
    stream = io.StringIO()
    logs.configure("auto", stream=stream)

    logging.getLogger("handlers.worker").info("partitions\nassigned", extra={"partitions": [0, 1]})

    told = json.loads(stream.getvalue())
    assert told["event"] == "partitions assigned"
    assert told["level"] == "info"
    assert told["logger"] == "handlers.worker"
    assert told["partitions"] == [0, 1]
    assert told["time"].endswith("Z")


def test_a_terminal_gets_a_line_for_people() -> None:
    stream = Terminal()
    logs.configure("auto", stream=stream)

    logging.getLogger("handlers.worker").warning("stopping", extra={"reason": "SIGTERM"})

    assert stream.getvalue().strip().endswith("warning worker: stopping reason=SIGTERM")


@pytest.mark.parametrize("chosen", ["text", "json"])
def test_an_exception_is_told_with_its_traceback(chosen: logs.Format) -> None:
    stream = io.StringIO()
    logs.configure(chosen, stream=stream)

    try:
        int("x")
    except ValueError:
        logging.getLogger("a").exception("failed")

    assert "invalid literal for int()" in stream.getvalue()
    assert (stream.getvalue().count("\n") == 1) == (chosen == "json")


def test_less_than_the_chosen_level_is_not_told() -> None:
    stream = io.StringIO()
    logs.configure("json", "warning", stream)

    logging.getLogger("a").info("quiet")

    assert stream.getvalue() == ""
