"""Receives what S3 tells of new objects.

Trigger: SQS queue fed by S3 (ObjectCreated below `uploads/` and `inbox/`). Emits (outbox): BlobStored, BlobRejected.
"""

from __future__ import annotations

from typing import Any
from urllib.parse import unquote_plus

from functions.blobs.bootstrap import receiving
from leanda.messaging.queue import queue_handler


def _receive(body: dict[str, Any]) -> None:
    for record in body.get("Records", []):  # absent in the test event that S3 sends when the notification is set up
        found = record["s3"]["object"]
        key = unquote_plus(found["key"])
        receiving().receive(key, found.get("versionId") or "null", found.get("sequencer", "0"))


lambda_handler = queue_handler(_receive)
