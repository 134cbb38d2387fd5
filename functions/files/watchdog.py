"""Helps runs on that make no progress, or ends them with a reason; says again what nobody found, heard or answered.

Trigger: schedule, every minute. Emits (outbox): RunAdvanced, FileStatusChanged; and again UploadRequested, MemberRequested,
FileCreated, FileReprocessRequested, ParseChunk, ContinuePlan and RecordsStored. Metrics: RunsRepeated, RunsClosed,
RunsAnnounced, RunsTold, RunsAsked (files whose bytes were asked for again), RunsFailed (looks that failed).
"""

from __future__ import annotations

from typing import Any

from functions.files import bootstrap
from leanda.metrics import EmfMeter


def lambda_handler(event: dict[str, Any], context: Any) -> dict[str, int]:  # noqa: ARG001 - Lambda's signature
    counts = bootstrap.watchdog().look_after(lambda: float(context.get_remaining_time_in_millis()) / 1000)
    EmfMeter("files").measure({f"Runs{name.capitalize()}": count for name, count in counts.items()})
    return counts
