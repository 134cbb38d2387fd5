"""Where a picture was taken: told to who asks, in the answer, in the file's metadata and in the search; and to nobody else."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.cloud import Person
from tests.unit.parsers_image import pictures

pytestmark = pytest.mark.integration

PLACE = {"GPSLatitude (deg)": 48.8584, "GPSLongitude (deg)": 2.2945, "GPSAltitude (m)": 324.5}


def place(person: Person, file_id: str) -> dict[str, object]:
    (record,) = person.client.records(file_id)
    return {field["name"]: field["value"] for field in record["fields"] if field["name"].startswith("GPS")}


def test_a_position_is_told_when_asked_for_with_its_units(ada: Person, tmp_path: Path) -> None:
    photo = pictures.jpeg()
    asked = ada.searchable(ada.upload("asked.jpg", photo, position=True))
    assert place(ada, asked["id"]) == PLACE
    fields = {field["name"]: field for field in asked["metadata"]["fields"]}
    told = {name: (fields[name]["dataType"], fields[name]["unit"], fields[name]["min"]) for name in PLACE}
    assert told == {
        "GPSLatitude (deg)": ("decimal", "deg", 48.8584),
        "GPSLongitude (deg)": ("decimal", "deg", 2.2945),
        "GPSAltitude (m)": ("decimal", "m", 324.5),
    }
    near = ada.found("", type="record", filters=["GPSLatitude (deg):48.5..49"], file_id=asked["id"])
    assert [hit["fileId"] for hit in near] == [asked["id"]]
    assert ada.client.download(asked["id"], tmp_path).read_bytes() == photo


def test_a_position_is_not_told_until_it_is_asked_for_and_can_be_taken_back(bob: Person) -> None:
    file = bob.searchable(bob.upload("unasked.png", pictures.encoded("PNG", exif=pictures.exif())))
    assert place(bob, file["id"]) == {}
    for position, told in ((True, PLACE), (False, {})):
        bob.client.reprocess(file["id"], position=position)
        bob.searchable(file["id"])
        assert place(bob, file["id"]) == told
