"""Apache Kafka in KRaft mode on this machine, from its own jars: for tests and for trying things.

``python -m deploy.kafka up`` starts one that stays; ``Kafka`` is one that ends with its process.
It needs Java 17 and, once, Maven.
"""

from deploy.kafka.broker import Kafka
from deploy.kafka.jars import JarsError, missing
from deploy.kafka.node import KafkaError
from deploy.kafka.security import Security

__all__ = ["JarsError", "Kafka", "KafkaError", "Security", "missing"]
