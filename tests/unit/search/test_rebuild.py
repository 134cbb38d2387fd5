"""A rebuild: complete, beside the index in use, under writes, interrupted anywhere, by two at once; refused when it would lose."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from functions.search import domain, rebuild_state
from functions.search.errors import Overtaken
from functions.search.mappings import next_alias
from functions.search.orders import RebuildOrder, rebuild
from functions.search.ports import StoredChunk
from functions.search.rebuilding import RECORDS_AT_ONCE, TRIES, NothingToContinue, RebuildUnderWay, portion_of
from leanda import ids
from leanda.errors import Unavailable
from tests.unit.search.fakes import NOW, facts
from tests.unit.search.generations import Page, entry
from tests.unit.search.maintenance import LONG_AGO, NODES_W, RECORDS_N, RECORDS_W, Maintained, forever, ticking


def at_once() -> float:
    return -1.0


@pytest.fixture
def world() -> Maintained:
    return Maintained()


def _documents(world: Maintained) -> dict[str, dict[str, Any]]:
    """Versions and contents by id."""
    kept = world.index.documents
    return {
        alias: {key: (one.version, one.document) for key, one in kept[alias].items()} for alias in (NODES_W, RECORDS_W)
    }


def test_a_rebuild_ends_with_what_the_store_has(world: Maintained) -> None:
    world.indexed("a", 3, 2)
    world.indexed("b", 2, deleted=True, placement=1)
    world.indexed("folder", type="folder")
    world.have("c", 2)  # missing today
    world.index.write([domain.node_document(facts("stray"))])  # too much today
    state = world.rebuild.start(left=forever)
    assert state["phase"] == "Done"
    assert (state["documents"], state["lost"], state["refused"]) == (4 + 5 + 2 + 2, 0, 0)
    assert world.shown() == {"a": [0, 1, 2, 3, 4], "c": [0, 1]}
    assert set(world.index.shown(NODES_W)) == {"a", "c", "folder"}
    assert world.index.documents[NODES_W]["b"].document["deleted"] is True
    assert world.round()["report"]["nodes_missing"] == 0
    assert world.generations.number == 2


def test_every_document_is_the_same_as_before(world: Maintained) -> None:
    world.indexed("a", 3, 2)
    world.indexed("b", 1, deleted=True, placement=1)
    before = _documents(world)
    world.rebuild.start(left=forever)
    assert _documents(world) == before


def test_steps_are_as_good_as_one_go(world: Maintained) -> None:
    for n in range(130):
        world.indexed(f"{n:03d}", 2)
    before = _documents(world)
    phases = [world.rebuild.start(left=at_once)["phase"]]
    while phases[-1] in rebuild_state.OPEN:
        phases.append(world.rebuild.go_on(left=at_once)["phase"])
    assert phases == ["Filling", "Comparing", "Comparing", "Switching", "Done"]
    assert _documents(world) == before


def test_a_big_file_is_filled_over_several_steps() -> None:
    made = entry(facts("b"), *[8000] * 6)
    page = Page((entry(facts("a"), 10), made, entry(facts("c"), 5)), None)
    seen: list[tuple[str, int]] = []
    nodes: list[str] = []
    after, node, chunk, last = None, None, 0, False
    while not last:
        portion = portion_of(page, after, node, chunk)
        assert sum(one.total for _, one in portion.chunks) < RECORDS_AT_ONCE + 8000
        seen += [(found.node.id, one.n) for found, one in portion.chunks]
        nodes += [found.node.id for found in portion.nodes]
        after, node, chunk, last = portion.after, portion.node, portion.chunk, portion.last
        left = [found for found in (entry(facts("a"), 10), made, entry(facts("c"), 5)) if found.node.id > (after or "")]
        page = Page(tuple(left), None)
    assert nodes == ["a", "b", "c"]
    assert seen == [("a", 0), *(("b", n) for n in range(6)), ("c", 0)]


def test_what_is_written_meanwhile_is_in_both(world: Maintained) -> None:
    for n in range(150):
        world.indexed(f"{n:03d}", 1)

    def meanwhile() -> None:
        world.catalogue.before = lambda: None
        # One that the rebuild has passed already, one that it has not reached, one that is new, one that goes.
        for node_id in ("000", "149", "new"):
            world.indexed(node_id, 2, revision=3, placement=1)
        world.indexed("050", 1, deleted=True, revision=1, placement=1)

    world.rebuild.start(left=at_once)
    world.catalogue.before = meanwhile
    assert world.rebuild.go_on(left=forever)["phase"] == "Done"
    shown = world.shown()
    assert (shown["000"], shown["149"], shown["new"]) == ([0, 1], [0, 1], [0, 1])
    assert "050" not in shown
    assert len(shown) == 150


def test_what_moves_between_filling_and_comparing_is_complete_in_the_new_index(world: Maintained) -> None:
    world.indexed("a", *[2] * 5)
    assert world.rebuild.start(left=at_once)["phase"] == "Comparing"
    moved = world.have("a", *[2] * 5, placement=1, revision=1, ancestors=["anna", "folder"])
    assert world.rebuild.go_on(left=ticking(times=1))["phase"] == "Comparing"
    assert world.shown(RECORDS_N) == {"a": list(range(10))}
    world.write(moved)
    assert world.rebuild.go_on(left=forever)["phase"] == "Done"
    assert world.shown() == {"a": list(range(10))}
    assert all(d["ancestors"] == ["anna", "folder", "a"] for d in world.index.shown(RECORDS_W).values())


def test_a_new_index_that_does_not_take_what_it_lacks_is_not_put_to_use(world: Maintained) -> None:
    made = world.indexed("a", 3)
    world.rebuild.start(left=at_once)
    hidden = domain.record_tombstone(made.node, 1)
    world.index.documents[RECORDS_N][hidden.id] = hidden
    state = world.rebuild.go_on(left=forever)
    assert (state["phase"], state["refused"]) == ("Blocked", 1)
    assert world.shown() == {"a": [0, 1, 2]}


def test_writers_that_were_late_to_notice_are_made_good_by_the_catalogue(world: Maintained) -> None:
    """The facts were read before the new generation was there, and were written to the old one only."""
    world.indexed("a", 1)
    world.have("a", 2, placement=1, revision=1)
    world.rebuild.start(left=forever)
    assert world.shown() == {"a": [0, 1]}


def test_a_late_write_of_before_a_deletion_stays_buried(world: Maintained) -> None:
    before = world.indexed("a", 2)
    world.indexed("a", 2, deleted=True, placement=1, revision=1)
    world.rebuild.start(left=forever)
    world.keep(before)
    world.write(before)
    assert world.shown() == {}


def test_the_first_chunk_of_an_open_run_is_shown_by_the_new_index_too(world: Maintained) -> None:
    made = entry(facts("a", status="Parsing"), 2, stage="parsed", ended=False)
    world.keep(made)
    world.write(made)
    world.rebuild.start(left=forever)
    assert world.shown() == {"a": [0, 1]}


def test_failed_and_long_deleted_files_leave_no_records(world: Maintained) -> None:
    world.have("a", 2, status="Failed")
    world.have("b", 2, deleted=True, placement=1, changed_at=LONG_AGO)
    world.rebuild.start(left=forever)
    assert world.index.documents[RECORDS_W] == {}
    assert set(world.index.documents[NODES_W]) == {"a"}


def test_a_rebuild_that_would_lose_records_is_not_put_to_use(world: Maintained) -> None:
    world.indexed("a", 2, 2)
    del world.artefacts.bodies["a", 1, 1, "processed", "sha"]
    state = world.rebuild.start(left=forever)
    assert (state["phase"], state["lost"]) == ("Blocked", 1)
    assert world.shown() == {"a": [0, 1, 2, 3]}
    with pytest.raises(NothingToContinue):
        world.rebuild.go_on(left=forever)
    assert world.rebuild.start(left=forever, accept_loss=True)["phase"] == "Done"
    assert world.shown() == {"a": [0, 1]}


def test_a_damaged_artefact_is_lost_and_costs_no_other_file_anything(world: Maintained) -> None:
    world.indexed("a", 2)
    world.indexed("b", 2)
    world.artefacts.bodies["a", 1, 0, "processed", "sha"] = b"this is no gzip"
    state = world.rebuild.start(left=forever)
    assert (state["phase"], state["lost"]) == ("Blocked", 1)
    assert world.rebuild.start(left=forever, accept_loss=True)["phase"] == "Done"
    assert world.shown() == {"b": [0, 1]}


def test_what_came_back_while_the_new_index_was_filled_is_not_lost(world: Maintained) -> None:
    world.indexed("a", 2)
    artefact = world.artefacts.bodies.pop(("a", 1, 0, "processed", "sha"))
    assert world.rebuild.start(left=at_once)["lost"] == 1
    world.artefacts.bodies["a", 1, 0, "processed", "sha"] = artefact
    state = world.rebuild.go_on(left=forever)
    assert (state["phase"], state["lost"]) == ("Done", 0)
    assert world.shown() == {"a": [0, 1]}


def test_documents_that_the_new_mapping_refuses_block_it_and_nobody_else(world: Maintained) -> None:
    world.indexed("a", 2)
    world.rebuild.start(left=at_once)
    world.index.fields[RECORDS_N].pop("pairs")
    world.index.documents[RECORDS_N].clear()
    state = world.rebuild.go_on(left=forever)
    assert (state["phase"], state["compared"]["refused"]) == ("Blocked", 1)
    assert world.shown() == {"a": [0, 1]}


@pytest.mark.parametrize("at", range(8))
def test_a_rebuild_that_dies_anywhere_is_gone_on_with(world: Maintained, at: int) -> None:
    for n in range(120):
        world.indexed(f"{n:03d}", 1)
    before, calls = _documents(world), [0]

    def dying(call: Any) -> Any:
        def called(*arguments: Any, **named: Any) -> Any:
            calls[0] += 1
            if calls[0] - 1 == at:
                raise KeyboardInterrupt
            return call(*arguments, **named)

        return called

    for owner, names in (
        (world.notes, ["save"]),
        (world.generations, ["begin", "switch"]),
        (world.index, ["write"]),
    ):
        for name in names:
            setattr(owner, name, dying(getattr(owner, name)))
    with pytest.raises(KeyboardInterrupt):
        world.rebuild.start(left=forever)
    assert _documents(world) == before
    assert world.rebuild.start(left=forever)["phase"] == "Done"
    assert _documents(world) == before


def test_of_two_that_work_on_it_one_stops(world: Maintained) -> None:
    world.indexed("a", 1)

    def another() -> None:
        world.catalogue.before = lambda: None
        world.rebuild.start(left=at_once)

    world.catalogue.before = another
    with pytest.raises(Overtaken):
        world.rebuild.start(left=forever)
    assert world.rebuild.go_on(left=forever)["phase"] == "Done"


def test_an_index_that_is_down_loses_nothing(world: Maintained) -> None:
    world.indexed("a", 1)
    world.index.down = True
    with pytest.raises(Unavailable):
        world.rebuild.start(left=forever)
    assert len(world.pauses) == TRIES - 1
    assert world.pauses == sorted(world.pauses)
    world.index.down = False
    assert world.rebuild.go_on(left=forever)["phase"] == "Done"
    assert world.shown() == {"a": [0]}


def test_an_index_that_is_busy_for_a_moment_is_waited_for(world: Maintained) -> None:
    world.indexed("a", 1)
    world.index.down = True
    patient = replace(world.rebuild, pause=lambda _: setattr(world.index, "down", False))
    assert patient.start(left=forever)["phase"] == "Done"


def test_an_abandoned_rebuild_leaves_what_is_in_use(world: Maintained) -> None:
    world.indexed("a", 1)
    world.rebuild.start(left=at_once)
    assert world.rebuild.abandon()["phase"] == "Abandoned"
    assert next_alias("leanda-records") not in world.index.documents
    with pytest.raises(NothingToContinue):
        world.rebuild.go_on(left=forever)
    world.rebuild.abandon()  # again, for one that was interrupted
    assert world.shown() == {"a": [0]}
    assert world.rebuild.start(left=forever)["phase"] == "Done"
    with pytest.raises(NothingToContinue):
        world.rebuild.abandon()


def test_a_schedule_goes_on_with_what_nobody_works_on(world: Maintained) -> None:
    def tick(**event: Any) -> dict[str, Any]:
        schedule = {"id": "x", "detail-type": "Scheduled Event", "source": "aws.events", "detail": {}}
        return rebuild(RebuildOrder.model_validate(schedule | event), 60.0, world.rebuild)

    def silent(seconds: int) -> None:
        state, token = world.notes.load(rebuild_state.STATE)
        world.notes.save(rebuild_state.STATE, state | {"at": (NOW - timedelta(seconds=seconds)).isoformat()}, token)

    assert tick() == {}
    world.indexed("a", 1)
    assert tick(action="start", seconds=0)["phase"] == "Comparing"
    assert tick()["phase"] == "Comparing"  # somebody noted something a moment ago
    silent(100)
    assert tick(seconds=0)["phase"] == "Switching"
    silent(100)
    assert tick()["phase"] == "Done"
    silent(100)
    assert tick()["phase"] == "Done"
    assert world.generations.number == 2
    status = tick(action="status")
    assert status["generations"][0]["index"] == "leanda-nodes-v2"


def test_the_generation_before_is_kept_for_searches_that_run_on_it(world: Maintained) -> None:
    world.rebuild.start(left=forever)
    assert len(world.generations.unused) == 2
    world.rebuild.start(left=forever)
    assert len(world.generations.unused) == 4
    state, token = world.notes.load(rebuild_state.STATE)
    world.notes.save(rebuild_state.STATE, state | {"endedAt": (NOW - timedelta(hours=1)).isoformat()}, token)
    world.rebuild.start(left=forever)
    assert len(world.generations.unused) == 2


def test_positions_of_chunks_are_those_of_the_plan() -> None:
    assert entry(facts("a"), 2, 3).chunks[1] == replace(StoredChunk(1, "processed", "sha", 2, 3, 3))
    assert ids.record_id("a", 0) != ids.record_id("a", 1)


def test_a_shadow_receives_what_is_written_again_and_is_compared_without_being_used(world: Maintained) -> None:
    world.indexed("a", 2)
    world.indexed("b", 3)
    before = _documents(world)
    assert world.rebuild.shadow(left=forever)["phase"] == "Shadow"
    assert world.index.documents[RECORDS_N] == {}, "nobody fills it from the store"
    world.indexed("a", 2)  # what a replay of the log does: the indexer writes the same once more
    assert len(world.index.documents[RECORDS_N]) == 2
    assert _documents(world) == before, "what is in use takes no older or equal word"
    world.rebuild.tick(left=forever)
    state = world.rebuild.shadow(left=forever)
    assert state["phase"] == "Shadow"
    assert (state["compared"]["nodes_missing"], state["compared"]["records_missing"]) == (1, 3)
    assert world.generations.number == 1
    world.rebuild.abandon()
    assert _documents(world) == before
    assert world.generations.number == 1


def test_a_shadow_can_be_put_to_use_and_is_complete_then(world: Maintained) -> None:
    world.indexed("a", 2)
    before = _documents(world)
    world.rebuild.shadow(left=forever)
    assert world.rebuild.start(left=forever)["phase"] == "Done"
    assert _documents(world) == before
    assert world.generations.number == 2


def test_a_shadow_is_kept_until_somebody_decides(world: Maintained) -> None:
    world.indexed("a", 2)
    world.rebuild.shadow(left=forever)
    world.round()
    assert world.rebuild.status()["phase"] == "Shadow"
    assert next_alias("leanda-records") in world.index.documents


def test_a_rebuild_from_the_store_is_no_shadow(world: Maintained) -> None:
    world.indexed("a", 2)
    world.rebuild.start(left=at_once)
    with pytest.raises(RebuildUnderWay):
        world.rebuild.shadow(left=forever)
    assert rebuild(RebuildOrder(action="continue"), 60.0, world.rebuild)["phase"] == "Done"
    assert rebuild(RebuildOrder(action="shadow"), 60.0, world.rebuild)["phase"] == "Shadow"
