"""The command without Kafka: its help, its errors, its exit codes."""

import errno
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import typer
from confluent_kafka import KafkaError, KafkaException
from typer.testing import CliRunner

from events.clients import ClientConfigError
from events.topics import Difference, TopicsError
from handlers.cli import policy, refusals, topics
from handlers.cli.app import app
from handlers.cli.terminal import CommandError, Speaking
from handlers.exits import Exit, Stop
from handlers.reading import ReadingError
from handlers.recording import RecordingError
from handlers.settings import SettingsError

BATON = [sys.executable, "-c", "from handlers.cli import main; main()"]


def commands() -> Iterator[tuple[str, ...]]:
    yield ()
    for command in app.registered_commands:
        yield (_name(command.name, command.callback),)
    for name, group in (("topics", topics), ("policy", policy), ("refusals", refusals)):
        yield (name,)
        for command in group.app.registered_commands:
            yield (name, _name(command.name, command.callback))


def _name(name: str | None, callback: object) -> str:
    return name or str(getattr(callback, "__name__", ""))


@pytest.fixture(autouse=True)
def no_settings_from_outside(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in os.environ if name.upper().startswith("BATON_")]:
        monkeypatch.delenv(name)


@pytest.mark.parametrize("command", list(commands()), ids=" ".join)
def test_help_teaches_every_command(command: tuple[str, ...]) -> None:
    result = CliRunner().invoke(app, [*command, "--help"])

    assert result.exit_code == Exit.OK
    assert "Usage: " in result.stdout
    group = command in {("topics",), ("policy",), ("refusals",)}
    assert group or f"baton {' '.join(command)}".strip() in result.stdout
    assert group or "xample" in result.stdout or command == ()


def test_help_documents_every_exit_code() -> None:
    result = CliRunner().invoke(app, ["--help"])

    told = " ".join(result.stdout.split()).partition("Exit codes: ")[2]
    assert all(f"{code.value} " in told for code in Exit)


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["folow"], "error: No such command 'folow'. Did you mean 'follow'?"),
        (["follow"], "error: Missing argument 'what'."),
        (["follow", "everything"], "'everything' is not one of 'lifecycle', 'handovers'"),
        (["topics", "create", "--partitions", "0"], "Invalid value for '--partitions'"),
        (["refusals", "redrive"], "Give places, or --reason, and not both."),
        (["refusals", "show", "somewhere"], "'somewhere' is not a place like 3:17"),
        (["explain", "lead-1", "--at", "noon"], "'noon' is not an RFC 3339 time"),
    ],
)
def test_a_wrong_command_line_is_one_sentence_and_a_hint(
    arguments: list[str], sentence: str
) -> None:
    result = CliRunner().invoke(app, arguments)

    assert result.exit_code == Exit.USAGE
    assert sentence in result.stderr
    assert len(result.stderr.splitlines()) == 2
    assert result.stderr.splitlines()[1].startswith("hint: ")
    assert result.stdout == ""


def test_a_wrong_setting_stops_a_command_with_one_sentence() -> None:
    result = CliRunner().invoke(app, ["follow", "lifecycle"], env={"BATON_GRUOP": "x"})

    assert result.exit_code == Exit.USAGE
    assert "There is no setting BATON_GRUOP: did you mean BATON_GROUP?" in result.stderr


def test_a_client_property_that_there_is_not_stops_a_command_with_one_sentence() -> None:
    result = CliRunner().invoke(
        app, ["follow", "lifecycle"], env={"BATON_KAFKA__SECURITY_PROTOCL": "SSL"}
    )

    assert result.exit_code in {Exit.USAGE, Exit.ERROR}
    assert "security.protocl" in result.stderr
    assert len(result.stderr.splitlines()) == 2


def test_settings_are_shown_to_a_pipe_as_fields_and_as_json() -> None:
    environment = {"BATON_METRICS_PORT": "9200", "BATON_KAFKA__SASL_PASSWORD": "hunter2"}

    plain = CliRunner().invoke(app, ["settings"], env=environment)
    as_json = CliRunner().invoke(app, ["settings", "--json"], env=environment)

    assert "BATON_METRICS_PORT\t9200\tenvironment" in plain.stdout.splitlines()
    assert "hunter2" not in plain.stdout + as_json.stdout
    rows = [json.loads(line) for line in as_json.stdout.splitlines()]
    assert {row["origin"] for row in rows} == {"environment", "default"}


def test_the_shipped_policy_holds_and_a_broken_one_is_told_line_by_line(tmp_path: Path) -> None:
    shipped = CliRunner().invoke(app, ["policy", "show", "--shipped"])
    broken = tmp_path / "policy.yaml"
    broken.write_text(shipped.stdout.replace("hysteresis: 0.7", "hysteresis: 7"), encoding="utf-8")

    good = CliRunner().invoke(app, ["policy", "check"])
    bad = CliRunner().invoke(app, ["policy", "check", str(broken)])

    assert good.exit_code == Exit.OK
    assert good.stdout.startswith("the shipped policy holds")
    assert bad.exit_code == Exit.ERROR
    assert "hysteresis" in bad.stderr.splitlines()[0]
    assert "has 1 problem." in bad.stderr


