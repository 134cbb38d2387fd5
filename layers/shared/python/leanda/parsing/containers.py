"""Which Office format a ZIP or OLE container holds, as far as its first bytes tell; the name is only a hint.

ZIP: names of the members that begin in the head (APPNOTE.TXT 4.3.7); Office Open XML keeps Word, PowerPoint and Excel parts in
`word/`, `ppt/` and `xl/`; OpenDocument names itself in a first member `mimetype` (ODF 1.3 part 2, section 3.3).
OLE: names of the streams in the first directory sectors ([MS-CFB] 2.2 and 2.6).
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from typing import Final

EXTENSIONS: Final = {
    "docx": ("docx", "docm", "dotx", "dotm"),
    "pptx": ("pptx", "pptm", "ppsx", "ppsm", "potx", "potm"),
    "xlsx": ("xlsx", "xlsm", "xltx", "xltm"),
    "xlsb": ("xlsb",),
    "ods": ("ods", "ots"),
    "doc": ("doc",),
    "ppt": ("ppt", "pps"),
    "xls": ("xls", "xlt"),
}
"""By format; `dot` and `pot` are left out, because Graphviz and gettext use them for texts."""
_BY_EXTENSION: Final = {extension: name for name, extensions in EXTENSIONS.items() for extension in extensions}
_IN_PACKAGES: Final = ("docx", "pptx", "xlsx", "xlsb", "ods")

_ZIP: Final = (b"PK\x03\x04", b"PK\x05\x06", b"PK\x07\x08")
_OLE: Final = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_MEMBER: Final = struct.Struct("<4s5H3I2H")
_SIZE_FOLLOWS: Final = 0x0008
_MOST_MEMBERS: Final = 2000
_FOLDERS: Final = {"word/": "docx", "ppt/": "pptx", "xl/": "xlsx"}
_OPEN_XML: Final = ("[content_types].xml", "_rels/", "docprops/")
_SPREADSHEET: Final = b"application/vnd.oasis.opendocument.spreadsheet"
_STREAMS: Final = {
    "WordDocument": "doc",
    "PowerPoint Document": "ppt",
    "Workbook": "xls",
    "Book": "xls",
}
_ENCRYPTED: Final = "EncryptedPackage"
_ENTRY_BYTES: Final = 128
_MOST_ENTRIES: Final = 64


def office_format(data: bytes, extension: str) -> str | None:
    """`docx`, `pptx`, `xlsx`, `xlsb`, `ods`, `doc`, `ppt`, `xls`, or None for anything else. It never raises.

    What the container shows comes first; where it shows nothing (damaged, or directories behind the head), the extension counts.

    Args:
        data: the file's first bytes.
        extension: lower case, without its dot.
    """
    promised = _BY_EXTENSION.get(extension)
    if data.startswith(_ZIP):
        return _in_package(data, promised if promised in _IN_PACKAGES else None)
    return _in_compound_file(data, promised) if data.startswith(_OLE) else None


def _in_package(data: bytes, promised: str | None) -> str | None:
    folder: str | None = None
    open_xml = binary = False
    for n, (name, content) in enumerate(_members(data)):
        if n == 0 and name == "mimetype":
            return "ods" if content.startswith(_SPREADSHEET) else None
        open_xml = open_xml or name.startswith(_OPEN_XML)
        binary = binary or (name.startswith("xl/") and name.endswith(".bin") and "/printersettings/" not in name)
        folder = folder or next((found for start, found in _FOLDERS.items() if name.startswith(start)), None)
    if folder == "xlsx" and (promised == "xlsb" or (binary and promised != "xlsx")):
        folder = "xlsb"
    return folder if folder and (open_xml or promised) else promised


def _members(data: bytes) -> Iterator[tuple[str, bytes]]:
    """Lower-case names and first stored bytes of the members, by their local headers; members of members are passed over."""
    at = 0
    for _ in range(_MOST_MEMBERS):
        if not data.startswith(_ZIP[0], at) or at + _MEMBER.size > len(data):
            return
        _, _, flags, _, _, _, _, size, _, name_bytes, extra_bytes = _MEMBER.unpack_from(data, at)
        start = at + _MEMBER.size + name_bytes + extra_bytes
        name = data[at + _MEMBER.size : at + _MEMBER.size + name_bytes].decode("utf-8", errors="replace")
        yield name.replace("\\", "/").lstrip("/").lower(), data[start : start + 100]
        if flags & _SIZE_FOLLOWS and not size:
            at = data.find(_ZIP[0], start)
            if at < 0:
                return
        else:
            at = start + size


def _in_compound_file(data: bytes, promised: str | None) -> str | None:
    for name in _entries(data):
        if name in _STREAMS:
            return _STREAMS[name]
        if name == _ENCRYPTED:
            return promised
    return promised


def _entries(data: bytes) -> Iterator[str]:
    """Names in the directory, from its first sector on as far as it goes on in the sectors behind it."""
    if len(data) < 512:
        return
    shift, first = struct.unpack_from("<H", data, 30)[0], struct.unpack_from("<I", data, 48)[0]
    at = (first + 1) << shift if shift in (9, 12) else len(data)
    for _ in range(_MOST_ENTRIES):
        if at + _ENTRY_BYTES > len(data):
            return
        length, kind = struct.unpack_from("<HB", data, at + 64)
        if length > 64 or kind > 5:
            return
        yield data[at : at + max(0, length - 2)].decode("utf-16-le", errors="replace")
        at += _ENTRY_BYTES
