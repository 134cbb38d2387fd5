"""What a picture is drawn from, as `files` tells it: to whom, of which run, and a long text in parts."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from functions.files.picturing import SLICE_CHARACTERS, Picturing
from functions.parsers.chemical.parser import parser as chemical
from functions.parsers.generic.parser import parser as generic
from leanda.access.policy import Viewer
from leanda.contracts.artefacts import Record, Structure
from leanda.errors import NotFound
from tests.fakes.pipeline import USER, Pipeline

ME, OTHER = Viewer(USER), Viewer("22222222-2222-4222-8222-222222222222")


@pytest.fixture
def cloud() -> Pipeline:
    return Pipeline([chemical(), generic()])


@pytest.fixture
def picturing(cloud: Pipeline) -> Picturing:
    return Picturing(cloud.nodes, cloud.runs, cloud.records)


def parts(picturing: Picturing, file_id: str, index: int) -> Iterator[str]:
    offset: int | None = 0
    while offset is not None:
        told = picturing.text(ME, file_id, 1, index, offset=offset)
        yield told["text"]
        offset = told.get("next")


def test_a_file_is_shown_by_its_first_good_record(cloud: Pipeline, picturing: Picturing) -> None:
    file_id = cloud.upload("partly.smi", b"C1CC broken\nCCO ethanol\nC methane\n")
    cloud.deliver()
    told = picturing.subject(ME, file_id, None)
    assert told["record"]["index"] == 1
    assert told["record"]["mediaType"] == "chemical/x-daylight-smiles"
    assert (told["run"], told["kind"], told["format"], told["ended"]) == (1, "chemical", "smiles", True)
    assert told["blobId"] in cloud.blobs.documents


def test_a_bad_record_is_told_as_it_is(cloud: Pipeline, picturing: Picturing) -> None:
    file_id = cloud.upload("partly.smi", b"C1CC broken\nCCO ethanol\n")
    cloud.deliver()
    told = picturing.subject(ME, file_id, 0)["record"]
    assert (told["index"], told["status"]) == (0, "Failed")


def test_what_waits_for_its_bytes_has_no_blob_and_has_not_ended(cloud: Pipeline, picturing: Picturing) -> None:
    file_id = cloud.upload("later.smi", b"C\n")
    told = picturing.subject(ME, file_id, None)
    assert "blobId" not in told
    assert "record" not in told
    assert told["ended"] is False


def test_to_others_it_is_absent(cloud: Pipeline, picturing: Picturing) -> None:
    file_id = cloud.upload("mine.smi", b"CCO ethanol\n")
    cloud.deliver()
    assert picturing.text(ME, file_id, 1, 0, offset=0) == {"text": "CCO"}
    for ask in (
        lambda: picturing.subject(OTHER, file_id, None),
        lambda: picturing.subject(OTHER, file_id, 0),
        lambda: picturing.text(OTHER, file_id, 1, 0, offset=0),
    ):
        with pytest.raises(NotFound):
            ask()


def test_records_that_do_not_exist_are_absent(cloud: Pipeline, picturing: Picturing) -> None:
    file_id = cloud.upload("one.smi", b"CCO ethanol\n")
    cloud.deliver()
    for ask in (
        lambda: picturing.subject(ME, file_id, 1),
        lambda: picturing.text(ME, file_id, 1, 1, offset=0),
        lambda: picturing.text(ME, file_id, 2, 0, offset=0),
    ):
        with pytest.raises(NotFound):
            ask()


@pytest.mark.parametrize("length", [1, SLICE_CHARACTERS, SLICE_CHARACTERS + 1, 3 * SLICE_CHARACTERS])
def test_a_long_text_comes_in_parts_that_make_the_whole(length: int, cloud: Pipeline, picturing: Picturing) -> None:
    file_id = cloud.upload("one.smi", b"CCO ethanol\n")
    cloud.deliver()
    text = "".join(chr(97 + n % 26) for n in range(length))
    record = Record(index=1, type="crystal", structure=Structure(media_type="x", text=text))
    cloud.records.insert(file_id, 1, [record.to_json_dict()])
    found = list(parts(picturing, file_id, 1))
    assert "".join(found) == text
    assert all(0 < len(part) <= SLICE_CHARACTERS for part in found)


def test_only_short_properties_are_told(cloud: Pipeline, picturing: Picturing) -> None:
    file_id = cloud.upload("one.smi", b"CCO ethanol\n")
    cloud.deliver()
    properties = {"technique": "IR", "pointCount": 4, "text": "x" * 201, "reactants": [{"smiles": "C"}]}
    cloud.records.insert(file_id, 1, [Record(index=1, type="spectrum", properties=properties).to_json_dict()])
    assert picturing.subject(ME, file_id, 1)["record"]["properties"] == {"technique": "IR", "pointCount": 4}
