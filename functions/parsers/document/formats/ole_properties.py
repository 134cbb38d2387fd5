"""Property sets of OLE files, [MS-OLEPS]: the simple types that document properties have.

Not olefile's own reader: it believes the count of a vector, so that 80 bytes can keep it busy for hours.
"""

from __future__ import annotations

import codecs
import struct
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Final

from functions.parsers.document.formats.properties import Value, iso, stated_text

SUMMARY: Final[Mapping[int, str]] = {
    2: "Title",
    3: "Subject",
    4: "Author",
    5: "Keywords",
    6: "Comments",
    7: "Template",
    8: "Last Modified By",
    9: "Revision",
    11: "Last Printed",
    12: "Created",
    13: "Modified",
    14: "Pages",
    15: "Words",
    16: "Characters",
    18: "Application",
}
"""Names of SummaryInformation by property id, [MS-OLEPS] 3.1.2."""
DOCUMENT_SUMMARY: Final[Mapping[int, str]] = {
    2: "Category",
    5: "Lines",
    6: "Paragraphs",
    7: "Slides",
    14: "Manager",
    15: "Company",
    26: "Content Status",
    28: "Language",
}
"""Names of DocumentSummaryInformation by property id, [MS-OSHARED] 2.3.3.2.2."""

_CODEPAGE: Final = 1
_COUNTS: Final = frozenset({"Revision"})
_I2, _I4, _LPSTR, _LPWSTR, _FILETIME = 0x02, 0x03, 0x1E, 0x1F, 0x40
_EPOCH: Final = datetime(1601, 1, 1, tzinfo=UTC)
_UTF16: Final = 1200
_MAX_PROPERTIES: Final = 1000


def property_set(data: bytes, names: Mapping[int, str]) -> dict[str, Value | None]:
    """Known properties of a set's first section by name; one that cannot be read is left out.

    Raises:
        struct.error: the stream ends before its list of properties does.
    """
    section = int(struct.unpack_from("<I", data, 44)[0])
    count = min(int(struct.unpack_from("<I", data, section + 4)[0]), _MAX_PROPERTIES)
    places = dict(struct.unpack_from("<II", data, section + 8 + 8 * n) for n in range(count))
    codec = _codec(data, section + places[_CODEPAGE]) if _CODEPAGE in places else "cp1252"
    found: dict[str, Value | None] = {}
    for identifier, name in names.items():
        if identifier in places:
            found[name] = _value(data, section + places[identifier], codec)
    for name in _COUNTS & found.keys():
        text = found[name]
        if isinstance(text, str) and text.isascii() and text.isdigit() and len(text) <= 15:
            found[name] = int(text)
    return found


def _codec(data: bytes, at: int) -> str:
    try:
        page = struct.unpack_from("<H", data, at + 4)[0]
        name = "utf-16-le" if page == _UTF16 else "utf-8" if page == 65001 else f"cp{page}"
        return codecs.lookup(name).name
    except (LookupError, struct.error):
        return "cp1252"


def _value(data: bytes, at: int, codec: str) -> Value | None:
    try:
        kind = struct.unpack_from("<I", data, at)[0]
        at += 4
        if kind == _I2:
            return int(struct.unpack_from("<h", data, at)[0])
        if kind == _I4:
            return int(struct.unpack_from("<i", data, at)[0])
        if kind == _FILETIME:
            return _moment(struct.unpack_from("<Q", data, at)[0])
        if kind in (_LPSTR, _LPWSTR):
            length = int(struct.unpack_from("<I", data, at)[0]) * (2 if kind == _LPWSTR else 1)
            text = data[at + 4 : at + 4 + length].decode("utf-16-le" if kind == _LPWSTR else codec, errors="replace")
            return stated_text(text.partition("\0")[0])
    except struct.error:
        pass
    return None


def _moment(ticks: int) -> str | None:
    """A FILETIME (tenths of microseconds since 1601) as ISO 8601; None for zero, which means never."""
    if not ticks:
        return None
    try:
        return iso(_EPOCH + timedelta(microseconds=ticks // 10))
    except OverflowError:
        return None
