"""Keeps every dead letter, whatever it looks like.

Trigger: SQS, the dead-letter queue of every function, and the queue to which S3 announces failure objects of mappings.
Emits (outbox): DeadLettered.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from functions.deadletters.bootstrap import collecting
from functions.deadletters.reading import QueueMessage


def lambda_handler(event: dict[str, Any], context: Any) -> dict[str, Any]:  # noqa: ARG001 - Lambda's signature
    kept_not = collecting().collect(_message(record) for record in event["Records"])
    return {"batchItemFailures": [{"itemIdentifier": message_id} for message_id in kept_not]}


def _message(record: dict[str, Any]) -> QueueMessage:
    sent = int(record["attributes"]["SentTimestamp"]) / 1000
    queue = record["eventSourceARN"].rpartition(":")[2]
    return QueueMessage(record["messageId"], queue, record["body"], datetime.fromtimestamp(sent, UTC))
