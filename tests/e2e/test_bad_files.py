"""Files that cannot be what they should be end with a reason. None is stuck, and no answer on the way is the server's fault."""

from __future__ import annotations

import gzip
import hashlib
import uuid
from typing import Any

import httpx
import pytest

from leanda import ids, limits
from tests.cloud import ROOT, Cloud, Person, eventually
from tests.inbox import Inbox

pytestmark = pytest.mark.integration

SMILES = b"CCO ethanol\nCCN ethylamine\n"
NOISE = hashlib.shake_256(b"leanda").digest(4000)


@pytest.mark.parametrize(
    ("name", "content", "codes"),
    [
        ("empty.sdf", b"", {"FILE_EMPTY"}),
        ("empty.csv", b"", {"FILE_EMPTY"}),
        ("empty.smi", b"", {"FILE_EMPTY"}),
        ("empty.bin", b"", {"FILE_EMPTY"}),
        ("empty", b"", {"FILE_EMPTY"}),
        ("blank.sdf", b"\n \n\n", {"FORMAT_MISMATCH", "NO_RECORDS", "NO_GOOD_RECORD", "FILE_UNREADABLE"}),
        ("garbage.sdf", NOISE, {"FORMAT_MISMATCH", "NO_GOOD_RECORD", "NO_RECORDS", "FILE_UNREADABLE"}),
        ("garbage.mol", NOISE, {"FORMAT_MISMATCH", "NO_GOOD_RECORD", "NO_RECORDS", "FILE_UNREADABLE"}),
        ("garbage.smi", NOISE, {"FORMAT_MISMATCH", "NO_GOOD_RECORD", "NO_RECORDS", "FILE_UNREADABLE"}),
        ("prose.sdf", b"This is a letter to my aunt.\n" * 40, {"FORMAT_MISMATCH", "NO_GOOD_RECORD", "NO_RECORDS"}),
        ("cut.sdf.gz", gzip.compress(NOISE * 50)[:-3000], {"FILE_CORRUPT", "FORMAT_MISMATCH"}),
        ("bomb.sdf.gz", gzip.compress(bytes(80_000_000)), {"FILE_BOMB", "FORMAT_MISMATCH"}),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_a_file_that_cannot_be_read_fails_with_a_code_and_a_sentence(
    name: str, content: bytes, codes: set[str], ada: Person
) -> None:
    file_id = ada.upload(name, content)
    file = ada.ended(file_id)
    assert file["status"] == "Failed"
    assert file["failure"]["code"] in codes
    assert file["failure"]["message"].endswith(".")
    steps = {step["name"]: step for step in ada.client.timeline(file_id)["steps"]}
    assert steps["parse"]["state"] == "failed" or file["totalRecords"] > 0
    word = name.partition(".")[0]
    eventually(lambda: file_id in [hit["id"] for hit in ada.search(word, type="file")["items"]], "it is found by name")


def test_garbage_that_nobody_claims_to_read_is_kept_and_good(ada: Person) -> None:
    file = ada.ended(ada.upload("instrument.dat", NOISE))
    assert (file["status"], file["kind"], file["totalRecords"]) == ("Processed", "generic", 0)


@pytest.mark.parametrize(
    ("name", "sample", "kind", "format"),
    [
        ("table.txt", "molecules.sdf", "chemical", "sdf"),
        ("molecules.csv", "molecules.sdf", "chemical", "sdf"),
        ("molecules.bin", "molecules.sdf", "chemical", "sdf"),
        ("molecules", "molecules.sdf", "chemical", "sdf"),
    ],
)
def test_a_wrong_extension_does_not_hide_what_a_file_is(
    name: str, sample: str, kind: str, format: str, ada: Person
) -> None:
    file = ada.ended(ada.upload(name, (ROOT / "cli" / "samples" / sample).read_bytes()))
    assert (file["kind"], file["format"], file["status"]) == (kind, format, "Processed")


def test_bytes_with_another_checksum_are_refused_by_the_storage_or_fail_with_that_reason(ada: Person) -> None:
    file = ada.client.create_file("wrong.smi", len(SMILES), sha256=hashlib.sha256(b"other").hexdigest())
    if _send(file["upload"], SMILES).is_success:
        ada.failed(file["id"], "BLOB_CHECKSUM_MISMATCH")
    else:
        _give_up(ada, file["id"])


def test_a_checksum_that_is_left_out_of_the_form_is_missed(ada: Person) -> None:
    file = ada.client.create_file("left-out.smi", len(SMILES), sha256=hashlib.sha256(b"other").hexdigest())
    form = file["upload"]
    fields = {name: value for name, value in form["fields"].items() if "checksum" not in name.lower()}
    answer = _send({**form, "fields": fields}, SMILES)
    assert answer.status_code in {400, 403}, answer.text
    _give_up(ada, file["id"])


@pytest.mark.parametrize("content", [SMILES + b"C methane\n", SMILES[:-1], b""], ids=["larger", "smaller", "nothing"])
def test_bytes_of_another_size_than_declared_are_refused_by_the_storage(content: bytes, ada: Person) -> None:
    file = ada.client.create_file("size.smi", len(SMILES))
    answer = _send(file["upload"], content)
    assert answer.status_code in {400, 403}, answer.text
    assert ada.client.file(file["id"])["status"] == "Loading"
    _give_up(ada, file["id"])


def test_a_form_for_one_key_takes_no_other_key(ada: Person) -> None:
    file = ada.client.create_file("mine.smi", len(SMILES))
    form = file["upload"]
    for key in (f"uploads/{uuid.uuid4()}", f"inbox/{ada.id}/x.smi", "anything"):
        answer = _send({**form, "fields": {**form["fields"], "key": key}}, SMILES)
        assert answer.status_code == 403, (key, answer.text)
    _give_up(ada, file["id"])


def test_a_large_file_is_what_was_announced_or_fails_and_its_checksum_finds_it(ada: Person) -> None:
    """Nobody knows the SHA-256 of parts before all of them were read."""
    size = limits.MAX_POST_BYTES + 1
    content = hashlib.shake_256(b"large").digest(limits.MIB) * 64 + b"."
    sha256 = hashlib.sha256(content).hexdigest()
    wanted = {"plain": None, "right": sha256, "wrong": hashlib.sha256(b"other").hexdigest()}
    files = {name: ada.client.create_file(f"{name}.bin", size, sha256=sha) for name, sha in wanted.items()}
    with httpx.Client(timeout=60, trust_env=False) as storage:
        for file in files.values():
            step = file["upload"]["partSize"]
            for part in file["upload"]["parts"]:
                begin = (part["number"] - 1) * step
                assert storage.put(part["url"], content=content[begin : begin + step]).status_code == 200
            assert ada.http.post(f"/uploads/{file['id']}/complete").status_code == 202

    assert ada.ended(files["plain"]["id"])["status"] == "Processed"
    ada.failed(files["wrong"]["id"], "BLOB_CHECKSUM_MISMATCH", seconds=180)
    assert ada.ended(files["right"]["id"], seconds=180)["sha256"] == sha256
    hits = ada.found(sha256, least=2, seconds=180)
    assert {hit["id"] for hit in hits} == {files["plain"]["id"], files["right"]["id"]}
    assert ada.client.file(files["plain"]["id"])["sha256"] == sha256


def test_a_multipart_upload_of_another_size_fails_with_that_reason(ada: Person) -> None:
    """S3 cannot refuse it: the size of a part is not part of its signature."""
    size = limits.MAX_POST_BYTES + 1
    file = ada.client.create_file("parts.bin", size)
    with httpx.Client(timeout=60, trust_env=False) as storage:
        for part in file["upload"]["parts"]:
            last = part is file["upload"]["parts"][-1]
            assert storage.put(part["url"], content=bytes(5 if last else 5 * limits.MIB)).status_code == 200
    assert ada.http.post(f"/uploads/{file['id']}/complete").status_code == 202
    ada.failed(file["id"], "BLOB_SIZE_MISMATCH")


def test_an_incomplete_multipart_upload_is_not_completed_and_can_be_continued(ada: Person) -> None:
    size = limits.MAX_POST_BYTES + 1
    file = ada.client.create_file("parts.bin", size)
    first = file["upload"]["parts"][0]
    with httpx.Client(timeout=60, trust_env=False) as storage:
        assert storage.put(first["url"], content=bytes(file["upload"]["partSize"])).status_code == 200
    answer = ada.http.post(f"/uploads/{file['id']}/complete")
    assert (answer.status_code, answer.json()["code"]) == (409, "UPLOAD_INCOMPLETE")
    progress = ada.http.get(f"/uploads/{file['id']}").json()
    assert [part["number"] for part in progress["uploaded"]] == [1]
    assert [part["number"] for part in progress["parts"]] == [part["number"] for part in file["upload"]["parts"][1:]]
    _give_up(ada, file["id"])


def test_a_file_over_the_limit_is_refused_at_once_and_leaves_nothing(ada: Person) -> None:
    for size in (limits.MAX_FILE_BYTES + 1, 2**63, 10**30):
        answer = ada.http.post("/files", json={"name": "huge.bin", "size": size})
        assert (answer.status_code, answer.json()["code"]) == (413, "FILE_TOO_LARGE"), answer.text
    assert "huge.bin" not in [file["name"] for file in ada.client.files()]


def test_a_file_at_the_limit_is_announced_in_parts(ada: Person) -> None:
    file = ada.client.create_file("largest.bin", limits.MAX_FILE_BYTES)
    upload = file["upload"]
    assert len(upload["parts"]) == limits.MAX_PART_URLS
    assert upload["partSize"] * 10_000 >= limits.MAX_FILE_BYTES
    _give_up(ada, file["id"])


def test_an_upload_that_was_given_up_is_over(ada: Person) -> None:
    file = ada.client.create_file("given-up.smi", 3)
    _give_up(ada, file["id"])
    answer = ada.http.delete(f"/uploads/{file['id']}")
    assert (answer.status_code, answer.json()["code"]) == (409, "UPLOAD_CLOSED")


# --- the inbox --------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def inbox(cloud: Cloud, ada: Person) -> Inbox:
    return Inbox(cloud, ada)


REFUSED_KEYS = [
    "../escape.smi",
    "a/../../b.smi",
    "./here.smi",
    "a//b.smi",
    "/root.smi",
    "folder/",
    "back\\slash.smi",
    "tab\there.smi",
    "bell\a.smi",
    "nul\0.smi",
    "right‮to-left.smi",
    "zero​width.smi",
    "n" * 256 + ".smi",
    "/".join("d" * 40) + "/deep.smi",
    "  /blank.smi",
]
GOOD_KEYS = ["emoji-🧪.smi", "übung/größe.smi", "with space/and + plus & more.smi", "עברית.smi", "ünï.smi", "a%2Fb.smi"]


@pytest.mark.parametrize("key", REFUSED_KEYS, ids=[repr(key[:20]) for key in REFUSED_KEYS])
def test_a_hostile_inbox_key_is_a_failed_file_under_a_clean_name_in_the_root(
    key: str, ada: Person, inbox: Inbox
) -> None:
    file_id = inbox.put(key, SMILES)
    eventually(lambda: ada.http.get(f"/files/{file_id}").status_code == 200, f"{key!r} is told of")
    file = ada.failed(file_id, "INBOX_KEY_REFUSED")
    assert file["parentId"] == ada.id
    assert file["name"].isprintable()
    assert "/" not in file["name"]


@pytest.mark.parametrize("key", GOOD_KEYS)
def test_an_unusual_inbox_key_is_a_file_like_others(key: str, ada: Person, inbox: Inbox) -> None:
    file_id = inbox.put(key, SMILES)
    eventually(lambda: ada.http.get(f"/files/{file_id}").status_code == 200, f"{key!r} arrives")
    file = ada.ended(file_id)
    assert (file["status"], file["name"]) == ("Processed", key.rpartition("/")[2])


def test_two_spellings_of_one_inbox_key_are_one_file(ada: Person, inbox: Inbox) -> None:
    composed, decomposed = "caf\u00e9.smi", "cafe\u0301.smi"
    assert ids.file_id_of_inbox(ada.id, composed) == inbox.put(composed, SMILES)
    file_id = inbox.put(decomposed, SMILES)
    eventually(lambda: ada.http.get(f"/files/{file_id}").status_code == 200, "it arrives")
    assert [child["name"] for child in ada.client.children() if child["name"].startswith("caf")] == [composed]


def test_credentials_of_an_inbox_reach_nothing_but_that_inbox(ada: Person, bob: Person, inbox: Inbox) -> None:
    refused: dict[str, Any] = {
        "another's inbox": lambda: inbox.put_at(f"inbox/{bob.id}/gift.smi", SMILES),
        "the inbox of a longer id": lambda: inbox.put_at(f"inbox/{ada.id}x/gift.smi", SMILES),
        "uploads": lambda: inbox.put_at(f"uploads/{uuid.uuid4()}", SMILES),
        "the root": lambda: inbox.put_at("gift.smi", SMILES),
        "reading": lambda: inbox.get("emoji-🧪.smi"),
        "deleting": lambda: inbox.delete("emoji-🧪.smi"),
        "listing": lambda: inbox.list(),
    }
    assert {what: inbox.refusal(call) for what, call in refused.items()} == dict.fromkeys(refused, "AccessDenied")


def _send(form: dict[str, Any], content: bytes) -> httpx.Response:
    with httpx.Client(timeout=30, trust_env=False) as storage:
        return storage.post(form["url"], data=form["fields"], files={"file": ("file", content)})


def _give_up(person: Person, file_id: str) -> None:
    """The end of an upload that nobody will finish."""
    assert person.http.delete(f"/uploads/{file_id}").status_code == 204
    person.failed(file_id, "UPLOAD_ABORTED")
