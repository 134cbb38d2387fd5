"""Computes the SHA-256 of large originals, and announces those for which one was announced.

Trigger: schedule, every minute. Emits (outbox): BlobHashed, BlobStored, BlobRejected.
"""

from __future__ import annotations

from typing import Any

from functions.blobs import bootstrap


def lambda_handler(event: dict[str, Any], context: Any) -> dict[str, int]:  # noqa: ARG001 - Lambda's signature
    return bootstrap.hashing().hash_due(lambda: float(context.get_remaining_time_in_millis()) / 1000)
