"""The four topics: partitions, retention, writers and readers. Created by `functions/platform/topics.py`; roles follow from it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

DAY_MS: Final = 24 * 3600 * 1000


@dataclass(frozen=True)
class Topic:
    """A Kafka topic. `writers` and `readers` are contexts; nobody else is granted access."""

    name: str
    partitions: int
    retention_ms: int
    key: str
    writers: tuple[str, ...]
    readers: tuple[str, ...]


FILE_EVENTS: Final = Topic(
    "file-events", 6, 14 * DAY_MS, "file id", ("files", "blobs"), ("files", "blobs", "parsers", "search", "history")
)
RECORD_EVENTS: Final = Topic(
    "record-events",
    12,
    14 * DAY_MS,
    "fileId:chunk, fileId:plan",
    ("parsers", "processor", "files", "search", "deadletters"),
    ("processor", "files", "search", "history"),
)
PARSER_TASKS: Final = Topic(
    "parser-tasks", 12, 14 * DAY_MS, "fileId:chunk", ("parsers", "files"), ("parsers", "history")
)
USER_EVENTS: Final = Topic("user-events", 2, 14 * DAY_MS, "user id", ("users",), ("history",))

TOPICS: Final = (FILE_EVENTS, RECORD_EVENTS, PARSER_TASKS, USER_EVENTS)
