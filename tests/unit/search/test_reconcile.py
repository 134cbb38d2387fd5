"""The reconciler: what differs from the store is told and repaired, what is only under way is left alone."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from functions.search import domain
from functions.search.comparing import Report, compare
from functions.search.domain import Stage
from functions.search.orders import ReconcileOrder, reconcile
from functions.search.ports import HeldNode, HeldRecords
from functions.search.reconciling import PAGE, STATE
from leanda import ids
from leanda.metrics import EmfMeter
from tests.unit.search.fakes import NOW, facts
from tests.unit.search.generations import entry
from tests.unit.search.maintenance import LONG_AGO, NODES_W, RECORDS_W, Maintained, forever, ticking


def _drift(answer: dict[str, Any]) -> int:
    return Report(**answer["report"]).drift


@pytest.fixture
def world() -> Maintained:
    return Maintained()


def test_an_index_that_equals_the_store_is_left_alone(world: Maintained) -> None:
    world.indexed("a", 3)
    world.indexed("b", 2, deleted=True, placement=1)
    before = {alias: dict(kept) for alias, kept in world.index.documents.items()}
    assert _drift(world.round()) == 0
    assert world.index.documents == before
    assert world.authority.calls == []


def test_missing_documents_are_written(world: Maintained) -> None:
    world.indexed("a", 3, 2)
    world.have("b", 2)
    for index in (1, 4):
        del world.index.documents[RECORDS_W][ids.record_id("a", index)]
    answer = world.round()
    assert answer["report"]["nodes_missing"] == 1
    assert answer["report"]["records_missing"] == 4
    assert world.shown() == {"a": [0, 1, 2, 3, 4], "b": [0, 1]}
    assert set(world.index.shown(NODES_W)) == {"a", "b"}
    assert _drift(world.round()) == 0


def test_only_chunks_that_lack_something_are_read_again(world: Maintained) -> None:
    world.indexed("a", 3, 2)
    del world.index.documents[RECORDS_W][ids.record_id("a", 4)]
    del world.artefacts.bodies["a", 1, 0, "processed", "sha"]
    answer = world.round()
    assert (answer["report"]["written"], answer["report"]["lost"]) == (2, 0)
    assert world.shown() == {"a": [0, 1, 2, 3, 4]}


def test_a_stale_file_is_written_as_it_is_now(world: Maintained) -> None:
    world.indexed("a", 1, name="old.sdf", revision=1)
    world.have("a", 1, name="new.sdf", revision=2)
    assert world.round()["report"]["nodes_stale"] == 1
    assert world.index.shown(NODES_W)["a"]["name"] == "new.sdf"


def test_records_of_another_place_are_written_anew_where_the_file_is(world: Maintained) -> None:
    world.indexed("a", 2)
    world.have("a", 2, placement=1, revision=1, ancestors=["anna", "folder"])
    world.round()
    assert all(d["ancestors"] == ["anna", "folder", "a"] for d in world.index.shown(RECORDS_W).values())
    assert _drift(world.round()) == 0


def test_what_is_too_much_is_buried(world: Maintained) -> None:
    world.indexed("a", 5)
    world.have("a", 3, activeRun=2, placement=1, revision=1)  # a later run with fewer records
    world.indexed("gone", 2)
    world.have("gone", 2, deleted=True, placement=1, revision=1)
    report = world.round()["report"]
    assert world.shown() == {"a": [0, 1, 2]}
    assert report["records_surplus"] == 5 + 2
    assert world.index.documents[RECORDS_W][ids.record_id("gone", 0)].version == 4 + Stage.TOMBSTONE
    assert _drift(world.round()) == 0


def test_documents_of_nodes_that_nobody_knows_are_buried(world: Maintained) -> None:
    world.indexed("a", 1)
    for key in ("0", "zz"):  # before the first and after the last node that is known
        world.indexed(key, 2)
        del world.catalogue.entries[key], world.authority.nodes[key]
    assert world.round()["report"]["nodes_unknown"] == 2
    assert set(world.index.shown(NODES_W)) == {"a"}
    assert world.shown() == {"a": [0]}
    assert _drift(world.round()) == 0


def test_a_node_that_was_made_after_its_page_was_read_is_not_buried(world: Maintained) -> None:
    made = world.indexed("a", 2)
    del world.catalogue.entries["a"]  # the page of before; who is asked again knows it
    assert _drift(world.round()) == 0
    assert world.shown() == {"a": [0, 1]}
    assert made.node.id in world.authority.nodes


def test_a_failed_file_ends_without_records_and_a_reopened_run_brings_them_back(world: Maintained) -> None:
    world.indexed("a", 2)
    world.have("a", 2, status="Failed", revision=1)
    assert world.round()["report"]["records_surplus"] == 2
    assert world.shown() == {}
    world.have("a", 2, status="Processed", revision=2)
    assert world.round()["report"]["records_missing"] == 2
    assert world.shown() == {"a": [0, 1]}


def test_what_just_changed_is_not_drift(world: Maintained) -> None:
    world.have("a", 2, changed_at=NOW - timedelta(seconds=30))
    answer = world.round()
    assert (_drift(answer), answer["report"]["in_motion"]) == (0, 1)
    assert world.shown() == {}
    assert _drift(world.round(grace=timedelta(0))) == 3


def test_what_changes_between_two_looks_is_not_drift(world: Maintained) -> None:
    world.have("a", 2)
    world.authority.nodes["a"] = facts("a", placement=1, revision=1)
    assert _drift(world.round()) == 0


def test_an_open_run_is_not_judged_by_its_records(world: Maintained) -> None:
    open_run = replace(world.have("a", 2, 2, status="Processing"), ended=False)
    world.keep(open_run)
    world.index.write([domain.node_document(open_run.node)])
    assert _drift(world.round()) == 0


def test_failed_records_are_not_missed(world: Maintained) -> None:
    made = world.have("a", 3)
    world.keep(replace(made, chunks=(replace(made.chunks[0], parsed=2),)))
    world.round()
    assert world.shown() == {"a": [0, 1]}
    assert _drift(world.round()) == 0


def test_a_lost_artefact_is_told_and_its_neighbours_are_repaired(world: Maintained) -> None:
    world.have("a", 2, 2)
    del world.artefacts.bodies["a", 1, 0, "processed", "sha"]
    report = world.round()["report"]
    assert (report["lost"], Report(**report).beyond_repair) == (1, 1)
    assert world.shown() == {"a": [2, 3]}


def test_a_damaged_artefact_is_told_and_holds_up_nobody(world: Maintained) -> None:
    world.have("a", 2, 2)
    world.have("b", 1)
    world.artefacts.bodies["a", 1, 0, "processed", "sha"] = b"this is no gzip"
    report = world.round()["report"]
    assert (report["lost"], Report(**report).beyond_repair) == (1, 1)
    assert world.shown() == {"a": [2, 3], "b": [0]}


def test_an_index_that_is_further_than_the_store_is_told(world: Maintained) -> None:
    world.indexed("a", 1, revision=5, placement=3)
    world.have("a", 1, revision=2)  # a store that came back from a backup
    report = Report(**world.round()["report"])
    assert (report.ahead, report.beyond_repair) == (1, 1)


def test_old_tombstones_are_purged_and_not_written_again(world: Maintained) -> None:
    old = (NOW - timedelta(days=31)).isoformat()
    world.indexed("old", 2, deleted=True, placement=1, updatedAt=old, changed_at=LONG_AGO)
    world.indexed("new", 2, deleted=True, placement=1)
    assert world.round()["purged"] == 3
    assert set(world.index.documents[NODES_W]) == {"new"}
    assert len(world.index.documents[RECORDS_W]) == 2
    assert _drift(world.round()) == 0


def test_a_round_is_taken_in_pieces(world: Maintained) -> None:
    for n in range(250):
        world.indexed(f"{n:03d}", 1)
    answers = [world.round(left=lambda: -1.0) for _ in range(3)]
    assert [answer["next"] for answer in answers] == ["099", "199", None]
    assert [answer["complete"] for answer in answers] == [False, False, True]
    assert world.notes.load(STATE)[0]["rounds"] == 1
    assert world.round()["report"]["nodes"] == 250  # and begins anew


def test_a_page_whose_repair_takes_too_long_is_gone_on_with(world: Maintained) -> None:
    world.have("a", *[2] * 5)
    assert world.round(left=ticking(times=2))["complete"] is False
    assert world.shown() == {"a": [0, 1, 2, 3]}
    assert world.round(left=lambda: -1.0)["complete"] is False
    assert world.shown() == {"a": [0, 1, 2, 3, 4, 5]}
    assert world.round()["complete"] is True
    assert world.shown() == {"a": list(range(10))}


def test_a_moved_file_whose_repair_takes_too_long_keeps_what_it_has_not_come_to(world: Maintained) -> None:
    world.indexed("a", *[2] * 5)
    world.have("a", *[2] * 5, placement=1, revision=1, ancestors=["anna", "folder"])
    assert world.round(left=ticking(times=2))["complete"] is False
    assert world.shown() == {"a": list(range(10))}
    assert world.round()["complete"] is True
    assert all(d["ancestors"] == ["anna", "folder", "a"] for d in world.index.shown(RECORDS_W).values())
    assert _drift(world.round()) == 0


def test_what_the_indexer_writes_after_a_burial_wins(world: Maintained) -> None:
    world.indexed("a", 2)
    moved = world.have("a", 2, placement=1, revision=1)
    artefact = world.artefacts.bodies.pop(("a", 1, 0, "processed", "sha"))
    assert world.round()["report"]["lost"] == 1
    world.artefacts.bodies["a", 1, 0, "processed", "sha"] = artefact
    world.write(moved)
    assert world.shown() == {"a": [0, 1]}


def test_what_is_written_while_a_file_is_compared_is_not_buried(world: Maintained) -> None:
    """The file moves on, and the indexer follows it, after its facts were read for the last time."""
    for node, changes in (("moved", {}), ("reopened", {"status": "Failed"})):
        world.indexed(node, 3)
        world.have(node, 2, placement=1, revision=1, **changes)
    strangers = world.holdings.strangers

    def meanwhile(alias: str, file_id: str, *more: Any) -> Any:
        world.write(world.have(file_id, 3, placement=2, revision=2))
        return strangers(alias, file_id, *more)

    world.holdings.strangers = meanwhile
    world.round()
    assert world.shown() == {"moved": [0, 1, 2], "reopened": [0, 1, 2]}


def test_what_the_index_does_not_take_for_its_version_is_told_every_time(world: Maintained) -> None:
    made = world.indexed("a", 3)
    world.indexed("b", 2)
    world.index.write(domain.record_tombstone(made.node, index) for index in (0, 2))
    for _ in range(2):
        report = Report(**world.round()["report"])
        assert (report.records_missing, report.refused, report.beyond_repair) == (2, 2, 2)
    assert world.meter.measured[-1]["IndexBeyondRepair"] == 2
    assert world.rebuild.start(left=forever)["phase"] == "Done"
    assert world.shown() == {"a": [0, 1, 2], "b": [0, 1]}
    assert Report(**world.round()["report"]) == Report(nodes=2)


def test_what_is_not_taken_keeps_nobody_from_going_on(world: Maintained) -> None:
    """More of it than there is time for, in one file; and something in the file after it."""
    made = world.indexed("a", *[2] * 5)
    world.index.write(domain.record_tombstone(made.node, index) for index in range(10))
    for n in range(PAGE):
        world.have(f"b{n:03d}", 1)
    answer = world.round(left=ticking(times=2))
    assert (answer["report"]["refused"], answer["next"], answer["complete"]) == (4, f"b{PAGE - 2:03d}", False)
    assert world.round()["complete"] is True
    assert len(world.shown()) == 1


def test_a_node_that_was_buried_at_a_later_version_is_told(world: Maintained) -> None:
    made = world.indexed("a", 1)
    world.index.write([domain.unknown_node_tombstone("a", 5, at=NOW)])
    assert made.node.revision < 5
    for _ in range(2):
        assert Report(**world.round()["report"]).refused == 1


def test_an_operator_looks_without_moving_the_round(world: Maintained) -> None:
    world.have("a", 1)
    world.have("b", 1)
    answer = reconcile(ReconcileOrder(action="look", after="a"), 60.0, world.reconciler)
    assert (answer["complete"], world.shown()) == (True, {"b": [0]})
    assert world.reconciler.status() == {}


def test_the_event_of_a_schedule_is_an_order_to_go_on() -> None:
    event = {"id": "x", "detail-type": "Scheduled Event", "source": "aws.events", "time": "2026-01-01T00:00:00Z"}
    assert ReconcileOrder.model_validate(event).action == "go-on"


def test_replaced_indices_are_removed_once_no_search_can_run_on_them(world: Maintained) -> None:
    world.generations.unused = ["leanda-nodes-v1"]
    for minutes, left in ((1, 1), (6, 0)):
        state = {"phase": "Done", "endedAt": (NOW - timedelta(minutes=minutes)).isoformat()}
        world.notes.kept["rebuild"] = (state, 1)
        world.round()
        assert len(world.generations.unused) == left


def test_drift_is_a_metric(capsys: pytest.CaptureFixture[str], world: Maintained) -> None:
    world.have("a", 2)
    world.round()
    assert world.meter.measured == [
        {"IndexDrift": 3, "IndexBeyondRepair": 0, "NodesCompared": 1, "TombstonesPurged": 0}
    ]
    EmfMeter("search").measure(world.meter.measured[0])
    line = json.loads(capsys.readouterr().out)
    assert line["_aws"]["CloudWatchMetrics"][0]["Namespace"] == "Leanda"
    assert line["IndexDrift"] == [3.0]


@pytest.mark.parametrize(
    ("held", "records", "wanted"),
    [
        (HeldNode(0, 1, False), [HeldRecords(1, 0, 2, 2)], (False, False, 0, 0, False)),
        (None, [], (True, False, 2, 0, False)),
        (HeldNode(0, 1, True), [HeldRecords(1, 0, 2, 2)], (False, True, 0, 0, False)),
        (HeldNode(0, 1, False), [HeldRecords(1, 0, 1, 2)], (False, False, 2, 2, False)),
        (HeldNode(0, 1, False), [HeldRecords(1, 0, 2, 3)], (False, False, 0, 1, False)),
        (HeldNode(0, 1, False), [HeldRecords(1, 4, 2, 2)], (False, False, 2, 2, True)),
        (HeldNode(1, 2, False), [HeldRecords(1, 0, 2, 2)], (False, False, 0, 0, True)),
    ],
)
def test_a_file_of_two_records_is_compared(held: Any, records: Any, wanted: tuple[Any, ...]) -> None:
    found = compare(entry(facts("a"), 2), held, records, now=NOW)
    assert (found.node_missing, found.node_stale, found.missing, found.surplus, found.ahead) == wanted
