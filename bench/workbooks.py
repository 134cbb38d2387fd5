"""Workbooks of the binary formats, which nothing that writes them is at hand for: one sheet of texts, numbers and dates.

XLS: [MS-XLS] 2.4 (BIFF8) in a compound file, [MS-CFB] version 3. XLSB: [MS-XLSB] 2.4.
"""

from __future__ import annotations

import io
import struct
import zipfile
from collections.abc import Iterator, Sequence
from datetime import date
from typing import Final

type Cell = str | int | float | date | None

_SHEET: Final = "measured"
_DAY_ZERO: Final = date(1899, 12, 30)
_GENERAL, _DATE = 0, 14
"""Number formats that every program knows; a cell names its style, which is the place of one of them here."""
_SECTOR: Final = 512
_END_OF_CHAIN, _FREE, _FAT_SECTOR = 0xFFFFFFFE, 0xFFFFFFFF, 0xFFFFFFFD


def xls(rows: Sequence[Sequence[Cell]]) -> bytes:
    """The rows as an XLS file."""
    cells = b"".join(
        _biff8(0x0203, struct.pack("<HHHd", n, column, style, value))
        if isinstance(value, float)
        else _biff8(0x0204, struct.pack("<HHHHB", n, column, style, len(value), 0) + value.encode("latin-1"))
        for n, column, style, value in _cells(rows)
    )
    dimensions = struct.pack("<IIHHH", 0, len(rows), 0, len(rows[0]), 0)
    sheet = _begin(0x0010) + _biff8(0x0200, dimensions) + cells + _biff8(0x000A)
    styles = b"".join(_biff8(0x00E0, struct.pack("<HH16x", 0, format)) for format in (_GENERAL, _DATE))
    head = _begin(0x0005) + _biff8(0x0042, struct.pack("<H", 1200)) + _biff8(0x0022, bytes(2)) + styles
    name = _SHEET.encode("latin-1")
    at = len(head) + 4 + 8 + len(name) + 4
    bound = _biff8(0x0085, struct.pack("<IHBB", at, 0, len(name), 0) + name)
    return _compound_file("Workbook", head + bound + _biff8(0x000A) + sheet)


def xlsb(rows: Sequence[Sequence[Cell]]) -> bytes:
    """The rows as an XLSB file."""
    data, before = bytearray(), -1
    for n, column, style, value in _cells(rows):
        if n != before:
            data += _biff12(0, struct.pack("<IIHBBBI", n, 0, 300, 0, 0, 0, 0))
            before = n
        cell = struct.pack("<II", column, style)
        data += (
            _biff12(5, cell + struct.pack("<d", value)) if isinstance(value, float) else _biff12(6, cell + _wide(value))
        )
    dimensions = struct.pack("<4I", 0, len(rows) - 1, 0, len(rows[0]) - 1)
    sheet = _biff12(129) + _biff12(148, dimensions) + _biff12(145) + data + _biff12(146) + _biff12(130)
    bundle = _biff12(156, struct.pack("<II", 0, 1) + _wide("rId1") + _wide(_SHEET))
    formats = b"".join(_biff12(47, struct.pack("<HH12x", 0, format)) for format in (_GENERAL, _DATE))
    styles = _biff12(278) + _biff12(617, struct.pack("<I", 2)) + formats + _biff12(618) + _biff12(279)
    relation = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
    package = "http://schemas.openxmlformats.org/package/2006"
    relations = f'<Relationships xmlns="{package}/relationships">%s</Relationships>'
    related = f'<Relationship Id="%s" Type="{relation}/%s" Target="%s"/>'
    parts = {
        "[Content_Types].xml": f'<Types xmlns="{package}/content-types"><Default Extension="bin" '
        'ContentType="application/vnd.ms-excel.sheet.binary.macroEnabled.main"/></Types>',
        "_rels/.rels": relations % (related % ("rId1", "officeDocument", "xl/workbook.bin")),
        "xl/_rels/workbook.bin.rels": relations
        % (related % ("rId1", "worksheet", "worksheets/sheet1.bin") + related % ("rId2", "styles", "styles.bin")),
        "xl/workbook.bin": _biff12(131) + _biff12(143) + bundle + _biff12(144) + _biff12(132),
        "xl/styles.bin": styles,
        "xl/worksheets/sheet1.bin": sheet,
    }
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in parts.items():
            archive.writestr(zipfile.ZipInfo(name), content, zipfile.ZIP_DEFLATED)
    return file.getvalue()


def _cells(rows: Sequence[Sequence[Cell]]) -> Iterator[tuple[int, int, int, str | float]]:
    """Row, column, style and value of each cell that is not empty; dates are days since the end of 1899."""
    for n, row in enumerate(rows):
        for column, value in enumerate(row):
            if isinstance(value, date):
                yield n, column, 1, float((value - _DAY_ZERO).days)
            elif value is not None:
                yield n, column, 0, value if isinstance(value, str) else float(value)


def _begin(kind: int) -> bytes:
    return _biff8(0x0809, struct.pack("<HHHHII", 0x0600, kind, 0, 1997, 0, 0x0600))


def _biff8(kind: int, data: bytes = b"") -> bytes:
    return struct.pack("<HH", kind, len(data)) + data


def _biff12(kind: int, data: bytes = b"") -> bytes:
    return (_seven_bits(kind) if kind >= 128 else bytes([kind])) + _seven_bits(len(data)) + data


def _seven_bits(number: int) -> bytes:
    """Seven bits a byte, the lowest first; the highest bit says that more follow."""
    found = bytearray()
    while number > 127:
        found.append(number & 127 | 128)
        number >>= 7
    return bytes(found) + bytes([number])


def _wide(text: str) -> bytes:
    return struct.pack("<I", len(text)) + text.encode("utf-16-le")


def _compound_file(name: str, stream: bytes) -> bytes:
    """A compound file with one stream, of up to 7 MB: its table of sectors fits what the header can point at."""
    stream = stream.ljust(4096, b"\0")
    sectors = -(-len(stream) // _SECTOR)
    tables = next(count for count in range(1, 110) if count * _SECTOR // 4 >= count + sectors + 1)
    chain = [*range(tables + 1, tables + sectors), _END_OF_CHAIN]
    table = [*[_FAT_SECTOR] * tables, *chain, _END_OF_CHAIN]
    table += [_FREE] * (tables * _SECTOR // 4 - len(table))
    header = struct.pack(
        "<8s16s5H6x10I", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", b"", 0x3E, 3, 0xFFFE, 9, 6,
        0, tables, tables + sectors, 0, 4096, _END_OF_CHAIN, 0, _END_OF_CHAIN, 0, 0,
    )  # fmt: skip
    listed = [*range(tables), *[_FREE] * (109 - tables)]
    head = header[:76] + struct.pack("<109I", *listed)
    entries = _entry("Root Entry", 5, _END_OF_CHAIN, 0, child=1) + _entry(name, 2, tables, len(stream))
    return (
        head
        + struct.pack(f"<{len(table)}I", *table)
        + stream.ljust(sectors * _SECTOR, b"\0")
        + entries.ljust(_SECTOR, b"\0")
    )


def _entry(name: str, kind: int, start: int, size: int, *, child: int = _FREE) -> bytes:
    raw = name.encode("utf-16-le")
    return struct.pack(
        "<64sHBB3I16sI8s8sIQ", raw, len(raw) + 2, kind, 1, _FREE, _FREE, child, b"", 0, b"", b"", start, size
    )