def test_the_graph_is_the_machine_itself() -> None:
    result = CliRunner().invoke(app, ["policy", "graph"])

    assert result.stdout.startswith("stateDiagram-v2")
    assert "mql --> sal: " in result.stdout


def test_documents_are_written_anywhere_but_over_strangers(tmp_path: Path) -> None:
    strange = tmp_path / "strange"
    strange.mkdir()
    (strange / "package.json").write_text("{}", encoding="utf-8")

    written = CliRunner().invoke(app, ["schemas", str(tmp_path / "new")])
    fresh = CliRunner().invoke(app, ["schemas", "--check", str(tmp_path / "new")])
    refused = CliRunner().invoke(app, ["schemas", str(strange)])
    stale = CliRunner().invoke(app, ["schemas", "--check", str(strange)])

    assert (written.exit_code, fresh.exit_code) == (Exit.OK, Exit.OK)
    assert (refused.exit_code, stale.exit_code) == (Exit.ERROR, Exit.ERROR)
    assert (strange / "package.json").exists()


def test_the_installed_command_ends_with_its_exit_code() -> None:
    good = subprocess.run([*BATON, "policy", "graph"], capture_output=True, check=False, text=True)
    bad = subprocess.run([*BATON, "nonsense"], capture_output=True, check=False, text=True)

    assert (good.returncode, good.stderr) == (Exit.OK, "")
    assert (bad.returncode, bad.stdout) == (Exit.USAGE, "")
    assert bad.stderr.startswith("error: No such command 'nonsense'")


def test_no_command_waits_for_what_only_the_scoreboard_takes() -> None:
    loaded = "import sys; import handlers.cli.app, handlers.worker; print(*sys.modules)"

    told = subprocess.run(
        [sys.executable, "-c", loaded], capture_output=True, check=True, text=True
    )

    assert "typer" in told.stdout.split()
    assert not {"aiohttp", "faust", "sqlalchemy"} & set(told.stdout.split())


def test_a_reader_of_the_output_that_had_enough_is_no_error() -> None:
    shown = subprocess.Popen(
        [*BATON, "policy", "show", "--shipped"], stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    assert shown.stdout
    assert shown.stderr
    shown.stdout.close()

    complaint = shown.stderr.read()
    shown.stderr.close()

    assert shown.wait(timeout=30) == Exit.OK
    assert complaint == b""


@pytest.mark.parametrize(
    ("setting", "found", "hint"),
    [
        ("topic", None, "'baton topics create' makes what is missing"),
        ("partitions", "5", "cannot be mended in place"),
        ("retention.ms", "604800000", "kafka-configs.sh --alter"),
    ],
)
def test_a_topic_that_differs_is_told_with_what_mends_it(
    setting: str, found: str | None, hint: str
) -> None:
    with pytest.raises(CommandError) as told:
        topics._tell_differences((Difference("lead.state", setting, "-1", found),))

    assert told.value.sentence == "1 topic is not as Baton needs it."
    assert hint in told.value.hint
    assert told.value.code == Exit.ERROR


def test_a_setting_that_a_broker_does_not_have_stops_nobody() -> None:
    absent = Difference("lead.signals", "message.timestamp.after.max.ms", "300000", None)

    topics._tell_differences((absent,))


FULL = OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), "/data/facts")
FAULT = KafkaException(KafkaError(KafkaError._ALL_BROKERS_DOWN, "all brokers are down"))


@pytest.mark.parametrize(
    ("error", "code", "sentence"),
    [
        (TopicsError("the cluster does not answer"), Exit.ERROR, "The cluster does not answer."),
        (TopicsError("lead.signals is gone"), Exit.ERROR, "lead.signals is gone."),
        (ReadingError("lead.state is silent"), Exit.ERROR, "lead.state is silent."),
        (RecordingError("x.gz was cut off"), Exit.ERROR, "x.gz was cut off."),
        (SettingsError("BATON_A cannot be used."), Exit.USAGE, "BATON_A cannot be used."),
        (ClientConfigError("acks cannot be 0"), Exit.USAGE, "Acks cannot be 0."),
        (Stop(Exit.FENCED, "fenced by another"), Exit.FENCED, "Fenced by another."),
        (FULL, Exit.ERROR, "/data/facts cannot be used: No space left on device."),
        (FAULT, Exit.ERROR, "All brokers are down."),
    ],
    ids=repr,
)
def test_every_foreseen_error_is_a_sentence_a_hint_and_a_code(
    error: Exception, code: Exit, sentence: str
) -> None:
    failing = typer.Typer(cls=Speaking)
    failing.callback()(lambda: None)

    @failing.command()
    def fail() -> None:
        raise error

    result = CliRunner().invoke(failing, ["fail"])

    assert result.exit_code == code
    told = result.stderr.splitlines()
    assert told[0] == f"error: {sentence}"
    assert told[1].startswith("hint: ")
    assert len(told) == 2


def test_a_defect_is_not_dressed_up_as_a_sentence() -> None:
    failing = typer.Typer(cls=Speaking)
    failing.callback()(lambda: None)

    @failing.command()
    def fail() -> None:
        raise ZeroDivisionError

    result = CliRunner().invoke(failing, ["fail"])

    assert isinstance(result.exception, ZeroDivisionError)
