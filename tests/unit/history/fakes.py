"""The ports of `history` in memory."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime

from functions.history.domain import Entry
from functions.history.ports import EventFilter, NodeAuthority, Selection
from leanda.errors import Unavailable


class FakeEventLog:
    def __init__(self) -> None:
        self.entries: dict[str, Entry] = {}
        self.gone: set[str] = set()
        self.down = False

    def append(self, entries: Sequence[Entry]) -> None:
        if self.down:
            raise Unavailable(detail="the fake store is down")
        for entry in entries:
            self.entries.setdefault(entry.id, entry)

    def page(self, wanted: EventFilter, *, after: tuple[datetime, str] | None, limit: int) -> list[Entry]:
        found = [
            entry
            for entry in self.entries.values()
            if (entry.file_id == wanted.file_id if wanted.file_id else entry.user_id == wanted.user_id)
            and (not wanted.types or entry.type in wanted.types)
            and (after is None or (entry.time, entry.id) > after)
        ]
        return sorted(found, key=lambda entry: (entry.time, entry.id))[:limit]

    def select(self, wanted: Selection, *, after: tuple[datetime, str] | None, limit: int) -> list[Entry]:
        found = [
            entry
            for entry in self.entries.values()
            if not entry.redacted
            and (wanted.file_id is None or entry.file_id == wanted.file_id)
            and (not wanted.types or entry.type in wanted.types)
            and (wanted.since is None or entry.time >= wanted.since)
            and (wanted.until is None or entry.time < wanted.until)
            and (after is None or (entry.time, entry.id) > after)
        ]
        return sorted(found, key=lambda entry: (entry.time, entry.id))[:limit]

    def erase(self, ids: Iterable[str]) -> None:
        self.gone.update(ids)

    def erased(self, ids: Iterable[str]) -> set[str]:
        return self.gone & set(ids)

    def unredacted(self, wanted: EventFilter, *, limit: int) -> list[Entry]:
        found = [
            entry
            for entry in self.entries.values()
            if not entry.redacted
            and (entry.file_id == wanted.file_id if wanted.file_id else entry.user_id == wanted.user_id)
        ]
        return found[:limit]

    def redact(self, entries: Sequence[Entry]) -> None:
        self.entries.update({entry.id: entry for entry in entries})


class FakeAuthority:
    def __init__(self) -> None:
        self.nodes: dict[str, NodeAuthority] = {}
        self.asked: list[list[str]] = []
        self.down = False

    def of(self, node_ids: Iterable[str]) -> dict[str, NodeAuthority]:
        if self.down:
            raise Unavailable(detail="files does not answer")
        wanted = list(node_ids)
        self.asked.append(wanted)
        return {key: self.nodes[key] for key in wanted if key in self.nodes}
