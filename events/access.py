"""The first word with a cluster: it lets us in, or one sentence says why it does not.

A client library that is refused tries again for as long as it lives, and whoever asks it something
learns of a time-out. What the refusal was is told besides, to a callback: here it is listened to,
so that a wrong password is told as one, at once.
"""

import time
from typing import Final

from confluent_kafka import KafkaError, KafkaException, TopicCollection
from confluent_kafka.admin import AdminClient, ClusterMetadata

from events.clients import Config, Properties, admin_config

ANSWER_SECONDS: Final = 15.0
_SLICE_SECONDS: Final = 0.25
_QUIET: Final = 2
"""The syslog level below which the client keeps its tries to itself."""
_FINAL: Final = frozenset(
    {
        KafkaError._AUTHENTICATION,  # noqa: SLF001 - librdkafka's own codes are named so
        KafkaError._SSL,  # noqa: SLF001 - likewise
    }
)
"""Trying again does not help."""
_NOT_ALLOWED: Final = frozenset(
    {
        KafkaError.TOPIC_AUTHORIZATION_FAILED,
        KafkaError.GROUP_AUTHORIZATION_FAILED,
        KafkaError.CLUSTER_AUTHORIZATION_FAILED,
        KafkaError.TRANSACTIONAL_ID_AUTHORIZATION_FAILED,
    }
)
"""Let in, but not to do this."""


class NoAccessError(Exception):
    """The cluster does not let us in, or cannot be reached; the text is a sentence without end."""


class DeniedError(NoAccessError):
    """It is there, and the login or the certificate is at fault."""


def admitted(properties: Properties, answer_seconds: float = ANSWER_SECONDS) -> AdminClient:
    """An admin client that the cluster has answered. Raises ``NoAccessError``."""
    heard: list[KafkaError] = []
    listening: Config = {"error_cb": heard.append}
    client = AdminClient(admin_config(properties) | _quiet(properties) | listening)
    deadline = time.monotonic() + answer_seconds
    while True:
        try:
            metadata_of(client, min(_SLICE_SECONDS, answer_seconds))
        except KafkaException as error:
            # The callback is called from here. The wait is for a client that knows at once that
            # it has no connection to ask over.
            client.poll(_SLICE_SECONDS / 5)
            denied = next((one for one in heard if one.code() in _FINAL), None)
            if denied is not None:
                raise DeniedError(_sentence(denied, properties)) from error
            if time.monotonic() > deadline:
                raise NoAccessError(
                    f"the cluster does not answer: {_last_word(heard, properties)}"
                ) from error
        else:
            return client


def metadata_of(client: AdminClient, seconds: float) -> ClusterMetadata:
    """What the cluster tells of itself. Raises ``KafkaException``."""
    return client.list_topics(timeout=seconds)


def is_hidden(client: AdminClient, topic: str, seconds: float = ANSWER_SECONDS) -> bool:
    """Whether a topic that is not in the list may be there: this user may not even ask.

    Raises ``KafkaException`` when there is no answer.
    """
    # Not by its metadata: to ask for those can make the topic.
    asked = client.describe_topics(TopicCollection([topic]), request_timeout=seconds)[topic]
    try:
        asked.result(timeout=2 * seconds)
    except KafkaException as error:
        code = error.args[0].code()
        if code == KafkaError.UNKNOWN_TOPIC_OR_PART:
            return False
        if code == KafkaError.TOPIC_AUTHORIZATION_FAILED:
            return True
        raise
    return False


def is_not_allowed(error: KafkaError) -> bool:
    """Whether the cluster's rules do not allow this user what it asked for."""
    return error.code() in _NOT_ALLOWED


def _quiet(properties: Properties) -> Config:
    """Say no to the log of each try, unless somebody asked for more of it."""
    return {} if {"debug", "log_level"} & set(properties) else {"log_level": _QUIET}


def _last_word(heard: list[KafkaError], properties: Properties) -> str:
    """The newest reason that is one; that all brokers are down says nothing."""
    down = KafkaError._ALL_BROKERS_DOWN  # noqa: SLF001 - its only name
    told = [error.str() for error in heard if error.code() != down]
    if told:
        return _without_state(told[-1])
    # That is all that is heard of a broker that expects TLS or a login and is not met with it.
    protocol = properties.get("security.protocol", "PLAINTEXT")
    where = properties["bootstrap.servers"]
    return f"{where} says nothing, or hangs up on security.protocol {protocol}"


def _sentence(error: KafkaError, properties: Properties) -> str:
    text = error.str()
    where = str(properties["bootstrap.servers"])
    if error.code() == KafkaError._SSL:  # noqa: SLF001 - its only name
        if "certificate verify failed" in text:
            trusted = properties.get("ssl.ca.location", "the authorities that this system trusts")
            return (
                f"the certificate of {where} cannot be trusted: it is not signed by {trusted}, "
                "or made out to another name"
            )
        return f"no TLS connection to {where} could be made: {_reason(text)}"
    user = properties.get("sasl.username", "")
    if "invalid credentials" in text:
        return f"the cluster at {where} does not let {user!r} in: no such user, or another password"
    return f"the cluster at {where} does not let {user!r} in: {_reason(text)}"


def _reason(text: str) -> str:
    """The reason without the address before it and the client's state behind it."""
    return _without_state(text).partition(": ")[2]


def _without_state(text: str) -> str:
    return text.partition(" (after ")[0]
