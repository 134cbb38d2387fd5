"""Compares the index with the store, tells what differs, and repairs it; removes old tombstones and replaced indices.

Trigger: schedule, every ten minutes, a piece of the round at a time; an operator's invocation (`leanda index reconcile`).
Orders: `functions.search.orders.ReconcileOrder`. Emits: metrics `IndexDrift`, `IndexBeyondRepair`, `NodesCompared`.
"""

from __future__ import annotations

from typing import Any

from functions.search import bootstrap
from functions.search.orders import ReconcileOrder, reconcile

RESERVE_SECONDS = 45.0
"""A page may begin with this much left."""


def lambda_handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    remaining = context.get_remaining_time_in_millis() / 1000 - RESERVE_SECONDS
    return reconcile(ReconcileOrder.model_validate(event), remaining, bootstrap.reconciler())
