"""Gives events of the log to one consumer again, as operators have ordered through the history API.

Trigger: schedule, every minute; and the history API, right after an order. Emits: nothing itself.
"""

from __future__ import annotations

from typing import Any

from functions.history import bootstrap


def lambda_handler(event: dict[str, Any], context: Any) -> dict[str, int]:  # noqa: ARG001 - Lambda's signature
    return bootstrap.replay_work().work(lambda: float(context.get_remaining_time_in_millis()) / 1000)
