"""Cascades against what the store should never hold, and against changes that overtake them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from functions.files.domain import told
from functions.files.models import NodeEdit
from leanda import limits
from leanda.changes import Change
from leanda.contracts.events import FolderMoved
from tests.fakes.pipeline import USER, Pipeline
from tests.unit.files.test_placement import ME, SMILES, folder, move, origin, pipeline, tree


def put(cloud: Pipeline, node_id: str, parent_id: str, ancestors: list[str]) -> None:
    cloud.nodes.documents[node_id] |= {"parentId": parent_id, "ancestors": ancestors}


def test_folders_that_are_in_each_other_are_not_followed_for_ever() -> None:
    cloud = pipeline()
    a, b, c = folder(cloud, "a"), folder(cloud, "b"), folder(cloud, "c")
    cloud.deliver()
    put(cloud, b, a, [USER, a])
    put(cloud, c, b, [USER, a, b])
    move(cloud, a, "folder", folder(cloud, "elsewhere"))
    put(cloud, a, c, [USER, c])
    cloud.deliver()
    assert all(len(cloud.nodes.documents[key]["ancestors"]) <= 5 for key in (a, b, c))


def test_nothing_is_followed_deeper_than_folders_may_be() -> None:
    cloud = pipeline()
    a, b, drugs, _ = tree(cloud)
    deep = [USER, *(str(n) for n in range(limits.MAX_FOLDER_DEPTH - 2))]
    put(cloud, a, deep[-1], deep)
    above = {"_id": deep[-1], "parentId": USER, "ancestors": deep[:-1], "outbox": []}
    cloud.nodes.documents[deep[-1]] = cloud.nodes.documents[a] | above
    cloud.nodes.apply(cloud.nodes.get(a), moved_fact(cloud, a), origin())
    cloud.drain()
    assert cloud.nodes.documents[b]["ancestors"] == [*deep, a]
    assert cloud.nodes.documents[drugs]["ancestors"] == [USER, a, b], "one level too deep"


def moved_fact(cloud: Pipeline, node_id: str) -> Change:
    return Change(emit=(told(FolderMoved, cloud.nodes.documents[node_id], {}),))


def overtaken(cloud: Pipeline, child: str, then: Callable[[], None]) -> None:
    """Deliver, and let `then` and all that follows from it happen just before the first cascade writes a child."""
    write, left = cloud.nodes.apply, [then]

    def apply(document: Any, change: Any, cause: Any) -> None:
        if document["_id"] == child and left:
            left.pop()()
            cloud.deliver()
        write(document, change, cause)

    cloud.nodes.apply = apply  # type: ignore[method-assign]
    cloud.deliver()
    cloud.nodes.apply = write  # type: ignore[method-assign]
    cloud.drain()


def test_a_cascade_that_is_overtaken_by_a_further_move_does_not_put_children_where_the_folder_was() -> None:
    cloud = pipeline()
    a, b, drugs, notes = tree(cloud)
    there, back = folder(cloud, "there"), cloud.nodes.documents[a]["parentId"]
    cloud.deliver()
    move(cloud, a, "folder", there)
    overtaken(cloud, b, lambda: move(cloud, a, "folder", back))
    assert cloud.nodes.documents[b]["ancestors"] == [USER, a]
    assert cloud.nodes.documents[drugs]["ancestors"] == [USER, a, b]
    assert cloud.nodes.documents[notes]["ancestors"] == [USER, a]


def test_a_deletion_that_is_overtaken_by_its_restoration_leaves_no_child_behind() -> None:
    cloud = pipeline()
    a, b, drugs, _ = tree(cloud)
    cloud.files.delete(ME, a, "folder", None, origin())
    overtaken(cloud, b, lambda: restore(cloud, a))
    assert not any(node["deleted"] for node in cloud.nodes.documents.values())
    assert cloud.files.get(ME, drugs)["totalRecords"] == 2
    assert cloud.files.get_folder(ME, b)["parentId"] == a


def restore(cloud: Pipeline, folder_id: str) -> None:
    cloud.files.restore(ME, folder_id, "folder", origin())


@pytest.mark.parametrize("what", ["deleted and restored", "moved"])
def test_what_happens_to_a_folder_is_no_edit_of_what_is_in_it(what: str) -> None:
    """`version` counts edits alone, so an `If-Match` still holds."""
    cloud = pipeline()
    a = folder(cloud, "a")
    file_id = cloud.upload("drugs.smi", SMILES, parentId=a)
    cloud.deliver()
    before = cloud.files.get(ME, file_id)["version"]
    if what == "moved":
        move(cloud, a, "folder", folder(cloud, "there"))
    else:
        cloud.files.delete(ME, a, "folder", None, origin())
        cloud.deliver()
        restore(cloud, a)
    cloud.deliver()
    assert cloud.files.get(ME, file_id)["version"] == before
    cloud.files.edit(ME, file_id, "file", NodeEdit(name="n.smi"), f'"{before}"', origin())
