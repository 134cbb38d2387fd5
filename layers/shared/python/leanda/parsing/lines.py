"""Lists of one record a line: where the lines are that hold one."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from typing import Final

from leanda import limits
from leanda.parsing.records import BOM
from leanda.parsing.text import Encoding, code_units, declared_encoding, without_mark

_BEGINNING_BYTES: Final = 4096
_LINE_END: Final = re.compile(rb"\r\n|\r|\n")

type IsHeader = Callable[[bytes], bool]


def content(line: bytes) -> bytes:
    """What a line says; nothing if it is blank or a comment."""
    said = line.removeprefix(BOM).strip()
    return b"" if said.startswith(b"#") else said


def first_content(head: bytes) -> bytes:
    """The first line that says something, as `content` gives it."""
    return next(filter(None, map(content, _LINE_END.split(head))), b"")


def line_ends(
    blocks: Iterable[bytes], *, head: bytes, first_index: int, is_header: IsHeader | None = None
) -> Iterator[int]:
    """End offset of each line that is a record, see `record_lines`, in the encoding that the head declares.

    Args:
        blocks: the text from the beginning of record `first_index` on.
        head: the file's first bytes.
        is_header: as for `record_lines`; asked at the file's beginning only.
    """
    header = is_header if first_index == 0 else None
    wide = _utf16(head)
    if wide is None:
        return (end for end, _ in record_lines(blocks, is_header=header))
    mark = wide.mark if first_index == 0 else 0
    units = code_units(without_mark(blocks, mark), big_endian=wide.name == "utf-16-be")
    return (mark + 2 * end for end, _ in record_lines(units, is_header=header))


def lines(data: bytes, *, head: bytes, first_index: int, is_header: IsHeader | None = None) -> Iterator[bytes]:
    """The lines that are records in a byte range, one for each of its `line_ends`; those of a UTF-16 file in UTF-8."""
    header = is_header if first_index == 0 else None
    wide = _utf16(head)
    if wide is not None:
        data = _as_utf8(data[wide.mark if first_index == 0 else 0 :], wide)
    for end, length in record_lines([data], is_header=header):
        yield data[end - length : end]


def readable_head(head: bytes) -> bytes:
    """A file's first bytes in an encoding that keeps ASCII: as they are, or as UTF-8 what is UTF-16."""
    wide = _utf16(head)
    return head if wide is None else _as_utf8(head[wide.mark :], wide)


def _utf16(head: bytes) -> Encoding | None:
    """UTF-16 that says so by its mark, and looks it: structures are ASCII. Two damaged bytes must not cost a whole file."""
    encoding = declared_encoding(head)
    if encoding is None or encoding.unit != 2 or not encoding.mark:
        return None
    sample = head[encoding.mark : _BEGINNING_BYTES]
    return encoding if 4 * sample.count(0) > len(sample) else None


def _as_utf8(data: bytes, encoding: Encoding) -> bytes:
    """Code unit by code unit, so that what is damaged has the same lines as `code_units` of it."""
    return data[: len(data) // 2 * 2].decode(encoding.name, errors="surrogatepass").encode(errors="replace")


def record_lines(blocks: Iterable[bytes], *, is_header: IsHeader | None = None) -> Iterator[tuple[int, int]]:
    """End offset and length of each line that is neither blank nor a comment.

    Of a line over the record limit only its beginning is kept: enough to tell comments and blank lines.

    Args:
        blocks: the text, in any encoding that keeps ASCII.
        is_header: asked for the first line that says something; a header is no record.
    """
    start = dropped = 0  # Where the current line starts; how many of its bytes are no longer in `buffer`.
    buffer = b""
    for block in blocks:
        searched = max(0, len(buffer) - 1)
        buffer += block
        position = 0
        for match in _LINE_END.finditer(buffer, searched):
            if match.end() == len(buffer) and buffer.endswith(b"\r"):
                break  # The next block tells CR from CR LF.
            line = buffer[position : match.end()]
            position = match.end()
            length = len(line) + dropped
            start, dropped = start + length, 0
            if said := content(line):
                if is_header is None or not is_header(said):
                    yield start, length
                is_header = None
        buffer = buffer[position:]
        if len(buffer) > limits.MAX_RECORD_BYTES:
            kept = buffer.lstrip()[:_BEGINNING_BYTES]
            dropped += len(buffer) - len(kept)
            buffer = kept
    if (said := content(buffer)) and (is_header is None or not is_header(said)):
        yield start + len(buffer) + dropped, len(buffer) + dropped
