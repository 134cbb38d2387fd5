"""The Kafka producer: finished only when the broker confirmed.

Idempotent producer, `acks=all`: a retry inside librdkafka neither doubles nor reorders messages of a partition.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Sequence
from typing import Any

from confluent_kafka import KafkaError, KafkaException, Producer

from leanda.errors import Unavailable
from leanda.messaging.auth import client_config
from leanda.ports import Message


class KafkaPublisher:
    """Publishes in order and waits. One instance per sandbox; the connection is made on first use."""

    def __init__(self, bootstrap: str, auth: str, *, config: dict[str, Any] | None = None) -> None:
        self._config = {
            **client_config(bootstrap, auth),
            "enable.idempotence": True,
            "acks": "all",
            "compression.type": "lz4",
            "linger.ms": 0,
            "message.max.bytes": 1_000_000,
            "delivery.timeout.ms": 30_000,
            "socket.keepalive.enable": True,
            **(config or {}),
        }
        self._producer: Producer | None = None
        self._lock = threading.Lock()

    def publish(self, messages: Sequence[Message], *, timeout: float) -> None:
        """See `leanda.ports.Publisher`. After a timeout the queue is purged, so that nothing goes out behind our back
        while the caller already answered; the outbox still holds the entries and the relay sends them again."""
        if not messages:
            return
        with self._lock:
            producer = self._producer or self._connect()
            failures: list[KafkaError] = []
            left = len(messages)

            def confirmed(error: KafkaError | None, _: object) -> None:
                nonlocal left
                left -= 1
                if error is not None:
                    failures.append(error)

            try:
                for message in messages:
                    producer.produce(
                        message.topic,
                        key=message.key.encode(),
                        value=message.body,
                        on_delivery=confirmed,
                        headers={"content-type": b"application/cloudevents+json"},
                    )
            except (BufferError, KafkaException) as error:
                self._discard(producer)
                raise Unavailable(detail=f"Kafka: {error}") from error
            deadline = time.monotonic() + timeout
            while left and (remaining := deadline - time.monotonic()) > 0:
                producer.poll(remaining)
            if left or failures:
                self._discard(producer)
                raise Unavailable(detail=f"Kafka: {left} unconfirmed, {[str(failure) for failure in failures[:3]]}")

    def _connect(self) -> Producer:
        self._producer = Producer(self._config)
        return self._producer

    def _discard(self, producer: Producer) -> None:
        # A purged idempotent producer has a gap in its sequence; a fresh one is cheaper than reasoning about it.
        producer.purge()
        producer.poll(0)
        self._producer = None
