"""The manifest's pictures: sizes, depths and channels, also by a second reader; what tells pictures from other files."""

from __future__ import annotations

import io
import struct

import imagesize
import pytest

from functions.parsers.image.formats import FORMATS
from leanda import limits
from leanda.errors import FileBomb
from leanda.parsing.signatures import Kind, decide
from tests.samples import manifest, sample
from tests.unit.parsers_image import pictures

TURNED = frozenset({5, 6, 7, 8})
"""EXIF orientations that lay a picture on its side; imagesize gives the size as it is shown, the record as it is stored."""


def test_sizes_are_those_that_imagesize_reads() -> None:
    compared = 0
    for row in manifest("image"):
        if row.expected == "invalid":
            continue
        kind = decide(row.read_bytes()[: limits.HEAD_BYTES], row.path, len(row.read_bytes()))
        found = next(iter(FORMATS[kind.format].records(io.BytesIO(row.read_bytes())))).properties
        size = found["width"], found["height"]
        shown = size[::-1] if found.get("orientation") in TURNED else size
        assert shown == imagesize.get(row.file), row.path
        compared += 1
    assert compared == 8


@pytest.mark.parametrize(
    ("name", "size", "bits", "channels"),
    [
        ("Landscape_6.jpg", (1200, 1800), 8, 3),
        ("hopper.png", (128, 128), 8, 3),
        ("pil_sample_cmyk.jpg", (100, 100), 8, 4),
        ("truncated_jpeg.jpg", (100, 100), 8, 3),
    ],
)
def test_size_depth_and_channels_are_what_the_header_states(
    name: str, size: tuple[int, int], bits: int, channels: int
) -> None:
    data = sample(name).read_bytes()
    assert header(data) == (size, bits, channels)
    kind = decide(data[: limits.HEAD_BYTES], name, len(data))
    [record] = FORMATS[kind.format].records(io.BytesIO(data))
    found = record.properties
    assert (found["width"], found["height"], found["bitDepth"], found["channels"]) == (*size, bits, channels)


def header(data: bytes) -> tuple[tuple[int, int], int, int]:
    """Size, bits and channels of a true-colour PNG (IHDR) or of a JPEG (SOF, ITU-T T.81 B.2.2)."""
    if data.startswith(b"\x89PNG"):
        width, height, bits, colour = struct.unpack_from(">IIBB", data, 16)
        return (width, height), bits, {2: 3, 6: 4}[colour]
    at = 2
    while not (0xC0 <= data[at + 1] <= 0xCF and data[at + 1] not in (0xC4, 0xC8, 0xCC)):
        at += 2 + int.from_bytes(data[at + 2 : at + 4], "big")
    bits, height, width, channels = struct.unpack_from(">BHHB", data, at + 4)
    return (width, height), bits, channels


def test_the_bomb_among_the_samples_is_called_one() -> None:
    row = sample("decompression_bomb.gif")
    with pytest.raises(FileBomb):
        list(FORMATS["gif"].records(io.BytesIO(row.read_bytes())))


@pytest.mark.parametrize(
    ("data", "name", "format"),
    [
        (pictures.png(), "a.jpg", "png"),
        (pictures.jpeg(), "a", "jpeg"),
        (pictures.gif(), "a.csv", "gif"),
        (pictures.encoded("BMP"), "a", "bmp"),
        (pictures.webp(), "a.txt", "webp"),
        (pictures.tiff(pictures.page(8, 8)), "a.tif", "tiff"),
    ],
)
def test_content_beats_the_name(data: bytes, name: str, format: str) -> None:
    assert decide(data, name, len(data)) == Kind("image", format)


@pytest.mark.parametrize("data", [b"BMI;mass\n1;2\n3;4\n5;6\n", b"RIFF\0\0\0\0WAVEfmt ", b"BM" + b"\0" * 30])
def test_a_like_beginning_is_not_enough(data: bytes) -> None:
    assert decide(data, "a.dat", len(data)).kind != "image"
