"""Moving, deleting, restoring and processing again: with everything below, whatever the delivery does."""

from __future__ import annotations

import json
import random

import pytest

from functions.files import cascades
from functions.files.models import NewFolder, NodeEdit, ReprocessOrder
from functions.files.placement import ForeignFolder, MoveRefused, ParentDeleted, TooDeep
from functions.files.ports import NodeFilter
from functions.parsers.chemical.parser import parser as chemical
from functions.parsers.generic.parser import parser as generic
from leanda import limits
from leanda.access.policy import Viewer
from leanda.contracts.envelope import Origin
from leanda.errors import Conflict, InvalidRequest, NotFound, PreconditionFailed
from leanda.http.app import problem
from tests.fakes.pipeline import USER, Pipeline

ME, OTHER = Viewer(USER), Viewer("22222222-2222-4222-8222-222222222222")
SMILES = b"CCO ethanol\nc1ccccc1 benzene\n"


def origin() -> Origin:
    return Origin(cause=f"request-{random.random()}", correlation_id="correlation-1")


def pipeline(seed: int = 0, copies: int = 1) -> Pipeline:
    return Pipeline([chemical(), generic()], seed=seed, copies=copies)


def folder(cloud: Pipeline, name: str, parent: str | None = None, viewer: Viewer = ME) -> str:
    made = cloud.files.create_folder(
        viewer, NewFolder(name=name, parent_id=parent), idempotency_key=None, origin=origin()
    )
    return str(made["id"])


def tree(cloud: Pipeline) -> tuple[str, str, str, str]:
    """a/b/drugs.smi and a/notes.bin, processed; the ids of a, b and the two files."""
    a = folder(cloud, "a")
    b = folder(cloud, "b", a)
    drugs, notes = cloud.upload("drugs.smi", SMILES), cloud.upload("notes.bin", b"\0\1")
    cloud.deliver()
    move(cloud, drugs, "file", b)
    move(cloud, notes, "file", a)
    cloud.deliver()
    return a, b, drugs, notes


def move(cloud: Pipeline, node_id: str, type_: str, parent_id: str, viewer: Viewer = ME) -> None:
    cloud.files.edit(viewer, node_id, type_, NodeEdit(parent_id=parent_id), None, origin())


def placed(cloud: Pipeline) -> int:
    """The placement that the last announcement of stored records carries."""
    return int(cloud.broker.events("leanda.files.records.stored.v1")[-1].data["placement"])


@pytest.mark.parametrize("seed", range(4))
def test_a_moved_folder_takes_everything_below_along(seed: int) -> None:
    cloud = pipeline(seed, copies=3)
    a, b, drugs, notes = tree(cloud)
    target = folder(cloud, "target")
    cloud.deliver()
    move(cloud, a, "folder", target)
    cloud.deliver()
    ancestors = {key: cloud.nodes.documents[key]["ancestors"] for key in (a, b, drugs, notes)}
    assert ancestors == {
        a: [USER, target],
        b: [USER, target, a],
        drugs: [USER, target, a, b],
        notes: [USER, target, a],
    }, f"seed {seed}"
    assert placed(cloud) == cloud.nodes.documents[drugs]["placement"] == 2
    assert cloud.files.get(ME, drugs)["indexedRecords"] == 2


def test_a_folder_cannot_be_moved_into_itself_or_below_itself() -> None:
    cloud = pipeline()
    a, b, _, _ = tree(cloud)
    for target in (a, b):
        with pytest.raises(MoveRefused):
            move(cloud, a, "folder", target)


def test_nothing_moves_into_a_folder_of_somebody_else() -> None:
    cloud = pipeline()
    a, _, _, _ = tree(cloud)
    foreign = folder(cloud, "theirs", viewer=OTHER)
    with pytest.raises(InvalidRequest):
        move(cloud, a, "folder", foreign)
    cloud.nodes.documents[foreign]["grants"] = {f"user:{USER}": "write"}
    with pytest.raises(ForeignFolder):
        move(cloud, a, "folder", foreign)


