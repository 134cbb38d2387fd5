"""Who asks where a picture was taken is told; the asking travels from the announcement to the reader, and can be taken back."""

from __future__ import annotations

from typing import Any

import pytest

from functions.files.models import ReprocessOrder
from functions.parsers.bundle.parser import parser as bundle
from functions.parsers.generic.parser import parser as generic
from functions.parsers.image.parser import parser as image
from leanda import ids
from leanda.access.policy import Viewer
from leanda.contracts.envelope import Origin
from tests.fakes.pipeline import USER, Pipeline
from tests.unit.parsers_bundle import archives
from tests.unit.parsers_image import pictures

ME = Viewer(USER)
PLACE = {"GPSLatitude (deg)": 48.8584, "GPSLongitude (deg)": 2.2945, "GPSAltitude (m)": 324.5}


def pipeline(seed: int = 0, copies: int = 1) -> Pipeline:
    return Pipeline([image(), bundle(), generic()], seed=seed, copies=copies)


def place(cloud: Pipeline, file_id: str) -> dict[str, Any]:
    record = cloud.files.get_record(ME, file_id, 0)
    return {field["name"]: field["value"] for field in record["fields"] if field["name"].startswith("GPS")}


def origin(cause: str) -> Origin:
    return Origin(cause=cause, correlation_id="correlation-1")


@pytest.mark.parametrize("copies", [1, 3])
def test_it_is_told_to_who_asks_with_the_announcement(copies: int) -> None:
    cloud = pipeline(seed=copies, copies=copies)
    asked = cloud.upload("asked.jpg", pictures.jpeg(), position=True)
    unasked = cloud.upload("unasked.jpg", pictures.jpeg())
    cloud.drain()
    assert place(cloud, asked) == PLACE
    assert place(cloud, unasked) == {}
    shown = {field["name"]: field for field in cloud.files.get(ME, asked)["metadata"]["fields"]}
    latitude = shown["GPSLatitude (deg)"]
    assert (latitude["dataType"], latitude["unit"], latitude["min"]) == ("decimal", "deg", 48.8584)
    assert not [message for message in cloud.broker.sent if b"48.8584" in message.body], "no event carries a position"


def test_it_can_be_asked_for_later_and_taken_back() -> None:
    cloud = pipeline()
    cloud.drop("dropped.jpg", pictures.jpeg())
    cloud.drain()
    file_id = ids.file_id_of_inbox(USER, "dropped.jpg")
    assert place(cloud, file_id) == {}
    for n, (asked, told) in enumerate([(True, PLACE), (None, PLACE), (False, {}), (None, {})]):
        cloud.files.reprocess(ME, file_id, origin(f"request {n}"), position=asked)
        cloud.drain()
        assert place(cloud, file_id) == told


def test_it_can_be_asked_for_many() -> None:
    cloud = pipeline()
    dropped = [ids.file_id_of_inbox(USER, name) for name in ("a.jpg", "b.png")]
    cloud.drop("a.jpg", pictures.jpeg())
    cloud.drop("b.png", pictures.encoded("PNG", exif=pictures.exif()))
    cloud.drain()
    order = ReprocessOrder(kind="image", position=True)
    assert set(cloud.files.reprocess_many(ME, order, origin("many"))["accepted"]) == set(dropped)
    cloud.drain()
    assert [place(cloud, file_id) for file_id in dropped] == [PLACE, PLACE]


def test_pictures_in_a_zip_are_read_as_the_zip_was_asked_for() -> None:
    cloud = pipeline()
    for name, asked in (("asked", True), ("unasked", False)):
        archive = archives.packed({f"{name}.jpg": pictures.jpeg()})
        cloud.upload(f"{name}.zip", archive, unpack=True, position=asked)
    cloud.drain()
    found = {node["name"]: node["_id"] for node in cloud.nodes.documents.values()}
    assert place(cloud, found["asked.jpg"]) == PLACE
    assert place(cloud, found["unasked.jpg"]) == {}


def test_a_lost_request_is_repeated_with_what_was_asked() -> None:
    cloud = pipeline()
    lost: list[str] = []

    def lose(consumer: Any, event: Any) -> bool:
        first = event.type == "leanda.files.file.created.v1" and "parsers-image" in consumer.name and not lost
        if first:
            lost.append(event.id)
        return first

    cloud.lost = lose
    file_id = cloud.upload("asked.jpg", pictures.jpeg(), position=True)
    cloud.wait_out()
    assert lost
    assert place(cloud, file_id) == PLACE
