"""Kafka: producer, consumer loop, outbox, dead letters."""

from leanda.messaging.consumer import Budget, Consumer, Group, Received
from leanda.messaging.handler import kafka_handler
from leanda.messaging.portions import portions

__all__ = ["Budget", "Consumer", "Group", "Received", "kafka_handler", "portions"]
