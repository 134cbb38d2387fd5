"""A bundle's life on fakes: its members become files, whatever the delivery does; nobody gets what he did not ask for."""

from __future__ import annotations

from typing import Any

import pytest

from functions.files.domain import NotABundle
from functions.parsers.bundle.parser import parser as bundle
from functions.parsers.chemical.parser import parser as chemical
from functions.parsers.generic.parser import parser as generic
from functions.parsers.tabular.parser import parser as tabular
from leanda import ids, limits
from leanda.access.policy import Viewer
from leanda.contracts.envelope import Origin
from tests.fakes.pipeline import USER, Pipeline
from tests.unit.parsers_bundle import archives as made

ME = Viewer(USER)
ORIGIN = Origin(cause="request", correlation_id="correlation-1")
MEMBERS = {
    "drugs.smi": b"CCO ethanol\nc1ccccc1 benzene\n",
    "tables/a.csv": b"x,y\n1,2\n",
    "tables/deep/b.csv": b"x,y\n3,4\n5,6\n",
    "notes.qqq": b"nobody reads this",
    "inner.zip": made.packed({"never.smi": b"C methane\n"}),
}
ENDS = {"drugs.smi": 2, "a.csv": 1, "b.csv": 2, "notes.qqq": 0, "inner.zip": 0}


def pipeline(seed: int = 0, copies: int = 1) -> Pipeline:
    return Pipeline([chemical(), tabular(), bundle(), generic()], seed=seed, copies=copies)


def tree(cloud: Pipeline, folder: str = USER) -> dict[str, Any]:
    """What is in a folder: a file's status and number of records by name, a folder's content by name."""
    found = cloud.files.children(ME, folder, cursor=None, limit=200)["items"]
    return {
        item["name"]: tree(cloud, item["id"]) if item["type"] == "folder" else (item["status"], item["totalRecords"])
        for item in found
    }


def member_of(cloud: Pipeline, file_id: str, path: str) -> str:
    """The id of the file that a member becomes."""
    (blob_id,) = (blob["_id"] for blob in cloud.blobs.documents.values() if blob["fileId"] == file_id)
    return ids.file_id_of_member(blob_id, path)


UNPACKED = {
    "drugs.smi": ("Processed", 2),
    "tables": {"a.csv": ("Processed", 1), "deep": {"b.csv": ("Processed", 2)}},
    "notes.qqq": ("Processed", 0),
    "inner.zip": ("Processed", 0),
}


def test_members_become_files_in_a_folder_of_the_bundles_name() -> None:
    cloud = pipeline()
    file_id = cloud.upload("results.zip", made.packed(MEMBERS), unpack=True)
    cloud.drain()
    assert tree(cloud) == {"results.zip": ("Processed", 5), "results": UNPACKED}
    assert cloud.files.get(ME, file_id)["kind"] == "bundle"
    assert cloud.letters.letters == []
    searchable = [d for d in cloud.index.shown("leanda-records-write").values() if d["kind"] == "chemical"]
    assert len(searchable) == 2


def test_a_bundle_that_nobody_wants_unpacked_is_a_file_like_any_other() -> None:
    cloud = pipeline()
    asked_not = cloud.upload("results.zip", made.packed(MEMBERS))
    cloud.drop("dropped.zip", made.packed(MEMBERS))
    bomb = cloud.upload("bomb.zip", made.packed({"zeros": bytes(4 * limits.MIB)}))
    cloud.drain()
    assert tree(cloud) == dict.fromkeys(("results.zip", "dropped.zip", "bomb.zip"), ("Processed", 0))
    for file_id in (asked_not, bomb):
        assert (shown := cloud.files.get(ME, file_id))["kind"] == "generic", shown


