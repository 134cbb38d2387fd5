"""Where everything lies in a CZI file, for the parser of microscopy and for pictures.

ZEISS "CZI (ZISRAW) File Format" 1.2: the file is a chain of segments; the first names the places of the metadata, of the directory
of subblocks (pieces of pixels) and of the attachments. It is read here and not with czifile, which imports 90 MB of native
decoders at once.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from typing import BinaryIO, Final, NamedTuple

from leanda.errors import FileCorrupt, FormatMismatch

MAX_SUBBLOCKS: Final = 300_000
"""Directory entries that are read."""
MAX_DIMENSIONS: Final = 40
COUNT: Final = struct.Struct("<i")

_SEGMENT: Final = struct.Struct("<16sqq")
_PLACES: Final = struct.Struct("<qq4xq")
_PLACES_OFFSET: Final = _SEGMENT.size + 52
_DIRECTORY_HEADER_BYTES: Final = 128
_ENTRY: Final = struct.Struct("<2siqiiBB4si")
_DIMENSION: Final = struct.Struct("<4siifi")


class Places(NamedTuple):
    """Offsets of segments; 0 where there is none."""

    directory: int
    metadata: int
    attachments: int


class Axis(NamedTuple):
    """From where to where a subblock reaches, and in how many pixels it is stored (fewer in a level of a pyramid; 0: as many)."""

    name: str
    start: int
    size: int
    stored: int


class Subblock(NamedTuple):
    """One entry of the directory.

    Attributes:
        pixel_type, compression: the format's numbers.
        place: the offset of its segment.
    """

    pixel_type: int
    place: int
    compression: int
    axes: tuple[Axis, ...]

    @property
    def header_bytes(self) -> int:
        """From the end of its segment's header to its metadata."""
        return max(256, 16 + _ENTRY.size + len(self.axes) * _DIMENSION.size)


def places(file: BinaryIO) -> Places:
    """Where to look.

    Raises:
        FormatMismatch: it is no CZI file.
        FileCorrupt: its header is cut.
    """
    file.seek(0)
    head = file.read(_PLACES_OFFSET + _PLACES.size)
    if not head.startswith(b"ZISRAWFILE"):
        raise FormatMismatch(detail="no CZI header")
    if len(head) < _PLACES_OFFSET + _PLACES.size:
        raise FileCorrupt(detail="the header is cut by the end of the file")
    return Places._make(_PLACES.unpack_from(head, _PLACES_OFFSET))


def segment(file: BinaryIO, offset: int, name: bytes) -> int:
    """The size of the file, when the segment at an offset has this name; the file stands behind the segment's header.

    Raises:
        FileCorrupt: there is no such segment.
    """
    size = file.seek(0, 2)
    if not 0 < offset < size:
        raise FileCorrupt(detail=f"the segment {name.decode()} at byte {offset} lies outside of the file")
    file.seek(offset)
    head = file.read(_SEGMENT.size)
    if len(head) < _SEGMENT.size or head[:16].rstrip(b"\0") != name:
        raise FileCorrupt(detail=f"there is no segment {name.decode()} at byte {offset}")
    return size


def subblocks(file: BinaryIO, directory: int) -> Iterator[Subblock]:
    """The entries of the directory, in its order.

    Raises:
        FileCorrupt: it cannot be read to its end.
    """
    size = segment(file, directory, b"ZISRAWDIRECTORY")
    head = file.read(_DIRECTORY_HEADER_BYTES)
    count = COUNT.unpack_from(head)[0] if len(head) == _DIRECTORY_HEADER_BYTES else -1
    if count < 0 or count * _ENTRY.size > size - file.tell():
        raise FileCorrupt(detail=f"{count} subblocks do not fit into the file")
    if count > MAX_SUBBLOCKS:
        raise FileCorrupt(detail=f"{count} subblocks are too many to look at")
    for _ in range(count):
        entry = file.read(_ENTRY.size)
        if len(entry) < _ENTRY.size or entry[:2] != b"DV":
            raise FileCorrupt(detail="an entry of the directory is not of the type DV")
        _, pixel_type, place, _, compression, _, _, _, dimensions = _ENTRY.unpack(entry)
        if not 0 <= dimensions <= MAX_DIMENSIONS:
            raise FileCorrupt(detail=f"a subblock has {dimensions} dimensions")
        data = file.read(dimensions * _DIMENSION.size)
        if len(data) < dimensions * _DIMENSION.size:
            raise FileCorrupt(detail="the directory is cut by the end of the file")
        axes = tuple(
            Axis(name.rstrip(b"\0 ").decode("ascii", "replace"), start, length, stored)
            for name, start, length, _, stored in _DIMENSION.iter_unpack(data)
        )
        yield Subblock(pixel_type, place, compression, axes)


def scene_of(block: Subblock) -> int:
    """The number of the scene that a subblock belongs to, -1 for none."""
    return next((axis.start for axis in block.axes if axis.name == "S"), -1)


def is_reduced(block: Subblock) -> bool:
    """Whether it is of a level of a pyramid, which stores fewer pixels than it covers."""
    return any(axis.stored not in (0, axis.size) for axis in block.axes if axis.name in ("X", "Y"))
