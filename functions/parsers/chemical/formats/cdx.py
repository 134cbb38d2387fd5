"""CDX, ChemDraw's binary drawing.

"CDX File Format Specification" (CambridgeSoft): a header of 28 bytes, then a tree of objects: tag with the highest bit set
(2 bytes), id (4 bytes), properties (tag and length of 2 bytes each, value) and objects inside, and a tag of zero that ends
it. All little endian. The tree is walked here, so that lengths and nesting are known to be sound before a toolkit sees it.
"""

from __future__ import annotations

import base64
import struct
from collections.abc import Iterator
from typing import BinaryIO, Final

from functions.parsers.chemical.formats.drawing import (
    MAX_DEPTH,
    MAX_FRAGMENTS,
    Drawing,
    Fragment,
    content_of,
    records,
)
from leanda.contracts.artefacts import Record
from leanda.errors import FileCorrupt, FormatMismatch
from leanda.parsing.format import WholeFormat
from leanda.parsing.records import error

MAGIC: Final = b"VjCD0100"
HEADER: Final = MAGIC + b"\x04\x03\x02\x01" + bytes(16)

_TAG: Final = struct.Struct("<H")
_OBJECT: Final = struct.Struct("<HI")
_PROPERTY: Final = struct.Struct("<HH")
_LENGTH: Final = struct.Struct("<H")
_LONG_LENGTH: Final = struct.Struct("<I")
_LONG: Final = 0xFFFF
_IS_OBJECT: Final = 0x8000
_DOCUMENT, _PAGE, _GROUP, _FRAGMENT = 0x8000, 0x8001, 0x8002, 0x8003
_SCHEME, _STEP, _ARROW = 0x800D, 0x800E, 0x8021
_CONTAINERS: Final = (_DOCUMENT, _PAGE, _GROUP)


class CdxFormat:
    """See `leanda.parsing.format.WholeFormat`."""

    name = "cdx"
    version = "1"
    empty_is_failure = True

    def records(self, file: BinaryIO) -> Iterator[Record]:
        content = content_of(file)
        if not content.startswith(MAGIC) or len(content) < len(HEADER):
            raise FormatMismatch("The file does not start as a CDX drawing does.")
        yield from records(read(content))


FORMAT: Final[WholeFormat] = CdxFormat()


def read(content: bytes) -> Drawing:
    """The fragments of a drawing. Where its tree breaks off, one fragment says so in place of what was lost.

    Raises:
        FileCorrupt: it breaks off before the first fragment, or it holds absurdly many or deep objects.
    """
    drawing = Drawing(whole=base64.b64encode(content).decode("ascii"))
    try:
        _walk(content, drawing)
    except _Broken as broken:
        if not drawing.fragments:
            raise FileCorrupt(detail=str(broken)) from broken
        drawing.fragments.append(Fragment(issue=error("DRAWING_TRUNCATED", f"{broken}.", f"byte {broken.at}")))
    return drawing


class _Broken(Exception):
    def __init__(self, message: str, at: int) -> None:
        self.at = at
        super().__init__(message)


def _walk(content: bytes, drawing: Drawing) -> None:
    at, size = len(HEADER), len(content)
    open_objects = [(_DOCUMENT, 0)]
    inside_fragment = 0  # Depth of the outermost fragment that is open, whose insides are its own matter.
    while open_objects:
        # Nearly all that there is: a property that lies inside of the drawing.
        while at + _PROPERTY.size <= size:
            tag, length = _PROPERTY.unpack_from(content, at)
            if not 0 < tag < _IS_OBJECT or length == _LONG or at + _PROPERTY.size + length > size:
                break
            at += _PROPERTY.size + length
        if at + _TAG.size > size:
            raise _Broken("The drawing ends inside of an object", at)
        (tag,) = _TAG.unpack_from(content, at)
        if tag == 0:
            at += _TAG.size
            _, start = open_objects.pop()
            if inside_fragment > len(open_objects):
                inside_fragment = 0
                drawing.fragments.append(_fragment(content[start:at], start))
                if len(drawing.fragments) > MAX_FRAGMENTS:
                    raise FileCorrupt(detail=f"more than {MAX_FRAGMENTS} fragments")
        elif tag & _IS_OBJECT:
            if at + _OBJECT.size > size:
                raise _Broken("The drawing ends inside of an object", at)
            if len(open_objects) > MAX_DEPTH:
                raise FileCorrupt(detail=f"objects are nested deeper than {MAX_DEPTH}")
            if tag == _FRAGMENT and all(kind in _CONTAINERS for kind, _ in open_objects):
                inside_fragment = len(open_objects) + 1
            drawing.arrows += tag in (_SCHEME, _STEP, _ARROW)
            open_objects.append((tag, at))
            at += _OBJECT.size
        else:
            at = _behind_property(content, at)


def _behind_property(content: bytes, at: int) -> int:
    start, at = at, at + _TAG.size
    if at + _LENGTH.size > len(content):
        raise _Broken("The drawing ends inside of a property", start)
    length = int(_LENGTH.unpack_from(content, at)[0])
    at += _LENGTH.size
    if length == _LONG:
        if at + _LONG_LENGTH.size > len(content):
            raise _Broken("The drawing ends inside of a property", start)
        length = int(_LONG_LENGTH.unpack_from(content, at)[0])
        at += _LONG_LENGTH.size
    if at + length > len(content):
        raise _Broken(f"A property of {length} bytes is longer than what is left of the drawing", start)
    return at + length


def _fragment(content: bytes, start: int) -> Fragment:
    """A drawing whose page holds nothing but one fragment; in base64, as which Indigo's loaders know binary drawings."""
    page = _OBJECT.pack(_PAGE, 1)
    alone = HEADER + page + content + bytes(2) + bytes(2)
    return Fragment(base64.b64encode(alone).decode("ascii"), f"byte {start}")
