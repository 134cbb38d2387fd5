"""One page of a TIFF file as a file of its own, so that nothing else of the file is needed, or in the way.

BigTIFF, in the byte order of the original: values are copied as they stand, but for the places of strips and tiles.
Source: TIFF 6.0 section 2; the libtiff project's description of BigTIFF.
"""

from __future__ import annotations

import io
import struct
from collections.abc import Iterable
from itertools import accumulate
from typing import Final, NamedTuple

from functions.parsers import tiff_page
from leanda import limits
from leanda.errors import FileBomb, FileCorrupt
from leanda.parsing.tiff import Directory, Tiff

MAX_PAGE_BYTES: Final = 256 * limits.MIB
MAX_VALUE_BYTES: Final = 16 * limits.MIB
"""Of one tag: a list of places, a profile of colours, tables of JPEG. Longer texts are left out."""

_PLACES: Final = {tiff_page.STRIP_OFFSETS: 279, tiff_page.TILE_OFFSETS: 325}
"""Tags with places, and those with the sizes of what is there."""
_ELSEWHERE: Final = frozenset({*_PLACES, *_PLACES.values(), tiff_page.SUB_IFDS, tiff_page.EXIF_IFD, 34853, 288, 289})
"""What would point at something in the original file."""
_LONG8: Final = 16
_NUMBERS: Final = {3: "H", 4: "I", 13: "I", _LONG8: "Q", 18: "Q"}
_OLD_JPEG: Final = 6
_HEADER_BYTES: Final = 16


def single_page(tiff: Tiff, directory: Directory) -> io.BytesIO:
    """A file with this page alone.

    Raises:
        FileBomb: the page, as it is coded, has more than `MAX_PAGE_BYTES`.
        FileCorrupt: it does not say where its pixels are, or in a way that is not copied ("old JPEG").
    """
    if tiff.integer(directory, tiff_page.COMPRESSION) == _OLD_JPEG:
        raise FileCorrupt(detail="a page in old JPEG is not copied")
    of_places = next((tag for tag in _PLACES if tag in directory.entries), 0)
    pieces = _pieces(tiff, directory, of_places)
    values = {
        tag: _Value(entry.type, entry.number, raw)
        for tag, entry in directory.entries.items()
        if tag not in _ELSEWHERE and (raw := tiff.raw(directory, tag, at_most=MAX_VALUE_BYTES)) is not None
    }
    values[_PLACES[of_places]] = _longs(tiff.order, map(len, pieces))
    values[of_places] = _longs(
        tiff.order, (0 for _ in pieces)
    )  # as long as the real ones, which depend on the room for it
    begin = _HEADER_BYTES + 8 + 20 * len(values) + 8
    first = begin + sum(len(value.elsewhere) for value in values.values())
    values[of_places] = _longs(tiff.order, accumulate(map(len, pieces[:-1]), initial=first))

    out = io.BytesIO()
    out.write({"<": b"II", ">": b"MM"}[tiff.order] + struct.pack(f"{tiff.order}HHHQ", 43, 8, 0, _HEADER_BYTES))
    out.write(struct.pack(f"{tiff.order}Q", len(values)))
    for tag, value in sorted(values.items()):
        place = struct.pack(f"{tiff.order}Q", begin) if value.elsewhere else value.raw.ljust(8, b"\0")
        out.write(struct.pack(f"{tiff.order}HHQ", tag, value.type, value.number) + place)
        begin += len(value.elsewhere)
    out.write(bytes(8))  # no further page
    out.writelines(value.elsewhere for _, value in sorted(values.items()))
    out.writelines(pieces)
    out.seek(0)
    return out


class _Value(NamedTuple):
    type: int
    number: int
    raw: bytes

    @property
    def elsewhere(self) -> bytes:
        """What stands outside of the directory: values of more than eight bytes, of an even length."""
        return self.raw + b"\0" * (len(self.raw) % 2) if len(self.raw) > 8 else b""


def _longs(order: str, numbers: Iterable[int]) -> _Value:
    given = list(numbers)
    return _Value(_LONG8, len(given), struct.pack(f"{order}{len(given)}Q", *given))


def _pieces(tiff: Tiff, directory: Directory, of_places: int) -> list[bytes]:
    """The strips or tiles; of those that the file's end cuts, what there is."""
    places, sizes = _integers(tiff, directory, of_places), _integers(tiff, directory, _PLACES.get(of_places, 0))
    if not places or len(places) != len(sizes):
        raise FileCorrupt(detail=f"{len(places)} places and {len(sizes)} sizes of pixels")
    if sum(sizes) > MAX_PAGE_BYTES:
        raise FileBomb("The picture has too many pixels to make a small one of it.", detail=f"{sum(sizes)} bytes")
    return [tiff.content(place, size) for place, size in zip(places, sizes, strict=True)]


def _integers(tiff: Tiff, directory: Directory, tag: int) -> tuple[int, ...]:
    entry = directory.entries.get(tag)
    raw = tiff.raw(directory, tag, at_most=MAX_VALUE_BYTES)
    if entry is None or raw is None or entry.type not in _NUMBERS:
        return ()
    return struct.unpack(f"{tiff.order}{entry.number}{_NUMBERS[entry.type]}", raw)
