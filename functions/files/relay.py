"""Publishes what a crash between write and publish left in the outboxes of `files`.

Trigger: schedule, every minute.
"""

from __future__ import annotations

from typing import Any

from functions.files.bootstrap import outboxes
from leanda.persistence.aggregates import relay


def lambda_handler(event: dict[str, Any], context: Any) -> dict[str, int]:  # noqa: ARG001 - Lambda's signature
    return {"served": relay(outboxes(), left=lambda: float(context.get_remaining_time_in_millis()) / 1000)}
