"""The two indexers: hints in, documents of what is true now out; repeated, reordered, interrupted."""

from __future__ import annotations

import base64
import itertools
from typing import Any

import pytest

from functions.search.errors import DocumentRefused
from functions.search.hiding import Hiding
from functions.search.indexing import NodeIndexer, RecordIndexer, by_records
from functions.search.mappings import NODES, RECORDS, definitions, write_alias
from leanda import ids
from leanda.contracts.artefacts import Record, RecordStatus
from leanda.contracts.envelope import Event, Origin
from leanda.contracts.events import (
    Counts,
    EventData,
    FileDeleted,
    FileParseFailed,
    FileRenamed,
    RecordsIndexed,
    RecordsParsed,
    RecordsStored,
    RunActivated,
    UploadRequested,
)
from leanda.contracts.registry import data_of, event_of
from leanda.errors import NotFound, Unavailable
from leanda.messaging import Consumer, Received
from leanda.messaging.letters import Letter
from leanda.messaging.records import KafkaRecord
from leanda.persistence.artefacts import pack
from tests.unit.search.fakes import (
    NOW,
    FixedClock,
    MemoryArtefacts,
    MemoryAuthority,
    MemoryIndex,
    MemoryPublisher,
    facts,
)

RECORDS_W, NODES_W = write_alias(RECORDS), write_alias(NODES)


def _received(data: EventData, cause: str = "cause") -> Received:
    event = event_of(data, Origin(cause=cause, correlation_id="c"), source="test", at=NOW)
    return Received(KafkaRecord("t", 0, 0, data.key(), b""), event, data)


def _stored(file_id: str = "file-1", run: int = 1, chunk: int = 0, placement: int = 0) -> Received:
    counts = Counts(total=2, parsed=2)
    return _received(
        RecordsStored(file_id=file_id, run=run, chunk=chunk, counts=counts, artefact="sha", placement=placement)
    )


def _parsed(run: int = 1, chunk: int = 0) -> Received:
    times: dict[str, Any] = {"parser": "sdf", "version": "1", "started_at": NOW, "ended_at": NOW}
    counts = Counts(total=2, parsed=2)
    return _received(RecordsParsed(file_id="file-1", run=run, chunk=chunk, counts=counts, artefact="sha", **times))


class World:
    def __init__(self, *nodes: Any) -> None:
        self.index, self.authority = MemoryIndex(), MemoryAuthority(*(nodes or [facts()]))
        self.artefacts, self.publisher = MemoryArtefacts(), MemoryPublisher()
        for definition in definitions(local=True):
            self.index.ensure(definition)
        self.records = RecordIndexer(self.index, self.authority, self.artefacts, self.publisher, FixedClock())
        self.nodes = NodeIndexer(self.index, self.authority, Hiding(self.index.notes, FixedClock()))
        for file_id, stage in itertools.product(("file-1", "file-2"), ("parsed", "processed")):
            records = [Record(index=n, type="x", name=stage) for n in (0, 1)]
            self.artefacts.put(file_id, 1, 0, stage, pack(records))

    def be(self, **changes: Any) -> None:
        self.authority.nodes["file-1"] = facts(**changes)

    def shown(self) -> dict[int, str]:
        return {document["index"]: document["name"] for document in self.index.shown(RECORDS_W).values()}


def test_a_stored_chunk_is_findable_and_then_announced() -> None:
    world = World()
    world.records.follow([_stored()])
    assert world.shown() == {0: "processed", 1: "processed"}
    [message] = world.publisher.messages
    told = data_of(Event.from_bytes(message.body))
    assert isinstance(told, RecordsIndexed)
    assert (told.counts, told.placement, message.key) == (Counts(total=2, parsed=2), 0, "file-1:0")


def test_a_repetition_writes_nothing_new_and_repeats_the_id() -> None:
    world = World()
    world.records.follow([_stored()])
    before = dict(world.index.documents[RECORDS_W])
    world.records.follow([_stored()])
    assert world.index.documents[RECORDS_W] == before
    assert len({message.event_id for message in world.publisher.messages}) == 1


@pytest.mark.parametrize("order", list(itertools.permutations([0, 1])))
def test_parsed_and_stored_end_the_same_in_any_order(order: tuple[int, ...]) -> None:
    world = World()
    for position in order:
        world.records.follow([[_parsed(), _stored()][position]])
    assert world.shown() == {0: "processed", 1: "processed"}


def test_the_first_parsed_chunk_is_findable_at_once_but_not_announced() -> None:
    world = World()
    world.records.follow([_parsed()])
    assert world.shown() == {0: "parsed", 1: "parsed"}
    assert world.publisher.messages == []


@pytest.mark.parametrize("event", [_parsed(chunk=1), _parsed(run=2)])
def test_other_parsed_chunks_wait_until_they_are_stored(event: Received) -> None:
    world = World(facts(activeRun=event.data.run))  # type: ignore[attr-defined]
    world.records.follow([event])
    assert world.shown() == {}


def test_a_chunk_of_a_run_that_is_not_shown_changes_nothing() -> None:
    world = World(facts(activeRun=2))
    world.records.follow([_stored(run=1)])
    assert (world.shown(), world.publisher.messages) == ({}, [])


