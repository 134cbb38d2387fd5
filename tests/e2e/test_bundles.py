"""A zip that its owner wants unpacked: real files in, files in a folder out; bombs refused; nothing twice."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from leanda import limits
from tests.cloud import ENDS, Person, eventually
from tests.samples import samples_root
from tests.unit.parsers_bundle import archives as made

pytestmark = pytest.mark.integration

SAMPLES = {
    "molecules/aspirin.smi": b"CC(=O)Oc1ccccc1C(O)=O aspirin\n",
    "crystal.cif": "cif/1100110.cif",
    "spectra/deep/image.png": "image/hopper.png",
    "table.csv": "csv/FocusSynthesis_InStock.csv",
    "broken.cif": "cif/1100110_modified.cif",
    "notes.dat": b"\0\1\2 nobody reads this",
}
EXPECTED = {
    "molecules": {"aspirin.smi": ("Processed", "chemical", 1)},
    "crystal.cif": ("Processed", "crystal", 1),
    "spectra": {"deep": {"image.png": ("Processed", "image", 1)}},
    "table.csv": ("Processed", "tabular", 34),
    "broken.cif": ("Failed", "crystal", 1),
    "notes.dat": ("Processed", "generic", 0),
}


def content(source: bytes | str) -> bytes:
    return source if isinstance(source, bytes) else (samples_root() / source).read_bytes()


def tree(person: Person, folder: str = "") -> dict[str, Any]:
    found = person.client.children(folder or person.id)
    return {
        item["name"]: tree(person, item["id"])
        if item["type"] == "folder"
        else (item["status"], item.get("kind"), item["totalRecords"])
        for item in found
    }


def ended(found: Any) -> bool:
    """Whether every file of a tree has come to an end; a folder that is not there yet has not."""
    if isinstance(found, dict):
        return bool(found) and all(map(ended, found.values()))
    return found is not None and found[0] in ENDS


@pytest.fixture(scope="module")
def archive() -> bytes:
    return made.packed({name: content(source) for name, source in SAMPLES.items()})


def test_members_become_files_that_are_parsed_and_found(ada: Person, archive: bytes, tmp_path: Path) -> None:
    file_id = ada.upload("Batch 7.zip", archive, unpack=True)
    bundle = ada.searchable(file_id)
    assert (bundle["status"], bundle["kind"], bundle["totalRecords"]) == ("Processed", "bundle", len(SAMPLES))
    eventually(lambda: ended(tree(ada).get("Batch 7")), "all members have an end", seconds=90)
    assert tree(ada)["Batch 7"] == EXPECTED
    (hit,) = ada.found("BSYNRYMUTXBXSQ-UHFFFAOYSA-N", type="record")
    member = ada.client.file(hit["fileId"])
    assert member["name"] == "aspirin.smi"
    assert ada.client.download(member["id"], tmp_path).read_bytes() == SAMPLES["molecules/aspirin.smi"]

    assert ada.http.post(f"/files/{file_id}/reprocess").status_code == 202
    eventually(lambda: ada.client.file(file_id)["activeRun"] == 2, "the bundle was read again")
    assert tree(ada)["Batch 7"] == EXPECTED, "reading a bundle again makes nothing twice"


def test_a_bundle_with_bad_members_says_which_and_why(ada: Person) -> None:
    archive = made.packed(
        {"good.smi": b"CCO\n", "secret.smi": b"C\n", "../up.smi": b"C\n", "cut.csv": b"x,y\n1,2\n" * 40}
    )
    archive = made.encrypted(archive, "secret.smi")
    at = archive.index(b"cut.csv") + len("cut.csv")
    archive = archive[: at + 4] + b"\xff\xff\xff" + archive[at + 7 :]
    file_id = ada.upload("mixed.zip", archive, unpack=True)
    file = ada.searchable(file_id)
    assert (file["status"], file["totalRecords"], file["failedRecords"]) == ("ProcessedPartially", 4, 2)
    failed = list(ada.client.records(file_id, status="Failed"))
    assert [record["issues"][0]["code"] for record in failed] == ["MEMBER_ENCRYPTED", "MEMBER_PATH_REFUSED"]
    eventually(lambda: ended(tree(ada).get("mixed")), "all members have an end", seconds=60)
    assert tree(ada)["mixed"] == {"good.smi": ("Processed", "chemical", 1), "cut.csv": ("Failed", None, 0)}
    (folder,) = [item for item in ada.client.children(ada.id) if item["name"] == "mixed"]
    (cut,) = [item for item in ada.client.children(folder["id"]) if item["name"] == "cut.csv"]
    assert cut["failure"]["code"] == "MEMBER_CORRUPT"


@pytest.mark.parametrize(
    "members",
    [
        pytest.param({"zeros.csv": bytes(8 * limits.MIB)}, id="1000:1"),
        pytest.param({f"{n}.txt": b"" for n in range(limits.MAX_BUNDLE_MEMBERS + 1)}, id="too many"),
    ],
)
def test_bombs_are_refused_with_a_code_and_become_no_files(bob: Person, members: dict[str, bytes]) -> None:
    file_id = bob.upload("bomb.zip", made.packed(members), unpack=True)
    bob.failed(file_id, "FILE_BOMB")
    assert "bomb" not in tree(bob)


def test_a_zip_that_nobody_wants_unpacked_is_kept_until_somebody_does(bob: Person, archive: bytes) -> None:
    file = bob.searchable(bob.upload("kept.zip", archive))
    assert (file["status"], file["kind"], file["format"], file["totalRecords"]) == ("Processed", "generic", "zip", 0)
    assert "kept" not in tree(bob)

    answer = bob.http.post(f"/files/{file['id']}/reprocess", params={"unpack": "true"})
    assert answer.status_code == 202, answer.text
    eventually(lambda: ended(tree(bob).get("kept")), "all members have an end", seconds=90)
    assert tree(bob)["kept"] == EXPECTED
