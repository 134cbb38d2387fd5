"""Where a picture was taken: told to those who asked, exactly, and to nobody else."""

from __future__ import annotations

import io
from typing import Any

import pytest
from PIL import Image, TiffImagePlugin

from functions.parsers.image.formats import FORMATS
from functions.parsers.image.parser import parser
from leanda.contracts.artefacts import Record
from leanda.contracts.events import FileCreated
from leanda.parsing.format import WITH_POSITION
from tests.unit.parsers_image import pictures

POINT = {"GPSLatitude (deg)": 48.8584, "GPSLongitude (deg)": 2.2945, "GPSAltitude (m)": 324.5}
"""What `pictures.exif` states as 48° 51' 30.24" N, 2° 17' 40.2" E, 324.5 m above the sea."""


def block(**gps: Any) -> bytes:
    """EXIF with GPS entries by names like `t2`."""
    exif = Image.Exif()
    exif.get_ifd(0x8825).update({int(name[1:]): value for name, value in gps.items()})
    return exif.tobytes()


def only(format: str, data: bytes) -> Record:
    [record] = FORMATS[format + WITH_POSITION].records(io.BytesIO(data))
    return record


def place(record: Record) -> dict[str, object]:
    return {field.name: field.value for field in record.fields if field.name.startswith("GPS")}


FILES = {
    "jpeg": lambda exif: pictures.encoded("JPEG", exif=exif),
    "png": lambda exif: pictures.encoded("PNG", exif=exif),
    "webp": lambda exif: pictures.encoded("WEBP", exif=exif),
    "tiff": pictures.placed_tiff,
}


@pytest.mark.parametrize("format", FILES)
def test_degrees_are_decimal_and_exact(format: str) -> None:
    record = only(format, FILES[format](pictures.exif()))
    assert place(record) == POINT
    assert not record.issues
    [unasked] = FORMATS[format].records(io.BytesIO(FILES[format](pictures.exif())))
    assert place(unasked) == {}
    assert [field for field in record.fields if not field.name.startswith("GPS")] == list(unasked.fields)
    assert record.properties == unasked.properties


@pytest.mark.parametrize("format", FILES)
def test_south_west_and_below_are_negative(format: str) -> None:
    half = TiffImagePlugin.IFDRational(61, 2)
    exif = block(t1="S", t2=(33.0, half, 0.0), t3="W", t4=(70.0, half, 0.0), t5=b"\1", t6=28.25)
    record = only(format, FILES[format](exif))
    # 30.5 minutes are 0.508333… degrees.
    assert list(place(record).values()) == [
        pytest.approx(-33.508333333333333),
        pytest.approx(-70.508333333333333),
        -28.25,
    ]


UNREADABLE: dict[str, tuple[dict[str, Any], set[str]]] = {
    "neither north nor south": ({"t2": (48.0, 0.0, 0.0), "t3": "E", "t4": (2.0, 0.0, 0.0)}, set()),
    "a latitude alone": ({"t1": "N", "t2": (48.0, 0.0, 0.0)}, set()),
    "more than a pole": ({"t1": "N", "t2": (90.0, 0.0, 0.5), "t3": "E", "t4": (2.0, 0.0, 0.0)}, set()),
    "seconds of 0/0": (
        {"t1": "N", "t2": (48.0, 51.0, TiffImagePlugin.IFDRational(0, 0)), "t3": "E", "t4": (2.0, 0.0, 0.0), "t6": 5.0},
        {"GPSAltitude (m)"},
    ),
    "an altitude of 1/0": ({"t5": b"\0", "t6": TiffImagePlugin.IFDRational(1, 0)}, set()),
}


@pytest.mark.parametrize("format", FILES)
@pytest.mark.parametrize("case", UNREADABLE)
def test_half_a_position_is_none_and_says_so(format: str, case: str) -> None:
    stated, left = UNREADABLE[case]
    record = only(format, FILES[format](block(**stated)))
    assert set(place(record)) == left
    assert [issue.code for issue in record.issues] == ["POSITION_UNREADABLE"]


def test_what_states_no_position_is_read_as_ever() -> None:
    for format, data in (
        ("jpeg", pictures.encoded("JPEG")),
        ("tiff", pictures.placed_tiff(b"")),
        ("png", pictures.encoded("PNG")),
    ):
        [unasked] = FORMATS[format].records(io.BytesIO(data))
        assert only(format, data) == unasked


def test_texts_that_repeat_the_position_are_told_with_it() -> None:
    names = [field.name for field in only("png", pictures.png()).fields]
    assert "exif:GPSLatitude" in names
    assert "XML:com.adobe.xmp" not in names


@pytest.mark.parametrize(
    ("format", "position", "name"),
    [("jpeg", True, "jpeg+position"), ("jpeg", False, "jpeg"), ("gif", True, "gif"), ("tiff", True, "tiff+position")],
)
def test_only_who_asks_gets_the_format_that_tells(format: str, position: bool, name: str) -> None:
    asked = FileCreated(
        file_id="f", run=1, blob_id="b", kind="image", format=format, size=1, name="a", position=position, revision=1
    )
    assert parser().asked(asked) == name
    assert parser().format(name).name == name
