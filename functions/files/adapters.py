"""Nodes, runs and records in the document store; the neighbour `blobs` over its internal API."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from itertools import batched
from typing import Any, Final

from pymongo.collection import Collection
from pymongo.database import Database

from functions.files.ports import NodeFilter, UploadRequest
from functions.files.runs import beyond
from leanda import ids
from leanda.contracts.artefacts import Row
from leanda.contracts.events import RunState
from leanda.discovery.client import ServiceClient
from leanda.persistence.aggregates import MongoAggregates
from leanda.persistence.client import Document, insert_new, store_errors
from leanda.persistence.tellers import MongoTellers
from leanda.ports import Clock, Publisher

_INSERT_BATCH: Final = 1000
_SHOWN: Final = {"outbox": 0}
_FAILURE_CODES: Final = ("failure.code", "latestRun.failure.code")
"""A later run that failed leaves the file with the results of the one before."""


class MongoNodes(MongoTellers):
    """`Nodes` on the collection `nodes`."""

    def __init__(self, database: Database[Document], publisher: Publisher, clock: Clock, *, patient: bool) -> None:
        super().__init__(database["nodes"], publisher, clock, source="files", patient=patient)

    def children(self, parent_id: str, *, after: Sequence[Any] | None, limit: int) -> list[Document]:
        wanted: Document = {"parentId": parent_id, "deleted": False}
        if after:
            name, node_id = after
            wanted["$or"] = [{"name": {"$gt": name}}, {"name": name, "_id": {"$gt": node_id}}]
        with store_errors():
            return list(self.collection.find(wanted, _SHOWN).sort([("name", 1), ("_id", 1)]).limit(limit))

    def files_of(
        self, owner_id: str | None, wanted: NodeFilter, *, after: Sequence[Any] | None, limit: int
    ) -> list[Document]:
        narrowed = {
            "ownerId": owner_id,
            "status": wanted.status,
            "kind": wanted.kind,
            "parser.version": wanted.parser_version,
            "ancestors": wanted.folder_id,
        }
        query: Document = {"type": wanted.type, "deleted": wanted.deleted}
        query |= {name: value for name, value in narrowed.items() if value is not None}
        if wanted.failure_code is not None:
            # DocumentDB uses a sparse index only where existence is asked for (Developer Guide, "Functional differences").
            fits = {"$exists": True, "$eq": wanted.failure_code}
            query["$and"] = [{"$or": [{code: fits} for code in _FAILURE_CODES]}]
        if after:
            at, node_id = datetime.fromisoformat(after[0]), after[1]
            query["$or"] = [{"createdAt": {"$lt": at}}, {"createdAt": at, "_id": {"$lt": node_id}}]
        with store_errors():
            return list(self.collection.find(query, _SHOWN).sort([("createdAt", -1), ("_id", -1)]).limit(limit))

    def below(self, parent_id: str, *, after: str | None, limit: int) -> list[str]:
        wanted: Document = {"parentId": parent_id}
        if after is not None:
            wanted["_id"] = {"$gt": after}
        with store_errors():
            found = self.collection.find(wanted, {"_id": 1}).sort("_id", 1).limit(limit)
            return [document["_id"] for document in found]

    def is_deeper(self, owner_id: str, folder_id: str, levels: int) -> bool:
        wanted: Document = {"ancestors": folder_id, f"ancestors.{levels}": {"$exists": True}, "ownerId": owner_id}
        with store_errors():
            return self.collection.find_one(wanted, {"_id": 1}) is not None

    def ensure_indexes(self, *, local: bool) -> None:
        super().ensure_indexes(local=local)
        self.collection.create_index([("parentId", 1), ("deleted", 1), ("name", 1), ("_id", 1)], name="children")
        self.collection.create_index([("parentId", 1), ("_id", 1)], name="below")
        self.collection.create_index([("ancestors", 1)], name="ancestors")
        self.collection.create_index(
            [("ownerId", 1), ("type", 1), ("deleted", 1), ("createdAt", -1), ("_id", -1)], name="files"
        )
        self.collection.create_index([("type", 1), ("deleted", 1), ("createdAt", -1), ("_id", -1)], name="files-of-all")
        for code in _FAILURE_CODES:
            self.collection.create_index([(code, 1)], name=code, sparse=True)


class MongoRuns(MongoAggregates):
    """`Runs` on the collection `runs`."""

    def __init__(self, database: Database[Document], publisher: Publisher, clock: Clock, *, patient: bool) -> None:
        super().__init__(database["runs"], publisher, clock, source="files", patient=patient)

    def overdue(self, now: datetime, *, limit: int) -> list[Document]:
        return self._due("deadline", now, limit)

    def further(self, state: RunState, *, kind: str | None = None) -> Document | None:
        found: list[Document] = []
        order = [("startedAt", -1), ("stateAt", -1)]
        with store_errors():
            for one in beyond(state):  # each is the end of one range of the index, however many there are
                wanted = {"state": one.value} | ({"kind": kind} if kind else {})
                found += self.collection.find(wanted, _SHOWN).sort(order).limit(1)
        return max(found, key=lambda run: (run["startedAt"], run.get("stateAt", run["startedAt"])), default=None)

    def unindexed(self, now: datetime, *, limit: int) -> list[Document]:
        return self._due("indexBy", now, limit)

    def unheard(self, now: datetime, *, limit: int) -> list[Document]:
        return self._due("heardBy", now, limit)

    def untidy(self, now: datetime, *, limit: int) -> list[Document]:
        return self._due("tidyAt", now, limit)

    def _due(self, moment: str, now: datetime, limit: int) -> list[Document]:
        # DocumentDB uses a sparse index only where existence is asked for (Developer Guide, "Functional differences").
        due = {moment: {"$exists": True, "$lt": now}}
        with store_errors():
            return list(self.collection.find(due, _SHOWN).sort(moment, 1).limit(limit))

    def ensure_indexes(self, *, local: bool) -> None:
        super().ensure_indexes(local=local)
        of_state = [("state", 1), ("startedAt", -1), ("stateAt", -1)]
        self.collection.create_index([("kind", 1), *of_state], name="order")
        self.collection.create_index(of_state, name="order_of_all")
        for moment in ("deadline", "indexBy", "heardBy", "tidyAt"):
            self.collection.create_index([(moment, 1)], name=moment, sparse=True)


class MongoRecords:
    """`Records` on the collection `records`; insert-only."""

    def __init__(self, database: Database[Document]) -> None:
        self.collection: Collection[Document] = database["records"]

    def insert(self, file_id: str, run: int, records: Iterable[Row]) -> None:
        for some in batched(records, _INSERT_BATCH, strict=False):
            insert_new(self.collection, [_document(file_id, run, record) for record in some])

    def page(self, file_id: str, run: int, *, status: str | None, after: int | None, limit: int) -> list[Document]:
        wanted: Document = {"fileId": file_id, "run": run}
        if status:
            wanted["status"] = status
        if after is not None:
            wanted["index"] = {"$gt": after}
        with store_errors():
            return list(self.collection.find(wanted).sort("index", 1).limit(limit))

    def get(self, file_id: str, run: int, index: int) -> Document | None:
        with store_errors():
            return self.collection.find_one({"_id": ids.stored_record_key(file_id, run, index)})

    def remove(self, file_id: str, run: int, *, limit: int) -> int:
        with store_errors():
            found = self.collection.find({"fileId": file_id, "run": run}, {"_id": 1}).sort("index", 1).limit(limit)
            keys = [document["_id"] for document in found]
            if keys:
                self.collection.delete_many({"_id": {"$in": keys}})
        return len(keys)

    def ensure_indexes(self) -> None:
        self.collection.create_index([("fileId", 1), ("run", 1), ("index", 1)], name="page")
        self.collection.create_index([("fileId", 1), ("run", 1), ("status", 1), ("index", 1)], name="status")


class BlobsService:
    """`Blobs` over the internal API of the context `blobs`."""

    def __init__(self, services: ServiceClient) -> None:
        self._services = services

    def open_upload(self, request: UploadRequest) -> dict[str, Any]:
        body = {
            "fileId": request.file_id,
            "ownerId": request.owner_id,
            "name": request.name,
            "size": request.size,
            "sha256": request.sha256,
        }
        answer: dict[str, Any] = self._services.call("blobs", "POST", "/api/v1/internal/blobs/uploads", body).json()
        return answer

    def download_url(self, blob_id: str) -> str:
        return self._services.call("blobs", "GET", f"/api/v1/blobs/{blob_id}").headers["location"]


def _document(file_id: str, run: int, record: Row) -> Document:
    return {
        **record,
        "_id": ids.stored_record_key(file_id, run, record["index"]),
        "fileId": file_id,
        "run": run,
        "recordId": ids.record_id(file_id, record["index"]),
    }