@pytest.mark.parametrize("seed", range(4))
def test_a_deleted_folder_takes_everything_along_and_a_restored_one_brings_back_just_that(seed: int) -> None:
    cloud = pipeline(seed, copies=3)
    a, b, drugs, notes = tree(cloud)
    cloud.files.delete(ME, notes, "file", None, origin())
    cloud.deliver()
    cloud.files.delete(ME, a, "folder", None, origin())
    for node_id, type_ in ((a, "folder"), (b, "folder")):
        with pytest.raises(NotFound):
            cloud.files.delete(ME, node_id, type_, None, origin())
    with pytest.raises(NotFound):
        cloud.files.get(ME, drugs)  # before the cascade has come there
    cloud.deliver()
    assert all(cloud.nodes.documents[key]["deleted"] for key in (a, b, drugs, notes))
    with pytest.raises(ParentDeleted) as refused:
        cloud.files.restore(ME, drugs, "file", origin())
    assert json.loads(str(problem(refused.value).body))["folder"] == {"id": a, "name": "a"}
    assert f'"a" ({a})' in refused.value.message
    listed = cloud.files.list_folders(ME, deleted=True, cursor=None, limit=9)["items"]
    assert {(one["id"], one["name"], one["parentId"]) for one in listed} == {(a, "a", USER), (b, "b", a)}
    assert cloud.files.list_folders(OTHER, deleted=True, cursor=None, limit=9)["items"] == []
    cloud.files.restore(ME, a, "folder", origin())
    cloud.deliver()
    alive = {key: not cloud.nodes.documents[key]["deleted"] for key in (a, b, drugs, notes)}
    assert alive == {a: True, b: True, drugs: True, notes: False}, f"seed {seed}"
    assert cloud.files.get(ME, drugs)["totalRecords"] == 2
    assert cloud.files.list_folders(ME, deleted=True, cursor=None, limit=9)["items"] == []
    (trashed,) = cloud.files.list_files(ME, NodeFilter(deleted=True), cursor=None, limit=9)["items"]
    assert trashed["id"] == notes


def test_a_folder_with_more_children_than_one_step_is_deleted_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cascades, "CHILDREN_AT_ONCE", 3)
    cloud = pipeline()
    a = folder(cloud, "a")
    inside = [folder(cloud, f"f{n}", a) for n in range(10)]
    cloud.files.delete(ME, a, "folder", None, origin())
    cloud.deliver()
    assert all(cloud.nodes.documents[key]["deleted"] for key in inside)
    assert max(event.hops for event in cloud.broker.events()) <= 1


def test_the_deepest_tree_is_moved_without_meeting_the_hop_limit() -> None:
    cloud = pipeline()
    chain = [folder(cloud, "0")]
    for depth in range(1, 30):
        chain.append(folder(cloud, str(depth), chain[-1]))
    target = folder(cloud, "target")
    move(cloud, chain[0], "folder", target)
    cloud.deliver()
    assert cloud.nodes.documents[chain[-1]]["ancestors"] == [USER, target, *chain[:-1]]
    assert cloud.letters.letters == []


@pytest.mark.parametrize(("height", "fits"), [(15, True), (16, False)])
def test_a_tree_is_not_moved_deeper_than_folders_may_be(height: int, fits: bool) -> None:
    cloud = pipeline()
    chains: list[list[str]] = []
    for name, length in (("above", limits.MAX_FOLDER_DEPTH - 16), ("below", height)):
        chains.append([folder(cloud, f"{name} 0")])
        for depth in range(1, length):
            chains[-1].append(folder(cloud, f"{name} {depth}", chains[-1][-1]))
    cloud.deliver()
    above, below = chains
    if fits:
        move(cloud, below[0], "folder", above[-1])
        cloud.deliver()
        assert len(cloud.nodes.documents[below[-1]]["ancestors"]) == limits.MAX_FOLDER_DEPTH - 1
        with pytest.raises(Conflict):
            folder(cloud, "one more", folder(cloud, "the last", below[-1]))
    else:
        cloud.upload("at the bottom.smi", SMILES, parentId=below[-1])
        with pytest.raises(TooDeep):
            move(cloud, below[0], "folder", above[-1])
        assert cloud.files.get_folder(ME, below[0])["parentId"] == USER


def test_an_edit_of_a_version_that_is_gone_is_refused() -> None:
    cloud = pipeline()
    a = folder(cloud, "a")
    cloud.files.edit(ME, a, "folder", NodeEdit(name="b"), '"1"', origin())
    with pytest.raises(PreconditionFailed):
        cloud.files.edit(ME, a, "folder", NodeEdit(name="c"), '"1"', origin())
    with pytest.raises(PreconditionFailed):
        cloud.files.delete(ME, a, "folder", '"1"', origin())


