"""Helps runs on that make no progress, or ends them with a reason; says again what cannot be found, or what a file did not hear.

Trigger: schedule, every minute. Emits (outbox): RunAdvanced; and again FileCreated, FileReprocessRequested, ParseChunk,
ContinuePlan and RecordsStored. Metrics: RunsRepeated, RunsClosed, RunsAnnounced, RunsTold, RunsFailed (looks that failed).
"""

from __future__ import annotations

from typing import Any

from functions.files import bootstrap
from leanda.metrics import EmfMeter


def lambda_handler(event: dict[str, Any], context: Any) -> dict[str, int]:  # noqa: ARG001 - Lambda's signature
    counts = bootstrap.watchdog().look_after(lambda: float(context.get_remaining_time_in_millis()) / 1000)
    EmfMeter("files").measure({f"Runs{name.capitalize()}": count for name, count in counts.items()})
    return counts
