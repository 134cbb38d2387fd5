"""Removes records and artefacts of runs that were replaced, or failed beside good results, thirty days after that.

Trigger: schedule, every hour. Emits: nothing. Metrics: RunsRetired.
"""

from __future__ import annotations

from typing import Any

from functions.files import bootstrap
from leanda.metrics import EmfMeter


def lambda_handler(event: dict[str, Any], context: Any) -> dict[str, int]:  # noqa: ARG001 - Lambda's signature
    done = bootstrap.tidying().tidy(lambda: float(context.get_remaining_time_in_millis()) / 1000)
    EmfMeter("files").measure({"RunsRetired": done["retired"]})
    return done
