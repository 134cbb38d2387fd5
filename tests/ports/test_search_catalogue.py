"""What `files` lists is what `search` reads: every node once, with the chunks that its index documents are made of."""

from __future__ import annotations

import json
import uuid
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
from pymongo import MongoClient
from pymongo.database import Database

from functions.files import authority
from functions.files.authority import Authority, listed
from functions.parsers.chemical.parser import parser as chemical
from functions.parsers.tabular.parser import parser as tabular
from functions.search.adapters import FilesCatalogue, entry_of
from functions.search.ports import Entry
from leanda import ids
from leanda.access.policy import Viewer
from leanda.discovery.client import Reply
from tests.fakes.pipeline import USER, Pipeline

pytestmark = pytest.mark.integration

ME = Viewer(USER)
TABLE = b"name,MW\n" + b"".join(b"row %d,%d.5\n" % (n, n) for n in range(2500))


class Over:
    """The internal API of `files`, asked without the hop; counts bytes."""

    def __init__(self, files: Authority) -> None:
        self.files, self.sizes = files, list[int]()

    def call(self, service: str, method: str, path: str, body: Any | None = None) -> Reply:
        assert (service, method, path) == ("files", "POST", "/api/v1/internal/files/catalogue")
        answer = json.dumps(self.files.catalogue(**body)).encode()  # type: ignore[arg-type]
        self.sizes.append(len(answer))
        return Reply(200, {}, answer)


@pytest.fixture
def database(document_store: str) -> Iterator[Database[dict[str, Any]]]:
    client: MongoClient[dict[str, Any]] = MongoClient(document_store, tz_aware=True)
    yield client[f"t{uuid.uuid4().hex[:12]}"]
    client.close()


def _pages(services: Over, limit: int) -> list[Entry]:
    found: list[Entry] = []
    after: str | None = None
    while True:
        page = FilesCatalogue(services).page(after=after, limit=limit)  # type: ignore[arg-type]
        found += page.entries
        if page.next is None:
            return found
        after = page.next


def _life() -> Pipeline:
    cloud = Pipeline([chemical(), tabular()])
    cloud.upload("some.smi", b"CCO ethanol\nnot-a-smiles( broken\nC methane\n")
    cloud.upload("table.csv", TABLE)
    cloud.upload("empty.csv", b"")
    cloud.deliver()
    return cloud


def _entries(cloud: Pipeline) -> dict[str, Entry]:
    found = {}
    for node in cloud.nodes.documents.values():
        run = cloud.runs.get(f"{node['_id']}:{node.get('activeRun')}")
        found[node["name"]] = entry_of(json.loads(json.dumps(listed(node, run))))
    return found


def test_a_file_is_listed_with_its_stored_chunks_in_the_order_of_its_records() -> None:
    entries = _entries(_life())
    [chunk] = entries["some.smi"].chunks
    assert (chunk.n, chunk.stage, chunk.first_index, chunk.total, chunk.parsed) == (0, "processed", 0, 3, 2)
    table = entries["table.csv"]
    assert table.ended
    assert sum(one.total for one in table.chunks) == 2500
    assert [one.first_index for one in table.chunks] == [
        sum(one.total for one in table.chunks[:n]) for n in range(len(table.chunks))
    ]
    assert (entries["empty.csv"].chunks, entries["empty.csv"].node.shown["status"]) == ((), "Failed")


def test_the_first_chunk_of_an_open_first_run_is_listed_as_parsed() -> None:
    cloud = _life()
    node = next(node for node in cloud.nodes.documents.values() if node["name"] == "some.smi")
    run = cloud.runs.get(f"{node['_id']}:1")
    assert run is not None
    stored = run["chunks"]["0"].pop("stored")
    assert listed(node, run)["chunks"] == []  # an ended run shows no merely parsed records
    run["state"] = "Parsing"
    [chunk] = listed(node, run)["chunks"]
    assert (chunk["stage"], chunk["artefact"]) == ("parsed", run["chunks"]["0"]["parsed"]["artefact"])
    run["chunks"]["0"]["stored"] = stored
    assert listed(node, run)["chunks"][0]["stage"] == "processed"


def test_every_node_is_listed_once_in_the_order_of_ids(database: Database[dict[str, Any]]) -> None:
    cloud = _life()
    database["runs"].insert_many(cloud.runs.documents.values())
    nodes = list(cloud.nodes.documents.values())
    database["nodes"].insert_many(nodes)
    for n in range(250):
        copy = {name: value for name, value in nodes[0].items() if name != "blob"}
        database["nodes"].insert_one(copy | {"_id": f"{n:03d}-folder", "type": "folder", "deleted": n % 2 == 0})
    services = Over(Authority(database["nodes"], database["runs"]))
    listed_ids = [entry.node.id for entry in _pages(services, 100)]
    assert listed_ids == sorted(node["_id"] for node in database["nodes"].find({}, {"_id": 1}))
    assert len(services.sizes) == 3
    assert {entry.node.id: entry for entry in _pages(services, 1)} == {e.node.id: e for e in _pages(services, 100)}


def test_a_page_stays_below_what_a_load_balancer_passes_on(database: Database[dict[str, Any]]) -> None:
    at = datetime(2026, 1, 1, tzinfo=UTC)
    node = {
        "type": "file", "ownerId": "a", "parentId": "a", "ancestors": ["a"], "grants": {}, "deleted": False, "placement": 0,
        "revision": 0, "version": 1, "name": "x", "activeRun": 1, "blob": {}, "createdAt": at, "updatedAt": at,
    }  # fmt: skip
    counts = {"total": 1000, "parsed": 1000, "failed": 0}
    stored = {"counts": counts, "artefact": "f" * 64, "storedAt": at}
    rows = [{"n": n, "offset": 0, "length": 1, "firstIndex": n * 1000} for n in range(512)]
    for n in range(60):
        database["nodes"].insert_one(node | {"_id": f"file-{n:02d}"})
        chunks = {str(n): {"stored": stored} for n in range(512)}
        run = {"_id": f"file-{n:02d}:1", "fileId": f"file-{n:02d}", "run": 1, "state": "Finished", "plan": {"0": rows}}
        database["runs"].insert_one(run | {"chunks": chunks, "metadata": {"fields": [{"name": "n" * 60_000}]}})
    services = Over(Authority(database["nodes"], database["runs"]))
    assert len(_pages(services, 100)) == 60
    assert max(services.sizes) < authority.MAX_ANSWER_BYTES + 200_000 < 1_000_000


def test_what_lies_below_a_deleted_folder_is_hidden_before_the_cascade_comes(
    database: Database[dict[str, Any]],
) -> None:
    cloud = Pipeline([chemical()])
    above, within = (ids.new_id() for _ in range(2))
    for key, way in ((above, [USER]), (within, [USER, above])):
        folder: dict[str, Any] = {
            "_id": key,
            "type": "folder",
            "ownerId": USER,
            "parentId": way[-1],
            "ancestors": way,
            "name": "f",
        }
        folder |= {"grants": {}, "deleted": key == above, "placement": 0, "revision": 0, "version": 1}
        database["nodes"].insert_one(folder | {"createdAt": cloud.clock.now(), "updatedAt": cloud.clock.now()})
    files = Authority(database["nodes"], database["runs"])
    found = {item["id"]: (item["deleted"], item.get("hidden", False)) for item in files.of([above, within])}
    assert found == {above: (True, False), within: (False, True)}
    database["nodes"].update_one({"_id": above}, {"$set": {"deleted": False}})
    assert not any(item.get("hidden") for item in files.of([above, within]))
