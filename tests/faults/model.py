"""The oracle: what was acknowledged, and whether it was kept: exactly once, in a terminal state, store = index.

It judges a `World`, which is what a pipeline holds when it has come to rest: of fakes in one process, or of real engines.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from functions.history.domain import Entry
from leanda import ids
from tests.faults.told import compare

TERMINAL = {"Processed", "ProcessedPartially", "Failed"}
GIVEN_UP = {"CANCELLED", "SUPERSEDED"}
"""Ends of runs, never of a file that is there: whoever restores or replaces it gets a run that goes to its end."""
Outcome = tuple[Any, ...]
"""(status, total, parsed, failed) of a file."""
Documents = Mapping[str, Mapping[str, Any]]


@dataclass(frozen=True)
class World:
    """What is held at one moment.

    Attributes:
        nodes, runs, records, uploads, blobs: documents of the store by `_id`, with their outbox.
        events: CloudEvents in the order of their topics, repetitions included.
        log: what `history` kept of these, in any order.
        indexed_nodes, indexed_records: documents that can be found, by id.
        letters: a line for each dead letter that was not delivered again.
        now: the time that deadlines are compared with.
    """

    nodes: Documents
    runs: Documents
    records: Documents
    uploads: Documents
    blobs: Documents
    events: Sequence[Mapping[str, Any]]
    log: Sequence[Entry]
    indexed_nodes: Documents
    indexed_records: Documents
    letters: Sequence[str]
    now: datetime


def check(world: World, accepted: Mapping[str, str], expected: Mapping[str, Outcome]) -> None:
    """Nothing lost, nothing doubled, nothing out of order, nothing past its deadline, index = store, and the log tells the same.

    Args:
        accepted: file id → name, for every upload that was acknowledged.
        expected: name → outcome of an undisturbed run; absent names only have to end.
    """
    for file_id, name in accepted.items():
        node = world.nodes.get(file_id)
        assert node is not None, f"lost: {name} ({file_id})"
        if node["deleted"]:
            continue
        assert node["status"] in TERMINAL, f"stuck: {name} ({file_id}) is {node['status']}"
        assert (node.get("failure") or {}).get("code") not in GIVEN_UP, f"given up: {name} ({file_id})"
        counts = node["counts"]
        assert counts["total"] == counts["parsed"] + counts["failed"]
        if name in expected:
            found = outcome(node)
            assert found == expected[name], f"{name} ({file_id}): {found}, undisturbed {expected[name]}"
    _events_are_told_once(world)
    _events_are_told_in_order(world)
    _records_are_there_once(world)
    _runs_are_of_their_bytes(world)
    _what_loads_may_still_come(world)
    assert {entry.id for entry in world.log} == {event["id"] for event in world.events}
    compare(world.log, world.nodes, world.runs)
    _index_is_store(world)
    for documents in (world.nodes, world.runs, world.uploads, world.blobs):
        waiting = {key: document["outbox"] for key, document in documents.items() if document["outbox"]}
        assert not waiting, f"never published: {waiting}"
    late = [key for key, run in world.runs.items() if run.get("deadline") and run["deadline"] < world.now]
    assert not late, f"past their deadline: {late}"
    assert not world.letters, world.letters


def outcome(node: Mapping[str, Any]) -> Outcome:
    """What became of a file."""
    counts = node["counts"]
    return (node["status"], counts["total"], counts["parsed"], counts["failed"])


def _events_are_told_once(world: World) -> None:
    """One id never has two meanings: repetitions carry the same body but for the times of the work."""
    bodies: dict[str, dict[str, Any]] = {}
    for event in world.events:
        volatile = {"startedAt", "endedAt"}
        body = {"type": event["type"], **{k: value for k, value in event["data"].items() if k not in volatile}}
        known = bodies.setdefault(event["id"], body)
        assert known == body, f"event {event['id']} ({event['type']}) has two bodies: {known} and {body}"


def _events_are_told_in_order(world: World) -> None:
    """What a node says of itself is first said in the order of its revisions; repetitions may follow."""
    told: set[str] = set()
    last: dict[str, int] = {}
    for event in world.events:
        data = event["data"]
        if event["id"] in told or "revision" not in data:
            continue
        told.add(event["id"])
        before = last.get(data["fileId"], 0)
        assert data["revision"] >= before, (
            f"{event['type']} of {data['fileId']}: revision {data['revision']} after {before}"
        )
        last[data["fileId"]] = data["revision"]


def _records_are_there_once(world: World) -> None:
    seen = Counter((record["recordId"], record["run"]) for record in world.records.values())
    assert all(count == 1 for count in seen.values())
    stored = Counter((record["fileId"], record["run"]) for record in world.records.values())
    for node in world.nodes.values():
        if node["type"] == "file" and not node["deleted"] and node["status"] not in {"Failed", "Loading"}:
            found = stored[node["_id"], node["activeRun"]]
            assert found == node["counts"]["total"], f"{node['name']} ({node['_id']}): {found} records stored"


def _runs_are_of_their_bytes(world: World) -> None:
    """The latest run of a file says that it read what the file holds, as what the file says it is."""
    for node in world.nodes.values():
        latest = (node.get("latestRun") or {}).get("run")
        if latest is None or node["deleted"]:
            continue
        run = world.runs[ids.run_key(node["_id"], latest)]
        told = (run["blobId"], run["kind"], run["format"])
        assert told == (node["blob"]["blobId"], node["kind"], node["format"]), f"run {latest} of {node['name']}: {told}"


def _what_loads_may_still_come(world: World) -> None:
    """A file that awaits its bytes has an upload that is open, and whose time is not over."""
    for key, node in world.nodes.items():
        if node.get("status") == "Loading" and not node["deleted"]:
            upload = world.uploads.get(key) or {"state": "that nobody opened"}
            assert upload["state"] == "Open", f"{node['name']} ({key}) awaits an upload {upload['state']}"
            assert upload["expiresAt"] >= world.now, f"{node['name']} ({key}) awaits what cannot come any more"


def _index_is_store(world: World) -> None:
    living = {key for key, node in world.nodes.items() if not node["deleted"]}
    assert set(world.indexed_nodes) == living, f"index {sorted(set(world.indexed_nodes) ^ living)}"
    for key in living:
        indexed, node = world.indexed_nodes[key], world.nodes[key]
        assert indexed["name"] == node["name"]
        assert indexed.get("status") == node.get("status"), f"{node['name']} ({key})"
    wanted = {
        ids.record_id(record["fileId"], record["index"])
        for record in world.records.values()
        if record["status"] == "Parsed"
        and (node := world.nodes[record["fileId"]])
        and not node["deleted"]
        and record["run"] == node["activeRun"]
    }
    found = set(world.indexed_records)
    assert found == wanted, f"{len(found - wanted)} too many, {len(wanted - found)} missing"
    for key, document in world.indexed_records.items():
        node = world.nodes[document["fileId"]]
        assert document["ancestors"] == [*node["ancestors"], node["_id"]], f"{key} is indexed where its file is not"
