"""Real files from public repositories, through the API: each ends as its row of the manifest says."""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor

import pytest

from leanda_client import File, Record
from tests.cloud import Person, eventually
from tests.samples import SampleRow, manifest, samples_root

pytestmark = pytest.mark.integration

FOLDERS = ("sdf", "mol", "smiles", "csv")
"""Kinds of files, by their folder beside the manifest."""

STATUS = {"valid": {"Processed"}, "partial": {"ProcessedPartially"}, "invalid": {"Failed"}}
ANY_END = {"Processed", "ProcessedPartially", "Failed"}


def _rows() -> list[SampleRow]:
    try:
        rows = manifest()
    except (pytest.skip.Exception, pytest.fail.Exception):  # the tests below say it, one by one
        return []
    return [row for row in rows if row.path.partition("/")[0] in FOLDERS]


ROWS = _rows()


@pytest.fixture(scope="module")
def uploaded(ada: Person) -> dict[str, str]:
    """All files at once; file ids by path."""
    root = samples_root()
    with ThreadPoolExecutor(6) as pool:
        files = pool.map(lambda row: ada.client.upload(root / row.path)["id"], ROWS)
        return dict(zip((row.path for row in ROWS), files, strict=True))


def test_the_samples_are_there() -> None:
    samples_root()
    assert {row.path.partition("/")[0] for row in ROWS} == set(FOLDERS)


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.path)
def test_a_sample_ends_as_the_manifest_says(row: SampleRow, ada: Person, uploaded: dict[str, str]) -> None:
    file = ada.ended(uploaded[row.path], seconds=240)
    assert file["status"] in STATUS.get(row.expected, ANY_END), file.get("failure") or _issues(ada, file)
    assert file["totalRecords"] == file["parsedRecords"] + file["failedRecords"]
    if row.records is not None and row.expected != "either":  # where tools disagree, they may count differently too
        assert file["totalRecords"] == row.records
    if file["status"] == "Failed":
        assert file["failure"]["code"]
        assert file["failure"]["message"]
    _check_failed_records(ada, file)


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.path)
def test_every_record_of_a_sample_is_stored_and_every_good_one_found(
    row: SampleRow, ada: Person, uploaded: dict[str, str]
) -> None:
    file = ada.searchable(uploaded[row.path], seconds=240)
    if file["status"] == "Failed":
        pytest.skip("nothing of a failed file is indexed but its name")
    indices = [record["index"] for record in ada.client.records(file["id"])]
    assert indices == list(range(file["totalRecords"]))
    eventually(
        lambda: ada.search("", file_id=file["id"], type="record", limit=1)["total"] == file["parsedRecords"],
        f"the index shows the {file['parsedRecords']} good records of the store",
        seconds=10,
    )


def _check_failed_records(ada: Person, file: File) -> None:
    failed = list(ada.client.records(file["id"], status="Failed"))
    if file["status"] != "Failed":  # of a failed file no record needs to be kept
        assert len(failed) == file["failedRecords"]
    for record in failed:
        errors = [issue for issue in record["issues"] if issue["severity"] == "Error"]
        assert errors, f"record {record['index']} failed without a reason"
        assert all(issue["code"] and issue["message"] and issue["place"] for issue in errors), record


def _issues(ada: Person, file: File) -> list[tuple[int, list[str]]]:
    failed: list[Record] = list(ada.client.records(file["id"], status="Failed"))[:5]
    return [(record["index"], [issue["message"] for issue in record["issues"]]) for record in failed]


if os.environ.get("CI"):
    assert ROWS, "where CI runs, the samples must be there"
