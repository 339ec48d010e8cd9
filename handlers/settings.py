"""Every setting of Baton: its name, default, limits and reason; the one reader of the environment.

A setting comes from the environment as ``BATON_<NAME>``, or else is the default written here.
Kafka's client properties are a family of their own: ``BATON_KAFKA__<PROPERTY>``, with underscores
where the property has dots, reaches the client as it is, so that Baton needs no setting for each
way to log in to a cluster.
"""

import difflib
import os
import re
import socket
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import Field, SecretStr, ValidationError, field_validator
from pydantic.fields import FieldInfo
from pydantic_settings import (
    BaseSettings,
    EnvSettingsSource,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
)

PREFIX = "BATON_"
KAFKA_PREFIX = "BATON_KAFKA__"
BOOTSTRAP = "bootstrap.servers"
BOOTSTRAP_DEFAULT = "127.0.0.1:9092"
HIDDEN = "(hidden)"
ELSEWHERE = frozenset(
    f"BATON_REQUIRE_{name}" for name in ("CHROMIUM", "KAFKA", "POSTGRESQL", "PROMTOOL")
)
"""Names that begin like settings and belong to others: the tests' switches."""

_SECRET = re.compile(
    r"password|secret|token|jaas|credential|oauthbearer[._]config|(^|[._])key($|[._](?!location))"
)
_PASSWORD = re.compile(r"^([a-z0-9+]+://[^:/@]*:).*@")
"""What a URL tells up to its password, and the password."""
_PASSWORD_ASKED = re.compile(r"([?&]\w*password=)[^&]*", re.IGNORECASE)
"""A password among the parameters of a URL, which the database's client takes as well."""
_WORKER_NAME = r"^[A-Za-z0-9._-]{1,100}$"


class SettingsError(ValueError):
    """A setting cannot be used; its text is one sentence for the person who starts Baton."""


def _state_dir() -> Path:
    chosen = os.environ.get("XDG_STATE_HOME")
    if chosen:
        return Path(chosen) / "baton"
    try:
        return Path.home() / ".local" / "state" / "baton"
    except RuntimeError:
        # A container's user may have no home. What lies there is a cache: any place will do.
        return Path(tempfile.gettempdir()) / "baton"


class _Environment(EnvSettingsSource):
    """The environment, with the values of client properties left exactly as they were written."""

    def explode_env_vars(
        self, field_name: str, field: FieldInfo, env_vars: Mapping[str, str | None]
    ) -> dict[str, Any]:
        """Return the client properties; the stock reader would take ``1e5`` for a number."""
        if field_name != "kafka":
            return super().explode_env_vars(field_name, field, env_vars)
        start = KAFKA_PREFIX.lower()
        return {
            name[len(start) :].lower().replace("_", "."): value
            for name, value in env_vars.items()
            if name.lower().startswith(start) and value is not None
        }


