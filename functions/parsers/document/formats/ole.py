"""Old Word and PowerPoint files (DOC, PPT): one record of type `document` with what the file says of itself; no text.

Properties come from the two property set streams ([MS-OLEPS]) of the compound file ([MS-CFB]); fields: see `properties`.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, BinaryIO, Final

from functions.parsers.document.formats.ole_properties import DOCUMENT_SUMMARY, SUMMARY, property_set
from functions.parsers.document.formats.properties import Value, fields, name_of
from functions.parsers.packages import OLE_MAGIC, FileEncrypted
from leanda import limits
from leanda.contracts.artefacts import Issue, Record
from leanda.errors import FileCorrupt, FormatMismatch, ParseFailure
from leanda.parsing.records import warning

if TYPE_CHECKING:
    from olefile import OleFileIO  # type: ignore[import-untyped]

_STREAMS: Final = {"doc": "WordDocument", "ppt": "PowerPoint Document"}
_SETS: Final = {"\x05SummaryInformation": SUMMARY, "\x05DocumentSummaryInformation": DOCUMENT_SUMMARY}
_SET_BYTES: Final = limits.MIB
_FIB_ENCRYPTED: Final = 0x0100
"""[MS-DOC] 2.5.2 FibBase, bit fEncrypted of the flags at offset 10."""
_USER_ENCRYPTED: Final = 0xF3D1C4DF
"""[MS-PPT] 2.3.2 CurrentUserAtom, headerToken of an encrypted presentation."""


@dataclass
class Ole:
    """Word 97 to 2003 (`doc`) or PowerPoint 97 to 2003 (`ppt`)."""

    name: str
    version: str = "1"
    empty_is_failure: bool = True

    def records(self, file: BinaryIO) -> Iterator[Record]:
        """The document as one record. See `WholeFormat.records`.

        Raises:
            FormatMismatch: no compound file, or one without the stream of this format.
            FileEncrypted: protected by a password.
            FileCorrupt: the compound file is damaged.
        """
        file.seek(0)
        if file.read(len(OLE_MAGIC)) != OLE_MAGIC:
            raise FormatMismatch(detail="not an OLE compound file")
        try:
            record = self._record(file)
        except ParseFailure:
            raise
        except Exception as damage:  # Everything from KeyError to RecursionError, depending on where the damage is.
            raise FileCorrupt(detail=f"{type(damage).__name__}: {damage}"[:300]) from damage
        yield record

    def _record(self, file: BinaryIO) -> Record:
        import olefile

        file.seek(0)
        with olefile.OleFileIO(file) as compound:
            if compound.exists("EncryptedPackage"):
                raise FileEncrypted
            if not compound.exists(_STREAMS[self.name]):
                raise FormatMismatch(detail=f"there is no stream {_STREAMS[self.name]}")
            if self._is_encrypted(compound):
                raise FileEncrypted
            known, issues = _stated(compound)
        return Record(
            index=0,
            type="document",
            name=name_of(known.get("Title")),
            fields=fields(known),
            issues=issues,
        )

    def _is_encrypted(self, compound: OleFileIO) -> bool:
        if self.name == "doc":
            start = _start_of(compound, "WordDocument", 12)
            return len(start) == 12 and bool(struct.unpack_from("<H", start, 10)[0] & _FIB_ENCRYPTED)
        start = _start_of(compound, "Current User", 16)
        return len(start) == 16 and struct.unpack_from("<I", start, 12)[0] == _USER_ENCRYPTED


def _stated(compound: OleFileIO) -> tuple[dict[str, Value | None], tuple[Issue, ...]]:
    known: dict[str, Value | None] = {}
    issues: list[Issue] = []
    for name, names in _SETS.items():
        data = _start_of(compound, name, _SET_BYTES)
        try:
            known |= property_set(data, names) if data else {}
        except (struct.error, ValueError, LookupError) as damage:
            message = f"Document properties cannot be read: {damage}"
            issues.append(warning("PROPERTIES_UNREADABLE", message, name.lstrip("\x05")))
    return known, tuple(issues)


def _start_of(compound: OleFileIO, stream: str, at_most: int) -> bytes:
    if not compound.exists(stream):
        return b""
    with compound.openstream(stream) as opened:
        return bytes(opened.read(at_most))
