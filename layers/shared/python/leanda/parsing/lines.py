"""Lists of one record a line: where the lines are that hold one."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from typing import Final

from leanda import limits
from leanda.parsing.records import BOM

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
