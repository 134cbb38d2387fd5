"""Rebuilding and reconciling: the same on the real index as on the one in memory; and what only the real one can show."""

from __future__ import annotations

import json
import random
import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
import urllib3

from functions.search import domain
from functions.search.adapters import OpenSearchIndex
from functions.search.comparing import Report
from functions.search.domain import Stage
from functions.search.errors import Overtaken
from functions.search.generations import OpenSearchGenerations
from functions.search.holdings import OpenSearchHoldings
from functions.search.mappings import (
    NODES,
    RECORDS,
    STATE_INDEX,
    definitions,
    next_alias,
    read_alias,
    write_alias,
)
from functions.search.notes import OpenSearchNotes
from functions.search.opensearch import OpenSearch
from functions.search.ports import HeldNode, HeldRecords, StoredChunk
from functions.search.queries import SearchRequest
from functions.search.use_cases import Search
from leanda import ids
from leanda.access.policy import Viewer
from leanda.contracts.events import FolderDeleted
from leanda.http.cursors import Cursors
from tests.unit.search.fakes import NOW, MemoryStructures, facts
from tests.unit.search.maintenance import Maintained, forever, ticking

pytestmark = pytest.mark.integration

NODES_W, RECORDS_W = write_alias(NODES), write_alias(RECORDS)


def _ask(url: str, method: str, path: str, body: Any = None) -> Any:
    headers = {"content-type": "application/json"}
    reply = urllib3.request(method, url + path, body=json.dumps(body) if body is not None else None, headers=headers)
    assert reply.status < 300, reply.data
    return reply.json()


def _everything(url: str, alias: str) -> dict[str, tuple[int, dict[str, Any]]]:
    """All documents behind an alias by id: version and content."""
    _ask(url, "POST", f"/{alias}/_refresh")
    found: dict[str, tuple[int, dict[str, Any]]] = {}
    after: dict[str, Any] = {}
    while True:
        body = {"size": 5000, "sort": [{"key": "asc"}], "version": True, "query": {"match_all": {}}, **after}
        hits = _ask(url, "POST", f"/{alias}/_search", body)["hits"]["hits"]
        found |= {hit["_id"]: (hit["_version"], hit["_source"]) for hit in hits}
        if len(hits) < 5000:
            return found
        after = {"search_after": hits[-1]["sort"]}


@pytest.fixture
def real(opensearch: str) -> Iterator[Maintained]:
    index = OpenSearchIndex(opensearch, max_bulk_bytes=200_000)
    for definition in definitions(local=True):
        index.ensure(definition)
    index.ensure_state()
    server = index.server
    yield Maintained(index, OpenSearchHoldings(server), OpenSearchGenerations(server), OpenSearchNotes(server))
    # Wildcards may not delete; every generation by its name.
    for generation in [*_ask(opensearch, "GET", "/leanda-*-v*/_alias"), STATE_INDEX]:
        _ask(opensearch, "DELETE", f"/{generation}")


@pytest.fixture(params=["memory", "opensearch"])
def world(request: pytest.FixtureRequest) -> Maintained:
    return request.getfixturevalue("real") if request.param == "opensearch" else Maintained()


def at_once() -> float:
    return -1.0