def test_a_zip_that_is_there_already_can_be_unpacked_later() -> None:
    cloud = pipeline(seed=2, copies=2)
    cloud.drop("dropped.zip", made.packed(MEMBERS))
    cloud.drain()
    file_id = ids.file_id_of_inbox(USER, "dropped.zip")
    cloud.files.reprocess(ME, file_id, ORIGIN)
    cloud.drain()
    assert tree(cloud) == {"dropped.zip": ("Processed", 0)}
    cloud.files.reprocess(ME, file_id, ORIGIN.model_copy(update={"cause": "unpack"}), unpack=True)
    cloud.drain()
    assert tree(cloud) == {"dropped.zip": ("Processed", 5), "dropped": UNPACKED}
    assert cloud.letters.letters == []


def test_a_bundle_of_other_bytes_is_another_bundle() -> None:
    cloud = pipeline()
    cloud.drop("r.zip", made.packed({"a.smi": b"C\n"}))
    cloud.drain()
    cloud.files.reprocess(ME, ids.file_id_of_inbox(USER, "r.zip"), ORIGIN, unpack=True)
    cloud.drain()
    cloud.drop("r.zip", made.packed({"a.smi": b"CC\nCCC\n"}))
    cloud.drain()
    folders = [
        item["id"] for item in cloud.files.children(ME, USER, cursor=None, limit=9)["items"] if item["type"] == "folder"
    ]
    assert sorted(tree(cloud, folder)["a.smi"] for folder in folders) == [("Processed", 1), ("Processed", 2)]
    assert tree(cloud)["r.zip"] == ("Processed", 1)


def test_what_is_no_zip_is_not_unpacked_later() -> None:
    cloud = pipeline()
    file_id = cloud.upload("drugs.smi", MEMBERS["drugs.smi"])
    cloud.drain()
    with pytest.raises(NotABundle):
        cloud.files.reprocess(ME, file_id, ORIGIN, unpack=True)


def test_asking_to_unpack_what_is_no_bundle_changes_nothing() -> None:
    cloud = pipeline()
    cloud.upload("drugs.smi", MEMBERS["drugs.smi"], unpack=True)
    cloud.drain()
    assert tree(cloud) == {"drugs.smi": ("Processed", 2)}


@pytest.mark.parametrize("seed", range(1, 6))
def test_repeated_and_shuffled_events_make_the_same_files(seed: int) -> None:
    cloud = pipeline(seed=seed, copies=3)
    cloud.upload("results.zip", made.packed(MEMBERS), unpack=True)
    cloud.drain()
    assert tree(cloud) == {"results.zip": ("Processed", 5), "results": UNPACKED}
    assert cloud.letters.letters == []
    versions = [key for key, _ in cloud.objects.versions]
    assert len(versions) == len(set(versions)) == 1 + len(MEMBERS), "no member is stored twice"


def test_one_bad_member_costs_one_member_and_says_why() -> None:
    archive = made.packed({"good.smi": b"CCO\n", "secret.smi": b"C\n", "broken.csv": b"x,y\n1,2\n" * 40})
    archive = made.encrypted(archive, "secret.smi")
    offset = archive.index(b"broken.csv") + len("broken.csv")
    archive = archive[: offset + 4] + b"\xff\xff\xff" + archive[offset + 7 :]
    cloud = pipeline(seed=3, copies=2)
    file_id = cloud.upload("mixed.zip", archive, unpack=True)
    cloud.drain()
    shown = tree(cloud)
    assert shown["mixed.zip"] == ("ProcessedPartially", 3)
    assert shown["mixed"] == {"good.smi": ("Processed", 1), "broken.csv": ("Failed", 0)}
    (failed,) = cloud.files.list_records(ME, file_id, status="Failed", cursor=None, limit=10)["items"]
    assert failed["issues"][0]["code"] == "MEMBER_ENCRYPTED"
    broken = cloud.files.get(ME, member_of(cloud, file_id, "broken.csv"))
    assert broken["failure"]["code"] == "MEMBER_CORRUPT"
    assert len(cloud.broker.events("leanda.blobs.blob.rejected.v1")) == 1


