"""TIFF pages, hand-made and Pillow's, compared with what was put into them and with tifffile."""

from __future__ import annotations

import io
import struct
from pathlib import Path

import pytest
import tifffile
from PIL import Image

from functions.parsers.image.formats import FORMATS
from functions.parsers.image.formats import tiff as format_module
from functions.parsers.image.formats.tiff import TIFF
from leanda.contracts.artefacts import Record, RecordStatus
from leanda.errors import FileBomb, FileCorrupt, FormatMismatch, NoRecords
from leanda.parsing.tiff import MAX_ENTRIES, Tiff
from tests.samples import manifest, samples_root
from tests.unit.parsers_image import pictures
from tests.unit.parsers_image.pictures import ascii_, long, page, rational, short, tiff


def records(data: bytes) -> list[Record]:
    return list(TIFF.records(io.BytesIO(data)))


@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize("big", [False, True])
def test_what_a_page_states(order: str, big: bool) -> None:
    data = tiff(
        page(
            640,
            480,
            order,
            t270=ascii_("grains of pollen"),
            t282=rational(1000, 1, order),
            t283=rational(500, 1, order),
            t296=short(3, order),
            t274=short(6, order),
            t306=ascii_("2023:01:02 03:04:05"),
            t285=ascii_("page one"),
        ),
        order=order,
        big=big,
    )
    [record] = records(data)
    assert record.name == "page one"
    assert record.properties == {
        "format": "BigTIFF" if big else "TIFF",
        "width": 640,
        "height": 480,
        "channels": 1,
        "bitDepth": 8,
        "sampleFormat": "uint",
        "photometric": "BlackIsZero",
        "compression": "none",
        "orientation": 6,
        "dpiX": 2540,
        "dpiY": 1270,
        "modificationDate": "2023-01-02T03:04:05",
        "frames": 1,
    }
    stated = {field.name: field.value for field in record.fields}
    assert stated["ImageDescription"] == "grains of pollen"


def test_pages_that_pillow_refuses_are_described() -> None:
    # Two channels of 16 bits: common in microscopy, unknown to Pillow.
    tags = page(10, 10) | {
        258: (3, 2, struct.pack("<HH", 16, 16)),
        277: short(2),
        339: (3, 2, struct.pack("<HH", 3, 3)),
    }
    [record] = records(tiff(tags))
    assert record.properties["channels"] == 2
    assert record.properties["bitDepth"] == 16
    assert record.properties["sampleFormat"] == "float"


def test_exif_is_read_and_the_position_is_not() -> None:
    target = io.BytesIO()
    Image.new("L", (4, 4)).save(target, "TIFF", exif=pictures.exif())
    [record] = records(target.getvalue())
    stated = {field.name: field.value for field in record.fields}
    assert stated["ExposureTime"] == 0.004
    assert record.properties["acquisitionDate"] == "2024-05-01T17:45:09+02:00"
    assert record.properties["cameraModel"] == "M11"
    assert "GPS" not in record.model_dump_json()


def test_every_sample_agrees_with_tifffile() -> None:
    compared = 0
    for row in manifest("image"):
        if not row.path.endswith((".tif", ".tiff")) or row.expected != "valid":
            continue
        found = records(row.read_bytes())
        with tifffile.TiffFile(samples_root() / row.path) as oracle:
            assert len(found) == len(oracle.pages)
            for record, expected in zip(found, oracle.pages, strict=True):
                assert isinstance(expected, tifffile.TiffPage)
                assert record.properties["width"] == expected.imagewidth
                assert record.properties["height"] == expected.imagelength
                assert record.properties["bitDepth"] == expected.bitspersample
                assert record.properties["channels"] == expected.samplesperpixel
                compared += 1
    assert compared == 5


@pytest.mark.parametrize("big", [False, True])
def test_files_of_tifffile_are_read(big: bool) -> None:
    numpy = pytest.importorskip("numpy")
    target = io.BytesIO()
    with tifffile.TiffWriter(target, bigtiff=big) as writer:
        writer.write(numpy.zeros((2, 40, 30), "float32"), description="first", metadata=None)
        writer.write(numpy.zeros((20, 25, 3), "uint16"), photometric="rgb", tile=(16, 16), metadata=None)
    sizes = [
        (r.properties["width"], r.properties["height"], r.properties["bitDepth"]) for r in records(target.getvalue())
    ]
    assert sizes == [(30, 40, 32), (30, 40, 32), (25, 20, 16)]


def test_a_page_without_size_fails_alone() -> None:
    found = records(tiff(page(4, 4), page(0, 4), page(6, 6)))
    assert [record.status for record in found] == [RecordStatus.PARSED, RecordStatus.FAILED, RecordStatus.PARSED]
    assert [record.index for record in found] == [0, 1, 2]
    assert found[1].issues[0].code == "PAGE_UNREADABLE"


def test_a_chain_that_leaves_the_file_fails_one_page() -> None:
    data = bytearray(tiff(page(4, 4), page(5, 5)))
    first = struct.unpack_from("<I", data, 4)[0]
    count = struct.unpack_from("<H", data, first)[0]
    struct.pack_into("<I", data, first + 2 + 12 * count, 1_000_000)
    found = records(bytes(data))
    assert [record.status for record in found] == [RecordStatus.PARSED, RecordStatus.FAILED]


