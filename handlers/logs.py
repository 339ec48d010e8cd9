"""Logs: one line an event for people on a terminal, one JSON object a line for everything else.

A log line is an event of the process (started, assigned, stopped), never of a message or a lead:
those are facts, refusals and metrics. What belongs to an event goes into ``extra``, so that
``log.info("partitions assigned", extra={"partitions": [0, 1]})`` is readable in both forms.
"""

import json
import logging
import sys
from datetime import UTC, datetime
from typing import Any, Literal, TextIO

Format = Literal["auto", "text", "json"]

_STANDARD = frozenset(logging.makeLogRecord({}).__dict__) | {"message", "asctime", "taskName"}


class TextLines(logging.Formatter):
    """``09:00:00 info worker: partitions assigned partitions=[0, 1]``."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the line; a traceback, if there is one, follows below it."""
        at = datetime.fromtimestamp(record.created, UTC).astimezone().strftime("%H:%M:%S")
        level = record.levelname.lower()
        extras = "".join(f" {name}={value}" for name, value in _extras(record).items())
        line = f"{at} {level} {_short(record.name)}: {_one_line(record)}{extras}"
        if record.exc_info:
            line += "\n" + self.formatException(record.exc_info)
        return line


class JsonLines(logging.Formatter):
    """One object a line: ``time``, ``level``, ``logger``, ``event``, then what belongs to it."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the object as one line."""
        at = datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds")
        told: dict[str, Any] = {
            "time": at.replace("+00:00", "Z"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "event": _one_line(record),
        }
        told |= {name: value for name, value in _extras(record).items() if name not in told}
        if record.exc_info:
            told["error"] = self.formatException(record.exc_info)
        return json.dumps(told, ensure_ascii=False, default=str)


def configure(chosen: Format = "auto", level: str = "info", stream: TextIO | None = None) -> None:
    """Send all logs of this process to ``stream`` (default: standard error)."""
    target = sys.stderr if stream is None else stream
    text = chosen == "text" or (chosen == "auto" and target.isatty())
    handler = logging.StreamHandler(target)
    handler.setFormatter(TextLines() if text else JsonLines())
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level.upper())


def _extras(record: logging.LogRecord) -> dict[str, Any]:
    return {name: value for name, value in record.__dict__.items() if name not in _STANDARD}


def _one_line(record: logging.LogRecord) -> str:
    return " ".join(record.getMessage().splitlines())


def _short(name: str) -> str:
    return name.rsplit(".", 1)[-1]
