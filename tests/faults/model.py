"""The oracle: what was acknowledged, and whether the pipeline kept it: exactly once, in a terminal state, store = index."""

from __future__ import annotations

from collections import Counter
from typing import Any

from leanda import ids
from tests.fakes.pipeline import Pipeline

TERMINAL = {"Processed", "ProcessedPartially", "Failed"}


def check(cloud: Pipeline, accepted: dict[str, str], expected: dict[str, tuple[Any, ...]]) -> None:
    """Nothing lost, nothing doubled, order per key, index = store.

    Args:
        accepted: file id → name, for every upload that was acknowledged.
        expected: name → (status, total, parsed, failed) of an undisturbed run; absent names only have to end.
    """
    for file_id, name in accepted.items():
        node = cloud.nodes.documents.get(file_id)
        assert node is not None, f"lost: {name}"
        if node["deleted"]:
            continue
        assert node["status"] in TERMINAL, f"stuck: {name} is {node['status']}"
        counts = node["counts"]
        assert counts["total"] == counts["parsed"] + counts["failed"]
        if name in expected:
            found = (node["status"], counts["total"], counts["parsed"], counts["failed"])
            assert found == expected[name], f"{name}: {found}, undisturbed {expected[name]}"
    _events_are_told_once(cloud)
    _records_are_there_once(cloud)
    _index_is_store(cloud)
    for owner in (cloud.nodes, cloud.runs, cloud.uploads, cloud.blobs):
        waiting = {key: document["outbox"] for key, document in owner.documents.items() if document["outbox"]}
        assert not waiting, f"never published: {waiting}"
    assert cloud.letters.letters == [], [letter.code for letter in cloud.letters.letters]


def _events_are_told_once(cloud: Pipeline) -> None:
    """One id never has two meanings: repetitions carry the same body but for the times of the work."""
    bodies: dict[str, dict[str, Any]] = {}
    for event in cloud.broker.events():
        volatile = {"startedAt", "endedAt"}
        body = {"type": event.type, **{name: value for name, value in event.data.items() if name not in volatile}}
        known = bodies.setdefault(event.id, body)
        assert known == body, f"event {event.id} ({event.type}) has two bodies"


def _records_are_there_once(cloud: Pipeline) -> None:
    seen = Counter((record["recordId"], record["run"]) for record in cloud.records.documents.values())
    assert all(count == 1 for count in seen.values())
    for node in cloud.nodes.documents.values():
        if node["type"] == "file" and not node["deleted"] and node["status"] != "Failed":
            stored = [
                record
                for record in cloud.records.documents.values()
                if (record["fileId"], record["run"]) == (node["_id"], node["activeRun"])
            ]
            assert len(stored) == node["counts"]["total"], f"{node['name']}: {len(stored)} records stored"


def _index_is_store(cloud: Pipeline) -> None:
    nodes = cloud.index.shown("leanda-nodes-write")
    living = {key for key, node in cloud.nodes.documents.items() if not node["deleted"]}
    assert set(nodes) == living, f"index {sorted(set(nodes) ^ living)}"
    for key in living:
        assert nodes[key]["name"] == cloud.nodes.documents[key]["name"]
        assert nodes[key].get("status") == cloud.nodes.documents[key].get("status"), cloud.nodes.documents[key]["name"]
    records = cloud.index.shown("leanda-records-write")
    wanted = {
        ids.record_id(record["fileId"], record["index"])
        for record in cloud.records.documents.values()
        if record["status"] == "Parsed"
        and (node := cloud.nodes.documents[record["fileId"]])
        and not node["deleted"]
        and record["run"] == node["activeRun"]
    }
    assert set(records) == wanted, f"{len(set(records) - wanted)} too many, {len(wanted - set(records))} missing"
    for key, document in records.items():
        node = cloud.nodes.documents[document["fileId"]]
        assert document["ancestors"] == [*node["ancestors"], node["_id"]], f"{key} is indexed where its file is not"