@pytest.mark.parametrize("value", [1.7e308, 1e300, float("inf"), float("nan"), -1.0])
@pytest.mark.parametrize("unit", [2, 3])
def test_a_resolution_that_no_picture_has_is_none(value: float, unit: int) -> None:
    double = (12, 1, struct.pack("<d", value))
    [record] = records(tiff(page(4, 4, t282=double, t283=double, t296=short(unit))))
    assert "dpiX" not in record.properties


@pytest.mark.parametrize("tag", [34665, 34853])
def test_a_directory_before_the_beginning_of_the_file_costs_itself(tag: int, tmp_path: Path) -> None:
    """A real file is not where a negative place could be looked at."""
    path = tmp_path / "a.tif"
    path.write_bytes(tiff(page(4, 4) | {tag: (9, 1, struct.pack("<i", -8))}))
    for name in ("tiff", "tiff+position"):
        with path.open("rb") as file:
            [record] = FORMATS[name].records(file)
        assert record.status is RecordStatus.PARSED


def test_a_chain_that_meets_itself_ends() -> None:
    data = bytearray(tiff(page(4, 4)))
    struct.pack_into("<I", data, 8 + 2 + 12 * 5, 8)
    assert len(records(bytes(data))) == 1


def test_pages_beyond_the_limit_are_left_out_with_a_warning(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(format_module, "MAX_PAGES", 2)
    found = records(tiff(page(4, 4), page(4, 4), page(4, 4)))
    assert len(found) == 2
    assert [issue.code for issue in found[1].issues] == ["PAGES_NOT_READ"]


def test_pixels_outside_of_the_file_are_noticed() -> None:
    [record] = records(tiff(page(4, 4, t273=long(100_000), t279=long(16))))
    assert [issue.code for issue in record.issues] == ["IMAGE_TRUNCATED"]
    [record] = records(tiff(page(4, 4) | {273: (4, 2**31, b"\0\0\x10\0" * 2)}))
    assert [issue.code for issue in record.issues] == ["IMAGE_TRUNCATED"]


def test_ome_xml_in_a_plain_tiff_is_pointed_out() -> None:
    [record] = records(tiff(page(4, 4, t270=ascii_('<?xml version="1.0"?><OME></OME>'))))
    assert [issue.code for issue in record.issues] == ["OME_XML_NOT_READ"]


def test_absurd_counts_are_refused() -> None:
    with pytest.raises(FileCorrupt):
        records(b"II*\0\x08\0\0\0\xff\xff" + b"\0" * 100)
    with pytest.raises(FileCorrupt):
        records(b"II+\0\x08\0\0\0" + struct.pack("<QQ", 16, 2**62))
    with pytest.raises(FileCorrupt):
        records(b"II+\0\x08\0\0\0" + struct.pack("<QQ", 16, MAX_ENTRIES + 1) + b"\0" * 100_000)


@pytest.mark.timeout(30)
def test_pages_that_share_one_large_text_are_a_bomb() -> None:
    data = bytearray(tiff(page(4, 4, t270=ascii_("x" * 60_000))))
    at = data.index(b"x" * 60_000)
    directory = b"".join(
        [
            struct.pack("<H", 4),
            struct.pack("<HHII", 256, 4, 1, 4),
            struct.pack("<HHII", 257, 4, 1, 4),
            struct.pack("<HHII", 270, 2, 60_001, at),
            struct.pack("<HHII", 315, 2, 60_001, at),
        ]
    )
    data[4:8] = struct.pack("<I", len(data))
    for _ in range(9000):
        data += directory + struct.pack("<I", len(data) + len(directory) + 4)
    with pytest.raises(FileBomb):
        records(bytes(data))


def test_a_text_is_cut_at_a_letter() -> None:
    for end, expected in ((b"\xc3\xa9\xc3\xa9", "a\u00e9"), (b"\xe9\0", "a\u00e9")):
        data = tiff({270: (2, len(end) + 1, b"a" + end)})
        opened = Tiff(io.BytesIO(data))
        assert opened.text(next(opened.directories()), 270, at_most=4) == expected


def test_what_is_no_tiff() -> None:
    for data in (b"", b"II", b"II*\0", b"GIF89a" * 5, b"II+\0\x04\0\0\0" + b"\0" * 20):
        with pytest.raises(FormatMismatch):
            records(data)
    with pytest.raises(NoRecords):
        records(b"II*\0\0\0\0\0" + b"\0" * 10)


def test_values_are_read_as_their_types_say() -> None:
    kinds = {
        1000: (1, 2, b"\x01\xff"),
        1001: (6, 1, b"\xff"),
        1002: (8, 1, struct.pack("<h", -5)),
        1003: (9, 1, struct.pack("<i", -70000)),
        1004: (10, 1, struct.pack("<ii", -1, 4)),
        1005: (11, 1, struct.pack("<f", 0.5)),
        1006: (12, 1, struct.pack("<d", 2.25)),
        1007: (5, 1, struct.pack("<II", 1, 0)),
        1008: (99, 1, b"\0\0\0\0"),
    }
    opened = Tiff(io.BytesIO(tiff(kinds)))
    directory = next(opened.directories())
    numbers = {tag: [float(value) for value in opened.numbers(directory, tag)] for tag in kinds}
    assert numbers == {
        1000: [1, 255],
        1001: [-1],
        1002: [-5],
        1003: [-70000],
        1004: [-0.25],
        1005: [0.5],
        1006: [2.25],
        1007: [],
        1008: [],
    }
