"""ZIP packages are judged by their directory, before anything is inflated."""

from __future__ import annotations

import io
import struct
import zipfile

import pytest

from functions.parsers import packages
from functions.parsers.packages import FileEncrypted, Package, open_package
from leanda.errors import FileBomb, FileCorrupt, FormatMismatch
from tests.unit.parsers_document.documents import compound_file, docx, packed, paragraph


def opened(data: bytes) -> Package:
    return open_package(io.BytesIO(data))


def test_parts_are_found_whatever_their_case_and_slashes() -> None:
    package = opened(packed({"Word\\Document.xml": "a", "/docProps/core.xml": "b"}))
    assert "word/document.xml" in package
    with package.part("docprops/CORE.xml", at_most=10) as part:
        assert part.read() == b"b"
    assert package.names() == ["word/document.xml", "docprops/core.xml"]
    with pytest.raises(KeyError), package.part("none.xml", at_most=10):
        pass


@pytest.mark.parametrize(
    "members",
    [
        {"word/document.xml": b" " * 2_000_000},
        {"word/media/a.bin": b"\0" * 2_000_000},
        {"word/media/a.bmp": b"\0" * 70_000_000},
        {f"{n}.xml": "" for n in range(packages.MAX_MEMBERS + 1)},
    ],
    ids=["xml", "binary", "picture", "members"],
)
def test_bombs_are_refused(members: dict[str, bytes]) -> None:
    with pytest.raises(FileBomb):
        opened(packed(members))


def test_an_empty_picture_is_no_bomb() -> None:
    assert "a.bmp" in opened(packed({"a.bmp": b"\0" * 30_000_000}))


def test_all_members_together_have_a_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(packages, "MAX_TOTAL_BYTES", 10_000)
    with pytest.raises(FileBomb, match="unpacks"):
        opened(packed({f"{n}.xml": bytes(range(256)) * 8 for n in range(6)}))


def test_members_that_share_their_bytes_are_refused() -> None:
    """Fifield's bomb: many directory entries for one stream (https://www.bamsoftware.com/hacks/zipbomb/)."""
    data = packed({"a.xml": bytes(range(256)) * 3000})
    end = data.rindex(b"PK\x05\x06")
    size, at = struct.unpack_from("<II", data, end + 12)
    entry = data[at : at + size]
    many = entry * 300
    fields = (b"PK\x05\x06", 0, 0, 300, 300, len(many), at, 0)
    with pytest.raises(FileBomb) as refused:
        opened(data[:at] + many + struct.pack("<4s4H2IH", *fields))
    assert "overlap" in str(refused.value.detail)


def test_a_directory_that_is_huge_is_not_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(packages, "MAX_DIRECTORY_BYTES", 1000)
    with pytest.raises(FileBomb) as refused:
        opened(packed({f"{n:0100}.xml": "" for n in range(20)}))
    assert "directory" in str(refused.value.detail)


def test_the_size_of_a_zip64_directory_is_found() -> None:
    end64 = struct.pack("<4sQ2H2I4Q", b"PK\x06\x06", 44, 45, 45, 0, 0, 1, 1, 1 << 40, 0)
    locator = struct.pack("<4sIQI", b"PK\x06\x07", 0, 30, 1)
    end = struct.pack("<4s4H2IH", b"PK\x05\x06", 0, 0, 0xFFFF, 0xFFFF, 0xFFFFFFFF, 0xFFFFFFFF, 0)
    with pytest.raises(FileBomb):
        opened(b"PK\x03\x04".ljust(30, b"\0") + end64 + locator + end)


def test_a_member_that_inflates_to_more_than_it_promised_is_damage() -> None:
    data = bytearray(packed({"a.xml": bytes(range(256)) * 100}))
    central = data.rindex(b"PK\x01\x02")
    struct.pack_into("<I", data, central + 24, 1000)
    with pytest.raises(FileCorrupt), opened(bytes(data)).part("a.xml", at_most=10_000) as part:
        part.read()


def test_a_part_larger_than_asked_for_is_refused() -> None:
    with pytest.raises(FileBomb), opened(packed({"a.xml": "12345"})).part("a.xml", at_most=4):
        pass


def test_encryption_is_said() -> None:
    data = bytearray(packed({"a.xml": "text"}))
    central = data.rindex(b"PK\x01\x02")
    data[central + 8] |= 1
    with pytest.raises(FileEncrypted):
        opened(bytes(data))
    with pytest.raises(FileEncrypted):
        opened(compound_file({"EncryptedPackage": b"x"}))
    with pytest.raises(FormatMismatch):
        opened(compound_file({"Workbook": b"x"}))


def test_other_methods_of_compression_are_damage() -> None:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_LZMA) as archive:
        archive.writestr("a.xml", "text")
    with pytest.raises(FileCorrupt), opened(out.getvalue()).part("a.xml", at_most=100):
        pass


@pytest.mark.parametrize("kept", [0, 3, 4, 30, 200, -1, -22])
def test_a_cut_package_is_damaged_or_none(kept: int) -> None:
    with pytest.raises((FileCorrupt, FormatMismatch)):
        opened(docx(paragraph("text"))[:kept])
