"""What the index must know of files before it shows anything of them: one batch answer, read from the truth."""

from __future__ import annotations

from typing import Any, Final

from pymongo.collection import Collection

from leanda import ids
from leanda.persistence.client import Document, store_errors

MAX_IDS: Final = 100


class Authority:
    """Answers for nodes by id; unknown ids are absent from the answer."""

    def __init__(self, nodes: Collection[Document], runs: Collection[Document]) -> None:
        self._nodes, self._runs = nodes, runs

    def of(self, node_ids: list[str]) -> list[dict[str, Any]]:
        """Placement, owner, ancestors, grants, active run, whether deleted, and what is shown of the node itself.

        Args:
            node_ids: at most 100.
        """
        with store_errors():
            nodes = list(self._nodes.find({"_id": {"$in": node_ids}}, {"outbox": 0}))
            keys = [ids.run_key(node["_id"], node["activeRun"]) for node in nodes if node.get("blob")]
            runs = list(self._runs.find({"_id": {"$in": keys}}, {"metadata": 1, "fileId": 1})) if keys else []
        metadata = {run["fileId"]: run.get("metadata") for run in runs}
        return [shown(node, metadata.get(node["_id"])) for node in nodes]


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
        "createdAt": node["createdAt"].isoformat(),
        "updatedAt": node["updatedAt"].isoformat(),
        "metadata": metadata or {},
    }
