"""The directories of a TIFF or BigTIFF file, and nothing of its pixels.

TIFF 6.0 (Adobe, 1992) section 2 "TIFF Structure"; BigTIFF as the libtiff project describes it (8-byte offsets and counts).
What a file states about sizes and places is believed only as far as the file reaches: a value that would lie outside is
not there, a chain of directories that meets itself ends, and no count makes anybody allocate more than the file holds.
"""

from __future__ import annotations

import codecs
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from typing import BinaryIO, Final, NamedTuple

from leanda.errors import FileBomb, FileCorrupt, FormatMismatch

MAGIC: Final = ((0, b"II*\0"), (0, b"MM\0*"))
BIG_MAGIC: Final = ((0, b"II+\0"), (0, b"MM\0+"))

MAX_ENTRIES: Final = 4096
"""Entries of one directory. Real ones have fewer than a hundred."""
MAX_VALUES: Final = 4096
"""Numbers of one entry that are read; longer lists are places of strips and tiles, which nobody needs here."""
MAX_TEXT_BYTES: Final = 64 * 1024 * 1024
"""Longest text of one entry. The OME-XML of a large acquisition has tens of megabytes."""

MAX_READS: Final = 1_000_000
"""Reads from one file; ten thousand ordinary pages need half of them."""
READ_GRACE_BYTES: Final = 64 * 1024 * 1024
READ_RATIO: Final = 2
"""Bytes that are read from one file, in its sizes: entries of many pages may point at the same place, but not for ever."""

_BYTE, _ASCII, _SHORT, _LONG, _RATIONAL, _SBYTE, _UNDEFINED, _SSHORT = 1, 2, 3, 4, 5, 6, 7, 8
_SLONG, _SRATIONAL, _FLOAT, _DOUBLE, _IFD, _LONG8, _SLONG8, _IFD8 = 9, 10, 11, 12, 13, 16, 17, 18
_CODES: Final = {
    _BYTE: "B",
    _ASCII: "c",
    _SHORT: "H",
    _LONG: "I",
    _RATIONAL: "II",
    _SBYTE: "b",
    _UNDEFINED: "c",
    _SSHORT: "h",
    _SLONG: "i",
    _SRATIONAL: "ii",
    _FLOAT: "f",
    _DOUBLE: "d",
    _IFD: "I",
    _LONG8: "Q",
    _SLONG8: "q",
    _IFD8: "Q",
}
_SIZES: Final = {kind: struct.calcsize(f"<{code}") for kind, code in _CODES.items()}
_TEXTS: Final = (_ASCII, _BYTE, _UNDEFINED)

type Number = int | float | Fraction


class Entry(NamedTuple):
    """One entry of a directory: `number` of values, where they lie, their `size` in bytes; the bytes if they lie in the entry."""

    tag: int
    type: int
    number: int
    offset: int
    size: int
    value: bytes | None = None


@dataclass(frozen=True)
class Directory:
    """One image file directory (IFD): a page, or what a tag of a page points at.

    Attributes:
        offset: where it stands in the file.
        following: offset of the next directory, 0 when there is none.
        outside: tags whose value would lie outside of the file; they are not in `entries`.
    """

    offset: int
    entries: dict[int, Entry]
    following: int
    outside: tuple[int, ...]