class TestHoldings:
    def test_nodes_are_held_by_id_range_tombstones_included(self, world: Maintained) -> None:
        for key in ("a", "b", "c"):
            world.indexed(key, 0, revision=3)
        world.indexed("d", 0, deleted=True, revision=5)
        world.holdings.refresh(NODES_W)
        assert world.holdings.nodes(NODES_W, "a", "c") == {"b": HeldNode(3, 4, False), "c": HeldNode(3, 4, False)}
        assert world.holdings.nodes(NODES_W, "c", None) == {"d": HeldNode(5, 6, True)}
        assert set(world.holdings.nodes(NODES_W, None, None)) == {"a", "b", "c", "d"}
        assert world.holdings.count(read_alias(NODES)) == 3

    def test_records_are_counted_by_what_they_agree_in(self, world: Maintained) -> None:
        world.indexed("a", 3)
        world.indexed("b", 2, placement=4, activeRun=2)
        world.indexed("gone", 2, deleted=True)
        world.index.write([domain.record_tombstone(world.authority.nodes["a"], 1)])
        world.holdings.refresh(RECORDS_W)
        held = {key: sorted(found, key=str) for key, found in world.holdings.records(RECORDS_W, None, None).items()}
        assert held == {"a": [HeldRecords(1, 0, 2, 2)], "b": [HeldRecords(2, 4, 2, 2)]}
        assert world.holdings.records(RECORDS_W, "a", "b") == {"b": [HeldRecords(2, 4, 2, 2)]}

    def test_records_are_counted_by_chunk(self, world: Maintained) -> None:
        made = world.indexed("a", 3, 4)
        world.index.write([domain.record_tombstone(made.node, 4)])
        world.holdings.refresh(RECORDS_W)
        chunks = (*made.chunks, StoredChunk(2, "processed", "sha", 7, 5, 5))
        assert world.holdings.in_chunks(RECORDS_W, made.node, Stage.PROCESSED, chunks) == [3, 3, 0]
        assert world.holdings.in_chunks(RECORDS_W, facts("a", placement=1), Stage.PROCESSED, chunks) == [0, 0, 0]

    def test_strangers_are_what_a_file_does_not_have(self, world: Maintained) -> None:
        made = world.indexed("a", 4)
        world.holdings.refresh(RECORDS_W)
        own = list(world.holdings.strangers(RECORDS_W, "a", made.node, 3))
        assert [(seen.id, seen.version, seen.document["index"]) for seen in own] == [(ids.record_id("a", 3), 2, 3)]
        moved = facts("a", placement=1)
        assert len(list(world.holdings.strangers(RECORDS_W, "a", moved, 4))) == 4
        assert len(list(world.holdings.strangers(RECORDS_W, "a", None, 0))) == 4
        assert list(world.holdings.strangers(RECORDS_W, "b", None, 0)) == []

    def test_living_records_are_seen_at_once(self, world: Maintained) -> None:
        made = world.indexed("a", 2)
        world.indexed("b", 1)
        assert {seen.id for seen in world.index.living(["a"])} == {ids.record_id("a", n) for n in range(2)}
        assert list(world.index.living(["a"], stage=1)) == []
        world.index.write([domain.record_tombstone(made.node, 0)])
        assert [seen.version for seen in world.index.living(["a", "b"])] == [2, 2]

    def test_a_folder_is_empty_when_nothing_living_lies_below_it(self, world: Maintained) -> None:
        world.indexed("a", 1, ancestors=["anna", "top", "deep"])
        world.indexed("gone", 1, ancestors=["anna", "left"], deleted=True)
        aliases = (NODES_W, RECORDS_W)
        for alias in aliases:
            world.holdings.refresh(alias)
        assert world.holdings.not_empty(aliases, ["top", "deep", "left", "never"]) == {"top", "deep"}
        assert world.holdings.not_empty((RECORDS_W,), ["deep", "a", "left"]) == {"deep", "a"}
        assert world.holdings.not_empty(aliases, [f"folder-{n}" for n in range(1100)]) == set()

    def test_purging_takes_old_tombstones_only(self, world: Maintained) -> None:
        old = (NOW - timedelta(days=40)).isoformat()
        world.indexed("a", 2)
        world.indexed("old", 2, deleted=True, updatedAt=old)
        world.indexed("new", 2, deleted=True)
        for alias in (NODES_W, RECORDS_W):
            world.holdings.refresh(alias)
        before = NOW - timedelta(days=30)
        assert world.holdings.purge(before=before, limit=1) == 2  # one of each index
        for alias in (NODES_W, RECORDS_W):
            world.holdings.refresh(alias)
        assert world.holdings.purge(before=before, limit=100) == 1
        world.holdings.refresh(NODES_W)
        assert set(world.holdings.nodes(NODES_W, None, None)) == {"a", "new"}

    def test_a_tombstone_of_what_was_seen_loses_against_what_came_since(self, world: Maintained) -> None:
        made = world.indexed("a", 2)
        seen = list(world.index.living(["a"]))
        world.write(world.have("a", 1, placement=1, revision=1))
        world.index.write(domain.tombstone_of(one, at=NOW) for one in seen)
        assert [(one.document["index"], one.version) for one in world.index.living(["a"])] == [(0, 6)]
        world.write(made)  # a late copy of the other one
        assert len(list(world.index.living(["a"]))) == 1


