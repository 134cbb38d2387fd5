"""Events that nobody can handle, for tests and measurements among good ones."""

from __future__ import annotations

import json
import uuid

from leanda.contracts.topics import RECORD_EVENTS
from tests.topics import Topics

CONSUMERS = {"processor-on-record-events", "files-on-record-events", "search-on-record-events", "history-on-events"}
"""All that read this poison: each gives it up for itself."""
EVENTS_OF_A_FILE = 12
"""At least so many events follow from one small file; one poison for each hundred events is one per cent."""


def publish_poison(topics: Topics, *, partition: int | None = None) -> str:
    """An event with a body that does not fit its type; returns its id."""
    event = {
        "specversion": "1.0",
        "id": f"poison-{uuid.uuid4()}",
        "type": "leanda.parsers.records.parsed.v1",
        "source": "tests",
        "subject": "poison",
        "time": "2026-01-01T00:00:00Z",
        "datacontenttype": "application/json",
        "data": {"fileId": str(uuid.uuid4()), "run": 1, "chunk": 0, "counts": "poison"},
    }
    topics.produce(RECORD_EVENTS.name, json.dumps(event).encode(), key=event["id"], partition=partition)
    return str(event["id"])