class Tiff:
    """An open TIFF file.

    Args:
        file: seekable; only what is asked for is read.

    Raises:
        FormatMismatch: it does not start as TIFF or BigTIFF.
        FileBomb: later, by any method: pages and entries point at the same places again and again.
    """

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self.size = file.seek(0, 2)
        self._reads, self._bytes_left = MAX_READS, READ_GRACE_BYTES + READ_RATIO * self.size
        start = self.content(0, 16)
        order = {b"II": "<", b"MM": ">"}.get(start[:2])
        if order is None or len(start) < 8:
            raise FormatMismatch(detail="no TIFF header")
        self.order = order
        [version] = struct.unpack_from(f"{order}H", start, 2)
        self.big = version == 43
        if version == 42:
            [self.first] = struct.unpack_from(f"{order}I", start, 4)
        elif self.big and len(start) == 16 and struct.unpack_from(f"{order}HH", start, 4) == (8, 0):
            [self.first] = struct.unpack_from(f"{order}Q", start, 8)
        else:
            raise FormatMismatch(detail=f"TIFF version {version}")
        self._fields = struct.Struct(f"{order}HH{'QQ' if self.big else 'II'}")

    def directories(self) -> Iterator[Directory]:
        """The chain of pages. It ends where it meets itself.

        Raises:
            FileCorrupt: a directory lies outside of the file or is cut by its end; those before it were yielded.
        """
        seen: set[int] = set()
        offset = self.first
        while offset and offset not in seen:
            seen.add(offset)
            directory = self.directory(offset)
            yield directory
            offset = directory.following

    def directory(self, offset: int) -> Directory:
        """The directory at an offset.

        Raises:
            FileCorrupt: it lies outside of the file, is cut by its end, or has an absurd number of entries.
        """
        count_size, entry_size, next_code = (8, 20, "Q") if self.big else (2, 12, "I")
        head = self.content(offset, count_size)
        if offset <= 0 or len(head) < count_size:
            raise FileCorrupt(detail=f"the directory at byte {offset} lies outside of the file")
        [count] = struct.unpack(f"{self.order}{'Q' if self.big else 'H'}", head)
        if count > MAX_ENTRIES:
            raise FileCorrupt(detail=f"the directory at byte {offset} claims {count} entries")
        body = self.content(offset + count_size, count * entry_size)
        if len(body) < count * entry_size:
            raise FileCorrupt(detail=f"the directory at byte {offset} is cut by the end of the file")
        link = struct.Struct(f"{self.order}{next_code}")
        tail = self.content(offset + count_size + len(body), link.size)
        following = link.unpack(tail)[0] if len(tail) == link.size else 0
        entries: dict[int, Entry] = {}
        outside: list[int] = []
        for n in range(count):
            place = offset + count_size + n * entry_size
            entry = self._entry(body[n * entry_size : (n + 1) * entry_size], place)
            if entry is None or entry.tag in entries:
                continue
            if entry.offset + entry.size > self.size:
                outside.append(entry.tag)
            else:
                entries[entry.tag] = entry
        return Directory(offset, entries, following, tuple(outside))

    def numbers(self, directory: Directory, tag: int) -> tuple[Number, ...]:
        """The first `MAX_VALUES` numbers of an entry; none when it is missing or no number. A division by 0 is left out."""
        entry = directory.entries.get(tag)
        if entry is None or entry.type in (_ASCII, _UNDEFINED):
            return ()
        count = min(entry.number, MAX_VALUES)
        data = self._value(entry, count * _SIZES[entry.type])
        values = struct.unpack(f"{self.order}{_CODES[entry.type] * count}", data)
        if entry.type in (_RATIONAL, _SRATIONAL):
            pairs = zip(values[::2], values[1::2], strict=True)
            return tuple(Fraction(above, below) for above, below in pairs if below)
        return values

    def integer(self, directory: Directory, tag: int) -> int | None:
        """The first number of an entry, when it is an integer."""
        values = self.numbers(directory, tag)
        return values[0] if values and isinstance(values[0], int) else None

    def text(self, directory: Directory, tag: int, *, at_most: int = MAX_TEXT_BYTES) -> str | None:
        """The text of an entry, up to its first NUL and without blanks around it; no more than `at_most` bytes of it.

        TIFF allows 7-bit ASCII only; files have UTF-8, and where that does not fit, Latin-1.
        """
        entry = directory.entries.get(tag)
        if entry is None or entry.type not in _TEXTS:
            return None
        data = self._value(entry, min(entry.size, at_most)).split(b"\0", 1)[0]
        try:
            # What a cut leaves of a last letter is dropped.
            return codecs.getincrementaldecoder("utf-8")().decode(data, final=entry.size <= at_most).strip()
        except UnicodeDecodeError:
            return data.decode("latin-1").strip()

    def raw(self, directory: Directory, tag: int, *, at_most: int) -> bytes | None:
        """The bytes of an entry as they stand, None when it is missing or has more than `at_most`."""
        entry = directory.entries.get(tag)
        if entry is None or entry.size > at_most:
            return None
        return self._value(entry, entry.size)

    def content(self, offset: int, size: int) -> bytes:
        """The bytes of a range, as far as the file has them; none before its beginning, where a signed number may point."""
        if not 0 <= offset < self.size or size <= 0:
            return b""
        size = min(size, self.size - offset)
        self._reads -= 1
        self._bytes_left -= size
        if self._reads < 0 or self._bytes_left < 0:
            raise FileBomb("The file's pages refer to the same bytes again and again.", detail=f"at byte {offset}")
        self._file.seek(offset)
        return self._file.read(size)

    def _entry(self, data: bytes, place: int) -> Entry | None:
        tag, kind, count, offset = self._fields.unpack(data)
        if kind not in _SIZES:
            return None
        size = count * _SIZES[kind]
        inline = 8 if self.big else 4
        if size <= inline:
            value = data[-inline:]
            return Entry(tag, kind, count, place + len(data) - inline, size, value[:size])
        return Entry(tag, kind, count, offset, size)

    def _value(self, entry: Entry, size: int) -> bytes:
        """The first bytes of an entry's value."""
        return self.content(entry.offset, size) if entry.value is None else entry.value[:size]
