"""The event that Lambda hands to a function for Amazon MSK (Lambda guide, with-msk)."""

import base64
import json
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

PAYLOAD_LIMIT = 6 * 1024 * 1024
"""Bytes of one synchronous invocation (Lambda quotas)."""


@dataclass(frozen=True)
class Record:
    """One Kafka record; `timestamp` is in milliseconds, -1 when the record has none."""

    topic: str
    partition: int
    offset: int
    timestamp: int = -1
    timestamp_type: str = "CREATE_TIME"
    key: bytes | None = None
    value: bytes | None = None
    headers: tuple[tuple[str, bytes | None], ...] = ()

    @property
    def topic_partition(self) -> str:
        """The name under which events and partial-batch responses know the partition."""
        return f"{self.topic}-{self.partition}"

    @cached_property
    def encoded(self) -> str:
        """The record as it stands in the event; kept, because retries send it again."""
        return json.dumps(_as_dict(self), separators=(",", ":"))

    @property
    def event_bytes(self) -> int:
        """The most that this record adds to an event: itself, a comma and the head of its partition's list."""
        return len(self.encoded) + len(json.dumps(self.topic_partition)) + 5


def encode_event(records: Sequence[Record], *, event_source_arn: str, bootstrap_servers: str) -> bytes:
    """The event with these records, grouped by topic partition in the order they are given."""
    partitions: dict[str, list[str]] = {}
    for record in records:
        partitions.setdefault(record.topic_partition, []).append(record.encoded)
    lists = ",".join(f"{json.dumps(name)}:[{','.join(encoded)}]" for name, encoded in partitions.items())
    head = {"eventSource": "aws:kafka", "eventSourceArn": event_source_arn, "bootstrapServers": bootstrap_servers}
    return f'{json.dumps(head, separators=(",", ":"))[:-1]},"records":{{{lists}}}}}'.encode()


def _as_dict(record: Record) -> dict[str, Any]:
    fields: dict[str, Any] = {
        "topic": record.topic,
        "partition": record.partition,
        "offset": record.offset,
        "timestamp": record.timestamp,
        "timestampType": record.timestamp_type,
    }
    if record.key is not None:
        fields["key"] = base64.b64encode(record.key).decode()
    if record.value is not None:
        fields["value"] = base64.b64encode(record.value).decode()
    fields["headers"] = [{name: _signed(value or b"")} for name, value in record.headers]
    return fields


def _signed(value: bytes) -> list[int]:
    """Header bytes are Java bytes, -128 to 127."""
    return [byte - 256 if byte > 127 else byte for byte in value]
