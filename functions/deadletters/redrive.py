"""Delivers letters again: those that operators asked for, and those of purely transient failures.

Trigger: schedule, every minute; and the dead-letter API, right after a request. Emits (outbox): Redriven, DeadLettered.
Metric: OldestLetterSeconds, of the letter that waits longest for somebody or for its next delivery.
"""

from __future__ import annotations

from typing import Any

from functions.deadletters.bootstrap import redriving
from leanda.metrics import EmfMeter


def lambda_handler(event: dict[str, Any], context: Any) -> dict[str, int]:  # noqa: ARG001 - Lambda's signature
    redriver = redriving()
    counts = redriver.redrive_due(lambda: float(context.get_remaining_time_in_millis()) / 1000)
    EmfMeter("deadletters").measure({"OldestLetterSeconds": redriver.oldest_seconds()})
    return counts
