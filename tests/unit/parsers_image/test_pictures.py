"""What is said of pictures, compared with what was put into them."""

from __future__ import annotations

import io
import random
import struct
import zlib

import pytest
from PIL import Image, ImageCms

from functions.parsers.image.formats import FORMATS, ends, exif
from leanda.contracts.artefacts import Record
from leanda.errors import FileBomb, FileCorrupt
from tests.unit.parsers.reading import codes
from tests.unit.parsers_image import pictures


def records(format: str, data: bytes) -> list[Record]:
    return list(FORMATS[format].records(io.BytesIO(data)))


def only(format: str, data: bytes) -> Record:
    [record] = records(format, data)
    assert (record.index, record.type) == (0, "image")
    return record


def fields(record: Record) -> dict[str, object]:
    return {field.name: field.value for field in record.fields}


def test_a_jpeg_tells_its_size_resolution_camera_and_date() -> None:
    record = only("jpeg", pictures.jpeg())
    assert record.properties == {
        "format": "JPEG",
        "width": 30,
        "height": 20,
        "mode": "RGB",
        "channels": 3,
        "channelNames": "R, G, B",
        "bitDepth": 8,
        "frames": 1,
        "dpiX": 300,
        "dpiY": 300,
        "orientation": 6,
        "cameraMake": "Leica",
        "cameraModel": "M11",
        "acquisitionDate": "2024-05-01T17:45:09+02:00",
        "modificationDate": "2024-05-02T08:00:00",
    }
    assert fields(record) == {
        "Make": "Leica",
        "Model": "M11",
        "Orientation": 6,
        "DateTime": "2024:05:02 08:00:00",
        "DateTimeOriginal": "2024:05:01 17:45:09",
        "OffsetTimeOriginal": "+02:00",
        "ExposureTime": 0.004,
        "ISOSpeedRatings": 400,
        "ExifVersion": "0232",
        "Comment": "plate 7",
    }
    assert codes(record) == []


@pytest.mark.parametrize(
    ("format", "data"), [("jpeg", pictures.jpeg()), ("png", pictures.png()), ("webp", pictures.webp())]
)
def test_no_position_is_told(format: str, data: bytes) -> None:
    told = only(format, data).model_dump_json()
    assert "GPS" not in told
    assert "48" not in told.replace("48.8584", "48")  # the latitude, wherever it stood: EXIF, text, maker notes, XMP


def test_a_png_tells_its_true_depth_its_texts_and_an_exact_resolution() -> None:
    record = only("png", pictures.png())
    assert record.properties["bitDepth"] == 16
    assert record.properties["channels"] == 1
    # A PNG states pixels per metre: 10000 of them are 254 dpi, 5000 are 127.
    assert (record.properties["dpiX"], record.properties["dpiY"]) == (254, 127)
    assert fields(record) == {"Software": "LEANDA tests", "Title": "Größe"}


@pytest.mark.parametrize(
    ("mode", "bits", "channels"), [("1", 1, 1), ("L", 8, 1), ("P", 1, 1), ("RGBA", 8, 4), ("LA", 8, 2)]
)
def test_modes_of_png(mode: str, bits: int, channels: int) -> None:
    found = only("png", pictures.encoded("PNG", mode)).properties
    assert (found["bitDepth"], found["channels"], found["mode"]) == (bits, channels, mode)


def test_a_jpeg_that_states_no_resolution_has_none() -> None:
    assert "dpiX" not in only("jpeg", pictures.encoded("JPEG", exif=pictures.exif())).properties


@pytest.mark.parametrize(("unit", "expected"), [(2, (300, 150)), (3, (762, 381)), (1, (None, None))])
def test_the_resolution_that_only_exif_states(unit: int, expected: tuple[int | None, int | None]) -> None:
    block = Image.Exif()
    block[0x011A], block[0x011B], block[0x0128] = 300.0, 150.0, unit
    found = only("jpeg", pictures.encoded("JPEG", exif=block)).properties
    assert (found.get("dpiX"), found.get("dpiY")) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2024:02:29 23:59:59", "2024-02-29T23:59:59"),
        ("2024:02:29 23:59:59.25", "2024-02-29T23:59:59.25"),
        ("0000:00:00 00:00:00", None),
        ("2015:00:00 00:00:00", None),
        ("2015:02:29 12:00:00", None),
        ("2015:02:28 25:00:00", None),
        ("    :  :     :  :  ", None),
        (None, None),
    ],
)
def test_a_day_that_does_not_exist_is_no_date(text: str | None, expected: str | None) -> None:
    assert exif.date(text) == expected


def test_what_is_appended_to_a_jpeg_makes_it_no_cut_one() -> None:
    preview = pictures.encoded("JPEG")
    whole = pictures.encoded("JPEG", size=(300, 200), exif=pictures.exif(), comment=preview)
    film = bytes(200_000)
    assert codes(only("jpeg", whole + film)) == []
    assert codes(only("jpeg", whole[:-2] + film)) == ["IMAGE_TRUNCATED"]


def test_the_frames_of_animations_are_counted() -> None:
    gif = only("gif", pictures.gif(5)).properties
    assert (gif["frames"], gif["duration"], gif["loop"]) == (5, 350, 0)
    assert (gif["width"], gif["height"]) == (8, 6)
    assert only("webp", pictures.webp(3)).properties["frames"] == 3
    assert only("gif", pictures.encoded("GIF", "P")).properties["frames"] == 1


