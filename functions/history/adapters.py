"""The log in the document store, and the authority of `files` over its internal API."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

from pymongo import UpdateOne
from pymongo.collection import Collection
from pymongo.database import Database

from functions.history.domain import Entry
from functions.history.ports import EventFilter, NodeAuthority, Selection
from leanda.discovery.client import ServiceClient
from leanda.persistence.aggregates import MongoAggregates
from leanda.persistence.client import Document, insert_new, store_errors
from leanda.ports import Clock, Message


class MongoEventLog:
    """`EventLog` on the collection `events`; `_id` is the event's id. Nothing but inserts is ever sent, save for an erasure."""

    def __init__(self, database: Database[Document]) -> None:
        self.collection: Collection[Document] = database["events"]
        self._erased: Collection[Document] = database["erased"]

    def append(self, entries: Sequence[Entry]) -> None:
        first: dict[str, Document] = {}
        for entry in entries:
            first.setdefault(entry.id, _document(entry))
        if first:
            insert_new(self.collection, list(first.values()))

    def page(self, wanted: EventFilter, *, after: tuple[datetime, str] | None, limit: int) -> list[Entry]:
        query: Document = {"fileId": wanted.file_id} if wanted.file_id else {"userId": wanted.user_id}
        if wanted.types:
            query["type"] = {"$in": list(wanted.types)}
        return self._find(query, after, limit)

    def select(self, wanted: Selection, *, after: tuple[datetime, str] | None, limit: int) -> list[Entry]:
        query: Document = {"fileId": wanted.file_id} if wanted.file_id else {}
        query["redacted"] = {"$ne": True}
        if wanted.types:
            query["type"] = {"$in": list(wanted.types)}
        bounds = {"$gte": wanted.since, "$lt": wanted.until}
        if window := {name: value for name, value in bounds.items() if value is not None}:
            query["time"] = window
        return self._find(query, after, limit)

    def erase(self, ids: Iterable[str]) -> None:
        with store_errors():
            for one in ids:
                self._erased.update_one({"_id": one}, {"$set": {"erased": True}}, upsert=True)

    def erased(self, ids: Iterable[str]) -> set[str]:
        with store_errors():
            return {found["_id"] for found in self._erased.find({"_id": {"$in": list(ids)}}, {"_id": 1})}

    def unredacted(self, wanted: EventFilter, *, limit: int) -> list[Entry]:
        query: Document = {"fileId": wanted.file_id} if wanted.file_id else {"userId": wanted.user_id}
        with store_errors():
            return [_entry(found) for found in self.collection.find(query | {"redacted": {"$ne": True}}).limit(limit)]

    def redact(self, entries: Sequence[Entry]) -> None:
        changes = [
            UpdateOne({"_id": one.id}, {"$set": {"body": one.body, "redacted": True}, "$unset": {"userId": ""}})
            for one in entries
        ]
        with store_errors():
            if changes:
                self.collection.bulk_write(changes, ordered=False)

    def _find(self, query: Document, after: tuple[datetime, str] | None, limit: int) -> list[Entry]:
        if after:
            time, event_id = after
            query["$or"] = [{"time": {"$gt": time}}, {"time": time, "_id": {"$gt": event_id}}]
        with store_errors():
            found = list(self.collection.find(query).sort([("time", 1), ("_id", 1)]).limit(limit))
        return [_entry(document) for document in found]

    def ensure_indexes(self) -> None:
        for name in ("fileId", "userId", "type"):
            self.collection.create_index([(name, 1), ("time", 1), ("_id", 1)], name=name)
        self.collection.create_index([("time", 1), ("_id", 1)], name="time")


class MongoReplayJobs(MongoAggregates):
    """`ReplayJobs` on the collection `replays`; they announce nothing."""

    def __init__(self, database: Database[Document], clock: Clock) -> None:
        super().__init__(database["replays"], _Silent(), clock, source="history", patient=False)

    def due(self, now: datetime, *, limit: int) -> list[Document]:
        query = {"dueAt": {"$exists": True, "$lte": now}}
        with store_errors():
            return list(self.collection.find(query, {"outbox": 0}).sort("dueAt", 1).limit(limit))

    def ensure_indexes(self, *, local: bool) -> None:
        super().ensure_indexes(local=local)
        self.collection.create_index([("dueAt", 1)], name="due", sparse=True)


class _Silent:
    """`Publisher` of documents that have nothing to announce."""

    def publish(self, messages: Sequence[Message], *, timeout: float) -> None:  # noqa: ARG002 - the port's signature
        assert not messages


class FilesAuthority:
    """`Authority` over the internal API of `files`."""

    def __init__(self, services: ServiceClient) -> None:
        self._services = services

    def of(self, node_ids: Iterable[str]) -> dict[str, NodeAuthority]:
        asked = {"fileIds": list(node_ids)}
        items = self._services.call("files", "POST", "/api/v1/internal/files/authority", asked).json()["items"]
        return {item["id"]: _authority(item) for item in items}


def _authority(item: dict[str, Any]) -> NodeAuthority:
    return NodeAuthority(
        owner_id=item["ownerId"],
        grants=item.get("grants") or {},
        deleted=bool(item["deleted"]),
        ancestors=tuple(item.get("ancestors") or ()),
        type=item["type"],
    )


def _document(entry: Entry) -> Document:
    shown = {
        "_id": entry.id,
        "type": entry.type,
        "time": entry.time,
        "fileId": entry.file_id,
        "userId": entry.user_id,
        "topic": entry.topic,
        "partition": entry.partition,
        "offset": entry.offset,
        "key": entry.key,
        "correlationId": entry.correlation_id,
        "causationId": entry.causation_id,
        "sequence": entry.sequence,
        "hops": entry.hops,
        "body": entry.body,
        "redacted": entry.redacted or None,
    }
    return {name: value for name, value in shown.items() if value is not None}


def _entry(document: Document) -> Entry:
    return Entry(
        id=document["_id"],
        type=document["type"],
        time=document["time"],
        file_id=document.get("fileId"),
        user_id=document.get("userId"),
        topic=document["topic"],
        partition=document["partition"],
        offset=document["offset"],
        key=document.get("key", ""),
        correlation_id=document["correlationId"],
        causation_id=document["causationId"],
        sequence=document["sequence"],
        hops=document["hops"],
        body=document["body"],
        redacted=bool(document.get("redacted")),
    )
