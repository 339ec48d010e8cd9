"""How the command speaks: results to standard output, everything else to standard error.

An error is one sentence and a hint. Colours, tables and progress bars are for terminals only; a
pipe gets plain lines that a program can read.
"""

import inspect
import os
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, Final, Protocol, runtime_checkable

import typer
from confluent_kafka import KafkaException
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TextColumn
from typer.core import TyperGroup

from events.access import DeniedError, NoAccessError
from events.clients import ClientConfigError, reason_of
from events.topics import Topics, TopicsError
from handlers import logs
from handlers.exits import Exit, Stop
from handlers.reading import ReadingError
from handlers.recording import RecordingError
from handlers.settings import Settings, SettingsError, load

INTERRUPTED: Final = 130
"""What a shell expects of a program that ended on Ctrl-C."""

_UNREACHABLE: Final = "Is Kafka there? 'baton settings' shows which address is used."
_HINTS: Final[dict[type[Exception], str]] = {
    SettingsError: "'baton settings --help' explains how settings are given.",
    ClientConfigError: "'baton settings' shows every client property and where it came from.",
    DeniedError: "'baton settings' shows how it connects, and hides what is secret.",
    NoAccessError: _UNREACHABLE,
    TopicsError: "'baton topics check' says what is missing, 'baton topics create' makes it.",
    ReadingError: _UNREACHABLE,
    RecordingError: "Mend the cause and run it again; a replay, into topics that are empty.",
    KafkaException: _UNREACHABLE,
}


class CommandError(Exception):
    """A command cannot go on: one sentence, a hint, and the exit code."""

    def __init__(self, sentence: str, hint: str, code: Exit = Exit.ERROR) -> None:
        super().__init__(sentence)
        self.sentence = sentence
        self.hint = hint
        self.code = code


@runtime_checkable
class _UsageFault(Protocol):
    """What the command line's parser raises, whichever library it comes from."""

    exit_code: int

    def format_message(self) -> str:
        """Return the sentence."""


class Speaking(TyperGroup):
    """The group of all commands: the one place where an error becomes a sentence and a code."""

    def main(self, *args: Any, **extra: Any) -> Any:  # noqa: ANN401 - typer's own signature
        """Run a command and end the process with its exit code."""
        extra["standalone_mode"] = False
        sys.exit(_run(lambda: super(Speaking, self).main(*args, **extra)))

    def invoke(self, ctx: Any) -> Any:  # noqa: ANN401 - typer's own signature
        """Run the command; a reader of our output that had enough is no error."""
        try:
            return super().invoke(ctx)
        except BrokenPipeError:
            _silence_output()
            return Exit.OK


def reflowed(text: str) -> str:
    """Return a docstring as help: paragraphs without their line breaks, examples as they stand."""
    paragraphs = inspect.cleandoc(text).split("\n\n")
    return "\n\n".join(
        paragraph if paragraph.startswith(" ") else " ".join(paragraph.split())
        for paragraph in paragraphs
    )


def settings() -> Settings:
    """Return the settings and set up logging; what every command begins with that needs Kafka."""
    chosen = load()
    logs.configure(chosen.log_format, chosen.log_level)
    return chosen


def topics_of(chosen: Settings) -> Topics:
    """Return the topics' names under the chosen prefix."""
    return Topics(chosen.topics_prefix)


def out() -> Console:
    """Return the console of results; made anew, so that it is today's standard output."""
    return Console(highlight=False, soft_wrap=not sys.stdout.isatty())


def err() -> Console:
    """Return the console of everything that is not a result."""
    return Console(stderr=True, highlight=False, soft_wrap=True)


def for_people() -> bool:
    """Say whether a person reads our output; colours may be forced into a pipe, tables may not."""
    return sys.stdout.isatty()


def sentence(text: str) -> str:
    """Return a message as a sentence; a name at its beginning stays as it is written."""
    first = text.split(" ", 1)[0]
    text = text[:1].upper() + text[1:] if first.isalpha() else text
    return text if text.endswith((".", "?", "!")) else text + "."