class TestNotes:
    def test_it_is_kept_and_changed_by_one_at_a_time(self, world: Maintained) -> None:
        state, first = world.notes.load("x")
        assert state == {}
        second = world.notes.save("x", {"n": 1, "deep": {"list": [1]}}, first)
        with pytest.raises(Overtaken):
            world.notes.save("x", {"n": 2}, first)
        third = world.notes.save("x", {"n": 3}, second)
        assert world.notes.load("x") == ({"n": 3}, third)
        with pytest.raises(Overtaken):
            world.notes.save("x", {"n": 4}, second)


class TestGenerations:
    def test_one_is_made_beside_written_with_and_put_to_use(self, world: Maintained) -> None:
        world.indexed("a", 1)
        made = world.generations.begin(definitions(local=True))
        assert made == ["leanda-nodes-v2", "leanda-records-v2"]
        assert world.generations.begin(definitions(local=True)) == made
        world.indexed("b", 1)
        world.generations.open()
        assert set(world.holdings.nodes(next_alias(NODES), None, None)) == {"b"}
        assert world.generations.switch() is True
        assert world.generations.switch() is False
        world.indexed("c", 1)
        world.holdings.refresh(NODES_W)
        assert set(world.holdings.nodes(NODES_W, None, None)) == {"b", "c"}
        assert world.holdings.count(read_alias(NODES)) == 2
        assert world.generations.drop_unused() == ["leanda-nodes-v1", "leanda-records-v1"]
        assert world.generations.drop_unused() == []
        assert [one.index for one in world.generations.all()] == made

    def test_an_abandoned_one_is_gone_and_nobody_writes_to_it(self, world: Maintained) -> None:
        world.generations.begin(definitions(local=True))
        world.generations.abandon()
        world.generations.abandon()
        world.indexed("a", 1)
        world.holdings.refresh(NODES_W)
        assert set(world.holdings.nodes(NODES_W, None, None)) == {"a"}
        assert [one.index for one in world.generations.all()] == ["leanda-nodes-v1", "leanda-records-v1"]


class AnswersLost(OpenSearch):
    """Each change is asked for twice, as it is when the first answer does not come in time."""

    def _request(self, method: str, path: str, content: bytes) -> tuple[int, bytes]:
        if method != "GET":
            super()._request(method, path, content)
        return super()._request(method, path, content)


def test_a_rebuild_of_which_every_answer_is_lost_once_goes_to_its_end(real: Maintained, opensearch: str) -> None:
    real.indexed("a", 3)
    server = AnswersLost(opensearch)
    generations, notes = OpenSearchGenerations(server), OpenSearchNotes(server)
    rebuild = replace(real.rebuild, generations=generations, notes=notes)
    assert rebuild.start(left=forever)["phase"] == "Done"
    assert generations.drop_unused() == ["leanda-nodes-v1", "leanda-records-v1"]
    generations.begin(definitions(local=True))
    generations.abandon()
    assert [one.index for one in generations.all()] == ["leanda-nodes-v2", "leanda-records-v2"]


def test_what_is_hidden_stays_hidden_over_a_rebuild_and_is_no_drift(real: Maintained) -> None:
    real.have("folder", type="folder", deleted=True, placement=1, revision=1)
    real.indexed("below", 3, ancestors=["anna", "folder"])
    real.indexed("beside", 2)
    told = FolderDeleted(
        file_id="folder", node_type="folder", owner_id="anna", revision=1, placement=1, deletion="folder:1"
    )
    real.hiding.follow([told], real.authority.nodes)
    search = Search(real.index, real.authority, MemoryStructures(), Cursors(b"key"))

    def total() -> int:
        for alias in (NODES_W, RECORDS_W):
            real.holdings.refresh(alias)
        found: int = search.find(Viewer("anna"), SearchRequest(), cursor=None, limit=10)["total"]
        return found

    assert total() == 3
    assert real.rebuild.start(left=forever)["phase"] == "Done"
    assert [one.index for one in real.generations.all() if one.aliases] == ["leanda-nodes-v2", "leanda-records-v2"]
    assert total() == 3
    assert Report(**real.round()["report"]).drift == 0
    assert real.holdings.not_empty((RECORDS_W,), ["folder"]) == {"folder"}
    assert total() == 3


