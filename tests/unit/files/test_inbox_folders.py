"""Drops into folders that were deleted: they go into a new folder of the same name, and what was deleted stays as it was."""

from __future__ import annotations

from typing import Any

import pytest

from leanda import ids
from tests.fakes.pipeline import USER, Pipeline
from tests.faults.tree import check_tree
from tests.unit.files.test_placement import ME, SMILES, folder, move, origin, pipeline

OTHER = b"CCN ethylamine\n"
A = ids.file_id_of_inbox(USER, "project/raw/a.smi")
B = ids.file_id_of_inbox(USER, "project/raw/b.smi")


def shown(cloud: Pipeline, file_id: str) -> dict[str, Any]:
    """A file that opens, with the names of the folders on its way, outermost first, as `folders`."""
    file = cloud.files.get(ME, file_id)
    names, parent_id = list[str](), file["parentId"]
    while parent_id != USER:
        above = cloud.files.get_folder(ME, parent_id)
        names.insert(0, above["name"])
        parent_id = above["parentId"]
    return file | {"folders": names}


def project() -> str:
    return ids.folder_id_of_inbox(USER, "project")


def delete(cloud: Pipeline, folder_id: str) -> None:
    cloud.files.delete(ME, folder_id, "folder", None, origin())


@pytest.mark.parametrize("cascaded", [True, False])
@pytest.mark.parametrize("body", [SMILES, OTHER])
def test_a_drop_on_the_key_of_a_file_that_was_deleted_with_its_folder_restores_it(body: bytes, cascaded: bool) -> None:
    cloud = pipeline(copies=2)
    cloud.drop("project/raw/a.smi", SMILES)
    cloud.drop("project/raw/b.smi", SMILES)
    cloud.drain()
    delete(cloud, project())
    if cascaded:
        cloud.drain()
    cloud.drop("project/raw/a.smi", body)
    cloud.drop("project/raw/new.smi", body)
    cloud.drain()
    file = shown(cloud, A)
    records = body.count(b"\n")
    assert (file["status"], file["totalRecords"], file["folders"]) == ("Processed", records, ["project", "raw"])
    new = shown(cloud, ids.file_id_of_inbox(USER, "project/raw/new.smi"))
    assert (new["status"], new["parentId"]) == ("Processed", file["parentId"]), "two drops make one folder"
    assert cloud.nodes.documents[B]["deleted"], "nobody asked for that one"
    check_tree(cloud.nodes.documents)
    cloud.files.restore(ME, project(), "folder", origin())
    cloud.drain()
    back = shown(cloud, B)
    assert back["folders"] == ["project", "raw"]
    assert back["parentId"] != file["parentId"]
    assert shown(cloud, A)["parentId"] == file["parentId"]
    check_tree(cloud.nodes.documents)


def test_a_folder_that_goes_again_and_again_is_replaced_each_time() -> None:
    cloud = pipeline()
    seen = set[str]()
    for n in range(4):
        cloud.drop("project/raw/a.smi", SMILES + b"C m\n" * n)
        cloud.drain()
        file = shown(cloud, A)
        assert file["totalRecords"] == 2 + n
        seen.add(file["parentId"])
        delete(cloud, cloud.nodes.documents[file["parentId"]]["parentId"])
        cloud.drain()
    assert len(seen) == 4
    check_tree(cloud.nodes.documents)


@pytest.mark.parametrize("cascaded", [True, False])
def test_a_folder_of_the_path_that_was_put_elsewhere_and_deleted_there_is_replaced(cascaded: bool) -> None:
    cloud = pipeline()
    cloud.drop("project/raw/a.smi", SMILES)
    cloud.drain()
    old = folder(cloud, "old")
    move(cloud, project(), "folder", old)
    cloud.drain()
    delete(cloud, old)
    if cascaded:
        cloud.drain()
    cloud.drop("project/raw/b.smi", SMILES)
    cloud.drain()
    assert shown(cloud, B)["folders"] == ["project", "raw"]
    assert cloud.nodes.documents[A]["deleted"]
    check_tree(cloud.nodes.documents)


def test_a_file_that_was_deleted_alone_comes_back_where_it_was() -> None:
    cloud = pipeline()
    cloud.drop("project/raw/a.smi", SMILES)
    cloud.drain()
    before = shown(cloud, A)["parentId"]
    cloud.files.delete(ME, A, "file", None, origin())
    cloud.drain()
    cloud.drop("project/raw/a.smi", SMILES)
    cloud.drain()
    assert shown(cloud, A)["parentId"] == before


def test_an_old_notification_brings_nothing_back() -> None:
    cloud = pipeline()
    cloud.drop("project/raw/a.smi", SMILES)
    told = list(cloud.broker.sent)
    cloud.drain()
    delete(cloud, project())
    cloud.drain()
    cloud.deliver_messages(told)
    cloud.drain()
    assert cloud.nodes.documents[A]["deleted"]
