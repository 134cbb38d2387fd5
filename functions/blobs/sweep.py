"""Looks after uploads that are overdue: lost notifications are made good, the rest expires.

Trigger: schedule, every five minutes. Emits (outbox): BlobStored, BlobRejected, UploadExpired.
"""

from __future__ import annotations

from typing import Any

from functions.blobs.bootstrap import sweeping


def lambda_handler(event: dict[str, Any], context: Any) -> dict[str, int]:  # noqa: ARG001 - Lambda's signature
    return sweeping().sweep()
