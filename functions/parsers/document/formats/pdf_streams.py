"""What the streams of a PDF inflate to, seen before PDFium inflates them: it holds a page's content whole, however long it is.

ISO 32000-1, 7.3.8 (streams) and 7.4.4 (FlateDecode); filters may follow one another, so that a millionth of it is stored.
Streams are found by their keyword, which needs no cross-reference table, and known by the first bytes of what they hold (RFC
1950): what a dictionary says of filters may be written in many ways. Pictures and attached files are passed over, because reading
texts does not inflate them. Whatever else takes too much memory (other filters, one stream shown a thousand times on a page, one
that passes for a picture) meets the limit of the reader's process.
"""

from __future__ import annotations

import re
import zlib
from collections.abc import Iterator
from typing import BinaryIO, Final

from leanda import limits
from leanda.errors import FileBomb

GRACE_BYTES: Final = 8 * limits.MIB
"""A stream up to this size is not judged by its ratio."""
MAX_STREAM_BYTES: Final = 256 * limits.MIB
"""One stream, inflated. PDFium needs about twice as much for it."""
MAX_JUDGED_BYTES: Final = 64 * limits.MIB
"""Larger files are not looked through: that would take seconds, and bombs are small."""
MAX_STAGES: Final = 4
"""Filters over one another. One is usual, two are sensible."""

_STREAM: Final = re.compile(rb"(?<!end)stream[^\r\n]{0,32}(?:\r\n?|\n)")
_PASSED_OVER: Final = re.compile(rb"/Subtype\s*/Image\b|/Type\s*/EmbeddedFile\b")
_BLOCK: Final = limits.MIB
_PIECE: Final = 16 * limits.KIB
_DICTIONARY: Final = 4 * limits.KIB
_LONGEST_KEYWORD: Final = 64


def refuse_bombs(file: BinaryIO) -> None:
    """Look at all streams of a PDF.

    Raises:
        FileBomb: a stream, or all together, inflate to far more than the file holds.
    """
    size = file.seek(0, 2)
    if size > MAX_JUDGED_BYTES:
        return
    left = 2 * MAX_STREAM_BYTES + size * limits.MAX_INFLATE_RATIO
    for start in _starts(file):
        left -= _inflated_size(file, start)
        if left < 0:
            raise FileBomb(detail="the streams of the PDF inflate to far more than it holds")


def _starts(file: BinaryIO) -> Iterator[int]:
    """Where the bytes of streams begin that reading a text may inflate."""
    kept, at = b"", 0
    while True:
        file.seek(at)
        block = file.read(_BLOCK)
        window = kept + block
        last = len(window) if len(block) < _BLOCK else len(window) - _LONGEST_KEYWORD
        first = max(0, len(kept) - _LONGEST_KEYWORD) if at else 0
        for found in _STREAM.finditer(window, max(0, first - len(b"end"))):
            inside = first <= found.start() < last and _may_begin_zlib(window[found.end() : found.end() + 2])
            if inside and not _PASSED_OVER.search(_dictionary(window, found.start())):
                yield at - len(kept) + found.end()
        if len(block) < _BLOCK:
            return
        at += len(block)
        kept = window[-_DICTIONARY:]


def _dictionary(window: bytes, end: int) -> bytes:
    """What stands between the beginning of the stream's object and the keyword."""
    before = window[max(0, end - _DICTIONARY) : end]
    return before[before.rfind(b"obj") + 1 :]


def _inflated_size(file: BinaryIO, start: int) -> int:
    """How many bytes the stages of a stream have together; 0 where it is not compressed by deflate."""
    source = _Pieces(file, start)
    pieces: Iterator[bytes] = iter(source)
    counts = []
    for _ in range(MAX_STAGES):
        first = next(pieces, b"")
        if not _begins_zlib(first):
            break
        counts.append(_Inflated(first, pieces))
        pieces = iter(counts[-1])
    else:
        raise FileBomb(detail=f"a stream of the PDF is compressed {MAX_STAGES} times")
    for _ in pieces:
        for stage in counts:
            if stage.size > min(MAX_STREAM_BYTES, GRACE_BYTES + source.size * limits.MAX_INFLATE_RATIO):
                raise FileBomb(detail=f"a stream of the PDF at byte {start} inflates to more than {stage.size} bytes")
    return sum(stage.size for stage in counts)


def _may_begin_zlib(data: bytes) -> bool:
    return len(data) < 2 or _begins_zlib(data)


def _begins_zlib(data: bytes) -> bool:
    """RFC 1950, section 2.2."""
    return len(data) > 1 and data[0] & 0x0F == 8 and (data[0] << 8 | data[1]) % 31 == 0


class _Pieces:
    """A file from a place on."""

    def __init__(self, file: BinaryIO, start: int) -> None:
        self._file, self._start, self.size = file, start, 0

    def __iter__(self) -> Iterator[bytes]:
        while True:
            self._file.seek(self._start + self.size)
            piece = self._file.read(_PIECE)
            if not piece:
                return
            self.size += len(piece)
            yield piece


class _Inflated:
    """What pieces inflate to, as far as they can be inflated; `size` of it is counted."""

    def __init__(self, first: bytes, more: Iterator[bytes]) -> None:
        self._first, self._more, self.size = first, more, 0

    def __iter__(self) -> Iterator[bytes]:
        inflating, piece = zlib.decompressobj(), self._first
        try:
            while piece:
                while True:
                    out = inflating.decompress(piece, _PIECE)
                    self.size += len(out)
                    if out:
                        yield out
                    piece = inflating.unconsumed_tail
                    if inflating.eof:
                        return
                    if not piece and len(out) < _PIECE:
                        break
                piece = next(self._more, b"")
        except zlib.error:
            return
