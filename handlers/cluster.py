"""What a worker has to know of the cluster before it starts: identities and partition counts."""

from typing import Final

from confluent_kafka import KafkaException, TopicCollection
from confluent_kafka.admin import ClusterMetadata

from events.access import DeniedError, NoAccessError, admitted, is_hidden, metadata_of
from events.clients import Properties, reason_of
from events.topics import Topics
from handlers.exits import Exit, Stop

ANSWER_SECONDS: Final = 15.0


class Cluster:
    """The cluster as its admin interface tells."""

    def __init__(self, properties: Properties, topics: Topics) -> None:
        try:
            self.admin = admitted(properties, ANSWER_SECONDS)
        except DeniedError as error:
            raise Stop(Exit.ERROR, f"{error}: check the BATON_KAFKA__ variables") from error
        except NoAccessError as error:
            raise Stop(Exit.ERROR, f"{error}: check BATON_KAFKA__BOOTSTRAP_SERVERS") from error
        self._topics = topics

    @property
    def id(self) -> str:
        """The cluster's id, empty where it has none."""
        told: str | None = self._list().cluster_id
        return told or ""

    def topic_id(self, name: str) -> str:
        """Return a topic's id, empty on a broker that gives none."""
        try:
            found = self.admin.describe_topics(
                TopicCollection([name]), request_timeout=ANSWER_SECONDS
            )[name].result(timeout=2 * ANSWER_SECONDS)
        except (KafkaException, TimeoutError):
            return ""
        return str(found.topic_id)

    def check_topics(self) -> int:
        """Return the partition count of ``lead.signals``; raises Stop if topics do not fit."""
        topics = self._topics
        known = self._list().topics
        one_count = (
            topics.signals,
            topics.lifecycle,
            topics.handovers,
            topics.recycles,
            topics.refusals,
            topics.state,
        )
        for name in (*one_count, topics.policies):
            if name not in known:
                raise Stop(Exit.ERROR, self._why_missing(name))
        count = len(known[topics.signals].partitions)
        for name in one_count:
            if len(known[name].partitions) != count:
                raise Stop(
                    Exit.PARTITION_COUNT,
                    f"{name} has {len(known[name].partitions)} partitions and {topics.signals} "
                    f"has {count}: they have to be the same, for what is decided about a record "
                    "goes to its partition number",
                )
        return count

    def check_count(self, expected: int) -> None:
        """Raise Stop if ``lead.signals`` has another partition count than at the start."""
        try:
            count = len(self._list().topics[self._topics.signals].partitions)
        except Stop:
            return  # A cluster that does not answer now is the next transaction's business.
        if count != expected:
            raise Stop(
                Exit.PARTITION_COUNT,
                f"{self._topics.signals} has {count} partitions now and had {expected}: leads "
                "would change partitions",
            )

    def _why_missing(self, name: str) -> str:
        try:
            if is_hidden(self.admin, name, ANSWER_SECONDS):
                return (
                    f"there is no topic {name}, or this user may not use it: "
                    "`baton acls worker` says what a worker has to be allowed"
                )
        except KafkaException as error:
            return f"there seems to be no topic {name}: {reason_of(error)}"
        return f"there is no topic {name}: run `baton topics create`"

    def _list(self) -> ClusterMetadata:
        try:
            return metadata_of(self.admin, ANSWER_SECONDS)
        except KafkaException as error:
            raise Stop(
                Exit.ERROR,
                f"the Kafka cluster does not answer ({reason_of(error)}): check "
                "BATON_KAFKA__BOOTSTRAP_SERVERS",
            ) from error
