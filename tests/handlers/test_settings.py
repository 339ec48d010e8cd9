"""Settings: defaults, the environment, and sentences about what cannot be used."""

import os

import pytest

from handlers.settings import HIDDEN, Settings, SettingsError, is_secret, load, shown


@pytest.fixture(autouse=True)
def no_settings_from_outside(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in os.environ if name.upper().startswith("BATON_")]:
        monkeypatch.delenv(name)


def test_without_an_environment_the_defaults_hold() -> None:
    settings = load()

    assert settings.kafka == {"bootstrap.servers": "127.0.0.1:9092"}
    assert settings.group == "baton"
    assert settings.batch_messages_max == 20_000
    assert settings.metrics_port == 9_108
    assert settings.state_dir.name == "baton"
    assert settings.fault == ""


def test_any_client_property_reaches_the_client_exactly_as_it_was_written(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("BATON_KAFKA__BOOTSTRAP_SERVERS", "kafka:9093")
    monkeypatch.setenv("BATON_KAFKA__SASL_PASSWORD", "1e5")
    monkeypatch.setenv("BATON_KAFKA__SASL_JAAS_CONFIG", '{"a": null}')

    assert load().kafka == {
        "bootstrap.servers": "kafka:9093",
        "sasl.password": "1e5",
        "sasl.jaas.config": '{"a": null}',
    }


def test_what_a_caller_chooses_wins_over_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BATON_GROUP", "from-environment")
    monkeypatch.setenv("BATON_KAFKA__BOOTSTRAP_SERVERS", "kafka:9093")

    settings = Settings(group="chosen", kafka={"bootstrap.servers": "here:1"})

    assert settings.group == "chosen"
    assert settings.kafka == {"bootstrap.servers": "here:1"}


def test_each_setting_is_shown_with_its_origin_and_secrets_are_hidden(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("BATON_METRICS_PORT", "9200")
    monkeypatch.setenv("BATON_KAFKA__SASL_PASSWORD", "hunter2")

    rows = {row.variable: row for row in shown(load())}

    assert (rows["BATON_METRICS_PORT"].value, rows["BATON_METRICS_PORT"].origin) == (
        "9200",
        "environment",
    )
    assert rows["BATON_GROUP"].origin == "default"
    assert rows["BATON_KAFKA__SASL_PASSWORD"].value == HIDDEN
    assert rows["BATON_KAFKA__BOOTSTRAP_SERVERS"].origin == "default"
    assert all(row.description for row in rows.values())
    assert len(rows) == len(Settings.model_fields) + 1


@pytest.mark.parametrize(
    ("name", "value", "sentence"),
    [
        ("BATON_METRIC_PORT", "1", "There is no setting BATON_METRIC_PORT: did you mean"),
        ("BATON_KAFKA", "{}", "There is no setting BATON_KAFKA: 'baton settings' shows"),
        ("BATON_ZZZZZZ", "1", "There is no setting BATON_ZZZZZZ: 'baton settings' shows"),
        ("BATON_METRICS_PORT", "abc", "BATON_METRICS_PORT ('abc') cannot be used"),
        ("BATON_METRICS_PORT", "70000", "BATON_METRICS_PORT ('70000') cannot be used"),
        ("BATON_REFUSAL_RATE_MAX", "0", "BATON_REFUSAL_RATE_MAX ('0') cannot be used"),
        ("BATON_WORKER_NAME", "a b", "BATON_WORKER_NAME ('a b') cannot be used"),
        ("BATON_SCOREBOARD_PORT", "-1", "BATON_SCOREBOARD_PORT ('-1') cannot be used"),
        ("BATON_FAULT", "sent:1:laugh", "BATON_FAULT ('sent:1:laugh') cannot be used"),
        ("BATON_FAULT", "nowhere:1:kill", "BATON_FAULT ('nowhere:1:kill') cannot be used"),
        ("BATON_LOG_FORMAT", "xml", "BATON_LOG_FORMAT ('xml') cannot be used"),
        ("BATON_KAFKA__BOOTSTRAP_SERVERS", " ", "BATON_KAFKA__BOOTSTRAP_SERVERS cannot be used"),
    ],
)  # fmt: skip
def test_a_wrong_setting_is_one_sentence(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str, sentence: str
) -> None:
    monkeypatch.setenv(name, value)

    with pytest.raises(SettingsError) as caught:
        load()

    assert str(caught.value).startswith(sentence)
    assert "\n" not in str(caught.value)


def test_the_port_of_the_metrics_can_be_off(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BATON_METRICS_PORT", "off")

    settings = load()

    assert settings.metrics_port is None
    assert ("BATON_METRICS_PORT", "off") in {(one.variable, one.value) for one in shown(settings)}


def test_the_state_lies_where_the_system_keeps_state(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", "/var/state")

    assert str(load().state_dir) == "/var/state/baton"


def test_workers_of_other_topics_are_another_group_unless_it_is_said(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("BATON_TOPICS_PREFIX", "again.")
    assert load().group == "again.baton"

    monkeypatch.setenv("BATON_GROUP", "ours")
    assert load().group == "ours"


def test_the_switch_of_the_tests_is_no_wrong_setting(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BATON_REQUIRE_KAFKA", "1")

    assert load().group == "baton"


@pytest.mark.parametrize(
    "name",
    ["sasl.password", "ssl.key.password", "ssl.key.pem", "sasl.oauthbearer.client.secret",
     "sasl.oauthbearer.config", "oauth.token", "ssl_key"],
)  # fmt: skip
def test_what_must_not_be_seen_is_known_by_its_name(name: str) -> None:
    assert is_secret(name)


@pytest.mark.parametrize("name", ["bootstrap.servers", "sasl.username", "ssl.key.location"])
def test_what_may_be_seen_is_shown(name: str) -> None:
    assert not is_secret(name)


def test_neither_the_token_nor_the_password_of_the_database_is_shown(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    url = "postgresql://baton:p@ss:w@database:5432/board"
    monkeypatch.setenv("BATON_SCOREBOARD_TOKEN", "hunter2")
    monkeypatch.setenv("BATON_SCOREBOARD_DATABASE_URL", url)

    settings = load()
    rows = {row.variable: row.value for row in shown(settings)}

    assert settings.scoreboard_database_url == url
    assert settings.scoreboard_token.get_secret_value() == "hunter2"
    assert rows["BATON_SCOREBOARD_TOKEN"] == HIDDEN
    assert (
        rows["BATON_SCOREBOARD_DATABASE_URL"] == f"postgresql://baton:{HIDDEN}@database:5432/board"
    )


@pytest.mark.parametrize(
    ("url", "told"),
    [
        ("postgresql://h/b?user=x&password=p@s:w", f"postgresql://h/b?user=x&password={HIDDEN}"),
        ("postgresql://h:1/b?password=p@s&user=x", f"postgresql://h:1/b?password={HIDDEN}&user=x"),
        ("postgresql://x:p@h/b?sslpassword=q", f"postgresql://x:{HIDDEN}@h/b?sslpassword={HIDDEN}"),
    ],
)
def test_a_password_among_a_databases_parameters_is_not_shown_either(
    monkeypatch: pytest.MonkeyPatch, url: str, told: str
) -> None:
    monkeypatch.setenv("BATON_SCOREBOARD_DATABASE_URL", url)

    rows = {row.variable: row.value for row in shown(load())}

    assert rows["BATON_SCOREBOARD_DATABASE_URL"] == told


def test_the_scoreboard_keeps_its_tables_beside_the_other_state(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("BATON_STATE_DIR", "/var/lib/baton")
    monkeypatch.setenv("BATON_GROUP", "ours")

    settings = load()

    assert settings.scoreboard_database_url == "sqlite:////var/lib/baton/scoreboard.sqlite"
    assert settings.scoreboard_group == "ours-scoreboard"
