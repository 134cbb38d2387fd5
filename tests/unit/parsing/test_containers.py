"""Which Office format a container holds."""

from __future__ import annotations

import io
import struct
import zipfile

import pytest
from hypothesis import given
from hypothesis import strategies as st

from leanda.parsing.containers import office_format

OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"


def package(*names: str, method: int = zipfile.ZIP_DEFLATED, content: bytes = b"text") -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", method) as archive:
        for name in names:
            archive.writestr(name, content)
    return out.getvalue()


def compound(*names: str, directory: int = 0) -> bytes:
    header = bytearray(OLE.ljust(512, b"\0"))
    struct.pack_into("<H", header, 30, 9)
    struct.pack_into("<I", header, 48, directory)
    entries = b"".join(
        struct.pack("<64sHB61x", name.encode("utf-16-le"), 2 * len(name) + 2, 5 if name == "Root Entry" else 2)
        for name in ("Root Entry", *names)
    )
    return bytes(header) + b"\0" * 512 * directory + entries.ljust(1024, b"\0")


@pytest.mark.parametrize(
    ("data", "extension", "found"),
    [
        (package("[Content_Types].xml", "word/document.xml"), "", "docx"),
        (package("_rels/.rels", "word/document.xml"), "zip", "docx"),
        (package("docProps/app.xml", "ppt/presentation.xml"), "docx", "pptx"),
        (package("[Content_Types].xml", "xl/workbook.xml"), "csv", "xlsx"),
        (package("[Content_Types].xml", "xl/workbook.bin"), "", "xlsb"),
        (package("[Content_Types].xml", "xl/printerSettings/p1.bin", "xl/workbook.xml"), "", "xlsx"),
        (package("[Content_Types].xml", "xl/styles.xml"), "xlsb", "xlsb"),
        (package("mimetype", content=b"application/vnd.oasis.opendocument.spreadsheet"), "", None),
        (package("word/a.txt", "b.txt"), "zip", None),
        (package("word/a.txt", "b.txt"), "docx", "docx"),
        (package("a.txt"), "zip", None),
        (package("a.txt"), "xlsx", "xlsx"),
        (b"PK\x03\x04damaged", "pptx", "pptx"),
        (b"PK\x03\x04damaged", "doc", None),
        (compound("WordDocument", "1Table"), "", "doc"),
        (compound("\x05SummaryInformation", "PowerPoint Document"), "doc", "ppt"),
        (compound("Workbook", directory=3), "doc", "xls"),
        (compound("Book"), "", "xls"),
        (compound("EncryptionInfo", "EncryptedPackage"), "docx", "docx"),
        (compound("EncryptionInfo", "EncryptedPackage"), "", None),
        (compound("__properties_version1.0"), "msg", None),
        (compound("Other"), "xls", "xls"),
        (OLE, "ppt", "ppt"),
        (b"a,b\n1,2\n", "xlsx", None),
        (b"", "docx", None),
    ],
)
def test_the_content_decides_and_the_extension_helps(data: bytes, extension: str, found: str | None) -> None:
    assert office_format(data, extension) == found


def test_open_documents_name_themselves() -> None:
    for kind, found in (("spreadsheet", "ods"), ("text", None), ("presentation", None)):
        content = f"application/vnd.oasis.opendocument.{kind}".encode()
        assert office_format(package("mimetype", method=zipfile.ZIP_STORED, content=content), "") == found


def test_documents_inside_of_an_archive_are_not_the_archive() -> None:
    inner = package("[Content_Types].xml", "word/document.xml")
    for method in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        assert office_format(package("readme.txt", "report.docx", method=method, content=inner), "zip") is None


@given(data=st.binary(max_size=300), extension=st.sampled_from(["", "docx", "xls", "zip"]))
def test_it_never_raises(data: bytes, extension: str) -> None:
    office_format(b"PK\x03\x04" + data, extension)
    office_format(OLE + data.ljust(600, b"\x01"), extension)