class TestReconciling:
    def test_what_somebody_did_to_the_index_is_undone(self, world: Maintained) -> None:
        world.indexed("a", 30, 30)
        world.indexed("b", 5)
        world.indexed("gone", 5)
        world.have("gone", 5, deleted=True, placement=1, revision=1)
        seen = list(world.index.living(["a"]))
        world.index.write(domain.tombstone_of(one, at=NOW) for one in seen[:40])
        for alias in (NODES_W, RECORDS_W):
            world.holdings.refresh(alias)
        report = Report(**world.round()["report"])
        assert (report.records_missing, report.records_surplus, report.nodes_stale) == (40, 5, 1)
        for alias in (NODES_W, RECORDS_W):
            world.holdings.refresh(alias)
        assert Report(**world.round()["report"]).drift == 0
        assert len(list(world.index.living(["a", "b", "gone"]))) == 65

    def test_a_moved_file_keeps_what_there_was_no_time_for(self, world: Maintained) -> None:
        world.indexed("a", *[2] * 5)
        moved = world.have("a", *[2] * 5, placement=1, revision=1, ancestors=["anna", "folder"])
        artefact = world.artefacts.bodies.pop(("a", 1, 4, "processed", "sha"))
        world.holdings.refresh(RECORDS_W)
        world.round(left=ticking(times=2))
        assert sorted(seen.version for seen in world.index.living(["a"])) == [2] * 6 + [6] * 4
        assert world.round()["report"]["lost"] == 1
        assert len(list(world.index.living(["a"]))) == 8
        world.artefacts.bodies["a", 1, 4, "processed", "sha"] = artefact
        world.write(moved)
        assert [seen.version for seen in world.index.living(["a"])] == [6] * 10

    def test_what_the_index_does_not_take_is_told_and_comes_with_a_rebuild(self, world: Maintained) -> None:
        made = world.indexed("a", 4)
        world.index.write(domain.record_tombstone(made.node, index) for index in (0, 2))
        for _ in range(2):
            world.holdings.refresh(RECORDS_W)
            report = Report(**world.round()["report"])
            assert (report.records_missing, report.refused) == (2, 2)
        assert world.rebuild.start(left=forever)["phase"] == "Done"
        assert len(list(world.index.living(["a"]))) == 4
        assert Report(**world.round()["report"]) == Report(nodes=1)

    def test_what_somebody_deleted_past_leanda_comes_back_within_seconds(
        self, real: Maintained, opensearch: str
    ) -> None:
        real.indexed("a", 40)
        real.holdings.refresh(RECORDS_W)
        some = {"query": {"range": {"index": {"lt": 30}}}}
        assert _ask(opensearch, "POST", f"/{RECORDS_W}/_delete_by_query", some)["deleted"] == 30
        real.holdings.refresh(RECORDS_W)
        assert real.round()["report"]["records_missing"] == 30
        until = time.monotonic() + 10  # the index forgets versions of deletions by a clock that is a moment late
        while len(list(real.index.living(["a"]))) < 40:
            assert time.monotonic() < until
            real.round()

    def test_a_rebuilt_index_is_the_same(self, real: Maintained, opensearch: str) -> None:
        for n in range(120):
            real.indexed(f"{n:03d}", 3, deleted=n % 7 == 0, placement=n % 3, revision=n)
        before = {alias: _everything(opensearch, alias) for alias in (NODES_W, RECORDS_W)}
        assert real.rebuild.start(left=forever)["phase"] == "Done"
        assert {alias: _everything(opensearch, alias) for alias in (NODES_W, RECORDS_W)} == before
        assert [one.index for one in real.generations.all() if one.aliases] == ["leanda-nodes-v2", "leanda-records-v2"]


class TestWritesInEveryPhase:
    """Each phase ends with writes that only who writes to both generations brings into the new one."""

    def test_what_is_written_in_any_phase_is_there_afterwards(self, world: Maintained) -> None:
        for n in range(20):
            world.indexed(f"old-{n}", 2)
        state, expected = world.rebuild.start(left=at_once), {f"old-{n}": [0, 1] for n in range(20)}
        for n in range(10):
            phase = state["phase"]
            if phase == "Done":
                break
            world.indexed(f"{phase}-new", 3)
            world.indexed(f"old-{n}", 1, placement=1, revision=1, ancestors=["anna", "elsewhere"])
            world.indexed(f"old-{n + 10}", 2, deleted=True, placement=1, revision=1)
            expected |= {f"{phase}-new": [0, 1, 2], f"old-{n}": [0]}
            world.index.write([domain.record_tombstone(world.authority.nodes[f"old-{n}"], 1)])
            del expected[f"old-{n + 10}"]
            state = world.rebuild.go_on(left=at_once)
        assert {phase for phase in ("Comparing", "Switching") if f"{phase}-new" in expected} == {
            "Comparing",
            "Switching",
        }
        world.holdings.refresh(RECORDS_W)
        there = {
            key: [some.placement for some in held]
            for key, held in world.holdings.records(RECORDS_W, None, None).items()
        }
        assert set(there) == set(expected)
        found: dict[str, list[int]] = {}
        for seen in world.index.living(list(expected)):
            found.setdefault(seen.document["fileId"], []).append(seen.document["index"])
        assert {key: sorted(positions) for key, positions in found.items()} == expected
        assert there["old-0"] == [1]


