"""Finds objects that S3 did not tell of, ends uploads whose time is over, tells again what `files` did not take up.

Trigger: schedule, every five minutes. Emits (outbox): BlobStored, BlobRejected, UploadExpired.
"""

from __future__ import annotations

from typing import Any

from functions.blobs import bootstrap


def lambda_handler(event: dict[str, Any], context: Any) -> dict[str, int]:  # noqa: ARG001 - Lambda's signature
    return bootstrap.sweeping().sweep(lambda: float(context.get_remaining_time_in_millis()) / 1000)