def say(text: str) -> None:
    """Tell a person something that is not a result."""
    err().print(text, markup=False)


def line(text: str) -> None:
    """Write one line of a result, as it is."""
    sys.stdout.write(text + "\n")


@contextmanager
def progress(what: str, total: int | None = None) -> Iterator[Callable[[int], None]]:
    """Show how far long work is, on a terminal; the callee tells how many more are done."""
    console = err()
    columns = (
        SpinnerColumn(),
        TextColumn("{task.description}"),
        *((BarColumn(),) if total is not None else ()),
        MofNCompleteColumn() if total is not None else TextColumn("{task.completed:,.0f}"),
    )
    with Progress(*columns, console=console, disable=not sys.stderr.isatty()) as bar:
        task = bar.add_task(what, total=total)
        yield lambda more: bar.advance(task, more)


@contextmanager
def waiting(what: str) -> Iterator[None]:
    """Say what is waited for, on a terminal, while there is nothing to count."""
    if not sys.stderr.isatty():
        yield
        return
    with err().status(what):
        yield


def _run(command: Callable[[], object]) -> int:
    try:
        code = command()
        sys.stdout.flush()
    except (KeyboardInterrupt, typer.Abort):
        return INTERRUPTED
    except BrokenPipeError:
        _silence_output()
        return Exit.OK
    except Exception as error:
        told = _told(error)
        if told is None:
            raise
        return told
    return int(code) if isinstance(code, int) else Exit.OK


def _told(error: Exception) -> int | None:
    """Tell an error that is a person's to mend, and return the exit code; None: it is a defect."""
    if isinstance(error, CommandError):
        return _tell(error.sentence, error.hint, error.code)
    if isinstance(error, Stop):
        return _tell(
            sentence(str(error)), "'baton --help' says what each exit code means.", error.code
        )
    if isinstance(error, OSError) and error.filename is not None:
        told = f"{error.filename} cannot be used: {error.strerror}."
        return _tell(told, "Is the path right, may it be used, and is there room?", Exit.ERROR)
    if isinstance(error, tuple(_HINTS)):
        return _tell(_sentence(error), _hint(error), _code(error))
    return _tell_usage(error) if isinstance(error, _UsageFault) else None


def _silence_output() -> None:
    """Send what is left to nowhere, or the interpreter complains about it at its end."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _tell(sentence: str, hint: str, code: int) -> int:
    console = err()
    console.print(f"[bold red]error:[/] {_plain(sentence)}")
    console.print(f"[dim]hint:[/] {_plain(hint)}")
    return code


def _tell_usage(error: _UsageFault) -> int:
    context = getattr(error, "ctx", None)
    path = getattr(context, "command_path", None) or "baton"
    message = error.format_message().strip()
    if not message or type(error).__name__ == "NoArgsIsHelpError":
        if message:
            line(message)
        return Exit.USAGE
    message = " ".join(message.replace("Value error, ", "").split())
    return _tell(message, f"'{path} --help' shows how it is used, with examples.", Exit.USAGE)


def _plain(text: str) -> str:
    return text.replace("[", r"\[")


def _sentence(error: Exception) -> str:
    text = reason_of(error) if isinstance(error, KafkaException) else str(error)
    return sentence(text)


def _hint(error: Exception) -> str:
    text = str(error)
    if isinstance(error, KafkaException) and "configuration property" in text:
        return "A BATON_KAFKA__ variable names a client property that there is not, or a bad value."
    if "uthorization failed" in text or "may not use" in text:
        return "'baton acls ROLE' says what a role has to be allowed on the cluster."
    if isinstance(error, TopicsError) and "not answer" in text:
        return _UNREACHABLE
    return next(hint for kind, hint in _HINTS.items() if isinstance(error, kind))


def _code(error: Exception) -> Exit:
    usage = isinstance(error, (SettingsError, ClientConfigError))
    return Exit.USAGE if usage else Exit.ERROR


def table_lines(rows: Sequence[Sequence[str]]) -> list[str]:
    """Return rows as lines of tab-separated fields, for pipes."""
    return ["\t".join(field.replace("\t", " ") for field in row) for row in rows]
