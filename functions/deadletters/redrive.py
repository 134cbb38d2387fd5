"""Delivers letters again: those that operators asked for, and those of purely transient failures.

Trigger: schedule, every minute; and the dead-letter API, right after a request. Emits (outbox): Redriven, DeadLettered.
"""

from __future__ import annotations

from typing import Any

from functions.deadletters.bootstrap import redriving


def lambda_handler(event: dict[str, Any], context: Any) -> dict[str, int]:  # noqa: ARG001 - Lambda's signature
    return redriving().redrive_due(lambda: float(context.get_remaining_time_in_millis()) / 1000)
