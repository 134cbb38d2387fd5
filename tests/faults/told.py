"""What the log alone tells must be what the store holds: a fold of the events of every file against its documents."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from typing import Any

from functions.history.domain import ERASED, Entry
from functions.history.rebuild import NodeHistory, RunHistory, rebuild
from leanda import ids

Documents = Mapping[str, Mapping[str, Any]]


def compare(entries: Iterable[Entry], nodes: Documents, runs: Documents, *, erased: bool = False) -> int:
    """How many nodes are the same in the store and in what the log tells; all must be. What is erased has lost its words."""
    told = rebuild(entries)
    assert told.keys() == nodes.keys(), f"told of, or kept, alone: {sorted(told.keys() ^ nodes.keys())}"
    for key, node in told.items():
        _compare_node(node, nodes[key], runs, erased=erased)
    return len(told)


def _compare_node(node: NodeHistory, kept: Mapping[str, Any], runs: Documents, *, erased: bool) -> None:
    name = ERASED if erased else kept["name"]
    where = f"{kept['name']} ({node.id})"
    assert (node.name, node.parent_id, node.owner_id) == (name, kept["parentId"], kept["ownerId"]), where
    assert (node.deleted, node.placement) == (kept["deleted"], kept["placement"]), where
    if kept["type"] != "file":
        return
    assert node.status == kept["status"], where
    assert node.failure == _failure(kept, erased=erased), where
    assert node.active_run == kept["activeRun"], where
    assert node.latest_run == (kept.get("latestRun") or {}).get("run"), where
    assert (node.counts.to_json_dict(), node.indexed_records) == (kept["counts"], kept["indexedRecords"]), where
    for number, run in node.runs.items():
        _compare_run(run, runs[ids.run_key(node.id, number)], f"run {number} of {where}", erased=erased)


def _compare_run(run: RunHistory, kept: Mapping[str, Any], where: str, *, erased: bool) -> None:
    assert run.state == kept["state"], where
    assert run.failure == _failure(kept, erased=erased), where
    if run.state in _CUT_SHORT:
        return  # what came after the end is in the log, and changed nothing in the store
    assert run.stored == {int(n) for n, chunk in kept["chunks"].items() if "stored" in chunk}, where
    assert (run.chunks or 0) == sum(map(len, kept["plan"].values())), where
    if kept.get("counts"):
        assert run.counts.to_json_dict() == kept["counts"], where


def _failure(kept: Mapping[str, Any], *, erased: bool) -> Any:
    failure = kept.get("failure")
    return {"code": failure["code"], "message": ERASED} if failure and erased else failure


_CUT_SHORT: Collection[str] = {"Superseded", "Cancelled"}
