"""What the index must know of files before it shows anything of them, read from the truth: some by id, or all in pages."""

from __future__ import annotations

import json
from collections.abc import Container, Iterable
from datetime import datetime
from typing import Any, Final

from pymongo.collection import Collection

from functions.files import runs as rules
from leanda import ids
from leanda.persistence.client import Document, store_errors

MAX_IDS: Final = 100
MAX_ANSWER_BYTES: Final = 500_000
"""Of one answer; a load balancer passes on at most 1 MB of a function's (Elastic Load Balancing, "Lambda functions as targets")."""

_RUN: Final = {"outbox": 0}


class Authority:
    """Answers for nodes by id; unknown ids are absent from the answer."""

    def __init__(self, nodes: Collection[Document], runs: Collection[Document]) -> None:
        self._nodes, self._runs = nodes, runs

    def of(self, node_ids: list[str]) -> list[dict[str, Any]]:
        """Placement, owner, ancestors, grants, active run, whether deleted or hidden, and what is shown of the node itself.

        Args:
            node_ids: at most 100.
        """
        with store_errors():
            nodes = list(self._nodes.find({"_id": {"$in": node_ids}}, {"outbox": 0}))
            gone = {found["_id"] for found in self._nodes.find(_deleted(above_all(nodes)), {"_id": 1})}
            keys = [ids.run_key(node["_id"], node["activeRun"]) for node in nodes if node.get("blob")]
            runs = list(self._runs.find({"_id": {"$in": keys}}, {"metadata": 1, "fileId": 1})) if keys else []
        metadata = {run["fileId"]: run.get("metadata") for run in runs}
        return [shown(node, metadata.get(node["_id"])) | hiding(node, gone) for node in nodes]

    def catalogue(self, *, after: str | None, limit: int) -> dict[str, Any]:
        """All nodes, deleted ones too, in the order of their ids: what `of` says, and the chunks that can be read of files.

        A page ends early when it becomes long. Nodes that are made while somebody turns the pages may be missed.

        Returns: `items`, and `next`: the id to go on after, or None at the end.
        """
        wanted: Document = {} if after is None else {"_id": {"$gt": after}}
        with store_errors():
            nodes = list(self._nodes.find(wanted, {"outbox": 0}).sort([("_id", 1), ("revision", 1)]).limit(limit))
            keys = [ids.run_key(node["_id"], node["activeRun"]) for node in nodes if node.get("blob")]
            runs = {run["fileId"]: run for run in self._runs.find({"_id": {"$in": keys}}, _RUN)} if keys else {}
        items = fitting(listed(node, runs.get(node["_id"])) for node in nodes)
        whole = len(items) == len(nodes) < limit
        return {"items": items, "next": None if whole else items[-1]["id"]}


def above_all(nodes: Iterable[Document]) -> list[str]:
    """Ids of all folders above these nodes."""
    return sorted({above for node in nodes for above in node["ancestors"] if above != node["ownerId"]})


def hiding(node: Document, gone: Container[str]) -> dict[str, bool]:
    """`hidden`, for a node that is to be deleted with a folder above it as soon as the cascade comes there.

    Nobody may be shown it. But it is not `deleted`: the index, which buries what is deleted, would not hear of it again if the
    folder is restored before that.

    Args:
        gone: ids of deleted folders.
    """
    return {"hidden": True} if not node["deleted"] and any(above in gone for above in node["ancestors"]) else {}


def _deleted(folder_ids: list[str]) -> Document:
    return {"_id": {"$in": folder_ids}, "deleted": True}


def fitting(items: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
    """The first items, as many as one answer can carry, and at least one."""
    kept: list[dict[str, Any]] = []
    size = 0
    for item in items:
        size += len(json.dumps(item))
        if kept and size > MAX_ANSWER_BYTES:
            break
        kept.append(item)
    return kept


def listed(node: Document, run: Document | None) -> dict[str, Any]:
    """A node in the catalogue.

    Returns: what `shown` gives, and: `chunks` of the active run with the artefact of their records, in order (stored ones; and the
    first of a first run as soon as it is parsed, until the run ends); whether that run has `ended`; and `changedAt`.
    """
    over = run is None or rules.ended(run)
    chunks = list(_chunks(run, over=over)) if run else []
    times = [node["updatedAt"], *(chunk.pop("at") for chunk in chunks)]
    return shown(node, (run or {}).get("metadata")) | {
        "chunks": chunks,
        "ended": over,
        "changedAt": max(times).isoformat(),
    }


def _chunks(run: Document, *, over: bool) -> Iterable[dict[str, Any]]:
    rows = (row for part in run["plan"].values() for row in part)
    for row in sorted(rows, key=lambda row: int(row["n"])):
        marks = run["chunks"].get(str(row["n"]), {})
        if "stored" in marks:
            yield _chunk(row, "processed", marks["stored"], marks["stored"]["storedAt"])
        elif "parsed" in marks and not over and (run["run"], row["n"]) == (1, 0):
            yield _chunk(row, "parsed", marks["parsed"], marks["parsed"]["endedAt"])


def _chunk(row: Document, stage: str, mark: Document, at: datetime) -> dict[str, Any]:
    return {
        "n": row["n"],
        "stage": stage,
        "artefact": mark["artefact"],
        "firstIndex": row["firstIndex"],
        "counts": mark["counts"],
        "at": at,
    }


def shown(node: Document, metadata: Any) -> dict[str, Any]:
    names = (
        "type",
        "ownerId",
        "parentId",
        "ancestors",
        "grants",
        "deleted",
        "placement",
        "revision",
        "version",
        "name",
    )
    more = ("kind", "format", "size", "status", "activeRun", "counts", "failure", "sha256")
    answer = {name: node[name] for name in names} | {name: node[name] for name in more if node.get(name) is not None}
    return answer | {
        "id": node["_id"],
        "announced": node.get("announced", node["revision"]),
        "createdAt": node["createdAt"].isoformat(),
        "updatedAt": node["updatedAt"].isoformat(),
        "metadata": {"fields": [{"name": field["name"]} for field in (metadata or {}).get("fields", ())]},
    }
