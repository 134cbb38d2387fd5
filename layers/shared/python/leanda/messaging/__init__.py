"""Kafka: producer, consumer loop, outbox, dead letters."""

from leanda.messaging.consumer import Consumer, Group, Received
from leanda.messaging.handler import kafka_handler

__all__ = ["Consumer", "Group", "Received", "kafka_handler"]