class Settings(BaseSettings):
    """What an operator may choose; everything about leads is the policy's instead."""

    model_config = SettingsConfigDict(env_prefix=PREFIX, extra="forbid", frozen=True)

    kafka: dict[str, str] = Field(
        default_factory=dict,
        description="Kafka client properties, each as BATON_KAFKA__<PROPERTY>.",
        validate_default=True,
    )
    topics_prefix: str = Field(
        "",
        pattern=r"^[A-Za-z0-9._-]{0,100}$",
        description="Put before the name of every topic.",
    )
    group: str = Field(
        # One group that reads two logs would mix up their offsets, and disturb both.
        default_factory=lambda chosen: f"{chosen.get('topics_prefix', '')}baton",
        pattern=r"^[A-Za-z0-9._-]{1,105}$",
        description="Consumer group that all workers of these topics share; by default the "
        "prefix of the topics and 'baton'.",
    )
    worker_name: str = Field(
        default_factory=lambda: re.sub(r"[^A-Za-z0-9._-]", "-", socket.gethostname()) or "worker",
        pattern=_WORKER_NAME,
        description="Stable name of this worker; two workers with one name fence each other.",
    )
    static_membership: bool = Field(
        default=False,
        description="Keep this worker's place in the group, under its name, while it restarts: no "
        "partition moves. A stop then does not leave the group, so whoever stays away delays its "
        "leads until session.timeout.ms (60 s unless set) is over. For workers that are stopped to "
        "be started again under the same name.",
    )
    state_dir: Path = Field(
        default_factory=_state_dir,
        description="Directory of the local cache of leads; may be deleted while no worker runs.",
    )
    batch_messages_max: Annotated[int, Field(ge=1, le=1_000_000)] = Field(
        20_000, description="Messages in one transaction at most."
    )
    batch_bytes_max: Annotated[int, Field(ge=1_000_000, le=1_000_000_000)] = Field(
        16_000_000, description="Bytes of messages in one transaction at most."
    )
    linger_seconds: Annotated[float, Field(ge=0, le=60)] = Field(
        0.05,
        description="Least time from the beginning of one batch to that of the next: a steady "
        "trickle makes so many transactions a second and no more.",
    )
    tick_leads_max: Annotated[int, Field(ge=1, le=100_000)] = Field(
        1_000, description="Leads whose clocks one batch fires at most."
    )
    tick_interval_seconds: Annotated[float, Field(gt=0, le=3_600)] = Field(
        10, description="Least time between two ticks of a partition."
    )
    cache_leads_max: Annotated[int, Field(ge=1, le=100_000_000)] = Field(
        30_000, description="Leads kept in memory at most."
    )
    failed_max: Annotated[int, Field(ge=0)] = Field(
        10, description="Failed decisions in a minute of log time; one more stops the worker."
    )
    refusal_rate_max: Annotated[float, Field(gt=0, le=1)] = Field(
        0.5, description="Share of refused messages in a minute of log time; above it: stop."
    )
    refusal_rate_min_messages: Annotated[int, Field(ge=1)] = Field(
        1_000, description="Messages in that minute before the share counts."
    )
    refusal_bytes_max: Annotated[int, Field(ge=64_000, le=10_000_000)] = Field(
        900_000, description="Largest original that a refusal carries whole."
    )
    metrics_host: str = Field("127.0.0.1", description="Address of /metrics and /health.")
    metrics_port: Annotated[int, Field(ge=0, le=65_535)] | None = Field(
        9_108, description="Port of /metrics and /health; 0: any free one; off: none."
    )
    scoreboard_database_url: str = Field(
        default_factory=lambda chosen: (
            f"sqlite:///{Path(chosen.get('state_dir', '.')).absolute()}/scoreboard.sqlite"
        ),
        description="Where the scoreboard keeps its tables: sqlite:///PATH, or "
        "postgresql://USER:PASSWORD@HOST/DATABASE; by default a file in the state directory.",
    )
    scoreboard_group: str = Field(
        default_factory=lambda chosen: f"{chosen.get('group', 'baton')}-scoreboard",
        pattern=r"^[A-Za-z0-9._-]{1,120}$",
        description="Consumer group of the scoreboard; each database needs one of its own. By "
        "default the workers' group and '-scoreboard'.",
    )
    scoreboard_host: str = Field(
        "127.0.0.1",
        description="Address of the page; another one than loopback needs a token or a header.",
    )
    scoreboard_port: Annotated[int, Field(ge=0, le=65_535)] = Field(
        9_110, description="Port of the page, its /metrics and /health; 0: any free one."
    )
    scoreboard_token: SecretStr = Field(
        SecretStr(""),
        description="Whoever asks the page for anything has to bring it, as a bearer token.",
    )
    scoreboard_proxy_header: str = Field(
        "",
        pattern=r"^(|[A-Za-z0-9-]{1,100})$",
        description="Header in which a reverse proxy names whom it has let in, such as "
        "X-Forwarded-User; nobody but the proxy may reach the page then.",
    )
    scoreboard_batch_facts_max: Annotated[int, Field(ge=1, le=100_000)] = Field(
        4_000, description="Facts in one transaction of the scoreboard's database at most."
    )
    scoreboard_linger_seconds: Annotated[float, Field(gt=0, le=60)] = Field(
        0.2, description="How long such a batch waits for more facts."
    )
    scoreboard_lock_seconds: Annotated[float, Field(ge=0, le=3_600)] = Field(
        30, description="How long a scoreboard waits for another one to leave the database."
    )
    fault: str = Field(
        "",
        pattern=r"^(|[a-z]+:[1-9][0-9]*:[a-z]+)$",
        description="For tests alone: point:count:act, where a worker disturbs itself once.",
    )
    log_format: Literal["auto", "text", "json"] = Field(
        "auto", description="text or json lines; auto: text on a terminal, json otherwise."
    )
    log_level: Literal["debug", "info", "warning", "error"] = Field(
        "info", description="Least severity of what is logged."
    )

    @field_validator("metrics_port", mode="before")
    @classmethod
    def _or_off(cls, port: object) -> object:
        return None if isinstance(port, str) and port.strip().lower() == "off" else port

    @field_validator("fault")
    @classmethod
    def _at_a_point_there_is(cls, told: str) -> str:
        if told:
            # The worker alone needs it, and the client library that it brings along.
            from handlers.faults import reaching  # noqa: PLC0415

            reaching(told)
        return told

    @field_validator("kafka")
    @classmethod
    def _with_bootstrap(cls, properties: dict[str, str]) -> dict[str, str]:
        if properties.get(BOOTSTRAP, BOOTSTRAP_DEFAULT).strip() == "":
            message = "names no broker; a host and port like 127.0.0.1:9092 would be right"
            raise ValueError(message)
        return {BOOTSTRAP: BOOTSTRAP_DEFAULT} | properties

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,  # noqa: ARG003 - replaced by our own reader
        dotenv_settings: PydanticBaseSettingsSource,  # noqa: ARG003 - no hidden file decides
        file_secret_settings: PydanticBaseSettingsSource,  # noqa: ARG003 - likewise
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Return arguments and environment, in this order: nothing else has a say."""
        return init_settings, _Environment(settings_cls)


@dataclass(frozen=True, slots=True)
class Shown:
    """One setting as ``baton settings`` shows it."""

    variable: str
    value: str
    origin: str
    """``environment`` or ``default``"""
    description: str


def load(**chosen: object) -> Settings:
    """Return the settings of this process; ``chosen`` ones (a command's options) win.

    Raises SettingsError with one sentence a person can act on.
    """
    _refuse_unknown_names(os.environ)
    try:
        return Settings(**chosen)  # type: ignore[arg-type]  # pydantic checks
    except ValidationError as error:
        raise SettingsError(_sentence(error)) from error


def shown(settings: Settings) -> list[Shown]:
    """Return every setting with its value and where it came from; secrets are hidden."""
    rows = [_shown_property(name, value) for name, value in sorted(settings.kafka.items())]
    for name, field in Settings.model_fields.items():
        if name == "kafka":
            continue
        variable = PREFIX + name.upper()
        value = _told(getattr(settings, name))
        rows.append(Shown(variable, value, _origin(variable), field.description or ""))
    return rows


def is_secret(name: str) -> bool:
    """Say whether a setting or client property of this name must not be shown."""
    return _SECRET.search(name.lower()) is not None


def _shown_property(name: str, value: str) -> Shown:
    variable = KAFKA_PREFIX + name.upper().replace(".", "_")
    return Shown(
        variable,
        HIDDEN if is_secret(name) else value,
        _origin(variable),
        f"Kafka client property {name}.",
    )


def _told(value: object) -> str:
    if value is None:
        return "off"
    if isinstance(value, SecretStr):
        return HIDDEN if value.get_secret_value() else ""
    return _PASSWORD.sub(rf"\1{HIDDEN}@", _PASSWORD_ASKED.sub(rf"\1{HIDDEN}", str(value)))


def _origin(variable: str) -> str:
    names = {name.upper() for name in os.environ}
    return "environment" if variable in names else "default"


def _refuse_unknown_names(environment: Mapping[str, str]) -> None:
    known = [PREFIX + name.upper() for name in Settings.model_fields if name != "kafka"]
    known.append(KAFKA_PREFIX + "BOOTSTRAP_SERVERS")
    for name in sorted(environment):
        upper = name.upper()
        if not upper.startswith(PREFIX) or upper in known or upper in ELSEWHERE:
            continue
        if upper.startswith(KAFKA_PREFIX) and len(upper) > len(KAFKA_PREFIX):
            continue
        # Nobody means the tests' switch.
        meant = [one for one in known if one != PREFIX + "FAULT"]
        close = difflib.get_close_matches(upper, meant, n=1, cutoff=0.6)
        hint = f"did you mean {close[0]}?" if close else "'baton settings' shows what there is."
        message = f"There is no setting {name}: {hint}"
        raise SettingsError(message)


def _sentence(error: ValidationError) -> str:
    first = error.errors(include_url=False)[0]
    path = [str(part) for part in first["loc"]]
    variable = PREFIX + "__".join(part.upper().replace(".", "_") for part in path)
    if path == ["kafka"]:
        variable = KAFKA_PREFIX + "BOOTSTRAP_SERVERS"
    reason = first["msg"].removeprefix("Value error, ")
    reason = reason[:1].lower() + reason[1:]
    hidden = is_secret(variable) or path[0] == "kafka"
    given = "" if hidden else f" ({_told(first['input'])!r})"
    return f"{variable}{given} cannot be used: {reason}."
