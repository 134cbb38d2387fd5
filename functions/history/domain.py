"""An entry of the log: an event exactly as it came, and where it was read. Pure."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Final

from leanda.contracts.envelope import Event
from leanda.contracts.registry import REGISTRY

ERASED: Final = "(erased)"
_WORDS: Final = frozenset({"name", "inboxPath", "message"})
"""What people wrote: of files and folders nothing else is in events (the envelope forbids it), but messages may quote it."""
_DROPPED: Final = frozenset({"detail"})
"""Technical details may quote a file's content."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One event.

    Attributes:
        id: the event's id; a repetition has the same.
        file_id, user_id: whom it concerns; None where it concerns no file, or nobody is known.
        body: the Kafka value as text, untouched; or, if `redacted`, without what people wrote and who did it.
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
    redacted: bool = False

    @property
    def data(self) -> dict[str, Any]:
        """The event's body as it was written."""
        found: dict[str, Any] = json.loads(self.body)["data"]
        return found


def known_types(types: Sequence[str]) -> Sequence[str]:
    """The types as they are.

    Raises:
        ValueError: nothing in the log can be of one of them.
    """
    if unknown := [name for name in types if name not in REGISTRY]:
        raise ValueError(f"there is no event type {unknown[0]}")
    return types


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


def redacted(entry: Entry) -> Entry:
    """An entry without names, paths, messages, details and the user. It stays a valid event, and says the same of states."""
    envelope = json.loads(entry.body)
    envelope.pop("userid", None)
    envelope["data"] = _without_words(envelope["data"])
    body = json.dumps(envelope, ensure_ascii=False, separators=(",", ":"))
    return replace(entry, user_id=None, body=body, redacted=True)


def _without_words(value: Any) -> Any:
    if isinstance(value, list):
        return [_without_words(one) for one in value]
    if not isinstance(value, dict):
        return value
    kept = {name: _without_words(inner) for name, inner in value.items() if name not in _DROPPED}
    return kept | {name: ERASED for name in _WORDS & kept.keys() if kept[name] is not None}


def _text(value: object) -> str | None:
    return value if isinstance(value, str) and value else None