def test_a_chunk_of_a_file_that_nobody_knows_changes_nothing() -> None:
    world = World()
    world.records.follow([_stored("gone")])
    assert (world.shown(), world.publisher.messages) == ({}, [])


def test_deletion_wins_over_a_late_chunk_and_is_not_announced() -> None:
    world = World()
    world.be(deleted=True, placement=1)
    world.records.follow([_stored(placement=1)])
    world.be()  # an indexer that asked for authority before the deletion
    world.records.follow([_stored()])
    assert world.shown() == {}
    assert len(world.publisher.messages) == 1


def test_authority_decides_the_placement_not_the_event() -> None:
    world = World(facts(placement=7))
    world.records.follow([_stored(placement=2)])
    told = data_of(Event.from_bytes(world.publisher.messages[0].body))
    assert told.placement == 7  # type: ignore[attr-defined]


def test_a_batch_asks_once() -> None:
    world = World(facts(), facts("file-2"))
    batch = [_stored(), _stored("file-2"), _stored()]
    for group in by_records(batch):
        world.records.follow(group)
    assert world.authority.calls == [["file-1", "file-2"]]
    assert len(world.index.shown(RECORDS_W)) == 4


def test_a_batch_of_large_chunks_is_done_in_portions_that_stay_done(monkeypatch: pytest.MonkeyPatch) -> None:
    """The invocation ends in the middle of the batch: what it had indexed it had announced, too."""
    monkeypatch.setattr("functions.search.indexing.MOST_RECORDS", 4)
    world, ids = World(*(facts(f"file-{n}") for n in range(1, 6))), [f"file-{n}" for n in range(1, 6)]
    batch = [_stored(file_id) for file_id in ids]
    assert {one.data.counts.total for one in batch} == {2}  # type: ignore[attr-defined]
    portions = by_records(batch)
    world.records.follow(next(portions))
    assert [message.key for message in world.publisher.messages] == ["file-1:0", "file-2:0"]
    assert [len(portion) for portion in portions] == [2, 1]


def test_nothing_is_announced_that_was_not_written() -> None:
    world = World()
    world.index.down = True
    with pytest.raises(Unavailable):
        world.records.follow([_stored()])
    assert world.publisher.messages == []


def test_a_refused_document_is_a_defect_of_its_chunk() -> None:
    world = World()
    world.index.fields[RECORDS_W].pop("pairs")
    with pytest.raises(DocumentRefused):
        world.records.follow([_stored()])
    assert world.publisher.messages == []


def test_a_defective_chunk_is_dead_lettered_alone() -> None:
    class Letters:
        kept: list[Letter] = []  # noqa: RUF012

        def send(self, letter: Letter) -> None:
            self.kept.append(letter)

    world, letters = World(facts(), facts("file-2")), Letters()
    del world.artefacts.bodies["file-1", 1, 0, "processed", "sha"]
    batch = [_stored(), _stored("file-2")]
    rows = [
        {"topic": "t", "partition": 0, "offset": n, "key": _base64(one.data.key()), "value": _base64(one.event)}
        for n, one in enumerate(batch)
    ]
    consumer = Consumer(
        "search-on-record-events", world.records.follow, letters, FixedClock(), group=by_records, sleep=lambda _: None
    )
    assert consumer.consume({"records": {"t-0": rows}}, lambda: 60.0) == {"batchItemFailures": []}
    assert [letter.key for letter in letters.kept] == ["file-1:0"]
    assert {document["fileId"] for document in world.index.shown(RECORDS_W).values()} == {"file-2"}
    assert [message.key for message in world.publisher.messages] == ["file-2:0"]


def _base64(value: str | Event) -> str:
    return base64.b64encode(value.encode() if isinstance(value, str) else value.to_bytes()).decode()


def test_a_missing_artefact_is_not_passed_over() -> None:
    world = World()
    world.artefacts.bodies.clear()
    with pytest.raises(NotFound):
        world.records.follow([_stored()])


def test_failed_records_count_but_are_not_found() -> None:
    world = World()
    records = [Record(index=0, type="x", name="good"), Record(index=1, type="x", status=RecordStatus.FAILED)]
    world.artefacts.put("file-1", 1, 0, "processed", pack(records))
    world.records.follow([_stored()])
    assert world.shown() == {0: "good"}
    assert len(world.publisher.messages) == 1


def _fact(kind: type[FileRenamed] | type[RunActivated] = FileRenamed, **more: Any) -> Received:
    return _received(kind(file_id="file-1", node_type="file", owner_id="anna", revision=1, placement=0, **more))


def test_any_fact_indexes_the_file_as_it_is_now() -> None:
    world = World(facts(name="now.sdf", revision=4))
    upload = UploadRequested(file_id="file-1", name="x", parent_id="anna", owner_id="anna", size=1, revision=0)
    world.nodes.follow([_received(upload), _fact(name="then.sdf")])
    kept = world.index.documents[NODES_W]["file-1"]
    assert (kept.document["name"], kept.version) == ("now.sdf", 5)
    assert world.authority.calls == [["file-1"]]


