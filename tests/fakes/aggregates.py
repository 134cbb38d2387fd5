"""Documents with an outbox, in memory: `leanda.persistence.aggregates.Aggregates`."""

from __future__ import annotations

import copy
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from leanda.changes import Change, messages_of
from leanda.contracts.envelope import Origin
from leanda.errors import OutboxFull, RevisionConflict, Unavailable
from leanda.limits import MAX_OUTBOX_ENTRIES
from leanda.persistence.aggregates import RELAY_AGE
from leanda.ports import Clock, Message, Publisher
from tests.fakes.encodings import check_update, stored


class FakeAggregates:
    def __init__(self, publisher: Publisher, clock: Clock, source: str = "fake", *, patient: bool = True) -> None:
        self.documents: dict[str, dict[str, Any]] = {}
        self._publisher, self._clock, self._source, self._patient = publisher, clock, source, patient

    def get(self, key: str) -> dict[str, Any] | None:
        found = self.documents.get(key)
        return None if found is None else _without_outbox(found)

    def get_many(self, keys: Iterable[str]) -> dict[str, dict[str, Any]]:
        return {key: _without_outbox(self.documents[key]) for key in keys if key in self.documents}

    def insert(self, document: Mapping[str, Any], change: Change, origin: Origin) -> bool:
        if document["_id"] in self.documents:
            return False
        revision = document.get("revision", 0)
        entries = self._entries(change, origin, revision)
        stored({**document, "outbox": entries})
        announced = {"announced": revision} if change.emit else {}
        self.documents[document["_id"]] = copy.deepcopy(dict(document)) | announced | {"outbox": entries}
        return True

    def apply(self, document: Mapping[str, Any], change: Change, origin: Origin) -> None:
        if change.empty:
            return
        found = self.documents.get(document["_id"])
        if found is None or (change.guarded and found["revision"] != document["revision"]):
            raise RevisionConflict(detail=str(document["_id"]))
        revision = document["revision"] + (1 if change.guarded else 0)
        entries = self._entries(change, origin, revision)
        if len(found["outbox"]) + len(entries) > MAX_OUTBOX_ENTRIES:
            raise OutboxFull(detail=str(document["_id"]))
        check_update({**change.set_, "outbox": entries})
        for path, value in change.set_.items():
            _set(found, path, copy.deepcopy(value))
        for path in change.unset:
            found.pop(path, None)
        if change.emit and change.guarded:
            found["announced"] = revision
        if change.guarded:
            found["revision"] += 1
        found["outbox"] += entries

    def publish(self, key: str) -> None:
        found = self.documents.get(key)
        if not found or not found["outbox"]:
            return
        pending = list(found["outbox"])
        messages = [Message(e["topic"], e["key"], e["id"], e["body"].encode()) for e in pending]
        try:
            self._publisher.publish(messages, timeout=1)
        except Unavailable:
            if self._patient:
                raise
            return
        found["outbox"] = [entry for entry in found["outbox"] if entry not in pending]

    def stale(self, limit: int) -> list[str]:
        before = self._clock.now() - RELAY_AGE
        waiting = [key for key, found in self.documents.items() if any(e["at"] < before for e in found["outbox"])]
        return waiting[:limit]

    def _entries(self, change: Change, origin: Origin, sequence: object) -> list[dict[str, Any]]:
        at = self._clock.now()
        fresh = messages_of(change.emit, origin, source=self._source, at=at, sequence=sequence)
        return [
            {"id": m.event_id, "topic": m.topic, "key": m.key, "body": m.body.decode(), "at": at}
            for m in (*fresh, *change.again)
        ]


class FakeTellers(FakeAggregates):
    def untold(self, now: datetime, *, limit: int) -> list[dict[str, Any]]:
        due = [doc for key in self.documents if (doc := self.get(key)) and "told" in doc and doc["tellAt"] < now]
        return sorted(due, key=lambda doc: doc["tellAt"])[:limit]


def _without_outbox(document: dict[str, Any]) -> dict[str, Any]:
    return {name: copy.deepcopy(value) for name, value in document.items() if name != "outbox"}


def _set(document: dict[str, Any], path: str, value: Any) -> None:
    *parents, last = path.split(".")
    for name in parents:
        document = document.setdefault(name, {})
    document[last] = value
