"""Formats of microscopes, Office and geometries through the API: what their records say, and pictures that show what is in them."""

from __future__ import annotations

import io
from collections.abc import Callable
from xml.etree import ElementTree

import numpy as np
import pytest
import tifffile
from PIL import Image

from leanda_client import Picture
from tests.cloud import Person
from tests.samples import samples_root
from tests.unit.parsers_geometry.test_xyz import SALT, WATER

pytestmark = pytest.mark.integration

RED, GREEN, BLUE = (200, 30, 30), (30, 160, 30), (30, 30, 200)


def uploaded(person: Person, name: str, content: bytes) -> str:
    file_id = person.upload(name, content)
    file = person.ended(file_id)
    assert file["status"] == "Processed", file
    return file_id


def sample(person: Person, path: str) -> str:
    source = samples_root() / path
    return uploaded(person, source.name, source.read_bytes())


def pixels(picture: Picture) -> Image.Image:
    assert picture.media_type == "image/png"
    return Image.open(io.BytesIO(picture.content)).convert("RGB")


def texts(picture: Picture) -> list[str]:
    assert picture.media_type == "image/svg+xml"
    return [
        element.text or ""
        for element in ElementTree.fromstring(picture.content).iter("{http://www.w3.org/2000/svg}text")
    ]


def colours(image: Image.Image) -> list[str]:
    """Which of red, green and blue is the strongest in the middle of each third, from left to right."""
    found = []
    for third in range(3):
        pixel = image.getpixel((image.width * (2 * third + 1) // 6, image.height // 2))
        assert isinstance(pixel, tuple)
        found.append("rgb"[pixel.index(max(pixel))])
    return found


def striped(width: int = 1500, height: int = 600) -> np.ndarray:
    """Red, green and blue, from left to right."""
    picture = np.zeros((height, width, 3), np.uint8)
    for third, colour in enumerate((RED, GREEN, BLUE)):
        picture[:, width * third // 3 : width * (third + 1) // 3] = colour
    return picture


def slide() -> bytes:
    """As an Aperio scanner writes it: the scan in tiles, a small version of it, a level, label and macro."""
    scan, target = striped(), io.BytesIO()
    about = "Aperio Image Library v11.2.1\r\n1500x600 (256x256) JPEG/RGB Q=70|AppMag = 20|MPP = 0.4990"
    with tifffile.TiffWriter(target) as writer:
        writer.write(scan, tile=(256, 256), photometric="rgb", compression="jpeg", description=about, metadata=None)
        writer.write(scan[::2, ::2], photometric="rgb", compression="jpeg", description="Aperio small", metadata=None)
        writer.write(scan[::4, ::4], tile=(256, 256), photometric="rgb", compression="jpeg", metadata=None)
        label = np.full((100, 100, 3), 255, np.uint8)
        writer.write(
            label, photometric="rgb", compression="lzw", description="label 100x100", metadata=None, subfiletype=1
        )
    return target.getvalue()


def big_tiff() -> bytes:
    target = io.BytesIO()
    with tifffile.TiffWriter(target, bigtiff=True) as writer:
        writer.write(striped(), photometric="rgb", compression="zlib", metadata=None)
    return target.getvalue()


@pytest.mark.parametrize(("name", "content"), [("scan.svs", slide), ("large.btf", big_tiff)])
def test_a_scan_is_shown_in_its_colours(name: str, content: Callable[[], bytes], ada: Person) -> None:
    file_id = uploaded(ada, name, content())
    scan, *_ = ada.client.records(file_id)  # behind it, of a slide: label and the like
    properties = scan["properties"]
    assert (properties["sizeX"], properties["sizeY"]) == (1500, 600)
    for seen in (ada.client.picture(file_id), ada.client.picture(file_id, 0)):
        assert pixels(seen).size == (512, 205)
        assert colours(pixels(seen)) == ["r", "g", "b"]


def test_the_label_of_a_slide_is_its_own_picture(ada: Person) -> None:
    file_id = uploaded(ada, "labelled.svs", slide())
    assert [record["name"] for record in ada.client.records(file_id)] == ["slide", "thumbnail", "label"]
    small, label = (pixels(ada.client.picture(file_id, index)) for index in (1, 2))
    assert colours(small) == ["r", "g", "b"]
    assert (label.size, label.getpixel((50, 50))) == ((100, 100), (255, 255, 255))


@pytest.mark.parametrize(
    "path",
    ["LeicaLASX_wavelength-sweep_example.lif", "Nikon_BF007.nd2", "RGB-multichannel.czi", "multi-channel.ome.tif"],
)
def test_an_image_of_a_microscope_has_the_shape_of_its_record(path: str, ada: Person) -> None:
    file_id = sample(ada, f"microscopy/{path}")
    records = list(ada.client.records(file_id))
    for record in records[: 1 if path.endswith((".czi", ".tif")) else None]:
        image = pixels(ada.client.picture(file_id, record["index"]))
        width, height = record["properties"]["sizeX"], record["properties"]["sizeY"]
        assert abs(image.width / image.height - width / height) < 0.1 * width / height
        assert len(set(image.tobytes())) > 10, "not one colour"
    assert ada.client.picture(file_id).content == ada.client.picture(file_id, 0).content


@pytest.mark.parametrize(
    ("path", "shown"),
    [("docx/blk-paras-and-tables.docx", "Lorem ipsum"), ("docx/strict-format.docx", "Test")],
)
def test_a_document_without_a_preview_is_a_page_with_its_text(path: str, shown: str, ada: Person) -> None:
    assert shown in " ".join(texts(ada.client.picture(sample(ada, path))))


def test_frames_of_a_trajectory_are_records_with_pictures_and_fields(ada: Person) -> None:
    file_id = uploaded(ada, "run.xyz", WATER + SALT)
    water, salt = ada.client.records(file_id)
    assert water["name"] == "water, by hand"
    assert water["properties"]["formula"] == "H2O"
    assert {field["name"]: field["value"] for field in salt["fields"]}["energy"] == -7.25
    for index, balls in ((0, 3), (1, 2)):
        drawn = ElementTree.fromstring(ada.client.picture(file_id, index).content)
        assert sum(element.tag.endswith("circle") for element in drawn.iter()) == balls
    hit, *_ = ada.found("", type="record", file_id=file_id, filters=["energy:-8..-7"])
    assert hit["index"] == 1
