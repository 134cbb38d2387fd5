"""What encoding a text declares by itself: byte order marks, UTF-8, UTF-16 without a mark. Guessing goes no further here."""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True)
class Encoding:
    """How bytes become text.

    Attributes:
        name: Python's name of the codec, one that does not itself look for a mark.
        mark: length of the byte order mark at the file's beginning, in bytes.
        unit: bytes in a code unit: 2 for UTF-16, else 1.
    """

    name: str
    mark: int = 0
    unit: int = 1


_MARKS: Final = (
    (codecs.BOM_UTF8, Encoding("utf-8", mark=3)),
    (codecs.BOM_UTF16_LE, Encoding("utf-16-le", mark=2, unit=2)),
    (codecs.BOM_UTF16_BE, Encoding("utf-16-be", mark=2, unit=2)),
)
_UTF32_MARKS: Final = (codecs.BOM_UTF32_LE, codecs.BOM_UTF32_BE)

# Every control character but those that text files really hold: tab, line ends, form feed and DOS's end-of-file.
_CONTROL: Final = re.compile(r"[\x00-\x08\x0b\x0e-\x19\x1b-\x1f]")


def is_utf32(head: bytes) -> bool:
    """True for a UTF-32 byte order mark. FF FE 00 00 could also be UTF-16 that starts with a NUL, which no text does."""
    return head.startswith(_UTF32_MARKS)


def declared_encoding(head: bytes) -> Encoding | None:
    """The encoding that a text's own bytes prove, or None when they prove none.

    Args:
        head: the file's first bytes; the last character may be cut.
    """
    if is_utf32(head):
        return None
    for mark, encoding in _MARKS:
        if head.startswith(mark):
            return encoding
    wide = _unmarked_utf16(head)
    if wide is not None:
        return wide
    try:
        codecs.getincrementaldecoder("utf-8")().decode(head, final=False)
    except UnicodeDecodeError:
        return None
    return Encoding("utf-8")


def _unmarked_utf16(head: bytes) -> Encoding | None:
    """UTF-16 without a mark shows itself in text of mostly Latin characters: every second byte is zero."""
    sample = head[: min(len(head), 4096) // 2 * 2]
    if len(sample) < 4:
        return None
    even, odd = sample[0::2], sample[1::2]
    even_share, odd_share = even.count(0) / len(even), odd.count(0) / len(odd)
    if odd_share > 0.7 and even_share < 0.05:
        return Encoding("utf-16-le", unit=2)
    if even_share > 0.7 and odd_share < 0.05:
        return Encoding("utf-16-be", unit=2)
    return None


def readable_text(head: bytes) -> str | None:
    """The head as text for a look at its lines, or None when it is not text.

    An 8-bit encoding that is not UTF-8 is read as Latin-1: signatures and delimiters are ASCII in all of them.
    """
    if is_utf32(head):
        return None
    encoding = declared_encoding(head) or Encoding("latin-1")
    text = head[encoding.mark :].decode(encoding.name, errors="ignore")
    return None if _CONTROL.search(text) else text


def without_mark(blocks: Iterable[bytes], mark: int) -> Iterator[bytes]:
    """The blocks without the first `mark` bytes of them all."""
    left = mark
    for block in blocks:
        yield block[left:]
        left -= min(left, len(block))


def code_units(blocks: Iterable[bytes], *, big_endian: bool) -> Iterator[bytes]:
    """UTF-16 with one byte per code unit: ASCII stays itself, anything else becomes FF. A last odd byte is dropped."""
    odd = b""
    for block in blocks:
        data = odd + block
        even = len(data) // 2 * 2
        odd = data[even:]
        if even:
            yield _one_byte_units(data[:even], big_endian)


_ZERO_OR_FF: Final = bytes([0]) + b"\xff" * 255


def _one_byte_units(data: bytes, big_endian: bool) -> bytes:
    high, low = (data[0::2], data[1::2]) if big_endian else (data[1::2], data[0::2])
    mask = high.translate(_ZERO_OR_FF)
    if not mask.count(0xFF):
        return low
    # OR of two byte strings; through integers it runs at memory speed.
    joined = int.from_bytes(low, "little") | int.from_bytes(mask, "little")
    return joined.to_bytes(len(low), "little")
