"""The decorated entry point of a Kafka consumer: everything is built on the first call, nothing at import."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any

from leanda.messaging.consumer import Consumer


def kafka_handler(build: Callable[[], Consumer]) -> Callable[[dict[str, Any], Any], dict[str, Any]]:
    """A Lambda handler around the consumer that `build` makes."""
    consumer = cache(build)

    def lambda_handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
        def remaining() -> float:
            return float(context.get_remaining_time_in_millis()) / 1000 if context else float("inf")

        return consumer().consume(event, remaining)

    return lambda_handler
