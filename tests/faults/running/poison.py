"""Events that nobody can handle, for tests and measurements among good ones."""

from __future__ import annotations

import json
import uuid

from cdk.contexts import CONTEXTS
from cdk.contexts.table import Consumer
from leanda.contracts.topics import RECORD_EVENTS
from tests.topics import Topics
from tools.generate.lambda_events import fitting

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


def poison_everyone(topics: Topics) -> set[tuple[str, str]]:
    """For each function that reads a topic an event that it is given and cannot handle.

    Returns: the event and the short name of each function that is given it, which may be several.
    """
    rows = [row for context in CONTEXTS for _, row in context.functions() if isinstance(row, Consumer)]
    letters = set[tuple[str, str]]()
    for row in rows:
        event = fitting(row)[0]
        asked = {name for pattern in row.filters for name in pattern["value"].get("data", {})}  # type: ignore[attr-defined]
        data = {name: event.data[name] for name in asked if name in event.data} | {"fileId": str(uuid.uuid4())}
        poison = event.model_copy(update={"id": f"poison-{uuid.uuid4()}", "data": data})
        topics.produce(row.topic.name, poison.to_bytes(), key=poison.id)
        letters |= {(poison.id, reader) for reader in topics.readers(row.topic.name, poison.to_bytes())}
    missing = topics.consumers() - {reader for _, reader in letters}
    assert not missing, f"nothing poisons {missing}"
    return letters