def test_reprocessing_makes_a_new_run_beside_the_old_that_takes_over_when_it_is_done() -> None:
    cloud = pipeline(copies=2)
    file_id = cloud.upload("drugs.smi", SMILES)
    cloud.deliver()
    answer = cloud.files.reprocess(ME, file_id, origin())
    assert (answer["status"], answer["activeRun"], answer["latestRun"]["run"]) == ("Processed", 1, 2)
    cloud.deliver()
    shown = cloud.files.get(ME, file_id)
    assert (shown["status"], shown["activeRun"], shown["totalRecords"]) == ("Processed", 2, 2)
    assert len(cloud.records.documents) == 4
    assert placed(cloud) == 1


def test_a_failing_reprocess_leaves_the_good_results_alone() -> None:
    cloud = pipeline()
    file_id = cloud.upload("drugs.smi", SMILES)
    cloud.deliver()
    key = next(key for key, _ in cloud.objects.versions.items())
    cloud.objects.versions[key] = b""  # the bytes are damaged where they lie
    cloud.files.reprocess(ME, file_id, origin())
    cloud.deliver()
    shown = cloud.files.get(ME, file_id)
    assert (shown["status"], shown["activeRun"], shown["totalRecords"]) == ("Processed", 1, 2)
    assert shown["latestRun"]["state"] in {"Failed", "Finished"}


def test_files_that_failed_for_a_reason_are_processed_again_together() -> None:
    cloud = pipeline()
    bad = [cloud.upload(f"bad{n}.smi", b"not(a molecule\n") for n in range(3)]
    cloud.upload("good.smi", SMILES)
    cloud.deliver()
    answer = cloud.files.reprocess_many(ME, ReprocessOrder(failure_code="NO_GOOD_RECORD"), origin())
    assert sorted(answer["accepted"]) == sorted(bad)
    again = cloud.files.reprocess_many(ME, ReprocessOrder(kind="chemical"), origin())
    assert {one["code"] for one in again["refused"]} == {"RUN_OPEN"}
    with pytest.raises(InvalidRequest):
        cloud.files.reprocess_many(ME, ReprocessOrder(), origin())


@pytest.mark.parametrize("below_folder", [False, True])
def test_a_file_deleted_while_it_was_processed_is_processed_when_it_is_restored(below_folder: bool) -> None:
    cloud = pipeline()
    parent = folder(cloud, "a")
    file_id = cloud.upload("drugs.smi", SMILES, parentId=parent)
    gone, type_ = (parent, "folder") if below_folder else (file_id, "file")
    cloud.deliver_messages(list(cloud.broker.sent))
    cloud.files.delete(ME, gone, type_, None, origin())
    cloud.deliver()
    assert cloud.runs.documents[f"{file_id}:1"]["state"] == "Cancelled"
    cloud.files.restore(ME, gone, type_, origin())
    cloud.deliver()
    shown = cloud.files.get(ME, file_id)
    assert (shown["status"], shown["totalRecords"], shown["activeRun"]) == ("Processed", 2, 2)


@pytest.mark.parametrize("below_folder", [False, True])
@pytest.mark.parametrize("bytes_first", [True, False])
def test_a_file_deleted_before_its_bytes_were_noticed_is_processed_when_it_is_restored(
    bytes_first: bool, below_folder: bool
) -> None:
    cloud = pipeline()
    parent = folder(cloud, "a")
    file_id = cloud.upload("drugs.smi", SMILES, parentId=parent)
    noticed = [message for message in cloud.broker.sent if b"blob.stored" in message.body]
    gone, type_ = (parent, "folder") if below_folder else (file_id, "file")
    cloud.files.delete(ME, gone, type_, None, origin())
    if bytes_first:
        cloud.deliver()
    cloud.files.restore(ME, gone, type_, origin())
    cloud.deliver()
    shown = cloud.files.get(ME, file_id)
    assert (shown["status"], shown["totalRecords"]) == ("Processed", 2)
    cloud.deliver_messages(noticed)
    cloud.deliver()
    assert cloud.files.get(ME, file_id) == shown
