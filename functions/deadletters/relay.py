"""Publishes what a crash between write and publish left in the outbox of `deadletters`.

Trigger: schedule, every minute.
"""

from __future__ import annotations

from typing import Any

from functions.deadletters.bootstrap import outbox
from leanda.persistence.aggregates import relay


def lambda_handler(event: dict[str, Any], context: Any) -> dict[str, int]:  # noqa: ARG001 - Lambda's signature
    return {"served": relay([outbox()], left=lambda: float(context.get_remaining_time_in_millis()) / 1000)}