def test_a_bomb_is_refused_with_a_code_and_makes_no_file() -> None:
    cloud = pipeline()
    file_id = cloud.upload("bomb.zip", made.packed({"zeros": bytes(4 * limits.MIB)}), unpack=True)
    cloud.drain()
    assert tree(cloud) == {"bomb.zip": ("Failed", 0)}
    assert cloud.files.get(ME, file_id)["failure"]["code"] == "FILE_BOMB"


def test_a_bundle_in_a_folder_is_unpacked_beside_itself() -> None:
    from functions.files.models import NewFolder

    cloud = pipeline()
    folder = cloud.files.create_folder(ME, NewFolder(name="Lab"), idempotency_key=None, origin=ORIGIN)
    cloud.upload("r.tar.zip", made.packed({"a.smi": b"C\n"}), unpack=True, parent_id=folder["id"])
    cloud.drain()
    assert tree(cloud) == {"Lab": {"r.tar.zip": ("Processed", 1), "r.tar": {"a.smi": ("Processed", 1)}}}


def test_a_bundle_with_no_room_below_it_is_unpacked_in_the_root() -> None:
    from functions.files.models import NewFolder

    cloud = pipeline()
    parent: str | None = None
    for n in range(limits.MAX_FOLDER_DEPTH - limits.MAX_MEMBER_DEPTH):
        made_folder = NewFolder(name=f"level {n}", parent_id=parent)
        parent = cloud.files.create_folder(ME, made_folder, idempotency_key=None, origin=ORIGIN)["id"]
    path = "d/" * limits.MAX_MEMBER_DEPTH + "a.smi"
    cloud.upload("deep.zip", made.packed({path: b"C\n"}), unpack=True, parent_id=parent)
    cloud.drain()
    shown = tree(cloud)["deep"]
    for _ in range(limits.MAX_MEMBER_DEPTH):
        shown = shown["d"]
    assert shown == {"a.smi": ("Processed", 1)}
    assert cloud.letters.letters == []


def test_processing_a_bundle_again_asks_only_for_what_did_not_come() -> None:
    cloud = pipeline()
    file_id = cloud.upload("two.zip", made.packed({"a.smi": b"C\n", "b.smi": b"CC\n"}), unpack=True)
    missing = member_of(cloud, file_id, "b.smi")
    store = cloud.objects.store
    cloud.objects.store = lambda key, blocks: None if missing in key else store(key, blocks)  # type: ignore[method-assign]
    cloud.drain()
    assert tree(cloud)["two"] == {"a.smi": ("Processed", 1), "b.smi": ("Loading", 0)}

    cloud.clock.forward(seconds=limits.UPLOAD_OPEN_SECONDS + 1)

    cloud.sweeping.sweep()
    cloud.drain()
    failure = cloud.files.get(ME, missing)["failure"]
    assert failure["code"] == "UPLOAD_EXPIRED"
    assert "bundle" in failure["message"]

    cloud.objects.store = store  # type: ignore[method-assign]
    cloud.files.reprocess(ME, file_id, ORIGIN)
    cloud.drain()
    assert tree(cloud)["two"] == {"a.smi": ("Processed", 1), "b.smi": ("Processed", 1)}
    assert [
        run["run"] for run in cloud.runs.documents.values() if run["fileId"] == member_of(cloud, file_id, "a.smi")
    ] == [1]


def test_a_members_upload_has_nothing_to_send() -> None:
    cloud = pipeline()
    file_id = cloud.upload("one.zip", made.packed({"a.smi": b"C\n"}), unpack=True)
    cloud.objects.store = lambda key, blocks: None  # type: ignore[method-assign]
    cloud.drain()
    member = member_of(cloud, file_id, "a.smi")
    shown = cloud.uploading.progress(USER, member)
    assert shown == {"fileId": member, "state": "Open", "kind": "member", "uploaded": []}
    assert cloud.uploading.complete(USER, member)["state"] == "Open"