def test_frames_agree_with_pillow() -> None:
    data = pictures.gif(7)
    with Image.open(io.BytesIO(data)) as image:
        assert getattr(image, "n_frames", 0) == ends.gif_animation(io.BytesIO(data)).frames == 7


@pytest.mark.parametrize("seed", range(4))
def test_the_end_of_a_gif_is_found_behind_any_number_of_blocks(seed: int) -> None:
    """More than one window of blocks of all sizes, with bytes inside that look like an end."""
    dice = random.Random(seed)
    blocks = b"".join(
        bytes([size]) + b"\0\x3b" * (size // 2) + b"\0" * (size % 2) for size in dice.choices(range(1, 256), k=2000)
    )
    gif = b"GIF89a" + bytes([16, 0, 16, 0, 0, 0, 0]) + b"\x2c" + bytes(9) + b"\x02" + blocks + b"\0" + b"\x3b"
    assert ends.gif_animation(io.BytesIO(gif)) == ends.Animation(1, 0, complete=True, counted_all=True)
    for cut in (-1, -2, -3, -len(blocks) // 2):
        assert not ends.gif_animation(io.BytesIO(gif[:cut])).complete


def test_an_endless_animation_is_counted_up_to_a_limit() -> None:
    frame = b"\x2c" + struct.pack("<4HB", 0, 0, 1, 1, 0) + b"\x02\x01\x00\x00"
    data = b"GIF89a" + struct.pack("<HHBBB", 1, 1, 0, 0, 0) + frame * (ends.MAX_FRAMES + 5) + b";"
    record = only("gif", data)
    assert record.properties["frames"] == ends.MAX_FRAMES
    assert codes(record) == ["FRAMES_NOT_COUNTED"]


def test_a_bmp_and_its_depth() -> None:
    assert only("bmp", pictures.encoded("BMP", "1")).properties["bitDepth"] == 1
    found = only("bmp", pictures.encoded("BMP", dpi=(96, 96)))
    assert found.properties["width"] == 30
    assert codes(found) == []


def test_a_profile_has_its_name() -> None:
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    for format in ("png", "jpeg", "webp"):
        assert (
            only(format, pictures.encoded(format.upper(), icc_profile=profile)).properties["colorProfile"]
            == "sRGB built-in"
        )
    damaged = pictures.encoded("JPEG", icc_profile=b"no profile at all")
    assert "colorProfile" not in only("jpeg", damaged).properties


@pytest.mark.parametrize(
    ("format", "data"),
    [
        ("jpeg", pictures.jpeg()),
        ("png", pictures.png()),
        ("gif", pictures.gif()),
        ("webp", pictures.webp()),
        ("bmp", pictures.encoded("BMP")),
    ],
)
def test_a_cut_file_is_described_and_marked(format: str, data: bytes) -> None:
    assert codes(only(format, data)) == []
    assert codes(only(format, data + b"\0" * 100)) == []
    if format == "webp":
        with pytest.raises(FileCorrupt):
            records(format, data[:-20])  # Its decoder wants the whole file.
    else:
        assert codes(only(format, data[:-20])) == ["IMAGE_TRUNCATED"]


@pytest.mark.parametrize("format", ["png", "jpeg", "gif", "bmp", "webp"])
@pytest.mark.parametrize("data", [b"", b"\0", b"nothing of the kind" * 10])
def test_what_is_no_picture_is_corrupt(format: str, data: bytes) -> None:
    with pytest.raises(FileCorrupt):
        records(format, data)


def _png_of(width: int, height: int) -> bytes:
    def chunk(name: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))

    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(b"")) + chunk(b"IEND", b"")


def test_a_picture_that_claims_too_many_pixels_is_a_bomb() -> None:
    assert only("png", _png_of(30_000, 30_000)).properties["width"] == 30_000
    for width, height in ((40_000, 30_000), (2**31 - 1, 2**31 - 1)):
        with pytest.raises(FileBomb):
            records("png", _png_of(width, height))


@pytest.mark.parametrize("disposal", [0, 2])
def test_a_canvas_that_would_be_allocated_has_a_lower_limit(disposal: int) -> None:
    frame = b"\x21\xf9\x04" + bytes([disposal << 2]) + bytes(4) + b"\x2c" + struct.pack("<4HB", 0, 0, 20_000, 20_000, 0)
    data = b"GIF89a" + struct.pack("<HHBBB", 10, 10, 0, 0, 0) + frame + b"\x02\x01\x00\x00;"
    with pytest.raises(FileBomb):
        records("gif", data)
    webp = b"WEBPVP8X\x0a\0\0\0\x02\0\0\0" + (16_000 - 1).to_bytes(3, "little") * 2
    with pytest.raises(FileBomb):
        records("webp", b"RIFF" + struct.pack("<I", len(webp)) + webp)


def test_a_text_that_inflates_a_thousandfold_is_refused() -> None:
    text = b"Comment\0\0" + zlib.compress(b"a" * 100_000_000, 9)
    data = pictures.encoded("PNG")
    chunk = struct.pack(">I", len(text)) + b"zTXt" + text + struct.pack(">I", zlib.crc32(b"zTXt" + text))
    with pytest.raises(FileCorrupt):
        records("png", data[:33] + chunk + data[33:])
