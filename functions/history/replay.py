"""Gives events of the log to one consumer again; without `deliver` it only counts them.

Trigger: an operator's invocation with a `ReplayOrder` as JSON. Emits: nothing itself.
"""

from __future__ import annotations

from typing import Any

from functions.history.bootstrap import replaying
from functions.history.replaying import ReplayOrder


def lambda_handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    def remaining() -> float:
        return float(context.get_remaining_time_in_millis()) / 1000

    return replaying().replay(ReplayOrder.model_validate(event), remaining)