def test_an_answer_that_came_late_does_not_undo_a_newer_one() -> None:
    world = World(facts(name="new", revision=4))
    world.nodes.follow([_fact()])
    world.be(name="old", revision=3)
    world.nodes.follow([_fact()])
    assert world.index.shown(NODES_W)["file-1"]["name"] == "new"


def test_a_deleted_file_leaves_a_tombstone_and_an_unknown_one_nothing() -> None:
    world = World(facts(deleted=True, revision=2))
    other = _received(FileRenamed(file_id="gone", node_type="file", owner_id="anna", revision=1, placement=0))
    world.nodes.follow([_fact(), other])
    assert world.index.shown(NODES_W) == {}
    assert list(world.index.documents[NODES_W]) == ["file-1"]


def _failed(status: str = "Failed") -> Received:
    return _received(
        FileParseFailed(file_id="file-1", node_type="file", owner_id="anna", revision=1, placement=0, status=status)
    )


@pytest.mark.parametrize("order", list(itertools.permutations([0, 1])))
def test_a_file_that_fails_after_its_first_chunk_was_shown_ends_without_records(order: tuple[int, ...]) -> None:
    world = World()
    world.records.follow([_parsed()])
    world.be(status="Failed", revision=1)
    for position in order:
        if position:
            world.nodes.follow([_failed()])
        else:
            world.records.follow([_parsed()])  # a late copy
    assert world.shown() == {}


def test_a_file_that_fails_while_its_first_chunk_is_written_ends_without_records() -> None:
    world, write = World(), MemoryIndex.write
    world.be(status="Loaded")

    def written(documents: Any) -> None:
        some = list(documents)
        world.be(status="Failed", revision=1)
        world.nodes.index.write = lambda more: write(world.index, more)  # type: ignore[attr-defined]
        world.nodes.follow([_failed()])  # sees nothing yet
        write(world.index, some)

    world.index.write = written  # type: ignore[method-assign]
    world.records.follow([_parsed()])
    assert world.shown() == {}


@pytest.mark.parametrize("late", ["nodes", "records"])
def test_who_saw_a_file_fail_does_not_hide_what_its_reopened_run_shows(late: str) -> None:
    """Between the answer of `files` and the look into the index the run is reopened, and its records are indexed anew."""
    world = World()
    world.records.follow([_stored()])
    world.be(status="Failed", revision=1)
    living = world.index.living

    def meanwhile(*arguments: Any, **named: Any) -> Any:
        world.index.living = living  # type: ignore[method-assign]
        world.be(placement=1, revision=2)
        world.records.follow([_stored(placement=1)])
        return living(*arguments, **named)

    world.index.living = meanwhile  # type: ignore[method-assign]
    if late == "nodes":
        world.nodes.follow([_failed()])
    else:
        world.records.follow([_stored()])
    assert world.shown() == {0: "processed", 1: "processed"}


def test_a_failed_later_run_leaves_the_records_of_the_one_before() -> None:
    world = World()
    world.records.follow([_stored()])
    world.nodes.follow([_failed("Processed")])
    assert world.shown() == {0: "processed", 1: "processed"}


def test_stored_chunks_of_a_failed_run_are_hidden_and_not_announced() -> None:
    world = World()
    world.records.follow([_stored()])
    world.be(status="Failed", revision=1)
    world.nodes.follow([_failed()])
    world.records.follow([_stored()])
    assert world.shown() == {}
    assert len(world.publisher.messages) == 1


def test_a_chunk_without_a_good_record_is_complete_though_its_file_failed() -> None:
    world = World(facts(status="Failed"))
    world.artefacts.put("file-1", 1, 0, "processed", pack([Record(index=0, type="x", status=RecordStatus.FAILED)]))
    data = RecordsStored(
        file_id="file-1", run=1, chunk=0, counts=Counts(total=1, failed=1), artefact="sha", placement=0
    )
    world.records.follow([_received(data)])
    assert (world.shown(), len(world.publisher.messages)) == ({}, 1)


def test_a_file_that_is_deleted_when_only_its_first_chunk_is_shown_ends_without_records() -> None:
    world = World()
    world.records.follow([_parsed()])
    world.be(deleted=True, placement=1, revision=1)
    world.nodes.follow(
        [_received(FileDeleted(file_id="file-1", node_type="file", owner_id="anna", revision=1, placement=1))]
    )
    assert world.shown() == {}
    world.be()
    world.records.follow([_parsed()])  # by an indexer that asked before the deletion
    assert world.shown() == {}


def test_a_shorter_run_takes_away_what_the_longer_one_showed() -> None:
    world = World()
    world.records.follow([_stored()])
    world.be(activeRun=2, placement=1, counts={"total": 1, "parsed": 1, "failed": 0})
    world.nodes.follow([_fact(RunActivated, run=2, previous_total=2)])
    assert world.index.documents[RECORDS_W][ids.record_id("file-1", 1)].document["deleted"] is True
    assert world.index.documents[RECORDS_W][ids.record_id("file-1", 0)].document["deleted"] is False
