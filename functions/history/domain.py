"""An entry of the log: an event exactly as it came, and where it was read. Pure."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from leanda.contracts.envelope import Event


@dataclass(frozen=True, slots=True)
class Entry:
    """One event.

    Attributes:
        id: the event's id; a repetition has the same.
        file_id, user_id: whom it concerns; None where it concerns no file, or nobody is known.
        body: the Kafka value as text, untouched.
    """

    id: str
    type: str
    time: datetime
    file_id: str | None
    user_id: str | None
    topic: str
    partition: int
    offset: int
    key: str
    correlation_id: str
    causation_id: str
    sequence: str
    hops: int
    body: str

    @property
    def data(self) -> dict[str, Any]:
        """The event's body as it was written."""
        found: dict[str, Any] = json.loads(self.body)["data"]
        return found


def entry_of(event: Event, *, topic: str, partition: int, offset: int, body: str, key: str = "") -> Entry:
    """The entry of an event that was read at a place.

    Folders are nodes as files are: their events carry their id as `fileId`.
    """
    return Entry(
        id=event.id,
        type=event.type,
        time=event.time,
        file_id=_text(event.data.get("fileId")),
        user_id=_text(event.data.get("userId")) or event.userid,
        topic=topic,
        partition=partition,
        offset=offset,
        key=key,
        correlation_id=event.correlationid,
        causation_id=event.causationid,
        sequence=event.sequence,
        hops=event.hops,
        body=body,
    )


def _text(value: object) -> str | None:
    return value if isinstance(value, str) and value else None
