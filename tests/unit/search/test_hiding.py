"""What lies below a folder that is being deleted: hidden at once, in whatever order one hears of it, and for a bounded time."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from functions.search import domain, hiding
from functions.search.hiding import LONGEST, MOST, NOTE, REMEMBERED, SETTLING, Hiding, Mark, Word, bounded, marked
from functions.search.indexing import NodeIndexer
from functions.search.mappings import NODES, RECORDS, definitions, write_alias
from functions.search.ports import NodeFacts
from functions.search.queries import SearchRequest
from functions.search.use_cases import Search
from leanda.access.policy import Viewer
from leanda.contracts.envelope import Origin
from leanda.contracts.events import FileDeleted, FolderDeleted, FolderMoved, FolderRestored, NodeFact
from leanda.contracts.registry import event_of
from leanda.errors import Unavailable
from leanda.http.cursors import Cursors
from leanda.messaging import Received
from leanda.messaging.records import KafkaRecord
from tests.fakes.clock import FakeClock
from tests.unit.search.fakes import NOW, MemoryAuthority, MemoryIndex, MemoryNotes, MemoryStructures, facts
from tests.unit.search.generations import MemoryHoldings
from tests.unit.search.maintenance import Maintained, forever

ALIASES = (write_alias(NODES), write_alias(RECORDS))
ANNA = Viewer("anna")
EVERYTHING = {"folder", "inside", "beside"}, 5


def folder(key: str = "folder", *, placement: int = 1, deleted: bool = True, **more: Any) -> NodeFacts:
    return facts(
        key,
        type="folder",
        name=key,
        placement=placement,
        revision=placement,
        deleted=deleted,
        kind=None,
        status=None,
        **more,
    )


def fact(kind: type[NodeFact], key: str = "folder", *, placement: int = 1, **more: Any) -> NodeFact:
    """An event of a deletion that began at this folder in placement 1, unless it says otherwise."""
    more = {"deletion": f"{key}:{placement if kind is FolderDeleted else 1}"} | more
    return kind(file_id=key, node_type="folder", owner_id="anna", revision=placement, placement=placement, **more)


def hidden_in(notes: MemoryNotes) -> set[str]:
    return {entry["id"] for entry in notes.load(NOTE)[0].get("hidden", ())}


class World:
    """A folder with a file of two records, a file beside it, and an indexer that hears of deletions."""

    def __init__(self) -> None:
        self.index, self.clock = MemoryIndex(), FakeClock()
        for definition in definitions(local=True):
            self.index.ensure(definition)
        inside = facts("inside", ancestors=["anna", "folder"])
        self.authority = MemoryAuthority(inside, facts("beside"), folder(deleted=False, placement=0))
        self.index.write(domain.node_document(node) for node in self.authority.nodes.values())
        records = ({"index": n, "type": "x"} for n in range(2))
        stage = domain.Stage.PROCESSED
        self.index.write(domain.record_document(row, run=1, stage=stage, node=inside) for row in records)
        self.hiding = Hiding(self.index.notes, self.clock)
        self.indexer = NodeIndexer(self.index, self.authority, self.hiding)
        self.search = Search(self.index, self.authority, MemoryStructures(), Cursors(b"key"))

    def hear(self, told: NodeFact, now: NodeFacts) -> None:
        self.authority.nodes[now.id] = now
        event = event_of(told, Origin(cause="cause", correlation_id="c"), source="test", at=NOW)
        self.indexer.follow([Received(KafkaRecord("t", 0, 0, told.key(), b""), event, told)])

    def found(self) -> tuple[set[str], int]:
        page = self.search.find(ANNA, SearchRequest("x"), cursor=None, limit=10)
        return {item.get("fileId", item["id"]) for item in page["items"]}, page["total"]


def test_nothing_below_is_found_or_counted_while_the_deletion_is_on_its_way() -> None:
    world = World()
    assert world.found() == EVERYTHING
    world.hear(fact(FolderDeleted), folder())
    assert len(world.index.shown(write_alias(RECORDS))) == 2
    assert world.found() == ({"beside"}, 1)


def test_a_restored_folder_shows_again_what_lies_below() -> None:
    world = World()
    world.hear(fact(FolderDeleted), folder())
    world.hear(fact(FolderRestored, placement=2), folder(deleted=False, placement=2))
    assert world.found() == EVERYTHING


def test_a_late_event_of_a_deletion_hides_nothing_of_a_restored_folder() -> None:
    world = World()
    world.hear(fact(FolderDeleted), folder(deleted=False, placement=2))
    assert world.found() == EVERYTHING
    world.hear(fact(FolderRestored, placement=2), folder(deleted=False, placement=2))
    world.hear(fact(FolderDeleted), folder())  # by an indexer that asked before the folder was restored
    world.authority.nodes["folder"] = folder(deleted=False, placement=2)
    assert world.found() == EVERYTHING


def test_a_folder_that_comes_back_with_the_one_above_it_is_not_left_hidden() -> None:
    """Deleted alone and restored; then deleted with its parent, while the first is heard of again; and restored with it."""
    world = World()
    world.hear(fact(FolderDeleted), folder(placement=3))
    world.hear(fact(FolderRestored, placement=4, deletion="parent:1"), folder(deleted=False, placement=4))
    assert world.found() == EVERYTHING


@pytest.mark.parametrize(
    "told",
    [
        fact(FolderDeleted, "below", deletion="folder:1"),
        fact(FolderDeleted, cursor="child-200"),
        fact(FolderDeleted, deletion=None),
        fact(FolderRestored, "below", deletion="folder:1"),
        fact(FolderMoved),
        fact(FileDeleted, "file", deletion="file:1"),
    ],
)
def test_whatever_begins_no_deletion_of_a_folder_costs_nothing(told: NodeFact) -> None:
    notes = MemoryNotes()
    Hiding(notes, FakeClock()).follow([told], {told.file_id: folder(told.file_id)})
    assert notes.kept == {}


def test_orders_and_repetitions_of_words_make_no_difference() -> None:
    words = [Word("folder", 1, True), Word("folder", 2, False), Word("folder", 5, True), Word("other", 3, True)]
    for order in itertools.permutations([*words, *words[:2]]):
        marks = marked({}, order, now=NOW)
        assert {key: (mark.revision, mark.hidden) for key, mark in marks.items()} == {
            "folder": (5, True),
            "other": (3, True),
        }


def test_a_repetition_writes_nothing() -> None:
    world = World()
    world.hear(fact(FolderDeleted), folder())
    before = world.index.notes.kept[NOTE]
    world.clock.forward(hours=1)
    world.hear(fact(FolderDeleted), folder())
    assert world.index.notes.kept[NOTE] == before


def test_the_list_stays_small_and_drops_what_is_oldest() -> None:
    marks = {f"f{n:05}": Mark(1, n % 2 == 0, NOW + timedelta(seconds=n)) for n in range(2 * MOST + 10)}
    kept = bounded(marks, now=NOW + timedelta(minutes=40))
    assert sorted(kept) == [f"f{n:05}" for n in range(10, 2 * MOST + 10)]


def test_what_is_old_goes_at_the_next_change() -> None:
    notes, clock = MemoryNotes(), FakeClock()
    keeper = Hiding(notes, clock)
    keeper.follow([fact(FolderDeleted)], {"folder": folder()})
    keeper.follow([fact(FolderRestored, "back")], {})
    clock.forward(seconds=REMEMBERED.total_seconds())
    keeper.follow([fact(FolderDeleted, "next")], {"next": folder("next")})
    assert hidden_in(notes) == {"folder", "next"}
    assert notes.load(NOTE)[0]["shown"] == []
    clock.forward(seconds=(LONGEST - REMEMBERED).total_seconds())
    keeper.follow([fact(FolderDeleted, "last")], {"last": folder("last")})
    assert hidden_in(notes) == {"next", "last"}


class Interrupted(MemoryNotes):
    """Before a change is saved somebody else makes one, so many times."""

    def __init__(self, meanwhile: Callable[[MemoryNotes], None], times: int) -> None:
        super().__init__()
        self.meanwhile, self.left = meanwhile, times

    def save(self, name: str, document: dict[str, Any], token: Any) -> Any:
        if self.left:
            self.left -= 1
            beside = MemoryNotes(self.kept)
            self.meanwhile(beside)
        return super().save(name, document, token)


def test_of_two_that_change_it_at_once_neither_is_lost() -> None:
    def another(notes: MemoryNotes) -> None:
        Hiding(notes, FakeClock()).follow([fact(FolderDeleted, "b")], {"b": folder("b")})

    notes = Interrupted(another, 1)
    Hiding(notes, FakeClock()).follow([fact(FolderDeleted)], {"folder": folder()})
    assert hidden_in(notes) == {"folder", "b"}


def test_who_is_overtaken_again_and_again_gives_up_for_now() -> None:
    def another(notes: MemoryNotes) -> None:
        notes.save(NOTE, {}, notes.load(NOTE)[1])

    with pytest.raises(Unavailable):
        Hiding(Interrupted(another, 10_000), FakeClock()).follow([fact(FolderDeleted)], {"folder": folder()})


class TestSettling:
    def test_a_folder_stays_hidden_until_nothing_is_left_below(self) -> None:
        world = World()
        world.hear(fact(FolderDeleted), folder())
        holdings = MemoryHoldings(world.index)
        world.clock.forward(seconds=SETTLING.total_seconds())
        assert world.hiding.settle(holdings, ALIASES) == []
        gone = facts("inside", ancestors=["anna", "folder"], deleted=True, placement=1, revision=1)
        world.index.write([domain.node_document(gone), domain.record_tombstone(gone, 0)])
        assert world.hiding.settle(holdings, ALIASES) == [], "a record is left"
        world.index.write([domain.record_tombstone(gone, 1)])
        assert world.hiding.settle(holdings, ALIASES) == ["folder"]
        assert hidden_in(world.index.notes) == set()
        assert world.hiding.settle(holdings, ALIASES) == []

    def test_a_folder_that_was_hidden_a_moment_ago_is_not_looked_at(self) -> None:
        world = World()
        world.hear(fact(FolderDeleted, "empty"), folder("empty"))
        world.clock.forward(seconds=SETTLING.total_seconds() - 1)
        assert world.hiding.settle(MemoryHoldings(world.index), ALIASES) == []
        world.clock.forward(seconds=1)
        assert world.hiding.settle(MemoryHoldings(world.index), ALIASES) == ["empty"]

    def test_what_is_deleted_again_meanwhile_stays_hidden(self) -> None:
        clock = FakeClock()

        def deleted_again(notes: MemoryNotes) -> None:
            Hiding(notes, clock).follow([fact(FolderDeleted, placement=3)], {"folder": folder(placement=3)})

        notes = Interrupted(deleted_again, 0)
        keeper = Hiding(notes, clock)
        keeper.follow([fact(FolderDeleted)], {"folder": folder()})
        clock.forward(seconds=SETTLING.total_seconds())
        notes.left = 1
        keeper.settle(MemoryHoldings(World().index), ALIASES[:0])
        assert hidden_in(notes) == {"folder"}


class TestMaintenance:
    def test_what_is_hidden_is_no_drift_and_outlives_a_rebuild(self) -> None:
        world = Maintained()
        world.indexed("inside", 2, ancestors=["anna", "folder"])
        world.hiding.follow([fact(FolderDeleted)], {"folder": folder()})
        note = world.notes.documents()[NOTE]
        assert world.round()["report"]["nodes_missing"] == 0
        assert world.rebuild.start(left=forever)["phase"] == "Done"
        answer = world.round()
        assert (answer["report"]["nodes"], answer["report"]["written"]) == (1, 0)
        assert world.notes.documents()[NOTE] == note
        assert world.shown() == {"inside": [0, 1]}

    def test_the_reconciler_forgets_deletions_that_are_over(self) -> None:
        world = Maintained()
        world.indexed("inside", 2, ancestors=["anna", "folder"])
        early = Mark(1, True, world.clock.now() - SETTLING)
        marks = {"folder": early, "gone": replace(early, revision=7)}
        world.notes.save(NOTE, hiding.document_of(marks), None)
        world.round()
        assert hiding.marks_of(world.notes.documents()[NOTE]) == {"folder": early}
