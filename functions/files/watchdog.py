"""Ends runs that made no progress in time, with a reason.

Trigger: schedule, every minute. Emits (outbox): RunAdvanced.
"""

from __future__ import annotations

from typing import Any

from functions.files.bootstrap import outboxes
from functions.files.tracking import close_overdue
from leanda.ports import SystemClock


def lambda_handler(event: dict[str, Any], context: Any) -> dict[str, int]:  # noqa: ARG001 - Lambda's signature
    _, runs = outboxes()
    return {"closed": close_overdue(runs, SystemClock())}
