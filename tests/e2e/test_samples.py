"""Real files from public repositories, through the API: each ends as its row of the manifest says.

All go up at once and are waited for together, so that the slowest file and not the sum of all decides how long this takes.
"""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from leanda_client import File, LeandaProblem, Record
from tests.cloud import ENDS, Person, eventually
from tests.samples import SampleRow, manifest, rows_to_collect, samples_root

ALL_SECONDS = 420.0
"""Until then every file has ended; an idle machine of two cores needs about a minute."""

# The first test also waits for the cloud to start.
pytestmark = [pytest.mark.integration, pytest.mark.timeout(ALL_SECONDS + 300)]

MANY = 2_000
"""A file with more records is read at both ends only; that none is missing between them, the index tells by its count."""

OUTCOMES = {
    "valid": {"Processed"},
    "partial": {"ProcessedPartially"},
    "invalid": {"Failed"},
    "either": {"Processed", "ProcessedPartially", "Failed"},
}
BAD_RECORDS = {
    "rdf/rdfile_fourRecords_parsingErrorRecord3.rdf": {
        2: ("CTAB_UNTERMINATED", "reactant 2, line 32 of the record"),
    },
    # The manifest calls the second record bad, too: its fluorine has two bonds. It is kept with warnings, see below.
    "sdf/good_bad_good_bad.sdf": {3: ("CTAB_COUNT_MISMATCH", "line 16 of the record")},
    # Its name says first and second, but the header with one line too many stands in the first and the third.
    "sdf/invalid_sdf_with_20_records_where_first_and_second_are_invalid.sdf": {
        0: ("COUNTS_LINE_INVALID", "line 4 of the record"),
        2: ("COUNTS_LINE_INVALID", "line 4 of the record"),
    },
}
"""Of the files that are good in part: which records failed, why and where."""

ROWS = rows_to_collect()
each_sample = pytest.mark.parametrize("row", ROWS, ids=lambda row: row.path)


@pytest.fixture(scope="module")
def files(ada: Person) -> dict[str, File]:
    """Every sample by its path, as it was when its processing was over, or when the time was."""
    until = time.monotonic() + ALL_SECONDS
    with ThreadPoolExecutor(6) as pool:
        ids = [file["id"] for file in pool.map(lambda row: ada.client.upload(row.file), ROWS)]
    return {row.path: _ended(ada, id, until) for row, id in zip(ROWS, ids, strict=True)}


def test_every_sample_is_in_the_manifest_and_all_are_tried() -> None:
    root = samples_root()
    found = {path.relative_to(root).as_posix() for path in root.glob("*/**/*") if path.is_file()}
    assert {row.path for row in ROWS} == {row.path for row in manifest()} == found


@each_sample
def test_a_sample_ends_as_the_manifest_says(row: SampleRow, ada: Person, files: dict[str, File]) -> None:
    file = files[row.path]
    assert file["status"] in OUTCOMES[row.expected], file.get("failure") or _failed(ada, file)
    assert file["totalRecords"] == file["parsedRecords"] + file["failedRecords"]
    if row.records is not None and (row.expected != "either" or file["status"] == "Processed"):
        assert file["totalRecords"] == row.records
    if file["status"] == "Failed":
        assert file["failure"]["code"]
        assert file["failure"]["message"]


@each_sample
def test_every_record_is_stored_and_every_bad_one_says_why_and_where(
    row: SampleRow, ada: Person, files: dict[str, File]
) -> None:
    file = files[row.path]
    failed = _failed(ada, file)
    if file["status"] != "Failed":  # of a failed file no record needs to be kept
        assert _stored(ada, file) == list(range(file["totalRecords"]))
        assert len(failed) == file["failedRecords"]
    for record in failed:
        assert _errors(record), f"record {record['index']} failed without a reason"
        assert all(code and place for code, place in _errors(record)), record
    if row.expected == "partial":
        assert {record["index"]: _errors(record)[0] for record in failed} == BAD_RECORDS[row.path]


@each_sample
def test_every_good_record_of_a_sample_is_found(row: SampleRow, ada: Person, files: dict[str, File]) -> None:
    file = ada.searchable(files[row.path]["id"], seconds=240)
    good = 0 if file["status"] == "Failed" else file["parsedRecords"]
    eventually(
        lambda: ada.search("", file_id=file["id"], type="record", limit=1)["total"] == good,
        f"the index shows the {good} good records of {row.path}",
        seconds=10,
    )


@pytest.mark.parametrize("path", ["sdf/good_bad_good_bad.sdf"] if ROWS else [])
def test_a_record_with_an_impossible_valence_is_kept_with_a_warning(
    path: str, ada: Person, files: dict[str, File]
) -> None:
    record = ada.client.record(files[path]["id"], 1)
    warned = {(issue["code"], issue["place"]) for issue in record["issues"] if issue["severity"] == "Warning"}
    assert (record["status"], record["name"]) == ("Parsed", "Sanitization Error")
    assert ("PROPERTY_FAILED", "monoisotopicMass") in warned


def _ended(ada: Person, id: str, until: float) -> File:
    """While one file is waited for, the others are on their way. When the time is over each is looked at once."""
    while (file := ada.client.file(id))["status"] not in ENDS and time.monotonic() < until:
        time.sleep(0.2)
    return file


def _stored(ada: Person, file: File) -> list[int]:
    """Indices of the records in the store; of a file with many, those between its ends are taken for granted."""
    total = file["totalRecords"]
    if total <= MANY:
        return [record["index"] for record in ada.client.records(file["id"])]
    first, last = (ada.client.record(file["id"], index)["index"] for index in (0, total - 1))
    with pytest.raises(LeandaProblem) as beyond:
        ada.client.record(file["id"], total)
    assert beyond.value.status == 404
    return list(range(first, last + 1))


def _failed(ada: Person, file: File) -> list[Record]:
    return list(ada.client.records(file["id"], status="Failed"))


def _errors(record: Record) -> list[tuple[str, str | None]]:
    return [(issue["code"], issue.get("place")) for issue in record["issues"] if issue["severity"] == "Error"]
