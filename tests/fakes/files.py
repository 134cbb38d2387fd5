"""The ports of `files` in memory."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

from functions.files.ports import NodeFilter, UploadRequest
from functions.files.runs import beyond
from leanda import ids
from leanda.contracts.artefacts import Row
from leanda.contracts.events import RunState
from tests.fakes.aggregates import FakeAggregates, FakeTellers
from tests.fakes.encodings import stored


class FakeNodes(FakeTellers):
    def _all(self) -> list[dict[str, Any]]:
        return [found for key in self.documents if (found := self.get(key))]

    def _living(self) -> list[dict[str, Any]]:
        return [found for found in self._all() if not found["deleted"]]

    def below(self, parent_id: str, *, after: str | None, limit: int) -> list[str]:
        found = sorted(node["_id"] for node in self._all() if node["parentId"] == parent_id)
        return [key for key in found if after is None or key > after][:limit]

    def children(self, parent_id: str, *, after: Sequence[Any] | None, limit: int) -> list[dict[str, Any]]:
        found = [node for node in self._living() if node["parentId"] == parent_id]
        found.sort(key=lambda node: (node["name"], node["_id"]))
        return [node for node in found if not after or (node["name"], node["_id"]) > tuple(after)][:limit]

    def files_of(
        self, owner_id: str | None, wanted: NodeFilter, *, after: Sequence[Any] | None, limit: int
    ) -> list[dict[str, Any]]:
        found = [
            node
            for node in self._all()
            if node["deleted"] == wanted.deleted
            and owner_id in (None, node["ownerId"])
            and node["type"] == wanted.type
            and (wanted.status is None or node["status"] == wanted.status)
            and (wanted.kind is None or node.get("kind") == wanted.kind)
            and wanted.failure_code in (None, *_failures(node))
            and (wanted.parser_version is None or (node.get("parser") or {}).get("version") == wanted.parser_version)
            and (wanted.folder_id is None or wanted.folder_id in node["ancestors"])
        ]
        found.sort(key=lambda node: (node["createdAt"], node["_id"]), reverse=True)
        if after:
            place = (datetime.fromisoformat(after[0]), after[1])
            found = [node for node in found if (node["createdAt"], node["_id"]) < place]
        return found[:limit]

    def is_deeper(self, owner_id: str, folder_id: str, levels: int) -> bool:
        own = [node for node in self._all() if node["ownerId"] == owner_id]
        return any(folder_id in node["ancestors"] and len(node["ancestors"]) > levels for node in own)


class FakeRuns(FakeAggregates):
    def overdue(self, now: datetime, *, limit: int) -> list[dict[str, Any]]:
        return self._due("deadline", now, limit)

    def further(self, state: RunState, *, kind: str | None = None) -> dict[str, Any] | None:
        names = {one.value for one in beyond(state)}
        found = [
            run
            for key in self.documents
            if (run := self.get(key)) and kind in (None, run["kind"]) and run["state"] in names
        ]
        return max(found, key=lambda run: (run["startedAt"], run.get("stateAt", run["startedAt"])), default=None)

    def unindexed(self, now: datetime, *, limit: int) -> list[dict[str, Any]]:
        return self._due("indexBy", now, limit)

    def unheard(self, now: datetime, *, limit: int) -> list[dict[str, Any]]:
        return self._due("heardBy", now, limit)

    def untidy(self, now: datetime, *, limit: int) -> list[dict[str, Any]]:
        return self._due("tidyAt", now, limit)

    def _due(self, moment: str, now: datetime, limit: int) -> list[dict[str, Any]]:
        late = [run for key in self.documents if (run := self.get(key)) and run.get(moment) and run[moment] < now]
        return sorted(late, key=lambda run: run[moment])[:limit]


class FakeRecords:
    def __init__(self) -> None:
        self.documents: dict[str, dict[str, Any]] = {}

    def insert(self, file_id: str, run: int, records: Iterable[Row]) -> None:
        for record in records:
            key = ids.stored_record_key(file_id, run, record["index"])
            place = {"_id": key, "fileId": file_id, "run": run, "recordId": ids.record_id(file_id, record["index"])}
            self.documents.setdefault(key, stored({**record, **place}))

    def page(
        self, file_id: str, run: int, *, status: str | None, after: int | None, limit: int
    ) -> list[dict[str, Any]]:
        found = [
            record
            for record in self.documents.values()
            if (record["fileId"], record["run"]) == (file_id, run)
            and (status is None or record["status"] == status)
            and (after is None or record["index"] > after)
        ]
        return sorted(found, key=lambda record: record["index"])[:limit]

    def get(self, file_id: str, run: int, index: int) -> dict[str, Any] | None:
        return self.documents.get(ids.stored_record_key(file_id, run, index))

    def remove(self, file_id: str, run: int, *, limit: int) -> int:
        keys = [key for key, one in self.documents.items() if (one["fileId"], one["run"]) == (file_id, run)][:limit]
        for key in keys:
            del self.documents[key]
        return len(keys)


class FakeBlobs:
    def open_upload(self, request: UploadRequest) -> dict[str, Any]:
        return {"kind": "post", "url": "http://127.0.0.1/", "fields": {"key": f"uploads/{request.file_id}"}}

    def download_url(self, blob_id: str) -> str:
        return f"http://127.0.0.1/{blob_id}"


def _failures(node: dict[str, Any]) -> list[Any]:
    latest = (node.get("latestRun") or {}).get("failure") or {}
    return [code for code in ((node.get("failure") or {}).get("code"), latest.get("code")) if code]
