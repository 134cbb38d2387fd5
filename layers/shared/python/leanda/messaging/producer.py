"""The Kafka producer: finished only when the broker confirmed.

Idempotent producer, `acks=all`: a retry inside librdkafka neither doubles nor reorders messages of a partition.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Sequence
from typing import Any, Final

from confluent_kafka import KafkaError, KafkaException, Producer

from leanda.errors import Unavailable
from leanda.messaging.auth import client_config
from leanda.ports import Message

CONNECT_SECONDS: Final = 1.5
"""What the first publish may take longer. librdkafka asks for an idempotent producer's id half a second after its creation
(measured: 502 ms, against 2 ms without idempotence), so a request in a new sandbox would always leave its event to the relay."""


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
        """See `leanda.ports.Publisher`. After a timeout what has not left yet is purged, so that nothing goes out behind the
        back of a caller who answered already; the outbox still holds the entries and the relay sends them again."""
        if not messages:
            return
        with self._lock:
            timeout += 0 if self._producer else CONNECT_SECONDS
            producer = self._producer or self._connect()
            waiting = _Waiting(len(messages))
            try:
                for message in messages:
                    producer.produce(
                        message.topic,
                        key=message.key.encode(),
                        value=message.body,
                        on_delivery=waiting.confirm,
                        headers={"content-type": b"application/cloudevents+json"},
                    )
                deadline = time.monotonic() + timeout
                while waiting.left and (remaining := deadline - time.monotonic()) > 0:
                    producer.poll(remaining)
            except (BufferError, KafkaException) as error:
                self._producer = None  # a fatal error (an epoch that is fenced) ends this producer
                raise Unavailable(detail=f"Kafka: {error}") from error
            if waiting.left or waiting.failures:
                # In-flight messages keep their sequence numbers and may still arrive: their ids make that harmless.
                producer.purge(in_queue=True, in_flight=False, blocking=False)
                if any(failure.fatal() for failure in waiting.failures):
                    self._producer = None
                reasons = [str(failure) for failure in waiting.failures[:3]]
                raise Unavailable(detail=f"Kafka: {waiting.left} unconfirmed {reasons}")

    def _connect(self) -> Producer:
        self._producer = Producer(self._config)
        return self._producer


class _Waiting:
    """Counts confirmations of one call; late ones of an earlier call find their own counter."""

    def __init__(self, count: int) -> None:
        self.left = count
        self.failures: list[KafkaError] = []

    def confirm(self, error: KafkaError | None, _: object) -> None:
        self.left -= 1
        if error is not None:
            self.failures.append(error)
