"""The object that Lambda puts into an S3 on-failure destination (Lambda guide, kafka-on-failure)."""

import json
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from local.poller.delivery import Discard
from local.poller.event import Record, encode_event
from local.poller.mapping import KafkaMapping

PutFailure = Callable[[str, str, bytes], None]
"""Bucket, key and body; raises when the object was not stored."""


@dataclass(frozen=True)
class FailureObject:
    key: str
    body: bytes


def failure_object(
    mapping: KafkaMapping, discard: Discard, *, bootstrap_servers: str, at: datetime, unique: uuid.UUID
) -> FailureObject:
    """The failure object of one discarded part: what the function did, where the records lie, and the whole event.

    The key follows the layout that AWS documents for Kinesis
    (`aws/lambda/<mapping>/<shard>/YYYY/MM/DD/YYYY-MM-DDTHH.MM.SS-<uuid>`) with the first topic partition as the shard;
    for Kafka none is documented, so readers must not parse it.
    """
    event = encode_event(
        discard.records, event_source_arn=mapping.event_source_arn, bootstrap_servers=bootstrap_servers
    )
    body = {
        "requestContext": {
            "requestId": (discard.answer.request_id if discard.answer else "") or str(unique),
            "functionArn": mapping.function_arn or mapping.function_name,
            "condition": str(discard.condition),
            "approximateInvokeCount": discard.invocations,
        },
        "responseContext": _response_context(discard),
        "version": "1.0",
        "timestamp": _iso(at),
        "KafkaBatchInfo": {
            "batchSize": len(discard.records),
            "eventSourceArn": mapping.event_source_arn,
            "bootstrapServers": bootstrap_servers,
            "payloadSize": len(event),
            "recordsInfo": _records_info(discard.records),
        },
        "payload": event.decode(),
    }
    utc = at.astimezone(UTC)
    shard = discard.records[0].topic_partition
    key = f"aws/lambda/{mapping.uuid}/{shard}/{utc:%Y/%m/%d}/{utc:%Y-%m-%dT%H.%M.%S}-{unique}"
    return FailureObject(key, json.dumps(body).encode())


def _response_context(discard: Discard) -> dict[str, Any] | None:
    if discard.answer is None:
        return None
    return {
        "statusCode": discard.answer.status,
        "executedVersion": discard.answer.executed_version,
        "functionError": discard.answer.function_error,
    }


def _records_info(records: tuple[Record, ...]) -> dict[str, dict[str, str]]:
    partitions: dict[str, list[Record]] = {}
    for record in records:
        partitions.setdefault(record.topic_partition, []).append(record)
    return {
        name: {
            "firstRecordOffset": str(of_partition[0].offset),
            "lastRecordOffset": str(of_partition[-1].offset),
            "firstRecordTimestamp": _iso(_time_of(of_partition[0])),
            "lastRecordTimestamp": _iso(_time_of(of_partition[-1])),
        }
        for name, of_partition in partitions.items()
    }


def _time_of(record: Record) -> datetime:
    return datetime.fromtimestamp(max(record.timestamp, 0) / 1000, UTC)


def _iso(at: datetime) -> str:
    return at.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
