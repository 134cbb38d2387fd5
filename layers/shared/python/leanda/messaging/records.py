"""The MSK-shaped Lambda event, and the partial-batch response. Source: AWS Lambda developer guide, pages "Amazon MSK" and
"Configuring retries for Kafka event sources"."""

from __future__ import annotations

import base64
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class KafkaRecord:
    """One record; a tombstone has an empty value, a record without a key the empty key."""

    topic: str
    partition: int
    offset: int
    key: str
    value: bytes

    @property
    def place(self) -> tuple[str, int]:
        return self.topic, self.partition

    def text(self) -> tuple[str, str]:
        """The value as text and how it is encoded: `utf-8` or `base64`."""
        try:
            return self.value.decode(), "utf-8"
        except UnicodeDecodeError:
            return base64.b64encode(self.value).decode(), "base64"


def records_of(event: dict[str, Any]) -> list[KafkaRecord]:
    """All records of an invocation, each partition in offset order."""
    found = [
        KafkaRecord(
            topic=record["topic"],
            partition=int(record["partition"]),
            offset=int(record["offset"]),
            key=base64.b64decode(record.get("key") or "").decode("utf-8", "replace"),
            value=base64.b64decode(record.get("value") or ""),
        )
        for records in event.get("records", {}).values()
        for record in records
    ]
    return sorted(found, key=lambda record: (record.topic, record.partition, record.offset))


def failures_response(failed: Iterable[KafkaRecord]) -> dict[str, Any]:
    """`batchItemFailures`: the poller resumes each partition at its lowest failed offset."""
    lowest: dict[tuple[str, int], int] = {}
    for record in failed:
        lowest[record.place] = min(record.offset, lowest.get(record.place, record.offset))
    return {
        "batchItemFailures": [
            {"itemIdentifier": {"partition": f"{topic}-{partition}", "offset": offset}}
            for (topic, partition), offset in sorted(lowest.items())
        ]
    }