class TestUnderLoad:
    """A rebuild at once with writes and searches. The writers do what the indexers do: facts first, then documents."""

    @pytest.mark.parametrize("writes", [300, pytest.param(2000, marks=pytest.mark.long)])
    def test_no_write_is_lost_and_no_search_fails(self, real: Maintained, opensearch: str, writes: int) -> None:
        dice = random.Random(7)
        names = [f"{n:04d}" for n in range(150)]
        lock = threading.Lock()
        for name in names:
            real.indexed(name, 20)
        for alias in (NODES_W, RECORDS_W):
            real.holdings.refresh(alias)
        problems: list[BaseException] = []
        searches, written, done = [0], [0], threading.Event()

        def change() -> None:
            name = f"{dice.randrange(200):04d}"  # some are new
            with lock:
                node = real.authority.nodes.get(name)
                revision, placement = (node.revision + 1, node.placement + 1) if node else (0, 0)
                made = real.have(
                    name, 20, revision=revision, placement=placement, deleted=dice.random() < 0.2, name=f"r{revision}"
                )
            real.index.write(real.documents(made))

        def writer() -> None:
            try:
                while not done.is_set() or written[0] < writes:
                    change()
                    written[0] += 1
                    if written[0] >= writes:
                        return
            except BaseException as error:
                problems.append(error)

        def searcher() -> None:
            search = Search(OpenSearchIndex(opensearch), real.authority, MemoryStructures(), Cursors(b"key"))
            while not done.is_set():
                try:
                    page = search.find(Viewer("anna"), SearchRequest(""), cursor=None, limit=20)
                    assert page["total"] > 1000  # never an index that is empty or half full
                    searches[0] += 1
                except BaseException as error:
                    problems.append(error)
                    return

        threads = [threading.Thread(target=target) for target in (writer, writer, searcher)]
        for thread in threads:
            thread.start()
        rebuilds = 0
        try:
            while any(thread.is_alive() for thread in threads[:2]):
                assert real.rebuild.start(left=forever)["phase"] == "Done"
                rebuilds += 1
        finally:
            done.set()
            for thread in threads:
                thread.join(60)
        assert problems == []
        assert written[0] >= writes
        assert rebuilds >= 1
        assert searches[0] > 20
        report = Report(**real.round(grace=timedelta(0))["report"])
        assert report.drift == 0, report
        expected = {key: node.revision + 1 for key, node in real.authority.nodes.items()}
        assert {key: version for key, (version, _) in _everything(opensearch, NODES_W).items()} == expected
        records = _everything(opensearch, RECORDS_W)
        for key, node in real.authority.nodes.items():
            for index in range(20):
                version, document = records[ids.record_id(key, index)]
                assert document["deleted"] is node.deleted
                assert version == node.placement * 4 + (Stage.TOMBSTONE if node.deleted else Stage.PROCESSED)

    def test_a_search_that_began_before_the_switch_ends_after_it(self, real: Maintained, opensearch: str) -> None:
        for n in range(50):
            real.indexed(f"{n:03d}", 2)
        search = Search(OpenSearchIndex(opensearch), real.authority, MemoryStructures(), Cursors(b"key"))
        real.holdings.refresh(NODES_W)
        real.holdings.refresh(RECORDS_W)
        seen, cursor, pages = [], None, 0
        while True:
            page = search.find(Viewer("anna"), SearchRequest(""), cursor=cursor, limit=40)
            seen += [item["id"] for item in page["items"]]
            pages, cursor = pages + 1, page["nextCursor"]
            if pages == 2:
                assert real.rebuild.start(left=forever)["phase"] == "Done"
            if cursor is None:
                break
        assert len(seen) == len(set(seen)) == 150
